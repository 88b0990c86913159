import assert from "node:assert/strict";
import { sha256Hex } from "../base/digest.ts";
import type { SchemaStep } from "../schema/steps.ts";
import {
  createFilmWorld,
  DELETE_FILM,
  directed,
  film,
  FILM_SCHEMA,
  INSERT_FILM,
  loadLines,
  person,
  rejection,
} from "../../tests/support/embedded_graphs.ts";
import type { EmbeddedGraph } from "./embedded.ts";

const source = (text: string) => ({ path: "films.pg", text });

/** The film schema with parts of its text replaced. */
function edited(...edits: readonly (readonly [from: string, to: string])[]) {
  let { text } = FILM_SCHEMA;
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  return source(text);
}

const TITLE_RENAMED = ["title: String", 'name: String @rename_from("title")'] as const;
const FILM_RENAMED = ["node Film {", 'node Movie @rename_from("Film") {'] as const;
const ENDS_RENAMED = ["Person -> Film", "Person -> Movie"] as const;

async function rows(graph: EmbeddedGraph, query: string, snapshot?: string): Promise<unknown> {
  const target = snapshot === undefined ? {} : { snapshot };
  const output = await graph.query({ source: `query q() { ${query} }`, ...target });
  return JSON.parse(output.rows.toJsonText());
}

function kinds(steps: readonly SchemaStep[]): string[] {
  return steps.map(({ kind }) => kind);
}

/** Rows that fill more than a log object. */
function manyFilms(prefix: string): unknown[] {
  return Array.from({ length: 300 }, (_, i) => film(`${prefix}${i}`, "t".repeat(300), i));
}

async function count(graph: EmbeddedGraph, type: string, snapshot?: string): Promise<number> {
  return (await rows(graph, `match { $x: ${type} } return { $x }`, snapshot) as unknown[]).length;
}

Deno.test("schema-language 25: a rename of a type and a property keeps ids, rows and edges, under one commit", async () => {
  const world = await createFilmWorld();
  const [graph, other] = [await world.open(), await world.open()];
  await loadLines(graph, manyFilms("f"));
  await loadLines(graph, [film("f0", "changed", 7), film("new", "New"), person("p"), directed("p", "new")]);
  const before = await graph.commits();
  const desired = edited(FILM_RENAMED, TITLE_RENAMED, ENDS_RENAMED);
  const preview = await graph.previewSchemaUpdate(desired);
  const { applied, commit, steps } = await graph.schemaUpdate(desired, { actor: "act-lena" });
  assert.deepEqual([applied, preview.supported, preview.steps], [true, true, steps]);
  assert.deepEqual(kinds(steps), ["rename_type", "rename_property"]);
  assert.deepEqual([commit!.operation, commit!.actor, commit!.changes], ["schema_apply", "act-lena", {}]);
  assert.equal((await graph.commits()).commits.length, before.commits.length + 1);
  for (const each of [graph, other, await world.open()]) {
    assert.equal(await count(each, "Movie"), 301);
    assert.deepEqual(
      await rows(each, 'match { $m: Movie { slug: "f0" } } return { $m, $m.name as name, $m.year as year }'),
      [{ m: "f0", name: "changed", year: 7 }],
    );
    assert.deepEqual(await rows(each, "match { $p: Person $p directed $m } return { $m.slug as slug }"), [
      { slug: "new" },
    ]);
    await loadLines(each, [{ type: "Movie", data: { slug: "f1", name: "again" } }]);
    assert.equal(await count(each, "Movie"), 301);
    const error = await rejection(rows(each, "match { $f: Film } return { $f.slug }"));
    assert.equal(error.code, "type_error");
  }
});

