import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import type { NodeType, Property } from "./catalog.ts";
import { deriveId, floatSpelling, keySpelling } from "./keys.ts";
import type { Cell, Scalar, ValueType } from "./value_type.ts";

Deno.test("schema-language 19: keySpelling() writes every key type canonically", () => {
  const rows: [Cell, Scalar, string][] = [
    ["Rome", "String", "Rome"],
    ["", "String", ""],
    [true, "Bool", "true"],
    [false, "Bool", "false"],
    [-7, "I32", "-7"],
    [4294967295, "U32", "4294967295"],
    [-9007199254740993n, "I64", "-9007199254740993"],
    [18446744073709551615n, "U64", "18446744073709551615"],
    [19844, "Date", "19844"],
    [1000, "DateTime", "1000"],
    [-0, "F64", "0"],
    [1e-7, "F64", "0.0000001"],
    [1e21, "F64", "1" + "0".repeat(21)],
    [-1.5, "F64", "-1.5"],
    [123456.789, "F64", "123456.789"],
    [5e-324, "F64", "0." + "0".repeat(323) + "5"],
    [0.1, "F32", "0.1"],
    [16777216, "F32", "16777216"],
    [3.4028234663852886e38, "F32", "34028235" + "0".repeat(31)],
    [1e-45, "F32", "0." + "0".repeat(44) + "1"],
  ];
  for (const [cell, scalar, spelling] of rows) assert.equal(keySpelling(cell, scalarType(scalar)), spelling);
});

Deno.test("keySpelling() takes an enum value as it is", () => {
  assert.equal(
    keySpelling("b-side", { kind: "scalar", scalar: "String", enumValues: ["a-side", "b-side"] }),
    "b-side",
  );
});

Deno.test("deriveId() of one key property is its spelling, of several a JSON array in the order of keyProperties", () => {
  const vault = nodeType([["bay", "I32", 7], ["site", "String", 8]], ["bay", "site"]);
  const cells = new Map<string, Cell>([["bay", 4], ["site", "Rome"]]);
  assert.equal(deriveId(vault, (name) => cells.get(name)!), '["4","Rome"]');
  const reel = nodeType([["code", "String", 3]], ["code"]);
  assert.equal(deriveId(reel, () => 'a"b'), 'a"b');
});

Deno.test("deriveId() refuses a float key that is not finite and names the property", () => {
  const type = nodeType([["mass", "F64", 3]], ["mass"]);
  for (const value of [NaN, Infinity, -Infinity]) {
    assert.throws(
      () => deriveId(type, () => value),
      (error) =>
        error instanceof AppError && error.code === "invalid_input" && error.message.includes("'Thing.mass'"),
    );
  }
});

Deno.test("floatSpelling() of F64 reads back as the same value, without exponent", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const text = floatSpelling(value, "F64");
    assert.match(text, /^(0|-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?)$/);
    assert.equal(Number(text), value === 0 ? 0 : value);
  }));
});

Deno.test("floatSpelling() of F32 reads back as the same value, and no shorter number of digits does", () => {
  const powersOfTwo = fc.integer({ min: -149, max: 127 }).map((exponent) => 2 ** exponent);
  fc.assert(
    fc.property(fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), powersOfTwo), (value) => {
      const text = floatSpelling(value, "F32");
      assert.match(text, /^(0|-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?)$/);
      assert.equal(Math.fround(Number(text)), value === 0 ? 0 : value);
      const digits = text.replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "").length;
      if (digits > 1) {
        assert.notEqual(Math.fround(Number(Number(text).toPrecision(digits - 1))), value);
      }
    }),
  );
});

Deno.test("floatSpelling() rounds an F32 to its stored width first", () => {
  assert.equal(floatSpelling(0.1, "F32"), floatSpelling(Math.fround(0.1), "F32"));
  assert.equal(floatSpelling(2 ** -126, "F32"), "0." + "0".repeat(37) + "11754944");
});

function scalarType(scalar: Scalar): ValueType {
  return { kind: "scalar", scalar, enumValues: null };
}

function nodeType(columns: [string, Scalar, number][], keyProperties: string[]): NodeType {
  const properties: Property[] = columns.map(([name, scalar, id]) => ({
    name,
    id,
    type: scalarType(scalar),
    nullable: false,
    embed: null,
    annotations: [],
  }));
  return {
    kind: "node",
    name: "Thing",
    key: "node:Thing",
    typeId: 1,
    tableId: 2,
    properties,
    propertyByName: new Map(properties.map((property) => [property.name, property])),
    constraints: [{ kind: "key", columns: keyProperties }],
    annotations: [],
    keyProperties,
    interfaces: [],
  };
}
