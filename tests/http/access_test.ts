/** Who may do what: routes, tokens, graph ids and policies, in the order in which a request meets them. */
import assert from "node:assert/strict";
import { createTestApp } from "../support/http_app.ts";
import { DRAFT_SNAPSHOT, FAKE_HEAD } from "../support/fake_graph.ts";

const CREW = `version: 1
groups:
  readers: [act-reader, act-writer, act-guard]
  writers: [act-writer]
  guards: [act-guard]
  invokers: [act-invoker, act-reader, act-writer]
  schemers: [act-schemer]
protected_branches: [main]
rules:
  - { id: read-all, allow: { actors: { group: writers }, actions: [read, change] } }
  - { id: read-main, allow: { actors: { group: readers }, actions: [read], branch_scope: protected } }
  - { id: invoke, allow: { actors: { group: invokers }, actions: [invoke_query] } }
  - { id: migrate, allow: { actors: { group: schemers }, actions: [schema_apply], target_branch_scope: protected } }
`;
const LIST = `version: 1
groups: { ops: [act-ops] }
rules: [{ id: list, allow: { actors: { group: ops }, actions: [graph_list] } }]
`;
const ACTORS = ["act-reader", "act-writer", "act-invoker", "act-ops", "act-schemer", "act-nobody"];

const served = () =>
  createTestApp({ actors: ACTORS, graphs: { reels: CREW, stills: null }, serverPolicy: LIST });

Deno.test("server 11: only the token says who asks", async () => {
  const app = await served();
  for (const spoof of ["act-writer", ""]) {
    const headers = { "X-Actor-Id": spoof };
    const query = "/graphs/reels/mutate?actor=act-writer&actor_id=act-writer";
    const json = {
      query: 'query q() { insert Person { key: "x" } }',
      actor: "act-writer",
      actor_id: "act-writer",
    };
    assert.equal((await app.ask("POST", query, { as: "act-reader", json, headers })).status, 403);
    const allowed = await app.ask("POST", query, {
      as: "act-writer",
      json,
      headers: { "X-Actor-Id": "act-reader" },
    });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.json["actor_id"], "act-writer");
  }
});

Deno.test("server 12: an unknown graph is 401 without a token, 404 with one; a bad id is 400", async () => {
  const app = await served();
  const missing = await app.ask("GET", "/graphs/nope/schema");
  assert.equal(missing.status, 401);
  assert.equal(missing.headers.get("WWW-Authenticate"), "Bearer");
  assert.deepEqual(missing.json, { error: "missing bearer token", code: "unauthorized" });
  const unknown = await app.ask("GET", "/graphs/nope/schema", { as: "act-reader" });
  assert.equal(unknown.status, 404);
  assert.deepEqual(unknown.json, { error: "graph 'nope' not found", code: "not_found" });
  for (const id of ["a_b", "policies", "graphs", "x".repeat(65), "a%2Fb"]) {
    const bad = await app.ask("GET", `/graphs/${id}/schema`, { as: "act-reader" });
    assert.equal(bad.status, 400, id);
    assert.equal(bad.json["code"], "bad_request");
  }
});

Deno.test("a token must be presented as `Bearer <token>`, exactly", async () => {
  const app = await served();
  for (
    const [header, text] of [
      ["token-act-reader", "missing bearer token"],
      ["bearer token-act-reader", "missing bearer token"],
      ["Basic token-act-reader", "missing bearer token"],
      ["Bearer token-act-reade", "invalid bearer token"],
      ["Bearer  token-act-reader", "invalid bearer token"],
    ]
  ) {
    const answer = await app.ask("GET", "/graphs/reels/schema", { headers: { Authorization: header! } });
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.json, { error: text, code: "unauthorized" });
  }
});

Deno.test("server 13: /healthz needs no token", async () => {
  const app = await served();
  const { status, text } = await app.ask("GET", "/healthz");
  assert.equal(status, 200);
  assert.equal(text, '{"status":"ok","version":"1.2.3","internal_schema_version":1}');
});

