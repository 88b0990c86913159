/** Request bodies: media type, size while reading, encoding. */
import { AppError, type AppErrorOptions } from "../../core/errors.ts";

/** Options of {@linkcode readBody}. */
export interface BodyOptions {
  /** Bytes. */
  readonly limit: number;
  /** Name in the `resource_limit` detail of a body over the limit; none when null. */
  readonly resource?: string;
}

/** The media type of a request without its parameters, lower case; empty when there is none. */
export function mediaType(headers: Headers): string {
  return (headers.get("Content-Type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** Throws `unsupported_media_type` unless the request has this media type. */
export function requireMediaType(headers: Headers, wanted: string): void {
  const given = mediaType(headers);
  if (given === wanted) return;
  const found = given === "" ? "none" : `'${given}'`;
  throw new AppError("unsupported_media_type", `content type must be '${wanted}', found ${found}`);
}

/**
 * The bytes of a body. A declared length over the limit is refused before anything is read, an undeclared one as soon
 * as it passes the limit. Throws `resource_limit`.
 */
export async function readBody(request: Request, options: BodyOptions): Promise<Uint8Array> {
  const declared = request.headers.get("Content-Length");
  if (declared !== null) {
    if (Number(declared) > options.limit) throw tooLong(options, Number(declared));
    return new Uint8Array(await whole(() => request.arrayBuffer()));
  }
  if (request.body === null) return new Uint8Array(0);
  const body = request.body;
  return await whole(() => readStream(body, options));
}

/** The text of a body. Throws `invalid_input` when it is no UTF-8. */
export function decodeBody(bytes: Uint8Array): string {
  try {
    return STRICT_UTF8.decode(bytes);
  } catch {
    throw new AppError("invalid_input", "the request body is not valid UTF-8");
  }
}

const STRICT_UTF8 = new TextDecoder("utf-8", { fatal: true });

async function readStream(body: ReadableStream<Uint8Array>, options: BodyOptions): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > options.limit) throw tooLong(options, length);
    chunks.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** A body that breaks off is the client's failure. */
async function whole<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("invalid_input", "the request body ended early", { cause });
  }
}

function tooLong({ limit, resource }: BodyOptions, actual: number): AppError {
  const options: AppErrorOptions = resource === undefined
    ? {}
    : { detail: { resource_limit: { resource, limit, actual } } };
  return new AppError("resource_limit", `length limit exceeded: a body may hold ${limit} bytes`, options);
}
