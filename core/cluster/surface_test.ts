import assert from "node:assert/strict";
import { type ClusterBench, clusterBench } from "../../tests/support/cluster_bench.ts";
import { clusterValidate } from "./commands.ts";
import type { Outcome } from "./results.ts";

const LOCK = "__cluster/lock.json";
const HELD = JSON.stringify({
  version: 1,
  lock_id: "01HELD",
  operation: "apply",
  created_at: "2026-03-01T07:59:00Z",
  pid: 7,
});
const WITHOUT_FLEET =
  "version: 1\npolicies: { gate: { file: policies/gate.policy.yaml, applies_to: [cluster] } }\n";

/** Members of each command in their printed order. Those with `?` are absent when there is nothing to say. */
const MEMBERS = {
  validate: "ok config_dir config_file resource_digests resources dependencies diagnostics",
  plan:
    "ok config_dir desired_revision resource_digests dependencies state_observations changes blast_radius " +
    "approvals_required plan_digest? provenance diagnostics",
  apply: "ok config_dir actor? desired_revision state_observations changes applied_count deferred_count " +
    "converged state_written resource_statuses plan_digest? provenance diagnostics",
  approve: "ok config_dir approval_id? resource? operation? approved_by? expires_at? bound_data? diagnostics",
  status: "ok config_dir state_observations resource_digests resource_statuses observations provenance " +
    "diagnostics",
  refresh: "ok operation config_dir state_observations resource_digests resource_statuses observations " +
    "diagnostics",
  import: "ok operation config_dir state_observations resource_digests resource_statuses observations " +
    "diagnostics",
  drift: "ok config_dir drifts diagnostics",
  gc: "ok config_dir keep_revisions confirmed kept_count garbage removed_count diagnostics",
  "force-unlock": "ok config_dir state_observations lock_removed diagnostics",
} as const;

type Command = keyof typeof MEMBERS;

function run(bench: ClusterBench, command: Command): Promise<Outcome<object & { readonly ok: boolean }>> {
  switch (command) {
    case "validate":
      return clusterValidate(bench.options);
    case "plan":
      return bench.plan();
    case "apply":
      return bench.apply({ actor: "ida" });
    case "approve":
      return bench.approve("graph.fleet");
    case "status":
      return bench.status();
    case "refresh":
      return bench.refresh();
    case "import":
      return bench.importState();
    case "drift":
      return bench.drift();
    case "gc":
      return bench.gc({ confirm: true });
    case "force-unlock":
      return bench.forceUnlock("01HELD");
  }
}

function assertMembers(command: Command, result: object, all: boolean): void {
  const wanted = MEMBERS[command].split(" ");
  const named = wanted.map((name) => name.replace("?", ""));
  const members = Object.keys(result);
  assert.deepEqual(members, named.filter((name) => members.includes(name)), `${command}: order`);
  const required = all ? named : wanted.filter((name) => !name.endsWith("?"));
  assert.deepEqual(required.filter((name) => !members.includes(name)), [], `${command}: missing`);
}

Deno.test("acceptance 41: every command has exactly its members and exits with 0 when it succeeds", async () => {
  for (const command of Object.keys(MEMBERS) as Command[]) {
    const bench = clusterBench();
    await bench.apply();
    if (command === "approve") bench.files["cluster.yaml"] = WITHOUT_FLEET;
    if (command === "import") await bench.store.delete("__cluster/state.json");
    if (command === "force-unlock") await bench.put(LOCK, HELD);
    const { exitCode, result } = await run(bench, command);
    assert.deepEqual([command, exitCode, result.ok], [command, 0, true]);
    assertMembers(command, result, true);
  }
});

Deno.test("acceptance 41: every command keeps its members when the configuration is invalid, and exits with 6", async () => {
  for (const command of Object.keys(MEMBERS) as Command[]) {
    const bench = clusterBench();
    bench.files["cluster.yaml"] = "version: 1\nversion: 1\n";
    const { exitCode, result, diagnostics } = await run(bench, command);
    assert.deepEqual([command, exitCode, result.ok], [command, 6, false]);
    assertMembers(command, result, false);
    assert.deepEqual(diagnostics.map(({ code }) => code), ["duplicate_yaml_key"]);
    const { code, severity, path, message } =
      (result as unknown as { diagnostics: readonly Record<string, string>[] })
        .diagnostics[0]!;
    assert.deepEqual([code, severity, path], ["duplicate_yaml_key", "error", "version"]);
    assert.match(message ?? "", /version/);
    assert.equal(await bench.store.prefixExists("__cluster"), false, command);
  }
});

Deno.test("acceptance 41: every command that reads the ledger keeps its members when it is damaged, and exits with 1", async () => {
  for (const command of Object.keys(MEMBERS) as Command[]) {
    if (command === "validate" || command === "force-unlock") continue;
    const bench = clusterBench();
    await bench.put("__cluster/state.json", "{");
    const { exitCode, result, diagnostics } = await run(bench, command);
    assert.deepEqual([command, exitCode, result.ok], [command, 1, false]);
    assertMembers(command, result, false);
    assert.deepEqual(diagnostics.map(({ code }) => code), ["invalid_state_json"]);
    assert.equal(await bench.text(LOCK), null, `${command} leaves no lock`);
  }
});

Deno.test("acceptance 12: a held lock stops every command that takes it, which names it and leaves it; the others go on", async () => {
  const stopped: readonly Command[] = ["apply", "approve", "refresh", "import", "gc"];
  const going: readonly Command[] = ["plan", "status", "drift"];
  for (const command of [...stopped, ...going]) {
    const bench = clusterBench();
    await bench.apply();
    const ledger = await bench.text("__cluster/state.json");
    await bench.put(LOCK, HELD);
    const { exitCode, diagnostics } = await run(bench, command);
    assert.deepEqual([command, exitCode], [command, stopped.includes(command) ? 5 : 0]);
    if (stopped.includes(command)) assert.match(diagnostics[0]!.message, /`cluster force-unlock 01HELD`/);
    assert.deepEqual([await bench.text(LOCK), await bench.text("__cluster/state.json")], [HELD, ledger]);
  }
});
