import assert from "node:assert/strict";
import { AppError } from "../../errors.ts";
import { catalogFrom, entitiesOf } from "../../../tests/support/memory_view.ts";
import { parseBatch } from "./batch.ts";

const CATALOG = catalogFrom(`
  node Film {
    slug: String @key
    title: String?
    year: I32?
    views: U64?
    score: F32?
    exact: F64?
    lent: Bool?
    released: Date?
    stamped: DateTime?
    tags: [String]?
    sizes: [I32]?
    vec: Vector(3)?
    poster: Blob?
    status: enum(lost, restored)?
  }
  node Vault { site: String  bay: I32  opened: Date?  @key(site, bay) }
  node Note { text: String? }
  node Frame { number: U64 @key }
  node Ratio { value: F64 @key }
  edge Directed: Note -> Film { credit: String?  share: F64? }
`);

function parse(...lines: string[]) {
  return parseBatch(CATALOG, new TextEncoder().encode(lines.join("\n")));
}

function rows(key: string, ...lines: string[]) {
  const table = parse(...lines).tables.get(key)!;
  return entitiesOf(table.type, table.records).map((entity) => Object.fromEntries(entity));
}

function film(members: string): Record<string, unknown> {
  return rows("node:Film", `{"type":"Film","data":{"slug":"a",${members}}}`)[0]!;
}

/** The refusal of `lines`, which must be an AppError. */
function refusal(...lines: string[]): AppError {
  try {
    parse(...lines);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `accepted: ${lines.join("\n")}` });
}

const GOOD = '{"type":"Film","data":{"slug":"good"}}';

/** Checks that `line` on physical line 3 is refused with `fragment`. */
function refused(line: string, fragment: string): void {
  const error = refusal(GOOD, "", line, GOOD);
  assert.equal(error.code, "batch_error", line);
  assert.ok(error.message.includes(fragment), `${error.message} lacks ${fragment}`);
  assert.match(error.message, /\bline 3\b/, error.message);
}

Deno.test("parseBatch() takes edges before nodes, blank lines and CRLF [graph-engine 4]", () => {
  const batch = parse(
    '{"edge":"directed","from":"n","to":"a","data":{"credit":"sole"}}\r',
    "  \t\r",
    "",
    ' { "data" : { "slug" : "a" , "year" : 1931 } , "type" : "Film" } \r',
    '{"type":"Note"}',
  );
  assert.deepEqual([...batch.tables.keys()], ["edge:Directed", "node:Film", "node:Note"]);
  assert.equal(batch.records, 3);
  assert.deepEqual([...batch.tables.get("node:Film")!.lines], [4]);
  const edge = batch.tables.get("edge:Directed")!;
  assert.deepEqual(entitiesOf(edge.type, edge.records).map((row) => Object.fromEntries(row)), [
    { id: null, src: "n", dst: "a", credit: "sole", share: null },
  ]);
});

Deno.test("parseBatch() takes an empty file", () => {
  for (const text of ["", "\n", "\r\n \n"]) assert.equal(parse(text).tables.size, 0);
});

Deno.test("parseBatch() reads every kind of value", () => {
  assert.deepEqual(
    film(
      '"title":"Größe \\u00e9\\ud83d\\ude00\\n","year":-7,"views":3,"score":0.1,"exact":1e3,"lent":true,' +
        '"released":"2024-05-01","stamped":"2024-05-01 10:00:00.1239+02:00","tags":["a","\\u0062"],' +
        '"sizes":[1, 2],"vec":[1,0.5,-2e0],"poster":"base64:aGk=","status":"lost"',
    ),
    {
      id: "a",
      slug: "a",
      title: "Größe é😀\n",
      year: -7,
      views: 3n,
      score: Math.fround(0.1),
      exact: 1000,
      lent: true,
      released: 19844,
      stamped: Date.UTC(2024, 4, 1, 8, 0, 0, 123),
      tags: ["a", "b"],
      sizes: [1, 2],
      vec: new Float32Array([1, 0.5, -2]),
      poster: "base64:aGk=",
      status: "lost",
    },
  );
});

