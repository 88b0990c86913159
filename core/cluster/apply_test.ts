import assert from "node:assert/strict";
import { clusterBench, controlPlane } from "../../tests/support/cluster_bench.ts";
import {
  ADD_SHIP_GQ,
  CREW_POLICY,
  FLEET_SCHEMA,
  HARBOUR_YAML,
  SHIPS_GQ,
} from "../../tests/support/cluster_files.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ChangeOutput } from "./results.ts";

const LEDGER = "__cluster/state.json";
const LOCK = "__cluster/lock.json";

/** `operation address disposition[: reason]` per change. */
function changeWords(changes: readonly ChangeOutput[]): string[] {
  return changes.map(({ operation, resource, disposition, reason }) =>
    `${operation} ${resource} ${disposition}${reason === undefined ? "" : `: ${reason}`}`
  );
}

function codes(diagnostics: readonly { readonly code: string }[]): string[] {
  return diagnostics.map(({ code }) => code);
}

/** A store that runs `before` ahead of every operation; it may throw. */
function watchedStore(
  before: (operation: string, key: string) => void,
  store = createMemoryStore(),
): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === "under") {
        return (prefix: string) =>
          watchedStore((operation, key) => before(operation, `${prefix}/${key}`), target.under(prefix));
      }
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...args: unknown[]): Promise<unknown> => {
        await Promise.resolve();
        before(String(name), String(args[0]));
        return await (member as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
}

Deno.test("acceptance 1 and 17: a graph with queries and two bundles converges in one apply, a second one writes nothing", async () => {
  const bench = clusterBench();
  const first = await bench.apply();
  assert.equal(first.exitCode, 0);
  assert.deepEqual(codes(first.diagnostics), []);
  assert.deepEqual([first.result.converged, first.result.state_written, first.result.applied_count], [
    true,
    true,
    7,
  ]);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  const before = await controlPlane(bench.store);
  bench.time.nowMs += 3_600_000;
  const second = await bench.apply();
  assert.equal(second.exitCode, 0);
  assert.deepEqual([second.result.converged, second.result.state_written], [true, false]);
  assert.deepEqual(second.result.changes, []);
  assert.deepEqual(await controlPlane(bench.store), before);
});

Deno.test("acceptance 2: a failing apply writes nothing at all", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = `${HARBOUR_YAML}pipelines: {}\n`;
  const { exitCode, result } = await bench.apply();
  assert.equal(exitCode, 6);
  assert.equal(result.ok, false);
  assert.equal(await bench.store.prefixExists(""), false);
});

Deno.test("acceptance 4: an edit to a two-query file gives two query updates and one derived graph update", async () => {
  const bench = clusterBench();
  await bench.apply();
  bench.files["queries/ships.gq"] = `${SHIPS_GQ}// more\n`;
  const { result } = await bench.plan();
  assert.deepEqual(changeWords(result.changes), [
    "update graph.fleet derived",
    "update query.fleet.ships applied",
    "update query.fleet.ships_in_port applied",
  ]);
  const applied = await bench.apply();
  assert.deepEqual([applied.result.applied_count, applied.result.converged], [2, true]);
  assert.equal((await bench.plan()).result.changes.length, 0);
});

Deno.test("acceptance 7: apply works with the variable of an api key unset", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace(
    "graphs:",
    'providers: { embedding: { cargo: { kind: openai, api_key: "${QUAY_KEY}" } } }\ngraphs:',
  ).replace("    queries:", "    embedding_provider: cargo\n    queries:");
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged], [0, true]);
  const ledger = JSON.parse(await bench.text(LEDGER) ?? "");
  const resources = ledger.applied_revision.resources;
  assert.deepEqual(resources["provider.embedding.cargo"].embedding_profile, {
    kind: "openai",
    api_key: "${QUAY_KEY}",
  });
  assert.equal(resources["graph.fleet"].embedding_provider, "provider.embedding.cargo");
});

