/** Merges of graphs on disk, with tables in LanceDB: branches of branches, large changes, sources that go. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { openTableStore } from "../../core/storage/open.ts";
import { loadLines } from "../support/embedded_graphs.ts";
import { contentOf, edge, film, MERGE_SCHEMA, mutate, person } from "../support/merge_world.ts";
import { withTempDir } from "../support/process.ts";

function open(root: string, wholeRowsMax?: number): Promise<EmbeddedGraph> {
  return openGraph({
    store: createLocalStore(root),
    tables: openTableStore({ kind: "local", path: root }),
    uri: root,
    ...(wholeRowsMax === undefined ? {} : { wholeRowsMax }),
  });
}

/** Films whose rows together are written to tables by a load (over 64 KiB), or by a merge, too (over 1 MiB). */
function films(prefix: string, count: number, chars: number): unknown[] {
  return Array.from(
    { length: count },
    (_, i) => film(`${prefix}-${i}`, { title: "x".repeat(chars), tags: [prefix] }),
  );
}

Deno.test("large and small merges between branches of branches on disk, from processes with nothing in memory", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    await createGraph({ store: createLocalStore(root), schema: { path: "films.pg", text: MERGE_SCHEMA } });
    let graph = await open(root);
    const again = async (wholeRowsMax?: number) => {
      await graph.close();
      graph = await open(root, wholeRowsMax);
    };
    await loadLines(graph, [
      ...films("old", 300, 300),
      person("p-1"),
      person("p-2"),
      edge("Knows", "k-1", "p-1", "p-2"),
    ]);
    await graph.createBranch({ name: "draft" });
    await loadLines(graph, [...films("draft", 300, 300), film("old-0", { title: "changed" })], {
      branch: "draft",
    });
    await graph.createBranch({ name: "inner", from: "draft" });
    await loadLines(graph, films("inner", 1_200, 1_000), { branch: "inner" });
    await mutate(graph, "inner", 'delete Person where slug = "p-2"');
    await mutate(graph, "main", 'update Film set { title: "main" } where slug = "old-1"');

    await again(-Infinity);
    assert.equal((await graph.mergeBranch({ source: "inner", target: "draft" })).outcome, "fast_forward");
    assert.deepEqual(
      await contentOf(graph, { branch: "draft" }),
      await contentOf(graph, { branch: "inner" }),
    );

    await again(-Infinity);
    const { outcome, branch_deleted } = await graph.mergeBranch({ source: "inner", deleteBranch: true });
    assert.deepEqual([outcome, branch_deleted], ["merged", true]);
    const { commit } = await graph.mergeBranch({ source: "draft", deleteBranch: true });
    assert.equal(commit?.graph_branch, null);

    await again();
    assert.deepEqual((await graph.branches()).branches, ["main"]);
    const { Film, Person, Knows } = await contentOf(graph, {});
    assert.equal(Object.keys(Film!).length, 300 + 300 + 1_200);
    assert.deepEqual([Film!["old-0"]!["title"], Film!["old-1"]!["title"]], ["changed", "main"]);
    assert.deepEqual([Object.keys(Person!), Knows], [["p-1"], {}]);

    const [, merged] = (await graph.commits()).commits;
    assert.notEqual((await graph.revertCommit({ commitId: merged!.graph_commit_id })).commit, null);
    await again();
    const after = await contentOf(graph, {});
    assert.deepEqual(Object.keys(after["Person"]!), ["p-1", "p-2"]);
    assert.deepEqual(Object.keys(after["Knows"]!), ["k-1"]);
    assert.equal(after["Film"]!["old-1"]!["title"], "main");
    await graph.close();
  });
});