Deno.test("parseBatch() takes null like a missing member, and empty lists as lists", () => {
  const row = film('"title":null,"tags":[],"vec":null');
  assert.equal(row["title"], null);
  assert.equal(row["year"], null);
  assert.equal(row["vec"], null);
  assert.deepEqual(row["tags"], []);
});

Deno.test("parseBatch() finds members spelled with escapes and in any order", () => {
  const line = '{"d\\u0061ta":{"y\\u0065ar":5,"slug":"x"},"\\u0074ype":"F\\u0069lm"}';
  assert.equal(rows("node:Film", GOOD, line)[1]!["year"], 5);
});

Deno.test("schema-language 15: parseBatch() keeps integers exact and refuses what is none [graph-engine 6, schema-language 14]", () => {
  assert.equal(film('"views":18446744073709551615')["views"], 18446744073709551615n);
  assert.equal(film('"views":9007199254740993')["views"], 9007199254740993n);
  assert.equal(
    rows("node:Frame", '{"type":"Frame","data":{"number":18446744073709551615}}')[0]!["id"],
    "18446744073709551615",
  );
  refused('{"type":"Film","data":{"slug":"a","views":18446744073709551616}}', "exceeds UInt64 range");
  refused('{"type":"Film","data":{"slug":"a","views":-1}}', "exceeds UInt64 range");
  refused('{"type":"Film","data":{"slug":"a","year":2147483648}}', "exceeds Int32 range");
  for (const token of ["1.0", "1e3", '"3"', "true", "[1]", "{}"]) {
    refused(`{"type":"Film","data":{"slug":"a","year":${token}}}`, "property 'year' expects Int32, got ");
  }
});

Deno.test("schema-language 17: parseBatch() stores a Date equally from days and text", () => {
  assert.equal(film('"released":19844')["released"], 19844);
  assert.equal(film('"released":"2024-05-01"')["released"], 19844);
  assert.equal(film('"released":"2024-05-01T23:30:00-02:00"')["released"], 19845);
  assert.equal(film('"stamped":1000')["stamped"], 1000);
  for (const text of ['"2024-13-01"', '"yesterday"', "1.5", "true"]) {
    refused(`{"type":"Film","data":{"slug":"a","released":${text}}}`, "property 'released' expects Date");
  }
  refused('{"type":"Film","data":{"slug":"a","released":2147483648}}', "exceeds Date range");
});

Deno.test("schema-language 18: parseBatch() refuses vectors with null, string or wrong length", () => {
  const vec = (value: string) => `{"type":"Film","data":{"slug":"a","vec":${value}}}`;
  refused(vec("[1,null,3]"), "must be numeric");
  refused(vec('[1,"2",3]'), "must be numeric");
  refused(vec("[1,[2],3]"), "must be numeric");
  refused(vec("[1,2]"), "expects 3 dimensions, got 2");
  refused(vec("[1,2,3,4]"), "expects 3 dimensions, got 4");
  refused(vec("[1,2,1e39]"), "exceeds Float32 range");
  refused(vec("7"), "property 'vec' expects Vector(3), got number 7");
});

Deno.test("parseBatch() judges F32 after rounding", () => {
  assert.equal(film('"score":3.4028235e38')["score"], Math.fround(3.4028235e38));
  refused('{"type":"Film","data":{"slug":"a","score":3.5e38}}', "exceeds Float32 range");
  refused('{"type":"Film","data":{"slug":"a","exact":1e400}}', "exceeds Float64 range");
});

