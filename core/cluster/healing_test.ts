import assert from "node:assert/strict";
import {
  appliedHarbour,
  changeSchema,
  clusterBench,
  controlPlane,
} from "../../tests/support/cluster_bench.ts";
import { FLEET_SCHEMA } from "../../tests/support/cluster_files.ts";
import { noFailpoint } from "../base/ports.ts";
import { clusterApply, clusterApprove, clusterGc, clusterImport, clusterRefresh } from "./commands.ts";
import { ungatedFindings } from "./apply_changes.ts";
import { loadServingRevision } from "./serving.ts";

const LEDGER = "__cluster/state.json";
const WIDER_SCHEMA = FLEET_SCHEMA.replace("tons: I32?", "tons: I32?\n  flag: String?");

function codes(diagnostics: readonly { readonly code: string }[]): string[] {
  return diagnostics.map(({ code }) => code);
}

Deno.test("a policy whose content is lost keeps guarding: servers refuse to start until apply stores it again", async () => {
  for (const lose of ["refresh", "import"] as const) {
    const bench = await appliedHarbour();
    const digest = (await bench.status()).result.resource_digests["policy.crew"];
    if (lose === "refresh") {
      await bench.store.delete(`__cluster/resources/policy/crew/${digest}.yaml`);
      await bench.refresh();
    } else {
      await bench.store.delete(LEDGER);
      await bench.importState();
    }
    const { result } = await bench.status();
    assert.equal(result.resource_digests["policy.crew"], undefined);
    assert.deepEqual(result.resource_statuses["policy.crew"], {
      status: "drifted",
      conditions: ["payload_missing"],
    });
    await assert.rejects(
      loadServingRevision(bench.store),
      /\[catalog_payload_missing\] policy\.crew: what the policy says is lost: run/,
    );
    const again = await bench.refresh();
    assert.deepEqual(again.result.resource_statuses["policy.crew"]?.conditions, ["payload_missing"]);
    const change = (await bench.plan()).result.changes.find(({ resource }) => resource === "policy.crew");
    assert.deepEqual([change?.operation, change?.before_digest, change?.after_digest], [
      "update",
      undefined,
      digest,
    ]);
    assert.equal((await bench.apply()).result.converged, true);
    assert.equal((await loadServingRevision(bench.store)).graphs[0]?.policy?.name, "crew");
  }
});

Deno.test("a lost policy that leaves the configuration with its graph stays while the graph waits for approval", async () => {
  const bench = await appliedHarbour();
  const digest = (await bench.status()).result.resource_digests["policy.crew"];
  await bench.store.delete(`__cluster/resources/policy/crew/${digest}.yaml`);
  await bench.refresh();
  bench.files["cluster.yaml"] = "version: 1\n";
  const { exitCode, result } = await bench.apply();
  assert.equal(exitCode, 3);
  const change = result.changes.find(({ resource }) => resource === "policy.crew");
  assert.deepEqual([change?.operation, change?.disposition, change?.reason], [
    "delete",
    "blocked",
    "approval_required",
  ]);
  await assert.rejects(loadServingRevision(bench.store), /policy\.crew/);
});

Deno.test("a mark on what is neither declared nor applied any more goes with the next apply", async () => {
  const bench = await appliedHarbour();
  const digest = (await bench.status()).result.resource_digests["query.fleet.ships"];
  await bench.store.delete(`__cluster/resources/query/fleet/ships/${digest}.gq`);
  await bench.refresh();
  assert.ok((await bench.status()).result.resource_statuses["query.fleet.ships"]);
  bench.files["queries/ships.gq"] = "query other() { match { $s: Ship } return { $s.name } }";
  assert.equal((await bench.apply()).result.converged, true);
  assert.equal((await bench.status()).result.resource_statuses["query.fleet.ships"], undefined);
});

Deno.test("a ledger that was put back to an earlier state: its next revision gets a record of its own", async () => {
  const bench = await appliedHarbour();
  const copy = await bench.text(LEDGER) ?? "";
  for (const remark of ["// one", "// two"]) {
    bench.files["queries/ships.gq"] += `${remark}\n`;
    await bench.apply();
  }
  await bench.put(LEDGER, copy);
  bench.files["queries/ships.gq"] += "// three\n";
  const { result } = await bench.apply();
  assert.equal(result.state_observations.state_revision, 2);
  const record = JSON.parse(await bench.text("__cluster/history/00000002.json") ?? "null");
  const digest = result.changes.find(({ resource }) => resource === "query.fleet.ships")?.after_digest;
  assert.equal(
    record.changes.find((one: { address: string }) => one.address === "query.fleet.ships").after,
    digest,
  );
  const [aside] = await bench.store.folders("__cluster/history");
  assert.deepEqual(await bench.store.list(`__cluster/history/${aside}`), ["00000002.json", "00000003.json"]);
  assert.deepEqual(await bench.store.list("__cluster/history"), ["00000001.json", "00000002.json"]);
});

