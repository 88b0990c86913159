import assert from "node:assert/strict";
import { type ClusterBench, clusterBench, controlPlane } from "../../tests/support/cluster_bench.ts";
import { FLEET_SCHEMA, SHIPS_GQ } from "../../tests/support/cluster_files.ts";

const RESOURCES = "__cluster/resources";

/** Applies the harbour with an edited query `edits` times. */
async function editedHarbour(edits: number): Promise<ClusterBench> {
  const bench = clusterBench();
  await bench.apply();
  for (let edit = 1; edit <= edits; edit++) {
    bench.files["queries/ships.gq"] = `${SHIPS_GQ}// edit ${edit}\n`;
    bench.time.nowMs += 60_000;
    assert.equal((await bench.apply()).result.converged, true);
  }
  return bench;
}

const blobsOf = (bench: ClusterBench) => bench.store.listTree(RESOURCES);

Deno.test("gc only shows, unless it is told to remove", async () => {
  const bench = await editedHarbour(3);
  const before = await blobsOf(bench);
  const shown = await bench.gc({ keepRevisions: 1 });
  assert.equal(shown.exitCode, 0);
  // Two names share the query file. Of four revisions the newest stays, and what its change replaced.
  assert.equal(shown.result.garbage.filter((key) => key.includes("/query/")).length, 2 * 2);
  assert.equal(shown.result.garbage.filter((key) => key.includes("/config/")).length, 3);
  assert.equal(shown.result.garbage.length, 7);
  assert.equal(shown.result.removed_count, 0);
  assert.deepEqual(await blobsOf(bench), before);
  const removed = await bench.gc({ keepRevisions: 1, confirm: true });
  assert.deepEqual(removed.result.garbage, shown.result.garbage);
  assert.equal(removed.result.removed_count, 7);
  assert.deepEqual((await bench.gc({ keepRevisions: 1 })).result.garbage, []);
});

Deno.test("gc keeps what the newest revisions were made of, and what a server needs that starts now", async () => {
  const bench = await editedHarbour(3);
  assert.deepEqual((await bench.gc()).result.garbage, []);
  await bench.gc({ keepRevisions: 1, confirm: true });
  const status = await bench.status();
  assert.deepEqual([status.exitCode, status.diagnostics.length], [0, 0]);
  assert.equal((await bench.apply()).result.state_written, false);
  assert.equal((await bench.plan()).result.changes.length, 0);
});

Deno.test("gc without a ledger, with a damaged history and under a held lock removes nothing", async () => {
  const empty = await clusterBench().gc({ confirm: true });
  assert.deepEqual([empty.exitCode, empty.diagnostics.map(({ code }) => code)], [1, ["state_missing"]]);
  const bench = await editedHarbour(2);
  const before = await blobsOf(bench);
  const history = await bench.text("__cluster/history/00000003.json") ?? "";
  await bench.put("__cluster/history/00000003.json", "{");
  const damaged = await bench.gc({ keepRevisions: 1, confirm: true });
  assert.deepEqual([damaged.exitCode, damaged.diagnostics.map(({ code }) => code)], [1, [
    "history_read_error",
  ]]);
  await bench.put("__cluster/history/00000003.json", history);
  await bench.put(
    "__cluster/lock.json",
    JSON.stringify({
      version: 1,
      lock_id: "01J",
      operation: "apply",
      created_at: "2026-03-01T08:00:00Z",
      pid: 1,
    }),
  );
  assert.equal((await bench.gc({ keepRevisions: 1, confirm: true })).exitCode, 5);
  assert.deepEqual(await blobsOf(bench), before);
});

Deno.test("drift is silent about an applied cluster, and writes nothing ever", async () => {
  const bench = await editedHarbour(0);
  const before = await controlPlane(bench.store);
  const { exitCode, result } = await bench.drift();
  assert.deepEqual([exitCode, result.drifts], [0, []]);
  bench.files["schemas/fleet.pg"] = `${FLEET_SCHEMA}node Buoy { name: String @key }\n`;
  assert.equal((await bench.drift()).exitCode, 0, "what is declared and not applied is no drift");
  assert.deepEqual(await controlPlane(bench.store), before);
});

Deno.test("drift names a missing and a broken graph, an unmanaged one, and lost and damaged blobs", async () => {
  const bench = await editedHarbour(0);
  await bench.put("graphs/other.omni/__manifest/format.json", "{}");
  const blobs = (await blobsOf(bench)).filter((name) => name.startsWith("query/fleet/add_ship/"));
  await bench.store.delete(`${RESOURCES}/${blobs[0]}`);
  const policies = (await blobsOf(bench)).filter((name) => name.startsWith("policy/crew/"));
  await bench.put(`${RESOURCES}/${policies[0]}`, "version: 1");
  await bench.store.delete("graphs/fleet.omni/__manifest/branches/main.json");
  const broken = await bench.drift();
  assert.equal(broken.exitCode, 2);
  assert.deepEqual(broken.result.drifts.map(({ resource, kind }) => `${resource} ${kind}`), [
    "graph.fleet graph_broken",
    "graph.other graph_unmanaged",
    "policy.crew payload_mismatch",
    "query.fleet.add_ship payload_missing",
  ]);
  await bench.store.deletePrefix("graphs/fleet.omni");
  assert.equal((await bench.drift()).result.drifts[0]?.kind, "graph_missing");
  const none = await clusterBench().drift();
  assert.deepEqual([none.exitCode, none.diagnostics.map(({ code }) => code)], [1, ["state_missing"]]);
});

Deno.test("gc keeps what a kept revision was made of, also where the record after it was filled in later", async () => {
  const bench = clusterBench();
  await bench.apply();
  const key = async () => {
    const digest = (await bench.status()).result.resource_digests["query.fleet.ships"];
    return `__cluster/resources/query/fleet/ships/${digest}.gq`;
  };
  const old = await key();
  bench.files["policies/crew.policy.yaml"] += "# a remark\n";
  await bench.apply();
  bench.files["queries/ships.gq"] += "// a remark\n";
  await bench.apply({
    failpoint: (name) =>
      name === "cluster_apply.after_state_write" ? Promise.reject(new Error("killed")) : Promise.resolve(),
  });
  const gap = await bench.gc();
  assert.equal(gap.exitCode, 1);
  assert.match(gap.diagnostics[0]!.message, /revision 3 has no record/);
  assert.match(gap.diagnostics[0]!.help ?? "", /run apply/);
  await bench.apply();
  const two = await bench.gc({ keepRevisions: 2, confirm: true });
  assert.equal(two.exitCode, 0);
  assert.ok(await bench.store.exists(old), "revision 2 was made of it");
  assert.ok((await bench.gc({ keepRevisions: 1 })).result.garbage.includes(old));
  await bench.store.delete("__cluster/history/00000002.json");
  const hole = await bench.gc({ keepRevisions: 3, confirm: true });
  assert.deepEqual([hole.exitCode, hole.result.removed_count], [1, 0]);
  assert.match(hole.diagnostics[0]!.help ?? "", /--keep 1/);
});
