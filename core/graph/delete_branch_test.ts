import assert from "node:assert/strict";
import {
  createFilmWorld,
  film,
  type GraphWorld,
  INSERT_FILM,
  loadLines,
  rejection,
  titles,
  UPDATE_FILM,
} from "../../tests/support/embedded_graphs.ts";
import { FOLD_COMMITS_MAX } from "../base/limits.ts";
import { forkRef, listBranches, putRef, readRef } from "./branches.ts";
import type { EmbeddedGraph } from "./embedded.ts";
import { listFences } from "./fence.ts";

function add(graph: EmbeddedGraph, slug: string, branch = "main"): Promise<unknown> {
  return graph.mutate({ source: INSERT_FILM, params: { slug, title: slug }, branch });
}

function bulk(prefix: string): unknown[] {
  return Array.from({ length: 600 }, (_, i) => film(`${prefix}${i}`, prefix.repeat(150)));
}

Deno.test("a deleted branch is gone for everyone: reads, lists and its own commits are 404", async () => {
  const { open } = await createFilmWorld();
  const [graph, other] = [await open(), await open()];
  await add(graph, "m");
  await graph.createBranch({ name: "a" });
  await loadLines(graph, bulk("x"), { branch: "a" });
  await add(graph, "own", "a");
  const [own, large, inherited] = (await graph.commits("a")).commits.map((each) => each.graph_commit_id);
  for (const reader of [graph, other]) {
    assert.equal(Object.keys(await titles(reader, { branch: "a" })).length, 602);
    for (const snapshot of [own!, large!, inherited!]) await titles(reader, { snapshot });
  }
  const deleted = await graph.deleteBranch({ name: " a ", actor: "act-lena" });
  assert.deepEqual(deleted, { uri: "memory:films", name: "a", actor_id: "act-lena" });
  for (const reader of [graph, other, await open()]) {
    assert.deepEqual((await reader.branches()).branches, ["main"]);
    assert.equal((await rejection(titles(reader, { branch: "a" }))).code, "branch_not_found");
    assert.equal((await rejection(add(reader, "late", "a"))).code, "branch_not_found");
    assert.equal((await rejection(reader.commits("a"))).code, "branch_not_found");
    assert.equal((await rejection(reader.deleteBranch({ name: "a" }))).code, "branch_not_found");
    for (const id of [own!, large!]) {
      assert.equal((await rejection(reader.commit(id))).code, "commit_not_found");
      assert.equal((await rejection(titles(reader, { snapshot: id }))).code, "commit_not_found");
    }
    assert.deepEqual(await titles(reader, { snapshot: inherited! }), { m: "m" });
    assert.deepEqual(await titles(reader), { m: "m" });
  }
  await graph.close();
});

Deno.test("main and internal names cannot be deleted, a missing branch is 404", async () => {
  const graph = await (await createFilmWorld()).open();
  for (const name of ["main", " main", "__x", ""]) {
    assert.equal((await rejection(graph.deleteBranch({ name }))).facts.status, 400, name);
  }
  assert.equal((await rejection(graph.deleteBranch({ name: "a" }))).code, "branch_not_found");
});

Deno.test("26: a branch with a live child cannot be deleted, whether forked from it directly or through others", async () => {
  const { store, open } = await createFilmWorld();
  const graph = await open();
  await graph.createBranch({ name: "a" });
  await add(graph, "own", "a");
  const [own] = (await graph.commits("a")).commits;
  await graph.createBranch({ name: "b", from: "a" });
  await graph.createBranch({ name: "c", from: "b" });
  await graph.createBranch({ name: "d", fromCommit: own!.graph_commit_id });
  for (const [name, child] of [["a", "b"], ["b", "c"]] as const) {
    const refused = await rejection(graph.deleteBranch({ name }));
    assert.equal(refused.code, "branch_in_use");
    assert.match(refused.message, new RegExp(`'${child}' still depends on it`));
  }
  assert.deepEqual(await listFences(store), []);
  for (const name of ["c", "b"]) await graph.deleteBranch({ name });
  assert.match((await rejection(graph.deleteBranch({ name: "a" }))).message, /'d' still depends on it/);
  await graph.deleteBranch({ name: "d" });
  await graph.deleteBranch({ name: "a" });
  assert.deepEqual((await graph.branches()).branches, ["main"]);
});

