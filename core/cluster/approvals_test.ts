import assert from "node:assert/strict";
import { type ClusterBench, clusterBench, onFleet } from "../../tests/support/cluster_bench.ts";
import { HARBOUR_YAML } from "../../tests/support/cluster_files.ts";
import { parseStorageUri } from "../storage/uri.ts";
import { graphEngine } from "./engine.ts";

const ROOT = "graphs/fleet.omni";
const WITHOUT_FLEET = `version: 1
metadata: { name: harbour }
graphs: {}
policies:
  gate: { file: policies/gate.policy.yaml, applies_to: [cluster] }
`;

function codes(diagnostics: readonly { readonly code: string }[]): string[] {
  return diagnostics.map(({ code }) => code);
}

async function json(bench: ClusterBench, key: string) {
  return JSON.parse(await bench.text(key) ?? "null");
}

const ledgerOf = (bench: ClusterBench) => json(bench, "__cluster/state.json");

/** An applied harbour whose configuration has lost the graph. */
async function harbourWithoutFleet(): Promise<ClusterBench> {
  const bench = clusterBench();
  await bench.apply();
  bench.files["cluster.yaml"] = WITHOUT_FLEET;
  return bench;
}

/** A write that does not go through the cluster. */
function loadFleet(bench: ClusterBench, lines: string): Promise<void> {
  return onFleet(bench, (graph) => graph.load({ data: new TextEncoder().encode(lines), mode: "append" }));
}

Deno.test("acceptance 27: approve, then apply: the root is gone, a tombstone stays, the approval is consumed in ledger and file", async () => {
  const bench = await harbourWithoutFleet();
  const approved = await bench.approve("graph.fleet");
  assert.equal(approved.exitCode, 0);
  const { approval_id: id, resource, operation, approved_by: by } = approved.result;
  assert.deepEqual([resource, operation, by], ["graph.fleet", "delete", "act-mila"]);
  assert.deepEqual(approved.result.bound_data?.rows, 0);
  const planned = await bench.plan();
  assert.deepEqual(planned.result.approvals_required.map(({ satisfied }) => satisfied), [true]);
  const { exitCode, result, diagnostics } = await bench.apply({ actor: "act-ida" });
  assert.deepEqual([exitCode, result.converged, codes(diagnostics)], [0, true, []]);
  assert.equal(await bench.store.prefixExists(ROOT), false);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  const ledger = await ledgerOf(bench);
  assert.deepEqual(Object.keys(ledger.applied_revision.resources), ["policy.gate"]);
  assert.deepEqual(Object.keys(ledger.resource_statuses), ["policy.gate"]);
  assert.deepEqual(ledger.observations["graph.fleet"], {
    kind: "tombstone",
    deleted_at: "2026-03-01T08:00:00.000Z",
    approval_id: id,
    actor: "act-ida",
  });
  assert.equal(ledger.approval_records[id!].consumed_by_operation, "apply");
  const file = await json(bench, `__cluster/approvals/${id}.json`);
  assert.deepEqual([file.consumed_at, file.consumed_by_operation], ["2026-03-01T08:00:00.000Z", "apply"]);
  assert.deepEqual((await json(bench, "__cluster/history/00000002.json")).approvals, [id]);
  assert.equal((await bench.apply()).result.state_written, false);
});

Deno.test("an approval survives an edit of another resource", async () => {
  const bench = await harbourWithoutFleet();
  await bench.approve("graph.fleet");
  bench.files["policies/gate.policy.yaml"] = `${bench.files["policies/gate.policy.yaml"]}# a remark\n`;
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged], [0, true]);
});

