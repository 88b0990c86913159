/**
 * A proxy in front of an S3 server that does to requests what networks and busy servers do. It parses HTTP/1.1 just as far
 * as needed, one request per connection, and counts what passes.
 *
 * | fault           | the request reaches the server | the client gets                          |
 * | late            | after the client gave up       | nothing in time                          |
 * | slow            | yes                            | nothing in time                          |
 * | drop-request    | no                             | a closed connection                      |
 * | cut-request     | half of it                     | a closed connection                      |
 * | drop-answer     | yes                            | a closed connection                      |
 * | cut-answer      | yes                            | half of the answer, a closed connection  |
 * | 500             | no                             | 500 InternalError                        |
 * | 500-after       | yes                            | 500 InternalError                        |
 * | 503             | no                             | 503 SlowDown                             |
 * | 409             | no                             | 409 ConditionalRequestConflict           |
 * | repeat          | twice                          | one of the answers                       |
 */

/** What may happen to a request. */
export const FAULTS = [
  "late",
  "slow",
  "drop-request",
  "cut-request",
  "drop-answer",
  "cut-answer",
  "500",
  "500-after",
  "503",
  "409",
  "repeat",
] as const;

/** One of {@linkcode FAULTS}. */
export type Fault = (typeof FAULTS)[number];

/** A request as it came. */
export interface Passed {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly fault: Fault | null;
}

/** Decides what happens to a request; null lets it pass. `number` counts from 0. */
export type Mischief = (
  request: { readonly method: string; readonly path: string; readonly number: number },
) =>
  | Fault
  | null;