Deno.test("graph-engine 35: an older commit shows its own rows under today's names", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a", "A", 1), person("p", "Pia"), directed("p", "a")]);
  await loadLines(graph, manyFilms("f"));
  const { commit } = await loadLines(graph, [film("a", "B", 2)]);
  const before = commit!.graph_commit_id;
  await graph.schemaUpdate(edited(FILM_RENAMED, TITLE_RENAMED, ENDS_RENAMED, [
    "year: I32?",
    "length: F64?",
  ], ["node Person {", "node Studio { code: String @key }\nnode Person {"]));
  await loadLines(graph, [{ type: "Movie", data: { slug: "a", name: "C", length: 1.5 } }]);
  for (const each of [graph, await world.open()]) {
    const question = 'match { $m: Movie { slug: "a" } } return { $m.name as name, $m.length as length }';
    assert.deepEqual(await rows(each, question), [{ name: "C", length: 1.5 }]);
    assert.deepEqual(await rows(each, question, before), [{ name: "B", length: null }]);
    assert.equal(await count(each, "Movie", before), 301);
    assert.deepEqual(
      await rows(
        each,
        "match { $p: Person $p directed $m } return { $m.name as name, $p.name as by }",
        before,
      ),
      [{ name: "B", by: "Pia" }],
    );
    assert.equal(await count(each, "Studio"), 0);
    const error = await rejection(count(each, "Studio", before));
    assert.equal(error.facts.status, 400);
    assert.equal(error.message, "node type 'Studio' does not exist at this snapshot");
  }
});

Deno.test("schema-language 20: the parts of a composite id keep their order when their names cross", async () => {
  const world = await createFilmWorld(`node Berth { bay: I32  site: String  @key(site, bay) }`);
  const graph = await world.open();
  const line = (a: Record<string, unknown>) => ({ type: "Berth", data: a });
  await loadLines(graph, [line({ bay: 4, site: "Rome" })]);
  const { steps } = await graph.schemaUpdate(source(
    'node Berth { zone: I32 @rename_from("bay")  area: String @rename_from("site")  @key(area, zone) }',
  ));
  assert.deepEqual(kinds(steps), ["rename_property", "rename_property"]);
  await loadLines(graph, [line({ zone: 4, area: "Rome" }), line({ zone: 5, area: "Rome" })]);
  assert.deepEqual(await rows(graph, "match { $b: Berth } return { $b } order { $b.zone }"), [
    { b: '["4","Rome"]' },
    { b: '["5","Rome"]' },
  ]);
});

Deno.test("schema-language 27: a type that is dropped and added again is an empty table", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [...manyFilms("f"), person("p"), directed("p", "f1")]);
  const { commit } = await loadLines(graph, [film("f2", "pending")]);
  const before = commit!.graph_commit_id;
  const without = source("node Person { slug: String @key  name: String? }");
  const { steps } = await graph.schemaUpdate(without);
  assert.deepEqual(kinds(steps), ["drop_type", "drop_type"]);
  assert.deepEqual((await graph.snapshot()).datasets.map(({ type_name }) => type_name), ["Person"]);
  const dropped = (await graph.commits()).commits[0]!.graph_commit_id;
  await graph.schemaUpdate(FILM_SCHEMA);
  for (const each of [graph, await world.open()]) {
    assert.deepEqual([await count(each, "Film"), await count(each, "Person")], [0, 1]);
    // Another identity: neither commit has this type.
    for (const snapshot of [before, dropped]) {
      const { message } = await rejection(count(each, "Film", snapshot));
      assert.equal(message, "node type 'Film' does not exist at this snapshot");
    }
  }
  await loadLines(graph, [film("f1", "back")]);
  for (const each of [graph, await world.open()]) assert.equal(await count(each, "Film"), 1);
});

Deno.test("schema-language 27: a property that is dropped and added again is empty, in history too", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  const { commit } = await loadLines(graph, [film("a", "A", 1927)]);
  await graph.schemaUpdate(edited(["  year: I32?\n", ""]));
  await graph.schemaUpdate(FILM_SCHEMA);
  const question = "match { $f: Film } return { $f.title as t, $f.year as y }";
  for (const each of [graph, await world.open()]) {
    assert.deepEqual(await rows(each, question), [{ t: "A", y: null }]);
    assert.deepEqual(await rows(each, question, commit!.graph_commit_id), [{ t: "A", y: null }]);
  }
});

