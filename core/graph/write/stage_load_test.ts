import assert from "node:assert/strict";
import { ULID_LENGTH, ulidFactory } from "../../base/ids.ts";
import type { NewId } from "../../base/ports.ts";
import { AppError } from "../../errors.ts";
import {
  applied,
  catalogFrom,
  type Content,
  countingIds,
  memoryView,
} from "../../../tests/support/memory_view.ts";
import type { LoadMode } from "../graph.ts";
import { parseBatch } from "./batch.ts";
import { stageLoad } from "./stage_load.ts";

const CATALOG = catalogFrom(`
  node Film {
    slug: String @key
    title: String?
    year: I32?
    rating: F64?
    status: enum(lost, restored)?
    code: String?
    serial: String? @unique
    premiere: Date? @unique
    @range(year, 1850..2100)  @range(rating, ..5)  @check(code, "ab")
  }
  node Person { name: String  born: I32?  email: String?  @unique(name, born) }
  node Reel { poster: Blob? }
  edge Directed: Person -> Film { credit: String? }
  edge Owns: Person -> Film @card(0..2) { share: String? @unique(src, share) }
  edge Keeps: Person -> Film @card(1..) {}
`);
const EMPTY: Content = new Map();
const NEW_ID = countingIds();

async function load(
  content: Content,
  mode: LoadMode,
  lines: readonly string[],
  newId: NewId = NEW_ID,
) {
  const batch = parseBatch(CATALOG, new TextEncoder().encode(lines.join("\n")));
  const changes = await stageLoad(memoryView(CATALOG, content), batch, mode, newId);
  return { changes, content: applied(CATALOG, content, changes) };
}

async function contentOf(...lines: string[]): Promise<Content> {
  return (await load(EMPTY, "overwrite", lines)).content;
}

async function refusal(content: Content, mode: LoadMode, ...lines: string[]): Promise<AppError> {
  try {
    await load(content, mode, lines);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `${mode} accepted ${lines.join(" ")}` });
}

function film(slug: string, members = ""): string {
  return `{"type":"Film","data":{"slug":"${slug}"${members === "" ? "" : `,${members}`}}}`;
}
function person(id: string, members = '"name":"Ines"'): string {
  return `{"type":"Person","data":{"id":"${id}",${members}}}`;
}
function edge(type: string, from: string, to: string, data = "{}"): string {
  return `{"edge":"${type}","from":"${from}","to":"${to}","data":${data}}`;
}
function ids(content: Content, key: string): string[] {
  return [...(content.get(key) ?? new Map()).keys()];
}

Deno.test("stageLoad() appends new ids and refuses existing ones with type and id [graph-engine 7]", async () => {
  const head = await contentOf(film("a"), film("b"));
  const { content } = await load(head, "append", [film("c")]);
  assert.deepEqual(ids(content, "node:Film"), ["a", "b", "c"]);
  const error = await refusal(head, "append", film("d"), film("b"));
  assert.equal(error.code, "key_conflict");
  assert.deepEqual(error.detail.key_conflict, { entity_kind: "node", type_name: "Film", entity_id: "b" });
  assert.match(error.message, /already has id 'b'/);
  assert.match(error.message, /line 2/);
});

Deno.test("stageLoad() merge replaces the whole entity: omitted properties become null [graph-engine 8]", async () => {
  const head = await contentOf(film("a", '"title":"Harbour","year":1931'), film("b"));
  const { content, changes } = await load(head, "merge", [film("a", '"year":1932'), film("c")]);
  assert.deepEqual([...changes.get("node:Film")!.existing], [1, 0]);
  assert.equal(content.get("node:Film")!.get("a")!.get("title"), null);
  assert.equal(content.get("node:Film")!.get("a")!.get("year"), 1932);
  assert.deepEqual(ids(content, "node:Film").sort(), ["a", "b", "c"]);
});

