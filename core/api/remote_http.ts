/** Requests to a server: bodies are read losslessly, errors come back as the errors that they were there. */
import { must } from "../base/assert.ts";
import { parseJson } from "../base/lossless_json.ts";
import { AppError, type ErrorCode, type ErrorDetail, ERRORS } from "../errors.ts";

/** Where a server is and who asks. */
export interface RemoteServer {
  /** Without trailing `/`. */
  readonly baseUrl: string;
  readonly token: string | null;
}

/** Members that an answer must have, with the kind of their value. */
export type Members = Readonly<Record<string, "string" | "number" | "array">>;

/** The body of an answer; another program may be listening where a server was expected. */
export function answer<Body>(server: RemoteServer, body: unknown, members: Members): Body {
  for (const [name, kind] of Object.entries(members)) {
    const value = typeof body === "object" && body !== null
      ? (body as Readonly<Record<string, unknown>>)[name]
      : undefined;
    const found = Array.isArray(value) ? "array" : typeof value;
    if (found === kind) continue;
    throw new AppError(
      "storage_error",
      `\`${server.baseUrl}\` does not answer like an omnigraph server: its answer lacks \`${name}\``,
    );
  }
  return body as Body;
}

/** What goes with a request. */
export interface SentBody {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly headers?: HeadersInit;
}

/** Sends a request and parses the answer. Throws the server's error as `AppError` with the same status. */
export async function send(
  server: RemoteServer,
  method: string,
  path: string,
  sent?: SentBody,
): Promise<unknown> {
  const response = await request(server, method, path, sent);
  const text = await response.text().catch((cause) => {
    throw brokenOff(server, cause);
  });
  if (!response.ok) throw remoteError(response.status, text);
  try {
    return parseJson(text);
  } catch (cause) {
    const message = `\`${server.baseUrl}\` does not answer like an omnigraph server: its answer is not JSON`;
    throw new AppError("storage_error", message, { cause });
  }
}

/** An answer that is taken piece by piece. */
export interface StreamedAnswer {
  readonly headers: Headers;
  /** Throws when the server breaks off; stopping early lets it know. */
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Sends a request whose answer is a stream. Throws like {@linkcode send}, before the first piece is asked for. */
export async function sendForStream(
  server: RemoteServer,
  method: string,
  path: string,
  sent: SentBody,
): Promise<StreamedAnswer> {
  const response = await request(server, method, path, sent);
  if (!response.ok) throw remoteError(response.status, await response.text());
  return { headers: response.headers, chunks: pieces(server, response) };
}

async function* pieces(
  server: RemoteServer,
  { body }: Response,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const reader = must(body, "an answer with a status of its own has a body").getReader();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((cause) => {
        throw brokenOff(server, cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // nobody listens any more, one way or the other
  }
}

async function request(
  server: RemoteServer,
  method: string,
  path: string,
  sent: SentBody | undefined,
): Promise<Response> {
  const headers = new Headers(sent?.headers);
  if (server.token !== null) headers.set("Authorization", `Bearer ${server.token}`);
  if (sent !== undefined) headers.set("Content-Type", sent.contentType);
  let response: Response;
  try {
    response = await fetch(server.baseUrl + path, {
      method,
      headers,
      redirect: "manual", // a token is never carried to another place
      ...(sent && { body: sent.body }),
    });
  } catch (cause) {
    throw new AppError("storage_error", `server \`${server.baseUrl}\` cannot be reached`, { cause });
  }
  const to = response.headers.get("Location");
  if (response.status >= 300 && response.status < 400 && to !== null) {
    await response.body?.cancel();
    throw new AppError(
      "storage_error",
      `server \`${server.baseUrl}\` redirects to \`${to}\`: address that one`,
    );
  }
  return response;
}

function brokenOff({ baseUrl }: RemoteServer, cause: unknown): AppError {
  return new AppError("storage_error", `server \`${baseUrl}\` broke off while it answered`, { cause });
}

/** The server's error as an `AppError` with the same status, so that exit codes agree with embedded runs. */
function remoteError(status: number, text: string): AppError {
  let body: { error?: unknown; code?: unknown } & Record<string, unknown> = {};
  try {
    const parsed: unknown = parseJson(text);
    if (parsed !== null && typeof parsed === "object" && !Array.isArray(parsed)) body = { ...parsed };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause; // not JSON: shown as it is
  }
  const { error, code: _code, ...detail } = body;
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const code = codes.find((name) => ERRORS[name].status === status && ERRORS[name].exit !== 2) ?? "internal";
  const shown = text.trim() === "" ? "an empty answer" : text.slice(0, 500);
  const message = typeof error === "string" ? error : `server returned ${status}: ${shown}`;
  return new AppError(code, message, { detail: detail as ErrorDetail });
}
