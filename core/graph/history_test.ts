import assert from "node:assert/strict";
import { createFilmWorld, type GraphWorld, INSERT_FILM } from "../../tests/support/embedded_graphs.ts";
import { testPorts } from "../../tests/support/graph_protocol.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { CommitOutput } from "./graph.ts";
import { CHUNK_SLOTS, chunkEnd, chunkOf } from "./history_index.ts";
import { openGraph } from "./open.ts";

/** A graph with two long branches: `main`, and `side`, which starts in the middle of a chunk of main. */
async function longWorld(): Promise<GraphWorld> {
  const world = await createFilmWorld();
  const graph = await world.open();
  const add = async (branch: string, count: number) => {
    for (let i = 0; i < count; i++) {
      await graph.mutate({ source: INSERT_FILM, params: { slug: `f${i % 9}`, title: "t" }, branch });
    }
  };
  await add("main", CHUNK_SLOTS + 70);
  await graph.createBranch({ name: "side" });
  await add("side", CHUNK_SLOTS);
  await add("main", CHUNK_SLOTS);
  await graph.createBranch({ name: "deep", from: "side" });
  await add("deep", 5);
  await graph.close();
  return world;
}

/** Lists the commits of a branch as a process of its own; tells how many objects it read. */
async function listAnew(
  { tables }: GraphWorld,
  store: ObjectStore,
  branch: string,
): Promise<{ commits: readonly CommitOutput[]; reads: number }> {
  let reads = 0;
  const counting = new Proxy(store, {
    get(target, name) {
      if (name === "get") reads++;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const graph = await openGraph({ store: counting, tables, uri: "memory:films", ports: testPorts() });
  const before = reads;
  const { commits } = await graph.commits(branch);
  await graph.close();
  return { commits, reads: reads - before };
}

Deno.test("chunks follow each other without gap or overlap", () => {
  assert.equal(chunkOf(1), 0);
  for (const chunk of [0, 1, 7]) {
    assert.equal(chunkOf(chunkEnd(chunk)), chunk);
    assert.equal(chunkOf(chunkEnd(chunk) + 1), chunk + 1);
  }
});

Deno.test("25: long histories are listed whole, newest first, from slots as from chunks of them", async () => {
  const world = await longWorld();
  for (
    const [branch, own, count] of [
      ["main", 2 * CHUNK_SLOTS + 70, 2 * CHUNK_SLOTS + 71],
      ["side", CHUNK_SLOTS, 2 * CHUNK_SLOTS + 71],
      ["deep", 5, 2 * CHUNK_SLOTS + 76],
    ] as const
  ) {
    const first = await listAnew(world, world.store, branch);
    const { commits } = first;
    assert.equal(commits.length, count);
    commits.forEach((each, i) => {
      assert.equal(each.graph_manifest_version, count - i);
      assert.equal(each.parent_commit_id, commits[i + 1]?.graph_commit_id ?? null);
    });
    const authored = commits.filter(({ graph_branch }) => (graph_branch ?? "main") === branch);
    assert.ok(authored.length >= own);
    const again = await listAnew(world, world.store, branch);
    assert.deepEqual(again.commits, commits);
    assert.ok(again.reads < 3 * CHUNK_SLOTS, `${again.reads} reads`);
    assert.ok(again.reads <= first.reads);
  }
});

Deno.test("a damaged chunk costs time and nothing else, and is replaced", async () => {
  const world = await longWorld();
  const { commits, reads } = await listAnew(world, world.store, "main");
  const quick = (await listAnew(world, world.store, "main")).reads;
  assert.ok(quick < reads / 3, `${quick} of ${reads} reads`);
  const [log] = (await world.store.listTree("__manifest/log")).filter((key) =>
    key.endsWith("history/0.json")
  );
  const key = `__manifest/log/${log}`;
  const good = new TextDecoder().decode((await world.store.get(key))!.bytes);
  const missing = JSON.stringify({ ...JSON.parse(good), commits: JSON.parse(good).commits.toSpliced(7, 1) });
  for (
    const text of ["", "null", "[]", '{"format":2,"commits":[]}', '{"format":1,"commits":[[1]]}', missing]
  ) {
    await world.store.put(key, new TextEncoder().encode(text));
    assert.deepEqual((await listAnew(world, world.store, "main")).commits, commits, text);
    assert.equal(new TextDecoder().decode((await world.store.get(key))!.bytes), good);
  }
});

Deno.test("where nothing can be written, histories are listed all the same", async () => {
  const world = await longWorld();
  const readOnly = new Proxy(world.store, {
    get(target, name) {
      if (/^(put|delete)/.test(String(name))) return () => Promise.reject(new Error("read-only"));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  assert.equal((await listAnew(world, readOnly, "main")).commits.length, 2 * CHUNK_SLOTS + 71);
});
