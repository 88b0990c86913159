import assert from "node:assert/strict";
import type { Cell } from "../schema/value_type.ts";
import { sameCell } from "./entity_image.ts";

Deno.test("33: null, empty text and the empty list are three values; so are a joined list and its parts", () => {
  const different: (Cell | null)[] = [null, "", [], ["a, b"], ["a", "b"], "a, b", [""], 0, 0n, false];
  for (const [i, a] of different.entries()) {
    for (const [j, b] of different.entries()) assert.equal(sameCell(a, b), i === j, `${i} and ${j}`);
  }
});

Deno.test("sameCell() compares lists and vectors item by item, and takes both zeros of a float for one value", () => {
  assert.ok(sameCell(-0, 0) && sameCell(NaN, NaN) && !sameCell(0, NaN));
  assert.ok(sameCell(Float32Array.of(1, 2), Float32Array.of(1, 2)));
  assert.ok(!sameCell(Float32Array.of(1, 2), Float32Array.of(1, 3)));
  assert.ok(sameCell([1n, 2n], [1n, 2n]) && !sameCell([1n], [1n, 2n]));
});