Deno.test("acceptance 27: an approval dies when the graph it names changes, when a row arrives, and when it expires", async () => {
  const moves: readonly [string, (bench: ClusterBench) => Promise<void>, RegExp][] = [
    ["declaration", async (bench) => {
      bench.files["cluster.yaml"] = HARBOUR_YAML;
      bench.files["queries/ships.gq"] = `${bench.files["queries/ships.gq"]}// a remark\n`;
      await bench.apply();
      bench.files["cluster.yaml"] = WITHOUT_FLEET;
    }, /declared, or applied, for this resource has changed/],
    [
      "data",
      (bench) => loadFleet(bench, '{"type":"Ship","data":{"name":"ida"}}'),
      /main had 0 rows then and has 1 now/,
    ],
    ["time", (bench) => {
      bench.time.nowMs += 7 * 86_400_000;
      return Promise.resolve();
    }, /it expired at 2026-03-08T08:00:00\.000Z/],
  ];
  for (const [what, move, expected] of moves) {
    const bench = await harbourWithoutFleet();
    await bench.approve("graph.fleet");
    await move(bench);
    const { exitCode, diagnostics } = await bench.apply();
    assert.equal(exitCode, 3, what);
    const stale = diagnostics.find(({ code }) => code === "approval_stale");
    assert.match(stale?.message ?? "", expected, what);
    assert.ok(await bench.store.prefixExists(ROOT), what);
    assert.equal((await bench.approve("graph.fleet")).exitCode, 0, what);
    const again = await bench.apply();
    assert.deepEqual([again.exitCode, await bench.store.prefixExists(ROOT)], [0, false], what);
  }
});

Deno.test("acceptance 28: two approvals of one delete are both consumed; a graph created again needs a new one", async () => {
  const bench = await harbourWithoutFleet();
  const ids = [
    (await bench.approve("graph.fleet")).result.approval_id!,
    (await bench.approve("graph.fleet", { actor: "act-ida" })).result.approval_id!,
  ];
  await bench.apply();
  assert.deepEqual(Object.keys((await ledgerOf(bench)).approval_records).sort(), ids.toSorted());
  for (const id of ids) assert.ok((await json(bench, `__cluster/approvals/${id}.json`)).consumed_at);
  bench.files["cluster.yaml"] = HARBOUR_YAML;
  assert.equal((await bench.apply()).result.converged, true);
  bench.files["cluster.yaml"] = WITHOUT_FLEET;
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged, await bench.store.prefixExists(ROOT)], [3, false, true]);
});

Deno.test("acceptance 29: approve needs a person and something that is gated", async () => {
  const bench = await harbourWithoutFleet();
  const nobody = await bench.approve("graph.fleet", { actor: null });
  assert.equal(nobody.exitCode, 1);
  assert.match(nobody.diagnostics[0]!.message, /--as.*operator\.actor/);
  const query = await bench.approve("query.fleet.ships");
  assert.deepEqual([query.exitCode, codes(query.diagnostics)], [1, ["approval_not_required"]]);
  assert.match(query.diagnostics[0]!.message, /`graph\.fleet`/);
  assert.deepEqual(await bench.store.list("__cluster/approvals"), []);
  assert.equal(await bench.text("__cluster/lock.json"), null);
});

Deno.test("approve holds to the plan that was read", async () => {
  const bench = await harbourWithoutFleet();
  const digest = (await bench.plan()).result.plan_digest!;
  assert.equal((await bench.approve("graph.fleet", { planDigest: digest })).exitCode, 0);
  bench.files["policies/gate.policy.yaml"] += "# a remark\n";
  const stale = await bench.approve("graph.fleet", { planDigest: digest });
  assert.deepEqual([stale.exitCode, codes(stale.diagnostics)], [4, ["plan_stale"]]);
});