Deno.test("acceptance 9: a plan without a ledger has only creates, sorted, takes no lock and writes nothing", async () => {
  const operations = new Set<string>();
  const bench = clusterBench({ store: watchedStore((operation) => void operations.add(operation)) });
  const { exitCode, result } = await bench.plan();
  assert.equal(exitCode, 0);
  assert.ok(
    result.changes.every(({ operation, disposition }) => operation === "create" && disposition === "applied"),
  );
  const addresses = result.changes.map(({ resource }) => resource);
  assert.deepEqual(addresses, addresses.toSorted());
  assert.ok(!result.state_observations.lock_acquired);
  assert.deepEqual([...operations].filter((name) => /put|delete/.test(name)), []);
});

Deno.test("plan works with a store that refuses every write, after an apply and with a schema edit too", async () => {
  let refuse = false;
  const store = watchedStore((operation) => {
    if (refuse && /put|delete/i.test(operation)) throw new Error("read only");
  });
  const bench = clusterBench({ store });
  await bench.apply();
  refuse = true;
  bench.files["schemas/fleet.pg"] = `// a remark\n${FLEET_SCHEMA}`;
  const { exitCode, result } = await bench.plan();
  assert.equal(exitCode, 0);
  assert.deepEqual(codes(result.diagnostics), []);
  assert.deepEqual(result.changes.find(({ resource }) => resource === "schema.fleet")?.migration, {
    supported: true,
    steps: [],
  });
});

Deno.test("plan exits with 2 on changes only when asked to", async () => {
  const bench = clusterBench();
  const { clusterPlan } = await import("./commands.ts");
  assert.equal((await clusterPlan({ ...bench.options, detailedExitCode: true })).exitCode, 2);
  await bench.apply();
  assert.equal((await clusterPlan({ ...bench.options, detailedExitCode: true })).exitCode, 0);
});

Deno.test("acceptance 10: a change of bindings alone is planned, applied and then gone", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace(
    "policies:",
    "  tugs: { schema: schemas/fleet.pg }\npolicies:",
  );
  await bench.apply();
  bench.files["cluster.yaml"] = bench.files["cluster.yaml"]!.replace(
    "applies_to: [fleet]",
    "applies_to: [fleet, tugs]",
  );
  const { result } = await bench.plan();
  const [change] = result.changes;
  assert.equal(result.changes.length, 1);
  assert.equal(change?.before_digest, change?.after_digest);
  assert.deepEqual(
    [change?.resource, change?.operation, change?.binding_change, change?.metadata_change],
    ["policy.crew", "update", true, "policy_bindings"],
  );
  assert.equal((await bench.apply()).result.converged, true);
  assert.equal((await bench.plan()).result.changes.length, 0);
});

Deno.test("acceptance 11: bindings and profiles stripped from a ledger are shown and written back", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace(
    "graphs:",
    "providers: { embedding: { cargo: { kind: mock } } }\ngraphs:",
  );
  await bench.apply();
  const ledger = JSON.parse(await bench.text(LEDGER) ?? "");
  delete ledger.applied_revision.resources["policy.crew"].applies_to;
  delete ledger.applied_revision.resources["provider.embedding.cargo"].embedding_profile;
  await bench.put(LEDGER, JSON.stringify(ledger));
  const { result } = await bench.plan();
  assert.deepEqual(result.changes.map(({ resource, metadata_change }) => [resource, metadata_change]), [
    ["policy.crew", "policy_bindings"],
    ["provider.embedding.cargo", "embedding_profile"],
  ]);
  assert.equal((await bench.apply()).result.converged, true);
  const healed = JSON.parse(await bench.text(LEDGER) ?? "").applied_revision.resources;
  assert.deepEqual(healed["policy.crew"].applies_to, ["graph.fleet"]);
  assert.deepEqual(healed["provider.embedding.cargo"].embedding_profile, { kind: "mock" });
});

