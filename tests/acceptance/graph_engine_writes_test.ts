/** Checklist lines 4 to 21 of the graph engine, through a whole embedded graph: what writes do and what they refuse. */
import assert from "node:assert/strict";
import { KEYED_ENTITIES_MAX } from "../../core/base/limits.ts";
import { type AppError, ERRORS } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { LoadMode } from "../../core/graph/graph.ts";
import { createFilmWorld, rejection } from "../support/embedded_graphs.ts";

const SCHEMA = `node Film {
  slug: String @key
  title: String
  year: I32?
  status: enum(planned, restored, lost)?
  shot: Date? @unique
  code: String?
  region: String?
  @unique(code, region)
}

node Person {
  slug: String @key
  name: String?
}

node Studio {
  slug: String @key
}

node Counter {
  size: U64 @key
}

node Screening {
  cinema: String
  hall: I32
  @key(cinema, hall)
}

node Note {
  text: String
}

edge Directed: Person -> Film {
  credit: String?
}

edge Produced: Studio -> Film @card(1..2) {}

edge Praises: Note -> Person {}
`;

async function openWorld(): Promise<EmbeddedGraph> {
  const world = await createFilmWorld(SCHEMA);
  return await world.open();
}

function text(graph: EmbeddedGraph, data: string, mode: LoadMode = "merge") {
  return graph.load({ data: new TextEncoder().encode(data), mode });
}

function load(graph: EmbeddedGraph, lines: readonly unknown[], mode: LoadMode = "merge") {
  return text(graph, lines.map((line) => JSON.stringify(line)).join("\n"), mode);
}

function film(slug: string, more: Record<string, unknown> = {}): unknown {
  return { type: "Film", data: { slug, title: slug, ...more } };
}

function person(slug: string): unknown {
  return { type: "Person", data: { slug } };
}

function edge(name: string, from: string, to: string, data: Record<string, unknown> = {}): unknown {
  return { edge: name, from, to, data };
}

function mutate(graph: EmbeddedGraph, body: string, params?: unknown) {
  return graph.mutate({ source: `query write() { ${body} }`, params });
}

async function rows(graph: EmbeddedGraph, body: string): Promise<Record<string, unknown>[]> {
  const { rows } = await graph.query({ source: `query read() { ${body} }` });
  return JSON.parse(rows.toJsonText());
}

async function slugs(graph: EmbeddedGraph, type = "Film"): Promise<unknown[]> {
  const found = await rows(graph, `match { $x: ${type} } return { $x.slug as slug } order { $x.slug }`);
  return found.map(({ slug }) => slug);
}

async function headOf(graph: EmbeddedGraph): Promise<string> {
  return (await graph.commits()).commits[0]!.graph_commit_id;
}

/** Asserts that a write is refused with a code and a message, and that the head stays where it was. */
async function refused(
  graph: EmbeddedGraph,
  write: () => Promise<unknown>,
  code: string,
  message: string | RegExp,
): Promise<AppError> {
  const before = await headOf(graph);
  const error = await rejection(write());
  assert.equal(error.code, code, error.message);
  if (typeof message === "string") assert.ok(error.message.includes(message), `${error.message}\n${message}`);
  else assert.match(error.message, message);
  assert.equal(await headOf(graph), before, "the head did not move");
  return error;
}

Deno.test("4: edges before their nodes, blank lines and CRLF load", async () => {
  const graph = await openWorld();
  const lines = [
    JSON.stringify(edge("directed", "ines-vidal", "harbour-1931", { credit: "sole" })),
    "",
    "  \t ",
    JSON.stringify(film("harbour-1931")),
    JSON.stringify(person("ines-vidal")),
  ];
  const output = await text(graph, lines.join("\r\n") + "\r\n\r\n");
  assert.equal(output.total_entities, 3);
  assert.deepEqual(output.nodes, [{ name: "Film", entities_loaded: 1 }, {
    name: "Person",
    entities_loaded: 1,
  }]);
  assert.deepEqual(output.edges, [{ name: "Directed", entities_loaded: 1 }]);
  assert.deepEqual(await rows(graph, "match { $p: Person $p directed $f } return { $f.slug as slug }"), [
    { slug: "harbour-1931" },
  ]);
});

