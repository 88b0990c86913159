import assert from "node:assert/strict";
import { bindParams } from "../../query/params.ts";
import { compileRead } from "../../../tests/support/answers.ts";
import { layeredState } from "../../../tests/support/layered_graph.ts";
import { createMemoryTables } from "../../../tests/support/memory_tables.ts";
import { catalogFrom } from "../../../tests/support/memory_view.ts";
import { naiveGraph } from "../../../tests/support/naive_graph.ts";
import { AppError } from "../../errors.ts";
import { runRead } from "./execute.ts";
import { createTableCache } from "./table_cache.ts";

const SCHEMA = `
  node Doc { slug: String @key  title: String?  big: U64?  small: U32?  vec: Vector(2)?  tags: [I64]? }
  node Site { bay: I32  name: String  open: Bool  @key(name, bay) }
  node Note { at: DateTime @key  text: String @index }
  edge Cites: Doc -> Doc { page: I32? }
  edge StoredAt: Doc -> Site
`;
const CATALOG = catalogFrom(SCHEMA);

type Data = readonly Readonly<Record<string, unknown>>[];

/** A node record. */
function node(type: string, data: Readonly<Record<string, unknown>>) {
  return { type, data };
}

function doc(slug: string, data: Readonly<Record<string, unknown>> = {}) {
  return node("Doc", { slug, ...data });
}

function cites(from: string, to: string, id = `${from}-${to}`) {
  return { edge: "Cites", from, to, data: { id } };
}

/** The rows of a query body over some records, with the rows in pins and once more in deltas. */
async function rowsOf(data: Data, text: string, params: Readonly<Record<string, unknown>> = {}) {
  const graph = naiveGraph(CATALOG, data.map((record) => JSON.stringify(record)).join("\n"));
  const query = compileRead(CATALOG, `query q${text}`);
  const answers: unknown[] = [];
  for (const layout of ["plain", () => 5] as const) {
    const tables = createMemoryTables();
    const view = createTableCache({ tables }).view(await layeredState(tables, CATALOG, graph, layout));
    const rows = await runRead(query, bindParams(query.params, params), view, Date.UTC(2024, 4, 1));
    answers.push(JSON.parse(rows.toJsonText()));
  }
  assert.deepEqual(answers[0], answers[1], "pins and deltas give the same answer");
  return answers[0] as readonly Readonly<Record<string, unknown>>[];
}

/** The values of the only column. */
async function column(data: Data, text: string, params: Readonly<Record<string, unknown>> = {}) {
  return (await rowsOf(data, text, params)).map((row) => Object.values(row)[0]);
}

Deno.test("a composite key is looked up, also with parameters of another number type", async () => {
  const sites = [1, 2].map((bay) => node("Site", { name: "Rome", bay, open: true }));
  const query = `($bay: I64) { match { $s: Site { name: "Rome", bay: $bay } } return { $s } }`;
  assert.deepEqual(await column(sites, query, { bay: 2 }), ['["2","Rome"]']);
  assert.deepEqual(await column(sites, query, { bay: "9007199254740993" }), []);
});

Deno.test("a key is looked up by an instant, and 2.5 is the key of nothing", async () => {
  const notes = [node("Note", { at: "2024-05-01T08:00:00Z", text: "x" })];
  const at = `() { match { $n: Note { at: datetime("2024-05-01T10:00:00+02:00") } } return { $n.text } }`;
  assert.deepEqual(await column(notes, at), ["x"]);
  const sites = [node("Site", { name: "Rome", bay: 2, open: true })];
  const none = `() { match { $s: Site { name: "Rome" } $s.bay = 2.5 } return { $s } }`;
  assert.deepEqual(await column(sites, none), []);
});

Deno.test("two different keys for one variable match nothing", async () => {
  const query = `() { match { $d: Doc { slug: "a" } $d.slug = "b" } return { $d } }`;
  assert.deepEqual(await column([doc("a"), doc("b")], query), []);
});

Deno.test("an indexed property is looked up; unlike values and null are not found", async () => {
  const notes = ["x", "y", "x"].map((text, i) => node("Note", { at: i, text }));
  const query = `($t: String?) { match { $n: Note { text: $t } } return { $n } order { $n.at } }`;
  assert.deepEqual(await column(notes, query, { t: "x" }), ["0", "2"]);
  assert.deepEqual(await column(notes, query, { t: "z" }), []);
  assert.deepEqual(await column(notes, query), []);
});

