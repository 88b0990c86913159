import assert from "node:assert/strict";
import { clusterBench } from "../../tests/support/cluster_bench.ts";
import {
  ADD_SHIP_GQ,
  CONFIG_DIR,
  FLEET_SCHEMA,
  HARBOUR_YAML,
  SHIPS_GQ,
} from "../../tests/support/cluster_files.ts";
import { clusterValidate } from "../../core/cluster/commands.ts";
import { finding } from "../../core/cluster/findings.ts";
import {
  applyLines,
  forceUnlockLines,
  gcLines,
  planLines,
  refreshLines,
  statusLines,
  validateLines,
} from "./cluster.ts";

Deno.test("views: validate counts resources and edges", async () => {
  const bench = clusterBench();
  assert.deepEqual(validateLines(await clusterValidate(bench.options)), [
    "cluster config valid: 7 resource(s), 8 dependency edge(s)",
  ]);
});

Deno.test("views: each finding has its place, its source line and a caret", async () => {
  const bench = clusterBench();
  bench.files["queries/ships.gq"] = SHIPS_GQ.replace("$s.name", "$s.nmae");
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace("[cluster]", "[harbour]");
  assert.deepEqual(validateLines(await clusterValidate(bench.options)), [
    "cluster config invalid",
    "ERROR query_typecheck_error graphs.fleet.queries.ships: type error: T6: type `Ship` of `$s` has no property `nmae`",
    `    --> ${CONFIG_DIR}/queries/ships.gq:3:15`,
    "    |",
    "  3 |   return { $s.nmae }",
    "    |               ^^^^",
    "    help: did you mean `name`?",
    "ERROR dangling_graph_reference policies.gate.applies_to[0]: graph `harbour` is not declared",
    `    --> ${CONFIG_DIR}/cluster.yaml:9:57`,
    "    |",
    "  9 |   gate: { file: policies/gate.policy.yaml, applies_to: [harbour] }",
    "    |                                                         ^^^^^^^",
    "    help: declare it under `graphs`",
  ]);
});

Deno.test("views: plan and apply list every change, its fate and its steps", async () => {
  const bench = clusterBench();
  assert.deepEqual(planLines(await bench.plan()), [
    "cluster plan: 7 change(s), 0 approval gate(s)",
    "  Create graph.fleet [Applied]",
    "  Create policy.crew [Applied]",
    "  Create policy.gate [Applied]",
    "  Create query.fleet.add_ship [Applied]",
    "  Create query.fleet.ships [Applied]",
    "  Create query.fleet.ships_in_port [Applied]",
    "  Create schema.fleet [Applied]",
    "  commit: none, the config directory is not in a git repository",
  ]);
  assert.deepEqual(applyLines(await bench.apply()).slice(-3), [
    "  state: revision 1, converged: true, written: true",
    "  commit: none, the config directory is not in a git repository",
    "  note: servers serve the new revision once they restart",
  ]);
  assert.deepEqual(planLines(await bench.plan()).slice(0, 2), [
    "cluster plan: 0 change(s), 0 approval gate(s)",
    "  no changes",
  ]);
});

Deno.test("views: an unsupported schema change shows why, in plan and in a failed apply", async () => {
  const bench = clusterBench();
  await bench.apply();
  bench.files["schemas/fleet.pg"] = FLEET_SCHEMA.replace("tons: I32?", "tons: I64?");
  const planned = planLines(await bench.plan());
  assert.equal(planned[0], "cluster plan: 2 change(s), 0 approval gate(s)");
  assert.equal(planned[2], "  Update schema.fleet [Applied]");
  assert.match(planned[3] ?? "", /^ {4}unsupported: node:Ship.tons: property 'Ship.tons' changes its type/);
  assert.match(planned.at(-1) ?? "", /^WARN {2}schema_preview_unavailable schema\.fleet: /);
  const applied = applyLines(await bench.apply());
  assert.equal(applied[0], "cluster apply failed");
  assert.ok(applied.includes("  Update schema.fleet [Blocked: schema_apply_failed]"));
});

