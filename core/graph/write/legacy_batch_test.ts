import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../errors.ts";
import { acceptSchema } from "../../schema/accept.ts";
import type { Catalog } from "../../schema/catalog.ts";
import { randomSchema, Tape } from "../../../tests/support/random_schema.ts";
import { rowsOf } from "../../../tests/support/records.ts";
import { parseBatch, type ParsedBatch } from "./batch.ts";
import { parseLegacyBatch } from "./legacy_batch.ts";

const CATALOG = catalogOf(`
node Film {
  slug: String @key
  year: I32?
  score: F64?
  shown: Bool?
  on: Date?
  at: DateTime?
  tags: [String]?
  rank: I32
  poster: Blob?
  face: Vector(2)?
}
node Number { n: I64 @key }
node Day { day: Date @key }
node Place { city: String  zip: I32  note: String?  @key(city, zip) }
node Note { text: String? }
edge Directed: Note -> Film { credit: String? }
edge Near: Place -> Number
`);

function catalogOf(text: string): Catalog {
  return acceptSchema({ path: "s.pg", text }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" }).catalog;
}

function parse(text: string): ParsedBatch {
  return parseLegacyBatch(CATALOG, new TextEncoder().encode(text));
}

/** All rows by type key, without nulls and, for ids that are yet to be made, without id. */
function contentOf({ tables }: ParsedBatch): Record<string, unknown[]> {
  return Object.fromEntries(
    [...tables].map(([key, { records }]) => [
      key,
      rowsOf(records).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== null))
      ),
    ]),
  );
}

function film(data: string): unknown {
  return contentOf(parse(`{"type":"Film","data":{"slug":"a","rank":1${data === "" ? "" : `,${data}`}}}`))[
    "node:Film"
  ]![0];
}

function refusal(text: string): string {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === "batch_error", String(error));
    return error.message;
  }
  return assert.fail("it was accepted");
}

Deno.test("parseLegacyBatch() takes any objects with white space between them", () => {
  const text = `  {"type": "Note",
    "data": {
      "id": "n-1", "text": "one\\nline"
    }}{"type":"Note","data":{"id":"n-2"}}\r\n\t{ "edge" : "directed", "to":"a" , "from":"n-1" }
  `;
  assert.deepEqual(contentOf(parse(text)), {
    "edge:Directed": [{ src: "n-1", dst: "a" }],
    "node:Note": [{ id: "n-1", text: "one\nline" }, { id: "n-2" }],
  });
  assert.equal(parse("").records, 0);
  assert.equal(parse(" \n\n ").records, 0);
});

Deno.test("parseLegacyBatch() ignores members that nobody knows, and takes the last of equal ones", () => {
  const node = `{"extra":{"a":[1,{"b":2}]},"type":"Film","type":"Note","from":"x",
    "data":{"id":"n","id":"m","text":1,"text":"t","_rowid":7,"more":{}},"_tombstone":true}`;
  const edge =
    `{"edge":"Directed","from":"m","to":"a","to":"b","data":{"src":"x","credit":"c","credit":"d"}}`;
  assert.deepEqual(contentOf(parse(`${node}\n${edge}`)), {
    "edge:Directed": [{ src: "m", dst: "b", credit: "d" }],
    "node:Note": [{ id: "m", text: "t" }],
  });
});

Deno.test("parseLegacyBatch() makes values of another kind null in nullable scalars, and leaves them out of lists", () => {
  const plain = { id: "a", slug: "a", rank: 1 };
  const nulled = [
    ...[
      '"year":"1931"',
      '"year":1.5',
      '"year":1.0',
      '"year":true',
      '"year":[1]',
      '"year":{"a":{"a":1,"a":2}}',
    ],
    ...['"score":"1"', '"shown":1', '"shown":"true"', '"on":"soon"', '"on":1.5', '"at":false', '"poster":1'],
  ];
  for (const data of nulled) assert.deepEqual(film(data), plain, data);
  assert.deepEqual(film('"tags":["a",1,null,"b",[["x"]],{"c":[1]},true,"d,]}"]'), {
    ...plain,
    tags: ["a", "b", "d,]}"],
  });
  assert.deepEqual(film('"on":"2024-05-01"'), { ...plain, on: 19844 });
});