Deno.test("stageLoad() merge keeps the last record of an id, edges too [graph-engine 8]", async () => {
  const head = await contentOf(person("p"), film("a"));
  const { content } = await load(head, "merge", [
    edge("Directed", "p", "a", '{"id":"e","credit":"sole"}'),
    edge("Directed", "p", "a", '{"id":"f","credit":"x"}'),
    edge("Directed", "p", "a", '{"id":"e","credit":"co"}'),
    edge("Directed", "p", "a", '{"id":"e","credit":"last"}'),
    person("q", '"name":"first"'),
    person("q", '"name":"second"'),
  ]);
  assert.equal(content.get("edge:Directed")!.get("e")!.get("credit"), "last");
  assert.equal(content.get("edge:Directed")!.size, 2);
  assert.equal(content.get("node:Person")!.get("q")!.get("name"), "second");
});

Deno.test("stageLoad() refuses two records of one @key in every mode, before id conflicts [graph-engine 9]", async () => {
  const head = await contentOf(film("a"));
  for (const mode of ["append", "merge", "overwrite"] as const) {
    const error = await refusal(head, mode, film("a"), film("x"), film("x"));
    assert.equal(error.code, "constraint_violation");
    assert.match(error.message, /@unique violation on Film\.slug: value 'x' held by 'x' and 'x' \(line 3\)/);
  }
});

Deno.test("stageLoad() refuses one explicit id twice in append and overwrite", async () => {
  for (const mode of ["append", "overwrite"] as const) {
    const error = await refusal(EMPTY, mode, person("p", '"name":"a"'), person("p", '"name":"b"'));
    assert.equal(error.code, "key_conflict");
    assert.match(error.message, /line 2: .*already has id 'p'.*line 1/);
  }
});

Deno.test("stageLoad() overwrite replaces touched types only [graph-engine 10]", async () => {
  const head = await contentOf(film("a"), film("b"), person("p"), edge("Directed", "p", "a"));
  const { content, changes } = await load(head, "overwrite", [film("a", '"title":"new"'), film("c")]);
  assert.deepEqual(ids(content, "node:Film"), ["a", "c"]);
  assert.deepEqual(ids(content, "node:Person"), ["p"]);
  assert.deepEqual([...changes.keys()], ["node:Film"]);
  assert.deepEqual(changes.get("node:Film")!.deletes, ["b"]);
  const error = await refusal(head, "overwrite", film("b"));
  assert.match(error.message, /src|dst 'a' not found in Film/);
  assert.match(error.message, /edge Directed/);
  // fine when the edges are replaced too
  await load(head, "overwrite", [film("b"), edge("Directed", "p", "b")]);
});

Deno.test("stageLoad() makes an empty change set of an empty file [graph-engine 11]", async () => {
  for (const mode of ["append", "merge", "overwrite"] as const) {
    assert.equal((await load(await contentOf(film("a")), mode, [])).changes.size, 0);
  }
});

Deno.test("stageLoad() takes 8,192 appended records and refuses 8,193 [graph-engine 13]", async () => {
  const lines = Array.from({ length: 8193 }, (_, i) => film(`f${i}`));
  assert.equal((await load(EMPTY, "append", lines.slice(1))).changes.get("node:Film")!.upserts!.length, 8192);
  for (const mode of ["append", "merge"] as const) {
    const error = await refusal(EMPTY, mode, ...lines);
    assert.equal(error.code, "resource_limit");
    assert.deepEqual(error.detail.resource_limit, {
      resource: "keyed entities for node:Film",
      limit: 8192,
      actual: 8193,
    });
  }
  await load(EMPTY, "overwrite", lines);
});

Deno.test("stageLoad() limits the bytes of one type in append and merge", async () => {
  const big = "x".repeat(12 << 20);
  const lines = [0, 1, 2].map((i) => film(`f${i}`, `"title":"${big}"`));
  const error = await refusal(EMPTY, "append", ...lines);
  assert.equal(error.detail.resource_limit?.resource, "keyed entity bytes for node:Film");
  assert.equal(error.detail.resource_limit?.limit, 32 << 20);
  await load(EMPTY, "overwrite", lines);
});

