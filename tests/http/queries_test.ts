/** Inline and stored queries over HTTP. */
import assert from "node:assert/strict";
import { createTestApp, type TestApp } from "../support/http_app.ts";
import { FAKE_HEAD } from "../support/fake_graph.ts";

const CREW = `version: 1
groups:
  all: [act-full]
  invokers: [act-invoker]
  readers: [act-reader, act-invoking-reader]
  invoking: [act-invoking-reader]
rules:
  - { id: full, allow: { actors: { group: all }, actions: [read, change, invoke_query] } }
  - { id: invoke, allow: { actors: { group: invokers }, actions: [invoke_query] } }
  - { id: read, allow: { actors: { group: readers }, actions: [read] } }
  - { id: invoke-too, allow: { actors: { group: invoking }, actions: [invoke_query] } }
`;
const ACTORS = ["act-full", "act-invoker", "act-reader", "act-invoking-reader"];
const READ = 'query one() { match { $p: Person { key: "x" } } return { $p.key } }';
const WRITE = 'query add_one() { insert Person { key: "x" } }';
const HEAD = FAKE_HEAD.graph_commit_id;

const served = () => createTestApp({ actors: ACTORS, graphs: { reels: CREW } });

function post(
  app: TestApp,
  path: string,
  json: unknown,
  headers: Record<string, string> = {},
  as = "act-full",
) {
  return app.ask("POST", `/graphs/reels/${path}`, { as, json, headers });
}

Deno.test("server 16: query names the commit it read; read does not, and is deprecated in every response", async () => {
  const app = await served();
  const query = await post(app, "query", { query: READ });
  assert.equal(query.json["graph_commit_id"], HEAD);
  assert.deepEqual(query.json["target"], { branch: "main", snapshot: null });
  assert.equal(query.headers.get("Deprecation"), null);
  const read = await post(app, "read", { query_source: READ });
  assert.equal(read.status, 200);
  assert.equal("graph_commit_id" in read.json, false);
  for (const answer of [read, await post(app, "read", {}), await app.ask("POST", "/graphs/reels/read")]) {
    assert.equal(answer.headers.get("Deprecation"), "true");
    assert.equal(answer.headers.get("Link"), '<query>; rel="successor-version"');
  }
});

Deno.test("server 17: a mutation sent to query names POST /mutate; change takes the former names", async () => {
  const app = await served();
  const wrong = await post(app, "query", { query: WRITE });
  assert.equal(wrong.status, 400);
  assert.match(String(wrong.json["error"]), /POST \/mutate/);
  assert.equal((await post(app, "mutate", { query: READ })).status, 400);
  const changed = await post(app, "change", { query_source: WRITE, query_name: "add_one" });
  assert.equal(changed.status, 200);
  assert.equal(changed.headers.get("Link"), '<mutate>; rel="successor-version"');
  assert.deepEqual(changed.json["commit"], FAKE_HEAD);
});

Deno.test("inline failures are 400 with the place in the query", async () => {
  const app = await served();
  const wrong = await post(app, "query", {
    query: "query one() {\n  match { $p: Persn { key: 1 } } return { $p.key }\n}",
  });
  assert.equal(wrong.status, 400);
  assert.match(String(wrong.json["error"]), /<query>:2:\d+[\s\S]*\^/);
  for (
    const json of [{ query: `${READ}\n${WRITE}` }, { query: READ, name: "nope" }, { query: "query" }, {}]
  ) {
    const { status, json: body } = await post(app, "query", json);
    assert.deepEqual([status, body["code"]], [400, "bad_request"]);
  }
});

Deno.test("server 20: the condition header is required, one plain id, on conditional routes only", async () => {
  const app = await served();
  const name = "Omnigraph-If-Graph-Commit";
  for (const value of ["*", `"${HEAD}"`, `W/"${HEAD}"`, `${HEAD}, ${HEAD}`, "", " "]) {
    const { status } = await post(app, "mutate/if-graph-commit", { query: WRITE }, { [name]: value });
    assert.equal(status, 400, value);
  }
  assert.equal((await post(app, "mutate/if-graph-commit", { query: WRITE })).status, 400);
  assert.equal((await post(app, "queries/add/if-graph-commit", { params: { key: "x" } })).status, 400);
  for (const path of ["mutate", "change", "queries/add"]) {
    const refused = await post(app, path, { query: WRITE }, { [name]: HEAD });
    assert.equal(refused.status, 400);
    assert.match(String(refused.json["error"]), /if-graph-commit/);
  }
  assert.deepEqual(app.graph("reels").calls, []);
  assert.equal((await post(app, "mutate/if-graph-commit", { query: WRITE }, { [name]: HEAD })).status, 200);
  const invoked = await post(app, "queries/add/if-graph-commit", { params: { key: "x" } }, { [name]: HEAD });
  assert.equal(invoked.status, 200);
  assert.ok(app.graph("reels").calls.every((call) => call.includes(`"ifCommit":"${HEAD}"`)));
  assert.equal((await post(app, "queries/person/if-graph-commit", {}, { [name]: HEAD })).status, 400);
});

