/** Exports over HTTP: what is settled before the status, and how a stream ends. */
import assert from "node:assert/strict";
import { jsonText } from "../../core/base/lossless_json.ts";
import { DRAFT_SNAPSHOT, FAKE_HEAD } from "../support/fake_graph.ts";
import { createTestApp, type TestApp } from "../support/http_app.ts";

const CREW = `version: 1
groups: { dumpers: [act-dumper], readers: [act-reader] }
protected_branches: [main]
rules:
  - { id: dump, allow: { actors: { group: dumpers }, actions: [export], branch_scope: protected } }
  - { id: read, allow: { actors: { group: readers }, actions: [read] } }
`;
const served = () => createTestApp({ actors: ["act-dumper", "act-reader"], graphs: { reels: CREW } });
const open = (...graphs: string[]) =>
  createTestApp({ graphs: Object.fromEntries(graphs.map((id) => [id, null])) });

function dump(app: TestApp, json: unknown = {}, as = "act-dumper") {
  return app.ask("POST", "/graphs/reels/export", { as, json });
}

/** Serves an application on a socket. */
async function onSocket(app: TestApp, use: (baseUrl: string) => Promise<void>): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  try {
    await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

function post(url: string, signal?: AbortSignal): Promise<Response> {
  const headers = { "Content-Type": "application/json" };
  return fetch(url, { method: "POST", headers, body: "{}", ...(signal === undefined ? {} : { signal }) });
}

/** Pieces without end, and how many were made and whether somebody gave up. */
function endless() {
  const state = { made: 0, ended: false };
  async function* chunks() {
    try {
      for (;; state.made++) {
        await Promise.resolve();
        yield new Uint8Array(65_536).fill(0x20);
      }
    } finally {
      state.ended = true;
    }
  }
  return { state, chunks };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    assert.ok(i < 500, "it does not come");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test("export answers with NDJSON and names the commit", async () => {
  const app = await served();
  const answer = await dump(app, { branch: null, type_names: ["Person", "Knows"] });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("Content-Type"), "application/x-ndjson; charset=utf-8");
  assert.equal(answer.headers.get("Omnigraph-Snapshot-Id"), FAKE_HEAD.graph_commit_id);
  assert.equal(answer.text, '{"data":{"id":"ada","key":"ada"},"type":"Person"}\n');
  assert.deepEqual(app.graph("reels").calls, ["export main [Person,Knows] {}"]);
});

Deno.test("server 28: export judges and reads the trimmed branch", async () => {
  const app = await served();
  assert.equal((await dump(app, { branch: " main " })).status, 200);
  assert.equal((await dump(app, { branch: "draft" })).status, 403);
  assert.equal((await dump(app, { branch: "main", as_of: "2026-01-01" })).status, 200);
  assert.deepEqual(app.graph("reels").calls, [
    "export main [] {}",
    'export main [] {"asOf":"2026-01-01"}',
  ]);
});

Deno.test("export needs its own action, and judges a snapshot as the branch it was authored on", async () => {
  const app = await served();
  assert.equal((await dump(app, {}, "act-reader")).status, 403);
  assert.equal((await dump(app, { snapshot: DRAFT_SNAPSHOT })).status, 403);
  assert.equal((await dump(app, { snapshot: FAKE_HEAD.graph_commit_id })).status, 200);
  assert.equal((await dump(app, { snapshot: "01J00000000000000000000000" })).status, 404);
});

Deno.test("export refuses bodies it does not understand", async () => {
  const app = await served();
  const refused: readonly (readonly [unknown, RegExp])[] = [
    [{ type_name: ["Person"], mode: 1 }, /unknown members: `type_name`, `mode`/],
    [{ type_names: "Person" }, /`type_names` must be an array/],
    [{ branch: "main", snapshot: FAKE_HEAD.graph_commit_id }, /exclude each other/],
    [{ as_of: "2026-01-01", snapshot: FAKE_HEAD.graph_commit_id }, /exclude each other/],
  ];
  for (const [json, message] of refused) {
    const answer = await dump(app, json);
    assert.equal(answer.status, 400, jsonText(json));
    assert.match(String(answer.json["error"]), message);
  }
});

Deno.test("server 31: an unknown type is 400, a missing branch 404, before any stream", async () => {
  const app = await open("reels");
  const bad = await app.ask("POST", "/graphs/reels/export", { json: { type_names: ["Persn"] } });
  assert.equal(bad.status, 400);
  assert.match(String(bad.json["error"]), /^unknown export type 'Persn'/);
  assert.equal((await app.ask("POST", "/graphs/reels/export", { json: { branch: "x" } })).status, 404);
});

Deno.test("server 31: a stalled reader keeps the second export of a graph out until it disconnects", async () => {
  const app = await open("reels", "films");
  const { state, chunks } = endless();
  app.graph("reels").chunks = chunks;
  await onSocket(app, async (baseUrl) => {
    const stalled = new AbortController();
    const first = await post(`${baseUrl}/graphs/reels/export`, stalled.signal);
    assert.equal(first.status, 200);
    const second = await post(`${baseUrl}/graphs/reels/export`);
    assert.equal(second.status, 413);
    assert.deepEqual((await second.json()).resource_limit, {
      resource: "stream_export_slots",
      limit: 1,
      actual: 2,
    });
    await (await post(`${baseUrl}/graphs/films/export`)).text();
    // The producer stands still: what it made fits the buffers of the sockets.
    const { made } = state;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(state.made - made < 100 && made < 1000, `${made} pieces, then ${state.made}`);
    stalled.abort();
    await until(() => state.ended);
    app.graph("reels").chunks = async function* () {
      yield new TextEncoder().encode("{}\n");
    };
    const third = await post(`${baseUrl}/graphs/reels/export`);
    assert.deepEqual([third.status, await third.text()], [200, "{}\n"]);
  });
});

Deno.test("server 31: eight exports fit a process, the ninth is refused", async () => {
  const ids = Array.from({ length: 9 }, (_, i) => `g${i}`);
  const app = await open(...ids);
  for (const id of ids) app.graph(id).chunks = endless().chunks;
  await onSocket(app, async (baseUrl) => {
    const stalled = new AbortController();
    for (const id of ids.slice(0, 8)) {
      assert.equal((await post(`${baseUrl}/graphs/${id}/export`, stalled.signal)).status, 200);
    }
    const ninth = await post(`${baseUrl}/graphs/g8/export`);
    assert.equal(ninth.status, 413);
    assert.deepEqual((await ninth.json()).resource_limit, {
      resource: "stream_export_transport_bytes",
      limit: 2_097_152,
      actual: 2_359_296,
    });
    stalled.abort();
  });
});

Deno.test("a failure before the first piece has its status, a later one breaks the connection, and both free the slot", async () => {
  const app = await open("reels");
  const fake = app.graph("reels");
  await onSocket(app, async (baseUrl) => {
    fake.chunks = async function* () {
      await Promise.reject(new Error("the disk is gone"));
      yield new Uint8Array(0);
    };
    assert.equal((await post(`${baseUrl}/graphs/reels/export`)).status, 500);
    fake.chunks = async function* () {
      yield new TextEncoder().encode('{"half":');
      await new Promise((resolve) => setTimeout(resolve, 20));
      throw new Error("the disk is gone");
    };
    const broken = await post(`${baseUrl}/graphs/reels/export`);
    assert.equal(broken.status, 200);
    await assert.rejects(broken.text());
    fake.chunks = async function* () {};
    const empty = await post(`${baseUrl}/graphs/reels/export`);
    assert.deepEqual([empty.status, await empty.text()], [200, ""]);
  });
  const errors = app.records.filter(({ level }) => level === "error").map(({ msg, message }) =>
    msg ?? message
  );
  assert.ok(errors.includes("stream broken off"), JSON.stringify(app.records));
});

Deno.test("entity shows one entity to who may read its target", async () => {
  const app = await served();
  const path = "/graphs/reels/entity?entity=node&type=Person&id=ada";
  const answer = await app.ask("GET", `${path}&as_of=2026-01-01T00:00:00Z`, { as: "act-reader" });
  assert.equal(
    answer.text,
    `{"graph_commit_id":"${FAKE_HEAD.graph_commit_id}","kind":"node","type":"Person","id":"ada",` +
      '"properties":{"key":"ada","age":9007199254740993}}',
  );
  assert.deepEqual(app.graph("reels").calls, [
    'entity node Person ada {"branch":"main","asOf":"2026-01-01T00:00:00Z"}',
  ]);
  assert.equal((await app.ask("GET", path, { as: "act-dumper" })).status, 403);
  for (const wrong of ["", "?entity=nodes&type=Person&id=a", "?entity=node&type=Person"]) {
    assert.equal((await app.ask("GET", `/graphs/reels/entity${wrong}`, { as: "act-reader" })).status, 400);
  }
});