Deno.test("parseLegacyBatch() refuses as loads do what is none of that, and names the record", () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['{"type":"Note"}\n\n{"type":"Note"', /^record 2: invalid JSON: the object does not end/],
    ['{"type":"Note"} 5', /^record 2: must be one JSON object$/],
    ['["a b"] {"type":"Note"}', /^record 1: must be one JSON object$/],
    ["}", /^record 1: invalid JSON/],
    ["\ufeff{}", /^record 1: invalid JSON: .*byte order mark/],
    ['{"type":"Note"}{"data":{}}', /^record 2: must have exactly one of 'type' or 'edge'$/],
    ['{"type":"Note","edge":"Directed"}', /^record 1: must have exactly one of 'type' or 'edge'$/],
    ['{"edge":"Directed","from":"a"}', /^record 1: the edge record requires field 'to'$/],
    ['{"edge":"Directed","from":"a","to":1}', /^record 1: field 'to' must be a string/],
    ['{"type":"Note","data":[]}', /^record 1: field 'data' must be an object/],
    ['{"type":"Nope","data":{"a":{"b":1,"b":2}}}', /^record 1: unknown node type 'Nope'/],
    ['{"type":"Note","data":{"id":7}}', /^record 1: field 'id' must be a string/],
    [
      '{"type":"Film","data":{"slug":"a","rank":"1"}}',
      /^record 1: property 'rank' expects Int32, got string/,
    ],
    ['{"type":"Film","data":{"slug":"a","rank":{"x":1,"x":2}}}', /^record 1: property 'rank' expects Int32/],
    ['{"type":"Film","data":{"slug":"a","rank":1,"year":3000000000}}', /^record 1: .*exceeds Int32 range/],
    [
      '{"type":"Film","data":{"slug":"a","rank":1,"tags":"a"}}',
      /^record 1: property 'tags' expects \[String\]/,
    ],
    ['{"type":"Film","data":{"slug":"a","rank":1,"face":[1]}}', /^record 1: .*expects 2 dimensions, got 1/],
    [
      '{"type":"Film","data":{"slug":"a","rank":1,"id":"b"}}',
      /^record 1: .*does not match its canonical @key id/,
    ],
  ];
  for (const [text, message] of bad) assert.match(refusal(text), message, text);
});

Deno.test("parseLegacyBatch() counts records, not lines, also where the strict grammar would do", () => {
  const { tables, unit } = parse('\n{"type":"Note"}\n\n\n{"type":"Note"}\n{"type":"Note"}');
  assert.deepEqual([unit, [...tables.get("node:Note")!.lines]], ["record", [1, 2, 3]]);
});

