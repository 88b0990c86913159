/** Changes over HTTP: who may see them, what is refused, and that a remote graph answers like an embedded one. */
import assert from "node:assert/strict";
import { jsonText } from "../../core/base/lossless_json.ts";
import { AppError } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { Graph } from "../../core/graph/graph.ts";
import { createFilmWorld, directed, film, loadLines, person } from "../support/embedded_graphs.ts";
import { DRAFT_SNAPSHOT } from "../support/fake_graph.ts";
import { createTestApp } from "../support/http_app.ts";
import { type ServedGraph, serveGraph } from "../support/served_graph.ts";

const POLICY = `version: 1
groups:
  readers: [act-reader, act-taker]
  takers: [act-taker]
protected_branches: [main]
rules:
  - { id: read, allow: { actors: { group: readers }, actions: [read], branch_scope: protected } }
  - { id: take, allow: { actors: { group: takers }, actions: [export], branch_scope: protected } }
`;
const JSON_BODY = { "Content-Type": "application/json" };

async function withFilms(use: (graph: EmbeddedGraph, served: ServedGraph) => Promise<void>): Promise<void> {
  const graph = await (await createFilmWorld()).open();
  const served = serveGraph(graph);
  try {
    await use(graph, served);
  } finally {
    await served.close();
    await graph.close();
  }
}

Deno.test("server 34: a denied commit says what an unknown one says; a baseline needs export", async () => {
  const app = await createTestApp({ actors: ["act-reader", "act-taker"], graphs: { films: POLICY } });
  const changes = (id: string) => app.ask("GET", `/graphs/films/commits/${id}/changes`, { as: "act-reader" });
  const [denied, unknown] = [await changes(DRAFT_SNAPSHOT), await changes("01JX0000000000000000000000")];
  assert.deepEqual([denied.status, unknown.status], [404, 404]);
  assert.equal(
    denied.text.replace(DRAFT_SNAPSHOT, "ID"),
    unknown.text.replace("01JX0000000000000000000000", "ID"),
  );
  const diff = `/graphs/films/diff?from=main&to=${DRAFT_SNAPSHOT}`;
  assert.equal((await app.ask("GET", diff, { as: "act-reader" })).status, 404);
  assert.equal(
    (await app.ask("GET", "/graphs/films/diff?from=main&to=draft", { as: "act-reader" })).status,
    403,
  );
  assert.equal(
    (await app.ask("GET", "/graphs/films/changes?branch=draft", { as: "act-reader" })).status,
    403,
  );
  const baseline = (as: string) => app.ask("POST", "/graphs/films/changes/baseline", { as, json: {} });
  assert.equal((await baseline("act-reader")).status, 403);
  const taken = await baseline("act-taker");
  assert.deepEqual([taken.status, taken.text], [200, "{}\n"]);
  assert.equal(taken.headers.get("Content-Type"), "application/x-ndjson; charset=utf-8");
});

Deno.test('server 28: " main " is authorized and read as main on changes, diff and baseline', async () => {
  const app = await createTestApp({ actors: ["act-taker"], graphs: { films: POLICY } });
  const as = "act-taker";
  assert.equal((await app.ask("GET", "/graphs/films/changes?branch=%20main%20", { as })).status, 200);
  assert.equal((await app.ask("GET", "/graphs/films/diff?from=%20main%20&to=main", { as })).status, 200);
  const json = { branch: " main " };
  assert.equal((await app.ask("POST", "/graphs/films/changes/baseline", { as, json })).status, 200);
  assert.deepEqual(app.graph("films").calls, ["poll main", "diff main main", "baseline main"]);
});

Deno.test("change routes refuse parameters that they do not know, that are repeated, or that are wrong", async () => {
  await withFilms(async (graph, { ask }) => {
    const { commit } = await loadLines(graph, [film("a")]);
    const path = `/commits/${commit!.graph_commit_id}/changes`;
    const wrong = [
      `${path}?max_bytes=3`,
      `${path}?limit=0`,
      `${path}?limit=1.5`,
      `${path}?limit=`,
      `${path}?limit=1&limit=1`,
      `${path}?kind=person`,
      `${path}?op=upsert`,
      `${path}?branch=main`,
      `${path}?type=Boat`,
      "/changes?cursor=x&start=now",
      "/changes?from=main",
      "/changes?branch=%20",
      "/changes?page_token=x",
      "/diff?from=main",
    ];
    for (const each of wrong) {
      const { status, json } = await ask("GET", each);
      assert.deepEqual([each, status, json["code"]], [each, 400, "bad_request"]);
    }
    const tooMany = await ask("GET", `${path}?limit=8193`);
    assert.deepEqual([tooMany.status, tooMany.json["resource_limit"]], [
      413,
      { resource: "commit_changes_page_changes", limit: 8192, actual: 8193 },
    ]);
    const good = await ask("GET", `${path}?kind=node&kind=edge&type=Film&op=insert&limit=8192`);
    assert.equal(good.status, 200);
  });
});

