/** Checklist lines of the graph engine on changes, and the rules of their section. */
import assert from "node:assert/strict";
import type { ChangeFilter, EntityChange, PollRequest } from "../../core/graph/changes/change.ts";
import { AppError } from "../../core/errors.ts";
import { allChanges, allDifferences, wholeFeed, wholePoll } from "../support/change_pages.ts";
import {
  createFilmWorld,
  DELETE_FILM,
  directed,
  film,
  INSERT_FILM,
  loadLines,
  person,
  rejection,
  UPDATE_FILM,
} from "../support/embedded_graphs.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";

/** `insert node Film a` per change. */
function said(changes: readonly EntityChange[]): string[] {
  return changes.map(({ op, kind, type, id }) => `${op} ${kind} ${type.name} ${id}`);
}

async function head(graph: EmbeddedGraph, branch = "main"): Promise<string> {
  return (await graph.commits(branch)).commits[0]!.graph_commit_id;
}

/** A load that inserts, updates and leaves alone, over nodes and edges. */
async function mixedCommit(graph: EmbeddedGraph): Promise<string> {
  const edge = (id: string, credit: string | null) => ({
    edge: "Directed",
    from: "p",
    to: "a",
    data: { id, credit },
  });
  await loadLines(graph, [person("p"), film("a"), film("b"), film("c"), edge("e1", null), edge("e2", null)]);
  const lines = [edge("e1", "co"), edge("e3", null), film("b", "new"), film("c"), film("d"), person("q")];
  const { commit } = await loadLines(graph, lines, { actor: "act-lena" });
  return commit!.graph_commit_id;
}

Deno.test("36: changes name nodes first, then edges, by type and id; equal images never appear", async () => {
  const graph = await (await createFilmWorld()).open();
  const id = await mixedCommit(graph);
  const { cause, changes, next_page_token } = await graph.commitChanges(id);
  const commit = await graph.commit(id);
  assert.deepEqual(cause, {
    graph_commit_id: id,
    parent_commit_id: commit.parent_commit_id,
    authored_branch: "main",
    actor_id: "act-lena",
    authored_at: commit.created_at,
  });
  assert.deepEqual(said(changes), [
    "update node Film b",
    "insert node Film d",
    "insert node Person q",
    "update edge Directed e1",
    "insert edge Directed e3",
  ]);
  assert.equal(next_page_token, undefined);
  const moved = changes.find(({ id }) => id === "e1")!;
  const endpoints = { from: "p", to: "a" };
  assert.deepEqual(JSON.parse(JSON.stringify(moved)), {
    kind: "edge",
    type: moved.type,
    id: "e1",
    op: "update",
    before: { properties: { credit: null }, endpoints },
    after: { properties: { credit: "co" }, endpoints },
  });
  assert.deepEqual(Object.keys(changes[1]!), ["kind", "type", "id", "op", "after"]);
  assert.deepEqual(JSON.parse(JSON.stringify(changes[1]!.after)), {
    properties: { slug: "d", title: "d", year: null },
  });
  await graph.close();
});

Deno.test("36: limit-1 paging equals the whole, with and without filters; filters never change the schema gate", async () => {
  const graph = await (await createFilmWorld()).open();
  const id = await mixedCommit(graph);
  const filters: ChangeFilter[] = [
    {},
    { kinds: ["node"] },
    { kinds: ["edge"], ops: ["insert"] },
    { types: ["Film", "Directed"] },
    { ops: ["update"], types: ["Person"] },
  ];
  const whole = (await graph.commitChanges(id)).changes;
  for (const filter of filters) {
    const { kinds, types, ops } = filter;
    const wanted = whole.filter((change) =>
      (kinds?.includes(change.kind) ?? true) && (types?.includes(change.type.name) ?? true) &&
      (ops?.includes(change.op) ?? true)
    );
    assert.deepEqual((await graph.commitChanges(id, filter)).changes, wanted);
    for (const limit of [1, 2, 3]) {
      assert.deepEqual(await allChanges(graph, id, { ...filter, limit }), wanted);
    }
  }
  const text = `node Film { slug: String @key title: String year: I32? length: I32? }
node Person { slug: String @key name: String? }
edge Directed: Person -> Film { credit: String? }`;
  await graph.schemaUpdate({ path: "films.pg", text });
  for (const filter of [...filters, { types: ["Nothing"] }]) {
    const error = await rejection(graph.commitChanges(await head(graph), filter));
    assert.equal(error.detail.change_diff_refusal?.reason, "schema_boundary");
  }
  const unknown = await rejection(graph.commitChanges(id, { types: ["Nothing"] }));
  assert.match(unknown.message, /unknown type 'Nothing'/);
  await graph.close();
});