Deno.test("acceptance 12: a held lock ends apply with 5, naming it, and stays; plan does not mind", async () => {
  const bench = clusterBench();
  const lock = {
    version: 1,
    lock_id: "01HELD",
    operation: "apply",
    created_at: "2026-03-01T07:59:00Z",
    pid: 7,
    heartbeat_at: "2026-03-01T07:59:30Z",
  };
  await bench.put(LOCK, JSON.stringify(lock));
  const { exitCode, result } = await bench.apply();
  assert.equal(exitCode, 5);
  assert.deepEqual(codes(result.diagnostics), ["state_lock_held"]);
  assert.match(result.diagnostics[0]!.message, /force-unlock 01HELD/);
  const { locked, lock_id, lock_operation, lock_pid, lock_age_seconds, lock_acquired } =
    result.state_observations;
  assert.deepEqual([locked, lock_id, lock_operation, lock_pid, lock_age_seconds, lock_acquired], [
    true,
    "01HELD",
    "apply",
    7,
    60,
    false,
  ]);
  assert.equal(await bench.text(LOCK), JSON.stringify(lock));
  assert.equal((await bench.plan()).exitCode, 0);
});

Deno.test("acceptance 12: lock: false warns and makes no lock", async () => {
  const touched: string[] = [];
  const bench = clusterBench({ store: watchedStore((_operation, key) => void touched.push(key)) });
  bench.files["cluster.yaml"] = `${HARBOUR_YAML}state: { lock: false }\n`;
  const { exitCode, result } = await bench.apply();
  assert.equal(exitCode, 0);
  assert.deepEqual(codes(result.diagnostics), ["state_lock_disabled"]);
  assert.ok(!touched.includes(LOCK));
});

Deno.test("a lock without sign of life for a minute is taken over, with a warning; a lock of old never", async () => {
  const bench = clusterBench();
  const lock = {
    version: 1,
    lock_id: "01DEAD",
    operation: "apply",
    created_at: "2026-03-01T06:00:00Z",
    pid: 7,
  };
  await bench.put(LOCK, JSON.stringify(lock));
  assert.equal((await bench.apply()).exitCode, 5);
  await bench.put(LOCK, JSON.stringify({ ...lock, heartbeat_at: "2026-03-01T07:58:59Z" }));
  const { exitCode, result } = await bench.apply();
  assert.equal(exitCode, 0);
  assert.deepEqual(codes(result.diagnostics), ["state_lock_taken_over"]);
  assert.match(result.diagnostics[0]!.message, /01DEAD/);
  assert.equal(await bench.text(LOCK), null);
});

Deno.test("acceptance 13: force-unlock removes exactly the lock it names", async () => {
  const bench = clusterBench();
  const refused = async (body: string | null, code: string) => {
    if (body !== null) await bench.put(LOCK, body);
    const { exitCode, result } = await bench.forceUnlock("01HELD");
    assert.deepEqual([exitCode, result.lock_removed, codes(result.diagnostics)], [1, false, [code]]);
    assert.equal(await bench.text(LOCK), body);
  };
  const lock = {
    version: 1,
    lock_id: "01OTHER",
    operation: "apply",
    created_at: "2026-03-01T07:59:00Z",
    pid: 7,
  };
  await refused(null, "state_lock_missing");
  await refused(JSON.stringify(lock), "state_lock_id_mismatch");
  await refused("{", "invalid_state_lock");
  await refused(JSON.stringify({ ...lock, lock_id: "01HELD", more: 1 }), "invalid_state_lock");
  await refused(JSON.stringify({ ...lock, lock_id: "01HELD", version: 2 }), "unsupported_state_lock_version");
  await bench.put(LOCK, JSON.stringify({ ...lock, lock_id: "01HELD" }));
  const { exitCode, result } = await bench.forceUnlock("01HELD");
  assert.deepEqual([exitCode, result.lock_removed], [0, true]);
  assert.deepEqual([result.state_observations.locked, result.state_observations.lock_id], [false, "01HELD"]);
  assert.equal(await bench.text(LOCK), null);
});

Deno.test("acceptance 14: a ledger that changes in between is kept, and a re-run converges", async () => {
  let intrude: (() => Promise<void>) | null = null;
  const bench = clusterBench();
  await bench.apply();
  bench.files["queries/add_ship.gq"] = `${ADD_SHIP_GQ}// more\n`;
  const foreign = (await bench.text(LEDGER) ?? "").replace('"state_revision": 1', '"state_revision": 9');
  intrude = () => bench.put(LEDGER, foreign);
  const { exitCode, result } = await bench.apply({
    failpoint: async (name) => {
      if (name === "cluster_apply.before_state_write") await intrude?.();
    },
  });
  assert.equal(exitCode, 4);
  assert.deepEqual(codes(result.diagnostics), ["state_cas_mismatch"]);
  assert.deepEqual([result.applied_count, result.converged, result.state_written], [0, false, false]);
  assert.equal(await bench.text(LEDGER), foreign);
  assert.equal(await bench.text(LOCK), null);
  assert.equal((await bench.apply()).result.converged, true);
});

