import assert from "node:assert/strict";
import { openBranchesOf } from "../../tests/support/branch_walks.ts";
import { createFilmWorld, film, loadLines } from "../../tests/support/embedded_graphs.ts";
import { FOLD_COMMITS_MAX } from "../base/limits.ts";
import type { CommitOutput } from "./graph.ts";
import { firstParent, firstParentPath, firstParents } from "./lineage.ts";
import type { OpenBranches } from "./open_branches.ts";

/** A graph with folds, grouped commits and a branch of a branch; and all its commits by id. */
async function branchedGraph(): Promise<{ branches: OpenBranches; commits: Map<string, CommitOutput> }> {
  const world = await createFilmWorld();
  const graph = await world.open();
  for (let i = 0; i < FOLD_COMMITS_MAX + 3; i++) await loadLines(graph, [film(`m${i}`)]);
  // Requests at one time share a slot.
  await Promise.all(Array.from({ length: 5 }, (_, i) => loadLines(graph, [film(`g${i}`)])));
  await graph.createBranch({ name: "cut" });
  await loadLines(graph, [film("main goes on")]);
  for (let i = 0; i < 3; i++) await loadLines(graph, [film(`c${i}`)], { branch: "cut" });
  await graph.createBranch({ name: "deep", from: "cut" });
  await Promise.all(
    Array.from({ length: 3 }, (_, i) => loadLines(graph, [film(`d${i}`)], { branch: "deep" })),
  );
  await loadLines(graph, [film("cut goes on")], { branch: "cut" });
  const commits = new Map<string, CommitOutput>();
  for (const name of ["main", "cut", "deep"]) {
    for (const commit of (await graph.commits(name)).commits) commits.set(commit.graph_commit_id, commit);
  }
  await graph.close();
  return { branches: openBranchesOf(world).branches, commits };
}

Deno.test("firstParents() walks through folds, grouped commits and forks down to genesis", async () => {
  const { branches, commits } = await branchedGraph();
  for (const name of ["main", "cut", "deep"]) {
    const head = await branches.headPlace(name);
    let expected: string | null = head.commit.id;
    for await (const { commit, logged } of firstParents(head)) {
      assert.equal(commit.id, expected);
      assert.ok(logged.commits.includes(commit) && commit.operation !== "fold");
      expected = commits.get(commit.id)!.parent_commit_id;
    }
    assert.equal(expected, null);
  }
});

Deno.test("firstParent() is the parent of any commit and null at genesis", async () => {
  const { branches, commits } = await branchedGraph();
  for (const { graph_commit_id, parent_commit_id } of commits.values()) {
    const parent = await firstParent(await branches.place(graph_commit_id));
    assert.equal(parent?.commit.id ?? null, parent_commit_id);
  }
});

Deno.test("firstParentPath() goes through the lowest common ancestor, whichever two commits are asked for", async () => {
  const { branches, commits } = await branchedGraph();
  const chain = (id: string): string[] => {
    const parent = commits.get(id)!.parent_commit_id;
    return parent === null ? [id] : [id, ...chain(parent)];
  };
  const some = [...commits.keys()].slice(-20);
  some.push((await branches.headPlace("main")).commit.id, (await branches.headPlace("cut")).commit.id);
  for (const from of some) {
    for (const to of some) {
      const path = await firstParentPath(await branches.place(from), await branches.place(to));
      const ancestor = chain(from).find((id) => chain(to).includes(id))!;
      assert.equal(path.ancestor.commit.id, ancestor);
      const down = chain(from).slice(0, chain(from).indexOf(ancestor)).reverse();
      const up = chain(to).slice(0, chain(to).indexOf(ancestor)).reverse();
      assert.deepEqual(path.down.map(({ id }) => id), down);
      assert.deepEqual(path.up.map(({ id }) => id), up);
    }
  }
});
