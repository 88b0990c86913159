import assert from "node:assert/strict";
import { type ClusterBench, clusterBench } from "../../tests/support/cluster_bench.ts";
import {
  ADD_SHIP_GQ,
  CREW_POLICY,
  GATE_POLICY,
  HARBOUR_YAML,
  SHIPS_GQ,
} from "../../tests/support/cluster_files.ts";
import type { Env } from "../base/ports.ts";
import { resolveAppliedGraph, resolveClusterRoot } from "./resolve.ts";
import { memoryFiles } from "../../tests/support/cluster_files.ts";
import { loadServingRevision, ReadinessError } from "./serving.ts";

const LEDGER = "__cluster/state.json";

async function appliedBench(yaml = HARBOUR_YAML): Promise<ClusterBench> {
  const bench = clusterBench();
  bench.files["cluster.yaml"] = yaml;
  await bench.apply();
  return bench;
}

/** `[code] path` of each line of the refusal. */
async function refusal(bench: ClusterBench, env?: Env): Promise<string[]> {
  try {
    await loadServingRevision(bench.store, env === undefined ? {} : { env });
  } catch (error) {
    assert.ok(error instanceof ReadinessError);
    return error.message.split("\n").map((line) => line.slice(0, line.indexOf(": ")));
  }
  return [];
}

/** Entries of a stored ledger by address. */
type StoredEntries = Record<string, Record<string, unknown>>;

async function editLedger(bench: ClusterBench, edit: (resources: StoredEntries) => void): Promise<void> {
  const ledger = JSON.parse(await bench.text(LEDGER) ?? "");
  edit(ledger.applied_revision.resources);
  await bench.put(LEDGER, JSON.stringify(ledger));
}

Deno.test("acceptance 38: loadServingRevision() gives the applied queries and bundles, and nothing that was only edited", async () => {
  const bench = await appliedBench();
  bench.files["queries/ships.gq"] = `${SHIPS_GQ}// not applied\n`;
  const served = await loadServingRevision(bench.store);
  assert.deepEqual([served.revision, served.commit, served.quarantined], [1, null, []]);
  assert.match(served.configDigest ?? "", /^[0-9a-f]{64}$/);
  assert.deepEqual(served.serverPolicy, { name: "gate", text: GATE_POLICY });
  const [fleet] = served.graphs;
  assert.deepEqual([fleet?.graphId, fleet?.rootKey], ["fleet", "graphs/fleet.omni"]);
  assert.deepEqual(fleet?.policy, { name: "crew", text: CREW_POLICY });
  assert.deepEqual(fleet?.queries.map(({ name, source }) => [name, source]), [
    ["add_ship", ADD_SHIP_GQ],
    ["ships", SHIPS_GQ],
    ["ships_in_port", SHIPS_GQ],
  ]);
});

Deno.test("acceptance 36: a pending record keeps its graph out, alone it refuses the cluster", async () => {
  const record = (graph: string, id: string) =>
    JSON.stringify({
      schema_version: 1,
      operation_id: id,
      started_at: "2026-03-01T08:00:00Z",
      kind: "schema_apply",
      graph_id: graph,
      graph_uri: `/quay/graphs/${graph}.omni`,
      desired_schema_digest: "aa",
    });
  const bench = await appliedBench(
    HARBOUR_YAML.replace("policies:", "  tugs: { schema: schemas/fleet.pg }\npolicies:"),
  );
  await bench.put("__cluster/recoveries/01A.json", record("fleet", "01A"));
  const served = await loadServingRevision(bench.store);
  assert.deepEqual(served.graphs.map(({ graphId }) => graphId), ["tugs"]);
  assert.deepEqual(served.quarantined.map(({ graphId, code }) => [graphId, code]), [
    ["fleet", "cluster_recovery_pending"],
  ]);
  assert.match(served.quarantined[0]!.message, /01A.*any mutating command/);
  await bench.put("__cluster/recoveries/01B.json", record("tugs", "01B"));
  assert.deepEqual(await refusal(bench), [
    "[cluster_recovery_pending] graph.fleet",
    "[cluster_recovery_pending] graph.tugs",
    "[cluster_no_healthy_graphs] __cluster/state.json",
  ]);
});