Deno.test("page limits: 0 is refused, 8193 is a typed limit, tokens are bound to graph, commit and filter", async () => {
  const graph = await (await createFilmWorld()).open();
  const id = await mixedCommit(graph);
  assert.equal((await rejection(graph.commitChanges(id, { limit: 0 }))).code, "invalid_input");
  const tooMany = await rejection(graph.commitChanges(id, { limit: 8193 }));
  assert.deepEqual(tooMany.detail.resource_limit, {
    resource: "commit_changes_page_changes",
    limit: 8192,
    actual: 8193,
  });
  const pageToken = (await graph.commitChanges(id, { limit: 1 })).next_page_token!;
  assert.match(pageToken, /^[A-Za-z0-9_-]{1,4096}$/);
  const parent = (await graph.commit(id)).parent_commit_id!;
  const damaged = pageToken.slice(0, -1) + (pageToken.endsWith("A") ? "B" : "A");
  const other = await (await createFilmWorld()).open();
  const sameElsewhere = await mixedCommit(other);
  for (
    const attempt of [
      graph.commitChanges(parent, { pageToken }),
      graph.commitChanges(id, { pageToken, ops: ["insert"] }),
      graph.commitChanges(id, { pageToken: damaged }),
      graph.commitChanges(id, { pageToken: `${pageToken}=` }),
      graph.commitChanges(id, { pageToken: "" }),
      graph.diff({ from: parent, to: id, pageToken }),
      graph.pollChanges({ pageToken }),
      other.commitChanges(sameElsewhere, { pageToken }),
    ]
  ) assert.match((await rejection(attempt)).message, /^change cursor rejected: /);
  const all = { kinds: ["edge", "node", "edge"], ops: ["delete", "insert", "update"] } as const;
  assert.equal((await graph.commitChanges(id, { pageToken, limit: 1, ...all })).changes.length, 1);
  await Promise.all([graph.close(), other.close()]);
});

Deno.test("a page holds 4 MiB; a larger change makes a page of its own", async () => {
  const graph = await (await createFilmWorld()).open();
  const sizes = { a: 1, b: 3 << 20, c: 1 << 20, d: 6 << 20, e: 1 };
  const lines = Object.entries(sizes).map(([slug, size]) => film(slug, "x".repeat(size)));
  const id = (await loadLines(graph, lines)).commit!.graph_commit_id;
  const pages: string[][] = [];
  let page = await graph.commitChanges(id);
  pages.push(page.changes.map((change) => change.id));
  while (page.next_page_token !== undefined) {
    page = await graph.commitChanges(id, { pageToken: page.next_page_token });
    pages.push(page.changes.map((change) => change.id));
  }
  assert.deepEqual(pages, [["a", "b"], ["c"], ["d"], ["e"]]);
  await graph.close();
});

Deno.test("11: an empty load publishes a commit with no changes; so does one that writes what is there", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a")]);
  for (const lines of [[], [film("a")]]) {
    const { commit } = await loadLines(graph, lines);
    assert.deepEqual((await graph.commitChanges(commit!.graph_commit_id)).changes, []);
  }
  await graph.close();
});

