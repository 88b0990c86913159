/** Failures at every named step of the write protocol, over a real disk and real tables. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { Failpoint } from "../../core/base/ports.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import {
  film,
  FILM_SCHEMA,
  INSERT_FILM,
  loadLines,
  titles,
  UPDATE_FILM,
} from "../support/embedded_graphs.ts";
import { withTempDir } from "../support/process.ts";

function openRoot(root: string, failpoint: Failpoint, errors: unknown[]): Promise<EmbeddedGraph> {
  const uri = parseStorageUri(root, root);
  return openGraph({
    store: openObjectStore(uri),
    tables: openTableStore(uri),
    uri: root,
    ports: { ...systemPorts(), failpoint },
    onBackgroundError: (error) => void errors.push(error),
  });
}

function largeLoad(graph: EmbeddedGraph, prefix: string): Promise<unknown> {
  return loadLines(graph, Array.from({ length: 300 }, (_, i) => film(`${prefix}${i}`, "x".repeat(300))));
}

Deno.test("46: a large commit that dies at any step leaves nothing, and the next large commit builds on the head", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: FILM_SCHEMA });
    let count = 0;
    const steps = [
      "publish.staged",
      "publish.table_written",
      "publish.tables_written",
      "publish.before_append",
    ];
    for (const [turn, step] of steps.entries()) {
      const dying = await openRoot(root, (name) => {
        if (name === step) throw new Error(`died at ${step}`);
      }, []);
      await assert.rejects(largeLoad(dying, `dead${turn}-`), /died/);
      await dying.close();
      const errors: unknown[] = [];
      const graph = await openRoot(root, () => {}, errors);
      assert.equal(Object.keys(await titles(graph)).length, count, step);
      await graph.mutate({ source: INSERT_FILM, params: { slug: `small${turn}`, title: "s" } });
      await largeLoad(graph, `live${turn}-`);
      count += 301;
      const found = Object.keys(await titles(graph));
      assert.equal(found.length, count);
      assert.ok(!found.some((slug) => slug.startsWith("dead")), step);
      await graph.close();
      assert.deepEqual(errors, []);
    }
  });
});

Deno.test("a fold that dies at any step changes no content; later folds and large commits go on from the head", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: FILM_SCHEMA });
    const expected: Record<string, string> = {};
    const steps = [
      "fold.table_written",
      "fold.tables_written",
      "fold.before_append",
      "fold.after_append",
      "none",
    ];
    for (const [turn, step] of steps.entries()) {
      const errors: unknown[] = [];
      const graph = await openRoot(root, (name) => {
        if (name === step) throw new Error(`died at ${step}`);
      }, errors);
      for (let i = 0; i < 34; i++) {
        await graph.mutate({ source: INSERT_FILM, params: { slug: `f${turn}-${i}`, title: `${i}` } });
        expected[`f${turn}-${i}`] = `${i}`;
      }
      const updated = `f${turn}-3`;
      await graph.mutate({ source: UPDATE_FILM, params: { slug: updated, title: "updated" } });
      expected[updated] = "updated";
      await graph.close();
      assert.equal(errors.length, step === "none" ? 0 : 1, step);
      const reader = await openRoot(root, () => {}, []);
      assert.deepEqual(
        await titles(reader),
        Object.fromEntries(Object.entries(expected).sort(([a], [b]) => a < b ? -1 : 1)),
      );
      await reader.close();
    }
    const graph = await openRoot(root, () => {}, []);
    await largeLoad(graph, "end");
    assert.equal(Object.keys(await titles(graph)).length, Object.keys(expected).length + 300);
    await graph.close();
  });
});
