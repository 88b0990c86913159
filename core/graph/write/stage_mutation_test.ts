import assert from "node:assert/strict";
import { AppError } from "../../errors.ts";
import { compileQuery } from "../../query/compile.ts";
import { bindParams } from "../../query/params.ts";
import type { TypedMutation } from "../../query/typed.ts";
import {
  applied,
  catalogFrom,
  type Content,
  countingIds,
  memoryView,
} from "../../../tests/support/memory_view.ts";
import { parseBatch } from "./batch.ts";
import { stageLoad } from "./stage_load.ts";
import { isInsertOnly, stageMutation } from "./stage_mutation.ts";

const CATALOG = catalogFrom(`
  node Film {
    slug: String @key
    title: String?
    year: I32?
    views: I64?
    score: F32?
    exact: F64?
    stamped: DateTime?
    status: enum(lost, restored)?
    tags: [String]?
    vec: Vector(2)?
    poster: Blob?
    serial: String? @unique
    required: String
  }
  node Vault { site: String  bay: I32  note: String?  @key(site, bay) }
  node Note { text: String?  rank: I32? }
  edge Directed: Note -> Film { credit: String? }
  edge Linked: Note -> Note
  edge Keeps: Note -> Film @card(1..) {}
`);
const NEW_ID = countingIds();
const NOW_MS = 1_750_000_000_123;

function mutation(body: string, params = ""): TypedMutation {
  const query = compileQuery(CATALOG, { path: "test.gq", text: `query q(${params}) { ${body} }` });
  assert.ok(query.kind === "mutation");
  return query;
}

interface Result {
  readonly content: Content;
  readonly nodes: number;
  readonly edges: number;
  /** Whether there is something to commit. */
  readonly commits: boolean;
}

async function run(content: Content, body: string, params = "", raw: unknown = {}): Promise<Result> {
  const query = mutation(body, params);
  const bound = bindParams(query.params, raw);
  const env = { nowMs: NOW_MS, newId: NEW_ID };
  const staged = await stageMutation(memoryView(CATALOG, content), query, bound, env);
  return {
    content: staged.changes === null ? content : applied(CATALOG, content, staged.changes),
    nodes: staged.affectedNodes,
    edges: staged.affectedEdges,
    commits: staged.changes !== null,
  };
}

