import assert from "node:assert/strict";
import fc from "fast-check";
import { isUlid, ULID_LENGTH, ulidFactory } from "./ids.ts";
import type { Random } from "./ports.ts";

const allOnes: Random = { fill: (target) => void target.fill(255) };

function written(write: (target: Uint8Array, at: number, count: number) => void, count: number): string[] {
  const bytes = new Uint8Array(count * ULID_LENGTH + 3);
  write(bytes, 3, count);
  const text = new TextDecoder().decode(bytes.subarray(3));
  return Array.from({ length: count }, (_, i) => text.slice(i * ULID_LENGTH, (i + 1) * ULID_LENGTH));
}

Deno.test("ulidFactory() makes ULIDs that sort by the time they were made", () => {
  let nowMs = 1_700_000_000_000;
  const newId = ulidFactory({ nowMs: () => nowMs }, allOnes);
  const ids = [newId()];
  for (const later of [1, 1000, 86_400_000]) {
    nowMs += later;
    ids.push(newId());
  }
  assert.ok(ids.every(isUlid));
  assert.deepEqual([...ids].sort(), ids);
  assert.equal(new Set(ids).size, ids.length);
});

Deno.test("ulidFactory() counts up inside one millisecond and when the clock steps back", () => {
  let nowMs = 5000;
  const newId = ulidFactory({ nowMs: () => nowMs }, allOnes);
  const ids = Array.from({ length: 100 }, () => newId());
  nowMs = 4000;
  ids.push(newId());
  assert.deepEqual([...new Set(ids)].sort(), ids);
});

Deno.test("ulidFactory() writes ids in bulk that are as good as single ones", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ bulk: fc.nat(40), step: fc.integer({ min: -2, max: 2 }) })),
      (steps) => {
        let nowMs = 1_000_000;
        const newId = ulidFactory({ nowMs: () => nowMs }, allOnes);
        const ids: string[] = [];
        for (const { bulk, step } of steps) {
          nowMs += step;
          ids.push(newId(), ...written(newId.write!, bulk));
        }
        assert.ok(ids.every(isUlid));
        assert.deepEqual([...new Set(ids)].sort(), ids);
      },
    ),
  );
});