Deno.test("acceptance 16: apply creates the ledger by itself", async () => {
  const bench = clusterBench({ files: { "cluster.yaml": "version: 1\ngraphs: {}\n" } });
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged, result.state_written], [0, true, true]);
  assert.equal(result.state_observations.state_revision, 1);
  assert.equal((await bench.apply()).result.state_written, false);
});

Deno.test("acceptance 18: a junk root fails the create, blocks what depends on it, and heals once it is gone", async () => {
  const bench = clusterBench();
  await bench.put("graphs/fleet.omni/notes.txt", "not a graph");
  const first = await bench.apply();
  assert.equal(first.exitCode, 1);
  assert.deepEqual(changeWords(first.result.changes), [
    "create graph.fleet blocked: graph_create_failed",
    "create policy.crew blocked: dependency_not_applied",
    "create policy.gate applied",
    "create query.fleet.add_ship blocked: dependency_not_applied",
    "create query.fleet.ships blocked: dependency_not_applied",
    "create query.fleet.ships_in_port blocked: dependency_not_applied",
    "create schema.fleet blocked: dependency_not_applied",
  ]);
  assert.equal((await bench.store.list("__cluster/recoveries")).length, 1);
  const second = await bench.apply();
  assert.equal(second.exitCode, 7);
  assert.ok(codes(second.diagnostics).includes("graph_create_incomplete"));
  assert.deepEqual(second.result.resource_statuses["graph.fleet"], {
    status: "error",
    conditions: ["graph_create_incomplete"],
  });
  await bench.store.deletePrefix("graphs/fleet.omni");
  const third = await bench.apply();
  assert.deepEqual([third.exitCode, third.result.converged], [0, true]);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  assert.deepEqual(third.result.resource_statuses["graph.fleet"], { status: "applied" });
});

Deno.test("acceptance 20: a comment-only schema edit converges as one commit of the graph", async () => {
  const bench = clusterBench();
  await bench.apply();
  bench.files["schemas/fleet.pg"] = `// ships and ports\n${FLEET_SCHEMA}`;
  const { exitCode, result } = await bench.apply({ actor: "ida" });
  assert.deepEqual([exitCode, result.converged, result.actor], [0, true, "ida"]);
  assert.deepEqual(changeWords(result.changes), [
    "update graph.fleet derived",
    "update schema.fleet applied",
  ]);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  assert.equal((await bench.plan()).result.changes.length, 0);
});

Deno.test("acceptance 21: a schema change that is not supported fails without effect", async () => {
  const bench = clusterBench();
  await bench.apply();
  const resources = JSON.parse(await bench.text(LEDGER) ?? "").applied_revision.resources;
  bench.files["schemas/fleet.pg"] = FLEET_SCHEMA.replace("tons: I32?", "tons: I32?\n  flag: String");
  bench.files["queries/add_ship.gq"] = ADD_SHIP_GQ.replace("name: $name }", 'name: $name, flag: "NO" }');
  const planned = await bench.plan();
  assert.equal(planned.exitCode, 0);
  assert.deepEqual(codes(planned.diagnostics), ["schema_preview_unavailable"]);
  assert.equal(
    planned.result.changes.find(({ resource }) => resource === "schema.fleet")?.migration?.supported,
    false,
  );
  const { exitCode, result } = await bench.apply();
  assert.equal(exitCode, 1);
  assert.deepEqual(changeWords(result.changes), [
    "update graph.fleet derived",
    "update query.fleet.add_ship blocked: dependency_not_applied",
    "update schema.fleet blocked: schema_apply_failed",
  ]);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  const after = JSON.parse(await bench.text(LEDGER) ?? "").applied_revision.resources;
  for (const [address, entry] of Object.entries<{ digest: string }>(resources)) {
    assert.equal(after[address].digest, entry.digest, address);
  }
});

