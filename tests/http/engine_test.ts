/** A real server over a real graph: commits, conflicts, conditions, loads, limits and shutdown. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { openGraph } from "../../core/graph/open.ts";
import { parseBundle } from "../../core/policy/bundle.ts";
import { openGate } from "../../core/policy/gate.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { createLocalApp } from "../support/local_app.ts";
import { withTempDir } from "../support/process.ts";
import { applyFleet, FLEET_SCHEMA, tokenOf, TOKENS_ENV } from "../support/served_cluster.ts";
import { type ServerProcess, startServer } from "../support/server_process.ts";

const CONDITION = "Omnigraph-If-Graph-Commit";
const MATE = tokenOf("act-mate");
const COOK = tokenOf("act-cook");
const NDJSON = { "Content-Type": "application/x-ndjson" };

/** Runs `use` with a server over the fixture; `root` is its storage root. */
async function withFleet(use: (server: ServerProcess, root: string) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    const { config, root } = await applyFleet(folder);
    const server = await startServer(["--cluster", config], TOKENS_ENV);
    try {
      await use(server, root);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
}

function invoke(server: ServerProcess, name: string, params: unknown, token = MATE) {
  return server.ask("POST", `/graphs/fleet/queries/${name}`, { token, json: { params } });
}

function load(server: ServerProcess, body: string, query = "") {
  return server.ask("POST", `/graphs/fleet/load/ndjson${query}`, { token: MATE, body, headers: NDJSON });
}

async function head(server: ServerProcess): Promise<string> {
  const { json } = await server.ask("GET", "/graphs/fleet/commits", { token: MATE });
  return (json["commits"] as { graph_commit_id: string }[])[0]!.graph_commit_id;
}

Deno.test("server 16, 18: reads name the head; a mutation's commit is what commit-show says, null without change", async () => {
  await withFleet(async (server) => {
    const launched = await invoke(server, "launch", { name: "Ark" });
    assert.equal(launched.status, 200);
    assert.deepEqual([launched.json["affected_nodes"], launched.json["actor_id"]], [1, "act-mate"]);
    const commit = launched.json["commit"] as { graph_commit_id: string };
    const shown = await server.ask("GET", `/graphs/fleet/commits/${commit.graph_commit_id}`, { token: MATE });
    assert.deepEqual(shown.json, commit);
    const read = await invoke(server, "ship", { name: "Ark" }, COOK);
    assert.equal(read.json["graph_commit_id"], commit.graph_commit_id);
    assert.equal(
      read.text.slice(read.text.indexOf('"rows":')).split(',"graph')[0],
      '"rows":[{"s.name":"Ark","s.tons":null}]',
    );
    const nothing = await invoke(server, "refit", { name: "Nobody", tons: 1 });
    assert.deepEqual([nothing.status, nothing.json["commit"]], [200, null]);
    assert.equal((await server.ask("GET", "/graphs/fleet/commits/nope", { token: MATE })).status, 404);
  });
});

Deno.test("64-bit integers travel with all their digits, both ways", async () => {
  await withFleet(async (server) => {
    await invoke(server, "launch", { name: "Ark" });
    const body = '{"params":{"name":"Ark","tons":9223372036854775807}}';
    const set = await server.ask("POST", "/graphs/fleet/queries/refit", { token: MATE, body });
    assert.equal(set.status, 200, set.text);
    assert.match((await invoke(server, "ship", { name: "Ark" })).text, /"s\.tons":"?9223372036854775807"?/);
  });
});

Deno.test("server 17: mistakes in a query come back with line and caret", async () => {
  await withFleet(async (server) => {
    const query = "query q() {\n  match { $s: Shipp }\n  return { $s.name }\n}";
    const { status, json } = await server.ask("POST", "/graphs/fleet/query", {
      token: COOK,
      json: { query },
    });
    assert.equal(status, 400);
    assert.match(String(json["error"]), /<query>:2:\d+[\s\S]*2 \| {3}match \{ \$s: Shipp \}[\s\S]*\^/);
    const missing = await invoke(server, "ship", {}, COOK);
    assert.deepEqual([missing.status, missing.json["code"]], [400, "bad_request"]);
    assert.match(String(missing.json["error"]), /name/);
  });
});

Deno.test("server 19: of eight concurrent updates of one entity one lands, seven are 409 with both conflicts", async () => {
  await withTempDir(async (folder) => {
    // In this process, so that all eight have read the head before the first one publishes.
    const { config } = await applyFleet(folder, { open: true });
    const app = await createLocalApp(config);
    const ask = (name: string, params: unknown) =>
      app.fetch(`/graphs/fleet/queries/${name}`, { method: "POST", body: JSON.stringify({ params }) });
    assert.equal((await ask("launch", { name: "Ark" })).status, 200);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, tons) => ask("refit", { name: "Ark", tons })),
    );
    const lost = answers.filter((answer) => answer.status === 409);
    assert.deepEqual([answers.filter((answer) => answer.status === 200).length, lost.length], [1, 7]);
    for (const { json } of lost) {
      assert.equal(json["code"], "conflict");
      assert.equal((json["manifest_conflict"] as { table_key: string }).table_key, "node:Ship");
      assert.equal((json["read_set_conflict"] as { member: string }).member, "graph_head:main");
    }
    await app.close();
  });
});

