/** Schema changes on a graph on disk with real tables: dying at every step, killed at random, beside busy writers. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { Failpoint } from "../../core/base/ports.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { film, FILM_SCHEMA, INSERT_FILM, loadLines, titles } from "../support/embedded_graphs.ts";
import { dropsForGood, nextFilmSchema } from "../support/film_schemas.ts";
import {
  apply,
  assertLinear,
  countFilms,
  edits,
  isApplied,
  openRoot,
  sorted,
  startWriter,
} from "../support/film_writers.ts";
import { withTempDir } from "../support/process.ts";

const KILLS = 8;

/** Runs a test with the root of a new graph of films. */
async function withFilms(use: (root: string) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: FILM_SCHEMA });
    await use(root);
  });
}

function openFailing(root: string, failpoint: Failpoint): Promise<EmbeddedGraph> {
  const uri = parseStorageUri(root, root);
  const ports = { ...systemPorts(), failpoint };
  return openGraph({ store: openObjectStore(uri), tables: openTableStore(uri), uri: root, ports });
}

/** 300 films, too many for a log object. */
function manyFilms(prefix: string): readonly (readonly [slug: string, title: string])[] {
  return Array.from({ length: 300 }, (_, i) => [`${prefix}${i}`, "x".repeat(300)] as const);
}

async function nextSchema(graph: EmbeddedGraph): Promise<void> {
  const next = nextFilmSchema((await graph.schema()).schema_source);
  await graph.schemaUpdate(next, { allowDataLoss: dropsForGood(next) });
}

Deno.test("a schema change that dies at any step changes nothing; the next write, fold and schema change go on from the head", async () => {
  await withFilms(async (root) => {
    const expected = new Map<string, string>();
    const errors: unknown[] = [];
    const steps = ["schema.saved", "schema.table_written", "schema.tables_written", "schema.before_append"];
    for (const [turn, step] of steps.entries()) {
      const dying = await openFailing(root, (name) => {
        if (name === step) throw new Error(`died at ${step}`);
      });
      for (const [slug, title] of [...manyFilms(`f${turn}-`), [`f${turn}-0`, "pending"] as const]) {
        expected.set(slug, title);
      }
      await loadLines(dying, manyFilms(`f${turn}-`).map(([slug, title]) => film(slug, title)));
      await loadLines(dying, [film(`f${turn}-0`, "pending")]);
      const { schema_source: before } = await dying.schema();
      await assert.rejects(nextSchema(dying), /died/);
      await dying.close();
      const graph = await openRoot(root, errors);
      assert.equal((await graph.schema()).schema_source, before, step);
      assert.deepEqual(await titles(graph), sorted(expected), step);
      // Enough small writes for a fold onto whatever the dead process left in the table.
      for (let i = 0; i < 34; i++) {
        await graph.mutate({ source: INSERT_FILM, params: { slug: `s${turn}-${i}`, title: `${i}` } });
        expected.set(`s${turn}-${i}`, `${i}`);
      }
      await graph.close();
      const again = await openRoot(root, errors);
      assert.deepEqual(await titles(again), sorted(expected), step);
      await nextSchema(again);
      assert.deepEqual(await titles(again), sorted(expected), step);
      await again.close();
    }
    assert.deepEqual(errors, []);
  });
});

Deno.test("after a SIGKILL during schema changes the graph has one whole schema and all its rows", async () => {
  await withFilms(async (root) => {
    const expected = new Map<string, string>();
    let changes = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const migrator = startWriter(root, "schema", kill, 100_000, "graph_migrator.ts");
      const writer = startWriter(root, "w", kill, 100_000);
      for (const { started } of [migrator, writer]) await started;
      for (const each of [migrator, writer]) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
        await each.kill();
      }
      changes += migrator.lines.length;
      const errors: unknown[] = [];
      const graph = await openRoot(root, errors);
      const found = await titles(graph);
      const { done, open } = edits(writer.lines);
      for (const edit of done) apply(expected, edit);
      if (open !== null && isApplied(found, open)) apply(expected, open);
      assert.deepEqual(found, sorted(expected), `kill ${kill}`);
      assert.equal(await countFilms(graph), expected.size, "no slug appears twice");
      await nextSchema(graph);
      const rows = manyFilms(`after-${kill}-`);
      await loadLines(graph, rows.map(([slug, title]) => film(slug, title)));
      apply(expected, Object.fromEntries(rows));
      assert.deepEqual(await titles(graph), sorted(expected), `after kill ${kill}`);
      await assertLinear(graph);
      await graph.close();
      assert.deepEqual(errors, []);
    }
    assert.ok(changes >= KILLS, `only ${changes} schema changes were acknowledged`);
  });
});

Deno.test("writers in other processes lose no acknowledged write while the schema changes under them", async () => {
  await withFilms(async (root) => {
    const errors: unknown[] = [];
    const graph = await openRoot(root, errors);
    const writers = ["a", "b"].map((name, i) => startWriter(root, name, i, 100));
    for (const { started } of writers) await started;
    let busy = true;
    const all = Promise.all(writers.map(({ ended }) => ended)).then((ends) => {
      busy = false;
      return ends;
    });
    let changes = 0;
    for (; busy; changes++) {
      await nextSchema(graph);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (const { success } of await all) assert.ok(success);
    const expected = new Map<string, string>();
    for (const { lines } of writers) {
      const { done, open } = edits(lines);
      assert.deepEqual([open, done.length], [null, 100]);
      for (const edit of done) apply(expected, edit);
    }
    assert.ok(changes > 3, `only ${changes} schema changes`);
    for (const each of [graph, await openRoot(root, errors)]) {
      assert.deepEqual(await titles(each), sorted(expected));
      assert.equal(await countFilms(each), expected.size, "no slug appears twice");
      await assertLinear(each);
      await each.close();
    }
    assert.deepEqual(errors, []);
  });
});