Deno.test("server 14: /graphs lists for those with graph_list; it is 403 for others and in the open state", async () => {
  const app = await served();
  assert.deepEqual((await app.ask("GET", "/graphs", { as: "act-ops" })).json, {
    graphs: [{ graph_id: "reels", uri: "/data/reels" }, { graph_id: "stills", uri: "/data/stills" }],
  });
  assert.equal((await app.ask("GET", "/graphs", { as: "act-reader" })).status, 403);
  assert.equal((await app.ask("GET", "/graphs")).status, 401);
  const open = await createTestApp({ graphs: { reels: null } });
  const denied = await open.ask("GET", "/graphs");
  assert.equal(denied.status, 403);
  assert.match(String(denied.json["error"]), /bound to `cluster`/);
});

Deno.test("server 15, policy 20: without a bundle actors may read, and nothing else", async () => {
  const app = await served();
  const as = "act-nobody";
  assert.equal((await app.ask("GET", "/graphs/stills/snapshot", { as })).status, 200);
  const json = { query: 'query q() { insert Person { key: "x" } }' };
  const mutate = await app.ask("POST", "/graphs/stills/mutate", { as, json });
  assert.equal(mutate.status, 403);
  assert.match(String(mutate.json["error"]), /default-deny.*`omnigraph cluster apply`/);
  assert.equal((await app.ask("POST", "/graphs/stills/queries/person", { as, json: {} })).status, 404);
  assert.equal((await app.ask("GET", "/graphs/reels/snapshot", { as })).status, 403);
});

Deno.test("the open state allows every graph action without an actor", async () => {
  const app = await createTestApp({ graphs: { reels: null } });
  const json = { query: 'query q() { insert Person { key: "x" } }' };
  const { status, json: body } = await app.ask("POST", "/graphs/reels/mutate", { json });
  assert.deepEqual([status, body["actor_id"]], [200, null]);
  assert.equal(
    (await app.ask("POST", "/graphs/reels/queries/person", { json: { params: { key: "x" } } })).status,
    200,
  );
});

Deno.test("server 28: branch names are trimmed before they are authorized; empty ones are 400", async () => {
  const app = await served();
  const as = "act-reader";
  assert.equal((await app.ask("GET", "/graphs/reels/snapshot?branch=%20main%20", { as })).status, 200);
  assert.deepEqual(app.graph("reels").calls, ["snapshot main"]);
  assert.equal((await app.ask("GET", "/graphs/reels/snapshot?branch=draft", { as })).status, 403);
  assert.equal((await app.ask("GET", "/graphs/reels/snapshot?branch=", { as })).status, 400);
  const json = { query: 'query q() { insert Person { key: "x" } }', branch: " draft " };
  assert.equal(
    (await app.ask("POST", "/graphs/reels/mutate", { as: "act-writer", json })).json["branch"],
    "draft",
  );
});

Deno.test("server 30: commits without a branch are those of main, also under a protected-only grant", async () => {
  const app = await served();
  const as = "act-reader";
  const plain = await app.ask("GET", "/graphs/reels/commits", { as });
  const named = await app.ask("GET", "/graphs/reels/commits?branch=main", { as });
  assert.equal(plain.status, 200);
  assert.equal(plain.text, named.text);
  assert.deepEqual(app.graph("reels").calls, ["commits main", "commits main"]);
  // Requests without a branch are not covered by a protected-only grant.
  for (const path of ["schema", "branches", `commits/${FAKE_HEAD.graph_commit_id}`]) {
    assert.equal((await app.ask("GET", `/graphs/reels/${path}`, { as })).status, 403, path);
    assert.equal((await app.ask("GET", `/graphs/reels/${path}`, { as: "act-writer" })).status, 200, path);
  }
});