Deno.test("a refusal to serve says what to do about a damaged file", async () => {
  const bench = await appliedBench();
  await bench.put(LEDGER, "{");
  await bench.put("__cluster/recoveries/01A.json", "junk");
  await assert.rejects(loadServingRevision(bench.store), (error: Error) => {
    assert.match(error.message, /invalid_state_json.*; restore it from a copy/);
    assert.match(error.message, /invalid_recovery_sidecar.*then delete the file/);
    return true;
  });
});

Deno.test("acceptance 37: every fault of the whole cluster refuses with its code", async () => {
  assert.deepEqual(await refusal(clusterBench()), ["[cluster_state_missing] __cluster/state.json"]);
  assert.deepEqual(await refusal(await appliedBench("version: 1\n")), [
    "[cluster_empty] __cluster/state.json",
  ]);
  const cases: readonly [string, (bench: ClusterBench) => Promise<void>][] = [
    ["[invalid_state_json] __cluster/state.json", (bench) => bench.put(LEDGER, "{")],
    ["[unsupported_state_version] state.version", (bench) => bench.put(LEDGER, '{"version":2}')],
    [
      "[invalid_recovery_sidecar] __cluster/recoveries/01A.json",
      (bench) => bench.put("__cluster/recoveries/01A.json", '{"schema_version":1}'),
    ],
    [
      "[unsupported_recovery_sidecar_version] __cluster/recoveries/01A.json",
      (bench) => bench.put("__cluster/recoveries/01A.json", '{"schema_version":2}'),
    ],
    ["[cluster_recovery_unattributed] __cluster/recoveries/01A.json", (bench) =>
      bench.put(
        "__cluster/recoveries/01A.json",
        JSON.stringify({
          schema_version: 1,
          operation_id: "01A",
          started_at: "x",
          kind: "graph_create",
          graph_id: " ",
          graph_uri: "",
          desired_schema_digest: "",
        }),
      )],
    [
      "[policy_bindings_missing] policy.crew",
      (bench) => editLedger(bench, (resources) => delete resources["policy.crew"]!.applies_to),
    ],
    [
      "[wrong_kind_reference] policy.crew",
      (bench) => editLedger(bench, (resources) => resources["policy.crew"]!.applies_to = ["schema.fleet"]),
    ],
    [
      "[duplicate_policy_binding] policy.gate",
      (bench) => editLedger(bench, (resources) => resources["policy.gate"]!.applies_to = ["graph.fleet"]),
    ],
    [
      "[external_blob_policy_digest_mismatch] __cluster/state.json",
      (bench) =>
        editLedger(
          bench,
          (resources) => resources["graph.fleet"]!.external_blob_policy = { mode: "allow", bases: [] },
        ),
    ],
  ];
  for (const [line, damage] of cases) {
    const bench = await appliedBench();
    await damage(bench);
    assert.deepEqual(await refusal(bench), [line]);
  }
});

Deno.test("a lost or tampered blob refuses, one that nobody serves does not", async () => {
  const bench = await appliedBench();
  const { applied_revision: { resources } } = JSON.parse(await bench.text(LEDGER) ?? "");
  const query = `__cluster/resources/query/fleet/ships/${resources["query.fleet.ships"].digest}.gq`;
  const policy = `__cluster/resources/policy/gate/${resources["policy.gate"].digest}.yaml`;
  await bench.store.delete(query);
  await bench.put(policy, `${GATE_POLICY}# more\n`);
  assert.deepEqual(await refusal(bench), [
    "[catalog_payload_digest_mismatch] policy.gate",
    "[catalog_payload_missing] query.fleet.ships",
  ]);
  await bench.put("__cluster/resources/query/fleet/ships/other.gq", "unused");
  await bench.put(query, SHIPS_GQ);
  await bench.put(policy, GATE_POLICY);
  assert.deepEqual(await refusal(bench), []);
});

Deno.test("acceptance 37: a held lock never matters", async () => {
  const bench = await appliedBench();
  await bench.put("__cluster/lock.json", "not even a lock");
  assert.deepEqual(await refusal(bench), []);
});

