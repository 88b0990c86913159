import assert from "node:assert/strict";
import {
  createFilmWorld,
  DELETE_FILM,
  directed,
  film,
  FILM_SCHEMA,
  INSERT_FILM,
  loadLines,
  person,
  rejection,
  titles,
  UPDATE_FILM,
} from "../../tests/support/embedded_graphs.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { isUlid } from "../base/ids.ts";
import type { PolicyQuestion } from "../policy/actions.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import { openGraph } from "./open.ts";

Deno.test("openGraph() says that there is no graph", async () => {
  const options = { store: createMemoryStore(), tables: createMemoryTables(), uri: "memory:x" };
  await assert.rejects(openGraph(options), { code: "graph_not_found", message: /memory:x/ });
});

Deno.test("openGraph() refuses other storage formats with the way out", async () => {
  for (const [format, remedy] of [[0, /export with the old release/], [2, /upgrade/]] as const) {
    const { store, open } = await createFilmWorld();
    await store.put(
      "__manifest/format.json",
      new TextEncoder().encode(JSON.stringify({ format, graph_id: "X" })),
    );
    await assert.rejects(open(), { code: "unsupported", message: remedy });
  }
});

Deno.test("load() answers with counts by name and the commit's receipt", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const result = await loadLines(graph, [
    directed("ines", "harbour"),
    film("harbour"),
    film("quay"),
    person("ines"),
  ], {
    actor: "act-lena",
  });
  const { commit, ...rest } = result;
  assert.deepEqual(rest, {
    uri: "memory:films",
    branch: "main",
    base_branch: null,
    branch_created: false,
    mode: "merge",
    nodes: [{ name: "Film", entities_loaded: 2 }, { name: "Person", entities_loaded: 1 }],
    edges: [{ name: "Directed", entities_loaded: 1 }],
    total_entities: 4,
    actor_id: "act-lena",
  });
  assert.ok(isUlid(commit!.graph_commit_id));
  const { graph_commit_id, parent_commit_id, created_at, ...facts } = commit!;
  assert.deepEqual(facts, {
    graph_branch: null,
    graph_manifest_version: 2,
    merged_parent_commit_id: null,
    actor_id: "act-lena",
  });
  assert.ok(created_at > 1_000_000_000_000_000, "microseconds");
  const { commits } = await graph.commits();
  assert.deepEqual(commits.map((each) => each.graph_commit_id), [graph_commit_id, parent_commit_id]);
  assert.deepEqual(await graph.commit(graph_commit_id), commit);
});

Deno.test("11: an empty load publishes an empty commit", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const { commit, nodes, edges, total_entities } = await loadLines(graph, []);
  assert.equal(commit!.graph_manifest_version, 2);
  assert.deepEqual([nodes, edges, total_entities], [[], [], 0]);
});

Deno.test("a rejected load leaves the head where it was", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await loadLines(graph, [film("a")]);
  const before = await graph.snapshot();
  const error = await rejection(loadLines(graph, [film("b"), film("a"), person("p")], { mode: "append" }));
  assert.equal(error.code, "key_conflict");
  assert.deepEqual(error.detail.key_conflict, { entity_kind: "node", type_name: "Film", entity_id: "a" });
  assert.equal((await rejection(loadLines(graph, [{ type: "Nothing" }]))).code, "batch_error");
  assert.deepEqual(await graph.snapshot(), before);
  assert.deepEqual(await titles(graph), { a: "a" });
});

Deno.test("mutate() answers with counts; without a match the commit is null and the head stays", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const added = await graph.mutate({
    source: INSERT_FILM,
    params: { slug: "a", title: "A" },
    actor: "act-lena",
  });
  assert.equal(added.commit!.graph_manifest_version, 2);
  assert.deepEqual([
    added.branch,
    added.query_name,
    added.affected_nodes,
    added.affected_edges,
    added.actor_id,
  ], [
    "main",
    "add",
    1,
    0,
    "act-lena",
  ]);
  const missed = await graph.mutate({ source: UPDATE_FILM, params: { slug: "zzz", title: "B" } });
  assert.deepEqual(missed, {
    branch: "main",
    query_name: "rename",
    affected_nodes: 0,
    affected_edges: 0,
    actor_id: null,
    commit: null,
  });
  assert.equal((await graph.snapshot()).graph_manifest_version, 2);
  await graph.mutate({ source: UPDATE_FILM, params: { slug: "a", title: "B" } });
  assert.deepEqual(await titles(graph), { a: "B" });
  await graph.mutate({ source: DELETE_FILM, params: { slug: "a" } });
  assert.deepEqual(await titles(graph), {});
});