Deno.test("refresh, import, approve and gc stop when they are interrupted, write nothing and give the lock back", async () => {
  const signal = AbortSignal.abort();
  const bench = await appliedHarbour();
  const before = await controlPlane(bench.store);
  const garbage = `__cluster/resources/query/fleet/ships/${"0".repeat(64)}.gq`;
  await bench.put(garbage, "x");
  bench.files["cluster.yaml"] = "version: 1\n";
  const { options } = bench;
  const outcomes = [
    await clusterRefresh({ ...options, signal }),
    await clusterApprove({ ...options, signal, actor: "ida", address: "graph.fleet" }),
    await clusterGc({ ...options, signal, confirm: true }),
  ];
  for (const { exitCode, diagnostics } of outcomes) {
    assert.deepEqual([exitCode, codes(diagnostics)], [1, ["apply_interrupted"]]);
  }
  assert.deepEqual(await controlPlane(bench.store), before);
  assert.deepEqual(await bench.store.list("__cluster/approvals"), []);
  assert.ok(await bench.store.exists(garbage));
  await bench.store.delete(LEDGER);
  const imported = await clusterImport({ ...options, signal });
  assert.ok(codes(imported.diagnostics).includes("apply_interrupted"));
  assert.deepEqual([await bench.text(LEDGER), await bench.text("__cluster/lock.json")], [null, null]);
});

Deno.test("refresh and apply exit with 7 when a record cannot be settled, or not be read", async () => {
  const bench = await appliedHarbour();
  await changeSchema(bench, WIDER_SCHEMA);
  const record = {
    schema_version: 1,
    operation_id: "01J",
    started_at: "2026-03-01T08:00:00Z",
    graph_uri: "x",
  };
  const key = "__cluster/recoveries/01J.json";
  await bench.put(
    key,
    JSON.stringify({ ...record, kind: "schema_apply", graph_id: "fleet", desired_schema_digest: "0" }),
  );
  assert.equal((await bench.refresh()).exitCode, 7);
  assert.ok(await bench.text(key));
  // Servers refuse to start beside a record that cannot be read, so that no command may call that done.
  await bench.put(key, "{");
  for (const { exitCode, diagnostics } of [await bench.refresh(), await bench.apply()]) {
    assert.deepEqual([exitCode, codes(diagnostics).includes("invalid_recovery_sidecar")], [7, true]);
  }
});