Deno.test("schema-language 28: a nullable property, an index and an enum value arrive in three steps and one commit", async () => {
  const world = await createFilmWorld(
    "node Film {\n  slug: String @key\n  state: enum(b, a)?\n  year: I32?\n}",
  );
  const graph = await world.open();
  await loadLines(graph, [{ type: "Film", data: { slug: "x", state: "b", year: 1 } }]);
  const { commit, steps } = await graph.schemaUpdate(
    source(
      "node Film {\n  slug: String @key\n  state: enum(a, b, c)?\n  year: I32? @index\n  note: String?\n}",
    ),
  );
  assert.deepEqual(kinds(steps), ["add_property", "extend_enum", "add_constraint"]);
  assert.equal(commit!.sequence, 3);
  await loadLines(graph, [{ type: "Film", data: { slug: "y", state: "c", note: "n" } }]);
  const question = "match { $f: Film } return { $f.state as s, $f.note as n } order { $f.slug }";
  for (const each of [graph, await world.open()]) {
    assert.deepEqual(await rows(each, question), [{ s: "b", n: null }, { s: "c", n: "n" }]);
  }
});

Deno.test("metadata changes write no table, and deltas over the pins stay", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, manyFilms("f"));
  await loadLines(graph, [film("f1", "pending")]);
  const pins =
    (await graph.schemaUpdate(edited(["node Film {", 'node Film @description("moving pictures") {'])))
      .commit!.tables;
  assert.equal(pins["node:Film"]!.pending?.commits, 1);
  assert.equal(pins["node:Film"]!.pin.version, 1);
  for (const each of [graph, await world.open()]) {
    assert.deepEqual(await rows(each, 'match { $f: Film { slug: "f1" } } return { $f.title as t }'), [
      { t: "pending" },
    ]);
  }
});

Deno.test("schema-language 29: what is not supported is refused by the first such step, and nothing changes", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a")]);
  const { commits } = await graph.commits();
  const stored = await world.store.list("__manifest/schemas");
  const cases = [
    [["year: I32?", "year: I64?"], "[OG-MF-106] "],
    [["title: String", "title: String?"], "[OG-MF-106] "],
    [["title: String", "title: String  flag: Bool"], "[OG-MF-103] "],
    [["Person -> Film", "Film -> Person"], "the endpoints of edge 'Directed' change"],
  ] as const;
  for (const [edit, start] of cases) {
    const desired = edited(edit);
    const error = await rejection(graph.schemaUpdate(desired));
    assert.equal(error.code, "unsupported");
    assert.ok(error.message.startsWith(start), error.message);
    const preview = await graph.previewSchemaUpdate(desired);
    assert.deepEqual([preview.supported, preview.reason], [false, error.message]);
    assert.ok(kinds(preview.steps).includes("unsupported_change"));
  }
  assert.equal((await rejection(graph.schemaUpdate(source("node")))).code, "schema_error");
  assert.deepEqual((await graph.commits()).commits, commits);
  assert.deepEqual(await world.store.list("__manifest/schemas"), stored);
  assert.equal((await graph.schema()).schema_source, FILM_SCHEMA.text);
});

Deno.test("schema-language 31: a second branch blocks the change, not the steps of its preview", async () => {
  const graph = await (await createFilmWorld()).open();
  for (const name of ["b", "a"]) await graph.createBranch({ name });
  const desired = edited(["year: I32?", "year: I32?  note: String?"]);
  const obstacle = "requires a graph with only main; found non-main branches: a, b";
  const preview = await graph.previewSchemaUpdate(desired);
  assert.deepEqual([preview.supported, preview.reason, kinds(preview.steps)], [false, obstacle, [
    "add_property",
  ]]);
  const error = await rejection(graph.schemaUpdate(desired));
  assert.deepEqual([error.facts.status, error.message], [409, `schema apply ${obstacle}`]);
  assert.equal((await graph.schemaUpdate(FILM_SCHEMA)).applied, false);
});

Deno.test("a branch that appears while tables are rewritten still blocks the change", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  const graph = await world.open({
    failpoint: async (name) => {
      if (name === "schema.tables_written") await other.createBranch({ name: "late" });
    },
  });
  await loadLines(graph, manyFilms("f"));
  const error = await rejection(graph.schemaUpdate(edited(TITLE_RENAMED)));
  assert.equal(error.code, "branch_in_use");
  await loadLines(graph, [film("f1", "after")]);
  assert.equal(await count(await world.open(), "Film"), 300);
});

Deno.test("schema-language 33: an edit of comments is applied without steps, and its repetition is not", async () => {
  const graph = await (await createFilmWorld()).open();
  const desired = edited(["node Film", "// moving pictures\nnode Film"]);
  const { applied, steps } = await graph.schemaUpdate(desired);
  assert.deepEqual([applied, steps], [true, []]);
  assert.equal((await graph.schema()).schema_source, desired.text);
  assert.equal(graph.accepted().digests.source, sha256Hex(desired.text));
  assert.deepEqual(await graph.schemaUpdate(desired), {
    applied: false,
    commit: null,
    steps: [],
    diagnostics: [],
  });
});

