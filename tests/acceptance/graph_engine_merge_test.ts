/** Branch merges and reverts, line by line of the acceptance checklist of the graph engine. */
import assert from "node:assert/strict";
import { readRef } from "../../core/graph/branches.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { logFolder } from "../../core/graph/log.ts";
import { loadLines, rejection } from "../support/embedded_graphs.ts";
import {
  conflictsOf,
  conflictTexts,
  contentOf,
  edge,
  film,
  mutate,
  openMergeWorld,
  person,
} from "../support/merge_world.ts";

const START = [
  film("f-1", { title: "one" }),
  film("f-2", { title: "two" }),
  person("p-1", { name: "Ada" }),
  person("p-2", { name: "Ben" }),
  person("p-3", { name: "Cleo" }),
  edge("Directed", "d-1", "p-1", "f-1", { credit: "director" }),
  edge("Knows", "k-1", "p-1", "p-2", { since: 1990 }),
];

/** A graph with the start content on main and a branch `draft` from it. */
async function forked(lines: readonly unknown[] = START): Promise<EmbeddedGraph> {
  const { graph } = await openMergeWorld(lines);
  await graph.createBranch({ name: "draft" });
  return graph;
}

function merge(graph: EmbeddedGraph, source = "draft", target = "main") {
  return graph.mergeBranch({ source, target, actor: "act-lena" });
}

async function head(graph: EmbeddedGraph, branch: string) {
  const { commits } = await graph.commits(branch);
  return commits[0]!;
}

/** One row of the truth table: what base, source and target say, and what comes out. */
interface Row {
  readonly base: string | null;
  readonly source: string | null;
  readonly target: string | null;
  readonly result: string | null;
}

const TABLE: readonly Row[] = [
  { base: null, source: "s", target: null, result: "s" },
  { base: null, source: null, target: "t", result: "t" },
  { base: null, source: "s", target: "s", result: "s" },
  { base: null, source: "s", target: "t", result: "divergent_insert" },
  { base: "b", source: "b", target: "t", result: "t" },
  { base: "b", source: "b", target: null, result: null },
  { base: "b", source: "s", target: "b", result: "s" },
  { base: "b", source: null, target: "b", result: null },
  { base: "b", source: null, target: null, result: null },
  { base: "b", source: "s", target: "s", result: "s" },
  { base: "b", source: "s", target: "t", result: "divergent_update" },
  { base: "b", source: null, target: "t", result: "delete_vs_update" },
  { base: "b", source: "s", target: null, result: "delete_vs_update" },
];

async function putNode(graph: EmbeddedGraph, branch: string, value: string | null): Promise<void> {
  if (value === null) await mutate(graph, branch, 'delete Film where slug = "x"');
  else await loadLines(graph, [film("x", { title: value })], { branch });
}

async function putEdge(graph: EmbeddedGraph, branch: string, value: string | null): Promise<void> {
  if (value === null) await mutate(graph, branch, 'delete Directed where from = "p-3"');
  else await loadLines(graph, [edge("Directed", "x", "p-3", "f-1", { credit: value })], { branch });
}

for (const kind of ["node", "edge"] as const) {
  const put = kind === "node" ? putNode : putEdge;
  for (const { base, source, target, result } of TABLE) {
    const shown = [base, source, target].map((value) => value ?? "–").join(" ");
    Deno.test(`28: ${kind} with base, source, target ${shown}: ${result ?? "–"}`, async () => {
      const { graph } = await openMergeWorld(START);
      if (base !== null) await put(graph, "main", base);
      await graph.createBranch({ name: "draft" });
      await loadLines(graph, [film("on-source")], { branch: "draft" });
      await loadLines(graph, [film("on-target")]);
      if (source !== base) await put(graph, "draft", source);
      if (target !== base) await put(graph, "main", target);
      const before = await contentOf(graph, {});
      if (result?.includes("_")) {
        const type = kind === "node" ? "Film" : "Directed";
        assert.deepEqual(await conflictTexts(merge(graph)), [`${result} ${type} x`]);
        assert.deepEqual(await contentOf(graph, {}), before);
        return;
      }
      assert.equal((await merge(graph)).outcome, "merged");
      const { Film, Directed } = await contentOf(graph, {});
      const merged = kind === "node" ? Film!["x"]?.["title"] : Directed!["x"]?.["credit"];
      assert.equal(merged ?? null, result);
      assert.ok(Film!["on-source"] && Film!["on-target"]);
      await graph.close();
    });
  }
}