async function refusal(content: Content, body: string, params = "", raw: unknown = {}): Promise<AppError> {
  try {
    await run(content, body, params, raw);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new assert.AssertionError({ message: `accepted: ${body}` });
}

async function contentOf(...lines: string[]): Promise<Content> {
  const batch = parseBatch(CATALOG, new TextEncoder().encode(lines.join("\n")));
  const changes = await stageLoad(memoryView(CATALOG), batch, "overwrite", NEW_ID);
  return applied(CATALOG, new Map(), changes);
}

function film(slug: string, members = ""): string {
  return `{"type":"Film","data":{"slug":"${slug}","required":"r"${members === "" ? "" : `,${members}`}}}`;
}
function note(id: string, members = '"text":null'): string {
  return `{"type":"Note","data":{"id":"${id}",${members}}}`;
}
function edge(type: string, id: string, from: string, to: string): string {
  return `{"edge":"${type}","from":"${from}","to":"${to}","data":{"id":"${id}"}}`;
}
function row(content: Content, key: string, id: string) {
  return Object.fromEntries(content.get(key)!.get(id)!);
}
function ids(content: Content, key: string): string[] {
  return [...(content.get(key) ?? new Map()).keys()];
}

Deno.test("insert of an existing key replaces the whole row and counts 1 [graph-engine 15, query-language 29]", async () => {
  const first = await run(
    new Map(),
    'insert Film { slug: "a", required: "r", title: "Harbour", year: 1931 }',
  );
  const second = await run(first.content, 'insert Film { slug: "a", required: "s", year: 1932 }');
  assert.deepEqual([second.nodes, second.edges], [1, 0]);
  assert.deepEqual(ids(second.content, "node:Film"), ["a"]);
  assert.equal(row(second.content, "node:Film", "a")["title"], null);
  assert.equal(row(second.content, "node:Film", "a")["year"], 1932);
  const third = await run(second.content, 'insert Film { slug: "a", required: "s", year: 1932 }');
  assert.equal(third.commits, true);
});

Deno.test("inserts of one key in one mutation coalesce, the last wins, each counts", async () => {
  const { content, nodes } = await run(
    new Map(),
    'insert Film { slug: "a", required: "1" } insert Film { slug: "b", required: "x" } insert Film { slug: "a", required: "2" }',
  );
  assert.equal(nodes, 3);
  assert.deepEqual(ids(content, "node:Film"), ["a", "b"]);
  assert.equal(row(content, "node:Film", "a")["required"], "2");
});

Deno.test("insert of an unkeyed node makes a new one every time; composite keys derive array ids", async () => {
  const once = await run(new Map(), 'insert Note { text: "x" } insert Note { text: "x" }');
  assert.equal(ids(once.content, "node:Note").length, 2);
  const vault = await run(new Map(), 'insert Vault { site: "Rome", bay: 4 }');
  assert.deepEqual(ids(vault.content, "node:Vault"), ['["4","Rome"]']);
});

Deno.test("an edge inserted twice is two edges [graph-engine 15]", async () => {
  const head = await contentOf(note("n"), film("a"));
  const { content, edges, nodes } = await run(
    head,
    'insert Directed { from: "n", to: "a" } insert Directed { from: "n", to: "a", credit: "sole" }',
  );
  assert.deepEqual([nodes, edges], [0, 2]);
  assert.equal(ids(content, "edge:Directed").length, 2);
});

Deno.test("a node and an edge to it in one mutation, in any order; a failing statement leaves nothing [query-language 30]", async () => {
  const head = await contentOf(note("n"));
  const { content } = await run(
    head,
    'insert Directed { from: "n", to: "a" } insert Film { slug: "a", required: "r" }',
  );
  assert.equal(content.get("edge:Directed")!.size, 1);
  const error = await refusal(
    head,
    'insert Film { slug: "a", required: "r" } insert Directed { from: "n", to: "b" }',
  );
  assert.equal(error.code, "constraint_violation");
  assert.match(error.message, /dst 'b' not found in Film/);
});

Deno.test("updates read what earlier statements wrote; a freed unique value is reusable [graph-engine 18, query-language 31]", async () => {
  const head = await contentOf(film("a", '"serial":"s1","year":1'), film("b", '"year":2'));
  const { content, nodes } = await run(
    head,
    'update Film set { serial: "s2", year: 7 } where slug = "a" ' +
      'update Film set { serial: "s1" } where slug = "b" ' +
      'update Film set { title: "seven" } where year = 7 ' +
      'update Film set { title: "one" } where year = 1',
  );
  assert.equal(nodes, 3);
  assert.equal(row(content, "node:Film", "a")["title"], "seven");
  assert.equal(row(content, "node:Film", "a")["serial"], "s2");
  assert.equal(row(content, "node:Film", "b")["serial"], "s1");
  const fresh = await run(
    head,
    'insert Film { slug: "c", required: "r", year: 9 } update Film set { title: "t" } where year > 1',
  );
  assert.equal(fresh.nodes, 3);
  assert.equal(row(fresh.content, "node:Film", "c")["title"], "t");
  assert.match(
    (await refusal(head, 'update Film set { serial: "s1" } where slug = "b"')).message,
    /@unique violation on Film\.serial: value 's1' held by 'a' and 'b'/,
  );
});

Deno.test("updates of unkeyed nodes keep their ids over several statements", async () => {
  const head = await contentOf(note("n", '"rank":1'), note("m", '"rank":2'));
  const { content, nodes } = await run(
    head,
    'update Note set { rank: 5 } where rank >= 1 update Note set { text: "five" } where rank = 5',
  );
  assert.equal(nodes, 4);
  assert.deepEqual(ids(content, "node:Note"), ["n", "m"]);
  assert.equal(row(content, "node:Note", "m")["text"], "five");
});

Deno.test("an update without a match commits nothing [graph-engine 19, query-language 34]", async () => {
  const head = await contentOf(film("a", '"year":1'));
  for (const where of ['slug = "z"', "year > 5", 'title != "x"', "year = $none"]) {
    const result = await run(head, `update Film set { title: "t" } where ${where}`, "$none: I32?");
    assert.deepEqual([result.nodes, result.edges, result.commits], [0, 0, false], where);
  }
  const same = await run(head, "update Film set { year: 1 } where year = 1");
  assert.deepEqual([same.nodes, same.commits], [1, true]);
});

Deno.test("predicates compare exactly and never match null [query-language 14, 16]", async () => {
  const head = await contentOf(
    film("a", '"year":2,"views":9007199254740993,"score":0.1,"exact":0.5,"title":"\\ue000"'),
    film("b", '"title":"\\ud83d\\ude00"'),
  );
  const matches = async (where: string, params = "", raw: unknown = {}) =>
    (await run(head, `update Film set { required: "t" } where ${where}`, params, raw)).nodes;
  assert.equal(await matches("year = 2.0"), 1);
  assert.equal(await matches("year = 2.7"), 0);
  assert.equal(await matches("year < 2.7"), 1);
  assert.equal(await matches("year != 2.7"), 1);
  assert.equal(await matches("score = 0.1"), 1);
  assert.equal(await matches("exact = 0.5"), 1);
  assert.equal(await matches("views = $v", "$v: I64", { v: "9007199254740993" }), 1);
  assert.equal(await matches("views = $v", "$v: F64", { v: 9007199254740992 }), 0);
  assert.equal(await matches("views > $v", "$v: F64", { v: 9007199254740992 }), 1);
  assert.equal(await matches("year != 5"), 1);
  // U+E000 sorts before U+1F600, although its UTF-16 unit is greater
  assert.equal(await matches('title < "\u{1f600}"'), 1);
  assert.equal(await matches('title >= "\ue000"'), 2);
  assert.equal(await matches("year >= $y", "$y: I32?"), 0);
});

Deno.test("null parameters set null, and are refused for required properties by name", async () => {
  const head = await contentOf(film("a", '"title":"x"'));
  const cleared = await run(head, 'update Film set { title: $t } where slug = "a"', "$t: String?");
  assert.equal(row(cleared.content, "node:Film", "a")["title"], null);
  assert.match(
    (await refusal(head, 'update Film set { required: $t } where slug = "a"', "$t: String?")).message,
    /non-nullable property 'required'/,
  );
  assert.match(
    (await refusal(head, 'insert Film { slug: "b", required: $t }', "$t: String?")).message,
    /non-nullable property 'required'/,
  );
  assert.match(
    (await refusal(head, 'insert Film { slug: $t, required: "r" }', "$t: String?")).message,
    /insert missing @key property 'slug'/,
  );
  assert.match(
    (await refusal(head, 'insert Directed { from: $t, to: "a" }', "$t: String?")).message,
    /missing required edge endpoint 'from'/,
  );
});

Deno.test("values are converted to the property's type, out of range is refused", async () => {
  const { content } = await run(
    new Map(),
    "insert Film { slug: $s, required: $s, year: $n, views: $n, score: $n, exact: $n, stamped: now(), tags: $l, vec: $v, poster: $s }",
    "$s: String, $n: I64, $l: [String], $v: Vector(2)",
    { s: "base64:", n: 7, l: ["x"], v: [1, 2] },
  );
  const stored = row(content, "node:Film", "base64:");
  assert.deepEqual([stored["year"], stored["views"], stored["score"], stored["exact"]], [7, 7n, 7, 7]);
  assert.equal(stored["stamped"], NOW_MS);
  assert.deepEqual(stored["tags"], ["x"]);
  assert.deepEqual(stored["vec"], new Float32Array([1, 2]));
  const set = (value: string, params = "", raw: unknown = {}) =>
    refusal(content, `update Film set { ${value} } where slug = "base64:"`, params, raw);
  assert.match(
    (await set("year: $n", "$n: I64", { n: 2147483648 })).message,
    /property 'year'.*exceeds Int32 range/,
  );
  assert.match(
    (await set("year: $f", "$f: F64", { f: 1.5 })).message,
    /property 'year' expects Int32, got number 1\.5/,
  );
  assert.match(
    (await set("score: $f", "$f: F64", { f: 1e39 })).message,
    /property 'score'.*exceeds Float32 range/,
  );
  assert.match(
    (await set("status: $s", "$s: String", { s: "burnt" })).message,
    /invalid enum value 'burnt' for Film\.status/,
  );
  assert.match((await set("poster: $s", "$s: String", { s: "base64:a" })).message, /bad base64/);
  assert.match((await set("poster: $s", "$s: String", { s: "s3://x/y" })).message, /is not allowed/);
});

Deno.test("now() is one instant of the request [query-language 39]", async () => {
  const { content } = await run(
    new Map(),
    'insert Film { slug: "a", required: "r", stamped: now() } update Film set { title: "same" } where stamped = now()',
  );
  assert.equal(row(content, "node:Film", "a")["title"], "same");
});

Deno.test("a node delete takes the edges of every type in both directions; overlaps count once [graph-engine 17, query-language 32]", async () => {
  const head = await contentOf(
    note("n"),
    note("m", '"rank":1'),
    film("a"),
    edge("Directed", "d1", "n", "a"),
    edge("Linked", "l1", "n", "m"),
    edge("Linked", "l2", "m", "n"),
    edge("Linked", "l3", "m", "m"),
    edge("Directed", "d2", "m", "a"),
  );
  const { content, nodes, edges } = await run(
    head,
    'delete Note where rank = 1 delete Note where rank <= 1 delete Directed where from = "m"',
  );
  assert.deepEqual([nodes, edges], [1, 4]);
  assert.deepEqual(ids(content, "node:Note"), ["n"]);
  assert.deepEqual(ids(content, "edge:Linked"), []);
  assert.deepEqual(ids(content, "edge:Directed"), ["d1"]);
  const target = await run(head, 'delete Film where slug = "a"');
  assert.deepEqual([target.nodes, target.edges], [1, 2]);
  const nothing = await run(head, 'delete Film where slug = "zz" delete Note where text = "x"');
  assert.deepEqual([nothing.nodes, nothing.edges, nothing.commits], [0, 0, false]);
});

Deno.test("edges are deleted by endpoint and by property", async () => {
  const head = await contentOf(
    note("n"),
    note("m"),
    film("a"),
    film("b"),
    edge("Directed", "d1", "n", "a"),
    edge("Directed", "d2", "m", "a"),
    edge("Directed", "d3", "n", "b"),
  );
  const left = async (where: string) =>
    ids((await run(head, `delete Directed where ${where}`)).content, "edge:Directed");
  assert.deepEqual(await left('from = "n"'), ["d2"]);
  assert.deepEqual(await left('to = "a"'), ["d3"]);
  assert.deepEqual(await left('from != "n"'), ["d1", "d3"]);
  assert.deepEqual(await left('credit != "x"'), ["d1", "d2", "d3"]);
});

Deno.test("schema-language 23: under @card(1..) the last edge of a node cannot go, the node can [graph-engine 21]", async () => {
  const head = await contentOf(note("n"), note("m"), film("a"), edge("Keeps", "k", "n", "a"));
  assert.match(
    (await refusal(head, 'delete Keeps where from = "n"')).message,
    /@card violation on edge Keeps: source 'n' has 0 edges \(min 1\)/,
  );
  assert.match((await refusal(head, 'delete Film where slug = "a"')).message, /source 'n' has 0 edges/);
  const withRank = await run(head, "update Note set { rank: 1 } where text = $t", "$t: String?");
  assert.equal(withRank.commits, false);
  const ranked = await contentOf(note("n", '"rank":1'), film("a"), edge("Keeps", "k", "n", "a"));
  assert.deepEqual(ids((await run(ranked, "delete Note where rank = 1")).content, "edge:Keeps"), []);
});

Deno.test("a mutation takes 8,192 images of one type, update matches included, and no more", async () => {
  const lines = Array.from({ length: 4096 }, (_, i) => note(`n${i}`, `"rank":${i % 2}`));
  const head = await contentOf(...lines);
  const twice = "update Note set { text: $t } where rank >= 0 update Note set { text: $t } where rank >= 0";
  assert.equal((await run(head, twice, "$t: String", { t: "x" })).nodes, 8192);
  const error = await refusal(head, `${twice} insert Note { text: $t }`, "$t: String", { t: "x" });
  assert.equal(error.code, "resource_limit");
  assert.deepEqual(error.detail.resource_limit, {
    resource: "keyed entities for node:Note",
    limit: 8192,
    actual: 8193,
  });
});

Deno.test("a mutation takes 32 MiB of one type, superseded images included", async () => {
  const big = "x".repeat(12 << 20);
  const three = Array.from({ length: 3 }, () => 'insert Film { slug: "a", required: $t }').join(" ");
  const error = await refusal(new Map(), three, "$t: String", { t: big });
  assert.equal(error.detail.resource_limit?.resource, "keyed entity bytes for node:Film");
});

Deno.test("the language refuses key updates, edge updates and mixed bodies [graph-engine 16, 19, query-language 33]", () => {
  assert.throws(
    () => mutation('update Film set { slug: "b" } where slug = "a"'),
    /cannot update @key property 'slug'/,
  );
  assert.throws(() => mutation('update Directed set { credit: "b" } where credit = "a"'), /T16/);
  assert.throws(
    () => mutation('insert Note { text: "x" } delete Note where text = "x"'),
    /mixes inserts\/updates and deletes/,
  );
});

Deno.test("isInsertOnly() tells what may be done again after a lost race", () => {
  assert.equal(
    isInsertOnly(mutation('insert Note { text: "x" } insert Linked { from: "a", to: "b" }')),
    true,
  );
  assert.equal(
    isInsertOnly(mutation('insert Note { text: "x" } update Note set { rank: 1 } where text = "x"')),
    false,
  );
  assert.equal(isInsertOnly(mutation('delete Note where text = "x"')), false);
});
