import assert from "node:assert/strict";
import fc from "fast-check";
import { toSingle } from "../../base/single.ts";
import type { CompareOp } from "../../query/typed.ts";
import {
  bigInterval,
  compareText,
  doubleInterval,
  holds,
  type Interval,
  nextDown,
  nextUp,
  type OrderOp,
  swapped,
} from "./comparison.ts";

const OPS: readonly OrderOp[] = ["=", "!=", "<", "<=", ">", ">="];
const OP = fc.constantFrom(...OPS);
/** Doubles and 64-bit integers that lie close together. */
const EDGES = [
  0,
  1,
  2.5,
  2 ** 31,
  2 ** 53,
  2 ** 53 + 2,
  2 ** 63,
  2 ** 64,
  Number.MAX_VALUE,
  Infinity,
  5e-324,
];
const DOUBLE = fc.oneof(
  fc.double(),
  fc.constantFrom(...EDGES, ...EDGES.map((value) => -value), NaN),
  fc.integer({ min: -3, max: 3 }),
);
const INTEGER = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 53n + 3n, 2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), 0n),
);
const NUMBER = fc.oneof(DOUBLE, INTEGER);

function inside<N extends number | bigint>({ low, high, negated }: Interval<N>, value: N): boolean {
  return (value >= low && value <= high) !== negated;
}

Deno.test("doubleInterval() holds exactly the doubles that compare true with the constant", () => {
  fc.assert(fc.property(OP, DOUBLE, NUMBER, (op, value, constant) => {
    assert.equal(inside(doubleInterval(op, constant, false), value), holds(op, value, constant, false));
  }));
});

Deno.test("doubleInterval() beside single precision rounds the constant first", () => {
  fc.assert(fc.property(OP, fc.float(), NUMBER, (op, value, constant) => {
    const expected = holds(op, value, toSingle(constant), false);
    assert.equal(inside(doubleInterval(op, constant, true), value), expected);
  }));
});

Deno.test("bigInterval() holds exactly the integers that compare true with the constant", () => {
  fc.assert(fc.property(OP, INTEGER, NUMBER, (op, value, constant) => {
    for (const scalar of ["I64", "U64"] as const) {
      const stored = scalar === "I64" ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
      assert.equal(inside(bigInterval(op, constant, scalar), stored), holds(op, stored, constant, false));
    }
  }));
});

Deno.test("nextUp() and nextDown() are neighbours", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    assert.ok(nextUp(value) > value && nextDown(value) < value);
    assert.equal(nextDown(nextUp(value)), value === 0 ? 0 : value);
  }));
});

Deno.test("compareText() orders by code point, surrogate pairs above everything else", () => {
  const points = (text: string) => Array.from(text, (char) => char.codePointAt(0)!);
  const text = fc.string({ unit: "binary" });
  assert.ok(compareText("\u{1f600}", "\uffee") > 0);
  fc.assert(fc.property(text, text, (a, b) => {
    const [left, right] = [points(a), points(b)];
    const at = left.findIndex((point, i) => point !== right[i]);
    const expected = at === -1 ? left.length - right.length : left[at]! - (right[at] ?? -1);
    assert.equal(Math.sign(compareText(a, b)), Math.sign(expected));
  }));
});

Deno.test("swapped() asks the same question from the other side", () => {
  fc.assert(fc.property(OP, NUMBER, NUMBER, (op, a, b) => {
    assert.equal(holds(op, a, b, false), holds(swapped(op), b, a, false));
  }));
});

Deno.test("holds() knows parts of strings and items of lists", () => {
  const cases: readonly [CompareOp, unknown, unknown, boolean][] = [
    ["contains", "abc", "", true],
    ["contains", "abc", "bc", true],
    ["contains", "abc", "Bc", false],
    ["starts_with", "abc", "ab", true],
    ["starts_with", "abc", "b", false],
    ["contains", ["a", "b"], "b", true],
    ["contains", [1, 2], 2n, true],
    ["contains", [], "b", false],
    ["<", false, true, true],
  ];
  for (const [op, left, right, expected] of cases) {
    assert.equal(holds(op, left as never, right as never, false), expected);
  }
});