Deno.test("acceptance 23: a crash after the blobs leaves the ledger as it was, and a re-run converges", async () => {
  const bench = clusterBench();
  await bench.apply();
  const before = await bench.text(LEDGER);
  bench.files["queries/add_ship.gq"] = `${ADD_SHIP_GQ}// more\n`;
  const { exitCode, result } = await bench.apply({
    failpoint: (name) => {
      if (name === "cluster_apply.after_payload_phase") throw new Error("crash");
    },
  });
  assert.equal(exitCode, 1);
  assert.deepEqual(result.diagnostics.map(({ code, path }) => [code, path]), [
    ["injected_failpoint", "cluster_apply.after_payload_phase"],
  ]);
  assert.equal(await bench.text(LEDGER), before);
  assert.deepEqual([(await bench.apply()).result.converged, await bench.text(LOCK)], [true, null]);
});

Deno.test("acceptance 24: a crash around graph work is settled by the next apply", async () => {
  const points = [
    ["before_graph_create", false],
    ["after_graph_create", true],
    ["before_state_write", true],
  ] as const;
  for (const [point, forward] of points) {
    const bench = clusterBench();
    const crashed = await bench.apply({
      failpoint: (name) => {
        if (name === `cluster_apply.${point}`) throw new Error("crash");
      },
    });
    assert.deepEqual(codes(crashed.diagnostics), ["injected_failpoint"], point);
    assert.equal((await bench.store.list("__cluster/recoveries")).length, 1, point);
    const plan = await bench.plan();
    assert.deepEqual(codes(plan.diagnostics), ["cluster_recovery_pending"], point);
    const { exitCode, result } = await bench.apply();
    assert.deepEqual([exitCode, result.converged], [0, true], point);
    assert.deepEqual(codes(result.diagnostics), forward ? ["cluster_recovery_rolled_forward"] : [], point);
    assert.deepEqual(await bench.store.list("__cluster/recoveries"), [], point);
    const ledger = JSON.parse(await bench.text(LEDGER) ?? "");
    assert.equal(Object.keys(ledger.recovery_records).length, forward ? 1 : 0, point);
    assert.equal((await bench.apply()).result.state_written, false, point);
  }
});

Deno.test("acceptance 24: a crash around a schema change is settled by the next apply", async () => {
  for (const point of ["before_schema_apply", "after_schema_apply"]) {
    const bench = clusterBench();
    await bench.apply();
    bench.files["schemas/fleet.pg"] = `// ships and ports\n${FLEET_SCHEMA}`;
    await bench.apply({
      failpoint: (name) => {
        if (name === `cluster_apply.${point}`) throw new Error("crash");
      },
    });
    const { exitCode, result } = await bench.apply();
    assert.deepEqual([exitCode, result.converged], [0, true], point);
    assert.deepEqual(await bench.store.list("__cluster/recoveries"), [], point);
    assert.equal((await bench.apply()).result.state_written, false, point);
  }
});

Deno.test("a create that died inside the engine is completed by the next apply", async () => {
  for (const point of ["init.format", "init.schema", "init.branch", "init.genesis"]) {
    let dead = false;
    const store = watchedStore(() => {
      if (dead) throw new Error("the process is gone");
    });
    const bench = clusterBench({ store });
    await bench.apply({
      failpoint: (name) => {
        if (name === point) dead = true;
      },
    }).catch(() => undefined);
    dead = false;
    bench.time.nowMs += 120_000;
    const { exitCode, result } = await bench.apply();
    assert.deepEqual([exitCode, result.converged], [0, true], point);
    assert.deepEqual(await bench.store.list("__cluster/recoveries"), [], point);
  }
});

Deno.test("a graph whose ledger was lost is recorded again, one with another schema is not touched", async () => {
  const bench = clusterBench();
  await bench.apply();
  await bench.store.deletePrefix("__cluster");
  const adopted = await bench.apply();
  assert.deepEqual([adopted.exitCode, adopted.result.converged], [0, true]);
  assert.deepEqual(codes(adopted.diagnostics), ["cluster_recovery_rolled_forward"]);
  await bench.store.deletePrefix("__cluster");
  bench.files["schemas/fleet.pg"] = `// another text\n${FLEET_SCHEMA}`;
  const refused = await bench.apply();
  assert.equal(refused.exitCode, 1);
  assert.equal(refused.diagnostics[0]?.code, "graph_create_failed");
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
});