Deno.test("schema-language 21: stageLoad() gives edges and unkeyed nodes ULIDs where no id is given", async () => {
  const newId = ulidFactory({ nowMs: () => 1 }, { fill: (target) => void target.fill(7) });
  const lines = [person("p"), '{"type":"Person","data":{"name":"x"}}', film("a"), edge("Directed", "p", "a")];
  for (const source of [newId, countingIds()]) {
    const { content } = await load(EMPTY, "append", [...lines, edge("Directed", "p", "a")], source);
    const people = ids(content, "node:Person");
    assert.equal(people[0], "p");
    assert.equal(people[1]!.length, ULID_LENGTH);
    assert.equal(new Set(ids(content, "edge:Directed")).size, 2);
    assert.ok(ids(content, "edge:Directed").every((id) => id.length === ULID_LENGTH));
  }
});

Deno.test("stageLoad() checks values in type order and names the line", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      film("a", '"status":"burnt"'),
      /invalid enum value 'burnt' for Film\.status: allowed are lost, restored \(line 1\)/,
    ],
    [film("a", '"year":1849'), /@range violation on Film\.year: 1849 is not in 1850\.\.2100 \(line 1\)/],
    [film("a", '"year":2101'), /@range violation on Film\.year/],
    [film("a", '"rating":6'), /@range violation on Film\.rating: 6 is not in \.\.5/],
    [film("a", '"code":"xx"'), /@check violation on Film\.code: 'xx' does not match "ab"/],
    ['{"type":"Person","data":{}}', /non-nullable property 'name' has null or invalid values/],
    ['{"type":"Person","data":{"name":null}}', /non-nullable property 'name'/],
  ];
  for (const [line, pattern] of cases) {
    const error = await refusal(EMPTY, "append", line);
    assert.equal(error.code, "constraint_violation");
    assert.match(error.message, pattern);
  }
  await load(EMPTY, "append", [
    film("a", '"year":1850,"rating":-100,"code":"xxabxx","status":null'),
    film("b", '"year":2100,"rating":5,"code":null'),
  ]);
});

Deno.test("schema-language 22: stageLoad() judges @unique over duplicates, nulls, Dates, tuples and committed holders [graph-engine 20]", async () => {
  const head = await contentOf(
    film("a", '"serial":"s1","premiere":"2024-05-01"'),
    person("p", '"name":"Ines","born":1900'),
  );
  const unique = (slug: string, members: string) => refusal(head, "append", film(slug, members));
  assert.match(
    (await refusal(head, "append", film("b", '"serial":"s2"'), film("c", '"serial":"s2"'))).message,
    /@unique violation on Film\.serial: value 's2' held by 'b' and 'c' \(line 2\)/,
  );
  assert.match((await unique("b", '"serial":"s1"')).message, /Film\.serial: value 's1' held by 'a' and 'b'/);
  assert.match(
    (await unique("b", '"premiere":19844')).message,
    /Film\.premiere: value '2024-05-01' held by 'a' and 'b'/,
  );
  assert.match(
    (await refusal(head, "append", person("q", '"name":"Ines","born":1900'))).message,
    /@unique violation on Person\.\(born, name\): value '\(1900, Ines\)' held by 'p' and 'q'/,
  );
  // null exempts; the same entity may keep or give up its value; overwrite has no committed holders
  await load(head, "append", [film("b"), film("c"), person("q"), person("r")]);
  await load(head, "merge", [film("a", '"serial":"s1"')]);
  await load(head, "merge", [film("a"), film("b", '"serial":"s1"')]);
  await load(head, "overwrite", [film("b", '"serial":"s1"')]);
});

Deno.test("stageLoad() @unique on edges may list src", async () => {
  const head = await contentOf(person("p"), film("a"), film("b"), edge("Owns", "p", "a", '{"share":"half"}'));
  const error = await refusal(head, "append", edge("Owns", "p", "b", '{"id":"e","share":"half"}'));
  assert.match(error.message, /@unique violation on Owns\.\(share, src\): value '\(half, p\)'/);
  await load(head, "append", [edge("Owns", "p", "b", '{"share":"third"}')]);
  await load(head, "append", [edge("Owns", "p", "b")]);
});