Deno.test("views: blocked deletes, bindings and gates are named", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace(
    "policies:",
    "  tugs: { schema: schemas/fleet.pg }\npolicies:",
  );
  await bench.apply();
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace("file: policies/gate", "file: ./policies/gate");
  const lines = planLines(await bench.plan());
  assert.deepEqual(lines.slice(0, 4), [
    "cluster plan: 2 change(s), 1 approval gate(s)",
    "  Delete graph.tugs [Blocked: approval_required]",
    "  Delete schema.tugs [Blocked: approval_required]",
    "  needs approval: graph.tugs (deleting a graph deletes its data)",
  ]);
  bench.files["cluster.yaml"] = bench.files["cluster.yaml"]!.replace(
    "policies:",
    "  tugs: { schema: schemas/fleet.pg }\npolicies:",
  )
    .replace("applies_to: [fleet]", "applies_to: [fleet, tugs]");
  assert.equal(planLines(await bench.plan())[1], "  Update policy.crew [bindings] [Applied]");
});

Deno.test("views: status and force-unlock tell about ledger and lock", async () => {
  const bench = clusterBench();
  assert.deepEqual(statusLines(await bench.status()).slice(0, 2), [
    "cluster state missing",
    "  lock: not held",
  ]);
  await bench.apply();
  bench.files["queries/add_ship.gq"] = `${ADD_SHIP_GQ}// not applied\n`;
  const lock = {
    version: 1,
    lock_id: "01HELD",
    operation: "apply",
    created_at: "2026-03-01T07:59:00Z",
    pid: 7,
  };
  await bench.put("__cluster/lock.json", JSON.stringify(lock));
  const facts = "id=01HELD, operation=apply, pid=7, created_at=2026-03-01T07:59:00Z, age_seconds=60";
  const { applied_config_digest: digest } = (await bench.status()).result.state_observations;
  assert.deepEqual(statusLines(await bench.status()), [
    "cluster state: revision 1, 7 resource(s)",
    `  applied config: ${digest}`,
    "  commit: none, the config directory is not in a git repository",
    `  lock: held (${facts})`,
  ]);
  assert.equal(forceUnlockLines(await bench.forceUnlock("01OTHER"))[0], "cluster force-unlock failed");
  assert.deepEqual(forceUnlockLines(await bench.forceUnlock("01HELD")), [
    `cluster force-unlock: removed lock (${facts})`,
  ]);
});

Deno.test("views: a repository that cannot be read is not said to be none", async () => {
  const outcome = await clusterBench().plan();
  const problem = finding("provenance_unreadable", CONFIG_DIR, "the git repository cannot be read: broken");
  assert.deepEqual(planLines({ ...outcome, diagnostics: [problem] }).slice(-2), [
    "  commit: unknown, the git repository cannot be read",
    `WARN  provenance_unreadable ${CONFIG_DIR}: the git repository cannot be read: broken`,
  ]);
});

Deno.test("views: an import that found a ledger, and a refresh that found none, say that they failed", async () => {
  const bench = clusterBench();
  assert.deepEqual(refreshLines(await bench.refresh()).slice(0, 2), [
    "cluster refresh failed",
    "  lock: not held",
  ]);
  await bench.apply();
  assert.deepEqual(refreshLines(await bench.importState()).slice(0, 2), [
    "cluster import failed",
    "  state: revision 1, 7 resource(s)",
  ]);
  assert.equal(refreshLines(await bench.refresh())[0], "cluster refresh: revision 2, 7 resource(s)");
});

Deno.test("views: an apply that only notes what waits speaks of no restart", async () => {
  const bench = clusterBench();
  const pickup = "  note: servers serve the new revision once they restart";
  assert.ok(applyLines(await bench.apply()).includes(pickup));
  bench.files["cluster.yaml"] =
    "version: 1\npolicies: { gate: { file: policies/gate.policy.yaml, applies_to: [cluster] } }\n";
  const lines = applyLines(await bench.apply());
  assert.ok(lines.includes("  state: revision 2, converged: false, written: true"));
  assert.ok(!lines.includes(pickup));
});

Deno.test("views: gc says what is not needed, and afterwards what is gone", async () => {
  const bench = clusterBench();
  await bench.apply();
  const key = `__cluster/resources/query/fleet/old/${"0".repeat(64)}.gq`;
  await bench.put(key, "x");
  assert.deepEqual(gcLines(await bench.gc()), [
    "cluster gc: 1 blob(s) not needed, 7 kept for the newest 20 revision(s)",
    `  ${key}`,
    "  nothing was removed: pass --confirm to remove them",
  ]);
  assert.equal(
    gcLines(await bench.gc({ confirm: true }))[0],
    "cluster gc: removed 1 of 1 blob(s), 7 kept for the newest 20 revision(s)",
  );
});
