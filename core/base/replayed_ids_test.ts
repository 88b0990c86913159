import assert from "node:assert/strict";
import { isUlid, ULID_LENGTH, ulidFactory } from "./ids.ts";
import { systemClock, systemRandom } from "./ports.ts";
import { replayedIds } from "./replayed_ids.ts";

function bulk(newId: ReturnType<ReturnType<typeof replayedIds>>, count: number): string[] {
  const bytes = new Uint8Array(count * ULID_LENGTH + 3);
  newId.write!(bytes, 3, count);
  const text = new TextDecoder().decode(bytes.subarray(3));
  return Array.from({ length: count }, (_, i) => text.slice(i * ULID_LENGTH, (i + 1) * ULID_LENGTH));
}

Deno.test("replayedIds() gives every source the same ids, one by one or in bulk, and new ones where none was before", () => {
  const whole = ulidFactory(systemClock, systemRandom);
  for (const newId of [whole, () => whole()]) {
    const open = replayedIds(newId);
    const first = open();
    const ids = [first(), first(), ...bulk(first, 5), first()];
    assert.equal(new Set(ids).size, 8);
    assert.ok(ids.every(isUlid));
    const again = open();
    assert.deepEqual([...bulk(again, 3), again(), ...bulk(again, 4)], ids);
    const further = [again(), ...bulk(again, 2)];
    assert.equal(new Set([...ids, ...further]).size, 11);
    assert.deepEqual(bulk(open(), 11), [...ids, ...further]);
  }
});
