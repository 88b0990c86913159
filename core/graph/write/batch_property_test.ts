import assert from "node:assert/strict";
import fc from "fast-check";
import { parseDate, parseDateTime } from "../../base/temporal.ts";
import { AppError } from "../../errors.ts";
import { deriveId } from "../../schema/keys.ts";
import type { Cell, Scalar } from "../../schema/value_type.ts";
import { catalogFrom, entitiesOf } from "../../../tests/support/memory_view.ts";
import { parseBatch } from "./batch.ts";

const CATALOG = catalogFrom(`
  node Thing {
    code: String @key
    b: Bool?  i32: I32?  i64: I64?  u32: U32?  u64: U64?  f32: F32?  f64: F64?
    day: Date?  at: DateTime?  words: [String]?  longs: [I64]?  vec: Vector(2)?
  }
  node Loose { text: String? }
  node Pair { a: I64  b: String  @key(a, b) }
  edge Links: Thing -> Loose { weight: F64?  note: String? }
`);
const ENCODER = new TextEncoder();

/** Raw JSON of a value: JSON.stringify, but integers may have any number of digits. */
type Raw = string;

const text = fc.oneof(fc.string({ unit: "grapheme" }), fc.string({ maxLength: 40 }), fc.constant("\ufeffx"));
const integer = (min: bigint, max: bigint) => fc.bigInt({ min, max }).map(String);
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value));
const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value));
const string: fc.Arbitrary<Raw> = text.map((value) => JSON.stringify(value));
const escaped: fc.Arbitrary<Raw> = text.map((value) =>
  `"${
    [...value].flatMap((c) => c.split("")).map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join("")
  }"`
).filter((raw) => !JSON.parse(raw).match(/[\ud800-\udfff](?![\udc00-\udfff])/u));
const anyString = fc.oneof(string, escaped);
const list = (item: fc.Arbitrary<Raw>) =>
  fc.array(item, { maxLength: 4 }).chain((items) =>
    fc.constantFrom(`[${items.join(",")}]`, `[ ${items.join(" , ")} ]`)
  );
const dateText = fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString());

const VALUES: Readonly<Record<string, fc.Arbitrary<Raw>>> = {
  b: fc.constantFrom("true", "false"),
  i32: integer(-(2n ** 31n), 2n ** 31n - 1n),
  i64: integer(-(2n ** 63n), 2n ** 63n - 1n),
  u32: integer(0n, 2n ** 32n - 1n),
  u64: integer(0n, 2n ** 64n - 1n),
  f32: fc.oneof(float, integer(-1000n, 1000n)),
  f64: fc.oneof(
    double,
    integer(-(2n ** 70n), 2n ** 70n),
    fc.constantFrom("1E5", "0.1e-2", "123456789012345678e-10"),
  ),
  day: fc.oneof(
    dateText.map((t) => `"${t.slice(0, 10)}"`),
    dateText.map((t) => `"${t}"`),
    integer(-99999n, 99999n),
  ),
  at: fc.oneof(
    dateText.map((t) => `"${t}"`),
    dateText.map((t) => `"${t.slice(0, 10)}"`),
    integer(-(2n ** 50n), 2n ** 50n),
  ),
  words: list(anyString),
  longs: list(integer(-(2n ** 63n), 2n ** 63n - 1n)),
  vec: fc.tuple(float, float).map(([x, y]) => `[${x}, ${y}]`),
  note: anyString,
  text: anyString,
  weight: double,
};

/** A `data` object with some of the members, in random order, some of them null. */
function data(
  names: readonly string[],
  fixed: Readonly<Record<string, fc.Arbitrary<Raw>>> = {},
): fc.Arbitrary<Raw> {
  const optional = names.map((
    name,
  ) => [name, fc.oneof({ weight: 5, arbitrary: VALUES[name]! }, fc.constant("null"))]);
  return fc.record({ ...Object.fromEntries(optional), ...fixed } as Record<string, fc.Arbitrary<Raw>>, {
    requiredKeys: Object.keys(fixed),
  }).chain((members) =>
    fc.shuffledSubarray(Object.entries(members), { minLength: Object.keys(members).length })
  )
    .map((members) => `{${members.map(([name, raw]) => `"${name}":${raw}`).join(",")}}`);
}

