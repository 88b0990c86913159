import assert from "node:assert/strict";
import {
  createFilmWorld,
  directed,
  film,
  FILM_SCHEMA,
  type GraphWorld,
  loadLines,
  person,
  rejection,
} from "../../tests/support/embedded_graphs.ts";
import { AppError } from "../errors.ts";
import type { TableStore } from "../storage/table_store.ts";
import type { EmbeddedGraph } from "./embedded.ts";
import { openGraph } from "./open.ts";

const source = (text: string) => ({ path: "films.pg", text });
const WITHOUT_TITLE = source(FILM_SCHEMA.text.replace("  title: String\n", ""));
const WITHOUT_FILMS = source("node Person {\n  slug: String @key\n  name: String?\n}\n");
const HARD = { allowDataLoss: true };

/** Stands in every title that is dropped. */
const SECRET = "secret-title";

async function ids(graph: EmbeddedGraph, type: string, snapshot?: string): Promise<string[]> {
  const query = `query q() { match { $x: ${type} } return { $x } order { $x.slug } }`;
  const output = await graph.query({ source: query, ...(snapshot === undefined ? {} : { snapshot }) });
  return (JSON.parse(output.rows.toJsonText()) as { x: string }[]).map(({ x }) => x);
}

async function isReclaimed(reading: Promise<unknown>): Promise<void> {
  const error = await rejection(reading);
  assert.deepEqual([error.code, error.facts.status], ["historical_version_reclaimed", 410]);
  assert.match(error.message, /^node type 'Film' of commit '[0-9A-Z]{26}' was reclaimed: /);
}

/** Rows that fill more than a log object. */
function manyFilms(prefix: string): unknown[] {
  return Array.from({ length: 300 }, (_, i) => film(`${prefix}${i}`, `${SECRET}${"x".repeat(300)}`, i));
}

/** Everything the log and the objects beside it hold, as one text. */
async function manifestText({ store }: GraphWorld): Promise<string> {
  const logs = (await store.folders("__manifest/log")).map((name) => `__manifest/log/${name}`);
  const folders = [...logs, "__manifest/touched", "__manifest/purges"];
  let text = "";
  for (const folder of folders) {
    for (const name of await store.list(folder)) {
      text += new TextDecoder().decode((await store.get(`${folder}/${name}`))!.bytes);
    }
  }
  return text;
}

Deno.test("a hard drop of a property takes it out of a small graph: older commits of the table are gone, all else stays", async () => {
  const world = await createFilmWorld();
  const [graph, other] = [await world.open(), await world.open()];
  await loadLines(graph, [film("a", SECRET, 1), person("p", "Pia"), directed("p", "a")]);
  const { commit } = await loadLines(graph, [film("b", `${SECRET} 2`, 2), film("c", SECRET)]);
  await graph.mutate({ source: 'query d() { delete Film where slug = "c" }' });
  const before = commit!.graph_commit_id;
  for (const each of [graph, other]) assert.deepEqual(await ids(each, "Film", before), ["a", "b", "c"]);
  const { commits } = await graph.commits();

  const { steps, commit: dropped } = await graph.schemaUpdate(WITHOUT_TITLE, HARD);
  assert.deepEqual(steps, [
    { kind: "drop_property", type_kind: "node", type_name: "Film", property_name: "title", mode: "hard" },
  ]);
  assert.doesNotMatch(await manifestText(world), new RegExp(SECRET));
  assert.deepEqual(await world.store.list("__manifest/purges"), []);
  assert.match(dropped!.tables["node:Film"]!.pin.table, /^nodes\/\d+-[0-9A-Z]{26}$/);
  for (const each of [graph, other, await world.open()]) {
    assert.deepEqual(await ids(each, "Film"), ["a", "b"]);
    const [head, ...older] = (await each.commits()).commits;
    assert.deepEqual([head!.graph_commit_id, older], [dropped!.id, commits]);
    assert.deepEqual(await ids(each, "Person", before), ["p"]);
  }
  for (const each of [graph, other, await world.open()]) {
    for (const { graph_commit_id: id } of commits) await isReclaimed(ids(each, "Film", id));
  }
  await loadLines(graph, [{ type: "Film", data: { slug: "d" } }]);
  for (const each of [graph, other, await world.open()]) {
    assert.deepEqual(await ids(each, "Film"), ["a", "b", "d"]);
  }
});