Deno.test("unsigned 64-bit integers above 2^63 compare and sort as large numbers", async () => {
  const docs = [
    ["a", 1],
    ["b", 2],
    ["c", 3],
  ].map(([slug, n]) => doc(slug as string, { small: n }));
  const text = JSON.stringify(docs[0]).replace('"small":1', '"big":18446744073709551615');
  const graph = naiveGraph(CATALOG, [text, ...docs.slice(1).map((one) => JSON.stringify(one))].join("\n"));
  const tables = createMemoryTables();
  const view = createTableCache({ tables }).view(await layeredState(tables, CATALOG, graph, "plain"));
  const ask = async (body: string) => {
    const query = compileRead(CATALOG, `query q() ${body}`);
    return (await runRead(query, new Map(), view, 0)).toJsonText();
  };
  assert.equal(
    await ask(`{ match { $d: Doc $d.big > 9223372036854775807 } return { $d.big } }`),
    '[{"d.big":18446744073709551615}]',
  );
  assert.equal(
    await ask(`{ match { $d: Doc } return { $d.big, max($d.big) as top } order { top desc } limit 1 }`),
    '[{"d.big":18446744073709551615,"top":18446744073709551615}]',
  );
  assert.equal(
    await ask(`{ match { $d: Doc $d.small >= 2 } return { $d.small } order { $d.small desc } }`),
    '[{"d.small":3},{"d.small":2}]',
  );
});

Deno.test("unconnected parts with their own traversals multiply, filters over both apply", async () => {
  const data = [doc("a"), doc("b"), doc("c"), cites("a", "b"), cites("b", "c"), cites("a", "c")];
  const query = `() { match { $x cites $y  $u cites $v  $x.slug < $u.slug } return { $x, $y, $u, $v }
    order { $x.slug, $y.slug, $u.slug, $v.slug } }`;
  assert.deepEqual((await rowsOf(data, query)).map((row) => Object.values(row).join("")), ["abbc", "acbc"]);
});

Deno.test("a constant filter keeps everything or nothing", async () => {
  const data = [doc("a"), doc("b")];
  assert.deepEqual(await column(data, `($n: I64) { match { $d: Doc 3 > $n } return { $d } }`, { n: 2 }), [
    "a",
    "b",
  ]);
  assert.deepEqual(await column(data, `($n: I64) { match { $d: Doc 3 > $n } return { $d } }`, { n: 3 }), []);
});

Deno.test("a positional operand may be a constant on the left", async () => {
  const data = [doc("ab"), doc("cd")];
  assert.deepEqual(await column(data, `() { match { $d: Doc "xaby" contains $d.slug } return { $d } }`), [
    "ab",
  ]);
  assert.deepEqual(await column(data, `() { match { $d: Doc "cdx" starts_with $d.slug } return { $d } }`), [
    "cd",
  ]);
  assert.deepEqual(await column(data, `() { match { $d: Doc "b" > $d.slug } return { $d } }`), ["ab"]);
});

Deno.test("an order over more rows than the buffer holds keeps exactly the best, ties by id", async () => {
  const docs = Array.from(
    { length: 3000 },
    (_, i) => doc(`d${String(i).padStart(4, "0")}`, { small: (i * 7) % 50 }),
  );
  const query = (order: string) => `() { match { $d: Doc } return { $d } order { ${order} } limit 5 }`;
  const expected = (sign: number) =>
    docs.toSorted((a, b) =>
      sign * ((a.data.small as number) - (b.data.small as number)) ||
      (String(a.data.slug) < String(b.data.slug) ? -1 : 1)
    )
      .slice(0, 5).map(({ data }) => data.slug);
  assert.deepEqual(await column(docs, query("$d.small")), expected(1));
  assert.deepEqual(await column(docs, query("$d.small desc")), expected(-1));
  assert.deepEqual(await column(docs, query("$d.slug desc")), ["d2999", "d2998", "d2997", "d2996", "d2995"]);
});

Deno.test("more groups than fit a small table, by two keys", async () => {
  const docs = Array.from(
    { length: 20_000 },
    (_, i) => doc(`d${i}`, { small: i % 200, title: `t${i % 300}` }),
  );
  const query =
    `() { match { $d: Doc } return { $d.small, $d.title, count($d) as n } order { n desc } limit 2 }`;
  const rows = await rowsOf(docs, query);
  assert.deepEqual(rows[0], { "d.small": 0, "d.title": "t0", n: 34 });
  const all = await rowsOf(docs, `() { match { $d: Doc } return { $d.small, $d.title, count($d) as n } }`);
  assert.equal(all.length, 600);
  assert.equal(all.reduce((sum, row) => sum + (row.n as number), 0), 20_000);
});