Deno.test("33: null and empty text, one text and two are changes in the feed", async () => {
  const text = "node Note { slug: String @key body: String? tags: [String]? }";
  const graph = await (await createFilmWorld(text)).open();
  const note = (body: unknown, tags: unknown) => ({ type: "Note", data: { slug: "n", body, tags } });
  await loadLines(graph, [note(null, null)]);
  const steps = [
    note("", null),
    note("", []),
    note("", ["a, b"]),
    note("", ["a", "b"]),
    note(null, ["a", "b"]),
  ];
  for (const step of steps) await loadLines(graph, [step]);
  await loadLines(graph, [note(null, ["a", "b"])]);
  const blocks = await wholeFeed(graph, { start: "beginning" });
  assert.deepEqual(blocks.map(({ changes }) => said(changes).join()), [
    "insert node Note n",
    ...steps.map(() => "update node Note n"),
    "",
  ]);
  await graph.close();
});

Deno.test("37: genesis is refused as parentless, a commit that adds a property as a schema boundary", async () => {
  const graph = await (await createFilmWorld("node Film { slug: String @key }")).open();
  const genesis = await head(graph);
  const refusal = await rejection(graph.commitChanges(genesis));
  assert.equal(refusal.facts.status, 409);
  assert.deepEqual(refusal.detail, {
    change_diff_refusal: { reason: "parentless_commit", graph_commit_id: genesis },
  });
  await graph.schemaUpdate({ path: "films.pg", text: "node Film { slug: String @key year: I32? }" });
  const boundary = await head(graph);
  const refused = await rejection(graph.commitChanges(boundary));
  const detail = { reason: "schema_boundary", graph_commit_id: boundary, type_name: "Film" };
  assert.deepEqual(refused.detail, { change_diff_refusal: detail });
  assert.match(refused.message, new RegExp(`^commit '${boundary}' changes the schema of node type 'Film': `));
  await loadLines(graph, [{ type: "Film", data: { slug: "a" } }]);
  const apart = await rejection(graph.diff({ from: "main", to: genesis }));
  assert.deepEqual(apart.detail, { change_diff_refusal: { ...detail, graph_commit_id: genesis } });
  const places = `at commits '${await head(graph)}' and '${genesis}'`;
  assert.match(apart.message, new RegExp(`^the schema of node type 'Film' is not the same ${places}: `));
  await graph.close();
});

Deno.test("a schema change is no boundary where no image changes: renamed types, new constraints, empty types", async () => {
  const graph = await (await createFilmWorld("node Film { slug: String @key }")).open();
  await loadLines(graph, [{ type: "Film", data: { slug: "a" } }]);
  const before = await head(graph);
  const schemas = [
    "node Film { slug: String @key }\nnode Person { slug: String @key }",
    'node Movie @rename_from("Film") { slug: String @key }\nnode Person { slug: String @key }',
    "node Movie { slug: String @key }",
  ];
  for (const text of schemas) {
    await graph.schemaUpdate({ path: "films.pg", text });
    assert.deepEqual((await graph.commitChanges(await head(graph))).changes, []);
  }
  await loadLines(graph, [{ type: "Movie", data: { slug: "b" } }]);
  await loadLines(graph, [{ type: "Movie", data: { slug: "a" } }]);
  assert.deepEqual(said(await allDifferences(graph, { from: before, to: "main" })), ["insert node Movie b"]);
  const blocks = await wholeFeed(graph, { start: "beginning" });
  const told = ["insert node Film a", "", "", "", "insert node Movie b", ""];
  assert.deepEqual(blocks.map(({ changes }) => said(changes).join()), told);
  const ids = new Set(blocks.flatMap(({ changes }) => changes.map(({ type }) => type.id)));
  assert.equal(ids.size, 1);
  await graph.schemaUpdate({ path: "films.pg", text: "node Show { slug: String @key }" });
  const error = await rejection(graph.commitChanges(await head(graph)));
  assert.equal(error.detail.change_diff_refusal?.type_name, "Movie");
  await graph.close();
});

