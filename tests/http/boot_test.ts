/** Starting real server processes over applied clusters: what is served, what is kept out, what refuses the start. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { createGraph } from "../../core/graph/open.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { withTempDir } from "../support/process.ts";
import { applyFleet, tokenOf, TOKENS_ENV } from "../support/served_cluster.ts";
import { type FailedStart, type ServerProcess, startServer, tryServer } from "../support/server_process.ts";

/** Expects the server not to start. */
async function refusedStart(
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<FailedStart> {
  const outcome = await tryServer(flags, env);
  if (!("port" in outcome)) return outcome;
  await outcome.stop();
  throw new Error("the server started");
}

/** Runs \`use\` with a server and stops it. */
async function withServer<T>(
  flags: readonly string[],
  env: Record<string, string>,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await startServer(flags, env);
  try {
    return await use(server);
  } finally {
    assert.equal(await server.stop(), 0);
  }
}

Deno.test("server 1: exactly one line on stdout, with the real port; records on stderr", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    const server = await startServer(["--cluster", config, "--bind", "127.0.0.1:0"], TOKENS_ENV);
    assert.equal((await server.ask("GET", "/healthz")).status, 200);
    assert.equal(await server.stop(), 0);
    assert.equal(server.stdout(), `OMNIGRAPH_LISTEN_ADDR=127.0.0.1:${server.port}\n`);
    const records = server.stderr().trimEnd().split("\n").map((line) => JSON.parse(line));
    const messages = records.map((record) => record.message);
    assert.deepEqual(messages, ["bearer tokens loaded", "serving", "request", "shutdown signal received"]);
    assert.deepEqual([records[1].mode, records[1].graph_count], ["cluster", 2]);
    assert.ok(!server.stderr().includes("token-"));
  });
});

Deno.test("server 2: the launcher passes refusals and their exit codes on", async () => {
  assert.equal((await refusedStart([])).code, 1);
  const positional = await refusedStart(["file:///nowhere"]);
  assert.equal(positional.code, 2);
  assert.match(positional.stderr, /--cluster/);
  assert.equal((await refusedStart([], { OMNIGRAPH_CLUSTER: "x", OMNIGRAPH_TARGET: "y" })).code, 64);
});

Deno.test("server 3, 4: a cluster boots from its directory and its bare root, and serves what was applied", async () => {
  await withTempDir(async (folder) => {
    const { config, root } = await applyFleet(folder);
    // Neither an edited nor a broken configuration is looked at.
    Deno.writeTextFileSync(
      join(config, "fleet.gq"),
      "query other() { match { $s: Ship } return { $s.name } }",
    );
    Deno.writeTextFileSync(join(config, "crew.policy.yaml"), "version: 9");
    const catalogs: string[] = [];
    for (const cluster of [config, root, `file://${root}`]) {
      await withServer(["--cluster", cluster], TOKENS_ENV, async (server) => {
        const { status, text } = await server.ask("GET", "/graphs/fleet/queries", {
          token: tokenOf("act-cook"),
        });
        assert.equal(status, 200);
        catalogs.push(text);
      });
    }
    assert.deepEqual(new Set(catalogs).size, 1);
    const names = JSON.parse(catalogs[0]!).queries.map((query: { name: string }) => query.name);
    assert.deepEqual(names, ["launch", "refit", "ship"]);
  });
});

Deno.test("server 5: no ledger, or a tampered catalog, refuses the start", async () => {
  await withTempDir(async (folder) => {
    Deno.mkdirSync(join(folder, "empty"));
    const missing = await refusedStart(["--cluster", join(folder, "empty")], TOKENS_ENV);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /^the cluster at '.*' is not ready to serve:\n\[cluster_state_missing\] /);
    const { config, root } = await applyFleet(folder);
    const queries = join(root, "__cluster", "resources", "query", "fleet", "ship");
    const [blob] = [...Deno.readDirSync(queries)];
    Deno.writeTextFileSync(
      join(queries, blob!.name),
      "query ship() { match { $s: Ship } return { $s.name } }",
    );
    const tampered = await refusedStart(["--cluster", config], TOKENS_ENV);
    assert.equal(tampered.code, 1);
    assert.match(tampered.stderr, /\[catalog_payload_digest_mismatch\] query\.fleet\.ship: /);
  });
});