Deno.test("query-language 27: search works on a variable bound by traversal, and two searches intersect", async () => {
  const data = [
    doc("a"),
    doc("b", { title: "An Introduction to running" }),
    doc("c", { title: "Introductions" }),
    doc("d"),
    cites("a", "b"),
    cites("a", "c"),
    cites("a", "d"),
  ];
  const one = `($q: String) { match { $x cites $y  search($y.title, $q) } return { $y } order { $y.slug } }`;
  assert.deepEqual(await column(data, one, { q: "introduction" }), ["b", "c"]);
  assert.deepEqual(await column(data, one, { q: "the" }), []);
  const two =
    `() { match { $d: Doc match_text($d.title, "run") search($d.title, "introduction") = true } return { $d } }`;
  assert.deepEqual(await column(data, two), ["b"]);
  const shown =
    `() { match { $d: Doc } return { $d, search($d.title, "runs") as hit } order { hit desc, $d.slug } }`;
  assert.deepEqual((await rowsOf(data, shown)).map((row) => [row.d, row.hit]), [
    ["b", true],
    ["a", false],
    ["c", false],
    ["d", false],
  ]);
});

Deno.test("query-language 28: fuzzy finds what is a few edits away", async () => {
  const data = [doc("a", { title: "Introduction" }), doc("b", { title: "Other" })];
  assert.deepEqual(
    await column(data, `() { match { $d: Doc fuzzy($d.title, "Introductio") } return { $d } }`),
    ["a"],
  );
  assert.deepEqual(
    await column(data, `() { match { $d: Doc fuzzy($d.title, "othr", 0) } return { $d } }`),
    [],
  );
});

const VECTORS: Data = [
  doc("a", { vec: [1, 0], title: "red red" }),
  doc("b", { vec: [0.9, 0.1], title: "red" }),
  doc("c", { vec: [0, 1], title: "blue thing" }),
  doc("d", { vec: [-1, 0], title: "blue" }),
  doc("e"),
  doc("z", { vec: [0, 0] }),
];

Deno.test("nearest ranks the matching set, drops null vectors and puts zero vectors last", async () => {
  const all = `($v: Vector(2)) { match { $d: Doc } return { $d } order { nearest($d.vec, $v) } limit 10 }`;
  assert.deepEqual(await column(VECTORS, all, { v: [1, 0] }), ["a", "b", "c", "d", "z"]);
  const filtered = `($v: Vector(2)) { match { $d: Doc $d.title contains "blue" } return { $d }
    order { nearest($d.vec, $v) } limit 3 }`;
  assert.deepEqual(await column(VECTORS, filtered, { v: [1, 0] }), ["c", "d"]);
  const value = `() { match { $d: Doc { slug: "c" } } return { nearest($d.vec, [1.0, 0.0]) as distance } }`;
  assert.deepEqual(await column(VECTORS, value), [1]);
});

Deno.test("query-language 24: nearest keeps its order under fan-out, parallel edges by edge id", async () => {
  const edges = ["c-a-e2", "c-a-e1", "b-c-e3"].map((text, page) => {
    const [from, to, id] = text.split("-");
    return { edge: "Cites", from, to, data: { id, page } };
  });
  const data = [...VECTORS, ...edges];
  const query =
    `() { match { $x $w:cites $y } return { $x, $y, $w.page } order { nearest($x.vec, [1.0, 0.0]) } limit 9 }`;
  assert.deepEqual((await rowsOf(data, query)).map((row) => `${row.x}${row.y}${row["w.page"]}`), [
    "bc2",
    "ca1",
    "ca0",
  ]);
});

Deno.test("a zero query vector and text for nearest are refused with the reason", async () => {
  const zero = `() { match { $d: Doc } return { $d } order { nearest($d.vec, [0.0, 0.0]) } limit 1 }`;
  await assert.rejects(rowsOf(VECTORS, zero), { code: "invalid_input", message: /zero/ });
  const text = `() { match { $d: Doc } return { $d } order { nearest($d.vec, "red") } limit 1 }`;
  await assert.rejects(rowsOf(VECTORS, text), { code: "unsupported", message: /nearest/ });
});

Deno.test("bm25 ranks by relevance and drops rows without a common token; its alias only sorts", async () => {
  const ranked = `() { match { $d: Doc } return { $d } order { bm25($d.title, "red thing") } }`;
  assert.deepEqual(await column(VECTORS, ranked), ["c", "a", "b"]);
  const aliased =
    `() { match { $d: Doc } return { $d, bm25($d.title, "red thing") as score } order { score, $d.slug } }`;
  const rows = await rowsOf(VECTORS, aliased);
  assert.deepEqual(rows.map((row) => row.d), ["d", "e", "z", "b", "a", "c"]);
  assert.deepEqual(rows.slice(0, 3).map((row) => row.score), [0, 0, 0]);
});

Deno.test("rrf adds the reciprocal ranks of both arms; beyond the top of a nearest arm there is nothing", async () => {
  const query = (limit: number) =>
    `() { match { $d: Doc } return { $d, rrf(nearest($d.vec, [1.0, 0.0]), bm25($d.title, "red")) as score }
      order { rrf(nearest($d.vec, [1.0, 0.0]), bm25($d.title, "red")) } limit ${limit} }`;
  const two = await rowsOf(VECTORS, query(2));
  assert.deepEqual(two.map((row) => row.d), ["a", "b"]);
  assert.equal(two[0]!.score, 1 / 61 + 1 / 61);
  const one = await rowsOf(VECTORS, query(1));
  assert.deepEqual(one.map((row) => [row.d, row.score]), [["a", 1 / 61 + 1 / 61]]);
});