Deno.test("a hard drop purges written tables, their deltas and the ids beside the log, through renames", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, manyFilms("f"));
  await loadLines(graph, manyFilms("g"));
  await loadLines(graph, [film("f0", `${SECRET} pending`, 7), person("p"), directed("p", "f0")]);
  const old = (await graph.snapshot()).datasets.find(({ type_name }) => type_name === "Film")!;
  const renamed = FILM_SCHEMA.text.replace("node Film {", 'node Movie @rename_from("Film") {').replace(
    "> Film",
    "> Movie",
  );
  await graph.schemaUpdate(source(renamed));
  await loadLines(graph, [{ type: "Movie", data: { slug: "h", title: SECRET } }]);
  for (const held of [/"upserts":\["g0",/, /secret-title pending/]) {
    assert.match(await manifestText(world), held);
  }
  const before = (await graph.commits()).commits;

  await graph.schemaUpdate(source(renamed.replace("  title: String\n", "")), HARD);
  const text = await manifestText(world);
  assert.doesNotMatch(text, new RegExp(SECRET));
  assert.doesNotMatch(text, /"g0"/);
  const now = (await graph.snapshot()).datasets.find(({ type_name }) => type_name === "Movie")!;
  assert.notEqual(now.dataset_path, old.dataset_path);
  assert.equal(now.entity_count, 601);
  for (const each of [graph, await world.open()]) {
    assert.equal((await ids(each, "Movie")).length, 601);
    for (const { graph_commit_id: id } of before) {
      const error = await rejection(ids(each, "Movie", id));
      assert.match(error.message, /^node type 'Movie' of commit .* was reclaimed/);
    }
    const question =
      "query q() { match { $p: Person $p directed $m } return { $m.slug as s, $m.year as y } }";
    const { rows } = await each.query({ source: question });
    assert.deepEqual(JSON.parse(rows.toJsonText()), [{ s: "f0", y: 7 }]);
  }
});

Deno.test("a hard drop of a type purges it; the type added again under the name is another one", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a", SECRET), person("p"), directed("p", "a")]);
  await graph.schemaUpdate(WITHOUT_FILMS, HARD);
  assert.doesNotMatch(await manifestText(world), new RegExp(SECRET));
  assert.deepEqual((await world.store.list("__manifest/purged")).map((name) => name.split("-")[0]), [
    "edges",
    "nodes",
  ]);
  await graph.schemaUpdate(FILM_SCHEMA);
  await loadLines(graph, [film("a", "another")]);
  for (const each of [graph, await world.open()]) {
    assert.deepEqual(await ids(each, "Film"), ["a"]);
    assert.deepEqual(await ids(each, "Person"), ["p"]);
  }
});

Deno.test("a hard drop purges what deleted branches wrote, and leaves later branches alone", async () => {
  const world = await createFilmWorld();
  let made = false;
  const other = await world.open();
  const graph = await world.open({
    failpoint: async (name) => {
      if (name !== "schema.purge.marked") return;
      // Made after the publish, while the purge is under way.
      await other.createBranch({ name: "later" });
      await loadLines(other, [{ type: "Film", data: { slug: "l" } }], { branch: "later" });
      made = true;
    },
  });
  await loadLines(graph, [film("a", SECRET)]);
  await loadLines(graph, [film("b", SECRET)], { branch: "draft", from: "main" });
  await loadLines(graph, manyFilms("f"), { branch: "draft" });
  await loadLines(graph, manyFilms("g"), { branch: "draft" });
  await graph.deleteBranch({ name: "draft" });
  await graph.schemaUpdate(WITHOUT_TITLE, HARD);
  assert.ok(made);
  const text = await manifestText(world);
  assert.doesNotMatch(text, new RegExp(SECRET));
  assert.doesNotMatch(text, /"g0"/);
  for (const each of [graph, other, await world.open()]) {
    const source = "query q() { match { $f: Film } return { $f } order { $f.slug } }";
    const { rows } = await each.query({ source, branch: "later" });
    assert.deepEqual(JSON.parse(rows.toJsonText()), [{ f: "a" }, { f: "l" }]);
  }
});