Deno.test("parseBatch() refuses bad lists and Blobs", () => {
  refused('{"type":"Film","data":{"slug":"a","tags":["x",null]}}', "contains a null or invalid item");
  refused('{"type":"Film","data":{"slug":"a","tags":["x",["y"]]}}', "contains a null or invalid item");
  refused('{"type":"Film","data":{"slug":"a","sizes":[1,2.5]}}', "contains a null or invalid item");
  refused('{"type":"Film","data":{"slug":"a","sizes":"1"}}', "property 'sizes' expects [Int32], got string");
  refused('{"type":"Film","data":{"slug":"a","poster":7}}', "must be a URI string or base64:");
  refused('{"type":"Film","data":{"slug":"a","poster":"base64:a"}}', "bad base64");
});

/** Every row of the rejection table: a line and the fragment its refusal must contain. */
const REJECTIONS: readonly (readonly [line: string, fragment: string])[] = [
  // not JSON, two values on a line
  ["{", "invalid strict JSON at line 3"],
  ['{"type":"Film"}{"type":"Film"}', "invalid strict JSON at line 3"],
  ['{"type":"Film",}', "invalid strict JSON at line 3"],
  ["{'type':'Film'}", "invalid strict JSON at line 3"],
  ['{"type":"Film","data":{"slug":"a","year":01}}', "invalid strict JSON at line 3"],
  ['{"type":"Film","data":{"slug":"\\x"}}', "invalid strict JSON at line 3"],
  ['{"type":"Film","data":{"slug":"\\ud800"}}', "invalid strict JSON at line 3"],
  ['{"type":"Film","data":{"slug":"a\tb"}}', "invalid strict JSON at line 3"],
  ['{"type":"Film","data":{"slug":NaN}}', "invalid strict JSON at line 3"],
  ['{"type":"Film","data":{"slug":"a","tags":[1,}}', "invalid strict JSON at line 3"],
  // repeated member at any depth
  ['{"type":"Film","type":"Film"}', "duplicate JSON member 'type'"],
  ['{"type":"Film","data":{"slug":"a","slug":"b"}}', "duplicate JSON member 'slug'"],
  ['{"type":"Film","data":{"slug":"a","sl\\u0075g":"b"}}', "duplicate JSON member 'slug'"],
  ['{"type":"Film","data":{"id":"a","id":"b"}}', "duplicate JSON member 'id'"],
  ['{"type":"Film","data":{"nope":1,"nope":2}}', "duplicate JSON member 'nope'"],
  ['{"type":"Film","data":{"slug":"a","tags":[{"x":1,"x":2}]}}', "duplicate JSON member 'x'"],
  ['{"type":"Film","data":{},"data":{}}', "duplicate JSON member 'data'"],
  // not an object
  ["[1]", "must be one JSON object"],
  ['"Film"', "must be one JSON object"],
  ["null", "must be one JSON object"],
  // none or both of type and edge
  ["{}", "exactly one of 'type' or 'edge'"],
  ['{"data":{}}', "exactly one of 'type' or 'edge'"],
  ['{"type":"Film","edge":"Directed"}', "exactly one of 'type' or 'edge'"],
  // other top-level member
  ['{"type":"Film","id":"x"}', "unknown top-level graph batch field 'id'"],
  ['{"type":"Film","from":"x"}', "unknown top-level graph batch field 'from'"],
  // reserved physical state anywhere
  ['{"type":"Film","_rowid":1}', "reserved physical state"],
  ['{"type":"Film","data":{"_tombstone":true}}', "reserved physical state"],
  ['{"type":"Film","data":{"_rowaddr":1}}', "reserved physical state"],
  ['{"type":"Film","data":{"_rowoffset":1}}', "reserved physical state"],
  ['{"type":"Film","data":{"_row_created_at_version":1}}', "reserved physical state"],
  ['{"type":"Film","data":{"tags":[{"_row_last_updated_at_version":1}]}}', "reserved physical state"],
  // structural members missing or of the wrong kind
  ['{"edge":"Directed","to":"a"}', "requires field 'from'"],
  ['{"edge":"Directed","from":"a"}', "requires field 'to'"],
  ['{"type":5}', "must be a string"],
  ['{"edge":null,"from":"a","to":"b"}', "must be a string"],
  ['{"edge":"Directed","from":1,"to":"b"}', "must be a string"],
  ['{"edge":"Directed","from":"a","to":["b"]}', "must be a string"],
  ['{"type":"Film","data":null}', "must be an object"],
  ['{"type":"Film","data":[]}', "must be an object"],
  // src and dst inside edge data
  ['{"edge":"Directed","from":"a","to":"b","data":{"src":"c"}}', "reserved structural state"],
  ['{"edge":"Directed","from":"a","to":"b","data":{"dst":"c"}}', "reserved structural state"],
  // unknown types
  ['{"type":"Flim"}', "unknown node type 'Flim'"],
  ['{"type":"film"}', "unknown node type 'film'"],
  ['{"edge":"Directs","from":"a","to":"b"}', "unknown edge type 'Directs'"],
  // unknown property
  ['{"type":"Film","data":{"slug":"a","titel":"x"}}', "unknown input field 'titel' for 'node:Film'"],
  [
    '{"edge":"Directed","from":"a","to":"b","data":{"credits":"x"}}',
    "unknown input field 'credits' for 'edge:Directed'",
  ],
  ['{"type":"Film","data":{"slug":"a","src":"x"}}', "unknown input field 'src' for 'node:Film'"],
  // ids and keys
  ['{"type":"Note","data":{"id":7}}', "field 'id' must be a string"],
  ['{"type":"Film","data":{"id":null,"slug":"a"}}', "field 'id' must be a string"],
  ['{"type":"Film","data":{"id":"b","slug":"a"}}', "does not match its canonical @key id 'a'"],
  ['{"type":"Film","data":{"title":"x"}}', "missing a non-null @key value"],
  ['{"type":"Film","data":{"slug":null}}', "missing a non-null @key value"],
  ['{"type":"Vault","data":{"site":"Rome"}}', "missing a non-null @key value"],
  // wrong kind
  ['{"type":"Film","data":{"slug":"a","year":"1931"}}', "property 'year' expects Int32, got string \"1931\""],
  ['{"type":"Film","data":{"slug":7}}', "property 'slug' expects String, got number 7"],
  ['{"type":"Film","data":{"slug":"a","lent":1}}', "property 'lent' expects Boolean, got number 1"],
  ['{"type":"Film","data":{"slug":"a","score":"1.5"}}', "property 'score' expects Float32, got string"],
  ['{"type":"Film","data":{"slug":"a","title":{"en":"x"}}}', "property 'title' expects String, got object"],
];