Deno.test("approvals that cannot be read warn and authorize nothing", async () => {
  const bench = await harbourWithoutFleet();
  const { result } = await bench.approve("graph.fleet");
  const key = `__cluster/approvals/${result.approval_id}.json`;
  const text = await bench.text(key) ?? "";
  const damaged: readonly [string, string][] = [
    ["{", "invalid_approval_artifact"],
    [text.replace('"schema_version": 1', '"schema_version": 2'), "unsupported_approval_version"],
    [text.replace('"reason"', '"extra": 1, "reason"'), "invalid_approval_artifact"],
    [text.replace(/"expires_at": "[^"]*"/, '"expires_at": "soon"'), "invalid_approval_artifact"],
    [text.replace(/"heads": \{[^}]*\}/, '"heads": ["main"]'), "invalid_approval_artifact"],
    [text.replace(/"approval_id": "[^"]*"/, '"approval_id": "01J"'), "invalid_approval_artifact"],
  ];
  for (const [bytes, code] of damaged) {
    await bench.put(key, bytes);
    const { exitCode, diagnostics } = await bench.apply();
    assert.equal(exitCode, 3);
    assert.ok(codes(diagnostics).includes(code), `${code} in ${codes(diagnostics)}`);
    assert.ok(await bench.store.prefixExists(ROOT));
  }
});

Deno.test("acceptance 24 and 25: a delete that dies before its effect is retried, one that dies after it is recorded", async () => {
  for (const point of ["before_graph_delete", "after_graph_delete"]) {
    const bench = await harbourWithoutFleet();
    const { result: { approval_id: id } } = await bench.approve("graph.fleet");
    const dead = await bench.apply({
      failpoint: (name) =>
        name === `cluster_apply.${point}` ? Promise.reject(new Error("killed")) : Promise.resolve(),
    });
    assert.deepEqual(codes(dead.diagnostics), ["injected_failpoint"]);
    assert.equal((await ledgerOf(bench)).state_revision, 1);
    const after = await bench.apply();
    assert.deepEqual([after.exitCode, after.result.converged], [0, true], point);
    assert.deepEqual(
      codes(after.diagnostics),
      [point === "before_graph_delete" ? "graph_delete_incomplete" : "cluster_recovery_rolled_forward"],
    );
    const ledger = await ledgerOf(bench);
    assert.equal(ledger.observations["graph.fleet"].kind, "tombstone");
    assert.ok(ledger.approval_records[id!], point);
    assert.ok((await json(bench, `__cluster/approvals/${id}.json`)).consumed_at, point);
    assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
    assert.equal(await bench.store.prefixExists(ROOT), false);
  }
});

Deno.test("an approval whose use is in the ledger and not yet in its file is noted by the next apply", async () => {
  const bench = await harbourWithoutFleet();
  const { result: { approval_id: id } } = await bench.approve("graph.fleet");
  await bench.apply({
    failpoint: (name) =>
      name === "cluster_apply.before_approval_consumption"
        ? Promise.reject(new Error("killed"))
        : Promise.resolve(),
  });
  assert.ok((await ledgerOf(bench)).approval_records[id!]);
  assert.equal((await json(bench, `__cluster/approvals/${id}.json`)).consumed_at, null);
  const after = await bench.apply();
  assert.deepEqual([after.exitCode, after.result.state_written], [0, false]);
  assert.ok((await json(bench, `__cluster/approvals/${id}.json`)).consumed_at);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
});

Deno.test("a delete that dies half-way goes on under its approval, though the graph no longer opens", async () => {
  const bench = await harbourWithoutFleet();
  await bench.approve("graph.fleet");
  await bench.apply({
    failpoint: (name) =>
      name === "cluster_apply.before_graph_delete" ? Promise.reject(new Error("killed")) : Promise.resolve(),
  });
  await bench.store.delete(`${ROOT}/__manifest/branches/main.json`);
  await bench.store.delete(`${ROOT}/__manifest/format.json`);
  bench.time.nowMs += 30 * 86_400_000;
  bench.files["cluster.yaml"] = HARBOUR_YAML;
  const declared = await bench.apply();
  assert.equal(declared.exitCode, 7, "declared again, half of it gone: nothing is touched");
  assert.ok(codes(declared.diagnostics).includes("cluster_recovery_pending"));
  bench.files["cluster.yaml"] = WITHOUT_FLEET;
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged, await bench.store.prefixExists(ROOT)], [0, true, false]);
  bench.files["cluster.yaml"] = HARBOUR_YAML;
  assert.deepEqual((await bench.apply()).exitCode, 0);
});

Deno.test("a half-deleted graph keeps its record and its approval through a refresh and a run that skips it", async () => {
  const bench = await harbourWithoutFleet();
  await bench.approve("graph.fleet");
  await bench.apply({
    failpoint: (name) =>
      name === "cluster_apply.before_graph_delete" ? Promise.reject(new Error("killed")) : Promise.resolve(),
  });
  await bench.store.delete(`${ROOT}/__manifest/branches/main.json`);
  await bench.store.delete(`${ROOT}/__manifest/format.json`);
  const records = await bench.store.list("__cluster/recoveries");
  const refreshed = await bench.refresh();
  assert.ok(codes(refreshed.diagnostics).includes("graph_delete_incomplete"));
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), records);
  // Another graph's create fails, so that nothing is deleted in this run.
  bench.files["cluster.yaml"] = WITHOUT_FLEET.replace("{}", "{ yard: { schema: schemas/fleet.pg } }");
  await bench.put("graphs/yard.omni/junk.txt", "junk");
  const skipped = await bench.apply();
  assert.ok(codes(skipped.diagnostics).includes("graph_delete_skipped"));
  assert.ok((await bench.store.list("__cluster/recoveries")).includes(records[0]!));
  await bench.store.delete("graphs/yard.omni/junk.txt");
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged, await bench.store.prefixExists(ROOT)], [0, true, false]);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
});