Deno.test("acceptance 26: a removed graph waits for approval with everything of it, and apply exits with 3", async () => {
  const bench = clusterBench();
  await bench.apply();
  bench.files["cluster.yaml"] = `version: 1
metadata: { name: harbour }
policies:
  gate: { file: policies/gate.policy.yaml, applies_to: [cluster] }
`;
  const { result: planned } = await bench.plan();
  assert.deepEqual(changeWords(planned.changes), [
    "delete graph.fleet blocked: approval_required",
    "delete policy.crew blocked: approval_required",
    "delete query.fleet.add_ship blocked: approval_required",
    "delete query.fleet.ships blocked: approval_required",
    "delete query.fleet.ships_in_port blocked: approval_required",
    "delete schema.fleet blocked: approval_required",
  ]);
  assert.deepEqual(planned.approvals_required.map(({ resource, satisfied }) => [resource, satisfied]), [
    ["graph.fleet", false],
  ]);
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.ok, result.converged, result.deferred_count], [3, true, false, 6]);
  assert.ok(await bench.store.prefixExists("graphs/fleet.omni"));
  assert.deepEqual(result.resource_statuses["graph.fleet"], {
    status: "blocked",
    conditions: ["approval_required"],
  });
  assert.equal((await bench.apply()).result.state_written, false);
  // The declaration comes back: nothing is left of the wait.
  bench.files["cluster.yaml"] = HARBOUR_YAML;
  const back = await bench.apply();
  assert.deepEqual([back.exitCode, back.result.converged], [0, true]);
  assert.deepEqual(back.result.resource_statuses["graph.fleet"], { status: "applied" });
});

Deno.test("acceptance 34: a provider stays while a graph that waits for approval uses it", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = `version: 1
providers: { embedding: { cargo: { kind: mock } } }
graphs:
  fleet: { schema: schemas/fleet.pg, embedding_provider: cargo }
  tugs: { schema: schemas/fleet.pg }
`;
  await bench.apply();
  bench.files["cluster.yaml"] = "version: 1\ngraphs: { tugs: { schema: schemas/fleet.pg } }\n";
  const { result } = await bench.plan();
  assert.deepEqual(changeWords(result.changes), [
    "delete graph.fleet blocked: approval_required",
    "delete provider.embedding.cargo blocked: dependency_not_applied",
    "delete schema.fleet blocked: approval_required",
  ]);
  const applied = await bench.apply();
  assert.equal(applied.exitCode, 3);
  const { loadServingRevision } = await import("./serving.ts");
  const served = await loadServingRevision(bench.store);
  assert.deepEqual(served.graphs.map(({ graphId }) => graphId), ["fleet", "tugs"]);
});

Deno.test("acceptance 35: unknown ledger members survive, a hand-edited digest is refused", async () => {
  const bench = clusterBench();
  await bench.apply();
  const ledger = JSON.parse(await bench.text(LEDGER) ?? "");
  ledger.later = { x: [1] };
  ledger.applied_revision.later = true;
  ledger.applied_revision.resources["query.fleet.ships"].later = "kept";
  await bench.put(LEDGER, JSON.stringify(ledger));
  bench.files["queries/ships.gq"] = `${SHIPS_GQ}// more\n`;
  assert.equal((await bench.apply()).result.converged, true);
  const after = JSON.parse(await bench.text(LEDGER) ?? "");
  assert.deepEqual(after.later, { x: [1] });
  assert.equal(after.applied_revision.later, true);
  assert.equal(after.applied_revision.resources["query.fleet.ships"].later, "kept");
  const policy = { mode: "allow", bases: [{ uri: "s3://quay/", scope: "server_safe" }] };
  after.applied_revision.resources["graph.fleet"].external_blob_policy = policy;
  const edited = JSON.stringify(after);
  await bench.put(LEDGER, edited);
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, codes(result.diagnostics)], [1, ["external_blob_policy_digest_mismatch"]]);
  assert.equal(await bench.text(LEDGER), edited);
});

