import assert from "node:assert/strict";
import { createFilmWorld, film, loadLines } from "../../tests/support/embedded_graphs.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { openGraph } from "./open.ts";

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
