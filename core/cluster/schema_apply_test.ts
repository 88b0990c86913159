/** Schema changes of live graphs through plan and apply. */
import assert from "node:assert/strict";
import { applyLines, planLines } from "../../cli/views/cluster.ts";
import { type ClusterBench, clusterBench } from "../../tests/support/cluster_bench.ts";
import { ADD_SHIP_GQ, FLEET_SCHEMA } from "../../tests/support/cluster_files.ts";
import { loadLines } from "../../tests/support/embedded_graphs.ts";
import type { EmbeddedGraph } from "../graph/embedded.ts";
import { openGraph } from "../graph/open.ts";
import type { ChangeOutput } from "./results.ts";

const LEDGER = "__cluster/state.json";
const RENAMED = FLEET_SCHEMA.replace("tons: I32?", 'weight: I32? @rename_from("tons")\n  flag: String?');

/** Opens the fleet as a process of its own. */
async function withFleet<T>(bench: ClusterBench, use: (graph: EmbeddedGraph) => Promise<T>): Promise<T> {
  const { openTables, ports } = bench.options;
  assert.ok(openTables !== undefined && ports !== undefined);
  const graph = await openGraph({
    store: bench.store.under("graphs/fleet.omni"),
    tables: openTables({ kind: "local", path: "/fleet" }),
    uri: "memory:fleet",
    ports,
  });
  try {
    return await use(graph);
  } finally {
    await graph.close();
  }
}

async function appliedFleet(): Promise<ClusterBench> {
  const bench = clusterBench();
  await bench.apply();
  await withFleet(bench, (graph) => loadLines(graph, [{ type: "Ship", data: { name: "Ada", tons: 7 } }]));
  return bench;
}

function ships(bench: ClusterBench, property: string): Promise<unknown> {
  return withFleet(bench, async (graph) => {
    const { rows } = await graph.query({
      source: `query q() { match { $s: Ship } return { $s.name as name, $s.${property} as value } }`,
    });
    return JSON.parse(rows.toJsonText());
  });
}

function schemaChange(changes: readonly ChangeOutput[]): ChangeOutput | undefined {
  return changes.find(({ resource }) => resource === "schema.fleet");
}

function resources(bench: ClusterBench): Promise<unknown> {
  return bench.text(LEDGER).then((text) => JSON.parse(text ?? "").applied_revision.resources);
}

Deno.test("acceptance 19: a schema change and a query that uses it converge together, and the plan shows the steps", async () => {
  const bench = await appliedFleet();
  bench.files["schemas/fleet.pg"] = RENAMED;
  bench.files["queries/add_ship.gq"] = ADD_SHIP_GQ.replace("name: $name }", 'name: $name, flag: "NL" }');
  const planned = await bench.plan();
  assert.deepEqual(planned.diagnostics, []);
  const { migration } = schemaChange(planned.result.changes)!;
  assert.equal(migration?.supported, true);
  assert.deepEqual(migration?.steps, [
    {
      kind: "add_property",
      type_kind: "node",
      type_name: "Ship",
      property_name: "flag",
      property_type: { scalar: "String", nullable: true, list: false, enum_values: null },
    },
    { kind: "rename_property", type_kind: "node", type_name: "Ship", from: "tons", to: "weight" },
  ]);
  assert.deepEqual(planLines(planned).slice(2, 6), [
    "  Update query.fleet.add_ship [Applied]",
    "  Update schema.fleet [Applied]",
    "    add_property Ship.flag",
    "    rename_property Ship tons -> weight",
  ]);
  const applied = await bench.apply();
  assert.deepEqual([applied.exitCode, applied.result.converged], [0, true]);
  assert.deepEqual(schemaChange(applied.result.changes)?.migration, migration);
  assert.equal(applied.result.plan_digest, planned.result.plan_digest);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  assert.deepEqual(await ships(bench, "weight"), [{ name: "Ada", value: 7 }]);
  assert.equal((await bench.plan()).result.changes.length, 0);
  assert.equal((await bench.apply()).result.state_written, false);
});

Deno.test("acceptance 21: an unsupported change or a second branch fails, leaves no record and moves nothing", async () => {
  const bench = await appliedFleet();
  const before = await resources(bench);
  const branched = await appliedFleet();
  await withFleet(branched, (graph) => graph.createBranch({ name: "draft" }));
  const cases = [
    [bench, FLEET_SCHEMA.replace("tons: I32?", "tons: I64?"), /^\[OG-MF-106\] property 'Ship\.tons'/],
    [branched, RENAMED, /requires a graph with only main; found non-main branches: draft$/],
  ] as const;
  for (const [each, schema, reason] of cases) {
    each.files["schemas/fleet.pg"] = schema;
    const planned = await each.plan();
    assert.equal(planned.exitCode, 0);
    assert.equal(schemaChange(planned.result.changes)?.migration?.supported, false);
    const [warning] = planned.diagnostics;
    assert.deepEqual([warning?.code, warning?.severity], ["schema_preview_unavailable", "warning"]);
    assert.match(warning!.message, reason);
    const { exitCode, result } = await each.apply();
    assert.equal(exitCode, 1);
    const failure = result.diagnostics.find(({ code }) => code === "schema_apply_failed")!;
    assert.deepEqual([failure.severity, failure.path], ["error", "schema.fleet"]);
    assert.match(failure.message, reason);
    assert.equal(schemaChange(result.changes)?.reason, "schema_apply_failed");
    assert.deepEqual(await each.store.list("__cluster/recoveries"), []);
    assert.deepEqual(await resources(each), before);
    assert.deepEqual(await ships(each, "tons"), [{ name: "Ada", value: 7 }]);
  }
});