/** Edits of checklist line 29. Each makes one commit or none. */
const EDITS: Readonly<Record<string, (graph: EmbeddedGraph, branch: string) => Promise<unknown>>> = {
  "none": () => Promise.resolve(),
  "add node": (graph, branch) => loadLines(graph, [film("new", { title: branch })], { branch }),
  "delete node": (graph, branch) => mutate(graph, branch, 'delete Person where slug = "p-2"'),
  "add edge": (graph, branch) => loadLines(graph, [edge("Knows", `new-${branch}`, "p-3", "p-2")], { branch }),
  "delete edge": (graph, branch) => mutate(graph, branch, 'delete Knows where from = "p-1"'),
  "set property": (graph, branch) =>
    mutate(graph, branch, `update Person set { name: "${branch}" } where slug = "p-2"`),
  "net-zero edge": async (graph, branch) => {
    await loadLines(graph, [edge("Knows", "gone", "p-2", "p-3")], { branch });
    await mutate(graph, branch, 'delete Knows where to = "p-3"');
  },
};

/** What each pair of edits clashes on; pairs that are not listed merge. */
function expectedClash(source: string, target: string): string[] {
  const pair = [source, target].sort().join(" / ");
  switch (pair) {
    case "add node / add node":
      return ["divergent_insert Film new"];
    case "set property / set property":
      return ["divergent_update Person p-2"];
    case "delete node / set property":
      return ["delete_vs_update Person p-2"];
    case "add edge / delete node":
      return [`orphan_edge Knows new-${source === "add edge" ? "draft" : "main"}`];
    case "add edge / add edge": // @unique(src, dst)
      return ["unique_violation Knows new-draft"];
    default:
      return [];
  }
}

for (const [source, editSource] of Object.entries(EDITS)) {
  for (const [target, editTarget] of Object.entries(EDITS)) {
    Deno.test(`29: ${source} on the source, ${target} on the target`, async () => {
      const graph = await forked();
      const base = await contentOf(graph, {});
      await editSource(graph, "draft");
      await editTarget(graph, "main");
      const [before, from, commit] = [
        await contentOf(graph, {}),
        await contentOf(graph, { branch: "draft" }),
        await head(graph, "main"),
      ];
      const clash = expectedClash(source, target);
      if (clash.length > 0) {
        assert.deepEqual(await conflictTexts(merge(graph)), clash);
        assert.deepEqual(await contentOf(graph, {}), before);
        assert.equal((await head(graph, "main")).graph_commit_id, commit.graph_commit_id);
        return;
      }
      const merged = await merge(graph);
      const outcome = source === "none"
        ? "already_up_to_date"
        : target === "none"
        ? "fast_forward"
        : "merged";
      assert.equal(merged.outcome, outcome);
      const after = await contentOf(graph, {});
      for (const [type, entities] of Object.entries(after)) {
        const ids = new Set([base, before, from].flatMap((content) => Object.keys(content[type]!)));
        for (const id of ids) {
          const [b, s, t] = [base, from, before].map((content) => JSON.stringify(content[type]![id]));
          assert.equal(JSON.stringify(entities[id]), s === b ? t : s, `${type} ${id}`);
        }
      }
      assert.deepEqual(await contentOf(graph, { branch: "draft" }), from);
      assert.equal((await merge(graph)).outcome, "already_up_to_date");
      await graph.close();
    });
  }
}

Deno.test("30: a fast-forward is a new commit with two parents; merging again finds nothing", async () => {
  const graph = await forked();
  const before = await head(graph, "main");
  await loadLines(graph, [film("f-3")], { branch: "draft" });
  const source = await head(graph, "draft");
  const { commit, ...rest } = await merge(graph);
  assert.deepEqual(rest, { source: "draft", target: "main", outcome: "fast_forward", actor_id: "act-lena" });
  assert.ok(commit !== null);
  assert.notEqual(commit.graph_commit_id, source.graph_commit_id);
  assert.equal(commit.parent_commit_id, before.graph_commit_id);
  assert.equal(commit.merged_parent_commit_id, source.graph_commit_id);
  assert.equal(commit.actor_id, "act-lena");
  assert.equal(commit.graph_branch, null);
  assert.equal(commit.graph_manifest_version, before.graph_manifest_version + 1);
  assert.deepEqual(await contentOf(graph, {}), await contentOf(graph, { branch: "draft" }));
  const again = await merge(graph);
  assert.deepEqual([again.outcome, again.commit], ["already_up_to_date", null]);
  assert.equal((await graph.commits()).commits.length, 3);
});