Deno.test("concurrent updates over the network each land as one commit or are refused as a conflict", async () => {
  await withFleet(async (server) => {
    await invoke(server, "launch", { name: "Ark" });
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, tons) => invoke(server, "refit", { name: "Ark", tons })),
    );
    const landed = answers.filter((answer) => answer.status === 200);
    assert.ok(landed.length >= 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 409));
    const { json } = await server.ask("GET", "/graphs/fleet/commits", { token: MATE });
    assert.equal((json["commits"] as unknown[]).length, 2 + landed.length);
  });
});

Deno.test("server 20: a conditional write lands on the head it names and nowhere else", async () => {
  await withFleet(async (server) => {
    const stale = await head(server);
    await invoke(server, "launch", { name: "Ark" });
    const query = 'query q() { insert Ship { name: "Bark" } }';
    const ask = (path: string, json: unknown, condition: string) =>
      server.ask("POST", `/graphs/fleet/${path}`, { token: MATE, json, headers: { [CONDITION]: condition } });
    for (
      const [path, json] of [
        ["mutate/if-graph-commit", { query }],
        ["queries/launch/if-graph-commit", { params: { name: "Bark" } }],
      ] as const
    ) {
      const refused = await ask(path, json, stale);
      assert.equal(refused.status, 412);
      assert.equal("code" in refused.json, false);
      assert.deepEqual(refused.json["precondition_failure"], { expected: stale, actual: await head(server) });
    }
    const landed = await ask("mutate/if-graph-commit", { query }, await head(server));
    assert.equal(landed.status, 200);
    assert.equal((landed.json["commit"] as { graph_commit_id: string }).graph_commit_id, await head(server));
    // A fresh branch is conditional on the head that it inherited.
    await load(server, '{"type":"Ship","data":{"name":"Ark"}}\n', "?branch=draft&from=main&mode=merge");
    const read = await server.ask("POST", "/graphs/fleet/query", {
      token: COOK,
      json: { query: "query q() { match { $s: Ship } return { $s.name } }", branch: "draft" },
    });
    const onDraft = await ask(
      "mutate/if-graph-commit",
      { query: 'query q() { insert Ship { name: "Cog" } }', branch: "draft" },
      String(read.json["graph_commit_id"]),
    );
    assert.deepEqual([onDraft.status, onDraft.json["branch"]], [200, "draft"]);
  });
});

