/** What section 8 of the graph engine promises to writers side by side, through whole embedded graphs. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { readRef } from "../../core/graph/branches.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { logFolder } from "../../core/graph/log.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import {
  createFilmWorld,
  DELETE_FILM,
  film,
  FILM_SCHEMA,
  INSERT_FILM,
  loadLines,
  person,
  rejection,
  titles,
  UPDATE_FILM,
} from "../support/embedded_graphs.ts";
import { openRoot } from "../support/film_writers.ts";
import { PROJECT, withTempDir } from "../support/process.ts";

/** Films that are too many for a log object. */
function manyFilms(prefix: string): unknown[] {
  return Array.from({ length: 300 }, (_, i) => film(`${prefix}${i}`, "x".repeat(300)));
}

Deno.test("writers to different branches run in parallel, small and large, also on one table", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    const uri = parseStorageUri(root, root);
    await createGraph({ store: openObjectStore(uri), schema: FILM_SCHEMA });
    const held: { step: string; release: () => void }[] = [];
    let hold: string | null = null;
    const failpoint = async (step: string) => {
      if (step !== hold) return;
      hold = null;
      await new Promise<void>((release) => held.push({ step, release }));
    };
    const ports = { ...systemPorts(), failpoint };
    const graph = await openGraph({
      store: openObjectStore(uri),
      tables: openTableStore(uri),
      uri: root,
      ports,
    });
    await loadLines(graph, manyFilms("base-"));
    for (const name of ["a", "b"]) await graph.createBranch({ name });
    let count = 0;
    for (const step of ["publish.staged", "publish.table_written", "publish.before_append"]) {
      hold = step;
      let isDone = false;
      const slow = loadLines(graph, manyFilms(`${count}-`), { branch: "a" }).then(() => isDone = true);
      while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      // While the writer of one branch stands still, those of two others come through.
      for (const branch of ["b", "main"]) {
        await loadLines(graph, [film(`${branch}-${count}`)], { branch });
        await loadLines(graph, manyFilms(`${branch}-${count}-`), { branch });
      }
      assert.equal(isDone, false, step);
      held.pop()!.release();
      await slow;
      count++;
    }
    assert.equal(Object.keys(await titles(graph, { branch: "a" })).length, 300 + 900);
    for (const branch of ["b", "main"]) {
      assert.equal(Object.keys(await titles(graph, { branch })).length, 300 + 903);
    }
    await graph.close();
  });
});

Deno.test("23: the loser of an update is told the head and the first table that moved, by versions as shown outside", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  await loadLines(other, [film("a")]);
  await other.createBranch({ name: "side" });
  let isArmed = true;
  const graph = await world.open({
    failpoint: async (step) => {
      if (step !== "publish.staged" || !isArmed) return;
      isArmed = false;
      await other.mutate({ source: INSERT_FILM, params: { slug: "b", title: "b" }, branch: "side" });
    },
  });
  const expected = (await graph.commits("side")).commits[0]!;
  const params = { slug: "a", title: "new" };
  const error = await rejection(graph.mutate({ source: UPDATE_FILM, params, branch: "side" }));
  const actual = (await graph.commits("side")).commits[0]!;
  assert.equal(error.code, "write_conflict");
  assert.deepEqual(error.detail, {
    read_set_conflict: {
      member: "graph_head:side",
      expected: expected.graph_commit_id,
      actual: actual.graph_commit_id,
    },
    manifest_conflict: {
      table_key: "node:Film",
      expected: expected.graph_manifest_version,
      actual: actual.graph_manifest_version,
    },
  });
  // What the client does next works: read again, write again.
  await graph.mutate({ source: UPDATE_FILM, params, branch: "side" });
  assert.equal((await titles(graph, { branch: "side" })).a, "new");
});

/** Every kind of write, and whether it is made again when another commit gets in between. */
const WRITES: readonly (readonly [string, "again" | "lost", (graph: EmbeddedGraph) => Promise<unknown>])[] = [
  ["insert", "again", (graph) => graph.mutate({ source: INSERT_FILM, params: { slug: "n", title: "n" } })],
  ["update", "lost", (graph) => graph.mutate({ source: UPDATE_FILM, params: { slug: "a", title: "n" } })],
  ["delete", "lost", (graph) => graph.mutate({ source: DELETE_FILM, params: { slug: "a" } })],
  ["append", "again", (graph) => loadLines(graph, [film("n")], { mode: "append" })],
  ["merge load", "again", (graph) => loadLines(graph, [film("a", "n")], { mode: "merge" })],
  ["overwrite", "lost", (graph) => loadLines(graph, [film("n")], { mode: "overwrite" })],
  ["large overwrite", "lost", (graph) => loadLines(graph, manyFilms("n"), { mode: "overwrite" })],
  ["branch merge", "lost", (graph) => graph.mergeBranch({ source: "side" })],
  ["revert", "lost", async (graph) => {
    const [own] = (await graph.commits("side")).commits;
    await graph.revertCommit({ commitId: own!.graph_commit_id });
  }],
];

