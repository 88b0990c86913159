import assert from "node:assert/strict";
import {
  createFilmWorld,
  film,
  FILM_SCHEMA,
  type GraphWorld,
  INSERT_FILM,
  loadLines,
  rejection,
  titles,
} from "../../tests/support/embedded_graphs.ts";
import { testPorts } from "../../tests/support/graph_protocol.ts";
import { readRef } from "./branches.ts";
import type { EmbeddedGraph } from "./embedded.ts";
import { listFences, putFence } from "./fence.ts";
import { openGraph } from "./open.ts";

/** The two ways to make a branch `b`, from `a` or from main. */
const MAKERS: Readonly<Record<string, (graph: EmbeddedGraph, from: string) => Promise<unknown>>> = {
  create: (graph, from) => graph.createBranch({ name: "b", from }),
  load: (graph, from) => loadLines(graph, [film("loaded")], { branch: "b", from }),
};

let changes = 0;

function change(graph: EmbeddedGraph): Promise<unknown> {
  const text = FILM_SCHEMA.text.replace("I32?", `I32?\n  note${changes++}: String?`);
  return graph.schemaUpdate({ path: "films.pg", text });
}

/** Another process, which does something when it comes to a failpoint for the first time. */
function openAt(world: GraphWorld, step: string, then: () => Promise<unknown>): Promise<EmbeddedGraph> {
  let done = false;
  return world.open({
    failpoint: async (name) => {
      if (done || name !== step) return;
      done = true;
      await then();
    },
  });
}

/** Another process, which does something just before it stores the ref of `b`, and dies after that when it `dies`. */
async function openBeforeRef(
  { store, tables }: GraphWorld,
  then: () => Promise<unknown>,
  dies = false,
): Promise<EmbeddedGraph> {
  let done = false;
  const hooked = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      return async (...args: unknown[]) => {
        if (!done && name === "putIfAbsent" && args[0] === "__manifest/branches/b.json") {
          done = true;
          await then();
        }
        return await call(...args);
      };
    },
  });
  const ports = testPorts((name) => {
    if (dies && name === "branch.stored") throw new Error("died");
  });
  return await openGraph({ store: hooked, tables, uri: "memory:films", ports });
}

for (const [how, make] of Object.entries(MAKERS)) {
  Deno.test(`${how}: a branch made between the look and the append of a deletion keeps its source alive`, async () => {
    const world = await createFilmWorld();
    const graph = await world.open();
    await graph.createBranch({ name: "a" });
    const deleter = await openAt(world, "delete.before_append", () => make(graph, "a"));
    const refused = await rejection(deleter.deleteBranch({ name: "a" }));
    assert.match(refused.message, /'b' still depends on it/);
    await loadLines(graph, [film("more")], { branch: "b" });
    for (const reader of [graph, await world.open()]) {
      assert.deepEqual((await reader.branches()).branches, ["a", "b", "main"]);
      assert.equal((await reader.commits("a")).commits.length, 1, "the slot it lost shows no commit");
    }
    assert.deepEqual(await listFences(world.store), []);
  });

  Deno.test(`${how}: a branch made between the look and the append of a schema change keeps the schema`, async () => {
    const world = await createFilmWorld();
    const graph = await world.open();
    const changer = await openAt(world, "schema.before_append", () => make(graph, "main"));
    assert.equal((await rejection(change(changer))).code, "branch_in_use");
    await loadLines(graph, [film("more")], { branch: "b" });
    assert.equal((await world.open()).accepted().source, FILM_SCHEMA.text);
    assert.deepEqual(await listFences(world.store), []);
  });

  Deno.test(`${how}: a maker that finds its source deleted leaves nothing`, async () => {
    const world = await createFilmWorld();
    const graph = await world.open();
    await graph.createBranch({ name: "a" });
    const maker = await openBeforeRef(world, () => graph.deleteBranch({ name: "a" }));
    assert.equal((await rejection(make(maker, "a"))).code, "branch_not_found");
    assert.equal(await readRef(world.store, "b"), null);
  });

  Deno.test(`${how}: a maker that finds the schema changed starts again under the new one`, async () => {
    const world = await createFilmWorld();
    const graph = await world.open();
    const maker = await openBeforeRef(world, () => change(graph));
    await make(maker, "main");
    for (const reader of [maker, await world.open()]) {
      await reader.mutate({ source: INSERT_FILM, params: { slug: "x", title: "x" }, branch: "b" });
      assert.equal((await reader.commits("b")).commits.at(-2)!.graph_manifest_version, 2);
    }
  });

  Deno.test(`${how}: a maker that dies with a ref that does not hold blocks nobody, and nobody writes to it`, async () => {
    for (const late of ["delete", "change"]) {
      const world = await createFilmWorld();
      const graph = await world.open();
      await graph.createBranch({ name: "a" });
      const act = async () => {
        await graph.deleteBranch({ name: "a" });
        if (late === "change") await change(graph);
      };
      const maker = await openBeforeRef(world, act, true);
      await assert.rejects(make(maker, "a"), /died/);
      assert.notEqual(await readRef(world.store, "b"), null);
      const user = await world.open();
      assert.equal(
        (await rejection(loadLines(user, [film("lost")], { branch: "b" }))).code,
        "branch_not_found",
      );
      assert.equal(await readRef(world.store, "b"), null);
      await user.createBranch({ name: "b" });
      assert.deepEqual(await titles(user, { branch: "b" }), {});
    }
  });
}

Deno.test("a fence that a crash left costs the next branch one slot, and nobody else anything", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("m")]);
  const { incarnation } = (await readRef(world.store, "main"))!;
  const log = `__manifest/log/${incarnation}`;
  const before = (await world.store.list(log)).length;
  await putFence(world.store, testPorts(), {
    name: "main",
    incarnation,
    slot: before + 1,
    purpose: "schema",
  });
  assert.deepEqual(await titles(graph), { m: "m" });
  await graph.createBranch({ name: "b" });
  assert.equal((await world.store.list(log)).length, before + 1);
  assert.deepEqual(await listFences(world.store), []);
  const [head] = (await graph.commits()).commits;
  assert.equal(head!.graph_manifest_version, 2);
  for (const reader of [graph, await world.open()]) {
    await loadLines(reader, [film("n")]);
    assert.deepEqual(await titles(reader), { m: "m", n: "n" });
    assert.deepEqual(await titles(reader, { branch: "b" }), { m: "m" });
  }
});
