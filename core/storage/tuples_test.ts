import assert from "node:assert/strict";
import fc from "fast-check";
import { BigColumn, BoolColumn, type Column, NumberColumn, Utf8Column } from "./columns.ts";
import { TupleWriter } from "./tuples.ts";

const TUPLE = fc.tuple(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.constantFrom(0, -0, 1, -1, 2.5, 1e300),
  fc.constantFrom(0n, 1n, -1n, 2n ** 63n - 1n),
  fc.boolean(),
  fc.constantFrom("", "a", "ab", "b"),
);
type Tuple = typeof TUPLE extends fc.Arbitrary<infer T> ? T : never;

function columns(): Column[] {
  return [
    new Utf8Column(),
    new NumberColumn("F64"),
    new BigColumn("I64"),
    new BoolColumn(),
    new Utf8Column(),
  ];
}

function bytesOf(writer: TupleWriter): string {
  return writer.bytes.subarray(0, writer.length).join();
}

Deno.test("TupleWriter gives rows and cells of equal value equal bytes, and others different ones", () => {
  const writer = new TupleWriter();
  fc.assert(fc.property(fc.array(TUPLE, { minLength: 1, maxLength: 8 }), (tuples: Tuple[]) => {
    const table = columns();
    for (const tuple of tuples) table.forEach((column, i) => column.push(tuple[i]!));
    const seen = new Map<string, string>();
    tuples.forEach((tuple, row) => {
      writer.clear();
      for (const column of table) writer.addRow(column, row);
      const fromRow = bytesOf(writer);
      writer.clear();
      table.forEach((column, i) => writer.addCell(column.kind, tuple[i]!));
      assert.equal(bytesOf(writer), fromRow);
      // JSON spells -0 as 0, and code units of a lone surrogate are replaced in both forms alike.
      const spelled = JSON.stringify([
        tuple[0].toWellFormed(),
        tuple[1],
        String(tuple[2]),
        tuple[3],
        tuple[4],
      ]);
      const known = seen.get(fromRow);
      if (known !== undefined) assert.equal(known, spelled);
      else assert.ok(![...seen.values()].includes(spelled));
      seen.set(fromRow, spelled);
    });
  }));
});

Deno.test("TupleWriter keeps neighbouring texts apart", () => {
  const writer = new TupleWriter();
  const spell = (...texts: string[]) => {
    writer.clear();
    for (const text of texts) writer.addCell("utf8", text);
    return bytesOf(writer);
  };
  assert.notEqual(spell("ab", "c"), spell("a", "bc"));
  assert.notEqual(spell("a", ""), spell("", "a"));
});
