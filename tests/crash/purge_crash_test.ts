/** Drops for good on a graph on disk with real tables, killed at every step. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph } from "../../core/graph/open.ts";
import { openObjectStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { film, FILM_SCHEMA, loadLines, rejection, titles } from "../support/embedded_graphs.ts";
import { openRoot } from "../support/film_writers.ts";
import { PROJECT, withTempDir } from "../support/process.ts";

const SECRET = "nobody-may-read-this-again";
const NOTED = {
  path: "films.pg",
  text: FILM_SCHEMA.text.replace("  year: I32?\n", "  year: I32?\n  note: String?\n"),
};

const BEFORE_PUBLISH = [
  "schema.saved",
  "schema.purge_recorded",
  "schema.table_written",
  "schema.tables_written",
  "schema.before_append",
];
const AFTER_PUBLISH = [
  "schema.after_append",
  "schema.purge.marked",
  "schema.purge.scrubbed",
  "schema.purge.removed",
  "none",
];

function noted(slug: string): unknown {
  return { type: "Film", data: { slug, title: slug, note: `${SECRET} ${slug}` } };
}

/** A graph of 301 films with notes: most of them in a table, one in the log. Returns the commit that has them all. */
async function makeNoted(root: string): Promise<string> {
  await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: NOTED });
  const graph = await openRoot(root, []);
  const padded = Array.from({ length: 300 }, (_, i) => noted(`f${i}${"-".repeat(300)}`));
  await loadLines(graph, padded);
  const { commit } = await loadLines(graph, [noted("last")]);
  await graph.close();
  return commit!.graph_commit_id;
}

async function purgeAndDie(root: string, step: string): Promise<void> {
  const program = join(PROJECT, "tests/crash/graph_purger.ts");
  const { signal, success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--no-check", program, root, step],
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (step === "none") assert.deepEqual([success, new TextDecoder().decode(stdout)], [true, "done\n"]);
  else assert.equal(signal, "SIGKILL", step);
}

/** Files below a folder whose bytes contain the secret. */
function secretFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory) return secretFiles(path);
    return new TextDecoder("latin1").decode(Deno.readFileSync(path)).includes(SECRET) ? [path] : [];
  });
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ name }) => !name.startsWith(".")).map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

async function notesAt(graph: EmbeddedGraph, snapshot: string): Promise<number> {
  const { row_count } = await graph.query({
    source: "query q() { match { $f: Film } return { $f.slug, $f.title } }",
    snapshot,
  });
  return row_count;
}

Deno.test("a drop for good that is killed before its publish changes nothing, and what it wrote goes with the next change", async () => {
  for (const step of BEFORE_PUBLISH) {
    await withTempDir(async (folder) => {
      const root = join(folder, "films.omni");
      const before = await makeNoted(root);
      await purgeAndDie(root, step);
      const errors: unknown[] = [];
      const graph = await openRoot(root, errors);
      assert.equal((await graph.schema()).schema_source, NOTED.text, step);
      assert.deepEqual(
        [await notesAt(graph, before), Object.keys(await titles(graph)).length],
        [301, 301],
        step,
      );
      await loadLines(graph, [film("after")]);
      await graph.schemaUpdate({ ...NOTED, text: `// kept\n${NOTED.text}` });
      await graph.close();
      const next = await openRoot(root, errors);
      assert.deepEqual(namesIn(join(root, "__manifest/purges")), [], step);
      assert.equal(namesIn(join(root, "nodes")).length, 1, step);
      assert.deepEqual(
        [await notesAt(next, before), Object.keys(await titles(next)).length],
        [301, 302],
        step,
      );
      await next.close();
      assert.deepEqual(errors, []);
    });
  }
});

Deno.test("schema-language 30: a drop for good that is killed after its publish is finished by the next process: nothing of it is left on disk", async () => {
  for (const step of AFTER_PUBLISH) {
    await withTempDir(async (folder) => {
      const root = join(folder, "films.omni");
      const before = await makeNoted(root);
      // Tables may be compressed: they are looked for by their folders.
      assert.equal(secretFiles(root).length, 1, "the log holds a note");
      await purgeAndDie(root, step);
      const errors: unknown[] = [];
      const graph = await openRoot(root, errors);
      assert.deepEqual(secretFiles(root), [], step);
      assert.deepEqual(namesIn(join(root, "__manifest/purges")), [], step);
      assert.equal(namesIn(join(root, "nodes")).length, 1, step);
      assert.equal((await graph.schema()).schema_source, FILM_SCHEMA.text, step);
      assert.equal(Object.keys(await titles(graph)).length, 301, step);
      const error = await rejection(notesAt(graph, before));
      assert.deepEqual([error.code, error.facts.status], ["historical_version_reclaimed", 410], step);
      await loadLines(graph, Array.from({ length: 300 }, (_, i) => film(`n${i}`, "x".repeat(300))));
      await graph.close();
      const next = await openRoot(root, errors);
      assert.equal(Object.keys(await titles(next)).length, 601, step);
      await next.close();
      assert.deepEqual(errors, []);
    });
  }
});

Deno.test("a reader that has an older commit open when another process drops its table for good hears 410, and goes on at the head", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    const before = await makeNoted(root);
    const reader = await openRoot(root, []);
    // Only ids are in memory.
    const { row_count } = await reader.query({
      source: "query q() { match { $f: Film } return { count($f) as n } }",
      snapshot: before,
    });
    assert.equal(row_count, 1);
    await purgeAndDie(root, "none");
    const error = await rejection(notesAt(reader, before));
    assert.equal(error.code, "historical_version_reclaimed");
    assert.match(error.message, /^node type 'Film' of commit .* was reclaimed/);
    assert.equal(Object.keys(await titles(reader)).length, 301);
    await reader.close();
  });
});