Deno.test("26: a branch with a live path child cannot be deleted", async () => {
  const { store, open } = await createFilmWorld();
  const graph = await open();
  await graph.createBranch({ name: "a" });
  // Two makers that raced and of whom one died may leave such names.
  const main = (await readRef(store, "main"))!;
  const { forkedFrom } = (await readRef(store, "a"))!;
  const head = { slot: forkedFrom!.slot, commit: { id: forkedFrom!.commit, sequence: 1 } as never };
  const ref = forkRef({
    name: "a/b",
    incarnation: "01J00000000000000000000009",
    source: main,
    head,
    actor: null,
    clock: { nowMs: () => 0 },
  });
  assert.ok(await putRef(store, ref));
  const refused = await rejection(graph.deleteBranch({ name: "a" }));
  assert.equal(refused.code, "branch_in_use");
  assert.match(refused.message, /'a\/b'/);
  await graph.deleteBranch({ name: "a/b" });
  await graph.deleteBranch({ name: "a" });
});

Deno.test("26: a branch that is made again starts clean, also where its old life was open", async () => {
  const { open } = await createFilmWorld();
  const [graph, other] = [await open(), await open()];
  await loadLines(graph, bulk("m"));
  const expected = await titles(graph);
  for (let life = 0; life < 3; life++) {
    const [maker, user] = life % 2 === 0 ? [graph, other] : [other, graph];
    await maker.createBranch({ name: "a" });
    assert.deepEqual(await titles(user, { branch: "a" }), expected);
    assert.equal((await user.commits("a")).commits.length, 2);
    await loadLines(user, bulk(`life${life}`), { branch: "a" });
    await add(maker, `own${life}`, "a");
    for (const reader of [graph, other]) {
      const found = await titles(reader, { branch: "a" });
      assert.equal(Object.keys(found).length, 1201);
      assert.ok(Object.keys(found).every((slug) => !/^(life|own)/.test(slug) || slug.includes(`${life}`)));
    }
    await maker.deleteBranch({ name: "a" });
  }
  await Promise.all([graph.close(), other.close()]);
});

Deno.test("a write under way is told that the branch is gone", async () => {
  const { open } = await createFilmWorld();
  const graph = await open();
  await add(graph, "m");
  const head = (await graph.commits()).commits[0]!.graph_commit_id;
  const writes: ((writer: EmbeddedGraph) => Promise<unknown>)[] = [
    (writer) => add(writer, "late", "a"),
    (writer) => writer.mutate({ source: UPDATE_FILM, params: { slug: "m", title: "n" }, branch: "a" }),
    (writer) =>
      writer.mutate({
        source: INSERT_FILM,
        params: { slug: "late", title: "l" },
        branch: "a",
        ifCommit: head,
      }),
    (writer) => loadLines(writer, bulk("late"), { branch: "a" }),
    (writer) => loadLines(writer, [film("late")], { branch: "a", mode: "overwrite" }),
  ];
  for (const isAgain of [false, true]) {
    for (const write of writes) {
      await graph.createBranch({ name: "a" });
      let done = false;
      const writer = await open({
        failpoint: async (name) => {
          if (done || name !== "publish.before_append") return;
          done = true;
          await graph.deleteBranch({ name: "a" });
          if (isAgain) await graph.createBranch({ name: "a" });
        },
      });
      const refused = await rejection(write(writer));
      assert.equal(refused.code, "write_conflict");
      assert.equal(refused.detail.read_set_conflict?.member, "branch_identifier:a");
      assert.ok(done);
      if (!isAgain) continue;
      assert.deepEqual(await titles(writer, { branch: "a" }), { m: "m" });
      await write(writer);
      await graph.deleteBranch({ name: "a" });
      await writer.close();
    }
  }
});

Deno.test("a write queued behind a deletion in one process is told, too", async () => {
  const graph = await (await createFilmWorld()).open();
  await graph.createBranch({ name: "a" });
  await add(graph, "own", "a");
  const outcomes = await Promise.allSettled([
    add(graph, "x", "a"),
    graph.deleteBranch({ name: "a" }),
    add(graph, "y", "a"),
    add(graph, "z", "a"),
  ]);
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") continue;
    assert.ok(i !== 1, String(outcome.reason));
    assert.match(outcome.reason.detail.read_set_conflict.member, /^branch_identifier:a$/);
  }
  assert.deepEqual((await graph.branches()).branches, ["main"]);
});

/** Dies at one step of a deletion, once. */
async function dieAt(world: GraphWorld, step: string): Promise<void> {
  const dying = await world.open({
    failpoint: (name) => {
      if (name === step) throw new Error("died");
    },
  });
  await assert.rejects(dying.deleteBranch({ name: "a" }), /died/);
}