Deno.test("parseLegacyBatch() refuses damaged texts, and never fails otherwise", () => {
  const whole =
    `{"type":"Film","data":{"id":"a","slug":"a","rank":1,"tags":["x",{"y":[1]}],"on":"2024-05-01"}}
    {"edge":"Near","from":"Rome","to":"00042","data":{}} {"type":"Number","data":{"id":"00042","n":42}}`;
  const damage = fc.array(fc.tuple(fc.nat(whole.length), fc.nat(3), fc.constantFrom(...'{}[]",:\\\n 1a')));
  fc.assert(
    fc.property(damage, (damages) => {
      let text = whole;
      for (const [at, cut, char] of damages) text = text.slice(0, at) + char + text.slice(at + cut);
      try {
        parse(text);
      } catch (error) {
        assert.ok(error instanceof AppError && error.code === "batch_error", String(error));
        assert.match(error.message, /record [0-9]+/);
      }
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseLegacyBatch() ignores edge ids that are no strings", () => {
  const { tables } = parse(`{"edge":"Directed","from":"n","to":"a","data":{"id":7,"credit":"c"}}`);
  assert.deepEqual(rowsOf(tables.get("edge:Directed")!.records), [
    { id: null, src: "n", dst: "a", credit: "c" },
  ]);
});

Deno.test("parseLegacyBatch() rewrites old spellings of key ids, and the edges that name them by their endpoint type", () => {
  const text = `
    {"edge":"Near","from":"Rome","to":"00042"}
    {"edge":"Near","from":"00042","to":"Rome"}
    {"type":"Number","data":{"id":"00042","n":42}}
    {"type":"Day","data":{"id":"2019-03-01","day":"2019-03-01"}}
    {"type":"Place","data":{"id":"Rome","city":"Rome","zip":118}}
    {"type":"Place","data":{"id":"[\\"Oslo\\",\\"10\\"]","city":"Oslo","zip":10}}`;
  assert.deepEqual(contentOf(parse(text)), {
    "edge:Near": [{ src: '["Rome","118"]', dst: "42" }, { src: "00042", dst: "Rome" }],
    "node:Day": [{ id: "17956", day: 17956 }],
    "node:Number": [{ id: "42", n: 42n }],
    "node:Place": [
      { id: '["Rome","118"]', city: "Rome", zip: 118 },
      { id: '["Oslo","10"]', city: "Oslo", zip: 10 },
    ],
  });
  const numbers = ["+42", "042", "42"].map((id) => `{"type":"Number","data":{"id":"${id}","n":42}}`).join("");
  assert.deepEqual(contentOf(parse(numbers))["node:Number"], Array(3).fill({ id: "42", n: 42n }));
});

Deno.test("parseLegacyBatch() refuses an old id that stands for two keys", () => {
  const text = `{"type":"Place","data":{"id":"Rome","city":"Rome","zip":1}}
    {"type":"Place","data":{"id":"Rome","city":"Rome","zip":2}}`;
  assert.match(
    refusal(text),
    /^record 2: id 'Rome' of node:Place is ambiguous: .*\["Rome","1"\] in record 1/,
  );
});

Deno.test("parseLegacyBatch() reads what parseBatch() accepts the same, however it is laid out", () => {
  const tape = fc.array(fc.nat(1 << 20), { maxLength: 300 });
  fc.assert(
    fc.property(tape, fc.array(fc.nat(200), { maxLength: 100 }), (numbers, layout) => {
      const schema = randomSchema(new Tape(numbers));
      const catalog = catalogOf(schema.source);
      const strict = parseBatch(catalog, new TextEncoder().encode(schema.data));
      const text = new TextEncoder().encode(laidOut(schema.data, layout));
      const lenient = parseLegacyBatch(catalog, text);
      assert.deepEqual(lenient.records, strict.records);
      assert.deepEqual([...lenient.tables.keys()], [...strict.tables.keys()]);
      for (const [key, { records }] of strict.tables) {
        assert.deepEqual(rowsOf(lenient.tables.get(key)!.records), rowsOf(records));
      }
    }),
  );
});

/** The same records with other white space, and members that nobody knows. */
function laidOut(data: string, choices: readonly number[]): string {
  let next = 0;
  const choice = () => choices[next++ % Math.max(1, choices.length)] ?? 0;
  const blank = () => ["", " ", "\n", "\r\n\t", "  \n  "][choice() % 5]!;
  let inString = false;
  let text = "";
  for (let at = 0; at < data.length; at++) {
    const char = data[at]!;
    if (inString && char === "\\") {
      text += char + data[++at]!;
      continue;
    }
    if (char === '"') inString = !inString;
    if (inString || !"{}[],:".includes(char)) text += char;
    else if (char === "{" && choice() % 7 === 3) text += `{${blank()}"unknown member":[1,{"x":"}"}],`;
    else text += blank() + char + blank();
  }
  return text.replaceAll(",}", "}").replaceAll(/,(\s+)\}/g, "$1}");
}
