/**
 * Graphs behind a proxy that damages requests: an acknowledged write is there, a failed one is not, one of unknown outcome
 * is there or not, and running it again repairs it. Objects and tables go through the same proxy.
 */
import assert from "node:assert/strict";
import { AppError } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { LoadOutput } from "../../core/graph/graph.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { lanceRoot } from "../../core/storage/lance_root.ts";
import { LanceTables } from "../../core/storage/lance_tables.ts";
import { readS3Settings } from "../../core/storage/s3_settings.ts";
import { createS3Store } from "../../core/storage/s3_store.ts";
import { showUri } from "../../core/storage/uri.ts";
import { film, FILM_SCHEMA, loadLines, titles } from "../support/embedded_graphs.ts";
import { FAULTS, type FaultyProxy, randomMischief, startFaultyProxy } from "../support/faulty_proxy.ts";
import { apply, assertLinear, countFilms, openRoot, sorted } from "../support/film_writers.ts";
import { envOf, s3ForTests, variablesFor } from "../support/s3_server.ts";

const PATIENCE_MS = 800;
const WRITES = 12;
const LARGE = 250;
/** One in so many requests is damaged. */
const SHARE = 0.12;

const s3 = await s3ForTests();
const report = new Map<string, number>();

type Bucket = { readonly kind: "s3"; readonly bucket: string; readonly prefix: string };

/** Opens the graph as a process of its own, through the proxy. */
async function openBehind(proxy: FaultyProxy, uri: Bucket): Promise<EmbeddedGraph> {
  const env = envOf(variablesFor(proxy.endpoint));
  const pace = { patienceMs: PATIENCE_MS, attemptsMax: 4, pauseMs: 10 };
  const limits = { timeout: `${PATIENCE_MS}ms`, client_max_retries: "3", client_retry_timeout: "10" };
  return await openGraph({
    store: createS3Store(uri, readS3Settings(env, uri.bucket), pace),
    tables: new LanceTables(lanceRoot(uri, env, limits)),
    uri: showUri(uri),
    onBackgroundError: () => count("background work failed"),
  });
}

function count(what: string): void {
  report.set(what, (report.get(what) ?? 0) + 1);
}

/** Runs until it does not fail; failures must be of storage. */
async function untilDone<T>(
  what: string,
  work: () => Promise<T>,
  onFailure: (code: string) => void,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    try {
      const result = await work();
      count(`${what}: ${attempt === 1 ? "done" : "done when run again"}`);
      return result;
    } catch (error) {
      assert.ok(error instanceof AppError, String(error));
      count(`${what}: ${error.code}`);
      assert.ok(
        ["storage_error", "outcome_unknown", "write_conflict"].includes(error.code),
        `${what}: ${error.code} ${error.message}`,
      );
      assert.ok(attempt < 30, `${what} fails again and again: ${error.message}`);
      onFailure(error.code);
    }
  }
}

/** Writes films through one graph; returns what must be there, and the commits that were acknowledged. */
async function writeFilms(graph: EmbeddedGraph, name: string) {
  const content = new Map<string, string>();
  const commits: string[] = [];
  let unknown = 0;
  for (let turn = 0; turn < WRITES; turn++) {
    const isLarge = turn % 5 === 4;
    const slugs = isLarge
      ? Array.from({ length: LARGE }, (_, i) => `${name}-${turn}-${i}`)
      : [`${name}-${turn}`, `${name}-0`];
    const edit = Object.fromEntries(slugs.map((slug) => [slug, `${turn}`.padEnd(isLarge ? 300 : 1, "x")]));
    const lines = Object.entries(edit).map(([slug, title]) => film(slug, title));
    const loaded: LoadOutput = await untilDone(
      isLarge ? "large load" : "load",
      () => loadLines(graph, lines),
      (code) => code === "outcome_unknown" && unknown++,
    );
    if (loaded.commit !== null) commits.push(loaded.commit.graph_commit_id);
    apply(content, edit);
  }
  return { content, commits, unknown };
}

s3.test("S3 faults: two writers behind faults lose nothing, publish nothing twice and end in one history", async () => {
  const { endpoint, env, makeBucket } = s3.server();
  for (let seed = 1; seed <= 2; seed++) {
    const uri: Bucket = { kind: "s3", bucket: makeBucket(), prefix: "films.omni" };
    await createGraph({
      store: createS3Store(uri, readS3Settings(env, uri.bucket)),
      schema: FILM_SCHEMA,
    });
    const proxy = startFaultyProxy(endpoint, { slowMs: PATIENCE_MS * 1.5 });
    try {
      proxy.setMischief(randomMischief(seed, SHARE));
      const written = await Promise.all(["a", "b"].map(async (name) => {
        const graph = await untilDone("open", () => openBehind(proxy, uri), () => {});
        const result = await writeFilms(graph, name);
        assert.deepEqual(
          (await untilDone("query", () => titles(graph), () => {}))[`${name}-0`],
          result.content.get(`${name}-0`),
        );
        await graph.close();
        return result;
      }));
      for (const { fault } of proxy.passed) if (fault !== null) count(`fault ${fault}`);
      proxy.setMischief(() => null);
      await proxy.settled();
      const expected = new Map(written.flatMap(({ content }) => [...content]));
      const errors: unknown[] = [];
      const graph = await openRoot(showUri(uri), errors, env);
      assert.deepEqual(await titles(graph), sorted(expected), `seed ${seed}`);
      assert.equal(await countFilms(graph), expected.size, "no slug appears twice");
      await assertLinear(graph);
      const acknowledged = written.flatMap(({ commits }) => commits);
      const history = (await graph.commits()).commits.map(({ graph_commit_id }) => graph_commit_id);
      assert.equal(new Set(acknowledged).size, acknowledged.length);
      for (const id of acknowledged) assert.ok(history.includes(id), `commit ${id} is in the history`);
      const unknown = written.reduce((sum, one) => sum + one.unknown, 0);
      assert.ok(history.length - 1 <= acknowledged.length + unknown, "no commit was published twice");
      await loadLines(graph, [film("after", "all")]);
      await graph.close();
      assert.deepEqual(errors, []);
    } finally {
      await proxy.stop();
    }
  }
  assert.ok(FAULTS.filter((fault) => report.has(`fault ${fault}`)).length > FAULTS.length / 2);
  if (Deno.env.get("OMNIGRAPH_FAULT_REPORT") !== undefined) {
    console.log(Object.fromEntries([...report].sort()));
  }
});