Deno.test("30: only the merge commit is listed on the target, and the other way finds the target's own work", async () => {
  const graph = await forked();
  await loadLines(graph, [film("f-3")], { branch: "draft" });
  await loadLines(graph, [film("f-4")], { branch: "draft" });
  await loadLines(graph, [film("f-5")]);
  const { commit } = await merge(graph);
  const listed = (await graph.commits()).commits.map(({ graph_commit_id }) => graph_commit_id);
  assert.equal(listed.length, 4);
  assert.equal(listed[0], commit!.graph_commit_id);
  const back = await merge(graph, "main", "draft");
  assert.equal(back.outcome, "fast_forward");
  assert.deepEqual(await contentOf(graph, { branch: "draft" }), await contentOf(graph, {}));
  assert.equal((await merge(graph, "main", "draft")).outcome, "already_up_to_date");
  assert.equal((await merge(graph, "draft", "main")).outcome, "fast_forward");
});

Deno.test("a source whose edits cancel out still gives a commit, and its content stays out of it", async () => {
  const graph = await forked();
  await mutate(graph, "draft", 'update Film set { title: "other" } where slug = "f-1"');
  await mutate(graph, "draft", 'update Film set { title: "one" } where slug = "f-1"');
  const before = await contentOf(graph, {});
  const { outcome, commit } = await merge(graph);
  assert.equal(outcome, "fast_forward");
  assert.ok(commit !== null);
  assert.deepEqual(await contentOf(graph, {}), before);
});

Deno.test("a fresh branch has nothing to merge, and its source has what came after the fork", async () => {
  const graph = await forked();
  assert.equal((await merge(graph)).outcome, "already_up_to_date");
  await loadLines(graph, [film("f-3")]);
  assert.equal((await merge(graph)).outcome, "already_up_to_date");
  assert.equal((await merge(graph, "main", "draft")).outcome, "fast_forward");
});

Deno.test("31: a node deleted on the source and an edge to it added on the target are one orphan_edge", async () => {
  const graph = await forked();
  await mutate(graph, "draft", 'delete Film where slug = "f-2"');
  await loadLines(graph, [edge("Directed", "d-2", "p-2", "f-2")]);
  const [conflict, ...more] = await conflictsOf(merge(graph));
  assert.deepEqual(more, []);
  assert.deepEqual(
    { ...conflict, message: undefined },
    { entity_kind: "edge", type_name: "Directed", entity_id: "d-2", kind: "orphan_edge", message: undefined },
  );
  assert.match(conflict!.message, /dst 'f-2' not found in Film/);
});

Deno.test("31: the other way round, and an edge that loses both ends has one conflict for each", async () => {
  const graph = await forked();
  await loadLines(graph, [edge("Knows", "k-9", "p-2", "p-3")], { branch: "draft" });
  await mutate(graph, "main", 'delete Person where slug = "p-2"');
  await mutate(graph, "main", 'delete Person where slug = "p-3"');
  assert.deepEqual(await conflictTexts(merge(graph)), ["orphan_edge Knows k-9", "orphan_edge Knows k-9"]);
});

Deno.test("31: deleting a node takes its edges along on the target, too", async () => {
  const graph = await forked();
  await mutate(graph, "draft", 'delete Person where slug = "p-1"');
  await loadLines(graph, [film("f-3")]);
  await merge(graph);
  const { Person, Directed, Knows } = await contentOf(graph, {});
  assert.deepEqual([Object.keys(Person!), Directed, Knows], [["p-2", "p-3"], {}, {}]);
});

Deno.test("32: a value that is unique on each branch alone is a merge conflict", async () => {
  const graph = await forked();
  await loadLines(graph, [film("f-3", { code: "X" })], { branch: "draft" });
  await loadLines(graph, [film("f-4", { code: "X" })]);
  const [conflict] = await conflictsOf(merge(graph));
  assert.deepEqual([conflict!.kind, conflict!.entity_id], ["unique_violation", "f-3"]);
  assert.match(conflict!.message, /@unique violation on Film\.code: value 'X' held by 'f-4' and 'f-3'/);
});

Deno.test("32: too many edges in all are a merge conflict of the type", async () => {
  const graph = await forked();
  await loadLines(graph, [edge("Directed", "d-2", "p-1", "f-2")], { branch: "draft" });
  await loadLines(graph, [film("f-3"), edge("Directed", "d-3", "p-1", "f-3")]);
  const [conflict, ...more] = await conflictsOf(merge(graph));
  assert.deepEqual(more, []);
  assert.deepEqual(
    [conflict!.kind, conflict!.entity_kind, conflict!.type_name, conflict!.entity_id],
    ["cardinality_violation", "edge", "Directed", null],
  );
  assert.match(conflict!.message, /@card violation on edge Directed: source 'p-1' has 3 edges \(max 2\)/);
});