Deno.test("a schema change that loses its race goes on from the new head and loses no write", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  let prepared = 0;
  let raced = 0;
  const graph = await world.open({
    failpoint: async (name) => {
      // Too much for the change to carry: prepared again.
      if (name === "schema.tables_written" && ++prepared === 1) await loadLines(other, manyFilms("large"));
      if (name !== "schema.before_append" || ++raced > 3) return;
      const at = `race${raced}`;
      await loadLines(other, [film(at, "raced"), film("f1", at), person("p", at), directed("p", at)]);
      await other.mutate({ source: DELETE_FILM, params: { slug: `f${10 + raced}` } });
    },
  });
  await loadLines(graph, [...manyFilms("f"), person("p"), person("q", "Quin")]);
  await graph.schemaUpdate(edited(TITLE_RENAMED, ["node Person", 'node Human @rename_from("Person")'], [
    "Person ->",
    "Human ->",
  ]));
  assert.deepEqual([prepared, raced], [2, 4]);
  for (const each of [graph, other, await world.open()]) {
    assert.equal(await count(each, "Film"), 600);
    assert.deepEqual(await rows(each, 'match { $f: Film { slug: "f1" } } return { $f.name as name }'), [
      { name: "race3" },
    ]);
    assert.deepEqual(
      await rows(each, "match { $h: Human } return { $h as id, $h.name as name } order { $h.slug }"),
      [
        { id: "p", name: "race3" },
        { id: "q", name: "Quin" },
      ],
    );
    assert.equal(
      ((await rows(each, "match { $h: Human $h directed $f } return { $f }")) as unknown[]).length,
      3,
    );
  }
});

Deno.test("a small graph changes its schema without writing a table", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a", "A", 1), film("b", "B"), person("p"), directed("p", "a")]);
  const { commit } = await graph.schemaUpdate(edited(FILM_RENAMED, TITLE_RENAMED, ENDS_RENAMED));
  assert.deepEqual(Object.values(commit!.tables).map(({ pin }) => pin.version), [0, 0, 0]);
  for (const each of [graph, await world.open()]) {
    assert.deepEqual(
      await rows(each, "match { $m: Movie } return { $m.name as n, $m.year as y } order { $m.slug }"),
      [
        { n: "A", y: 1 },
        { n: "B", y: null },
      ],
    );
  }
});

Deno.test("a rename of tables with many pending rows folds them, and carries no more than a commit may hold", async () => {
  const types = ["A", "B", "C", "D", "E"];
  const schema = (prefix: string, hint: boolean) =>
    types.map((name) =>
      `node ${prefix}${name}${hint ? ` @rename_from("Old${name}")` : ""} { slug: String @key  x: F64? }\n`
    ).join("");
  const world = await createFilmWorld(schema("Old", false));
  const graph = await world.open();
  const lines = (prefix: string, row: string) =>
    types.flatMap((name) =>
      Array.from({ length: 40 }, (_, i) => ({
        type: prefix + name,
        data: { slug: `${row}${i}`, x: 1 / (i + 3) },
      }))
    );
  await loadLines(
    graph,
    types.flatMap((name) =>
      Array.from({ length: 300 }, (_, i) => ({ type: `Old${name}`, data: { slug: "y".repeat(300) + i } }))
    ),
  );
  for (let i = 0; i < 8; i++) await loadLines(graph, lines("Old", `r${i}-`));
  const { commit } = await graph.schemaUpdate(source(schema("New", true)));
  const versions = Object.values(commit!.tables).map(({ pin }) => pin.version);
  assert.ok(versions.includes(1) && versions.includes(2), `${versions}`);
  await loadLines(graph, lines("New", "after"));
  for (const each of [graph, await world.open()]) {
    for (const name of types) assert.equal(await count(each, `New${name}`), 300 + 9 * 40);
  }
});

