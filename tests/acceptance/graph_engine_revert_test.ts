/** Taking one commit back, and deleting what was merged. */
import assert from "node:assert/strict";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { PolicyGate } from "../../core/policy/actions.ts";
import { createFilmWorld, loadLines, rejection } from "../support/embedded_graphs.ts";
import {
  conflictTexts,
  contentOf,
  edge,
  film,
  mutate,
  openMergeWorld,
  person,
} from "../support/merge_world.ts";
import { omnigraph, withTempDir } from "../support/process.ts";

const START = [
  film("f-1", { title: "one", code: "A" }),
  film("f-2", { title: "two" }),
  person("p-1", { name: "Ada" }),
  person("p-2"),
  edge("Directed", "d-1", "p-1", "f-1"),
];

async function newest(graph: EmbeddedGraph, branch = "main"): Promise<string> {
  return (await graph.commits(branch)).commits[0]!.graph_commit_id;
}

/** Reverts and returns the new commit's id; null when there is none. */
async function revert(graph: EmbeddedGraph, commitId: string, branch?: string): Promise<string | null> {
  const { commit } = await graph.revertCommit({ commitId, ...(branch === undefined ? {} : { branch }) });
  return commit?.graph_commit_id ?? null;
}

Deno.test("a revert takes back inserts, updates and deletes of one commit, and leaves what came later", async () => {
  const { graph } = await openMergeWorld(START);
  const before = await contentOf(graph, {});
  await loadLines(graph, [
    film("f-1", { title: "changed", code: "A" }),
    film("f-3", { title: "new" }),
    edge("Knows", "k-1", "p-1", "p-2"),
  ]);
  const commitId = await newest(graph);
  await loadLines(graph, [film("f-4", { title: "later" })]);
  const later = await newest(graph);
  const { branch, reverted_commit_id, actor_id, commit } = await graph.revertCommit({
    commitId,
    actor: "act-lena",
  });
  assert.deepEqual([branch, reverted_commit_id, actor_id], ["main", commitId, "act-lena"]);
  assert.deepEqual(
    [commit!.parent_commit_id, commit!.merged_parent_commit_id, commit!.actor_id],
    [later, null, "act-lena"],
  );
  const { Film, ...rest } = await contentOf(graph, {});
  const { Film: FilmBefore, ...restBefore } = before;
  assert.deepEqual(rest, restBefore);
  assert.deepEqual(Film, { ...FilmBefore, "f-4": { title: "later", tags: null, code: null } });
});

Deno.test("a deleted node comes back with its edges; the revert of a revert is the commit again", async () => {
  const { graph } = await openMergeWorld(START);
  const before = await contentOf(graph, {});
  await mutate(graph, "main", 'delete Person where slug = "p-1"');
  const deleted = await contentOf(graph, {});
  const reverted = await revert(graph, await newest(graph));
  assert.deepEqual(await contentOf(graph, {}), before);
  assert.notEqual(await revert(graph, reverted!), null);
  assert.deepEqual(await contentOf(graph, {}), deleted);
});

Deno.test("a revert of which nothing is left makes no commit", async () => {
  const { graph } = await openMergeWorld(START);
  await loadLines(graph, [film("f-3")]);
  const commitId = await newest(graph);
  await mutate(graph, "main", 'delete Film where slug = "f-3"');
  const head = await newest(graph);
  assert.equal(await revert(graph, commitId), null);
  assert.equal(await newest(graph), head);
});

Deno.test("what changed since is not taken back: the revert is refused with everything that is in the way", async () => {
  const { graph } = await openMergeWorld(START);
  await loadLines(graph, [film("f-1", { title: "changed" }), film("f-3")]);
  const commitId = await newest(graph);
  await mutate(graph, "main", 'update Film set { title: "again" } where slug = "f-1"');
  const before = await contentOf(graph, {});
  assert.deepEqual(await conflictTexts(revert(graph, commitId)), ["divergent_update Film f-1"]);
  await loadLines(graph, [film("f-1", { title: "changed" })]);
  await loadLines(graph, [edge("Directed", "d-3", "p-1", "f-3")]);
  assert.deepEqual(await conflictTexts(revert(graph, commitId)), ["orphan_edge Directed d-3"]);
  assert.deepEqual((await contentOf(graph, {}))["Person"], before["Person"]);
});

Deno.test("a revert keeps the constraints: a unique value that was taken meanwhile stays taken", async () => {
  const { graph } = await openMergeWorld(START);
  await mutate(graph, "main", 'update Film set { code: "B" } where slug = "f-1"');
  const commitId = await newest(graph);
  await loadLines(graph, [film("f-9", { code: "A" })]);
  assert.deepEqual(await conflictTexts(revert(graph, commitId)), ["unique_violation Film f-1"]);
});