Deno.test("33: null and empty text, and one item with a comma and two items, are changes", async () => {
  const graph = await forked();
  await loadLines(graph, [film("f-1", { title: "", tags: ["a, b"] })], { branch: "draft" });
  await loadLines(graph, [film("f-2", { tags: [] })], { branch: "draft" });
  await loadLines(graph, [film("f-2", { tags: null })]);
  assert.deepEqual(await conflictTexts(merge(graph)), ["divergent_update Film f-2"]);
  await loadLines(graph, [film("f-2", { tags: [] })]);
  await merge(graph);
  const { Film } = await contentOf(graph, {});
  assert.deepEqual(Film!["f-1"], { title: "", tags: ["a, b"], code: null });
  await loadLines(graph, [film("f-1", { title: "", tags: ["a", "b"] })], { branch: "draft" });
  assert.equal((await merge(graph)).outcome, "merged");
  assert.deepEqual((await contentOf(graph, {}))["Film"]!["f-1"]!["tags"], ["a", "b"]);
});

Deno.test("all conflicts are told, by type key and then by id; the message names three", async () => {
  const graph = await forked();
  for (const branch of ["draft", "main"]) {
    await mutate(graph, branch, `update Film set { title: "${branch}" } where slug = "f-2"`);
    await mutate(graph, branch, `update Film set { title: "${branch}" } where slug = "f-1"`);
    await mutate(graph, branch, `update Person set { name: "${branch}" } where slug = "p-1"`);
    await loadLines(graph, [edge("Knows", "k-1", "p-1", "p-2", { since: branch === "main" ? 1 : 2 })], {
      branch,
    });
  }
  const error = await rejection(merge(graph));
  assert.equal(error.code, "merge_conflict");
  assert.equal(
    error.message,
    "merge conflicts: divergent_update of edge Knows 'k-1'; divergent_update of node Film 'f-1'; " +
      "divergent_update of node Film 'f-2'; and 1 more",
  );
  assert.deepEqual(error.detail.merge_conflicts!.map(({ entity_id }) => entity_id), [
    "k-1",
    "f-1",
    "f-2",
    "p-1",
  ]);
});

Deno.test("a fast-forward is checked like every merge, and large merges are, too", async () => {
  const graph = await forked();
  const many = Array.from({ length: 900 }, (_, i) => film(`m-${i}`, { title: "x".repeat(1500) }));
  await loadLines(graph, many, { branch: "draft" });
  await mutate(graph, "draft", 'delete Person where slug = "p-1"');
  const { outcome, commit } = await merge(graph);
  assert.equal(outcome, "fast_forward");
  assert.deepEqual(await contentOf(graph, {}), await contentOf(graph, { branch: "draft" }));
  assert.deepEqual(await contentOf(graph, { snapshot: commit!.graph_commit_id }), await contentOf(graph, {}));
  await loadLines(graph, [film("m-0", { title: "y" })]);
  await loadLines(graph, many.slice(1).map((_, i) => film(`n-${i}`, { title: "z".repeat(1500) })), {
    branch: "draft",
  });
  assert.equal((await merge(graph)).outcome, "merged");
  const { Film } = await contentOf(graph, {});
  assert.equal(Object.keys(Film!).length, 2 + 900 + 899);
  assert.equal(Film!["m-0"]!["title"], "y");
});

Deno.test("a merge that is overtaken fails with the facts, and nothing is repeated", async () => {
  const { graph: first, world } = await openMergeWorld(START);
  await first.createBranch({ name: "draft" });
  await loadLines(first, [film("f-3")], { branch: "draft" });
  const rival = await world.open();
  let overtaken = false;
  const graph = await world.open({
    failpoint: async (name) => {
      if (name !== "publish.staged" || overtaken) return;
      overtaken = true;
      await loadLines(rival, [film("f-9")]);
    },
  });
  const error = await rejection(merge(graph));
  assert.equal(error.code, "write_conflict");
  assert.equal(error.detail.read_set_conflict?.member, "graph_head:main");
  assert.equal(error.detail.manifest_conflict?.table_key, "node:Film");
  assert.equal((await merge(graph)).outcome, "merged");
});