/** A running proxy. */
export interface FaultyProxy {
  readonly endpoint: string;
  /** Everything that came since the last {@linkcode FaultyProxy.forget}. */
  readonly passed: readonly Passed[];
  forget(): void;
  /** Takes effect with the next request. */
  setMischief(mischief: Mischief): void;
  /** Waits until late requests have arrived. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** How long the answer to a slow request, or a late request, is held back; longer than the client's patience. */
export interface ProxyTimes {
  readonly slowMs: number;
}

interface Message {
  /** Request or status line and headers, without the empty line. */
  readonly head: string;
  readonly body: Uint8Array;
}

/** Starts a proxy in front of the server at `target`, which lets everything pass at first. */
export function startFaultyProxy(target: string, { slowMs }: ProxyTimes): FaultyProxy {
  const { hostname, port } = new URL(target);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let passed: Passed[] = [];
  let number = 0;
  let mischief: Mischief = () => null;
  const running = new Set<Promise<void>>();
  const forward = (request: Message) => exchange(hostname, Number(port), request);

  async function serve(connection: Deno.TcpConn): Promise<void> {
    const request = await readMessage(connection);
    if (request === null) return;
    const [method = "", path = ""] = request.head.split(" ", 2);
    const fault = mischief({ method, path, number: number++ });
    passed.push({ method, path, fault });
    const answer = await suffer(fault, request, forward, slowMs);
    if (answer !== null) await writeAll(connection, answer);
  }

  const accepting = (async () => {
    for await (const connection of listener) {
      const work: Promise<void> = serve(connection)
        .catch(() => {})
        .finally(() => {
          running.delete(work);
          closeQuietly(connection);
        });
      running.add(work);
    }
  })();

  return {
    endpoint: `http://127.0.0.1:${listener.addr.port}`,
    get passed() {
      return passed;
    },
    forget: () => void (passed = []),
    setMischief: (next) => void (mischief = next),
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
    async stop() {
      listener.close();
      await accepting;
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** A mischief that picks a fault for every `1 / share`-th request, repeatably. */
export function randomMischief(seed: number, share: number, faults: readonly Fault[] = FAULTS): Mischief {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return ({ method }) => {
    const dice = random();
    const fault = faults[Math.floor(random() * faults.length)]!;
    // That answer is only ever given to conditional writes.
    if (dice >= share || (fault === "409" && method !== "PUT")) return null;
    return fault;
  };
}

/** What the client gets; null closes the connection. */
async function suffer(
  fault: Fault | null,
  request: Message,
  forward: (request: Message) => Promise<Uint8Array>,
  slowMs: number,
): Promise<Uint8Array | null> {
  const later = () => new Promise((resolve) => setTimeout(resolve, slowMs));
  switch (fault) {
    case null:
      return await forward(request);
    case "late":
      await later();
      return await forward(request);
    case "slow": {
      const answer = await forward(request);
      await later();
      return answer;
    }
    case "drop-request":
      return null;
    case "cut-request":
      await forward({ ...request, body: request.body.subarray(0, request.body.length >> 1) }).catch(() => {});
      return null;
    case "drop-answer":
      await forward(request);
      return null;
    case "cut-answer": {
      const answer = await forward(request);
      return answer.subarray(0, answer.length >> 1);
    }
    case "500":
      return errorAnswer(500, "InternalError");
    case "500-after":
      await forward(request);
      return errorAnswer(500, "InternalError");
    case "503":
      return errorAnswer(503, "SlowDown");
    case "409":
      return errorAnswer(409, "ConditionalRequestConflict");
    case "repeat": {
      const first = await forward(request);
      const second = await forward(request);
      return first.length % 2 === 0 ? first : second;
    }
  }
}

/** Sends a request on a connection of its own and returns the whole answer. */
async function exchange(hostname: string, port: number, request: Message): Promise<Uint8Array> {
  const connection = await Deno.connect({ hostname, port });
  try {
    const head = request.head.replace(/\r\nconnection:[^\r]*/i, "") + "\r\nConnection: close\r\n\r\n";
    await writeAll(connection, new TextEncoder().encode(head));
    await writeAll(connection, request.body);
    const declared = contentLength(request.head);
    if (declared !== null && declared > request.body.length) {
      // Cut off: the server must not wait for the rest.
      await connection.closeWrite();
    }
    return await readToEnd(connection);
  } finally {
    closeQuietly(connection);
  }
}

function errorAnswer(status: number, code: string): Uint8Array {
  const body =
    `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>injected</Message></Error>`;
  return new TextEncoder().encode(
    `HTTP/1.1 ${status} Injected\r\nContent-Type: application/xml\r\nContent-Length: ${body.length}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  );
}

/** Reads one request; null when the client closed first. */
async function readMessage(connection: Deno.TcpConn): Promise<Message | null> {
  let bytes = new Uint8Array();
  const chunk = new Uint8Array(65536);
  for (;;) {
    const end = headEnd(bytes);
    if (end !== -1) {
      const head = new TextDecoder("latin1").decode(bytes.subarray(0, end));
      const length = contentLength(head) ?? 0;
      if (/^expect: 100-continue/im.test(head) && bytes.length < end + 4 + length) {
        await writeAll(connection, new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n"));
      }
      while (bytes.length < end + 4 + length) {
        const count = await connection.read(chunk);
        if (count === null) return null;
        bytes = joined(bytes, chunk.subarray(0, count));
      }
      return { head, body: bytes.subarray(end + 4) };
    }
    const count = await connection.read(chunk);
    if (count === null) return null;
    bytes = joined(bytes, chunk.subarray(0, count));
  }
}

function headEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

function contentLength(head: string): number | null {
  const match = /^content-length: *(\d+)/im.exec(head);
  return match === null ? null : Number(match[1]);
}

async function readToEnd(connection: Deno.TcpConn): Promise<Uint8Array> {
  let bytes = new Uint8Array();
  const chunk = new Uint8Array(65536);
  for (let count = await connection.read(chunk); count !== null; count = await connection.read(chunk)) {
    bytes = joined(bytes, chunk.subarray(0, count));
  }
  return bytes;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function closeQuietly(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // the other side was faster
  }
}