Deno.test("parseBatch() refuses every row of the rejection table and names the physical line [graph-engine 5]", () => {
  for (const [line, fragment] of REJECTIONS) refused(line, fragment);
});

Deno.test("parseBatch() refuses bad UTF-8 with its line", () => {
  const bad: readonly (readonly number[])[] = [
    [0xff],
    [0x80],
    [0xc0, 0xaf],
    [0xe0, 0x80, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xc3],
  ];
  for (const sequence of bad) {
    const before = new TextEncoder().encode(`${GOOD}\n{"type":"Film","data":{"slug":"`);
    const bytes = Uint8Array.from([...before, ...sequence, 0x22, 0x7d, 0x7d]);
    assert.throws(() => parseBatch(CATALOG, bytes), /invalid strict JSON at line 2/);
  }
});

Deno.test("parseBatch() reports lines before records, nodes before edges, types by name, then file order", () => {
  const badFilm = '{"type":"Film","data":{"slug":"a","year":"x"}}';
  const badVault = '{"type":"Vault","data":{"site":1,"bay":1}}';
  const badEdge = '{"edge":"Directed","from":"a","to":"b","data":{"share":"x"}}';
  assert.match(refusal(badEdge, badVault, badFilm, "nonsense").message, /invalid strict JSON at line 4/);
  assert.match(refusal(badEdge, badVault, badFilm).message, /^line 3: property 'year'/);
  assert.match(refusal(badEdge, badVault).message, /^line 2: property 'site'/);
  assert.match(refusal(badEdge, badEdge).message, /^line 1: property 'share'/);
  // inside a record: names, then values in schema order, then key and id
  assert.match(refusal('{"type":"Film","data":{"year":"x","nope":1}}').message, /unknown input field 'nope'/);
  assert.match(refusal('{"type":"Film","data":{"id":"z","year":"x"}}').message, /property 'year'/);
});

