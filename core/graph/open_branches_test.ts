import assert from "node:assert/strict";
import { createFilmWorld, film, loadLines, titles } from "../../tests/support/embedded_graphs.ts";
import { testPorts } from "../../tests/support/graph_protocol.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { FOLD_COMMITS_MAX } from "../base/limits.ts";
import { openGraph } from "./open.ts";
import { OpenBranches } from "./open_branches.ts";
import { createTableCache } from "./read/table_cache.ts";
import { SchemaStore } from "./schemas.ts";

Deno.test("a commit of a branch is found without reading the whole log of main", async () => {
  const { store, open } = await createFilmWorld();
  const writer = await open();
  for (let i = 0; i < 300; i++) await loadLines(writer, [film(`f${i}`)]);
  await writer.createBranch({ name: "cut" });
  await loadLines(writer, [film("only on the branch")], { branch: "cut" });
  for (let i = 0; i < 300; i++) await loadLines(writer, [film(`g${i}`)]);
  const [last] = (await writer.commits("cut")).commits;
  await writer.close();

  let reads = 0;
  const counting = new Proxy(store, {
    get(target, name) {
      if (name === "get") reads++;
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const graph = await openGraph({ store: counting, tables: createMemoryTables(), uri: "memory:" });
  const before = reads;
  assert.deepEqual(await graph.commit(last!.graph_commit_id), last);
  assert.ok(reads - before < 200, `${reads - before} reads`);
  await assert.rejects(graph.commit("01J00000000000000000000000"), { code: "commit_not_found" });
  await graph.close();
});

Deno.test("a branch forked while a fold runs shows the commit it was forked at, before and after its own folds", async () => {
  const { open } = await createFilmWorld();
  const release = Promise.withResolvers<void>();
  const errors: unknown[] = [];
  const graph = await open({
    failpoint: (name) => name === "fold.table_written" ? release.promise : undefined,
    errors,
  });
  const expected: Record<string, string> = {};
  const add = async (slug: string, branch: string, into: Record<string, string>) => {
    await loadLines(graph, [film(slug)], { branch });
    into[slug] = slug;
  };
  for (let i = 0; i < FOLD_COMMITS_MAX + 3; i++) await add(`m${i}`, "main", expected);
  await graph.createBranch({ name: "cut" });
  const cut = { ...expected };
  await add("after the fork", "main", expected);
  await add("on the branch", "cut", cut);
  release.resolve();
  for (let i = 0; i < 2 * FOLD_COMMITS_MAX; i++) {
    await add(`n${i}`, "main", expected);
    await add(`c${i}`, "cut", cut);
  }
  assert.deepEqual(await titles(graph), expected);
  assert.deepEqual(await titles(graph, { branch: "cut" }), cut);
  await graph.close();
  const reader = await open();
  assert.deepEqual(await titles(reader), expected);
  assert.deepEqual(await titles(reader, { branch: "cut" }), cut);
  assert.deepEqual(errors, []);
  await reader.close();
});

Deno.test("place() and headPlace() find commits where they were published, never a fold", async () => {
  const { store, tables, open } = await createFilmWorld();
  const graph = await open();
  for (let i = 0; i < 2 * FOLD_COMMITS_MAX; i++) await loadLines(graph, [film(`f${i}`)]);
  await graph.createBranch({ name: "cut" });
  const { commit: own } = await loadLines(graph, [film("own")], { branch: "cut" });
  const { commits } = await graph.commits("cut");
  await graph.close();
  const branches = new OpenBranches({
    store,
    tables,
    cache: createTableCache({ tables }),
    schemas: new SchemaStore(store),
    ports: testPorts(),
    onBackgroundError: () => {},
  });
  assert.equal((await branches.headPlace("cut")).commit.id, own!.graph_commit_id);
  assert.equal((await branches.headPlace("main")).commit.id, commits[1]!.graph_commit_id);
  for (const each of commits) {
    const { source, logged, commit } = await branches.place(each.graph_commit_id);
    assert.equal(commit.id, each.graph_commit_id);
    assert.notEqual(commit.operation, "fold");
    assert.ok(logged.commits.includes(commit));
    assert.deepEqual(await source.log.read(logged.slot), logged);
  }
  await assert.rejects(branches.headPlace("nope"), { code: "branch_not_found" });
});

Deno.test("a commit is found whose writer's clock was behind the one that made the branch", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  for (let i = 0; i < 50; i++) await loadLines(graph, [film(`m${i}`)]);
  for (const name of ["a", "b"]) await graph.createBranch({ name });
  // Every process of the test starts with the same time.
  const { commit } = await loadLines(await open(), [film("own")], { branch: "b" });
  const [newest] = (await graph.commits()).commits;
  assert.ok(commit!.graph_commit_id < newest!.graph_commit_id);
  for (const reader of [graph, await open()]) {
    for (const _ of [1, 2]) assert.equal(await reader.branchOfCommit(commit!.graph_commit_id), "b");
    assert.equal(await reader.branchOfCommit(newest!.graph_commit_id), "main");
  }
});