Deno.test("a mutation is no query, and a query is no mutation", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const read = "query q() { match { $f: Film } return { $f.slug } }";
  await assert.rejects(graph.query({ source: INSERT_FILM, params: {} }), { message: /POST \/mutate/ });
  await assert.rejects(graph.mutate({ source: read }), { message: /POST \/query/ });
});

Deno.test("23: of concurrent updates one wins, the others get both conflict details", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await loadLines(graph, [film("a")]);
  const results = await Promise.allSettled(
    Array.from(
      { length: 8 },
      (_, i) => graph.mutate({ source: UPDATE_FILM, params: { slug: "a", title: `t${i}` } }),
    ),
  );
  assert.equal(results.filter(({ status }) => status === "fulfilled").length, 1);
  for (const each of results) {
    if (each.status === "fulfilled") continue;
    assert.equal(each.reason.code, "write_conflict");
    assert.equal(each.reason.detail.read_set_conflict.member, "graph_head:main");
    assert.equal(each.reason.detail.manifest_conflict.table_key, "node:Film");
  }
});

Deno.test("24: a conditional mutation passes on the commit its read showed, own or inherited", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await loadLines(graph, [film("a")]);
  await graph.createBranch({ name: "draft" });
  const source = "query q() { match { $f: Film } return { $f.slug } }";
  const seen = await graph.query({ source, branch: "draft" });
  const change = { source: UPDATE_FILM, params: { slug: "a", title: "B" }, branch: "draft" };
  const done = await graph.mutate({ ...change, ifCommit: seen.graph_commit_id });
  assert.equal(done.commit!.graph_branch, "draft");
  const error = await rejection(graph.mutate({ ...change, ifCommit: seen.graph_commit_id }));
  assert.equal(error.code, "precondition_failed");
  assert.deepEqual(error.detail.precondition_failure, {
    expected: seen.graph_commit_id,
    actual: done.commit!.graph_commit_id,
  });
});

Deno.test("reads see the newest commit of any process; snapshots never move", async () => {
  const { open } = await createFilmWorld();
  const [one, two] = [await open(), await open()];
  const { commit } = await loadLines(one, [film("a")]);
  assert.deepEqual(await titles(two), { a: "a" });
  await loadLines(two, [film("b")]);
  assert.deepEqual(await titles(one), { a: "a", b: "b" });
  const old = { snapshot: commit!.graph_commit_id };
  assert.deepEqual(await titles(one, old), { a: "a" });
  assert.deepEqual(await titles(await open(), old), { a: "a" });
  const { target, graph_commit_id } = await two.query({
    source: "query q() { match { $f: Film } return { $f.slug } }",
    ...old,
  });
  assert.deepEqual(target, { branch: null, snapshot: old.snapshot });
  assert.equal(graph_commit_id, old.snapshot);
});

Deno.test("12: a read takes a branch or a snapshot, and unknown ones are 404", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const source = "query q() { match { $f: Film } return { $f.slug } }";
  const { commits } = await graph.commits();
  const snapshot = commits[0]!.graph_commit_id;
  assert.equal((await rejection(graph.query({ source, branch: "main", snapshot }))).code, "invalid_input");
  assert.equal((await rejection(graph.query({ source, branch: "nope" }))).code, "branch_not_found");
  const unknown = await rejection(graph.query({ source, snapshot: "01J00000000000000000000009" }));
  assert.equal(unknown.code, "commit_not_found");
  assert.equal(unknown.message, "commit '01J00000000000000000000009' not found");
});

Deno.test("snapshot() lists every type by key, empty ones too, with versions that only grow", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const fresh = await graph.snapshot();
  assert.deepEqual(
    fresh.datasets.map(({ entity_kind, type_name, entity_count }) => [entity_kind, type_name, entity_count]),
    [
      ["edge", "Directed", 0],
      ["node", "Film", 0],
      ["node", "Person", 0],
    ],
  );
  assert.deepEqual([fresh.graph_branch, fresh.graph_manifest_version, fresh.internal_schema_version], [
    "main",
    1,
    1,
  ]);
  await loadLines(graph, [film("a"), film("b")]);
  const { datasets } = await graph.snapshot();
  const films = datasets.find(({ type_name }) => type_name === "Film")!;
  assert.match(films.dataset_path, /^nodes\/.+\.lance$/);
  assert.deepEqual([films.entity_count, films.published_dataset_version, films.native_dataset_branch], [
    2,
    2,
    null,
  ]);
  assert.equal(datasets.find(({ type_name }) => type_name === "Person")!.published_dataset_version, 1);
});