Deno.test("a blob that was tampered with is written again when its resource is applied", async () => {
  const bench = clusterBench();
  await bench.apply();
  const digest = JSON.parse(await bench.text(LEDGER) ?? "").applied_revision.resources["policy.crew"].digest;
  const key = `__cluster/resources/policy/crew/${digest}.yaml`;
  assert.equal(await bench.text(key), CREW_POLICY);
  bench.files["policies/crew.policy.yaml"] = `${CREW_POLICY}# more\n`;
  await bench.apply();
  await bench.put(key, "tampered");
  bench.files["policies/crew.policy.yaml"] = CREW_POLICY;
  assert.equal((await bench.apply()).result.converged, true);
  assert.equal(await bench.text(key), CREW_POLICY);
});

Deno.test("a lost or tampered blob of an unchanged resource is written again, with a warning and no new revision", async () => {
  const bench = clusterBench();
  await bench.apply();
  const { resources } = JSON.parse(await bench.text(LEDGER) ?? "").applied_revision;
  const query = `__cluster/resources/query/fleet/add_ship/${resources["query.fleet.add_ship"].digest}.gq`;
  const policy = `__cluster/resources/policy/crew/${resources["policy.crew"].digest}.yaml`;
  await bench.store.delete(query);
  await bench.put(policy, "tampered");
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.state_written, codes(result.diagnostics)], [
    0,
    false,
    ["catalog_payload_mismatch", "catalog_payload_missing"],
  ]);
  assert.deepEqual([await bench.text(query), await bench.text(policy)], [ADD_SHIP_GQ, CREW_POLICY]);
  assert.deepEqual(codes((await bench.apply()).diagnostics), []);
});

Deno.test("a source that changes while apply runs is refused, the ledger stays as it was", async () => {
  const bench = clusterBench();
  const { exitCode, result } = await bench.apply({
    failpoint: (name) => {
      if (name === "cluster_apply.after_graph_create") {
        bench.files["queries/ships.gq"] = `${SHIPS_GQ}// more\n`;
      }
    },
  });
  assert.equal(exitCode, 1);
  assert.deepEqual(result.diagnostics.map(({ code, path }) => `${code} ${path}`), [
    "resource_content_changed query.fleet.ships",
    "resource_content_changed query.fleet.ships_in_port",
  ]);
  assert.equal(await bench.text(LEDGER), null);
  assert.equal((await bench.apply()).result.converged, true);
});

Deno.test("the first failing graph stops further graph work, independent resources go on", async () => {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace(
    "policies:",
    "  barges: { schema: schemas/fleet.pg }\n  tugs: { schema: schemas/fleet.pg }\npolicies:",
  );
  await bench.put("graphs/fleet.omni/notes.txt", "not a graph");
  const { result } = await bench.apply();
  assert.deepEqual(changeWords(result.changes.filter(({ resource }) => /^(graph|policy)/.test(resource))), [
    "create graph.barges applied",
    "create graph.fleet blocked: graph_create_failed",
    "create graph.tugs blocked: dependency_not_applied",
    "create policy.crew blocked: dependency_not_applied",
    "create policy.gate applied",
  ]);
  assert.ok(codes(result.diagnostics).includes("graph_create_skipped"));
});

Deno.test("an interrupted apply stops before the next step, releases the lock and is repaired by the next", async () => {
  const { clusterApply } = await import("./commands.ts");
  const bench = clusterBench();
  const stop = new AbortController();
  const ports = {
    ...bench.options.ports!,
    failpoint: (name: string) => {
      if (name === "cluster_apply.after_graph_create") stop.abort();
    },
  };
  const { exitCode, result } = await clusterApply({ ...bench.options, ports, signal: stop.signal });
  assert.deepEqual([exitCode, codes(result.diagnostics)], [1, ["apply_interrupted"]]);
  assert.equal(await bench.text(LOCK), null);
  assert.deepEqual([(await bench.apply()).result.converged], [true]);
});