Deno.test("a merge is reverted as one, an overwrite and a large load are, too", async () => {
  const { graph } = await openMergeWorld(START);
  const before = await contentOf(graph, {});
  await graph.createBranch({ name: "draft" });
  await loadLines(graph, [film("f-3")], { branch: "draft" });
  await mutate(graph, "draft", 'delete Film where slug = "f-1"');
  await loadLines(graph, [film("f-2", { title: "two" })]);
  const { commit } = await graph.mergeBranch({ source: "draft" });
  assert.notEqual(await revert(graph, commit!.graph_commit_id), null);
  assert.deepEqual(await contentOf(graph, {}), before);

  const many = Array.from({ length: 900 }, (_, i) => film(`m-${i}`, { title: "x".repeat(1500) }));
  await loadLines(graph, [...many, film("f-1")]);
  await revert(graph, await newest(graph));
  assert.deepEqual(await contentOf(graph, {}), before);

  await loadLines(graph, [person("p-1"), person("p-9")], { mode: "overwrite" });
  await revert(graph, await newest(graph));
  assert.deepEqual(await contentOf(graph, {}), before);
});

Deno.test("a commit can be reverted on another branch than its own", async () => {
  const { graph } = await openMergeWorld(START);
  await loadLines(graph, [film("f-3")]);
  await graph.createBranch({ name: "draft" });
  const commitId = await newest(graph);
  await revert(graph, commitId, "draft");
  assert.equal((await contentOf(graph, { branch: "draft" }))["Film"]!["f-3"], undefined);
  assert.ok((await contentOf(graph, {}))["Film"]!["f-3"]);
});

Deno.test("genesis, a schema change and an unknown commit are refused", async () => {
  const { graph } = await openMergeWorld(START);
  const genesis = (await graph.commits()).commits.at(-1)!.graph_commit_id;
  const first = await rejection(revert(graph, genesis));
  assert.match(first.message, /is the first one of the graph/);
  assert.equal(first.code, "invalid_input");
  const { schema_source } = await graph.schema();
  await graph.schemaUpdate({ path: "films.pg", text: `${schema_source}\nnode Extra { note: String? }\n` });
  assert.match((await rejection(revert(graph, await newest(graph)))).message, /changed the schema/);
  assert.equal((await rejection(revert(graph, "01JZ0000000000000000000000"))).code, "commit_not_found");
  const loaded = (await graph.commits()).commits[1]!.graph_commit_id;
  assert.notEqual(await revert(graph, loaded), null);
  assert.deepEqual((await contentOf(graph, {}))["Film"], {});
});

Deno.test("a commit from before a schema change is reverted under today's schema; a type that was dropped since cannot be", async () => {
  const world = await createFilmWorld(
    "node A { k: String @key  n: I32?  gone: I32? }\nnode B { k: String @key }\n",
  );
  const graph = await world.open();
  await loadLines(graph, [{ type: "A", data: { k: "a", n: 1, gone: 1 } }]);
  await loadLines(graph, [{ type: "A", data: { k: "a", n: 2, gone: 2 } }]);
  const changed = await newest(graph);
  await loadLines(graph, [{ type: "B", data: { k: "b" } }]);
  const dropped = await newest(graph);
  const text =
    'node Renamed @rename_from("A") { k: String @key  n: I32?  more: String? }\nnode C { k: String @key }\n';
  await graph.schemaUpdate({ path: "films.pg", text });
  assert.notEqual(await revert(graph, changed), null);
  const source = "query all() { match { $a: Renamed } return { $a.k as k, $a.n as n, $a.more as more } }";
  const { rows } = await graph.query({ source });
  assert.deepEqual(JSON.parse(rows.toJsonText()), [{ k: "a", n: 1, more: null }]);
  const error = await rejection(revert(graph, dropped));
  assert.equal(error.code, "write_conflict");
  assert.equal(error.detail.read_set_conflict?.member, "schema_digest");
  assert.match(error.message, /node type 'B' is not the same on both sides/);
});

