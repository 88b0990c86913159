/** Whole processes that apply one configuration on disk: killed at random moments, and side by side. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { sha256Hex } from "../../core/base/digest.ts";
import { clusterApply } from "../../core/cluster/commands.ts";
import { loadServingRevision } from "../../core/cluster/serving.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { CREW_POLICY, FLEET_SCHEMA, SHIPS_GQ } from "../support/cluster_files.ts";
import { startApplier } from "../support/applier.ts";
import { withTempDir } from "../support/process.ts";

const KILLS = 20;

/** Writes a configuration of `graphs` graphs whose every source carries `mark`. */
async function writeConfig(folder: string, graphs: number, mark: string): Promise<void> {
  await Deno.mkdir(join(folder, "queries"), { recursive: true });
  const ids = Array.from({ length: graphs }, (_, index) => `fleet${index}`);
  const graph = (id: string) => `  ${id}: { schema: ${id}.pg, queries: queries/ }\n`;
  const policy = `  crew: { file: crew.policy.yaml, applies_to: [${ids.join(", ")}] }\n`;
  await Deno.writeTextFile(
    join(folder, "cluster.yaml"),
    `version: 1\nstorage: store\ngraphs:\n${ids.map(graph).join("")}policies:\n${policy}`,
  );
  await Deno.writeTextFile(join(folder, "queries/ships.gq"), `${SHIPS_GQ}// ${mark}\n`);
  await Deno.writeTextFile(join(folder, "crew.policy.yaml"), `${CREW_POLICY}# ${mark}\n`);
  for (const id of ids) await Deno.writeTextFile(join(folder, `${id}.pg`), `${FLEET_SCHEMA}// ${mark}\n`);
}

/** Applies in this process, at once: a dead holder's lock is taken over, a living one's is not. */
async function applyNow(configDir: string) {
  return await clusterApply({ configDir });
}

async function checkSettled(folder: string, graphs: number): Promise<void> {
  const store = openObjectStore({ kind: "local", path: join(folder, "store") });
  assert.deepEqual(await store.list("__cluster/recoveries"), []);
  assert.equal(await store.get("__cluster/lock.json"), null);
  const served = await loadServingRevision(store);
  assert.deepEqual([served.graphs.length, served.quarantined], [graphs, []]);
  for (const { graphId, rootKey, queries } of served.graphs) {
    const uri = { kind: "local" as const, path: join(folder, "store", rootKey) };
    const graph = await openGraph({
      store: openObjectStore(uri),
      tables: openTableStore(uri),
      uri: uri.path,
    });
    const source = await Deno.readFile(join(folder, `${graphId}.pg`));
    assert.equal(graph.accepted().digests.source, sha256Hex(source), graphId);
    assert.equal(queries.length, 2);
    await graph.close();
  }
}

Deno.test("cluster: an apply killed at any moment is repaired by the next apply", async () => {
  await withTempDir(async (folder) => {
    await writeConfig(folder, 1, "first");
    const timed = startApplier(folder);
    assert.equal(await timed.line(), "ready");
    const start = performance.now();
    await timed.go();
    assert.equal(await timed.ended(), 0);
    const spanMs = performance.now() - start;
    let interrupted = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // New graphs, new queries, schema edits and policy edits all at once.
      const graphs = 2 + (kill >> 2);
      await writeConfig(folder, graphs, `round ${kill}`);
      const applier = startApplier(folder);
      assert.equal(await applier.line(), "ready");
      await applier.go();
      await new Promise((resolve) => setTimeout(resolve, spanMs * Math.random()));
      applier.kill();
      if (await applier.ended() !== 0) interrupted++;
      const { exitCode, result } = await applyNow(folder);
      assert.deepEqual([exitCode, result.converged], [0, true], JSON.stringify(result.diagnostics));
      await checkSettled(folder, graphs);
      assert.equal((await applyNow(folder)).result.state_written, false);
    }
    assert.ok(interrupted > 0, "at least one kill came before the end");
  });
});

Deno.test("cluster: while one process applies another one is sent away, and nothing is lost", async () => {
  await withTempDir(async (folder) => {
    await writeConfig(folder, 2, "first");
    const holder = startApplier(folder, "hold");
    assert.equal(await holder.line(), "ready");
    await holder.go();
    assert.equal(await holder.line(), "holding");
    const late = startApplier(folder);
    await late.line();
    await late.go();
    assert.equal(await late.ended(), 5);
    await holder.go();
    assert.equal(await holder.ended(), 0);
    await checkSettled(folder, 2);
    assert.equal((await applyNow(folder)).result.state_written, false);
  });
});

Deno.test("cluster: of processes that start together each wins or exits with 5", async () => {
  await withTempDir(async (folder) => {
    await writeConfig(folder, 2, "first");
    const appliers = Array.from({ length: 4 }, () => startApplier(folder));
    for (const applier of appliers) assert.equal(await applier.line(), "ready");
    await Promise.all(appliers.map((applier) => applier.go()));
    const codes = await Promise.all(appliers.map((applier) => applier.ended()));
    assert.ok(codes.includes(0) && codes.every((code) => code === 0 || code === 5), codes.join());
    const { result } = await applyNow(folder);
    assert.deepEqual([result.converged, result.state_written, result.state_observations.state_revision], [
      true,
      false,
      1,
    ]);
    await checkSettled(folder, 2);
  });
});