Deno.test("5: each row of the rejection table is 400 with its fragment and line, and moves no head", async () => {
  const graph = await openWorld();
  await load(graph, [film("first")]);
  const table: readonly (readonly [line: string, fragment: string])[] = [
    ["{", "invalid strict JSON at line 3"],
    ["{} {}", "invalid strict JSON at line 3"],
    ['{"type":"Film","type":"Film"}', "duplicate JSON member 'type'"],
    ['{"type":"Film","data":{"slug":"a","title":"b","title":"c"}}', "duplicate JSON member 'title'"],
    ["[1]", "must be one JSON object"],
    ["{}", "exactly one of 'type' or 'edge'"],
    ['{"type":"Film","edge":"Directed"}', "exactly one of 'type' or 'edge'"],
    ['{"type":"Film","rows":[]}', "unknown top-level graph batch field 'rows'"],
    ['{"type":"Film","data":{"_rowid":1}}', "reserved physical state"],
    ['{"type":"Film","data":{"_tombstone":true}}', "reserved physical state"],
    ['{"edge":"Directed","from":"a"}', "requires field 'to'"],
    ['{"edge":"Directed","from":1,"to":"b"}', "must be a string"],
    ['{"type":"Film","data":[]}', "must be an object"],
    ['{"edge":"Directed","from":"a","to":"b","data":{"src":"a"}}', "reserved structural state"],
    ['{"type":"film","data":{}}', "unknown node type 'film'"],
    ['{"edge":"Wrote","from":"a","to":"b"}', "unknown edge type 'Wrote'"],
    ['{"type":"Film","data":{"slug":"a","name":"b"}}', "unknown input field 'name' for 'node:Film'"],
    ['{"type":"Film","data":{"id":1,"slug":"a","title":"b"}}', "field 'id' must be a string"],
    [
      '{"type":"Film","data":{"id":"b","slug":"a","title":"b"}}',
      "does not match its canonical @key id 'a'",
    ],
    ['{"type":"Film","data":{"title":"b"}}', "missing a non-null @key value"],
    ['{"type":"Film","data":{"slug":"a","title":"b","year":"1931"}}', "property 'year' expects Int32, got"],
    ['{"type":"Film","data":{"slug":"a"}}', "non-nullable property 'title' has null or invalid values"],
  ];
  for (const [line, fragment] of table) {
    const data = `${JSON.stringify(film("good"))}\n\n${line}\n`;
    // What the schema requires of values is a constraint; both codes are 400.
    const code = fragment.startsWith("non-nullable") ? "constraint_violation" : "batch_error";
    const error = await refused(graph, () => text(graph, data), code, fragment);
    assert.equal(ERRORS[error.code].status, 400);
    assert.match(error.message, /\bline 3\b/, line);
  }
  assert.deepEqual(await slugs(graph), ["first"]);
});

Deno.test("6: the largest U64 loads, keys and comes back exactly; I32 `1.0` and 2147483648 fail", async () => {
  const graph = await openWorld();
  await text(graph, '{"type":"Counter","data":{"size":18446744073709551615}}');
  const { rows: found } = await graph.query({
    source: "query read() { match { $c: Counter } return { $c.size as size } }",
  });
  assert.equal(found.toJsonText(), '[{"size":18446744073709551615}]');
  await text(graph, '{"type":"Counter","data":{"id":"18446744073709551615","size":18446744073709551615}}');
  assert.equal((await rows(graph, "match { $c: Counter } return { count($c) as n }"))[0]!.n, 1);
  for (const year of ["1.0", "1e3", "2147483648"]) {
    const line = `{"type":"Film","data":{"slug":"a","title":"b","year":${year}}}`;
    await refused(
      graph,
      () => text(graph, line),
      "batch_error",
      year === "2147483648" ? "exceeds Int32 range" : "expects Int32",
    );
  }
});

Deno.test("7: append of an existing id is a key conflict with type and id, and loads nothing", async () => {
  const graph = await openWorld();
  await load(graph, [film("old")]);
  for (let again = 0; again < 2; again++) {
    const error = await refused(
      graph,
      () => load(graph, [film("new"), person("new"), film("old", { year: 1 })], "append"),
      "key_conflict",
      "already has id 'old'",
    );
    assert.deepEqual(error.detail, {
      key_conflict: { entity_kind: "node", type_name: "Film", entity_id: "old" },
    });
  }
  assert.deepEqual(await slugs(graph), ["old"]);
  assert.deepEqual(await slugs(graph, "Person"), []);
});

