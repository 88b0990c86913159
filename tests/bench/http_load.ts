/**
 * An HTTP load client, run as a process of its own so that it does not share the server's thread. Each connection sends
 * one request, waits for the whole answer and sends the next; requests come from a fixed list, in turn.
 *
 *   stdin  {"hostname", "port", "connections", "count", "requests": [{"method", "path", "token", "body"}]}
 *   stdout {"seconds", "p50Us", "p99Us", "failures"}
 */

/** One request to repeat. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly token: string | null;
  readonly body: string;
}

/** What the client is asked to do. */
export interface LoadJob {
  readonly hostname: string;
  readonly port: number;
  readonly connections: number;
  /** Requests over all connections. */
  readonly count: number;
  readonly requests: readonly LoadRequest[];
}

/** What it measured. */
export interface LoadResult {
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers with another status than 200. */
  readonly failures: number;
}

const LINE_END = "\r\n";

/** Runs a job in this process. */
async function runJob(job: LoadJob): Promise<LoadResult> {
  const messages = job.requests.map((request) => messageOf(request, job));
  const latencies = new Float64Array(job.count);
  let next = 0;
  let failures = 0;
  const connections = await Promise.all(
    Array.from({ length: job.connections }, () => Deno.connect({ hostname: job.hostname, port: job.port })),
  );
  const start = performance.now();
  await Promise.all(connections.map(async (connection) => {
    connection.setNoDelay(true);
    const buffer = new Uint8Array(256 * 1024);
    for (let index = next++; index < job.count; index = next++) {
      const sent = performance.now();
      await connection.write(messages[index % messages.length]!);
      if (await readAnswer(connection, buffer) !== 200) failures++;
      latencies[index] = performance.now() - sent;
    }
  }));
  const seconds = (performance.now() - start) / 1000;
  for (const connection of connections) connection.close();
  latencies.sort();
  const quantileUs = (q: number) => Math.round(latencies[Math.floor(q * (job.count - 1))]! * 1000);
  return { seconds, p50Us: quantileUs(0.5), p99Us: quantileUs(0.99), failures };
}

function messageOf({ method, path, token, body }: LoadRequest, job: LoadJob): Uint8Array {
  const bytes = new TextEncoder().encode(body);
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${job.hostname}:${job.port}`,
    ...(token === null ? [] : [`Authorization: Bearer ${token}`]),
    "Content-Type: application/json",
    `Content-Length: ${bytes.length}`,
  ].join(LINE_END);
  return new TextEncoder().encode(head + LINE_END + LINE_END + body);
}

/** Reads one answer with a declared length and returns its status. */
async function readAnswer(connection: Deno.TcpConn, buffer: Uint8Array): Promise<number> {
  let length = 0;
  let total = -1;
  while (total === -1 || length < total) {
    const read = await connection.read(buffer.subarray(length));
    if (read === null) throw new Error("the server closed the connection");
    length += read;
    if (total === -1) total = answerLength(buffer, length);
    if (total > buffer.length) throw new Error(`an answer of ${total} bytes is too long for this client`);
  }
  return (buffer[9]! - 48) * 100 + (buffer[10]! - 48) * 10 + (buffer[11]! - 48);
}

const DECODER = new TextDecoder("latin1");

/** Bytes of the whole answer, or -1 while its head is incomplete. */
function answerLength(buffer: Uint8Array, length: number): number {
  const text = DECODER.decode(buffer.subarray(0, Math.min(length, 1024)));
  const headEnd = text.indexOf(LINE_END + LINE_END);
  if (headEnd === -1) return -1;
  const declared = /content-length: (\d+)/i.exec(text.slice(0, headEnd));
  if (declared === null) throw new Error(`an answer without a length: ${text.slice(0, headEnd)}`);
  return headEnd + 4 + Number(declared[1]);
}

if (import.meta.main) {
  const job: LoadJob = JSON.parse(await new Response(Deno.stdin.readable).text());
  console.log(JSON.stringify(await runJob(job)));
}