Deno.test("what writers put into the folder of a purged table is swept with the next schema change", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a", SECRET)]);
  const table = (await graph.snapshot()).datasets.find(({ type_name }) => type_name === "Film")!.dataset_path;
  await graph.schemaUpdate(WITHOUT_TITLE, HARD);
  await world.store.put(`${table}/data/late`, new TextEncoder().encode(SECRET));
  await graph.schemaUpdate(source(`// again\n${WITHOUT_TITLE.text}`));
  assert.equal(await world.store.prefixExists(table), false);
});

Deno.test("soft drops, and hard plans without drops, purge nothing", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  const { commit } = await loadLines(graph, [film("a", SECRET)]);
  await graph.schemaUpdate(source(FILM_SCHEMA.text.replace("year: I32?", "year: I32?  note: String?")), HARD);
  await graph.schemaUpdate(WITHOUT_TITLE);
  assert.match(await manifestText(world), new RegExp(SECRET));
  assert.deepEqual(await world.store.list("__manifest/purged"), []);
  assert.deepEqual(await ids(graph, "Film", commit!.graph_commit_id), ["a"]);
});

Deno.test("small writes that get in between a hard drop are kept, without what is dropped", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  let raced = 0;
  const graph = await world.open({
    failpoint: async (name) => {
      if (name === "schema.before_append" && ++raced <= 3) {
        await loadLines(other, [film(`race${raced}`, SECRET)]);
      }
    },
  });
  await loadLines(graph, manyFilms("f"));
  await graph.schemaUpdate(WITHOUT_TITLE, HARD);
  assert.equal(raced, 4);
  assert.doesNotMatch(await manifestText(world), new RegExp(SECRET));
  for (const each of [graph, other, await world.open()]) assert.equal((await ids(each, "Film")).length, 303);
});

Deno.test("a purge that dies at any step is finished by the next process that opens the graph", async () => {
  for (const step of ["after_append", "purge.marked", "purge.scrubbed", "purge.removed"]) {
    const world = await createFilmWorld();
    const dying = await world.open({
      failpoint: (name) => {
        if (name === `schema.${step}`) throw new Error("died");
      },
    });
    const { commit } = await loadLines(dying, [film("a", SECRET)]);
    await assert.rejects(dying.schemaUpdate(WITHOUT_TITLE, HARD), /died/);
    assert.equal((await world.store.list("__manifest/purges")).length, 1, step);
    const errors: unknown[] = [];
    const next = await world.open({ errors });
    assert.deepEqual([await world.store.list("__manifest/purges"), errors], [[], []], step);
    assert.doesNotMatch(await manifestText(world), new RegExp(SECRET), step);
    for (const each of [next, dying]) assert.deepEqual(await ids(each, "Film"), ["a"]);
    await isReclaimed(ids(next, "Film", commit!.graph_commit_id));
  }
});

Deno.test("a purge that failed is finished by the same schema change again", async () => {
  const world = await createFilmWorld();
  let isBroken = true;
  const graph = await world.open({
    failpoint: (name) => {
      if (isBroken && name === "schema.purge.marked") throw new Error("disk full");
    },
  });
  await loadLines(graph, [film("a", SECRET)]);
  const error = await rejection(graph.schemaUpdate(WITHOUT_TITLE, HARD));
  assert.equal(error.code, "storage_error");
  assert.match(error.message, /not purged yet: disk full; apply the same schema again/);
  isBroken = false;
  assert.equal((await graph.schemaUpdate(WITHOUT_TITLE, HARD)).applied, false);
  assert.doesNotMatch(await manifestText(world), new RegExp(SECRET));
});

