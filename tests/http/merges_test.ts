/** Merges and reverts over HTTP: who may make them, and the same answers as in storage. */
import assert from "node:assert/strict";
import { AppError } from "../../core/errors.ts";
import type { Graph } from "../../core/graph/graph.ts";
import { DRAFT_SNAPSHOT, FAKE_HEAD } from "../support/fake_graph.ts";
import { createTestApp } from "../support/http_app.ts";
import { answersBothWays, comparable } from "../support/both_ways.ts";

const CREW = `version: 1
groups:
  mergers: [act-merger, act-cleaner]
  cleaners: [act-cleaner]
  writers: [act-writer, act-editor]
  readers: [act-editor]
protected_branches: [main]
rules:
  - { id: merge, allow: { actors: { group: mergers }, actions: [branch_merge], target_branch_scope: protected } }
  - { id: clean, allow: { actors: { group: cleaners }, actions: [branch_delete], target_branch_scope: unprotected } }
  - { id: write, allow: { actors: { group: writers }, actions: [change], branch_scope: unprotected } }
  - { id: look, allow: { actors: { group: readers }, actions: [read], branch_scope: any } }
`;

function served() {
  return createTestApp({
    actors: ["act-merger", "act-cleaner", "act-writer", "act-editor"],
    graphs: { reels: CREW },
  });
}

Deno.test("a merge is judged by its target, and the actor is that of the token", async () => {
  const app = await served();
  const merge = (as: string, json: unknown) => app.ask("POST", "/graphs/reels/branches/merge", { as, json });
  const made = await merge("act-merger", { source: " draft ", actor_id: "act-writer" });
  assert.deepEqual([made.status, made.json], [200, {
    source: "draft",
    target: "main",
    outcome: "merged",
    actor_id: "act-merger",
    commit: FAKE_HEAD,
  }]);
  const decision = app.records.findLast((record) => record["action"] === "branch_merge")!;
  assert.deepEqual([decision["branch"], decision["target_branch"]], ["draft", "main"]);
  assert.equal((await merge("act-merger", { source: "main", target: "draft" })).status, 403);
  assert.equal((await merge("act-writer", { source: "draft" })).status, 403);
  assert.deepEqual(app.graph("reels").calls, ["merge draft into main"]);
  for (
    const json of [{}, { source: "" }, { source: "main" }, { source: "__a" }, {
      source: "draft",
      delete_branch: 1,
    }]
  ) {
    assert.equal((await merge("act-merger", json)).status, 400, JSON.stringify(json));
  }
  assert.equal((await merge("act-merger", { source: "nope" })).status, 404);
});

Deno.test("server 29: deleting the source is judged on its own; a refusal keeps status 200 and the merge", async () => {
  const app = await served();
  const merge = (as: string) =>
    app.ask("POST", "/graphs/reels/branches/merge", { as, json: { source: "draft", delete_branch: true } });
  const refused = await merge("act-merger");
  assert.equal(refused.status, 200);
  assert.equal(refused.json["branch_deleted"], false);
  assert.match(String(refused.json["branch_delete_error"]), /branch_delete/);
  assert.deepEqual(app.graph("reels").calls, ["merge draft into main"]);
  const deleted = await merge("act-cleaner");
  assert.deepEqual([deleted.status, deleted.json["branch_deleted"]], [200, true]);
  assert.equal("branch_delete_error" in deleted.json, false);
  assert.deepEqual(app.graph("reels").calls.slice(1), ["merge draft into main", "delete draft"]);
});