Deno.test("policy 27: a snapshot is judged as the branch its commit was authored on", async () => {
  const app = await served();
  const query = 'query q() { match { $p: Person { key: "x" } } return { $p.key } }';
  const ask = (snapshot: string, as: string) =>
    app.ask("POST", "/graphs/reels/query", { as, json: { query, snapshot } });
  assert.equal((await ask(FAKE_HEAD.graph_commit_id, "act-reader")).status, 200);
  assert.equal((await ask(DRAFT_SNAPSHOT, "act-reader")).status, 403);
  assert.equal((await ask(DRAFT_SNAPSHOT, "act-writer")).status, 200);
  assert.equal((await ask("01JC0000000000000000000000", "act-writer")).status, 404);
  const both = await app.ask("POST", "/graphs/reels/query", {
    as: "act-writer",
    json: { query, snapshot: DRAFT_SNAPSHOT, branch: "main" },
  });
  assert.equal(both.status, 400);
});

Deno.test("server 36: schema/apply is 403 without a grant, 409 naming cluster apply with one", async () => {
  const app = await served();
  const json = { schema_source: "node A { k: String @key }" };
  assert.equal((await app.ask("POST", "/graphs/reels/schema/apply", { json })).status, 401);
  assert.equal((await app.ask("POST", "/graphs/reels/schema/apply", { as: "act-writer", json })).status, 403);
  const refused = await app.ask("POST", "/graphs/reels/schema/apply", { as: "act-schemer", json });
  assert.equal(refused.status, 409);
  assert.equal(refused.json["code"], "conflict");
  assert.match(String(refused.json["error"]), /`omnigraph cluster apply`/);
});

Deno.test("server 37: paths that do not exist are 404, wrong methods 405 with Allow, both without a token", async () => {
  const app = await served();
  for (
    const path of ["/runs", "/snapshot", "/query", "/graphs/reels", "/graphs/reels/nope", "/graphs/", "/"]
  ) {
    const answer = await app.ask("GET", path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.json["code"], "not_found");
  }
  for (
    const [method, path, allow] of [
      ["POST", "/graphs", "GET, HEAD"],
      ["OPTIONS", "/healthz", "GET, HEAD"],
      ["GET", "/graphs/reels/query", "POST"],
      ["PUT", "/graphs/reels/queries/x", "POST"],
    ] as const
  ) {
    const answer = await app.ask(method, path);
    assert.equal(answer.status, 405, path);
    assert.equal(answer.headers.get("Allow"), allow);
    assert.equal(answer.json["code"], "method_not_allowed");
  }
  assert.equal((await app.ask("DELETE", "/graphs/reels")).status, 404);
});

Deno.test("policy 33: every decision is logged, and so is every request; tokens never are", async () => {
  const app = await served();
  const as = "act-reader";
  await app.ask("GET", "/graphs/reels/snapshot", { as });
  await app.ask("GET", "/graphs/reels/schema", { as });
  const decisions = app.records.filter((record) => record["message"] === "policy decision");
  const common = {
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    message: "policy decision",
    actor_id: as,
  };
  assert.deepEqual(decisions, [
    {
      ...common,
      action: "read",
      branch: "main",
      target_branch: "",
      allowed: true,
      matched_rule_id: "read-main",
    },
    { ...common, action: "read", branch: "", target_branch: "", allowed: false, matched_rule_id: "" },
  ]);
  const requests = app.records.filter((record) => record["message"] === "request");
  assert.deepEqual(requests.map(({ method, path, status }) => [method, path, status]), [
    ["GET", "/graphs/reels/snapshot", 200],
    ["GET", "/graphs/reels/schema", 403],
  ]);
  assert.ok(!JSON.stringify(app.records).includes("token-"));
});

Deno.test("a very long path is shortened wherever it is shown", async () => {
  const app = await served();
  const { status, text } = await app.ask("GET", `/${"x".repeat(50_000)}`);
  assert.equal(status, 404);
  assert.ok(text.length < 1000, `${text.length} characters`);
  assert.ok(JSON.stringify(app.records).length < 1000);
});
