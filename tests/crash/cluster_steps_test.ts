/**
 * Processes that apply and are killed at each named step, on a folder and on S3. One apply does everything at once: it
 * creates a graph, migrates one, deletes one under an approval, changes queries and a policy. Whatever the step, the next
 * apply converges, nothing that was acknowledged is lost, and the approval is used once.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import {
  clusterApply,
  clusterApprove,
  clusterForceUnlock,
  type ClusterOptions,
} from "../../core/cluster/commands.ts";
import { loadServingRevision } from "../../core/cluster/serving.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { joinUri, parseStorageUri, type StorageUri } from "../../core/storage/uri.ts";
import { startApplier } from "../support/applier.ts";
import { CREW_POLICY, FLEET_SCHEMA, SHIPS_GQ } from "../support/cluster_files.ts";
import { withTempDir } from "../support/process.ts";
import { envOf, s3ForTests } from "../support/s3_server.ts";

/** Every crash point of an apply. */
const STEPS: readonly string[] = [
  "before_graph_create",
  "after_graph_create",
  "before_schema_apply",
  "after_schema_apply",
  "after_payload_phase",
  "before_graph_delete",
  "after_graph_delete",
  "before_state_write",
  "after_state_write",
  "before_approval_consumption",
].map((step) => `cluster_apply.${step}`);

/** Where a cluster is stored, and how to get there. */
interface Place {
  readonly uri: StorageUri;
  /** The value of `storage:`. */
  readonly storage: string;
  readonly variables: Readonly<Record<string, string>>;
}

function optionsOf(configDir: string, { uri, variables }: Place): ClusterOptions {
  if (uri.kind === "local") return { configDir, actor: "act-ida" };
  const env = envOf(variables);
  return {
    configDir,
    actor: "act-ida",
    openStore: (at) => openObjectStore(at, env),
    openTables: (at) => openTableStore(at, env),
  };
}

async function writeConfig(
  folder: string,
  storage: string,
  graphs: Readonly<Record<string, string>>,
  mark: string,
) {
  await Deno.mkdir(join(folder, "queries"), { recursive: true });
  const ids = Object.keys(graphs);
  const rows = ids.map((id) => `  ${id}: { schema: ${id}.pg, queries: queries/ }\n`).join("");
  const policy = `  crew: { file: crew.policy.yaml, applies_to: [${ids.join(", ")}] }\n`;
  const yaml = `version: 1\nstorage: ${storage}\ngraphs:\n${rows}policies:\n${policy}`;
  await Deno.writeTextFile(join(folder, "cluster.yaml"), yaml);
  await Deno.writeTextFile(join(folder, "queries/ships.gq"), `${SHIPS_GQ}// ${mark}\n`);
  await Deno.writeTextFile(join(folder, "crew.policy.yaml"), `${CREW_POLICY}# ${mark}\n`);
  for (const [id, schema] of Object.entries(graphs)) {
    await Deno.writeTextFile(join(folder, `${id}.pg`), schema);
  }
}

async function openedGraph(place: Place, id: string) {
  const env = envOf(place.variables);
  const uri = joinUri(place.uri, `graphs/${id}.omni`);
  return await openGraph({ store: openObjectStore(uri, env), tables: openTableStore(uri, env), uri: id });
}

async function loadShip(place: Place, id: string, name: string): Promise<void> {
  const graph = await openedGraph(place, id);
  await graph.load({
    data: new TextEncoder().encode(`{"type":"Ship","data":{"name":"${name}"}}`),
    mode: "append",
  });
  await graph.close();
}