Deno.test("schema-language 19: parseBatch() derives ids of keyed nodes [graph-engine 14, schema-language 20, 21]", () => {
  const vault = (members: string) => rows("node:Vault", `{"type":"Vault","data":{${members}}}`)[0]!["id"];
  assert.equal(vault('"site":"Rome","bay":4'), '["4","Rome"]');
  assert.equal(vault('"id":"[\\"4\\",\\"Rome\\"]","bay":4,"site":"Rome"'), '["4","Rome"]');
  refused('{"type":"Vault","data":{"id":"Rome","site":"Rome","bay":4}}', "does not match");
  const ratio = (token: string) => rows("node:Ratio", `{"type":"Ratio","data":{"value":${token}}}`)[0]!["id"];
  assert.equal(ratio("-0.0"), "0");
  assert.equal(ratio("1e-7"), "0.0000001");
  assert.equal(ratio("1e21"), "1000000000000000000000");
  assert.deepEqual(
    rows("node:Note", '{"type":"Note","data":{"id":"mine"}}', '{"type":"Note"}').map((row) => row["id"]),
    ["mine", null],
  );
});

Deno.test("parseBatch() suggests the name that was probably meant", () => {
  assert.match(refusal('{"type":"Fim"}').message, /did you mean `Film`/);
  assert.match(refusal('{"type":"Film","data":{"slug":"a","titel":"x"}}').message, /did you mean `title`/);
});

Deno.test("parseBatch() limits the structure of a line, inclusively and outside strings", () => {
  const line = (commas: number) => `{"type":"Note","data":{"text":[${"0,".repeat(commas)}0]}}`;
  const others = 10; // structural characters of line(0)
  assert.match(refusal(line(131_072 - others)).message, /property 'text' expects String, got array/);
  const over = refusal(GOOD, line(131_072 - others + 1));
  assert.equal(over.code, "resource_limit");
  assert.deepEqual(over.detail.resource_limit, {
    resource: "graph_batch_json_structural_slots",
    limit: 131_072,
    actual: 131_073,
  });
  assert.equal(rows("node:Note", `{"type":"Note","data":{"text":"${",".repeat(200_000)}"}}`).length, 1);
});

Deno.test("parseBatch() limits the bytes of a line, inclusively", () => {
  const frame = '{"type":"Note","data":{"text":""}}';
  const line = (bytes: number) => frame.replace('""', `"${"x".repeat(bytes - frame.length)}"`);
  assert.equal(parse(line(33_554_432)).records, 1);
  const over = refusal(GOOD, line(33_554_433));
  assert.equal(over.code, "resource_limit");
  assert.deepEqual(over.detail.resource_limit, {
    resource: "graph_batch_line_bytes",
    limit: 33_554_432,
    actual: 33_554_433,
  });
});

Deno.test("parseBatch() survives nesting as deep as a line may be", () => {
  refused(
    `{"type":"Film","data":{"slug":"a","tags":${"[".repeat(60_000)}${"]".repeat(60_000)}}}`,
    "invalid item",
  );
  refused(`{"type":"Film","data":{"slug":"a","tags":${"[".repeat(60_000)}`, "invalid strict JSON at line 3");
});
