/**
 * Applying behind a proxy: the connection to S3 breaks at one request after the other and stays broken until the run has
 * ended. Whatever the run said, running apply again converges.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { clusterApply, clusterPlan } from "../../core/cluster/commands.ts";
import type { ClusterOptions } from "../../core/cluster/commands.ts";
import { loadServingRevision } from "../../core/cluster/serving.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { openGraph } from "../../core/graph/open.ts";
import { lanceRoot } from "../../core/storage/lance_root.ts";
import { LanceTables } from "../../core/storage/lance_tables.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { readS3Settings } from "../../core/storage/s3_settings.ts";
import { createS3Store } from "../../core/storage/s3_store.ts";
import { joinUri, showUri, type StorageUri } from "../../core/storage/uri.ts";
import { type Fault, type FaultyProxy, startFaultyProxy } from "../support/faulty_proxy.ts";
import { withTempDir } from "../support/process.ts";
import { envOf, s3ForTests, variablesFor } from "../support/s3_server.ts";
import { FLEET_QUERIES, FLEET_SCHEMA } from "../support/served_cluster.ts";

/** What a broken connection looks like; the write that meets it may have happened or not. */
const OUTAGES: readonly Fault[] = ["drop-request", "drop-answer", "500-after", "503", "cut-answer"];
/** A lock whose holder could not remove it is taken over after a minute. */
const MINUTE_MS = 61_000;

const s3 = await s3ForTests();

/** Every so many requests one is the first that fails; 1 tries all of them and takes long. */
const STRIDE = Number(Deno.env.get("OMNIGRAPH_FAULT_STRIDE") ?? 23);
const GRAPHS = 2;

/** The configuration; each `step` changes schemas, queries and the policy. */
function writeConfig(folder: string, address: string, step: number): void {
  const ids = Array.from({ length: GRAPHS }, (_, i) => `g${i}`);
  const graphs = ids.map((id) => `  ${id}: { schema: fleet.pg, queries: fleet.gq }\n`).join("");
  const policy = `policies:\n  crew: { file: crew.policy.yaml, applies_to: [${ids.join(", ")}] }\n`;
  const rule = `{ id: r${step}, allow: { actors: { group: crew }, actions: [read] } }`;
  const files = {
    "cluster.yaml": `version: 1\nstorage: ${address}\ngraphs:\n${graphs}${policy}`,
    "fleet.pg": `${FLEET_SCHEMA}// step ${step}\n`,
    "fleet.gq": `${FLEET_QUERIES}// step ${step}\n`,
    "crew.policy.yaml": `version: 1\ngroups: { crew: [act-ida] }\nrules:\n  - ${rule}\n`,
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(folder, name), text);
}

/** Commands that reach S3 through the proxy, quick to give up, with a clock that can be moved. */
function commandsBehind(proxy: FaultyProxy, configDir: string, time: { aheadMs: number }): ClusterOptions {
  const env = envOf(variablesFor(proxy.endpoint));
  const pace = { patienceMs: 3000, attemptsMax: 2, pauseMs: 2 };
  const limits = { timeout: "3s", client_max_retries: "1", client_retry_timeout: "5" };
  return {
    configDir,
    openStore: (uri) => {
      assert.ok(uri.kind === "s3");
      return createS3Store(uri, readS3Settings(env, uri.bucket), pace);
    },
    openTables: (uri) => new LanceTables(lanceRoot(uri, env, limits)),
    ports: { ...systemPorts(), clock: { nowMs: () => Date.now() + time.aheadMs } },
  };
}

/** The whole cluster is there and can be served. */
async function checkServed(root: StorageUri): Promise<void> {
  const { env } = s3.server();
  const store = openObjectStore(root, env);
  assert.equal(await store.get("__cluster/lock.json"), null, "no lock is left");
  assert.deepEqual(await store.list("__cluster/recoveries"), [], "nothing is left to be recovered");
  const served = await loadServingRevision(store);
  assert.deepEqual([served.graphs.length, served.quarantined], [GRAPHS, []]);
  for (const { rootKey } of served.graphs) {
    const uri = joinUri(root, rootKey);
    const graph = await openGraph({
      store: openObjectStore(uri, env),
      tables: openTableStore(uri, env),
      uri: showUri(uri),
    });
    await graph.close();
  }
}

s3.test("S3 faults: an apply cut off from S3 at any request is repaired by running it again", () =>
  withTempDir(async (folder) => {
    const { endpoint, makeBucket } = s3.server();
    const proxy = startFaultyProxy(endpoint, { slowMs: 0 });
    const tally = new Map<string, number>();
    const time = { aheadMs: 0 };
    const commands = commandsBehind(proxy, folder, time);
    const { env } = s3.server();
    const straight: ClusterOptions = {
      ...commands,
      openStore: (uri) => openObjectStore(uri, env),
      openTables: (uri) => openTableStore(uri, env),
    };
    const newRoot = (): StorageUri => ({ kind: "s3", bucket: makeBucket(), prefix: "root" });
    /** One apply that is cut off, and the next one; returns whether it was cut off before its end. */
    const tryAt = async (root: StorageUri, fault: Fault, at: number, step: number): Promise<boolean> => {
      writeConfig(folder, showUri(root), step);
      let seen = 0;
      proxy.setMischief(() => seen++ >= at ? fault : null);
      const first = await clusterApply(commands);
      const cutOff = seen > at;
      proxy.setMischief(() => null);
      const key = `${fault}: ${cutOff ? `exit ${first.exitCode}` : "not met"}`;
      tally.set(key, (tally.get(key) ?? 0) + 1);
      for (const { message } of first.diagnostics) assert.ok(!message.includes("test-secret-key"));
      time.aheadMs += MINUTE_MS;
      const again = await clusterApply(straight);
      const label = `${fault} from request ${at}, step ${step}: ${JSON.stringify(again.diagnostics)}`;
      assert.deepEqual([again.exitCode, again.result.converged], [0, true], label);
      assert.deepEqual((await clusterPlan(straight)).result.changes, [], label);
      await checkServed(root);
      return cutOff;
    };
    try {
      for (const [which, fault] of OUTAGES.entries()) {
        const start = which * 2 % STRIDE;
        // The first apply, each time into an empty bucket; then changes, all in one.
        for (let at = start; await tryAt(newRoot(), fault, at, 0);) at += STRIDE;
        const root = newRoot();
        for (let at = start, step = 0; await tryAt(root, fault, at, step); step++) at += STRIDE;
      }
    } finally {
      await proxy.stop();
    }
    assert.ok([...tally.keys()].some((key) => /exit [1-9]/.test(key)));
    if (Deno.env.get("OMNIGRAPH_FAULT_REPORT") !== undefined) console.log(Object.fromEntries(tally));
  }));