Deno.test("server 25: a load into a missing branch makes nothing; with from it forks", async () => {
  await withFleet(async (server) => {
    const missing = await load(server, '{"type":"Ship","data":{"name":"Ark"}}\n', "?branch=draft");
    assert.equal(missing.status, 404);
    assert.match(String(missing.json["error"]), /from/);
    const branches = async () =>
      (await server.ask("GET", "/graphs/fleet/branches", { token: MATE })).json["branches"];
    assert.deepEqual(await branches(), ["main"]);
    const forked = await load(server, '{"type":"Ship","data":{"name":"Ark"}}\n', "?branch=draft&from=main");
    assert.deepEqual([forked.status, forked.json["branch_created"]], [200, true], forked.text);
    assert.deepEqual(await branches(), ["draft", "main"]);
  });
});

Deno.test("server 26: one bad line loads nothing and is named", async () => {
  await withFleet(async (server) => {
    const before = await head(server);
    const good = '{"type":"Ship","data":{"name":"Ark"}}\n';
    const bad = await load(server, `${good}${good.replace("Ark", "Bark")}{"type":"Shipp","data":{}}\n`);
    assert.equal(bad.status, 400);
    assert.match(String(bad.json["error"]), /line 3/);
    assert.equal(await head(server), before);
    const denied = await server.ask("POST", "/graphs/fleet/load/ndjson", {
      token: COOK,
      body: good,
      headers: NDJSON,
    });
    assert.equal(denied.status, 403);
  });
});

Deno.test("a load too large for an inline commit writes tables from inside the sandbox", async () => {
  await withFleet(async (server) => {
    const ships = Array.from(
      { length: 5000 },
      (_, i) => `{"type":"Ship","data":{"name":"ship-${i}","tons":${i}}}`,
    );
    const loaded = await load(server, ships.join("\n"));
    assert.deepEqual([loaded.status, loaded.json["total_entities"]], [200, 5000], loaded.text);
    const { text } = await invoke(server, "ship", { name: "ship-4999" });
    assert.match(text, /"s\.tons":4999/);
    const { json } = await server.ask("GET", "/graphs/fleet/snapshot", { token: COOK });
    const datasets = json["datasets"] as { type_name: string; published_dataset_version: number }[];
    assert.ok(datasets.find(({ type_name }) => type_name === "Ship")!.published_dataset_version > 1);
  });
});

Deno.test("server 27: over a real connection too, 33 MiB are refused with an answer", async () => {
  await withFleet(async (server) => {
    const body = new Uint8Array(33 << 20).fill(10);
    const answer = await server.ask("POST", "/graphs/fleet/load/ndjson", {
      token: MATE,
      body,
      headers: NDJSON,
    });
    assert.equal(answer.status, 413);
    assert.equal((await server.ask("GET", "/healthz")).status, 200);
  });
});

Deno.test("server 38: SIGTERM lets an open request finish and exits 0", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    const server = await startServer(["--cluster", config], TOKENS_ENV);
    const line = new TextEncoder().encode('{"type":"Ship","data":{"name":"Ark"}}\n');
    const release = Promise.withResolvers<void>();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(line);
        await release.promise;
        controller.close();
      },
    });
    const answer = server.ask("POST", "/graphs/fleet/load/ndjson", { token: MATE, body, headers: NDJSON });
    while (!server.stderr().includes("policy decision")) await new Promise((done) => setTimeout(done, 5));
    const stopped = server.stop();
    while (!server.stderr().includes("shutdown signal received")) {
      await new Promise((done) => setTimeout(done, 5));
    }
    release.resolve();
    assert.equal((await answer).status, 200);
    assert.equal(await stopped, 0);
  });
});

