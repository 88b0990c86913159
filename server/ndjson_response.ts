/**
 * A stream of NDJSON as a response. What can fail at once fails before the status is sent, the first piece included;
 * later a failure breaks the connection, so that nobody takes a part for the whole.
 *
 * Invariant: the body ends properly only after the last piece; whoever gives up before, client or producer, breaks it.
 */
import type { Call } from "./call.ts";

/** Pieces that wait for a slow client; the producer stands still while there are as many. */
const QUEUED_MAX = 2;

type Piece = Uint8Array<ArrayBuffer>;

/** What a stream is made of. */
export interface NdjsonStream {
  /** The commit that is streamed. */
  readonly graph_commit_id: string;
  readonly chunks: AsyncIterable<Piece>;
}

/** Answers with a stream, once there is room for it. Throws `resource_limit`, and what the first piece throws. */
export async function ndjsonResponse(call: Call, stream: NdjsonStream): Promise<Response> {
  const lease = await call.streams.take(call.served.graphId);
  const pieces = stream.chunks[Symbol.asyncIterator]();
  try {
    const first = await pieces.next();
    const body = new ReadableStream(
      new PieceSource(call, pieces, first, () => lease.release()),
      new CountQueuingStrategy({ highWaterMark: QUEUED_MAX }),
    );
    const headers = {
      "Content-Type": "application/x-ndjson; charset=utf-8",
      "Omnigraph-Snapshot-Id": stream.graph_commit_id,
    };
    return new Response(body, { headers });
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Makes pieces when the client has room for them. */
class PieceSource implements UnderlyingDefaultSource<Piece> {
  readonly #call: Call;
  readonly #pieces: AsyncIterator<Piece>;
  readonly #first: IteratorResult<Piece>;
  readonly #release: () => void;
  #isGivenUp = false;

  constructor(
    call: Call,
    pieces: AsyncIterator<Piece>,
    first: IteratorResult<Piece>,
    release: () => void,
  ) {
    this.#call = call;
    this.#pieces = pieces;
    this.#first = first;
    this.#release = release;
  }

  start(controller: ReadableStreamDefaultController<Piece>): void {
    const { signal } = this.#call.request;
    if (signal.aborted) void this.cancel();
    else signal.addEventListener("abort", () => void this.cancel(), { once: true });
    this.#hand(controller, this.#first);
  }

  async pull(controller: ReadableStreamDefaultController<Piece>): Promise<void> {
    try {
      this.#hand(controller, await this.#pieces.next());
    } catch (error) {
      this.#release();
      this.#call.log.error("stream broken off", { graph: this.#call.served.graphId, error: String(error) });
      controller.error(error);
    }
  }

  /** The client went away. */
  async cancel(): Promise<void> {
    this.#isGivenUp = true;
    this.#release();
    await this.#pieces.return?.();
  }

  #hand(controller: ReadableStreamDefaultController<Piece>, next: IteratorResult<Piece>): void {
    if (this.#isGivenUp) controller.error(new Error("the reader went away"));
    else if (!next.done) controller.enqueue(next.value);
    else {
      this.#release();
      controller.close();
    }
  }
}
