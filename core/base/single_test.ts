import assert from "node:assert/strict";
import fc from "fast-check";
import { toSingle } from "./single.ts";

Deno.test("toSingle() rounds once where rounding through a double would round twice", () => {
  const value = 2n ** 60n + 2n ** 36n + 1n; // just above the middle of two singles
  assert.equal(Math.fround(Number(value)), 2 ** 60);
  assert.equal(toSingle(value), 2 ** 60 + 2 ** 37);
  assert.equal(toSingle(-value), -(2 ** 60) - 2 ** 37);
});

Deno.test("toSingle() finds no farther single than its neighbours", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (value) => {
    const single = toSingle(value);
    assert.equal(Math.fround(single), single);
    const distance = (other: number) => {
      const difference = BigInt(other) - value;
      return difference < 0n ? -difference : difference;
    };
    const bits = new Int32Array(new Float32Array([single]).buffer);
    for (const step of [-1, 1]) {
      const neighbour = new Float32Array(new Int32Array([bits[0]! + step]).buffer)[0]!;
      if (Number.isInteger(neighbour)) assert.ok(distance(single) <= distance(neighbour));
    }
  }));
});
