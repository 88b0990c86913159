import assert from "node:assert/strict";
import { GARDEN } from "../../tests/support/garden_schema.ts";
import { parseJson } from "../base/lossless_json.ts";
import { AppError } from "../errors.ts";
import type { Cell } from "../schema/value_type.ts";
import { compileQuery } from "./compile.ts";
import { describeParams } from "./describe.ts";
import { bindParams } from "./params.ts";
import type { Param } from "./typed.ts";

function declare(params: string): readonly Param[] {
  return compileQuery(GARDEN, {
    path: "t.gq",
    text: `query q(${params}) { match { $p: Plant } return { $p } }`,
  }).params;
}

/** The cell of parameter `$x` of this type for a JSON text. */
function bind(type: string, json: string): Cell | null | undefined {
  return bindParams(declare(`$x: ${type}`), parseJson(`{"x": ${json}}`)).get("x");
}

function expectRefusal(run: () => unknown, message: string): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "param_error");
    assert.ok(error.message.includes(message), `${error.message} should contain ${message}`);
    return true;
  });
}

function expectMisuse(type: string, json: string, fragment: string): void {
  expectRefusal(() => bind(type, json), "param 'x': ");
  expectRefusal(() => bind(type, json), fragment);
}

Deno.test("bindParams() turns JSON values into cells of the declared types", () => {
  assert.equal(bind("String", '"a"'), "a");
  assert.equal(bind("I32", "-1"), -1);
  assert.equal(bind("I32", '"-2147483648"'), -2147483648);
  assert.equal(bind("U32", "4294967295"), 4294967295);
  assert.equal(bind("I64", "3"), 3n);
  assert.equal(bind("I64", '"9007199254740993"'), 9007199254740993n);
  assert.equal(bind("I64", "9007199254740993"), 9007199254740993n);
  assert.equal(bind("U64", "9223372036854775807"), 9223372036854775807n);
  assert.equal(bind("F64", "0.1"), 0.1);
  assert.equal(bind("F32", "0.1"), Math.fround(0.1));
  assert.equal(bind("F64", "12345678901234567890"), 12345678901234567000);
  assert.equal(bind("Bool", "false"), false);
  assert.equal(bind("Date", '"2024-05-01"'), 19844);
  assert.equal(bind("DateTime", '"1970-01-01T00:00:01Z"'), 1000);
  assert.equal(bind("Blob", '"base64:AA=="'), "base64:AA==");
  assert.deepEqual(bind("Vector(2)", "[1, 0.5]"), new Float32Array([1, 0.5]));
  assert.deepEqual(bind("[I64]", '[1, "2"]'), [1n, 2n]);
  assert.deepEqual(bind("[Date]", "[]"), []);
});

Deno.test("bindParams() refuses values of the wrong kind or range", () => {
  expectMisuse("String", "3", "expected string");
  expectMisuse("String", '"\\ud800"', "surrogate");
  for (const json of ["1.5", '"1.5"', '"x"', "true", '""', "[]"]) {
    expectMisuse("I32", json, "expected integer");
  }
  expectMisuse("I32", "2147483648", "exceeds I32");
  expectMisuse("U32", "-1", "exceeds U32");
  expectMisuse("U32", '"4294967296"', "exceeds U32");
  expectMisuse("I64", "9223372036854775808", "exceeds I64");
  expectMisuse("U64", "9223372036854775808", "exceeds current engine range");
  expectMisuse("U64", `"${"9".repeat(1_000_000)}"`, "exceeds current engine range");
  expectMisuse("F64", '"1.5"', "expected float");
  expectMisuse("F64", "1e400", "expected float");
  expectMisuse("F32", "1e39", "exceeds F32");
  expectMisuse("Bool", "1", "expected boolean");
  expectMisuse("Date", "19844", "expected date string");
  expectMisuse("Date", '"2024-02-30"', "invalid Date literal");
  expectMisuse("DateTime", "0", "expected datetime string");
  expectMisuse("DateTime", '"now"', "invalid DateTime literal");
  expectMisuse("Blob", "1", "expected blob URI string");
  expectMisuse("Vector(2)", "[1]", "expected 2 values");
  expectMisuse("Vector(2)", '"a"', "expected 2 values");
  expectMisuse("Vector(2)", '[1, "2"]', "not numeric");
  expectMisuse("Vector(2)", "[1, null]", "not numeric");
  expectMisuse("[I32]", "1", "expected array");
  expectMisuse("[I32]", "[1, null]", "null is not accepted");
  expectMisuse("[I32]", "[1.5]", "expected integer");
});

