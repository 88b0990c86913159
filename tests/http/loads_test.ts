/** Loads, body limits and admission over HTTP. */
import assert from "node:assert/strict";
import { createTestApp, type TestApp } from "../support/http_app.ts";

const CREW = `version: 1
groups:
  loaders: [act-loader, act-both]
  branchers: [act-brancher, act-both]
  readers: [act-reader]
rules:
  - { id: load, allow: { actors: { group: loaders }, actions: [change] } }
  - { id: branch, allow: { actors: { group: branchers }, actions: [branch_create] } }
  - { id: read, allow: { actors: { group: readers }, actions: [read] } }
`;
const ACTORS = ["act-loader", "act-brancher", "act-both", "act-reader"];
const NDJSON = { "Content-Type": "application/x-ndjson" };
const MIB = 1 << 20;

const served = (inflightMax?: number) =>
  createTestApp({
    actors: ACTORS,
    graphs: { reels: CREW },
    ...(inflightMax === undefined ? {} : { inflightMax }),
  });

function ndjson(app: TestApp, as: string, query = "", headers: Record<string, string> = NDJSON) {
  return app.ask("POST", `/graphs/reels/load/ndjson${query}`, { as, body: "{}\n", headers });
}

Deno.test("load answers with the batch's graph address and reads as old releases did, load/ndjson neither", async () => {
  const app = await served();
  const inside = await app.ask("POST", "/graphs/reels/load", { as: "act-loader", json: { data: "{}\n" } });
  assert.equal(inside.status, 200);
  assert.deepEqual([inside.json["uri"], inside.json["mode"]], ["/data/reels", "merge"]);
  const raw = await ndjson(app, "act-loader", "?mode=append&branch=draft&unknown=1");
  assert.equal(raw.status, 200);
  assert.equal("uri" in raw.json, false);
  assert.deepEqual(app.graph("reels").calls, ["load 3 merge main - legacy", "load 3 append draft -"]);
  const former = await app.ask("POST", "/graphs/reels/ingest", { as: "act-loader", json: { data: "" } });
  assert.equal(former.headers.get("Link"), '<load>; rel="successor-version"');
});

Deno.test("server 25: a load into a missing branch is 404 without from, and makes it with from", async () => {
  const app = await served();
  assert.equal((await ndjson(app, "act-both", "?branch=fresh")).status, 404);
  const made = await ndjson(app, "act-both", "?branch=fresh&from=main");
  assert.deepEqual([made.status, made.json["branch_created"], made.json["base_branch"]], [200, true, "main"]);
});

Deno.test("policy 25: a load that forks needs branch_create and change; an existing branch only change", async () => {
  const app = await served();
  assert.equal((await ndjson(app, "act-brancher", "?branch=fresh&from=main")).status, 403);
  assert.equal((await ndjson(app, "act-loader", "?branch=fresh&from=main")).status, 403);
  assert.equal((await ndjson(app, "act-loader", "?branch=draft&from=main")).status, 200);
  assert.deepEqual(app.graph("reels").calls, ["load 3 merge draft main"]);
});

Deno.test("server 26: a denied actor's body is never read; a JSON type is 415", async () => {
  const app = await served();
  let pulled = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      pulled++;
      controller.enqueue(new Uint8Array(10));
    },
  }, { highWaterMark: 0 });
  const denied = await app.ask("POST", "/graphs/reels/load/ndjson", {
    as: "act-reader",
    body,
    headers: NDJSON,
  });
  assert.equal(denied.status, 403);
  assert.equal(pulled, 0);
  const json = { "Content-Type": "application/json" };
  assert.equal((await ndjson(app, "act-reader", "", json)).status, 403);
  assert.equal((await ndjson(app, "act-loader", "", json)).status, 415);
  assert.equal(
    (await ndjson(app, "act-loader", "", { "Content-Type": "Application/X-NDJSON; charset=utf-8" })).status,
    200,
  );
  assert.equal((await ndjson(app, "act-loader", "?mode=replace")).status, 400);
});

Deno.test("server 27: bodies over their cap are 413, declared or not; the cap wins over parsing", async () => {
  const app = await served();
  const as = "act-loader";
  const large = "x".repeat(MIB + 1);
  const json = { "Content-Type": "application/json" };
  for (const headers of [json, { ...json, "Content-Length": String(large.length) }]) {
    const answer = await app.ask("POST", "/graphs/reels/query", { as, body: large, headers });
    assert.deepEqual([answer.status, answer.json["code"]], [413, "bad_request"]);
    assert.match(String(answer.json["error"]), /length limit/);
  }
  const batch = new Uint8Array(33 * MIB);
  assert.equal(
    (await app.ask("POST", "/graphs/reels/ingest", { as, body: batch, headers: json })).status,
    413,
  );
  const raw = await app.ask("POST", "/graphs/reels/load/ndjson", {
    as,
    body: batch,
    headers: { ...NDJSON, "Content-Length": String(batch.length) },
  });
  assert.equal(raw.status, 413);
  assert.deepEqual(raw.json["resource_limit"], {
    resource: "graph_batch_request_bytes",
    limit: 32 * MIB,
    actual: 33 * MIB,
  });
  assert.deepEqual(app.graph("reels").calls, []);
});

Deno.test("server 27: malformed, mistyped and mis-encoded JSON bodies are 400, another media type 415", async () => {
  const app = await served();
  const as = "act-loader";
  const json = { "Content-Type": "application/json; charset=utf-8" };
  for (const body of ["{", "", "1", '{"data":1}', new Uint8Array([0x22, 0xff, 0x22])]) {
    const answer = await app.ask("POST", "/graphs/reels/load", { as, body, headers: json });
    assert.deepEqual([answer.status, answer.json["code"]], [400, "bad_request"]);
  }
  for (const headers of [{}, { "Content-Type": "text/plain" }]) {
    assert.equal(
      (await app.ask("POST", "/graphs/reels/load", { as, body: '{"data":""}', headers })).status,
      415,
    );
  }
});

Deno.test("server 35: over the in-flight cap an actor gets 429 with Retry-After, another actor goes on", async () => {
  const app = await served(1);
  const hold = Promise.withResolvers<void>();
  app.graph("reels").gate = hold.promise;
  const first = ndjson(app, "act-loader");
  while (app.graph("reels").calls.length === 0) await new Promise((done) => setTimeout(done, 1));
  const second = await ndjson(app, "act-loader");
  assert.equal(second.status, 429);
  assert.equal(second.headers.get("Retry-After"), "60");
  assert.deepEqual(second.json, { error: "actor in-flight count cap 1 exceeded", code: "too_many_requests" });
  const other = ndjson(app, "act-both");
  hold.resolve();
  assert.deepEqual([(await first).status, (await other).status], [200, 200]);
  assert.equal((await ndjson(app, "act-loader")).status, 200);
});