Deno.test("8: merge nulls an omitted nullable property; an edge id listed twice keeps the last", async () => {
  const graph = await openWorld();
  await load(graph, [film("a", { year: 1931, status: "lost" }), person("p")]);
  await load(graph, [
    film("a", { status: "restored" }),
    edge("Directed", "p", "a", { id: "d1", credit: "first" }),
    edge("Directed", "p", "a", { id: "d1", credit: "last" }),
  ]);
  assert.deepEqual(await rows(graph, "match { $f: Film } return { $f.year as year, $f.status as status }"), [
    { year: null, status: "restored" },
  ]);
  const credits = "match { $p: Person $p $d:directed $f } return { $d.credit as credit }";
  assert.deepEqual(await rows(graph, credits), [{ credit: "last" }]);
});

Deno.test("9: two records of one @key fail in all three modes", async () => {
  const graph = await openWorld();
  await load(graph, [film("a")]);
  for (const mode of ["append", "merge", "overwrite"] as const) {
    await refused(
      graph,
      () => load(graph, [film("b"), film("b", { year: 2 })], mode),
      "constraint_violation",
      "@unique violation on Film.slug",
    );
  }
});

Deno.test("10: overwrite of one type leaves the others; dropping a node that a kept edge uses fails", async () => {
  const graph = await openWorld();
  await load(graph, [film("a"), film("b"), person("p"), edge("Directed", "p", "a")]);
  await refused(
    graph,
    () => load(graph, [film("c")], "overwrite"),
    "constraint_violation",
    "dst 'a' not found in Film",
  );
  await load(graph, [film("a", { year: 1 }), film("c")], "overwrite");
  assert.deepEqual(await slugs(graph), ["a", "c"]);
  assert.deepEqual(await slugs(graph, "Person"), ["p"]);
  // With the edges of the file in the place of the old ones the node may go.
  await load(graph, [film("c"), edge("Directed", "p", "c")], "overwrite");
  assert.deepEqual(await rows(graph, "match { $p: Person $p directed $f } return { $f.slug as slug }"), [
    { slug: "c" },
  ]);
});

Deno.test("13: append takes 8,192 records of a type; one more is 413 with limit and actual", async () => {
  const graph = await openWorld();
  const films = Array.from({ length: KEYED_ENTITIES_MAX + 1 }, (_, i) => film(`f${i}`));
  const error = await refused(graph, () => load(graph, films, "append"), "resource_limit", "8193");
  assert.deepEqual(error.detail, {
    resource_limit: { resource: "keyed entities for node:Film", limit: 8192, actual: 8193 },
  });
  const { total_entities } = await load(graph, films.slice(1), "append");
  assert.equal(total_entities, 8192);
});

Deno.test("14: a composite id is a JSON array text; a differing explicit id fails", async () => {
  const graph = await openWorld();
  const screening = (more: Record<string, unknown> = {}) => ({
    type: "Screening",
    data: { cinema: 'Odeon "2"', hall: 7, ...more },
  });
  await load(graph, [screening({ id: '["Odeon \\"2\\"","7"]' })]);
  const id = '["Odeon \\"2\\"","7"]';
  await refused(
    graph,
    () => load(graph, [screening()], "append"),
    "key_conflict",
    `already has id '${id}'`,
  );
  await refused(
    graph,
    () => load(graph, [screening({ id: "Odeon-7" })]),
    "batch_error",
    `does not match its canonical @key id '${id}'`,
  );
});

Deno.test("15: a keyed insert of an existing key upserts; an edge inserted twice is two edges", async () => {
  const graph = await openWorld();
  await mutate(graph, 'insert Film { slug: "a", title: "one", year: 1931 } insert Person { slug: "p" }');
  const output = await mutate(graph, 'insert Film { slug: "a", title: "two" }');
  assert.deepEqual([output.affected_nodes, output.affected_edges], [1, 0]);
  assert.deepEqual(await rows(graph, "match { $f: Film } return { $f.title as title, $f.year as year }"), [
    { title: "two", year: null },
  ]);
  const link = 'insert Directed { from: "p", to: "a" }';
  assert.equal((await mutate(graph, link)).affected_edges, 1);
  assert.equal((await mutate(graph, `${link} ${link}`)).affected_edges, 2);
  const { datasets } = await graph.snapshot();
  assert.equal(datasets.find(({ type_name }) => type_name === "Directed")?.entity_count, 3);
});

Deno.test("16: insert and delete in one mutation is 400 before anything happens", async () => {
  const graph = await openWorld();
  await load(graph, [film("a")]);
  await refused(
    graph,
    () => mutate(graph, 'insert Film { slug: "b", title: "b" } delete Film where slug = "a"'),
    "type_error",
    "mixes inserts/updates and deletes",
  );
});

