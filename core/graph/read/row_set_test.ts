import assert from "node:assert/strict";
import fc from "fast-check";
import { parseJson } from "../../base/lossless_json.ts";
import { newColumn } from "../../storage/columns.ts";
import type { Cell } from "../../schema/value_type.ts";
import { valueType } from "../../../tests/support/types.ts";
import { constantColumn, type ResultColumn } from "./result_column.ts";
import { ColumnarRowSet, RowShape } from "./row_set.ts";
import { TableColumn, wholeColumn } from "./table_column.ts";

function columnOf(type: string, cells: readonly (Cell | null)[]): ResultColumn {
  const column = newColumn(valueType(type).type);
  for (const cell of cells) column.push(cell);
  return { column: wholeColumn(column), rows: Int32Array.from(cells.keys()) };
}

function textOf(type: string, cells: readonly (Cell | null)[]): string {
  return new ColumnarRowSet(new RowShape(["v"]), [columnOf(type, cells)], cells.length).toJsonText();
}

Deno.test("toJsonText() writes every type in its output form", () => {
  const cases: readonly [string, Cell, string][] = [
    ["String", 'a"\\\n\u0001ü😀', '"a\\"\\\\\\n\\u0001ü😀"'],
    ["Bool", true, "true"],
    ["I32", -2147483648, "-2147483648"],
    ["U32", 4294967295, "4294967295"],
    ["I64", 9007199254740993n, "9007199254740993"],
    ["U64", 18446744073709551615n, "18446744073709551615"],
    ["F64", 0.1, "0.1"],
    ["F64", NaN, '"NaN"'],
    ["F64", -Infinity, '"-Infinity"'],
    ["F32", Math.fround(0.1), "0.1"],
    ["F32", 16777216, "16777216"],
    ["F32", Math.fround(3.4028234663852886e38), "3.4028234663852886e+38"],
    ["Date", 19844, '"2024-05-01"'],
    ["DateTime", 1714550400123, '"2024-05-01T08:00:00.123Z"'],
    ["Vector(3)", Float32Array.of(1, 0.1, -2.5), "[1,0.1,-2.5]"],
    ["[String]", ["a", "b"], '["a","b"]'],
    ["[I64]", [2n ** 60n], "[1152921504606846976]"],
    ["[Date]", [0], '["1970-01-01"]'],
    ["[F32]", [], "[]"],
  ];
  for (const [type, cell, expected] of cases) {
    assert.equal(textOf(type, [cell, null]), `[{"v":${expected}},{"v":null}]`, type);
  }
});

Deno.test("strings of any content come back from the text", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }).filter((text) => text.isWellFormed())), (texts) => {
      const rows = parseJson(textOf("String", texts)) as readonly { readonly v: string }[];
      assert.deepEqual(rows.map(({ v }) => v), texts);
    }),
  );
});

Deno.test("F32 values come back from the text as the same value, in at most 9 digits", () => {
  fc.assert(fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const [row] = JSON.parse(textOf("F32", [value])) as readonly { readonly v: number }[];
    assert.equal(Math.fround(row!.v), value === 0 ? 0 : value);
  }));
});

Deno.test("rows are picked from both parts of a column; row -1 is null; constants repeat", () => {
  const base = newColumn(valueType("String").type);
  base.push("a");
  base.push("b");
  const tail = newColumn(valueType("String").type);
  tail.push("c");
  const picked = { column: new TableColumn(base, tail, 2), rows: Int32Array.of(2, 0, -1) };
  const rows = new ColumnarRowSet(new RowShape(["x", "n"]), [
    picked,
    constantColumn(valueType("I32").type, 7),
  ], 3);
  assert.equal(rows.toJsonText(), '[{"x":"c","n":7},{"x":"a","n":7},{"x":null,"n":7}]');
  assert.deepEqual([rows.cell(0, 0), rows.cell(2, 0), rows.cell(2, 1)], ["c", null, 7]);
  assert.deepEqual(rows.columns, ["x", "n"]);
  assert.equal(new TextDecoder().decode(rows.toJsonBytes()), rows.toJsonText());
});

Deno.test("of columns with one name the last one is shown, and names are escaped", () => {
  const columns = ["I32", "Bool", "I32"].map((type, i) => columnOf(type, [type === "Bool" ? true : i]));
  const rows = new ColumnarRowSet(new RowShape(["a", 'q"', "a"]), columns, 1);
  assert.equal(rows.toJsonText(), '[{"a":2,"q\\"":true}]');
  assert.deepEqual(rows.columns, ["a", 'q"', "a"]);
});

Deno.test("no rows are an empty array", () => {
  assert.equal(textOf("I32", []), "[]");
});

Deno.test("a text larger than the shared buffer is whole, and the next one is not disturbed", () => {
  const long = "x".repeat(5_000_000);
  assert.equal(textOf("String", [long]).length, long.length + 10);
  assert.equal(textOf("String", ["y"]), '[{"v":"y"}]');
});