Deno.test("stageLoad() edges need endpoints in the head or in the same file", async () => {
  const head = await contentOf(person("p"), film("a"));
  await load(head, "append", [
    edge("Directed", "q", "b"),
    edge("Directed", "p", "b"),
    person("q"),
    film("b"),
  ]);
  const missing = await refusal(
    head,
    "append",
    edge("Directed", "p", "a"),
    edge("Directed", "nobody", "nothing"),
  );
  assert.equal(missing.code, "constraint_violation");
  assert.match(missing.message, /^src 'nobody' not found in Person .*\(line 2\)$/);
  assert.match(
    (await refusal(head, "append", edge("Directed", "p", "p"))).message,
    /^dst 'p' not found in Film/,
  );
  assert.match(
    (await refusal(EMPTY, "append", edge("Directed", "p", "a"))).message,
    /^src 'p' not found in Person/,
  );
});

Deno.test("stageLoad() @card counts edges per source over head and file [graph-engine 21]", async () => {
  const head = await contentOf(
    person("p"),
    person("q"),
    film("a"),
    film("b"),
    film("c"),
    edge("Owns", "p", "a", '{"id":"e1"}'),
    edge("Owns", "p", "b", '{"id":"e2"}'),
    edge("Keeps", "p", "a", '{"id":"k1"}'),
  );
  assert.match(
    (await refusal(head, "append", edge("Owns", "p", "c"))).message,
    /@card violation on edge Owns: source 'p' has 3 edges \(max 2\)/,
  );
  // one edge id repeated counts once, replacing is not adding
  await load(head, "merge", [edge("Owns", "p", "c", '{"id":"e1"}'), edge("Owns", "p", "b", '{"id":"e1"}')]);
  assert.match(
    (await refusal(head, "merge", edge("Keeps", "q", "a", '{"id":"k1"}'))).message,
    /@card violation on edge Keeps: source 'p' has 0 edges \(min 1\)/,
  );
  assert.match(
    (await refusal(head, "overwrite", edge("Keeps", "q", "a", '{"id":"k2"}'))).message,
    /source 'p' has 0 edges \(min 1\)/,
  );
  // q never had an edge; p is dropped together with its edges
  await load(head, "append", [person("r")]);
  await load(head, "overwrite", [person("q"), edge("Keeps", "q", "a"), edge("Owns", "q", "a")]);
  // a bulk load into an empty graph
  const lines = [
    person("p"),
    film("a"),
    edge("Owns", "p", "a"),
    edge("Owns", "p", "a"),
    edge("Owns", "p", "a"),
  ];
  assert.match((await refusal(EMPTY, "overwrite", ...lines)).message, /source 'p' has 3 edges \(max 2\)/);
});

Deno.test("stageLoad() reports constraints in order: values, node uniqueness, edges", async () => {
  const value = film("v", '"year":1');
  const duplicates = [film("x", '"serial":"s"'), film("y", '"serial":"s"')];
  const orphan = edge("Directed", "nobody", "x");
  assert.match((await refusal(EMPTY, "merge", orphan, ...duplicates, value)).message, /@range violation/);
  assert.match((await refusal(EMPTY, "merge", orphan, ...duplicates)).message, /@unique violation/);
  assert.match((await refusal(EMPTY, "merge", orphan, film("x"))).message, /src 'nobody' not found/);
});

Deno.test("stageLoad() refuses external Blob URIs and takes managed bytes", async () => {
  const reel = (poster: string) => `{"type":"Reel","data":{"id":"r","poster":"${poster}"}}`;
  const error = await refusal(EMPTY, "append", reel("https://example.org/poster.png"));
  assert.match(error.message, /'https:\/\/example\.org\/poster\.png' of Reel\.poster is not allowed/);
  assert.equal(error.facts.status, 400);
  const { content } = await load(EMPTY, "append", [reel("base64:")]);
  assert.equal(content.get("node:Reel")!.get("r")!.get("poster"), "base64:");
});