Deno.test("bindParams() shows what it found, in short", () => {
  expectMisuse("I32", "1.5", "expected integer, found 1.5");
  expectMisuse("I32", '"1.5"', 'expected integer, found "1.5"');
  expectMisuse("String", '{"a": "secret"}', "expected string, found an object");
  expectMisuse("Bool", "[1]", "expected boolean, found an array");
  expectMisuse("F64", "true", "expected float, found true");
  expectMisuse("Bool", `"${"x".repeat(1000)}"`, `found "${"x".repeat(40)}…"`);
  expectMisuse("[I32]", '[1, "b"]', 'expected integer, found "b"');
  expectMisuse("Vector(2)", '[1, "2"]', 'value 1 is not numeric: "2"');
  expectMisuse("Vector(2)", '"a"', 'expected 2 values, found "a"');
});

Deno.test("bindParams() names the misspelt parameter", () => {
  const params = declare("$berth: String, $limit: I32?");
  expectRefusal(
    () => bindParams(params, { brth: "x" }),
    "parameter 'berth' not provided: 'brth' was given, which is not declared",
  );
  assert.throws(() => bindParams(params, { limit: 3, other: 1 }), /parameter 'berth' not provided$/);
});

Deno.test("bindParams() distinguishes absent, null and undeclared", () => {
  const params = declare("$a: String, $b: I32?");
  assert.deepEqual([...bindParams(params, { a: "x", c: 1 })], [["a", "x"], ["b", null]]);
  assert.deepEqual([...bindParams(params, { a: "x", b: null })], [["a", "x"], ["b", null]]);
  expectRefusal(() => bindParams(params, { b: 1 }), "parameter 'a' not provided");
  expectRefusal(() => bindParams(params, null), "parameter 'a' not provided");
  expectRefusal(() => bindParams(params, { a: null }), "param 'a': null is not accepted");
  expectRefusal(() => bindParams(declare("$toString: String"), {}), "not provided");
  assert.equal(bindParams([], undefined).size, 0);
});

Deno.test("bindParams() takes only a JSON object", () => {
  for (const raw of [[], "x", 3, true]) {
    expectRefusal(() => bindParams([], raw), "params must be a JSON object");
  }
});

Deno.test("describeParams() names the kinds of the query catalog", () => {
  const params = declare(
    "$a: String, $b: Bool, $c: I32?, $d: U32, $e: I64, $f: U64, $g: F32, $h: F64, $i: Date, $j: DateTime, " +
      "$k: Blob, $l: Vector(3), $m: [I64]?",
  );
  assert.deepEqual(describeParams(params), [
    { name: "a", kind: "string", nullable: false },
    { name: "b", kind: "bool", nullable: false },
    { name: "c", kind: "int", nullable: true },
    { name: "d", kind: "int", nullable: false },
    { name: "e", kind: "bigint", nullable: false },
    { name: "f", kind: "bigint", nullable: false },
    { name: "g", kind: "float", nullable: false },
    { name: "h", kind: "float", nullable: false },
    { name: "i", kind: "date", nullable: false },
    { name: "j", kind: "datetime", nullable: false },
    { name: "k", kind: "blob", nullable: false },
    { name: "l", kind: "vector", vector_dim: 3, nullable: false },
    { name: "m", kind: "list", item_kind: "bigint", nullable: true },
  ]);
});