Deno.test("a merge waits for its turn among the writes of its process, which do not fail it", async () => {
  const graph = await forked();
  await loadLines(graph, [film("f-9")], { branch: "draft" });
  const writes = (from: number) =>
    Array.from({ length: 30 }, (_, i) => loadLines(graph, [film(`w-${from + i}`)], { mode: "append" }));
  const before = writes(0);
  const merged = merge(graph);
  const after = writes(30);
  assert.equal((await merged).outcome, "merged");
  await Promise.all([...before, ...after]);
  const { Film } = await contentOf(graph, {});
  assert.equal(Object.keys(Film!).length, 2 + 1 + 60);
});

Deno.test("a branch cannot be merged into itself, and both must exist", async () => {
  const graph = await forked();
  assert.equal((await rejection(merge(graph, "draft", " draft "))).code, "invalid_input");
  assert.equal((await rejection(merge(graph, "__run", "main"))).code, "invalid_input");
  assert.equal((await rejection(merge(graph, "nope", "main"))).code, "branch_not_found");
  assert.equal((await rejection(merge(graph, "draft", "nope"))).code, "branch_not_found");
});

/** `side`, forked from `draft`, is merged into main and `draft` and deleted; its incarnation is returned. */
async function mergedAndDeleted(
  { graph, world }: Awaited<ReturnType<typeof openMergeWorld>>,
): Promise<string> {
  await graph.createBranch({ name: "draft" });
  await loadLines(graph, [film("d", { title: "draft" })], { branch: "draft" });
  await graph.createBranch({ name: "side", from: "draft" });
  await loadLines(graph, [film("f", { title: "side" }), film("s", { title: "side" })], { branch: "side" });
  for (const target of ["main", "draft"]) await graph.mergeBranch({ source: "side", target });
  const ref = await readRef(world.store, "side");
  await graph.deleteBranch({ name: "side" });
  return ref!.incarnation;
}

Deno.test("a branch that was merged and deleted is a base of later merges as if it were there", async () => {
  const opened = await openMergeWorld([film("f", { title: "first" })]);
  const { graph } = opened;
  await mergedAndDeleted(opened);
  // Main takes a change of the branch back: merging a branch that has it from there, too, must not bring it again.
  await mutate(graph, "main", 'update Film set { title: "first" } where slug = "f"');
  await mutate(graph, "draft", 'update Film set { title: "later" } where slug = "s"');
  assert.equal((await merge(graph)).outcome, "merged");
  const { Film } = await contentOf(graph, {});
  assert.deepEqual(["d", "f", "s"].map((id) => Film![id]!["title"]), ["draft", "first", "later"]);
  assert.equal((await merge(graph, "main", "draft")).outcome, "fast_forward");
  assert.deepEqual(await contentOf(graph, { branch: "draft" }), await contentOf(graph, {}));
});

Deno.test("without the log of a deleted branch the base is what both still have; the same on both sides is no conflict", async () => {
  const opened = await openMergeWorld([film("f", { title: "first" })]);
  const { graph, world } = opened;
  const folder = logFolder(await mergedAndDeleted(opened));
  const slots = (await world.store.list(folder)).filter((file) => /^[0-9]+\.json$/.test(file));
  const terminal = Math.max(...slots.map((file) => parseInt(file)));
  for (const file of slots) {
    if (parseInt(file) !== terminal) await world.store.delete(`${folder}/${file}`);
  }
  await mutate(graph, "draft", 'update Film set { title: "later" } where slug = "s"');
  assert.deepEqual(await conflictTexts(merge(graph)), ["divergent_insert Film s"]);
  await mutate(graph, "draft", 'update Film set { title: "side" } where slug = "s"');
  assert.equal((await merge(graph)).outcome, "merged");
  const { Film } = await contentOf(graph, {});
  assert.deepEqual(["d", "f", "s"].map((id) => Film![id]!["title"]), ["draft", "side", "side"]);
});

Deno.test("three branches merge through each other", async () => {
  const graph = await forked();
  await graph.createBranch({ name: "other", from: "draft" });
  await loadLines(graph, [film("a")], { branch: "draft" });
  await loadLines(graph, [film("b")], { branch: "other" });
  await loadLines(graph, [film("c")]);
  assert.equal((await merge(graph, "other", "draft")).outcome, "merged");
  assert.equal((await merge(graph, "draft", "main")).outcome, "merged");
  assert.equal((await merge(graph, "other", "main")).outcome, "already_up_to_date");
  assert.equal((await merge(graph, "main", "other")).outcome, "fast_forward");
  assert.deepEqual(await contentOf(graph, { branch: "other" }), await contentOf(graph, {}));
});