/** Kills an apply at a step and converges with the next one. */
async function surviveAt(step: string, place: Place, folder: string): Promise<void> {
  const options = optionsOf(folder, place);
  await writeConfig(folder, place.storage, { kept: FLEET_SCHEMA, dropped: FLEET_SCHEMA }, "first");
  assert.equal((await clusterApply(options)).exitCode, 0);
  await loadShip(place, "kept", "ida");
  await loadShip(place, "dropped", "mila");
  const wider = FLEET_SCHEMA.replace("tons: I32?", "tons: I32?\n  flag: String?");
  await writeConfig(folder, place.storage, { kept: wider, made: FLEET_SCHEMA }, "second");
  const approved = await clusterApprove({ ...options, address: "graph.dropped" });
  assert.equal(approved.exitCode, 0, JSON.stringify(approved.result));
  const applier = startApplier(folder, `die:${step}`, place.variables);
  assert.equal(await applier.line(), "ready");
  await applier.go();
  assert.equal(await applier.ended(), 137, `${step} was reached`);
  const store = openObjectStore(place.uri, envOf(place.variables));
  if (place.uri.kind === "s3") {
    // There is no sign of the holder's death on S3: an operator who knows says so, or waits for the heartbeat to age.
    const lock = JSON.parse(new TextDecoder().decode((await store.get("__cluster/lock.json"))?.bytes));
    assert.equal((await clusterForceUnlock({ ...options, lockId: lock.lock_id })).exitCode, 0);
  }
  const { exitCode, result } = await clusterApply(options);
  assert.deepEqual([exitCode, result.converged], [0, true], `${step}: ${JSON.stringify(result.diagnostics)}`);
  assert.equal((await clusterApply(options)).result.state_written, false, step);
  assert.deepEqual(await store.list("__cluster/recoveries"), [], step);
  assert.equal(await store.get("__cluster/lock.json"), null, step);
  const served = await loadServingRevision(store);
  assert.deepEqual(served.graphs.map(({ graphId }) => graphId), ["kept", "made"], step);
  assert.equal(await store.prefixExists("graphs/dropped.omni"), false, step);
  const [approval] = await store.list("__cluster/approvals");
  const file = JSON.parse(
    new TextDecoder().decode((await store.get(`__cluster/approvals/${approval}`))?.bytes),
  );
  assert.notEqual(file.consumed_at, null, step);
  const kept = await openedGraph(place, "kept");
  assert.equal(kept.accepted().source, wider, step);
  const rows = await kept.query({ source: "query q() { match { $s: Ship } return { $s.name, $s.flag } }" });
  assert.equal(rows.rows.toJsonText(), '[{"s.name":"ida","s.flag":null}]', step);
  await kept.close();
}

Deno.test("cluster: an apply killed at any named step is repaired by the next one, on a folder", async () => {
  for (const step of STEPS) {
    await withTempDir((folder) => {
      const uri = parseStorageUri(join(folder, "store"), "/");
      return surviveAt(step, { uri, storage: "store", variables: {} }, folder);
    });
  }
});

const s3 = await s3ForTests();

s3.test("cluster: an apply killed at any named step is repaired by the next one, on S3", async () => {
  for (const step of STEPS) {
    await withTempDir((folder) => {
      const storage = `s3://${s3.server().makeBucket()}/clusters/quay`;
      const { variables } = s3.server();
      return surviveAt(step, { uri: parseStorageUri(storage, "/"), storage, variables }, folder);
    });
  }
});

s3.test("acceptance 15: of applies that start together on S3 each wins or exits with 5, and none leaves a lock", async () => {
  await withTempDir(async (folder) => {
    const storage = `s3://${s3.server().makeBucket()}/quay`;
    const { variables } = s3.server();
    await writeConfig(folder, storage, { kept: FLEET_SCHEMA, made: FLEET_SCHEMA }, "first");
    const appliers = Array.from({ length: 3 }, () => startApplier(folder, null, variables));
    for (const applier of appliers) assert.equal(await applier.line(), "ready");
    await Promise.all(appliers.map((applier) => applier.go()));
    const codes = await Promise.all(appliers.map((applier) => applier.ended()));
    assert.ok(codes.includes(0) && codes.every((code) => code === 0 || code === 5), codes.join());
    const place = { uri: parseStorageUri(storage, "/"), storage, variables };
    const { result } = await clusterApply(optionsOf(folder, place));
    assert.deepEqual([result.converged, result.state_written], [true, false]);
    assert.equal(await openObjectStore(place.uri, envOf(variables)).get("__cluster/lock.json"), null);
  });
});

Deno.test("cluster: the steps that are tested are the steps that there are", async () => {
  const named = new Set<string>();
  for (const file of ["apply", "publish", "graph_ops", "graph_deletes"]) {
    const text = await Deno.readTextFile(new URL(`../../core/cluster/${file}.ts`, import.meta.url));
    for (const [, step] of text.matchAll(/passFailpoint\([^"]*"([a-z_]+)"\)/g)) {
      named.add(`cluster_apply.${step}`);
    }
  }
  assert.deepEqual([...named].sort(), STEPS.toSorted());
});