Deno.test("providers are checked in the ledger, their keys in the environment", async () => {
  const yaml = HARBOUR_YAML.replace(
    "graphs:",
    'providers: { embedding: { cargo: { kind: openai, api_key: "${QUAY_KEY}" } } }\ngraphs:\n' +
      "  tugs: { schema: schemas/fleet.pg }",
  ).replace("    queries:", "    embedding_provider: cargo\n    queries:");
  const bench = await appliedBench(yaml);
  assert.deepEqual((await loadServingRevision(bench.store)).quarantined, []);
  const unset = await loadServingRevision(bench.store, { env: { get: () => undefined } });
  assert.deepEqual(unset.quarantined.map(({ graphId, code }) => [graphId, code]), [
    ["fleet", "graph_embedding_unresolved"],
  ]);
  assert.match(unset.quarantined[0]!.message, /QUAY_KEY/);
  const set = await loadServingRevision(bench.store, { env: { get: () => "sk-hunter2" } });
  assert.deepEqual(set.quarantined, []);
  assert.ok(!JSON.stringify(set).includes("hunter2"));
  const at = "provider.embedding.cargo";
  await editLedger(bench, (resources) => resources[at]!.embedding_profile = { kind: "openai" });
  assert.deepEqual(await refusal(bench), [`[embedding_provider_digest_mismatch] ${at}`]);
  await editLedger(bench, (resources) => delete resources[at]!.embedding_profile);
  assert.deepEqual(await refusal(bench), [`[embedding_provider_profile_missing] ${at}`]);
});

Deno.test("an id without a route is kept out, the others are served", async () => {
  const bench = await appliedBench(
    HARBOUR_YAML.replace("policies:", "  north_quay: { schema: schemas/fleet.pg }\npolicies:"),
  );
  const served = await loadServingRevision(bench.store);
  assert.deepEqual(served.graphs.map(({ graphId }) => graphId), ["fleet"]);
  assert.deepEqual(served.quarantined.map(({ graphId, code }) => [graphId, code]), [
    ["north_quay", "graph_id_not_servable"],
  ]);
});

Deno.test("resolveClusterRoot() follows storage:, else takes the directory, and refuses a broken file", async () => {
  const files = memoryFiles({
    "/deploy/cluster.yaml": "version: 1\nstorage: ../data\n",
    "/remote/cluster.yaml": "version: 1\nstorage: s3://quay-data/north/\n",
    "/plain/cluster.yaml": "version: 1\n",
    "/broken/cluster.yaml": "version: 1\nstorage: gs://quay\n",
  });
  const root = (argument: string) => resolveClusterRoot(argument, "/", files);
  assert.deepEqual(await root("deploy"), { kind: "local", path: "/data" });
  assert.deepEqual(await root("remote"), { kind: "s3", bucket: "quay-data", prefix: "north" });
  assert.deepEqual(await root("plain"), { kind: "local", path: "/plain" });
  assert.deepEqual(await root("nothing/here"), { kind: "local", path: "/nothing/here" });
  assert.deepEqual(await root("file:///deploy"), { kind: "local", path: "/deploy" });
  await assert.rejects(() => root("broken"), /cluster\.yaml/);
});

Deno.test("acceptance 39: resolveAppliedGraph() finds a graph from the ledger alone", async () => {
  const bench = await appliedBench();
  assert.deepEqual(await resolveAppliedGraph(bench.store, null), {
    graphId: "fleet",
    rootKey: "graphs/fleet.omni",
  });
  await assert.rejects(
    () => resolveAppliedGraph(bench.store, "tugs"),
    /graph_not_applied.*\[fleet\].*cluster apply/,
  );
  bench.files["cluster.yaml"] = HARBOUR_YAML.replace(
    "policies:",
    "  tugs: { schema: schemas/fleet.pg }\npolicies:",
  );
  await bench.apply();
  assert.equal((await resolveAppliedGraph(bench.store, "tugs")).rootKey, "graphs/tugs.omni");
  await assert.rejects(
    () => resolveAppliedGraph(bench.store, null),
    /has 2 graphs: \[fleet, tugs\].*--graph <id>/,
  );
  await assert.rejects(() => resolveAppliedGraph(clusterBench().store, null), /cluster_state_missing/);
});