Deno.test("acceptance 22: an engine error before the graph moves removes the record, and nothing has changed", async () => {
  const bench = await appliedFleet();
  bench.files["schemas/fleet.pg"] = RENAMED;
  const failing = await bench.apply({
    failpoint: (name) => {
      if (name === "schema.tables_written") throw new Error("disk full");
    },
  });
  assert.equal(failing.exitCode, 1);
  assert.deepEqual(failing.diagnostics.map(({ code }) => code).slice(0, 1), ["schema_apply_failed"]);
  assert.match(applyLines(failing).join("\n"), /schema_apply_failed schema\.fleet: disk full/);
  assert.deepEqual(await bench.store.list("__cluster/recoveries"), []);
  assert.deepEqual(await ships(bench, "tons"), [{ name: "Ada", value: 7 }]);
  assert.deepEqual([(await bench.apply()).result.converged], [true]);
  assert.deepEqual(await ships(bench, "weight"), [{ name: "Ada", value: 7 }]);
});

Deno.test("acceptance 22: an engine error after the graph moved keeps the record for the next apply", async () => {
  const bench = await appliedFleet();
  bench.files["schemas/fleet.pg"] = RENAMED;
  const failing = await bench.apply({
    failpoint: (name) => {
      if (name === "schema.after_append") throw new Error("the network went away");
    },
  });
  assert.equal(failing.exitCode, 1);
  assert.equal((await bench.store.list("__cluster/recoveries")).length, 1);
  const { exitCode, result } = await bench.apply();
  assert.deepEqual([exitCode, result.converged], [0, true]);
  assert.ok(result.diagnostics.some(({ code }) => code === "cluster_recovery_rolled_forward"));
  assert.deepEqual(await ships(bench, "weight"), [{ name: "Ada", value: 7 }]);
});

Deno.test("acceptance 24: a crash around a migration is settled by the next apply", async () => {
  const points = ["cluster_apply.before_schema_apply", "cluster_apply.after_schema_apply"];
  for (const point of points) {
    const bench = await appliedFleet();
    bench.files["schemas/fleet.pg"] = RENAMED;
    await bench.apply({
      failpoint: (name) => {
        if (name === point) throw new Error("crash");
      },
    });
    assert.equal((await bench.store.list("__cluster/recoveries")).length, 1, point);
    const { exitCode, result } = await bench.apply();
    assert.deepEqual([exitCode, result.converged], [0, true], point);
    assert.deepEqual(await bench.store.list("__cluster/recoveries"), [], point);
    assert.deepEqual(await ships(bench, "weight"), [{ name: "Ada", value: 7 }], point);
    await withFleet(bench, async (graph) => assert.equal((await graph.commits()).commits.length, 3, point));
  }
});

Deno.test("acceptance 30: after a schema change behind the cluster's back, apply brings the declared one back", async () => {
  const bench = await appliedFleet();
  const grown = FLEET_SCHEMA.replace("tons: I32?", "tons: I32?\n  flag: String?");
  await withFleet(bench, (graph) => graph.schemaUpdate({ path: "fleet.pg", text: grown }));
  bench.files["schemas/fleet.pg"] = `// the harbour's fleet\n${FLEET_SCHEMA}`;
  const planned = await bench.plan();
  assert.deepEqual(schemaChange(planned.result.changes)?.migration, {
    supported: true,
    steps: [{
      kind: "drop_property",
      type_kind: "node",
      type_name: "Ship",
      property_name: "flag",
      mode: "soft",
    }],
  });
  assert.ok(planLines(planned).includes("    drop_property Ship.flag [soft]"));
  assert.equal((await bench.apply()).result.converged, true);
  assert.deepEqual(await ships(bench, "tons"), [{ name: "Ada", value: 7 }]);
});

Deno.test("acceptance 22: a schema change that fails leaves the applied blob policy as it is, in both directions", async () => {
  const yaml = (bench: ClusterBench) => bench.files["cluster.yaml"] ?? "";
  const blobs = '    external_blobs: { allow: [{ base: "s3://quay/scans/", scope: server_safe }] }\n';
  const policyOf = async (bench: ClusterBench) =>
    JSON.parse(await bench.text(LEDGER) ?? "").applied_revision.resources["graph.fleet"].external_blob_policy;
  for (const [before, after] of [["", blobs], [blobs, ""]] as const) {
    const bench = clusterBench();
    const harbour = yaml(bench);
    const withBlobs = (lines: string) =>
      harbour.replace("    queries: queries/\n", `    queries: queries/\n${lines}`);
    bench.files["cluster.yaml"] = withBlobs(before);
    assert.equal((await bench.apply()).exitCode, 0);
    const applied = await policyOf(bench);
    assert.equal(applied === undefined, before === "");
    bench.files["cluster.yaml"] = withBlobs(after);
    bench.files["schemas/fleet.pg"] = FLEET_SCHEMA.replace("tons: I32?", "tons: I64?");
    assert.equal((await bench.apply()).exitCode, 1);
    assert.deepEqual(await policyOf(bench), applied);
    bench.files["schemas/fleet.pg"] = FLEET_SCHEMA;
    assert.equal((await bench.apply()).result.converged, true);
    assert.equal(await policyOf(bench) === undefined, after === "");
  }
});
