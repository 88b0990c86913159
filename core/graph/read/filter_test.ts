import assert from "node:assert/strict";
import fc from "fast-check";
import type { CompareOp } from "../../query/typed.ts";
import type { Cell, ScalarCell } from "../../schema/value_type.ts";
import { newColumn } from "../../storage/columns.ts";
import { valueType } from "../../../tests/support/types.ts";
import { holds } from "./comparison.ts";
import { constantPredicate, pairPredicate, type Predicate, type PropertyRef } from "./filter.ts";
import { Batch, type Execution } from "./pipeline.ts";
import { TableColumn } from "./table_column.ts";

const WORD = fc.oneof(
  fc.constantFrom("", "a", "ab", "abc", "ba", "ü", "😀", "\uffee"),
  fc.string({ maxLength: 3 }),
);
const SMALL = fc.integer({ min: -3, max: 3 });
/** Values by type. */
const VALUES: Readonly<Record<string, fc.Arbitrary<Cell>>> = {
  String: WORD.filter((text) => text.isWellFormed()),
  Bool: fc.boolean(),
  I32: fc.oneof(SMALL, fc.integer()),
  U32: fc.oneof(fc.nat(3), fc.constant(4294967295)),
  I64: fc.oneof(SMALL.map(BigInt), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  U64: fc.oneof(fc.nat(3).map(BigInt), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  F32: fc.oneof(SMALL, fc.float()),
  F64: fc.oneof(SMALL, fc.double(), fc.constantFrom(0.1, Math.fround(0.1))),
  Date: SMALL,
  DateTime: SMALL,
  "[String]": fc.array(WORD.filter((text) => text.isWellFormed()), { maxLength: 3 }),
  "[I64]": fc.array(SMALL.map(BigInt), { maxLength: 3 }),
  "[F32]": fc.array(fc.constantFrom(1, Math.fround(0.1)), { maxLength: 3 }),
};
const NUMBERS = ["I32", "U32", "I64", "U64", "F32", "F64"];
const ORDERED: readonly CompareOp[] = ["=", "!=", "<", "<=", ">", ">="];

/** A column with its cells, part of them in the tail. */
interface Sample {
  readonly type: string;
  readonly cells: readonly (Cell | null)[];
  readonly split: number;
}

function sample(types: readonly string[]): fc.Arbitrary<Sample> {
  return fc.constantFrom(...types).chain((type) =>
    fc.record({
      type: fc.constant(type),
      cells: fc.array(fc.option(VALUES[type]!), { minLength: 1, maxLength: 20 }),
      split: fc.nat(20),
    })
  );
}

function columnOf({ type, cells, split }: Sample): TableColumn {
  const [base, tail] = [newColumn(valueType(type).type), newColumn(valueType(type).type)];
  for (const [row, cell] of cells.entries()) (row < split ? base : tail).push(cell);
  return new TableColumn(base, tail, base.length);
}

function refTo(property: string, type: string): PropertyRef {
  return { variable: property === "p" ? 0 : 1, table: "node:T", property, type: valueType(type).type };
}

/** The positions that a predicate keeps of bindings of both variables. */
function kept(
  predicate: Predicate,
  columns: Readonly<Record<string, TableColumn>>,
  rows: readonly (readonly number[])[],
  constant: Cell | null = null,
): number[] {
  const execution = {
    constant: () => constant,
    view: { table: () => ({ column: (name: string) => columns[name] }) },
  } as unknown as Execution;
  const batch = new Batch();
  batch.length = rows[0]!.length;
  batch.columns.push(...rows.map((one) => Int32Array.from(one)));
  const selection = Int32Array.from({ length: batch.length }, (_, position) => position);
  predicate.open(execution);
  const count = predicate.select(batch, selection, batch.length);
  predicate.close();
  return [...selection.subarray(0, count)];
}

const PARAM = { kind: "param", name: "x", type: valueType("String").type } as const;

/** Rows of a sample, in any order and repeated. */
function rowsOf({ cells }: Sample, seed: readonly number[]): number[] {
  return seed.map((number) => number % cells.length);
}

const SEED = fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 });

Deno.test("a property against a constant keeps the rows for which the comparison holds, null never", () => {
  const scalar = ["String", "Bool", "Date", "DateTime"].map((type) => ({
    columns: [type],
    constants: [type],
  }));
  const pairs = fc.constantFrom(...scalar, { columns: NUMBERS, constants: NUMBERS }).chain((
    { columns, constants },
  ) =>
    fc.record({
      left: sample(columns),
      constant: fc.constantFrom(...constants).chain((type) => fc.option(VALUES[type]!, { freq: 10 })),
      op: fc.constantFrom(
        ...ORDERED,
        ...(columns[0] === "String" ? ["contains", "starts_with"] as const : []),
      ),
      flipped: fc.boolean(),
      seed: SEED,
    })
  );
  fc.assert(
    fc.property(pairs, ({ left, constant, op, flipped, seed }) => {
      const rows = rowsOf(left, seed);
      const predicate = constantPredicate(op, refTo("p", left.type), PARAM, flipped);
      const expected = rows.flatMap((row, position) => {
        const cell = left.cells[row]!;
        if (cell === null || constant === null) return [];
        const stored = columnOf(left).get(row)!;
        const [a, b] = flipped ? [constant, stored] : [stored, constant];
        return holds(op, a, b, left.type === "F32") ? [position] : [];
      });
      assert.deepEqual(kept(predicate, { p: columnOf(left) }, [rows], constant), expected);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a list contains a constant when one of its items equals it", () => {
  const lists = fc.constantFrom("[String]", "[I64]", "[F32]").chain((type) =>
    fc.record({
      left: sample([type]),
      constant: type === "[String]"
        ? VALUES["String"]!
        : fc.oneof(SMALL, SMALL.map(BigInt), fc.constant(0.1)),
      seed: SEED,
    })
  );
  fc.assert(fc.property(lists, ({ left, constant, seed }) => {
    const rows = rowsOf(left, seed);
    const expected = rows.flatMap((row, position) => {
      const list = columnOf(left).get(row) as readonly ScalarCell[] | null;
      return list !== null && holds("contains", list, constant, left.type === "[F32]") ? [position] : [];
    });
    const predicate = constantPredicate("contains", refTo("p", left.type), PARAM, false);
    assert.deepEqual(kept(predicate, { p: columnOf(left) }, [rows], constant), expected);
  }));
});

Deno.test("a property against a property keeps the bindings for which the comparison holds", () => {
  const pairs = fc.constantFrom(["String"], NUMBERS, ["Bool"]).chain((types) =>
    fc.record({ left: sample(types), right: sample(types), op: fc.constantFrom(...ORDERED), seed: SEED })
  );
  fc.assert(
    fc.property(pairs, ({ left, right, op, seed }) => {
      const rows = [rowsOf(left, seed), rowsOf(right, seed.map((number) => number * 7 + 3))] as const;
      const columns = { p: columnOf(left), q: columnOf(right) };
      const single = left.type === "F32" || right.type === "F32";
      const expected = rows[0].flatMap((row, position) => {
        const [a, b] = [columns.p.get(row), columns.q.get(rows[1][position]!)];
        return a !== null && b !== null && holds(op, a, b, single) ? [position] : [];
      });
      const predicate = pairPredicate(op, refTo("p", left.type), refTo("q", right.type));
      assert.deepEqual(kept(predicate, columns, rows), expected);
    }),
    { numRuns: 300 },
  );
});
