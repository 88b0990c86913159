import assert from "node:assert/strict";
import {
  appliedHarbour,
  changeSchema,
  type ClusterBench,
  clusterBench,
  controlPlane,
} from "../../tests/support/cluster_bench.ts";
import { FLEET_SCHEMA } from "../../tests/support/cluster_files.ts";
import { sha256Hex } from "../base/digest.ts";

const ROOT = "graphs/fleet.omni";
const LEDGER = "__cluster/state.json";
const WIDER_SCHEMA = FLEET_SCHEMA.replace("tons: I32?", "tons: I32?\n  flag: String?");

function codes(diagnostics: readonly { readonly code: string }[]): string[] {
  return diagnostics.map(({ code }) => code);
}

async function ledgerOf(bench: ClusterBench) {
  return JSON.parse(await bench.text(LEDGER) ?? "null");
}

Deno.test("acceptance 20: a comment-only schema edit converges, and refresh finds no drift", async () => {
  const bench = await appliedHarbour();
  bench.files["schemas/fleet.pg"] = `// a remark\n${FLEET_SCHEMA}`;
  assert.equal((await bench.apply()).result.converged, true);
  const { exitCode, result } = await bench.refresh();
  assert.equal(exitCode, 0);
  assert.deepEqual(result.resource_statuses["schema.fleet"], { status: "applied" });
  const observed = (await ledgerOf(bench)).observations["graph.fleet"];
  assert.deepEqual([observed.exists, observed.schema_matches_desired, observed.error], [true, true, null]);
  assert.equal((await bench.plan()).result.changes.length, 0);
});

Deno.test("acceptance 30: refresh marks a schema that was changed behind the cluster's back; plan shows the way back, apply goes it", async () => {
  const bench = await appliedHarbour();
  await changeSchema(bench, WIDER_SCHEMA);
  const { exitCode, result } = await bench.refresh();
  assert.equal(exitCode, 0);
  for (const address of ["graph.fleet", "schema.fleet"]) {
    assert.deepEqual(result.resource_statuses[address], {
      status: "drifted",
      conditions: ["schema_mismatch"],
    });
  }
  assert.equal(result.resource_digests["schema.fleet"], sha256Hex(new TextEncoder().encode(WIDER_SCHEMA)));
  const planned = (await bench.plan()).result.changes.find(({ resource }) => resource === "schema.fleet");
  assert.deepEqual(
    planned?.migration?.steps.map((step) => (step as { kind: string; mode?: string }).mode),
    ["soft"],
  );
  const applied = await bench.apply();
  assert.deepEqual([applied.exitCode, applied.result.converged], [0, true]);
  assert.deepEqual((await ledgerOf(bench)).resource_statuses["schema.fleet"], { status: "applied" });
});

Deno.test("acceptance 31: a vanished root is no error of refresh; its queries stay and apply makes the graph anew, empty", async () => {
  const bench = await appliedHarbour();
  await bench.store.deletePrefix(ROOT);
  const { exitCode, result } = await bench.refresh();
  assert.equal(exitCode, 0);
  assert.deepEqual(result.resource_statuses["graph.fleet"], {
    status: "drifted",
    conditions: ["graph_missing"],
  });
  assert.deepEqual(Object.keys(result.resource_digests), [
    "policy.crew",
    "policy.gate",
    "query.fleet.add_ship",
    "query.fleet.ships",
    "query.fleet.ships_in_port",
  ]);
  const applied = await bench.apply();
  assert.deepEqual([applied.exitCode, applied.result.converged], [0, true]);
  assert.ok(
    applied.result.changes.some(({ resource, operation }) =>
      resource === "graph.fleet" && operation === "create"
    ),
  );
  assert.ok(await bench.store.prefixExists(ROOT));
});

Deno.test("acceptance 32: a lost or damaged blob: status only warns, refresh drops the digest, apply brings the content back", async () => {
  for (
    const [damage, code, condition] of [
      ["lost", "catalog_payload_missing", "payload_missing"],
      ["damaged", "catalog_payload_mismatch", "payload_mismatch"],
    ] as const
  ) {
    const bench = await appliedHarbour();
    const digest = (await ledgerOf(bench)).applied_revision.resources["query.fleet.ships"].digest;
    const key = `__cluster/resources/query/fleet/ships/${digest}.gq`;
    const content = await bench.text(key);
    if (damage === "lost") await bench.store.delete(key);
    else await bench.put(key, "query other() { match { $s: Ship } return { $s.name } }");
    const before = await controlPlane(bench.store);
    const status = await bench.status();
    assert.deepEqual([status.exitCode, codes(status.diagnostics)], [0, [code]]);
    assert.deepEqual(await controlPlane(bench.store), before);
    const { exitCode, result, diagnostics } = await bench.refresh();
    assert.deepEqual([exitCode, codes(diagnostics)], [0, [code]]);
    assert.equal(result.resource_digests["query.fleet.ships"], undefined);
    assert.deepEqual(result.resource_statuses["query.fleet.ships"], {
      status: "drifted",
      conditions: [condition],
    });
    const applied = await bench.apply();
    assert.deepEqual([applied.exitCode, applied.result.converged], [0, true]);
    assert.equal(await bench.text(key), content);
  }
});

