/** Whole processes against one graph with real tables, on disk and on S3: killed at random moments, and side by side. */
import assert from "node:assert/strict";
import { createGraph } from "../../core/graph/open.ts";
import { film, FILM_SCHEMA, loadLines, titles } from "../support/embedded_graphs.ts";
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
import { rootKinds } from "../support/roots.ts";

const PROGRAM = "graph_writer.ts";

for (const kind of await rootKinds()) {
  const KILLS = kind.name === "S3" ? 8 : 20;
  kind.test("46: after a SIGKILL at a random moment the graph holds whole commits only and takes the next write", async ({ address: root, store, variables, env }) => {
    await createGraph({ store: store(), schema: FILM_SCHEMA });
    const expected = new Map<string, string>();
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // Every second time two writers are at work, and the second outlives the first by a moment.
      const names = kill % 2 === 0 ? ["k"] : ["k", "m"];
      const writers = names.map((name) => startWriter(root, name, kill, 100_000, PROGRAM, variables));
      for (const { started } of writers) await started;
      for (const writer of writers) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
        await writer.kill();
      }
      const errors: unknown[] = [];
      const graph = await openRoot(root, errors, env);
      const found = await titles(graph);
      for (const { lines } of writers) {
        const { done, open } = edits(lines);
        for (const edit of done) apply(expected, edit);
        acknowledged += done.length;
        if (open !== null && isApplied(found, open)) apply(expected, open);
      }
      assert.deepEqual(found, sorted(expected), `kill ${kill}`);
      assert.equal(await countFilms(graph), expected.size, "no slug appears twice");
      // Small, then large: both must work on whatever the dead process left in the tables.
      const rows = Array.from({ length: 300 }, (_, i) => [`after-${kill}-${i}`, "y".repeat(300)] as const);
      await loadLines(graph, [film(`small-${kill}`, "s")]);
      await loadLines(graph, rows.map(([slug, title]) => film(slug, title)));
      apply(expected, { [`small-${kill}`]: "s", ...Object.fromEntries(rows) });
      assert.equal(Object.keys(await titles(graph)).length, expected.size);
      await assertLinear(graph);
      await graph.close();
      assert.deepEqual(errors, []);
    }
    assert.ok(acknowledged > KILLS, `only ${acknowledged} writes were acknowledged`);
  });

  kind.test("22: writers in several processes lose no acknowledged write, duplicate no key and make one linear history", async ({ address: root, store, variables, env }) => {
    await createGraph({ store: store(), schema: FILM_SCHEMA });
    const writers = ["a", "b"].map((name, i) => startWriter(root, name, i, 120, PROGRAM, variables));
    const errors: unknown[] = [];
    const reader = await openRoot(root, errors, env);
    for (const { started } of writers) await started;
    await loadLines(reader, [film("here", "too")]);
    for (const { ended } of writers) assert.ok((await ended).success);
    const expected = new Map([["here", "too"]]);
    for (const { lines } of writers) {
      const { done, open } = edits(lines);
      assert.equal(open, null);
      assert.equal(done.length, 120);
      for (const edit of done) apply(expected, edit);
    }
    const fresh = await openRoot(root, errors, env);
    for (const graph of [reader, fresh]) {
      assert.deepEqual(await titles(graph), sorted(expected));
      assert.equal(await countFilms(graph), expected.size, "no slug appears twice");
    }
    await assertLinear(fresh);
    await Promise.all([reader.close(), fresh.close()]);
    assert.deepEqual(errors, []);
  });
}