Deno.test("38: a page inside a block has no cursor; commits after the cut wait", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a"), film("b"), film("c")]);
  const first = await graph.pollChanges({ start: "beginning", limit: 2 });
  assert.deepEqual(Object.keys(first), ["blocks", "next_page_token"]);
  assert.deepEqual(first.blocks.map(({ changes }) => said(changes)), [[
    "insert node Film a",
    "insert node Film b",
  ]]);
  await loadLines(graph, [film("later")]);
  const rest = await graph.pollChanges({ limit: 2, pageToken: first.next_page_token! });
  assert.deepEqual(rest.blocks.map(({ changes }) => said(changes)), [["insert node Film c"]]);
  assert.equal(rest.blocks[0]!.cause.graph_commit_id, first.blocks[0]!.cause.graph_commit_id);
  assert.deepEqual([rest.next_page_token, rest.caught_up], [undefined, false]);
  const next = await graph.pollChanges({ cursor: rest.cursor! });
  assert.deepEqual(next.blocks.map(({ changes }) => said(changes)), [["insert node Film later"]]);
  assert.equal(next.caught_up, true);
  assert.deepEqual((await graph.pollChanges({ cursor: next.cursor! })).blocks, []);
  await graph.close();
});

Deno.test("39: a cursor with another filter, branch or incarnation, or of another kind, is rejected", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a"), film("b")]);
  await graph.createBranch({ name: "cut" });
  const { cursor } = await wholePoll(graph, { branch: "cut", start: "beginning", types: ["Film"] });
  const { next_page_token: pageToken } = await graph.pollChanges({ start: "beginning", limit: 1 });
  const mainCursor = (await graph.pollChanges()).cursor!;
  const rejections: PollRequest[] = [
    { branch: "cut", cursor },
    { branch: "cut", cursor, types: ["Film"], kinds: ["node"] },
    { branch: "main", cursor, types: ["Film"] },
    { cursor: pageToken! },
    { pageToken: mainCursor },
    { cursor: mainCursor.slice(1) },
    { cursor: "no cursor" },
    { start: "after:01J00000000000000000000000" },
  ];
  await loadLines(graph, [film("only on the branch")], { branch: "cut" });
  rejections.push({ start: `after:${await head(graph, "cut")}` });
  for (const request of rejections) {
    const error = await rejection(graph.pollChanges(request));
    assert.equal(error.facts.status, 400);
    assert.match(error.message, /^change cursor rejected: /);
  }
  const again = await graph.pollChanges({ branch: "cut", cursor, types: ["Film", "Film"] });
  assert.deepEqual(again.blocks.map(({ changes }) => said(changes)), [[
    "insert node Film only on the branch",
  ]]);
  await graph.close();
});

Deno.test("39: a branch that was deleted and made again does not know the cursors of its earlier life", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a")]);
  await graph.createBranch({ name: "cut" });
  const { cursor } = await graph.pollChanges({ branch: "cut" });
  const { next_page_token } = await graph.pollChanges({ branch: "cut", start: "beginning", limit: 1 });
  assert.equal(next_page_token, undefined);
  await graph.deleteBranch({ name: "cut" });
  assert.equal(
    (await rejection(graph.pollChanges({ branch: "cut", cursor: cursor! }))).code,
    "branch_not_found",
  );
  await graph.createBranch({ name: "cut" });
  const error = await rejection(graph.pollChanges({ branch: "cut", cursor: cursor! }));
  assert.match(error.message, /^change cursor rejected: it was made for another branch/);
  await graph.close();
});

