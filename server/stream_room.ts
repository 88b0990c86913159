/**
 * Room for streams of whole graphs: what they may hold in memory together, and one per graph.
 *
 * Invariants: the bytes reserved are those of the leases that were not given back; a graph is in the set while its lease
 * is not given back. Whoever finds no room waits a moment, because streams end and clients come back at once.
 */
import { AppError } from "../core/errors.ts";

/** Reserved for each stream, bytes: its pieces, those under way to the client, and the line being written. */
const STREAM_BYTES = 262_144;
/** Reserved by all streams of the process at most, bytes. */
const PROCESS_BYTES_MAX = 2_097_152;
/** Streams of one graph. */
const GRAPH_STREAMS_MAX = 1;
/** How long a stream may wait for room, milliseconds. */
const WAIT_MS_MAX = 250;

/** The room of one stream. */
export interface StreamLease {
  /** Gives the room back; again does nothing. */
  release(): void;
}

/** Hands out room. */
export class StreamRoom {
  readonly #graphs = new Set<string>();
  #waiting: (() => void)[] = [];

  /** Room for a stream of a graph. Throws `AppError("resource_limit")` when there is none for a quarter of a second. */
  async take(graphId: string): Promise<StreamLease> {
    let refusal = this.#refusal(graphId);
    if (refusal === null) return this.#lease(graphId);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeUp = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(true), WAIT_MS_MAX));
    try {
      while (refusal !== null) {
        const freed = new Promise<boolean>((resolve) => this.#waiting.push(() => resolve(false)));
        if (await Promise.race([timeUp, freed])) throw refusal;
        refusal = this.#refusal(graphId);
      }
      return this.#lease(graphId);
    } finally {
      clearTimeout(timer);
    }
  }

  #refusal(graphId: string): AppError | null {
    if (this.#graphs.has(graphId)) {
      return refused("stream_export_slots", GRAPH_STREAMS_MAX, GRAPH_STREAMS_MAX + 1, "of this graph");
    }
    const bytes = (this.#graphs.size + 1) * STREAM_BYTES;
    if (bytes <= PROCESS_BYTES_MAX) return null;
    return refused("stream_export_transport_bytes", PROCESS_BYTES_MAX, bytes, "of this server");
  }

  #lease(graphId: string): StreamLease {
    this.#graphs.add(graphId);
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        this.#graphs.delete(graphId);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const wake of waiting) wake();
      },
    };
  }
}

function refused(resource: string, limit: number, actual: number, whose: string): AppError {
  const text = `${resource}: other exports ${whose} are under way, repeat when they are done`;
  return new AppError("resource_limit", text, { detail: { resource_limit: { resource, limit, actual } } });
}