Deno.test("schemaUpdate() replaces the text of a schema with the same meaning by one commit", async () => {
  const { open } = await createFilmWorld();
  const [graph, other] = [await open(), await open()];
  await loadLines(graph, [film("a")]);
  assert.deepEqual(await graph.schemaUpdate(FILM_SCHEMA), {
    applied: false,
    commit: null,
    steps: [],
    diagnostics: [],
  });
  const edited = { path: "films.pg", text: `// a remark\n${FILM_SCHEMA.text}` };
  assert.deepEqual(await graph.previewSchemaUpdate(edited), { supported: true, steps: [] });
  const { applied, commit } = await graph.schemaUpdate(edited, { actor: "act-lena" });
  assert.ok(applied);
  assert.deepEqual([commit!.operation, commit!.actor, commit!.sequence], ["schema_apply", "act-lena", 3]);
  for (const each of [graph, other]) {
    assert.equal((await each.schema()).schema_source, edited.text);
    assert.equal(each.catalog().digest, commit!.schemaDigest);
    assert.deepEqual(await titles(each), { a: "a" });
  }
  assert.deepEqual(await graph.schemaUpdate(edited), {
    applied: false,
    commit: null,
    steps: [],
    diagnostics: [],
  });
});

Deno.test("the gate is asked before every write, with the branches of the question, and fails closed", async () => {
  const world = await createFilmWorld();
  const asked: [string, PolicyQuestion][] = [];
  let allowed = false;
  const gate = {
    decide(actor: string, question: PolicyQuestion) {
      asked.push([actor, question]);
      return { allowed, matchedRuleId: null, message: "no rule" };
    },
  };
  const graph = await world.open({ gate });
  const actor = "act-lena";
  const [genesis] = (await graph.commits()).commits;
  const writes = [
    () => graph.mutate({ source: INSERT_FILM, params: { slug: "a", title: "A" }, actor }),
    () => loadLines(graph, [film("a")], { actor }),
    () => graph.schemaUpdate(FILM_SCHEMA, { actor }),
    () => graph.createBranch({ name: "draft", actor }),
    () => graph.createBranch({ name: "draft", fromCommit: genesis!.graph_commit_id, actor }),
    () => graph.deleteBranch({ name: "draft", actor }),
  ];
  for (const write of writes) {
    const error = await rejection(write());
    assert.equal(error.code, "policy_denied");
    assert.equal(error.message, "policy denied: no rule");
  }
  assert.deepEqual(asked, [
    [actor, { action: "change", branch: "main" }],
    [actor, { action: "change", branch: "main" }],
    [actor, { action: "schema_apply", targetBranch: "main" }],
    [actor, { action: "branch_create", branch: "main", targetBranch: "draft" }],
    [actor, { action: "branch_create", branch: "main", targetBranch: "draft" }],
    [actor, { action: "branch_delete", targetBranch: "draft" }],
  ]);
  const anonymous = await rejection(graph.mutate({ source: INSERT_FILM, params: { slug: "a", title: "A" } }));
  assert.match(anonymous.message, /no actor/);
  asked.length = 0;
  allowed = true;
  await loadLines(graph, [film("a")], { actor, branch: "draft", from: "main" });
  assert.deepEqual(asked.map(([_, { action }]) => action), ["change", "branch_create"]);
  assert.deepEqual(await titles(graph, { branch: "draft" }), { a: "a" });
  await graph.deleteBranch({ name: "draft", actor });
});

Deno.test("compile() compiles a source once per schema", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const source = { path: "<query>", text: INSERT_FILM };
  assert.equal(graph.compile(source), graph.compile(source));
  assert.equal(graph.compile(source, "add"), graph.compile(source, "add"));
  assert.throws(() => graph.compile(source, "nope"), { code: "query_not_found" });
});

Deno.test("a commit whose snapshot is open is still shown as itself, with its own branch", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  const first = (await loadLines(graph, [film("harbour")])).commit!;
  await graph.createBranch({ name: "may" });
  const onBranch = (await loadLines(graph, [film("quay")], { branch: "may", mode: "append" })).commit!;
  await loadLines(graph, [film("pier")], { mode: "append" });
  for (const commit of [first, onBranch]) {
    const id = commit.graph_commit_id;
    const before = [await graph.commit(id), await graph.branchOfCommit(id)];
    assert.deepEqual(before, [commit, commit.graph_branch ?? "main"]);
    const source = "query all() { match { $f: Film } return { count($f) as films } }";
    await graph.query({ source, snapshot: id });
    assert.deepEqual([await graph.commit(id), await graph.branchOfCommit(id)], before);
  }
  await graph.close();
});