Deno.test("40: a baseline's cursor yields the next commit first", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a"), person("p"), directed("p", "a")]);
  await loadLines(graph, [film("b")]);
  const { chunks, graph_commit_id } = await graph.baseline({ kinds: ["node"] });
  await loadLines(graph, [film("during the export")]);
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  const lines = text.split("\n");
  assert.equal(lines.pop(), "");
  const { baseline } = JSON.parse(lines.pop()!);
  assert.equal(baseline.snapshot_commit_id, graph_commit_id);
  assert.deepEqual(lines.map((line) => JSON.parse(line).data.id), ["a", "b", "p"]);
  const { blocks } = await graph.pollChanges({ cursor: baseline.resume_cursor, kinds: ["node"] });
  assert.deepEqual(blocks.map(({ changes }) => said(changes)), [["insert node Film during the export"]]);
  assert.equal(
    (await rejection(graph.pollChanges({ cursor: baseline.resume_cursor }))).code,
    "cursor_rejected",
  );
  await graph.close();
});

Deno.test("40: a feed meets a boundary at the end of a page, and refuses to begin with it", async () => {
  const graph = await (await createFilmWorld("node Film { slug: String @key }")).open();
  const add = (slug: string) => loadLines(graph, [{ type: "Film", data: { slug } }]);
  await add("a");
  await graph.schemaUpdate({ path: "films.pg", text: "node Film { slug: String @key year: I32? }" });
  await add("b");
  const before = await graph.pollChanges({ start: "beginning" });
  assert.deepEqual(before.blocks.map(({ changes }) => said(changes)), [["insert node Film a"]]);
  assert.equal(before.caught_up, false);
  const error = await rejection(graph.pollChanges({ cursor: before.cursor! }));
  const boundary = error.detail.change_diff_refusal!.graph_commit_id;
  const after = await graph.pollChanges({ start: `after:${boundary}` });
  assert.deepEqual(after.blocks.map(({ changes }) => said(changes)), [["insert node Film b"]]);
  await graph.close();
});

Deno.test("the feed has one block per commit along first parents: inherited ones, empty ones, no genesis", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a")]);
  await loadLines(graph, []);
  await graph.createBranch({ name: "cut" });
  await loadLines(graph, [film("only on main")]);
  await loadLines(graph, [film("c")], { branch: "cut" });
  await graph.mutate({ source: DELETE_FILM, params: { slug: "a" }, branch: "cut" });
  const blocks = await wholeFeed(graph, { branch: "cut", start: "beginning" });
  assert.deepEqual(blocks.map(({ changes }) => said(changes)), [
    ["insert node Film a"],
    [],
    ["insert node Film c"],
    ["delete node Film a"],
  ]);
  assert.deepEqual(blocks.map(({ cause }) => cause.authored_branch), ["main", "main", "cut", "cut"]);
  const ids = (await graph.commits("cut")).commits.map((commit) => commit.graph_commit_id).reverse().slice(1);
  assert.deepEqual(blocks.map(({ cause }) => cause.graph_commit_id), ids);
  const now = await graph.pollChanges({ branch: "cut" });
  assert.deepEqual([now.blocks, now.caught_up], [[], true]);
  await graph.close();
});

Deno.test("a merge is one block against the old head of its target, and names both parents", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a"), film("b")]);
  await graph.createBranch({ name: "cut" });
  await loadLines(graph, [film("c")], { branch: "cut" });
  await loadLines(graph, [film("a", "again")], { branch: "cut" });
  const { cursor } = await graph.pollChanges();
  await loadLines(graph, [film("d")]);
  const { commit } = await graph.mergeBranch({ source: "cut", actor: "ida" });
  const { blocks } = await graph.pollChanges({ cursor: cursor! });
  assert.deepEqual(blocks.map(({ changes }) => said(changes)), [
    ["insert node Film d"],
    ["update node Film a", "insert node Film c"],
  ]);
  const { parent_commit_id, merged_parent_commit_id } = blocks[1]!.cause;
  assert.deepEqual([parent_commit_id, merged_parent_commit_id], [
    blocks[0]!.cause.graph_commit_id,
    await head(graph, "cut"),
  ]);
  assert.deepEqual(await graph.commitChanges(commit!.graph_commit_id), blocks[1]);
  assert.deepEqual(said(await allDifferences(graph, { from: "main", to: "cut" })), ["delete node Film d"]);
  await graph.close();
});