Deno.test("17: deleting a node takes its edges of every type along; overlapping deletes count once", async () => {
  const graph = await openWorld();
  await load(graph, [
    film("a"),
    film("b"),
    person("p"),
    { type: "Studio", data: { slug: "s" } },
    { type: "Note", data: { id: "n", text: "x" } },
    edge("Directed", "p", "a"),
    edge("Directed", "p", "b"),
    edge("Produced", "s", "a"),
    edge("Produced", "s", "b"),
    edge("Praises", "n", "p"),
  ]);
  const output = await mutate(
    graph,
    'delete Film where slug = "a" delete Film where title = "a" delete Directed where to = "a"',
  );
  assert.deepEqual([output.affected_nodes, output.affected_edges], [1, 2]);
  assert.deepEqual((await mutate(graph, 'delete Person where slug = "p"')).affected_edges, 2);
  assert.deepEqual(await rows(graph, "match { $s: Studio $s produced $f } return { $f.slug as slug }"), [
    { slug: "b" },
  ]);
});

Deno.test("18: chained updates read pending values; a unique value freed earlier in the mutation is free", async () => {
  const graph = await openWorld();
  await load(graph, [film("a", { year: 1, shot: "1931-05-01" }), film("b", { year: 5 })]);
  const output = await mutate(
    graph,
    "update Film set { year: 2 } where year = 1 " +
      'update Film set { year: 3, shot: date("1940-01-01") } where year = 2 ' +
      'update Film set { shot: date("1931-05-01") } where slug = "b"',
  );
  assert.equal(output.affected_nodes, 3);
  assert.deepEqual(
    await rows(graph, "match { $f: Film } return { $f.year as year, $f.shot as shot } order { $f.slug }"),
    [{ year: 3, shot: "1940-01-01" }, { year: 5, shot: "1931-05-01" }],
  );
});

Deno.test("19: an update without match has no commit and moves no head; updating a key is refused", async () => {
  const graph = await openWorld();
  await load(graph, [film("a")]);
  const before = await headOf(graph);
  const output = await mutate(graph, 'update Film set { year: 1 } where slug = "nobody"');
  assert.deepEqual([output.commit, output.affected_nodes], [null, 0]);
  assert.equal(await headOf(graph), before);
  await refused(
    graph,
    () => mutate(graph, 'update Film set { slug: "b" } where slug = "a"'),
    "type_error",
    "cannot update @key property 'slug'",
  );
});

Deno.test("20: @unique spares tuples with a null, works on Dates, and finds committed holders", async () => {
  const graph = await openWorld();
  await load(graph, [
    film("a", { code: "x" }),
    film("b", { code: "x" }),
    film("c", { code: "x", region: "eu" }),
  ]);
  await refused(
    graph,
    () => load(graph, [film("d", { code: "x", region: "eu" })]),
    "constraint_violation",
    /@unique violation on Film\.\(code, region\): value '.*' held by '(c' and 'd|d' and 'c)'/,
  );
  await load(graph, [film("e", { shot: "1931-05-01" })]);
  const days = Date.UTC(1931, 4, 1) / 86_400_000;
  await refused(
    graph,
    () => load(graph, [film("f", { shot: days })]),
    "constraint_violation",
    "@unique violation on Film.shot: value '1931-05-01' held by",
  );
  // The holder moves away in the same load.
  await load(graph, [film("e"), film("f", { shot: days })]);
});

Deno.test("21: under @card(1..) deleting the last edge fails, as does moving it away; a node never linked passes", async () => {
  const graph = await openWorld();
  const studio = (slug: string) => ({ type: "Studio", data: { slug } });
  await load(graph, [film("a"), studio("s"), studio("t"), edge("Produced", "s", "a", { id: "e1" })]);
  const violation = "@card violation on edge Produced: source 's' has 0 edges (min 1)";
  await refused(
    graph,
    () => mutate(graph, 'delete Produced where from = "s"'),
    "constraint_violation",
    violation,
  );
  await refused(
    graph,
    () => mutate(graph, 'delete Film where slug = "a"'),
    "constraint_violation",
    violation,
  );
  await refused(
    graph,
    () => load(graph, [edge("Produced", "t", "a", { id: "e1" })]),
    "constraint_violation",
    violation,
  );
  await refused(
    graph,
    () => load(graph, [edge("Produced", "s", "a"), edge("Produced", "s", "a")]),
    "constraint_violation",
    "@card violation on edge Produced: source 's' has 3 edges (max 2)",
  );
  // The source itself goes, and its edge with it.
  assert.equal((await mutate(graph, 'delete Studio where slug = "s"')).affected_edges, 1);
});