Deno.test("acceptance 32: an unreadable blob keeps its digest and refresh exits with 1", async () => {
  const plain = clusterBench();
  let broken = false;
  const store = new Proxy(plain.store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (name === "under") return target.under.bind(target);
      if (name !== "get") return typeof member === "function" ? member.bind(target) : member;
      return (key: string) =>
        broken && key.includes("/query/fleet/ships/")
          ? Promise.reject(new Error("bad sector"))
          : target.get(key);
    },
  });
  const bench = clusterBench({ store });
  await bench.apply();
  broken = true;
  const { exitCode, result, diagnostics } = await bench.refresh();
  assert.deepEqual([exitCode, codes(diagnostics)], [1, ["catalog_payload_read_error"]]);
  assert.ok(result.resource_digests["query.fleet.ships"]);
  assert.deepEqual(result.resource_statuses["query.fleet.ships"], {
    status: "error",
    conditions: ["payload_read_error"],
  });
  assert.equal(result.state_observations.state_revision, 2, "refresh persists even with errors");
  broken = false;
  const healed = await bench.refresh();
  assert.deepEqual(healed.result.resource_statuses["query.fleet.ships"], { status: "applied" });
});

Deno.test("acceptance 33: a lost ledger: import makes revision 1 without query digests, apply converges", async () => {
  const bench = await appliedHarbour();
  await bench.store.delete(LEDGER);
  const imported = await bench.importState();
  assert.equal(imported.exitCode, 0);
  assert.equal(imported.result.state_observations.state_revision, 1);
  assert.deepEqual(Object.keys(imported.result.resource_digests), ["graph.fleet", "schema.fleet"]);
  assert.equal((await ledgerOf(bench)).applied_revision.config_digest, null);
  const record = JSON.parse(await bench.text("__cluster/history/00000001.json") ?? "null");
  assert.equal(record.operation, "import", "the records of the lost ledger are set aside");
  assert.deepEqual((await bench.store.folders("__cluster/history")).length, 1);
  const again = await bench.importState();
  assert.deepEqual([again.exitCode, codes(again.diagnostics)], [1, ["state_already_exists"]]);
  const applied = await bench.apply();
  assert.deepEqual([applied.exitCode, applied.result.converged], [0, true]);
  assert.equal((await bench.plan()).result.changes.length, 0);
});

Deno.test("acceptance 33: an import with a root that does not open writes nothing", async () => {
  const bench = clusterBench();
  await bench.put(`${ROOT}/nodes/junk.txt`, "junk");
  const { exitCode, diagnostics } = await bench.importState();
  assert.equal(exitCode, 1);
  assert.ok(codes(diagnostics).includes("graph_observation_error"));
  assert.deepEqual(await controlPlane(bench.store), new Map());
});

Deno.test("a root that does not open keeps its entries, is an error of refresh, and is written down", async () => {
  const bench = await appliedHarbour();
  await bench.store.delete(`${ROOT}/__manifest/branches/main.json`);
  const { exitCode, result, diagnostics } = await bench.refresh();
  assert.deepEqual([exitCode, codes(diagnostics)], [1, ["graph_observation_error"]]);
  assert.ok(result.resource_digests["schema.fleet"]);
  assert.deepEqual(result.resource_statuses["schema.fleet"]?.conditions, ["graph_observation_error"]);
});

Deno.test("refresh needs a ledger, import needs none, and both stop at a held lock and at an edited ledger", async () => {
  const bench = clusterBench();
  const none = await bench.refresh();
  assert.deepEqual([none.exitCode, codes(none.diagnostics)], [1, ["state_missing"]]);
  await bench.apply();
  const text = await bench.text(LEDGER) ?? "";
  await bench.put(LEDGER, text.replace(/("graph\.fleet": \{[^}]*"digest": ")[0-9a-f]{4}/s, "$10000"));
  const edited = await bench.refresh();
  assert.deepEqual([edited.exitCode, codes(edited.diagnostics)], [1, [
    "external_blob_policy_digest_mismatch",
  ]]);
  await bench.put(LEDGER, text);
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
  const held = await bench.refresh();
  assert.deepEqual([held.exitCode, codes(held.diagnostics)], [5, ["state_lock_held"]]);
  assert.equal(await bench.text(LEDGER), text);
});

Deno.test("acceptance 25: refresh then apply settles a record whose graph has a schema nobody knows", async () => {
  const bench = await appliedHarbour();
  await changeSchema(bench, WIDER_SCHEMA);
  await bench.put(
    "__cluster/recoveries/01J.json",
    JSON.stringify({
      schema_version: 1,
      operation_id: "01J",
      started_at: "2026-03-01T08:00:00Z",
      kind: "schema_apply",
      graph_id: "fleet",
      graph_uri: "x",
      desired_schema_digest: "00",
    }),
  );
  const first = await bench.refresh();
  assert.ok(codes(first.diagnostics).includes("cluster_recovery_pending"));
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), ["01J.json"]);
  const applied = await bench.apply();
  assert.deepEqual([applied.exitCode, applied.result.converged], [0, true]);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  const statuses = (await ledgerOf(bench)).resource_statuses;
  assert.deepEqual(statuses["schema.fleet"], { status: "applied" });
});