Deno.test("server 33: a poll of one change a page has a token inside a commit, then a cursor; filters bind both", async () => {
  await withFilms(async (graph, { ask }) => {
    await loadLines(graph, [film("a"), film("b")]);
    const first = await ask("GET", "/changes?start=beginning&limit=1");
    assert.deepEqual(Object.keys(first.json), ["blocks", "next_page_token"]);
    const token = String(first.json["next_page_token"]);
    const second = await ask("GET", `/changes?page_token=${token}&limit=1`);
    assert.deepEqual(Object.keys(second.json), ["blocks", "cursor", "caught_up"]);
    const cursor = String(second.json["cursor"]);
    for (const query of [`page_token=${token}&kind=node`, `cursor=${cursor}&op=insert`, `cursor=${token}`]) {
      const { status, json } = await ask("GET", `/changes?${query}`);
      assert.equal(status, 400);
      assert.match(String(json["error"]), /^change cursor rejected: /);
    }
    assert.equal((await ask("GET", `/changes?cursor=${cursor}`)).status, 200);
  });
});

Deno.test("server 34: genesis is 409 with its reason; a baseline ends with one line that holds the cursor", async () => {
  await withFilms(async (graph, { ask }) => {
    const [genesis] = (await graph.commits()).commits;
    const refused = await ask("GET", `/commits/${genesis!.graph_commit_id}/changes`);
    assert.equal(refused.status, 409);
    assert.deepEqual(Object.keys(refused.json), ["error", "code", "change_diff_refusal"]);
    await loadLines(graph, [film("a"), person("p"), directed("p", "a")]);
    const { text } = await ask("POST", "/changes/baseline", { kind: ["node"] });
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length, 3);
    const { baseline } = JSON.parse(lines.at(-1)!);
    assert.deepEqual(Object.keys(baseline), ["snapshot_commit_id", "resume_cursor"]);
    const next = await ask("GET", `/changes?kind=node&cursor=${baseline.resume_cursor}`);
    assert.deepEqual(next.json["blocks"], []);
    assert.equal((await ask("POST", "/changes/baseline", { type: ["Boat"] })).status, 400);
  });
});

Deno.test("what goes wrong inside is not told", async () => {
  const app = await createTestApp({ graphs: { films: null } });
  const graph = app.graph("films");
  const failures = [new AppError("storage_error", "disk /secret is full"), new Error("secret")];
  for (const failure of failures) {
    const replaced = { ...graph, pollChanges: () => Promise.reject(failure) };
    Object.assign(graph, replaced);
    const { status, text } = await app.ask("GET", "/graphs/films/changes", { headers: JSON_BODY });
    assert.equal(status, 500);
    assert.equal(text, '{"error":"internal error while reading changes","code":"internal"}');
  }
});

Deno.test("cli 49: a remote graph tells changes as the embedded one does", async () => {
  await withFilms(async (graph, { remote }) => {
    await loadLines(graph, [film("a"), film("b", "ä €", 7), person("p"), directed("p", "a")], {
      actor: "ida",
    });
    await loadLines(graph, [film("c"), film("a", "again")], { branch: "cut", from: "main" });
    const id = (await graph.commits("cut")).commits[0]!.graph_commit_id;
    const questions: ((graph: Graph) => Promise<unknown>)[] = [
      (graph) => graph.commitChanges(id),
      (graph) => graph.commitChanges(id, { limit: 1 }),
      (graph) => graph.commitChanges(id, { kinds: ["node"], types: ["Film", "Person"], ops: ["update"] }),
      (graph) => graph.diff({ from: "main", to: "cut", limit: 1, ops: ["insert", "update"] }),
      (graph) => graph.diff({ from: id, to: "main" }),
      (graph) => graph.pollChanges(),
      (graph) => graph.pollChanges({ branch: "cut", start: "beginning", limit: 3, kinds: ["node"] }),
      async (graph) => {
        const { graph_commit_id, chunks } = await graph.baseline({ branch: "cut", types: ["Film"] });
        const parts = await Array.fromAsync(chunks, (chunk) => chunk);
        return { graph_commit_id, text: new TextDecoder().decode(await new Blob(parts).bytes()) };
      },
      (graph) => graph.commitChanges("01JX0000000000000000000000"),
      (graph) => graph.commitChanges(id, { limit: 9000 }),
      (graph) => graph.pollChanges({ cursor: "x" }),
      (graph) => graph.diff({ from: "nowhere", to: "main" }),
    ];
    for (const [i, question] of questions.entries()) {
      const told = async (graph: Graph) => {
        const failed = (error: unknown) => {
          assert.ok(error instanceof AppError, String(error));
          return { message: error.message, exit: error.facts.exit, detail: error.detail };
        };
        return jsonText(await question(graph).catch(failed));
      };
      assert.equal(await told(remote), await told(graph), `question ${i}`);
    }
  });
});
