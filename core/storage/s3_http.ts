/**
 * The HTTP side of the S3 client: `fetch` with a limit on how long nothing may happen. An answer is read to its end
 * here, so that one cut off on the way is an error of this request and can be repeated.
 */

/** A request as the S3 client makes it: signed, ready to be sent. */
export interface S3Request {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Record<string, string | string[] | null>;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** An answer as the S3 client takes it. */
export interface S3Response {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly body: ReadableStream<Uint8Array>;
}

/** No answer, or half of one, came in time or at all. */
export class S3ConnectionError extends Error {
  override readonly name = "S3ConnectionError";
}

/** Bytes per millisecond that even a slow line takes. */
const SLOW_BYTES_PER_MS = 64;

/** Sends requests; give one to the S3 client as its `requestHandler`. */
export class S3Http {
  readonly #patienceMs: number;

  /** @param patienceMs how long to wait for an answer to begin, and for each further piece of it, milliseconds */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Sends one request. Throws {@linkcode S3ConnectionError}; its own time limit is the only one. */
  async handle(request: S3Request): Promise<{ response: S3Response }> {
    const { method, headers } = request;
    const giveUp = new AbortController();
    const patience = new Patience(giveUp);
    try {
      const body = method === "GET" || method === "HEAD" ? undefined : request.body;
      patience.start(this.#patienceMs + (body?.length ?? 0) / SLOW_BYTES_PER_MS);
      // Bytes as they are stored: an answer packed on the way would hide whether it is whole.
      const asStored = { ...headers, "accept-encoding": "identity" };
      const init: RequestInit = { method, headers: asStored, signal: giveUp.signal, redirect: "manual" };
      if (body !== undefined) init.body = body;
      const answer = await fetch(urlOf(request), init);
      const bytes = await readBody(answer, method, () => patience.start(this.#patienceMs));
      return {
        response: {
          statusCode: answer.status,
          reason: answer.statusText,
          headers: Object.fromEntries(answer.headers),
          body: new Blob([bytes]).stream(),
        },
      };
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      const why = patience.ended ? "no answer in time" : "the connection failed";
      throw new S3ConnectionError(`${why} (${request.hostname})`, { cause: error });
    } finally {
      patience.stop();
    }
  }

  /** Nothing is configured from outside. */
  updateHttpClientConfig(): void {}

  /** Nothing is configured from outside. */
  httpHandlerConfigs(): Record<string, never> {
    return {};
  }

  /** Connections belong to the process. */
  destroy(): void {}
}

/** Aborts when it is not started again in time. */
class Patience {
  readonly #giveUp: AbortController;
  #timer: ReturnType<typeof setTimeout> | undefined;
  ended = false;

  constructor(giveUp: AbortController) {
    this.#giveUp = giveUp;
  }

  start(ms: number): void {
    this.stop();
    this.#timer = setTimeout(() => {
      this.ended = true;
      this.#giveUp.abort();
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function readBody(
  answer: Response,
  method: string,
  progress: () => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const expected = method === "HEAD" ? null : answer.headers.get("content-length");
  const pieces: Uint8Array[] = [];
  let length = 0;
  if (answer.body !== null) {
    progress();
    for await (const piece of answer.body) {
      progress();
      pieces.push(piece);
      length += piece.length;
    }
  }
  if (expected !== null && Number(expected) !== length) {
    throw new Error(`${length} bytes instead of ${expected}`);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function urlOf({ protocol, hostname, port, path, query }: S3Request): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) => {
    const values = Array.isArray(value) ? value : [value];
    return values.map((one) => one === null ? escaped(name) : `${escaped(name)}=${escaped(one)}`);
  });
  const search = pairs.length === 0 ? "" : `?${pairs.join("&")}`;
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}${search}`;
}

/** As the signature has it: everything but unreserved characters. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