Deno.test("a second signal ends a server too, that is too busy to notice signals", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder);
    const server = await startServer(["--cluster", config], TOKENS_ENV);
    const ships = Array.from({ length: 5000 }, (_, i) => `{"type":"Ship","data":{"name":"ship-${i}"}}`);
    assert.equal((await load(server, ships.join("\n"))).status, 200);
    const query = "query q() { match { $a: Ship $b: Ship $c: Ship $d: Ship } return { count($a) as n } }";
    const answer = server.ask("POST", "/graphs/fleet/query", { token: COOK, json: { query } });
    const failed = assert.rejects(answer);
    for (let busy = false; !busy;) {
      const health = server.ask("GET", "/healthz", { signal: AbortSignal.timeout(500) });
      busy = await health.then(() => false, () => true);
    }
    const first = server.stop();
    await new Promise((done) => setTimeout(done, 200));
    assert.deepEqual(await Promise.all([first, server.stop()]), [137, 137]);
    await failed;
  });
});

Deno.test("policy 24: HTTP and a direct call of the engine agree about who may change main", async () => {
  await withFleet(async (server, root) => {
    const policy = `version: 1
groups: { mates: [act-mate], cooks: [act-cook] }
rules: [{ id: steer, allow: { actors: { group: mates }, actions: [change] } }]
`;
    const { bundle } = parseBundle(policy, { path: "p.yaml", kind: "graph" });
    const gate = await openGate(bundle!, { kind: "graph", graphId: "fleet" });
    const uri = { kind: "local", path: join(root, "graphs", "fleet.omni") } as const;
    const graph = await openGraph({
      store: openObjectStore(uri),
      tables: openTableStore(uri),
      uri: uri.path,
      gate,
    });
    for (const [actor, status] of [["act-mate", 200], ["act-cook", 403]] as const) {
      const query = `query q() { insert Ship { name: "${actor}" } }`;
      const http = await server.ask("POST", "/graphs/fleet/mutate", {
        token: tokenOf(actor),
        json: { query },
      });
      assert.equal(http.status, status);
      const direct = graph.mutate({ source: query.replace(actor, `${actor}-2`), actor });
      if (status === 200) assert.equal((await direct).affected_nodes, 1);
      else await assert.rejects(direct, { code: "policy_denied" });
    }
    await graph.close();
  });
});

Deno.test("every read route answers over a real graph", async () => {
  await withFleet(async (server) => {
    await load(
      server,
      '{"type":"Ship","data":{"name":"Ark","tons":3}}\n{"type":"Ship","data":{"name":"Bark"}}\n',
    );
    const snapshot = await server.ask("GET", "/graphs/fleet/snapshot", { token: COOK });
    const datasets = snapshot.json["datasets"] as { type_name: string; entity_count: number }[];
    assert.deepEqual(datasets.map(({ type_name, entity_count }) => [type_name, entity_count]), [
      ["Escorts", 0],
      ["Ship", 2],
    ]);
    const schema = await server.ask("GET", "/graphs/fleet/schema", { token: COOK });
    assert.deepEqual(schema.json, { schema_source: FLEET_SCHEMA });
    const commits =
      (await server.ask("GET", "/graphs/fleet/commits?branch=main", { token: COOK })).json["commits"];
    assert.deepEqual(
      (commits as { graph_manifest_version: number }[]).map((one) => one.graph_manifest_version),
      [2, 1],
    );
    const [newest, genesis] = commits as { graph_commit_id: string }[];
    const before = await server.ask("POST", "/graphs/fleet/queries/ship", {
      token: COOK,
      json: { params: { name: "Ark" }, snapshot: genesis!.graph_commit_id },
    });
    assert.deepEqual([before.json["row_count"], before.json["graph_commit_id"]], [
      0,
      genesis!.graph_commit_id,
    ]);
    assert.equal(
      (await invoke(server, "ship", { name: "Ark" })).json["graph_commit_id"],
      newest!.graph_commit_id,
    );
    assert.equal(
      (await server.ask("GET", "/graphs/fleet/snapshot?branch=nope", { token: COOK })).status,
      404,
    );
  });
});