const thing = data(["b", "i32", "i64", "u32", "u64", "f32", "f64", "day", "at", "words", "longs", "vec"], {
  code: anyString,
})
  .map((raw) => `{"type":"Thing","data":${raw}}`);
const loose = data(["text"]).map((raw) => `{"data":${raw},"type":"Loose"}`);
const pair = data([], { a: integer(-(2n ** 63n), 2n ** 63n - 1n), b: anyString })
  .map((raw) => `{"type":"Pair","data":${raw}}`);
const edge = fc.tuple(anyString, anyString, data(["weight", "note"]), fc.constantFrom("Links", "LINKS"))
  .map(([from, to, raw, name]) => `{"from":${from}, "edge":"${name}","to":${to} ,"data":${raw}}`);
const line = fc.oneof(thing, loose, pair, edge, fc.constantFrom("", "  "));
const batch = fc.tuple(fc.array(line, { maxLength: 12 }), fc.constantFrom("\n", "\r\n"))
  .map(([lines, feed]) => lines.join(feed));

/** What the batch means, by the platform's JSON parser and straight-forward conversions. */
function naive(source: string): Map<string, unknown[]> {
  const tables = new Map<string, unknown[]>();
  for (const lineText of source.split("\n")) {
    if (lineText.trim() === "") continue;
    const record = parseExact(lineText) as Record<string, never>;
    const type = record["type"] !== undefined
      ? CATALOG.nodes.get(record["type"])!
      : CATALOG.edgeByWord.get(String(record["edge"]).toLowerCase())!;
    const members: Record<string, unknown> = record["data"] ?? {};
    const entity = new Map<string, Cell | null>([["id", null]]);
    if (type.kind === "edge") entity.set("src", record["from"]!).set("dst", record["to"]!);
    for (const property of type.properties) {
      const raw = members[property.name] ?? null;
      const scalar = property.type.kind === "scalar" ? property.type.scalar : "F32";
      entity.set(
        property.name,
        raw === null
          ? null
          : property.type.kind === "list"
          ? (raw as unknown[]).map((item) =>
            convert(item, property.type.kind === "list" ? property.type.item : "Bool")
          )
          : property.type.kind === "vector"
          ? Float32Array.from(raw as unknown[], (item) => Number(convert(item, "F32")))
          : convert(raw, scalar),
      );
    }
    if (type.kind === "node" && type.keyProperties !== null) {
      entity.set("id", deriveId(type, (name) => entity.get(name) as Cell));
    }
    const rows = tables.get(type.key) ?? [];
    tables.set(type.key, [...rows, entity]);
  }
  return tables;
}

/** Numbers stay their source text. */
function parseExact(source: string): unknown {
  return JSON.parse(
    source,
    ((_key: string, value: unknown, context: { source: string }) =>
      typeof value === "number" ? { token: context.source } : value) as never,
  );
}

function convert(raw: unknown, scalar: Scalar): never {
  const token = typeof raw === "object" ? (raw as { token: string }).token : null;
  switch (scalar) {
    case "I64":
    case "U64":
      return BigInt(token!) as never;
    case "Date":
      return (token === null ? parseDate(raw as string) : Number(token)) as never;
    case "DateTime":
      return (token === null ? parseDateTime(raw as string) : Number(token)) as never;
    case "F32":
      return Math.fround(Number(token)) as never;
    case "String":
    case "Bool":
      return raw as never;
    default:
      return Number(token) as never;
  }
}

/** -0 and 0 are the same number in a column of integers. */
function plain(cell: unknown): unknown {
  return cell === 0 ? 0 : cell;
}