Deno.test("a new vector property is written in parts, so that its nulls never fill the memory", async () => {
  const world = await createFilmWorld();
  const written: string[] = [];
  const graph = await world.open({ failpoint: (name) => void written.push(name) });
  await loadLines(graph, manyFilms("f"));
  written.length = 0;
  const { commit } = await graph.schemaUpdate(edited(["year: I32?", "year: I32?  vec: Vector(150000)?"]));
  assert.equal(written.filter((name) => name === "schema.table_written").length, 3);
  assert.deepEqual([commit!.tables["node:Film"]!.pin.version, commit!.tables["node:Film"]!.rows], [4, 300]);
  for (const slug of ["f0", "f150", "f299"]) {
    assert.deepEqual(await rows(graph, `match { $f: Film { slug: "${slug}" } } return { $f.year as y }`), [
      { y: Number(slug.slice(1)) },
    ]);
  }
});

Deno.test("a fold that began under the old schema is dropped", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  const errors: unknown[] = [];
  let held: (() => void) | null = null;
  const changed = new Promise<void>((resolve) => held = resolve);
  const graph = await world.open({
    errors,
    failpoint: async (name) => {
      if (name === "fold.tables_written") await changed;
    },
  });
  for (let i = 0; i < 33; i++) {
    await graph.mutate({ source: INSERT_FILM, params: { slug: `f${i}`, title: `${i}` } });
  }
  await other.schemaUpdate(edited(TITLE_RENAMED));
  held!();
  await graph.close();
  assert.deepEqual(errors, []);
  for (const each of [other, await world.open()]) {
    assert.equal(await count(each, "Film"), 33);
    assert.deepEqual(await rows(each, 'match { $f: Film { slug: "f7" } } return { $f.name as n }'), [{
      n: "7",
    }]);
  }
});

Deno.test("writes queued around a schema change of the same process all land, before it or after it", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, manyFilms("f"));
  const writes = (from: number) =>
    Array.from({ length: 20 }, (_, i) => [
      graph.mutate({ source: INSERT_FILM, params: { slug: `m${from + i}`, title: "T" } }),
      loadLines(graph, [film(`l${from + i}`)]),
    ]).flat();
  const before = writes(0);
  const changing = graph.schemaUpdate(edited(["year: I32?", "year: I32?  note: String?"]));
  await Promise.all([...before, changing, ...writes(100)]);
  for (const each of [graph, await world.open()]) {
    assert.equal(await count(each, "Film"), 300 + 80);
    assert.deepEqual(await rows(each, 'match { $f: Film { slug: "l119" } } return { $f.note as n }'), [{
      n: null,
    }]);
  }
});

Deno.test("two processes that apply the same schema make one commit", async () => {
  const world = await createFilmWorld();
  const graphs = await Promise.all(Array.from({ length: 4 }, () => world.open()));
  await loadLines(graphs[0]!, manyFilms("f"));
  const desired = edited(TITLE_RENAMED);
  const results = await Promise.all(graphs.map((graph) => graph.schemaUpdate(desired)));
  assert.equal(results.filter(({ applied }) => applied).length, 1);
  assert.equal((await graphs[0]!.commits()).commits.length, 3);
});

Deno.test("requests that were compiled for the schema before are compiled again, or refused untouched", async () => {
  const world = await createFilmWorld();
  const [graph, other] = [await world.open(), await world.open()];
  await loadLines(graph, [film("a", "A")]);
  const old = other.compile(source("query q() { match { $f: Film } return { $f.title } }"));
  const write = other.compile(
    source('query w($s: String) { update Film set { title: "X" } where slug = $s }'),
  );
  assert.ok(old.kind === "read" && write.kind === "mutation");
  await graph.schemaUpdate(edited(TITLE_RENAMED));
  for (
    const failing of [() => other.runRead(old, null, {}), () => other.runMutation(write, { s: "a" }, {})]
  ) {
    const error = await rejection(failing());
    assert.equal(error.code, "write_conflict");
    assert.equal(error.detail.read_set_conflict?.member, "schema_digest");
  }
  const third = await world.open();
  await graph.schemaUpdate(edited(["title: String", "name: String  note: String?"]));
  // It does not know the property yet.
  await third.mutate({ source: 'query w() { update Film set { note: "n" } where slug = "a" }' });
  assert.deepEqual(await rows(third, "match { $f: Film } return { $f.name as name, $f.note as note }"), [
    { name: "A", note: "n" },
  ]);
});