Deno.test("a policy that Cedar or the parser refuses stops apply before any effect", async () => {
  const bench = clusterBench();
  bench.files["policies/crew.policy.yaml"] = CREW_POLICY.replace("read,", "raed,");
  const { exitCode } = await bench.apply();
  assert.equal(exitCode, 6);
  assert.equal(await bench.store.prefixExists(""), false);
});

Deno.test("each publish has one history record; a missing one is filled in by the next apply", async () => {
  const bench = clusterBench();
  await bench.apply({ actor: "ida" });
  const first = JSON.parse(await bench.text("__cluster/history/00000001.json") ?? "");
  assert.deepEqual([first.version, first.revision, first.previous, first.outcome, first.actor], [
    1,
    1,
    null,
    "converged",
    "ida",
  ]);
  assert.equal(first.changes.length, 7);
  await bench.store.delete("__cluster/history/00000001.json");
  bench.files["queries/add_ship.gq"] = `${ADD_SHIP_GQ}// more\n`;
  await bench.apply();
  const filled = JSON.parse(await bench.text("__cluster/history/00000001.json") ?? "");
  assert.deepEqual([filled.outcome, filled.actor, filled.at, filled.changes.length], [
    "unknown",
    "ida",
    first.at,
    7,
  ]);
  const second = JSON.parse(await bench.text("__cluster/history/00000002.json") ?? "");
  assert.deepEqual([second.previous, second.changes.map(({ address }: { address: string }) => address)], [
    1,
    ["graph.fleet", "query.fleet.add_ship"],
  ]);
});

Deno.test("acceptance 41: apply and status have exactly their members, on success and on failure", async () => {
  const bench = clusterBench();
  const members = [
    "ok",
    "config_dir",
    "desired_revision",
    "state_observations",
    "changes",
    "applied_count",
    "deferred_count",
    "converged",
    "state_written",
    "resource_statuses",
  ];
  const { result } = await bench.apply();
  assert.deepEqual(Object.keys(result), [...members, "plan_digest", "provenance", "diagnostics"]);
  const status = await bench.status();
  assert.equal(status.exitCode, 0);
  assert.deepEqual(Object.keys(status.result), [
    "ok",
    "config_dir",
    "state_observations",
    "resource_digests",
    "resource_statuses",
    "observations",
    "provenance",
    "diagnostics",
  ]);
  bench.files["cluster.yaml"] = "version: 1\nversion: 1\n";
  const failed = await bench.apply();
  assert.deepEqual(Object.keys(failed.result), [...members, "provenance", "diagnostics"]);
  assert.deepEqual([failed.result.ok, failed.result.changes, failed.result.desired_revision], [
    false,
    [],
    {},
  ]);
});

Deno.test("status reports a missing ledger, a lost blob, a pending record and a damaged ledger", async () => {
  const bench = clusterBench();
  const empty = await bench.status();
  assert.deepEqual([empty.exitCode, codes(empty.diagnostics)], [0, ["state_missing"]]);
  await bench.apply();
  const before = await controlPlane(bench.store);
  const digest =
    JSON.parse(await bench.text(LEDGER) ?? "").applied_revision.resources["query.fleet.ships"].digest;
  await bench.store.delete(`__cluster/resources/query/fleet/ships/${digest}.gq`);
  await bench.put("__cluster/recoveries/01X.json", "{");
  const sick = await bench.status();
  assert.deepEqual([sick.exitCode, codes(sick.diagnostics)], [0, [
    "cluster_recovery_pending",
    "catalog_payload_missing",
  ]]);
  await bench.store.delete("__cluster/recoveries/01X.json");
  assert.deepEqual(await controlPlane(bench.store), before);
  await bench.put(LEDGER, '{"version":2}');
  const broken = await bench.status();
  assert.deepEqual([broken.exitCode, codes(broken.diagnostics)], [1, ["unsupported_state_version"]]);
});

Deno.test("a folder in the place of the ledger is no missing ledger", async () => {
  const bench = clusterBench();
  await bench.put(`${LEDGER}/junk`, "junk");
  for (const { exitCode, diagnostics } of [await bench.plan(), await bench.apply(), await bench.status()]) {
    assert.deepEqual([exitCode, codes(diagnostics)], [1, ["state_read_error"]]);
  }
  assert.equal(await bench.store.prefixExists("graphs"), false);
});