Deno.test("server 21: denied and unknown stored queries look the same; a holder without read sees the 403", async () => {
  const app = await served();
  const denied = await post(app, "queries/person", {}, {}, "act-reader");
  const unknown = await post(app, "queries/nope", {}, {}, "act-full");
  assert.equal(denied.status, 404);
  assert.equal(unknown.status, 404);
  assert.equal(denied.text, unknown.text);
  assert.equal(denied.json["error"], "stored query not found");
  assert.equal((await post(app, "queries/person", { params: { key: "x" } }, {}, "act-invoker")).status, 403);
  assert.equal((await app.ask("POST", "/graphs/reels/queries/person")).status, 401);
});

Deno.test("server 22: a stored mutation needs change, takes no snapshot, and minds expect_mutation", async () => {
  const app = await served();
  assert.equal(
    (await post(app, "queries/add", { params: { key: "x" } }, {}, "act-invoking-reader")).status,
    403,
  );
  assert.equal((await post(app, "queries/add", { snapshot: HEAD })).status, 400);
  const mutation = await post(app, "queries/add", { expect_mutation: false });
  assert.equal(mutation.status, 400);
  assert.equal(mutation.json["error"], "'add' is a mutation — use omnigraph mutate add");
  const read = await post(app, "queries/person", { expect_mutation: true });
  assert.equal(read.json["error"], "'person' is a read — use omnigraph query person");
  assert.deepEqual(app.graph("reels").calls, []);
  assert.equal((await post(app, "queries/add", { expect_mutation: true, params: { key: "x" } })).status, 200);
});

Deno.test("server 23: an invocation may have no body, null or an object, of any media type", async () => {
  const app = await served();
  const ask = (body: string | undefined, type?: string) =>
    app.ask("POST", "/graphs/reels/queries/person", {
      as: "act-full",
      ...(body === undefined ? {} : { body }),
      headers: type === undefined ? {} : { "Content-Type": type },
    });
  assert.equal((await ask(undefined)).status, 200);
  assert.equal((await ask("null", "text/plain")).status, 200);
  assert.equal((await ask("{}", "application/octet-stream")).status, 200);
  const malformed = await ask("{");
  assert.equal(malformed.status, 400);
  assert.match(String(malformed.json["error"]), /^invalid stored-query invocation body/);
});

Deno.test("parameters reach the engine with all their digits", async () => {
  const app = await served();
  const body = '{"params":{"age":9223372036854775807}}';
  let seen: unknown = null;
  app.graph("reels").runRead = (_query, params) => {
    seen = params;
    return Promise.reject(new Error("enough"));
  };
  assert.equal((await app.ask("POST", "/graphs/reels/queries/find", { as: "act-full", body })).status, 500);
  assert.deepEqual(seen, { age: 9223372036854775807n });
});

Deno.test("server 24: the catalog describes parameters and needs only read", async () => {
  const app = await served();
  const { status, json } = await app.ask("GET", "/graphs/reels/queries", { as: "act-reader" });
  assert.equal(status, 200);
  const queries = json["queries"] as Record<string, unknown>[];
  assert.deepEqual(queries.map(({ name, tool_name, mutation }) => [name, tool_name, mutation]), [
    ["add", "add", true],
    ["find", "find", false],
    ["person", "person", false],
  ]);
  assert.deepEqual(queries[1], {
    name: "find",
    tool_name: "find",
    description: "finds",
    instruction: "ask",
    mutation: false,
    params: [
      { name: "age", kind: "bigint", nullable: true },
      { name: "near", kind: "vector", vector_dim: 8, nullable: false },
      { name: "tags", kind: "list", item_kind: "string", nullable: false },
      { name: "day", kind: "date", nullable: false },
    ],
  });
  assert.equal((await app.ask("GET", "/graphs/reels/queries", { as: "act-invoker" })).status, 403);
});

Deno.test("each stored query that runs is logged with graph, actor, query and kind", async () => {
  const app = await served();
  await post(app, "queries/person", { params: { key: "x" } });
  await post(app, "queries/add", { params: { key: "x" } });
  await post(app, "queries/nope", {});
  const records = app.records.filter((record) => record["message"] === "stored query invoked");
  assert.deepEqual(records.map(({ graph, actor, query, kind }) => [graph, actor, query, kind]), [
    ["reels", "act-full", "person", "read"],
    ["reels", "act-full", "add", "mutation"],
  ]);
});

Deno.test("an unexpected failure is 500, says nothing about its cause and is logged", async () => {
  const app = await served();
  app.graph("reels").runRead = () => Promise.reject(new TypeError("secret detail"));
  const answer = await post(app, "query", { query: READ });
  assert.equal(answer.status, 500);
  assert.equal(answer.text, '{"error":"internal error","code":"internal"}');
  assert.ok(
    app.records.some((record) => record["level"] === "error" && String(record["error"]).includes("secret")),
  );
});
