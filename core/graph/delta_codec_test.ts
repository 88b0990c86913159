import assert from "node:assert/strict";
import fc from "fast-check";
import { SCALARS } from "../schema/value_type.ts";
import type { Cell, Scalar, ScalarCell, ValueType } from "../schema/value_type.ts";
import { columnType, newTableColumns, type RecordColumns } from "../storage/columns.ts";
import { AppError } from "../errors.ts";
import { decodeDelta, encodedBytesAtLeast, encodeDelta } from "./delta_codec.ts";
import { edgeType, nodeType } from "../../tests/support/graph_fixtures.ts";

const TYPES: readonly [string, ValueType][] = [
  ...SCALARS.map((name): [string, ValueType] => [
    `p_${name.toLowerCase()}`,
    { kind: "scalar", scalar: name, enumValues: null },
  ]),
  ...SCALARS.filter((name) => name !== "Blob").map((name): [string, ValueType] => [
    `q_${name.toLowerCase()}`,
    { kind: "list", item: name },
  ]),
  ["v_vector", { kind: "vector", dimensions: 3 }],
];
const TYPE = nodeType("Thing", TYPES);
const LINK = edgeType("Link", "Thing", "Thing", TYPES.slice(0, 2));

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\uFEFFmark", 'a\u2028b\u0000"\\', "ß".repeat(40)),
);

function scalarCell(scalar: Scalar): fc.Arbitrary<ScalarCell> {
  switch (scalar) {
    case "String":
    case "Blob":
      return text;
    case "Bool":
      return fc.boolean();
    case "I32":
    case "Date":
      return fc.integer();
    case "U32":
      return fc.nat(0xffffffff);
    case "I64":
      return fc.bigInt(-(1n << 63n), (1n << 63n) - 1n);
    case "U64":
      return fc.bigInt(0n, (1n << 64n) - 1n);
    case "DateTime":
      return fc.maxSafeInteger();
    case "F32":
      return fc.float();
    case "F64":
      return fc.double();
  }
}

function cellOf(type: ValueType): fc.Arbitrary<Cell> {
  switch (type.kind) {
    case "scalar":
      return scalarCell(type.scalar);
    case "list":
      return fc.array(scalarCell(type.item), { maxLength: 4 });
    case "vector":
      return fc.oneof(
        fc.array(fc.float(), { minLength: type.dimensions, maxLength: type.dimensions }),
        fc.array(fc.integer({ min: -2000, max: 2000 }), {
          minLength: type.dimensions,
          maxLength: type.dimensions,
        }),
      ).map((values) => Float32Array.from(values));
  }
}

function recordOf(type: typeof TYPE | typeof LINK): fc.Arbitrary<RecordColumns> {
  const names = [...newTableColumns(type).keys()];
  const row = fc.tuple(
    ...names.map((name) => {
      const cell = cellOf(columnType(type, name));
      return name === "id" ? cell : fc.option(cell, { nil: null });
    }),
  );
  return fc.array(row, { minLength: 1, maxLength: 5 }).map((rows) => {
    const columns = newTableColumns(type);
    for (const cells of rows) names.forEach((name, i) => columns.get(name)!.push(cells[i]!));
    return { length: rows.length, columns };
  });
}

function cellsOf(record: RecordColumns): unknown[][] {
  return [...record.columns].map(([name, column]) => [
    name,
    ...Array.from({ length: record.length }, (_, row) => column.get(row)),
  ]);
}

for (const type of [TYPE, LINK]) {
  Deno.test(`decodeDelta() gives back every ${type.kind} row that encodeDelta() wrote, through JSON text`, () => {
    fc.assert(
      fc.property(recordOf(type), fc.array(fc.string()), (upserts, deletes) => {
        const encoded = encodeDelta(type, { upserts, deletes });
        const jsonText = JSON.stringify(encoded);
        const decoded = decodeDelta(type, JSON.parse(jsonText), "log/1.json");
        assert.deepEqual(cellsOf(decoded.upserts!), cellsOf(upserts));
        assert.deepEqual(decoded.deletes, deletes);
        const floor = encodedBytesAtLeast({ upserts, deletes });
        assert.ok(floor <= new TextEncoder().encode(jsonText).length, `${floor} is not a lower bound`);
      }),
      { numRuns: 300 },
    );
  });
}

Deno.test("decodeDelta() keeps negative zero, NaN and infinities", () => {
  const type = nodeType("N", [
    ["f", { kind: "scalar", scalar: "F64", enumValues: null }],
    ["v", { kind: "vector", dimensions: 2 }],
  ]);
  const columns = newTableColumns(type);
  for (const value of [-0, NaN, Infinity, -Infinity, 5e-324]) {
    columns.get("id")!.push(String(value));
    columns.get("f")!.push(value);
    columns.get("v")!.push(Float32Array.of(value, -0));
  }
  const encoded = JSON.parse(
    JSON.stringify(encodeDelta(type, { upserts: { length: 5, columns }, deletes: [] })),
  );
  const decoded = decodeDelta(type, encoded, "x").upserts!;
  const numbers = Array.from({ length: 5 }, (_, row) => decoded.columns.get("f")!.get(row));
  assert.deepEqual(numbers, [-0, NaN, Infinity, -Infinity, 5e-324]);
  assert.deepEqual(decoded.columns.get("v")!.get(0), Float32Array.of(-0, -0));
});

Deno.test("decodeDelta() fills columns that the delta does not know with null and skips unknown ones", () => {
  const old = nodeType("N", [["gone", { kind: "scalar", scalar: "Bool", enumValues: null }]]);
  const next = nodeType("N", [["fresh", { kind: "scalar", scalar: "I32", enumValues: null }]]);
  const columns = newTableColumns(old);
  columns.get("id")!.push("a");
  columns.get("gone")!.push(true);
  const decoded = decodeDelta(next, encodeDelta(old, { upserts: { length: 1, columns }, deletes: [] }), "x");
  assert.deepEqual(cellsOf(decoded.upserts!), [["id", "a"], ["fresh", null]]);
});

Deno.test("decodeDelta() refuses rows that do not fit the type and names the object", () => {
  const bad: readonly [string, unknown][] = [
    ["p_i32", 1.5],
    ["p_i32", 2147483648],
    ["p_u32", -1],
    ["p_i64", "9223372036854775808"],
    ["p_u64", 5],
    ["p_bool", "true"],
    ["p_string", 1],
    ["p_f64", "1"],
    ["p_datetime", 0.5],
    ["q_i32", ["1"]],
    ["q_string", "a"],
    ["v_vector", [1, 2]],
    ["v_vector", "AAAA"],
    ["v_vector", "not base64!"],
  ];
  for (const [column, value] of bad) {
    const delta = { columns: ["id", column], rows: [["a", value]], deletes: [] };
    assert.throws(
      () => decodeDelta(TYPE, delta, "__manifest/log/X/7.json"),
      (error) =>
        error instanceof AppError && error.code === "integrity_error" &&
        error.message.includes("__manifest/log/X/7.json") && error.message.includes(column),
      `${column} = ${value}`,
    );
  }
  assert.throws(
    () => decodeDelta(TYPE, { columns: ["p_i32"], rows: [[1]], deletes: [] }, "x"),
    /column `id`/,
  );
});