for (const [name, fate, write] of WRITES) {
  Deno.test(`23: a commit in between, of another type even, and the ${name} is ${fate === "again" ? "made again" : fate}`, async () => {
    const world = await createFilmWorld();
    const other = await world.open();
    await loadLines(other, [film("a")]);
    await other.createBranch({ name: "side" });
    await loadLines(other, [film("b")], { branch: "side" });
    await loadLines(other, [film("b")]);
    let isArmed = true;
    const graph = await world.open({
      failpoint: async (step) => {
        if (step !== "publish.staged" || !isArmed) return;
        isArmed = false;
        await loadLines(other, [person("p")]);
      },
    });
    const [before] = (await graph.commits()).commits;
    const error = fate === "lost" ? await rejection(write(graph)) : await write(graph).then(() => null);
    const [own, between] = (await graph.commits()).commits;
    assert.equal(isArmed, false);
    if (error === null) {
      assert.equal(between!.parent_commit_id, before!.graph_commit_id);
      return assert.equal(own!.parent_commit_id, between!.graph_commit_id);
    }
    assert.equal(own!.parent_commit_id, before!.graph_commit_id);
    const moved = { expected: before!.graph_commit_id, actual: own!.graph_commit_id };
    // No table that the write touches has moved.
    assert.deepEqual(error.detail, { read_set_conflict: { member: "graph_head:main", ...moved } });
    await write(graph);
  });
}

Deno.test("7: an append that lost its race against the same key is refused, and never becomes an upsert", async () => {
  const world = await createFilmWorld();
  const other = await world.open();
  let isArmed = true;
  const graph = await world.open({
    failpoint: async (step) => {
      if (step !== "publish.before_append" || !isArmed) return;
      isArmed = false;
      await loadLines(other, [film("a", "theirs")]);
    },
  });
  for (let again = 0; again < 2; again++) {
    const error = await rejection(loadLines(graph, [film("b"), film("a", "ours")], { mode: "append" }));
    assert.equal(error.code, "key_conflict");
    assert.deepEqual(error.detail.key_conflict, {
      entity_kind: "node",
      type_name: "Film",
      entity_id: "a",
    });
  }
  assert.deepEqual(await titles(graph), { a: "theirs" });
});

Deno.test("22: an edge or node without a key that is inserted again after a lost race is inserted once", async () => {
  const world = await createFilmWorld("node Note {\n  text: String\n}\n");
  const other = await world.open();
  let lost = 0;
  const graph = await world.open({
    failpoint: async (step) => {
      if (step !== "publish.before_append" || lost === 3) return;
      lost++;
      await other.load({
        data: new TextEncoder().encode('{"type":"Note","data":{"text":"theirs"}}'),
        mode: "append",
      });
    },
  });
  await graph.mutate({ source: 'query add() { insert Note { text: "ours" } }' });
  assert.equal(lost, 3);
  const source = "query all() { match { $n: Note } return { $n.text as text } order { $n.text } }";
  const { rows } = await graph.query({ source });
  assert.deepEqual(
    JSON.parse(rows.toJsonText()).map(({ text }: { text: string }) => text),
    ["ours", "theirs", "theirs", "theirs"],
  );
});

Deno.test("a process that was stopped in its turn holds up the writers of others once, and not for long", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    const store = openObjectStore(parseStorageUri(root, root));
    await createGraph({ store, schema: FILM_SCHEMA });
    const { incarnation } = (await readRef(store, "main"))!;
    const line = JSON.stringify(join(root, logFolder(incarnation)));
    const program = join(folder, "holder.ts");
    await Deno.writeTextFile(
      program,
      `import { FileLine } from ${JSON.stringify(join(PROJECT, "core/storage/file_line.ts"))};
      await new FileLine(${line}).enter(1);
      console.log("in");
      setInterval(() => {}, 1000);`,
    );
    const holder = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", "--no-config", program],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const output = holder.stdout.getReader();
    await output.read();
    holder.kill("SIGSTOP");
    const errors: unknown[] = [];
    const graph = await openRoot(root, errors);
    for (let i = 0; i < 50; i++) await loadLines(graph, [film(`f${i}`)]);
    await loadLines(graph, manyFilms("large-"));
    assert.equal(Object.keys(await titles(graph)).length, 350);
    await graph.close();
    assert.deepEqual(errors, []);
    holder.kill("SIGKILL");
    await output.cancel();
    await holder.status;
  });
});