Deno.test("what a property dropped for good took along cannot be reverted to; later commits can", async () => {
  const graph = await (await createFilmWorld("node A { k: String @key  n: I32?  gone: I32? }\n")).open();
  await loadLines(graph, [{ type: "A", data: { k: "a", n: 1, gone: 1 } }]);
  await loadLines(graph, [{ type: "A", data: { k: "a", n: 2 } }]);
  const changed = await newest(graph);
  const source = { path: "films.pg", text: "node A { k: String @key  n: I32? }\n" };
  assert.equal((await graph.applySchema({ source, allowDataLoss: true })).applied, true);
  const error = await rejection(revert(graph, changed));
  assert.deepEqual([error.code, error.facts.status], ["historical_version_reclaimed", 410]);
  assert.match(error.message, new RegExp(`^node type 'A' of commit '${changed}' was reclaimed: `));
  await loadLines(graph, [{ type: "A", data: { k: "a", n: 3 } }]);
  assert.notEqual(await revert(graph, await newest(graph)), null);
  assert.equal((await graph.entity({ kind: "node", type: "A", id: "a" })).properties["n"], 2);
  await graph.close();
});

Deno.test("`commit revert` takes a commit back on the command line", async () => {
  await withTempDir(async (cwd) => {
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await omnigraph(args, { cwd });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    Deno.writeTextFileSync(`${cwd}/port.pg`, "node Ship { slug: String @key }\n");
    Deno.writeTextFileSync(`${cwd}/ship.jsonl`, '{"type":"Ship","data":{"slug":"s-1"}}\n');
    await run("init", "port.omni", "--schema", "port.pg");
    const loaded = await run("load", "port.omni", "--data", "ship.jsonl", "--mode", "append", "--json");
    const { commit } = JSON.parse(loaded) as { commit: { graph_commit_id: string } };
    const id = commit.graph_commit_id;
    assert.match(
      await run("commit", "revert", id, "--store", "port.omni"),
      new RegExp(`^reverted ${id} on main: commit [0-9A-Z]{26}\n$`),
    );
    const again = JSON.parse(
      await run("commit", "revert", id, "--store", "port.omni", "--json", "--as", "ida"),
    );
    assert.deepEqual(again, { branch: "main", reverted_commit_id: id, actor_id: "ida", commit: null });
    assert.match(await run("commit", "revert", id, "--store", "port.omni"), /: nothing is left of it\n$/);
  });
});

Deno.test("34: a merge deletes its source when asked; a dependent child or the policy keeps it, and the merge stays", async () => {
  const { graph, world } = await openMergeWorld(START);
  await graph.createBranch({ name: "draft" });
  await graph.createBranch({ name: "child", from: "draft" });
  await loadLines(graph, [film("f-3")], { branch: "draft" });
  const kept = await graph.mergeBranch({ source: "draft", deleteBranch: true });
  assert.equal(kept.outcome, "fast_forward");
  assert.equal(kept.branch_deleted, false);
  assert.match(kept.branch_delete_error!, /child/);
  assert.ok((await contentOf(graph, {}))["Film"]!["f-3"]);

  await graph.deleteBranch({ name: "child" });
  await loadLines(graph, [film("f-4")], { branch: "draft" });
  const gate: PolicyGate = {
    decide: (_actor, { action }) => ({
      allowed: action !== "branch_delete",
      matchedRuleId: null,
      message: `no rule permits '${action}'`,
    }),
  };
  const governed = await world.open({ gate });
  const denied = await governed.mergeBranch({ source: "draft", deleteBranch: true, actor: "act-lena" });
  assert.deepEqual([denied.outcome, denied.branch_deleted], ["merged", false]);
  assert.match(denied.branch_delete_error!, /branch_delete/);

  const deleted = await graph.mergeBranch({ source: "draft", deleteBranch: true });
  assert.deepEqual(
    [deleted.outcome, deleted.branch_deleted, deleted.branch_delete_error],
    ["already_up_to_date", true, undefined],
  );
  assert.deepEqual((await graph.branches()).branches, ["main"]);
  assert.ok((await contentOf(graph, {}))["Film"]!["f-4"]);
});

Deno.test("a merge asks the policy for branch_merge, a revert for change", async () => {
  const { graph, world } = await openMergeWorld(START);
  await graph.createBranch({ name: "draft" });
  const asked: unknown[] = [];
  const gate: PolicyGate = {
    decide: (_actor, question) => {
      asked.push(question);
      return { allowed: false, matchedRuleId: null, message: "nothing is permitted" };
    },
  };
  const governed = await world.open({ gate });
  const merge = rejection(governed.mergeBranch({ source: "draft", actor: "act-lena" }));
  assert.equal((await merge).code, "policy_denied");
  const revert = rejection(
    governed.revertCommit({ commitId: await newest(graph), branch: "draft", actor: "a" }),
  );
  assert.equal((await revert).code, "policy_denied");
  assert.deepEqual(asked, [
    { action: "branch_merge", branch: "draft", targetBranch: "main" },
    { action: "change", branch: "draft" },
  ]);
});