Deno.test("parseBatch() reads random batches like the platform's JSON parser", () => {
  fc.assert(
    fc.property(batch, (source) => {
      const parsed = parseBatch(CATALOG, ENCODER.encode(source));
      const expected = naive(source);
      assert.deepEqual([...parsed.tables.keys()], [...expected.keys()].sort());
      for (const [key, table] of parsed.tables) {
        const rows = entitiesOf(table.type, table.records);
        expected.get(key)!.forEach((entity, row) => {
          for (const [column, cell] of entity as Map<string, Cell | null>) {
            assert.deepEqual(plain(rows[row]!.get(column)), plain(cell), `${column} in ${source}`);
          }
        });
        assert.equal(rows.length, expected.get(key)!.length);
      }
    }),
    { numRuns: 400 },
  );
});

Deno.test("parseBatch() answers any bytes with a batch or an AppError", () => {
  const damage = fc.array(
    fc.record({ at: fc.nat(), byte: fc.nat(255), cut: fc.boolean() }),
    { minLength: 1, maxLength: 4 },
  );
  const strangeBytes = fc.constantFrom(
    0x22,
    0x5c,
    0x7b,
    0x7d,
    0x5b,
    0x5d,
    0x2c,
    0x3a,
    0x0a,
    0x30,
    0xc3,
    0xff,
  );
  fc.assert(
    fc.property(batch, damage, fc.option(strangeBytes), (source, changes, strange) => {
      let bytes = ENCODER.encode(source);
      for (const { at, byte, cut } of changes) {
        if (bytes.length === 0) break;
        const where = at % bytes.length;
        if (cut) bytes = Uint8Array.from([...bytes.subarray(0, where), ...bytes.subarray(where + 1)]);
        else bytes[where] = strange ?? byte;
      }
      try {
        parseBatch(CATALOG, bytes);
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
        assert.match(error.message, /\bline \d+\b/);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseBatch() accepts exactly the texts that are JSON for the platform", () => {
  const tokens = fc.array(
    fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"type"',
      '"Loose"',
      '"data"',
      '"text"',
      '"a"',
      "1",
      "-0",
      "1.5e3",
      "true",
      "null",
      " ",
      "\t",
      "01",
      "-",
      '"\\u12"',
      '"\\ud83d\\ude00"',
      "tru",
      "+1",
      ".5",
      "1.",
      "1e",
      "'",
    ),
    { maxLength: 9 },
  );
  fc.assert(
    fc.property(tokens, (parts) => {
      const source = parts.join("");
      if (source.trim() === "") return;
      let valid = true;
      try {
        JSON.parse(source);
      } catch {
        valid = false;
      }
      let lexical = true;
      try {
        parseBatch(CATALOG, ENCODER.encode(source));
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
        lexical = !error.message.startsWith("invalid strict JSON");
      }
      assert.equal(lexical, valid, source);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("schema-language 14: parseBatch() round-trips integers of all widths", () => {
  const widths: readonly (readonly [string, bigint, bigint])[] = [
    ["i32", -(2n ** 31n), 2n ** 31n - 1n],
    ["u32", 0n, 2n ** 32n - 1n],
    ["i64", -(2n ** 63n), 2n ** 63n - 1n],
    ["u64", 0n, 2n ** 64n - 1n],
  ];
  for (const [name, min, max] of widths) {
    const near = fc.constantFrom(min, min + 1n, max - 1n, max, 0n, 999_999_999_999_999n, 10n ** 15n);
    fc.assert(
      fc.property(fc.oneof(near, fc.bigInt({ min: min * 3n - 2n, max: max * 3n })), (value) => {
        const source = `{"type":"Thing","data":{"code":"c","${name}":${value}}}`;
        const read = () => {
          const table = parseBatch(CATALOG, ENCODER.encode(source)).tables.get("node:Thing")!;
          return table.records.columns.get(name)!.get(0);
        };
        if (value >= min && value <= max) assert.equal(BigInt(read() as number | bigint), value);
        else assert.throws(read, /exceeds U?Int(32|64) range/);
      }),
    );
  }
});