Deno.test("a plan is used again for other parameters and other commits", async () => {
  const query = compileRead(
    CATALOG,
    `query q($s: String) { match { $d: Doc { slug: $s } } return { $d.title } }`,
  );
  for (const [title, slug, expected] of [["x", "a", ["x"]], ["y", "a", ["y"]], ["y", "b", []]] as const) {
    const tables = createMemoryTables();
    const graph = naiveGraph(CATALOG, JSON.stringify(doc("a", { title })));
    const view = createTableCache({ tables }).view(await layeredState(tables, CATALOG, graph, "plain"));
    const rows = await runRead(query, new Map([["s", slug]]), view, 0);
    assert.deepEqual(Array.from({ length: rows.length }, (_, row) => rows.cell(row, 0)), expected);
  }
});

Deno.test("a result stays what it was when later commits are applied to its tables", async () => {
  const tables = createMemoryTables();
  const cache = createTableCache({ tables });
  const graph = naiveGraph(CATALOG, JSON.stringify(doc("a", { title: "old" })));
  const before = await layeredState(tables, CATALOG, graph, () => 5);
  const query = compileRead(CATALOG, `query q() { match { $d: Doc } return { $d.title } }`);
  const rows = await runRead(query, new Map(), cache.view(before), 0);
  const docs = before.tables.get("node:Doc")!;
  const [last] = docs.deltas;
  const changed = { ...docs, deltas: [...docs.deltas, { commitId: "gone", upserts: null, deletes: ["a"] }] };
  const after = { ...before, tables: new Map([...before.tables, ["node:Doc", changed]]) };
  assert.equal((await runRead(query, new Map(), cache.view(after), 0)).length, 0);
  assert.notEqual(last, undefined);
  assert.equal(rows.toJsonText(), '[{"d.title":"old"}]');
});

Deno.test("parts tied by an equation of two properties join by value, across number types and with nulls", async () => {
  const sites = [1, 2].map((bay) => node("Site", { name: `s${bay}`, bay, open: true }));
  const docs = [["a", 1], ["b", 2], ["c", 2], ["d", 3], ["e", null]].map(([slug, small]) =>
    doc(slug as string, { small })
  );
  const query =
    `() { match { $d: Doc $s: Site $d.small = $s.bay } return { $d, $s.name } order { $d.slug } }`;
  const rows = await rowsOf([...sites, ...docs], query);
  assert.deepEqual(rows.map((row) => `${row.d}${row["s.name"]}`), ["as1", "bs2", "cs2"]);
  const none = `() { match { $d: Doc not { $s: Site $d.small = $s.bay } } return { $d } order { $d.slug } }`;
  assert.deepEqual(await column([...sites, ...docs], none), ["d", "e"]);
});

Deno.test("an equation over large tables does not try all pairs", async () => {
  const docs = Array.from({ length: 20_000 }, (_, i) => doc(`d${i}`, { title: `t${i % 10_000}` }));
  const query = `() { match { $x: Doc $y: Doc $x.title = $y.title } return { count($y) as pairs } }`;
  assert.deepEqual(await column(docs, query), [40_000]);
});

Deno.test("a read that makes too many combinations is stopped, whatever makes them", async () => {
  const slugs = Array.from({ length: 40 }, (_, i) => `d-${i}`);
  const data = [
    ...slugs.map((slug) => doc(slug, { title: "same" })),
    ...slugs.map((slug) => cites("d-0", slug)),
  ];
  const graph = naiveGraph(CATALOG, data.map((record) => JSON.stringify(record)).join("\n"));
  const tables = createMemoryTables();
  const view = createTableCache({ tables }).view(await layeredState(tables, CATALOG, graph, "plain"));
  for (
    const body of [
      "$a: Doc $b: Doc",
      "$a: Doc $b: Doc $a.title = $b.title",
      "$a: Doc $a cites $b $b <cites> $c",
      "$a: Doc $a <cites>{1,2} $b",
      "$a: Doc $a cites $b $a $e:cites $b $a $f:cites $b",
    ]
  ) {
    const query = compileRead(CATALOG, `query q() { match { ${body} } return { count($a) as n } }`);
    const run = (bindingsMax: number) => runRead(query, new Map(), view, 0, bindingsMax);
    await assert.rejects(
      run(50),
      (error) => error instanceof AppError && error.detail.resource_limit?.resource === "read_bindings",
      body,
    );
    assert.equal((await run(100_000)).length, 1, "and the plan works again afterwards");
  }
});