Deno.test("a branch made in the middle of a group of commits knows those up to there", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("first")]);
  await Promise.all(["a", "b", "c", "d"].map((slug) => loadLines(graph, [film(slug)])));
  const ids = (await graph.commits()).commits.map((commit) => commit.graph_commit_id).reverse();
  const [, , , b, c] = ids as [string, string, string, string, string];
  await graph.createBranch({ name: "cut", fromCommit: b });
  await loadLines(graph, [film("own")], { branch: "cut" });
  const blocks = await wholeFeed(graph, { branch: "cut", start: "beginning", limit: 1 });
  assert.deepEqual(blocks.flatMap(({ changes }) => said(changes)), [
    "insert node Film first",
    "insert node Film a",
    "insert node Film b",
    "insert node Film own",
  ]);
  assert.equal((await graph.commitChanges(await head(graph, "cut"))).cause.parent_commit_id, b);
  const after = await graph.pollChanges({ branch: "cut", start: `after:${b}` });
  assert.deepEqual(after.blocks.flatMap(({ changes }) => said(changes)), ["insert node Film own"]);
  assert.equal(
    (await rejection(graph.pollChanges({ branch: "cut", start: `after:${c}` }))).code,
    "cursor_rejected",
  );
  assert.deepEqual(said(await allDifferences(graph, { from: c, to: "cut" })), [
    "delete node Film c",
    "insert node Film own",
  ]);
  await graph.close();
});

Deno.test("40: commits whose data was dropped for good are a gap, others are told as before", async () => {
  const both = "node Film { slug: String @key }\nnode Old { slug: String @key }";
  const graph = await (await createFilmWorld(both)).open();
  const add = (type: string, slug: string) => loadLines(graph, [{ type, data: { slug } }]);
  await add("Film", "a");
  await add("Old", "o");
  const gap = await head(graph);
  await add("Film", "b");
  const last = await head(graph);
  const text = "node Film { slug: String @key }";
  await graph.schemaUpdate({ path: "films.pg", text }, { allowDataLoss: true });
  const error = await rejection(graph.commitChanges(gap));
  assert.equal(error.facts.status, 410);
  assert.match(error.message, /was reclaimed/);
  assert.deepEqual(error.detail, { change_feed_gap: { first_unreadable_commit_id: gap } });
  const first = await graph.pollChanges({ start: "beginning" });
  assert.deepEqual(first.blocks.map(({ changes }) => said(changes)), [["insert node Film a"]]);
  assert.equal(first.caught_up, false);
  const stuck = await rejection(graph.pollChanges({ cursor: first.cursor! }));
  assert.deepEqual([stuck.facts.status, stuck.detail.change_feed_gap], [410, {
    cursor: first.cursor,
    first_unreadable_commit_id: gap,
  }]);
  const onlyFilms = { types: ["Film"] };
  assert.deepEqual((await graph.commitChanges(gap, onlyFilms)).changes, []);
  assert.deepEqual(said((await graph.commitChanges(last)).changes), ["insert node Film b"]);
  const { blocks } = await graph.pollChanges({ start: `after:${gap}` });
  assert.deepEqual(blocks.map(({ changes }) => said(changes)), [["insert node Film b"]]);
  await graph.close();
});