Deno.test("a hand-edited ledger is a warning where commands only look, and stops those that act on it", async () => {
  const bench = await appliedHarbour();
  const text = await bench.text(LEDGER) ?? "";
  await bench.put(LEDGER, text.replace(/("graph\.fleet": \{[^}]*"digest": ")[0-9a-f]{4}/s, "$10000"));
  const code = "external_blob_policy_digest_mismatch";
  for (const { exitCode, diagnostics } of [await bench.plan(), await bench.status(), await bench.drift()]) {
    assert.equal(exitCode, 0);
    assert.equal(diagnostics.find((one) => one.code === code)?.severity, "warning");
  }
  const garbage = `__cluster/resources/query/fleet/ships/${"0".repeat(64)}.gq`;
  await bench.put(garbage, "x");
  const acting = [await bench.gc({ confirm: true }), await bench.approve("graph.fleet")];
  for (const { exitCode, diagnostics } of acting) {
    assert.deepEqual([exitCode, codes(diagnostics)], [1, [code]]);
  }
  assert.ok(await bench.store.exists(garbage), "what is garbage cannot be told from such a ledger");
});

Deno.test("an apply that is interrupted just before the ledger writes nothing of it", async () => {
  const bench = clusterBench();
  const interrupted = new AbortController();
  const { exitCode, diagnostics } = await clusterApply({
    ...bench.options,
    signal: interrupted.signal,
    ports: {
      ...bench.options.ports!,
      failpoint: (name) => {
        if (name === "cluster_apply.before_state_write") interrupted.abort();
        return Promise.resolve();
      },
    },
  });
  assert.deepEqual([exitCode, codes(diagnostics)], [1, ["apply_interrupted"]]);
  assert.deepEqual([await bench.text(LEDGER), await bench.text("__cluster/lock.json")], [null, null]);
  assert.equal((await bench.apply()).result.converged, true);
});

Deno.test("of two runs without the lock, the one that comes too late leaves the record of the other alone", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] += "state: { lock: false }\n";
  const late = await bench.apply({
    failpoint: async (name) => {
      if (name === "cluster_apply.after_payload_phase") {
        await bench.apply({ failpoint: noFailpoint, actor: "ida" });
      }
    },
  });
  assert.equal(late.exitCode, 4);
  assert.ok(codes(late.diagnostics).includes("state_cas_mismatch"));
  assert.deepEqual(await bench.store.folders("__cluster/history"), []);
  assert.equal(JSON.parse(await bench.text("__cluster/history/00000001.json") ?? "null").actor, "ida");
});

Deno.test("an apply whose lock was taken away stops before its next step and removes nothing of the other's", async () => {
  const bench = clusterBench();
  const foreign = JSON.stringify({
    version: 1,
    lock_id: "01OTHER",
    operation: "apply",
    created_at: "2026-03-01T08:00:00Z",
    pid: 7,
  });
  const beats: (() => void)[] = [];
  const { setInterval } = globalThis;
  globalThis.setInterval = ((beat: () => void) => beats.push(beat)) as unknown as typeof setInterval;
  try {
    const { exitCode, diagnostics } = await bench.apply({
      failpoint: async (name) => {
        if (name !== "cluster_apply.before_state_write") return;
        await bench.put("__cluster/lock.json", foreign);
        beats.forEach((beat) => beat());
        await new Promise((resolve) => setTimeout(resolve, 0));
      },
    });
    assert.deepEqual([exitCode, codes(diagnostics)], [4, ["state_lock_lost"]]);
  } finally {
    globalThis.setInterval = setInterval;
  }
  assert.deepEqual([await bench.text(LEDGER), await bench.text("__cluster/lock.json")], [null, foreign]);
});

Deno.test("the history of apply and refresh tells of a lock that was taken over", async () => {
  const bench = await appliedHarbour();
  const dead = {
    version: 1,
    lock_id: "01DEAD",
    operation: "apply",
    created_at: "2026-03-01T06:00:00Z",
    pid: 7,
    heartbeat_at: "2026-03-01T06:00:00Z",
  };
  await bench.put("__cluster/lock.json", JSON.stringify(dead));
  await bench.refresh();
  await bench.put("__cluster/lock.json", JSON.stringify(dead));
  bench.files["queries/ships.gq"] += "// a remark\n";
  await bench.apply();
  for (const revision of [2, 3]) {
    const record = JSON.parse(await bench.text(`__cluster/history/0000000${revision}.json`) ?? "null");
    assert.match(record.notes?.[0] ?? "", /01DEAD.*taken over/);
  }
});

Deno.test("marks on a graph that leaves the configuration before it was made go with it, those of a kept record stay", async () => {
  const bench = await appliedHarbour();
  const harbour = bench.files["cluster.yaml"]!;
  const withYard = harbour.replace("graphs:\n", "graphs:\n  yard: { schema: schemas/fleet.pg }\n");
  const marks = async () => (await bench.status()).result.resource_statuses["graph.yard"]?.conditions ?? null;
  bench.files["cluster.yaml"] = withYard;
  await bench.put("graphs/yard.omni/junk.txt", "junk");
  await bench.refresh();
  assert.deepEqual(await marks(), ["graph_observation_error"]);
  bench.files["cluster.yaml"] = harbour;
  assert.equal((await bench.apply()).result.converged, true);
  assert.equal(await marks(), null);
  bench.files["cluster.yaml"] = withYard;
  await bench.apply();
  bench.files["cluster.yaml"] = harbour;
  for (let run = 0; run < 2; run++) {
    assert.equal((await bench.apply()).exitCode, 7);
    assert.deepEqual(await marks(), ["graph_create_incomplete"]);
  }
});

Deno.test("a delete that is planned without its approval is a violation, whatever led to it", () => {
  const change = {
    address: "schema.fleet",
    kind: "schema" as const,
    operation: "delete" as const,
    before: "x",
    after: null,
    metadata: null,
    disposition: "applied" as const,
    reason: null,
    note: null,
    migration: null,
  };
  const gates = { changes: new Map(), granted: new Map(), diagnostics: [] };
  assert.deepEqual(codes(ungatedFindings([change], gates)), ["apply_approval_invariant_violation"]);
  assert.deepEqual(ungatedFindings([change], { ...gates, granted: new Map([["graph.fleet", []]]) }), []);
});
