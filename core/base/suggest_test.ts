import assert from "node:assert/strict";
import fc from "fast-check";
import { didYouMean, editDistance, nearestName } from "./suggest.ts";

/** The distance by its definition, without shortcuts. */
function plainDistance(a: string, b: string): number {
  const rows = Array.from(
    { length: a.length + 1 },
    (_, i) => Array.from({ length: b.length + 1 }, (_, j) => i + j),
  );
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const ways = [
        rows[i - 1]![j]! + 1,
        rows[i]![j - 1]! + 1,
        rows[i - 1]![j - 1]! + Number(a[i - 1] !== b[j - 1]),
      ];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) ways.push(rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = Math.min(...ways);
    }
  }
  return rows[a.length]![b.length]!;
}

Deno.test("editDistance() is the distance where it is within the bound, else one more than the bound", () => {
  const words = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 9 });
  fc.assert(
    fc.property(words, words, fc.nat(10), (a, b, bound) => {
      assert.equal(editDistance(a, b), plainDistance(a, b));
      assert.equal(editDistance(a, b, bound), Math.min(plainDistance(a, b), bound + 1));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("nearestName() takes the nearest, the first of equals, and a common start as a last resort", () => {
  assert.equal(nearestName("hieght", ["weight", "height", "eight"]), "height");
  assert.equal(nearestName("bat", ["cat", "bad", "hat"]), "bad");
  assert.equal(nearestName("LABEL", ["table", "label"]), "label");
  assert.equal(nearestName("query", ["schema", "queries"]), "queries");
  assert.equal(nearestName("river", ["schema", "queries"]), null);
  assert.equal(nearestName("x".repeat(65), ["x".repeat(64)]), null);
});

Deno.test("didYouMean() asks, or says nothing", () => {
  assert.equal(didYouMean("nod", ["node", "edge"]), "did you mean `node`?");
  assert.equal(didYouMean("nothing", []), undefined);
});