Deno.test("a revert is a change of its branch, and reads the branch of its commit; its body may be empty", async () => {
  const app = await served();
  const revert = (id: string, as: string, json?: unknown) =>
    app.ask("POST", `/graphs/reels/commits/${id}/revert`, { as, json });
  const head = FAKE_HEAD.graph_commit_id;
  assert.equal((await revert(head, "act-writer", {})).status, 403);
  assert.equal((await revert(head, "act-writer")).status, 403);
  const made = await revert(DRAFT_SNAPSHOT, "act-writer", { branch: " draft " });
  assert.deepEqual([made.status, made.json], [200, {
    branch: "draft",
    reverted_commit_id: DRAFT_SNAPSHOT,
    actor_id: "act-writer",
    commit: null,
  }]);
  const ofMain = await revert(head, "act-writer", { branch: "draft" });
  const unknown = await revert("01JX0000000000000000000000", "act-writer", { branch: "draft" });
  assert.deepEqual([ofMain.status, unknown.status], [404, 404]);
  assert.equal(ofMain.text.replace(head, "ID"), unknown.text.replace("01JX0000000000000000000000", "ID"));
  assert.equal((await revert(head, "act-editor", { branch: "draft" })).status, 200);
  assert.deepEqual(app.graph("reels").calls, [
    `revert ${DRAFT_SNAPSHOT} on draft`,
    `revert ${head} on draft`,
  ]);
});

/** What a caller sees of one call. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify(await call));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { status: error.facts.status, message: error.message, detail: error.detail };
  }
}

/** Merges and reverts of all kinds, in order; ids of commits are numbered as they come. */
async function walk(graph: Graph): Promise<unknown[]> {
  const seen: unknown[] = [];
  const ask = async (call: Promise<unknown>) => void seen.push(await outcomeOf(call));
  const load = (branch: string, ...names: string[]) =>
    graph.load({
      data: new TextEncoder().encode(
        names.map((name) => JSON.stringify({ type: "Ship", data: { name, tons: branch.length } })).join("\n"),
      ),
      mode: "merge",
      branch,
    });
  await load("main", "Ark");
  await graph.createBranch({ name: "draft" });
  await graph.createBranch({ name: "child", from: "draft" });
  await ask(graph.mergeBranch({ source: "draft" }));
  await load("draft", "Bee");
  await ask(graph.mergeBranch({ source: "draft", deleteBranch: true }));
  await load("draft", "Cat");
  await load("main", "Dog");
  await ask(graph.mergeBranch({ source: "draft" }));
  const [merged] = (await graph.commits()).commits;
  await load("draft", "Elk", "Ark");
  await load("main", "Elk", "Ark", "Dog");
  await ask(graph.mergeBranch({ source: "draft" }));
  await ask(graph.mergeBranch({ source: "draft", target: "draft" }));
  await ask(graph.mergeBranch({ source: "draft", target: "nope" }));
  await graph.deleteBranch({ name: "child" });
  await ask(graph.mergeBranch({ source: "main", target: "draft" }));
  await ask(graph.revertCommit({ commitId: merged!.graph_commit_id }));
  await ask(graph.revertCommit({ commitId: merged!.graph_commit_id }));
  await ask(graph.revertCommit({ commitId: merged!.graph_commit_id, branch: "nope" }));
  await ask(graph.revertCommit({ commitId: "01JC0000000000000000000000" }));
  await ask(graph.commits());
  return comparable(seen);
}

Deno.test("server 29; cli 31, 49: merges and reverts are the same over HTTP as in storage", async () => {
  const remote = await answersBothWays(walk);
  const told = remote.map((each) => {
    const { status, outcome } = each as { status?: number; outcome?: string };
    return status ?? outcome ?? 200;
  });
  assert.deepEqual(told, [
    ...["already_up_to_date", "fast_forward", "merged", 409, 400, 404, 409],
    ...[200, 200, 404, 404, 200],
  ]);
  const { detail } = remote[3] as { detail: { merge_conflicts: { entity_id: string }[] } };
  assert.deepEqual(detail.merge_conflicts.map(({ entity_id }) => entity_id), ["Elk"]);
  const { branch_deleted, branch_delete_error } = remote[1] as Record<string, unknown>;
  assert.equal(branch_deleted, false);
  assert.match(String(branch_delete_error), /depends on it/);
});