Deno.test("server 6: a pending recovery keeps its graph out, the others are served; strictly it refuses", async () => {
  await withTempDir(async (folder) => {
    const { config, root } = await applyFleet(folder);
    const recoveries = join(root, "__cluster", "recoveries");
    Deno.mkdirSync(recoveries, { recursive: true });
    const id = "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B";
    Deno.writeTextFileSync(
      join(recoveries, `${id}.json`),
      JSON.stringify({
        schema_version: 1,
        operation_id: id,
        started_at: "2026-01-01T00:00:00Z",
        actor: null,
        kind: "schema_apply",
        graph_id: "fleet",
        graph_uri: "x",
        observed_manifest_version: 1,
        expected_manifest_version: null,
        desired_schema_digest: "a".repeat(64),
        state_cas_base: "sha256:x",
        approval_id: null,
      }),
    );
    const outcome = await startServer(["--cluster", config], TOKENS_ENV);
    const listed = await outcome.ask("GET", "/graphs", { token: tokenOf("act-harbor") });
    assert.deepEqual(
      (listed.json["graphs"] as { graph_id: string }[]).map((graph) => graph.graph_id),
      ["yard"],
    );
    const missing = await outcome.ask("GET", "/graphs/fleet/snapshot", { token: tokenOf("act-mate") });
    assert.deepEqual(missing.json, { error: "graph 'fleet' not found", code: "not_found" });
    assert.equal(
      (await outcome.ask("GET", "/graphs/yard/snapshot", { token: tokenOf("act-mate") })).status,
      200,
    );
    assert.equal(await outcome.stop(), 0);
    assert.match(
      outcome.stderr(),
      /"graph quarantined","graph_id":"fleet","code":"cluster_recovery_pending"/,
    );
    const strict = await refusedStart(["--cluster", config, "--require-all-graphs"], TOKENS_ENV);
    assert.equal(strict.code, 1);
    assert.match(strict.stderr, /\[cluster_recovery_pending\]/);
  });
});

Deno.test("server 7: a stored query that the live schema breaks keeps its graph out and is named", async () => {
  await withTempDir(async (folder) => {
    const { config, root } = await applyFleet(folder);
    const graph = join(root, "graphs", "fleet.omni");
    Deno.removeSync(graph, { recursive: true });
    const schema = { path: "other.pg", text: "node Ship { name: String @key }" };
    await createGraph({ store: createLocalStore(graph), schema });
    const server = await startServer(["--cluster", config], TOKENS_ENV);
    assert.equal(
      (await server.ask("GET", "/graphs/fleet/snapshot", { token: tokenOf("act-mate") })).status,
      404,
    );
    assert.equal(await server.stop(), 0);
    assert.match(
      server.stderr(),
      /graph_query_invalid.*graph 'fleet': stored query '(refit|ship)'.*schema check/,
    );
    const strict = await refusedStart(["--cluster", config], {
      ...TOKENS_ENV,
      OMNIGRAPH_REQUIRE_ALL_GRAPHS: "1",
    });
    assert.match(strict.stderr, /\[graph_query_invalid\] graph\.fleet: .*'(refit|ship)'/);
  });
});

Deno.test("a graph that cannot be opened is kept out; when none is left the start is refused", async () => {
  await withTempDir(async (folder) => {
    const { config, root } = await applyFleet(folder);
    Deno.removeSync(join(root, "graphs", "fleet.omni"), { recursive: true });
    await withServer(["--cluster", config], TOKENS_ENV, async (server) => {
      assert.equal(
        (await server.ask("GET", "/graphs/yard/snapshot", { token: tokenOf("act-mate") })).status,
        200,
      );
    });
    Deno.removeSync(join(root, "graphs", "yard.omni"), { recursive: true });
    const { code, stderr } = await refusedStart(["--cluster", config], TOKENS_ENV);
    assert.equal(code, 1);
    assert.match(stderr, /\[graph_open_failed\] graph\.fleet: [\s\S]*\[cluster_no_healthy_graphs\]/);
  });
});

