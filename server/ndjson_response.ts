/**
 * A stream of NDJSON as a response. What can fail at once fails before the status is sent, the first piece included;
 * later a failure breaks the connection, so that nobody takes a part for the whole.
 */
import type { Call } from "./call.ts";

/** Pieces that wait for a slow client; the producer stands still while there are as many. */
const QUEUED_MAX = 2;

/** What a stream is made of. */
export interface NdjsonStream {
  /** The commit that is streamed. */
  readonly graph_commit_id: string;
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Answers with a stream, once there is room for it. Throws `resource_limit`, and what the first piece throws. */
export async function ndjsonResponse(call: Call, stream: NdjsonStream): Promise<Response> {
  const lease = await call.streams.take(call.served.graphId);
  const iterator = stream.chunks[Symbol.asyncIterator]();
  let first: IteratorResult<Uint8Array<ArrayBuffer>>;
  try {
    first = await iterator.next();
  } catch (error) {
    lease.release();
    throw error;
  }
  const giveUp = async () => {
    lease.release();
    await iterator.return?.();
  };
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      call.request.signal.addEventListener("abort", () => void giveUp(), { once: true });
      if (!first.done) return controller.enqueue(first.value);
      lease.release();
      controller.close();
    },
    pull: async (controller) => {
      try {
        const { done, value } = await iterator.next();
        if (!done) return controller.enqueue(value);
        lease.release();
        controller.close();
      } catch (error) {
        lease.release();
        call.log.error("stream broken off", { graph: call.served.graphId, error: String(error) });
        controller.error(error);
      }
    },
    cancel: giveUp,
  }, new CountQueuingStrategy({ highWaterMark: QUEUED_MAX }));
  const headers = {
    "Content-Type": "application/x-ndjson; charset=utf-8",
    "Omnigraph-Snapshot-Id": stream.graph_commit_id,
  };
  return new Response(body, { headers });
}