Deno.test("a delete that died before anything was gone needs an approval that still counts", async () => {
  const killed = (name: string) =>
    name === "cluster_apply.before_graph_delete" ? Promise.reject(new Error("killed")) : Promise.resolve();
  for (const moved of ["time", "data"]) {
    const bench = await harbourWithoutFleet();
    await bench.approve("graph.fleet");
    await bench.apply({ failpoint: killed });
    if (moved === "time") bench.time.nowMs += 30 * 86_400_000;
    else await loadFleet(bench, '{"type":"Ship","data":{"name":"ida"}}');
    assert.equal((await bench.plan()).result.approvals_required[0]?.satisfied, false, moved);
    const { exitCode, diagnostics } = await bench.apply();
    assert.equal(exitCode, 3, moved);
    for (const code of ["graph_delete_incomplete", "approval_stale"]) {
      assert.ok(codes(diagnostics).includes(code), `${moved}: ${code}`);
    }
    assert.ok(await bench.store.prefixExists(ROOT));
    assert.deepEqual(await bench.store.list("__cluster/recoveries"), [], "the graph is served again");
  }
});

Deno.test("rows that arrive between plan and delete stop the delete", async () => {
  const bench = await harbourWithoutFleet();
  await bench.approve("graph.fleet");
  const { exitCode, diagnostics } = await bench.apply({
    failpoint: (name) =>
      name === "cluster_apply.after_payload_phase"
        ? loadFleet(bench, '{"type":"Ship","data":{"name":"ida"}}')
        : Promise.resolve(),
  });
  assert.equal(exitCode, 1);
  assert.match(
    diagnostics.find(({ code }) => code === "graph_delete_failed")?.message ?? "",
    /nothing was deleted/,
  );
  assert.ok(await bench.store.prefixExists(ROOT));
  const ledger = await ledgerOf(bench);
  assert.ok(ledger.applied_revision.resources["graph.fleet"]);
  assert.equal(ledger.approval_records && Object.keys(ledger.approval_records).length, 0);
});

Deno.test("dataOf() speaks of every branch, and of nothing where no graph opens", async () => {
  const bench = clusterBench();
  await bench.apply();
  const root = parseStorageUri("/quay", "/");
  const { store, options } = bench;
  const engine = graphEngine({ root, store, openTables: options.openTables!, ports: options.ports! });
  const data = await engine.dataOf("fleet");
  assert.deepEqual([Object.keys(data!.heads), data!.rows], [["main"], 0]);
  assert.equal(await engine.dataOf("other"), null);
});

Deno.test("an approval that the ledger knows as used is used, whatever its file says", async () => {
  const bench = await harbourWithoutFleet();
  const { result: { approval_id: id } } = await bench.approve("graph.fleet");
  const key = `__cluster/approvals/${id}.json`;
  const unused = await bench.text(key) ?? "";
  await bench.apply();
  bench.files["cluster.yaml"] = HARBOUR_YAML;
  await bench.apply();
  bench.files["cluster.yaml"] = WITHOUT_FLEET;
  // Bound to no data, as another writer may leave it, so that only its use speaks against it.
  const digest = (await bench.status()).result.resource_digests["graph.fleet"];
  const config = (await bench.plan()).result.desired_revision.config_digest;
  const loose = { ...JSON.parse(unused), bound_config_digest: config, bound_before_digest: digest };
  delete loose.bound_change_digest;
  delete loose.bound_data;
  await bench.put(key, JSON.stringify(loose));
  const { exitCode, diagnostics } = await bench.apply();
  assert.equal(exitCode, 3);
  assert.ok(!codes(diagnostics).includes("approval_stale"), "it is not even looked at");
  assert.ok(await bench.store.prefixExists(ROOT));
  await bench.put(
    key.replace(id!, "01OTHER"),
    JSON.stringify({ ...loose, approval_id: "01OTHER" }),
  );
  assert.equal((await bench.apply()).exitCode, 0, "the same under an id that was not used counts");
});
