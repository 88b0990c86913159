/** Ids that stay the same when the same work is done again. */
import { ULID_LENGTH } from "./ids.ts";
import type { NewId } from "./ports.ts";

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/**
 * Makes sources of ids that all give the same sequence: what the first of them takes from `newId`, the others repeat. A
 * write that is staged again on a newer head then makes the same entities.
 */
export function replayedIds(newId: NewId): () => NewId {
  let known = new Uint8Array(ULID_LENGTH * 4);
  let count = 0;

  function grow(needed: number): void {
    if (needed <= count) return;
    if (needed * ULID_LENGTH > known.length) {
      const larger = new Uint8Array(Math.max(needed, count * 2) * ULID_LENGTH);
      larger.set(known);
      known = larger;
    }
    if (newId.write !== undefined) newId.write(known, count * ULID_LENGTH, needed - count);
    else for (let i = count; i < needed; i++) ENCODER.encodeInto(newId(), known.subarray(i * ULID_LENGTH));
    count = needed;
  }

  return () => {
    let next = 0;
    const take = (many: number): Uint8Array => {
      grow(next + many);
      const bytes = known.subarray(next * ULID_LENGTH, (next + many) * ULID_LENGTH);
      next += many;
      return bytes;
    };
    const write = (target: Uint8Array, at: number, many: number) => target.set(take(many), at);
    return Object.assign(() => DECODER.decode(take(1)), { write });
  };
}