Deno.test("a hard drop that is refused or outrun leaves nothing; one whose process died is cleared away later", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  const graph = await world.open({
    failpoint: async (name) => {
      if (name === "schema.tables_written") await other.createBranch({ name: "late" });
    },
  });
  const { commit } = await loadLines(graph, manyFilms("f"));
  assert.equal((await rejection(graph.schemaUpdate(WITHOUT_TITLE, HARD))).code, "branch_in_use");
  assert.deepEqual(await world.store.list("__manifest/purges"), []);
  assert.equal((await ids(graph, "Film", commit!.graph_commit_id)).length, 300);
});

Deno.test("the record of a process that died before its publish counts for nothing", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  const { commit } = await loadLines(graph, [film("a", SECRET)]);
  // Killed after its tables were written, beside another process that changed the schema in another way.
  const id = "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B";
  const table = (await graph.snapshot()).datasets.find(({ type_name }) => type_name === "Film")!.dataset_path;
  const record = {
    format: 1,
    id,
    after: 2,
    schema_digest: graph.accepted().digests.contract,
    tables: [table.replace(".lance", "")],
    fresh: [`nodes/99-${id}`],
  };
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  await world.store.put(`__manifest/purges/${id}.json`, bytes);
  await world.store.put(`nodes/99-${id}.lance/data`, bytes);
  // It may be alive: nobody touches it.
  await (await world.open()).schemaUpdate(FILM_SCHEMA);
  assert.equal((await world.store.list("__manifest/purges")).length, 1);
  await graph.schemaUpdate(source(`// moved on\n${FILM_SCHEMA.text}`));
  const next = await world.open();
  assert.deepEqual(await world.store.list("__manifest/purges"), []);
  assert.equal(await world.store.prefixExists(`nodes/99-${id}.lance`), false);
  assert.deepEqual(await ids(next, "Film", commit!.graph_commit_id), ["a"]);
});

Deno.test("a request at the head whose table is dropped for good under it is run again, a read of an older commit is not", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  const { commit } = await loadLines(graph, manyFilms("f"));
  const before = commit!.graph_commit_id;
  const requests: ((other: EmbeddedGraph) => Promise<unknown>)[] = [
    (other) => ids(other, "Film"),
    (other) => other.mutate({ source: 'query u() { update Film set { year: 1 } where slug = "f7" }' }),
    (other) => loadLines(other, [{ type: "Film", data: { slug: "f8", year: 8 } }]),
    (other) =>
      loadLines(
        other,
        Array.from({ length: 2500 }, (_, i) => ({ type: "Film", data: { slug: `new-${i}-film` } })),
      ),
    (other) => other.schemaUpdate(source(`// said again\n${WITHOUT_TITLE.text}`)),
  ];
  for (const [turn, request] of requests.entries()) {
    const noted = source(WITHOUT_TITLE.text.replace("I32?", `I32?  note${turn}: String?`));
    await graph.schemaUpdate(
      turn === 0 ? source(FILM_SCHEMA.text.replace("I32?", "I32?  note0: String?")) : noted,
    );
    let dropped = false;
    const tables: TableStore = {
      write: (...args) => world.tables.write(...args),
      async read(pin, ...args) {
        if (!dropped) {
          dropped = true;
          await graph.schemaUpdate(WITHOUT_TITLE, HARD);
        }
        const isGone = await world.store.exists(`__manifest/purged/${pin.table.replace("/", "-")}.json`);
        if (isGone) throw new AppError("storage_error", "not found");
        return await world.tables.read(pin, ...args);
      },
    };
    const other = await openGraph({ store: world.store, tables, uri: "memory:films" });
    await request(other);
    assert.ok(dropped, `request ${turn}`);
    await isReclaimed(ids(other, "Film", before));
  }
  const { rows } = await graph.query({
    source:
      "query q() { match { $f: Film  $f.year < 9 } return { $f.slug as s, $f.year as y } order { $f.year, $f.slug } limit 4 }",
  });
  assert.deepEqual(JSON.parse(rows.toJsonText()).slice(1, 3), [{ s: "f1", y: 1 }, { s: "f7", y: 1 }]);
  assert.equal((await ids(graph, "Film")).length, 2800);
});