Deno.test("a poll delivers 128 commits, over as many pages as they take", async () => {
  const graph = await (await createFilmWorld()).open();
  for (let i = 0; i < 150; i++) {
    await graph.mutate({ source: INSERT_FILM, params: { slug: `f${i % 40}`, title: `t${i}` } });
  }
  const first = await wholePoll(graph, { start: "beginning" });
  assert.deepEqual([first.blocks.length, first.caughtUp], [128, false]);
  const rest = await wholePoll(graph, { cursor: first.cursor });
  assert.deepEqual([rest.blocks.length, rest.caughtUp], [22, true]);
  assert.equal((await wholeFeed(graph, { start: "beginning", limit: 1 })).length, 150);
  const ops = (await wholeFeed(graph, { start: "beginning" })).map(({ changes }) => changes[0]!.op);
  assert.deepEqual(ops, Array.from({ length: 150 }, (_, i) => i < 40 ? "insert" : "update"));
  await graph.close();
});

Deno.test("the 128 commits of a poll are counted over pages that end inside commits", async () => {
  const graph = await (await createFilmWorld()).open();
  for (let i = 0; i < 150; i++) await loadLines(graph, [film(`a${i}`), film(`b${i}`)], { mode: "append" });
  const told = new Set<string>();
  let page = await graph.pollChanges({ start: "beginning", limit: 101 });
  for (let pages = 1;; pages++) {
    for (const { cause } of page.blocks) told.add(cause.graph_commit_id);
    const pageToken = page.next_page_token;
    if (pageToken === undefined) break;
    assert.ok(pages < 4);
    page = await graph.pollChanges({ pageToken, limit: 100 });
  }
  assert.deepEqual([told.size, page.caught_up], [128, false]);
  assert.equal((await wholePoll(graph, { cursor: page.cursor! })).blocks.length, 22);
  await graph.close();
});

Deno.test("only one of cursor, start and page token may be given; a start must be known", async () => {
  const graph = await (await createFilmWorld()).open();
  const { cursor } = await graph.pollChanges();
  for (
    const request of [
      { cursor: cursor!, start: "now" },
      { start: "now", pageToken: "x" },
      { cursor: cursor!, pageToken: "x" },
      { start: "then" },
      { types: ["Nothing"] },
    ]
  ) assert.equal((await rejection(graph.pollChanges(request))).code, "invalid_input");
  await graph.close();
});

Deno.test("the difference of any two commits or branches is what leads from one to the other", async () => {
  const graph = await (await createFilmWorld()).open();
  await loadLines(graph, [film("a"), film("b")]);
  const base = await head(graph);
  await graph.createBranch({ name: "cut" });
  await graph.mutate({ source: UPDATE_FILM, params: { slug: "a", title: "on main" } });
  await loadLines(graph, [film("c")], { branch: "cut" });
  await graph.mutate({ source: DELETE_FILM, params: { slug: "b" }, branch: "cut" });
  await loadLines(graph, [film("d")], { branch: "cut" });
  await graph.mutate({ source: DELETE_FILM, params: { slug: "d" }, branch: "cut" });
  const diff = async (from: string, to: string) => said(await allDifferences(graph, { from, to, limit: 1 }));
  assert.deepEqual(await diff(base, "cut"), ["delete node Film b", "insert node Film c"]);
  assert.deepEqual(await diff("cut", base), ["insert node Film b", "delete node Film c"]);
  assert.deepEqual(await diff("main", "cut"), [
    "update node Film a",
    "delete node Film b",
    "insert node Film c",
  ]);
  assert.deepEqual(await diff("cut", "cut"), []);
  const { from, to } = await graph.diff({ from: "main", to: "cut" });
  assert.deepEqual([from.graph_commit_id, to.graph_commit_id], [await head(graph), await head(graph, "cut")]);
  const first = await graph.diff({ from: "main", to: "cut", limit: 1 });
  await loadLines(graph, [film("z")], { branch: "cut" });
  const next = await graph.diff({ from: "main", to: "cut", limit: 9, pageToken: first.next_page_token! });
  assert.deepEqual(next.to, first.to);
  assert.deepEqual(said(next.changes), ["delete node Film b", "insert node Film c"]);
  const missing = await rejection(graph.diff({ from: "nowhere", to: "main" }));
  assert.ok(missing instanceof AppError && missing.code === "branch_not_found");
  await graph.close();
});
