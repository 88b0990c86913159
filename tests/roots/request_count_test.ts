/** How many requests to S3 the usual work takes, and that it does not grow with what does not change. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { clusterApply, clusterPlan } from "../../core/cluster/commands.ts";
import { loadServingRevision } from "../../core/cluster/serving.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { showUri } from "../../core/storage/uri.ts";
import { film, FILM_SCHEMA, loadLines, titles } from "../support/embedded_graphs.ts";
import { type FaultyProxy, startFaultyProxy } from "../support/faulty_proxy.ts";
import { withTempDir } from "../support/process.ts";
import { envOf, s3ForTests, variablesFor } from "../support/s3_server.ts";
import { FLEET_SCHEMA } from "../support/served_cluster.ts";

const s3 = await s3ForTests();

/** Runs `body` with a proxy that counts. */
async function counted(body: (proxy: FaultyProxy, bucket: string) => Promise<void>): Promise<void> {
  const { endpoint, makeBucket } = s3.server();
  const proxy = startFaultyProxy(endpoint, { slowMs: 0 });
  try {
    await body(proxy, makeBucket());
  } finally {
    await proxy.stop();
  }
}

/** The requests of some work, as `METHOD path` without the bucket. */
async function requestsOf(proxy: FaultyProxy, work: () => Promise<unknown>): Promise<string[]> {
  proxy.forget();
  await work();
  return proxy.passed.map(({ method, path }) => {
    const prefix = /[?&]prefix=([^&]*)/.exec(path)?.[1];
    const key = path.replace(/\?.*$/, "").replace(/^\/[^/]*\//, "");
    return prefix === undefined ? `${method} ${key}` : `LIST ${decodeURIComponent(prefix)}`;
  });
}

/** Writes a configuration of graphs with so many queries each; `mark` changes the first query of the first graph. */
async function writeConfig(
  folder: string,
  bucket: string,
  size: { graphs: number; queries: number },
  mark = "",
): Promise<void> {
  const ids = Array.from({ length: size.graphs }, (_, i) => `g${i}`);
  await Deno.writeTextFile(
    join(folder, "cluster.yaml"),
    `version: 1\nstorage: s3://${bucket}/root\ngraphs:\n` +
      ids.map((id) => `  ${id}: { schema: fleet.pg, queries: ${id}/ }\n`).join(""),
  );
  await Deno.writeTextFile(join(folder, "fleet.pg"), FLEET_SCHEMA);
  for (const id of ids) {
    await Deno.mkdir(join(folder, id), { recursive: true });
    for (let i = 0; i < size.queries; i++) {
      const comment = id === "g0" && i === 0 ? mark : "";
      const query = `query q${i}() { match { $s: Ship } return { $s.name } }\n`;
      await Deno.writeTextFile(join(folder, id, `q${i}.gq`), comment + query);
    }
  }
}

function options(configDir: string, proxy: FaultyProxy) {
  const env = envOf(variablesFor(proxy.endpoint));
  return {
    configDir,
    openStore: (uri: Parameters<typeof openObjectStore>[0]) => openObjectStore(uri, env),
    openTables: (uri: Parameters<typeof openTableStore>[0]) => openTableStore(uri, env),
  };
}

s3.test("S3 requests: a plan without changes takes three, however many resources there are", () =>
  counted((proxy, bucket) =>
    withTempDir(async (folder) => {
      for (const size of [{ graphs: 1, queries: 1 }, { graphs: 3, queries: 40 }]) {
        await writeConfig(folder, bucket, size);
        const commands = options(folder, proxy);
        assert.equal((await clusterApply(commands)).exitCode, 0);
        const requests = await requestsOf(proxy, async () => {
          assert.deepEqual((await clusterPlan(commands)).result.changes, []);
        });
        assert.deepEqual(requests.sort(), [
          "GET root/__cluster/lock.json",
          "GET root/__cluster/state.json",
          "LIST root/__cluster/recoveries/",
        ]);
      }
    })
  ));

s3.test("S3 requests: apply of one changed query writes its blob, the configuration's, one history object and the ledger", () =>
  counted((proxy, bucket) =>
    withTempDir(async (folder) => {
      const size = { graphs: 2, queries: 30 };
      await writeConfig(folder, bucket, size);
      const commands = options(folder, proxy);
      assert.equal((await clusterApply(commands)).exitCode, 0);
      await writeConfig(folder, bucket, size, "// once more\n");
      const requests = await requestsOf(proxy, async () => {
        assert.equal((await clusterApply(commands)).result.converged, true);
      });
      const writes = requests.filter((one) => one.startsWith("PUT "))
        .map((one) => one.replace(/[0-9a-f]{64}/, "<digest>"));
      // Told apart from proofs that the server honours conditions, which come once per process.
      assert.deepEqual([...new Set(writes)].sort(), [
        "PUT root/__cluster/history/00000002.json",
        "PUT root/__cluster/lock.json",
        "PUT root/__cluster/resources/config/<digest>.json",
        "PUT root/__cluster/resources/query/g0/q0/<digest>.gq",
        "PUT root/__cluster/state.json",
      ]);
    })
  ));

s3.test("S3 requests: a server that starts reads the ledger once and each blob once", () =>
  counted((proxy, bucket) =>
    withTempDir(async (folder) => {
      await writeConfig(folder, bucket, { graphs: 2, queries: 10 });
      const commands = options(folder, proxy);
      assert.equal((await clusterApply(commands)).exitCode, 0);
      const store = commands.openStore({ kind: "s3", bucket, prefix: "root" });
      const requests = await requestsOf(proxy, () => loadServingRevision(store));
      assert.equal(new Set(requests).size, requests.length, "nothing is asked for twice");
      assert.ok(requests.length <= 2 * (10 + 1) + 4, `${requests.length} requests`);
    })
  ));

s3.test("S3 requests: opening, reading and writing a graph take few", () =>
  counted(async (proxy, bucket) => {
    const env = envOf(variablesFor(proxy.endpoint));
    const uri = { kind: "s3", bucket, prefix: "films.omni" } as const;
    const store = openObjectStore(uri, env);
    const open = () => openGraph({ store, tables: openTableStore(uri, env), uri: showUri(uri) });
    await createGraph({ store, schema: FILM_SCHEMA });
    const first = await open();
    for (let i = 0; i < 100; i++) await loadLines(first, [film(`f${i}`)]);
    const large = (name: string) =>
      Array.from({ length: 300 }, (_, i) => film(`${name}-${i}`, "x".repeat(300)));
    await loadLines(first, large("large"));
    await first.close();
    let graph = first;
    const counts = {
      open: await requestsOf(proxy, async () => graph = await open()),
      read: await requestsOf(proxy, () => titles(graph)),
      readAgain: await requestsOf(proxy, () => titles(graph)),
      write: await requestsOf(proxy, () => loadLines(graph, [film("one")])),
      writeLarge: await requestsOf(proxy, () => loadLines(graph, large("more"))),
    };
    await graph.close();
    const most = { open: 24, read: 8, readAgain: 1, write: 6, writeLarge: 16 };
    for (const [work, requests] of Object.entries(counts)) {
      const limit = most[work as keyof typeof most];
      assert.ok(requests.length <= limit, `${work}: ${requests.length} requests\n${requests.join("\n")}`);
    }
    assert.deepEqual(
      counts.readAgain.map((one) => one.split(" ")[0]),
      ["HEAD"],
      "only a look for a newer commit",
    );
    assert.equal(
      counts.write.filter((one) => !one.startsWith("HEAD")).length,
      1,
      "a small commit is one put",
    );
  }));
