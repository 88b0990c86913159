import assert from "node:assert/strict";
import { openBranchesOf } from "../../tests/support/branch_walks.ts";
import {
  createFilmWorld,
  DELETE_FILM,
  film,
  loadLines,
  person,
} from "../../tests/support/embedded_graphs.ts";
import { candidateIds } from "./diff.ts";
import { firstParentPath } from "./lineage.ts";

const LARGE = "x".repeat(300);

Deno.test("candidateIds() unites what small and large commits touched, each id once, as the last one left it", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a"), film("b"), person("p")]);
  const base = (await graph.snapshot()).graph_manifest_version;
  await loadLines(graph, [film("b", "again"), film("c")]);
  await loadLines(graph, Array.from({ length: 400 }, (_, i) => film(`bulk${i}`, LARGE)));
  await graph.mutate({ source: DELETE_FILM, params: { slug: "c" } });
  const { commits } = await graph.commits();
  await graph.close();
  const { branches } = openBranchesOf(world);
  const from = commits.find((each) => each.graph_manifest_version === base)!;
  const path = await firstParentPath(
    await branches.place(from.graph_commit_id),
    await branches.headPlace("main"),
  );
  const touched = await candidateIds(world.store, path.up);
  assert.deepEqual([...touched.keys()], ["node:Film"]);
  const films = touched.get("node:Film");
  assert.ok(films !== undefined && films !== "all");
  assert.deepEqual(films.deletes, ["c"]);
  assert.deepEqual(
    new Set(films.upserts),
    new Set(["b", ...Array.from({ length: 400 }, (_, i) => `bulk${i}`)]),
  );
  assert.equal(films.upserts.length, 401);
  assert.equal((await candidateIds(world.store, [])).size, 0);
});

Deno.test("candidateIds() says that all may differ when one commit replaced the table", async () => {
  const world = await createFilmWorld();
  const graph = await world.open();
  await loadLines(graph, [film("a")]);
  const films = Array.from({ length: 400 }, (_, i) => film(`bulk${i}`, LARGE));
  await loadLines(graph, films, { mode: "overwrite" });
  await loadLines(graph, [film("b"), person("p")]);
  await graph.close();
  const { branches } = openBranchesOf(world);
  const head = await branches.headPlace("main");
  const genesis = await branches.place(
    (await (await world.open()).commits()).commits.at(-1)!.graph_commit_id,
  );
  const touched = await candidateIds(world.store, (await firstParentPath(genesis, head)).up);
  assert.equal(touched.get("node:Film"), "all");
  assert.deepEqual(touched.get("node:Person"), { upserts: ["p"], deletes: [] });
});

Deno.test("candidateIds() follows a renamed type and forgets a dropped one", async () => {
  const world = await createFilmWorld("node Film { slug: String @key }\nnode Old { slug: String @key }\n");
  const graph = await world.open();
  await loadLines(graph, [{ type: "Film", data: { slug: "a" } }, { type: "Old", data: { slug: "o" } }]);
  const text = 'node Movie @rename_from("Film") { slug: String @key }\n';
  await graph.schemaUpdate({ path: "films.pg", text });
  await loadLines(graph, [{ type: "Movie", data: { slug: "b" } }]);
  const { commits } = await graph.commits();
  await graph.close();
  const { branches } = openBranchesOf(world);
  const path = await firstParentPath(
    await branches.place(commits.at(-1)!.graph_commit_id),
    await branches.headPlace("main"),
  );
  const touched = await candidateIds(world.store, path.up);
  assert.deepEqual([...touched], [["node:Movie", { upserts: ["a", "b"], deletes: [] }]]);
});