Deno.test("server 8: tokens and policies decide the state, or refuse the start", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(join(folder, "guarded"));
    const untokened = await refusedStart(["--cluster", config, "--unauthenticated"]);
    assert.equal(untokened.code, 1);
    assert.match(untokened.stderr, /policy file is configured but no bearer tokens/);
    const { config: open } = await applyFleet(join(folder, "open"), { open: true });
    const closed = await refusedStart(["--cluster", open]);
    assert.match(closed.stderr, /--unauthenticated.*OMNIGRAPH_UNAUTHENTICATED=1/);
    const json = { params: { name: "Ark" } };
    await withServer(["--cluster", open], { OMNIGRAPH_UNAUTHENTICATED: "yes" }, async (server) => {
      const launched = await server.ask("POST", "/graphs/fleet/queries/launch", { json });
      assert.deepEqual([launched.status, launched.json["actor_id"]], [200, null]);
      assert.equal((await server.ask("GET", "/graphs")).status, 403);
      assert.match(server.stderr(), /"level":"warn"/);
    });
    await withServer(["--cluster", open], TOKENS_ENV, async (server) => {
      const token = tokenOf("act-mate");
      assert.equal((await server.ask("GET", "/graphs/fleet/snapshot", { token })).status, 200);
      assert.equal((await server.ask("POST", "/graphs/fleet/queries/launch", { token, json })).status, 404);
    });
  });
});

Deno.test("a token file is read by the sandboxed process, wherever it lies", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    const file = join(folder, "tokens.json");
    Deno.writeTextFileSync(file, JSON.stringify({ "act-cook": "from-file" }));
    // Mounted secrets are links.
    const link = join(folder, "link.json");
    Deno.symlinkSync("tokens.json", link);
    for (const path of [file, link]) {
      const env = { OMNIGRAPH_SERVER_BEARER_TOKENS_FILE: path };
      await withServer(["--cluster", config], env, async (server) => {
        assert.equal((await server.ask("GET", "/graphs/fleet/snapshot", { token: "from-file" })).status, 200);
      });
    }
  });
});

Deno.test("the server ends with its launcher, even when that is killed", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    const server = await startServer(["--cluster", config], TOKENS_ENV);
    assert.equal((await server.ask("GET", "/healthz")).status, 200);
    await server.orphan();
    assert.match(server.stderr(), /shutdown signal received/);
    await assert.rejects(server.ask("GET", "/healthz"));
  });
});

Deno.test("an address that cannot be had refuses the start with one line that names it", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    await withServer(["--cluster", config], TOKENS_ENV, async ({ port }) => {
      const taken = await refusedStart(["--cluster", config, "--bind", `127.0.0.1:${port}`], TOKENS_ENV);
      assert.equal(taken.code, 1);
      assert.equal(
        taken.stderr.trimEnd().split("\n").at(-1),
        `address 127.0.0.1:${port} is in use: choose another --bind`,
      );
    });
    const foreign = await refusedStart(["--cluster", config, "--bind", "192.0.2.1:0"], TOKENS_ENV);
    assert.match(foreign.stderr, /^address 192\.0\.2\.1:0 cannot be listened on .*: choose another --bind$/m);
    assert.doesNotMatch(foreign.stderr, /^ {4}at /m);
  });
});

Deno.test("a HEAD request gets the headers of its GET and no body", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    await withServer(["--cluster", config], TOKENS_ENV, async (server) => {
      for (const path of ["/healthz", "/graphs/fleet/schema", "/graphs/none/schema"]) {
        const get = await server.ask("GET", path, { token: tokenOf("act-cook") });
        const head = await server.ask("HEAD", path, { token: tokenOf("act-cook") });
        assert.deepEqual([head.status, head.text], [get.status, ""], path);
        assert.equal(head.headers.get("Content-Length"), get.headers.get("Content-Length"), path);
      }
    });
  });
});