Deno.test("a fold that runs when its branch is deleted elsewhere ends quietly", async () => {
  const world = await createFilmWorld();
  const errors: unknown[] = [];
  const { promise: deleted, resolve } = Promise.withResolvers<void>();
  const { promise: folding, resolve: folds } = Promise.withResolvers<void>();
  const writer = await world.open({
    errors,
    failpoint: async (step) => {
      if (step !== "fold.tables_written") return;
      folds();
      await deleted;
    },
  });
  const deleter = await world.open();
  await writer.createBranch({ name: "draft" });
  for (let i = 0; i < FOLD_COMMITS_MAX; i++) await loadLines(writer, [film(`f-${i}`)], { branch: "draft" });
  await folding;
  await deleter.deleteBranch({ name: "draft" });
  resolve();
  await writer.close();
  assert.deepEqual(errors, []);
  await deleter.close();
});

Deno.test("a deletion that dies before its commit point changes nothing and blocks nothing", async () => {
  for (const step of ["delete.fenced", "delete.before_append"]) {
    const world = await createFilmWorld();
    const graph = await world.open();
    await graph.createBranch({ name: "a" });
    await dieAt(world, step);
    assert.equal((await listFences(world.store)).length, 1);
    assert.deepEqual((await graph.branches()).branches, ["a", "main"]);
    await graph.createBranch({ name: "b", from: "a" });
    assert.deepEqual(await listFences(world.store), [], "the branch took the fence away");
    await add(graph, "own", "a");
    assert.deepEqual(await titles(graph, { branch: "a" }), { own: "own" });
    assert.deepEqual(await titles(graph, { branch: "b" }), {});
    assert.equal((await graph.commits("a")).commits.length, 2);
    await graph.deleteBranch({ name: "b" });
    await graph.deleteBranch({ name: "a" });
    assert.deepEqual((await graph.branches()).branches, ["main"]);
  }
});

Deno.test("a deletion that dies after its commit point is hidden at once and finished by the next use", async () => {
  const uses: ((graph: EmbeddedGraph) => Promise<unknown>)[] = [
    (graph) => graph.createBranch({ name: "a" }),
    (graph) => graph.createBranch({ name: "a/b" }),
    (graph) => rejection(titles(graph, { branch: "a" })),
    (graph) => rejection(graph.deleteBranch({ name: "a" })),
    (graph) => loadLines(graph, [film("x")], { branch: "a", from: "main" }),
  ];
  for (const use of uses) {
    const world = await createFilmWorld();
    const graph = await world.open();
    await graph.createBranch({ name: "a" });
    await add(graph, "old", "a");
    const { incarnation } = (await readRef(world.store, "a"))!;
    await dieAt(world, "delete.after_append");
    assert.notEqual(await readRef(world.store, "a"), null);
    for (const reader of [graph, await world.open()]) {
      assert.deepEqual((await reader.branches()).branches, ["main"]);
    }
    await use(await world.open());
    const names = await listBranches(world.store);
    // A path inside its name is no use of the branch.
    if (!names.includes("a/b")) assert.notEqual((await readRef(world.store, "a"))?.incarnation, incarnation);
    if (names.includes("a")) {
      assert.equal((await titles(await world.open(), { branch: "a" })).old, undefined);
    }
  }
});

Deno.test("a schema change goes on beside a deletion that died after its commit point", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await graph.createBranch({ name: "a" });
  await dieAt(world, "delete.after_append");
  const { schema_source } = await graph.schema();
  const text = schema_source.replace("year: I32?", "year: I32?\n  note: String?");
  assert.ok((await graph.schemaUpdate({ path: "f.pg", text })).applied);
  assert.equal((await rejection(titles(graph, { branch: "a" }))).code, "branch_not_found");
  assert.equal(await readRef(world.store, "a"), null);
});

Deno.test("a slow deleter never takes away the branch that got the name after it", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await graph.createBranch({ name: "a" });
  const slow = await world.open({
    failpoint: async (name) => {
      if (name !== "delete.after_append") return;
      // Somebody else finishes the deletion and makes the name again.
      await graph.createBranch({ name: "a" });
      await add(graph, "new", "a");
    },
  });
  await slow.deleteBranch({ name: "a" });
  for (const reader of [graph, slow, await world.open()]) {
    assert.deepEqual(await titles(reader, { branch: "a" }), { new: "new" });
    assert.deepEqual((await reader.branches()).branches, ["a", "main"]);
  }
});

Deno.test("of racing deletions of one branch exactly one has done it, the others find nothing", async () => {
  const { open } = await createFilmWorld();
  const graphs = await Promise.all([open(), open(), open()]);
  for (let round = 0; round < 10; round++) {
    await graphs[0]!.createBranch({ name: "a" });
    await add(graphs[1]!, "x", "a");
    const outcomes = await Promise.allSettled(graphs.map((graph) => graph.deleteBranch({ name: "a" })));
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") assert.equal(outcome.reason.code, "branch_not_found");
    }
  }
});
