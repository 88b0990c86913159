/** Branches over HTTP: who may make and delete them, their names in paths, and the same answers as in storage. */
import assert from "node:assert/strict";
import { AppError } from "../../core/errors.ts";
import type { Graph } from "../../core/graph/graph.ts";
import { DRAFT_SNAPSHOT } from "../support/fake_graph.ts";
import { createTestApp } from "../support/http_app.ts";
import { answersBothWays, comparable } from "../support/both_ways.ts";

const BRANCHERS = `version: 1
groups:
  everyone: [act-maker, act-guard, act-reader]
  makers: [act-maker]
  guards: [act-guard]
protected_branches: [main, release]
rules:
  - { id: look, allow: { actors: { group: everyone }, actions: [read] } }
  - { id: make, allow: { actors: { group: makers }, actions: [branch_create, branch_delete], target_branch_scope: unprotected } }
  - { id: guard, allow: { actors: { group: guards }, actions: [branch_create, branch_delete], target_branch_scope: protected } }
`;

function served() {
  return createTestApp({
    actors: ["act-maker", "act-guard", "act-reader"],
    graphs: { reels: BRANCHERS },
    inflightMax: 2,
  });
}

Deno.test("making and deleting branches is judged by the target, under the trimmed name", async () => {
  const app = await served();
  const { calls } = app.graph("reels");
  const create = (as: string, json: unknown) => app.ask("POST", "/graphs/reels/branches", { as, json });
  const remove = (as: string, name: string) => app.ask("DELETE", `/graphs/reels/branches/${name}`, { as });
  const made = await create("act-maker", { name: " may ", from: " draft ", actor_id: "act-guard" });
  assert.deepEqual([made.status, made.json], [200, {
    uri: "/data/reels",
    from: "draft",
    name: "may",
    actor_id: "act-maker",
  }]);
  assert.equal((await create("act-guard", { name: " release " })).status, 200);
  assert.deepEqual(calls, ["create may draft", "create release main"]);
  for (
    const [as, name] of [["act-maker", " release"], ["act-guard", "may"], ["act-reader", "may"]] as const
  ) {
    assert.equal((await create(as, { name })).status, 403, `${as} ${name}`);
    assert.equal((await remove(as, encodeURIComponent(name))).status, 403, `${as} ${name}`);
  }
  assert.equal(calls.length, 2);
  const deleted = await remove("act-maker", "%20draft");
  assert.deepEqual([deleted.status, deleted.json], [200, {
    uri: "/data/reels",
    name: "draft",
    actor_id: "act-maker",
  }]);
  const decision = app.records.findLast(({ msg, message }) => (msg ?? message) === "policy decision")!;
  assert.deepEqual([decision["action"], decision["branch"], decision["target_branch"]], [
    "branch_delete",
    "",
    "draft",
  ]);
});

Deno.test("a branch at a commit is judged as one at the branch that wrote the commit", async () => {
  const app = await served();
  const create = (json: unknown) => app.ask("POST", "/graphs/reels/branches", { as: "act-maker", json });
  const made = await create({ name: "may", from_commit: DRAFT_SNAPSHOT });
  assert.equal(made.status, 200);
  const decision = app.records.findLast((record) => record["action"] === "branch_create")!;
  assert.deepEqual([decision["branch"], decision["target_branch"]], ["draft", "may"]);
  assert.equal((await create({ name: "may", from_commit: "01JC0000000000000000000000" })).status, 404);
  const both = await create({ name: "may", from: "main", from_commit: DRAFT_SNAPSHOT });
  assert.equal(both.status, 400);
  assert.match(String(both.json["error"]), /`from` or `from_commit`, not both/);
  for (const json of [{}, { name: "" }, { name: 7 }, { name: "a", from: " " }]) {
    assert.equal((await create(json)).status, 400, JSON.stringify(json));
  }
  assert.deepEqual(app.graph("reels").calls, [`create may ${DRAFT_SNAPSHOT}`]);
});

Deno.test("50: a slash in a branch name travels as %2F; `merge` is a name like others", async () => {
  const app = await served();
  const remove = (segment: string) =>
    app.ask("DELETE", `/graphs/reels/branches/${segment}`, { as: "act-maker" });
  for (const [segment, name] of [["eu%2Fq3", "eu/q3"], ["merge", "merge"], ["a%252Fb", "a%2Fb"]] as const) {
    await remove(segment);
    assert.equal(app.graph("reels").calls.at(-1), `delete ${name}`);
  }
  for (const path of ["branches/eu/q3", "branches/"]) {
    const missing = await app.ask("DELETE", `/graphs/reels/${path}`, { as: "act-maker" });
    assert.equal(missing.status, 404);
    assert.equal(missing.json["code"], "not_found");
  }
  for (const [path, allow] of [["eu%2Fq3", "DELETE"], ["merge", "POST, DELETE"]] as const) {
    const wrong = await app.ask("GET", `/graphs/reels/branches/${path}`, { as: "act-maker" });
    assert.deepEqual([wrong.status, wrong.headers.get("Allow")], [405, allow]);
  }
  assert.equal((await app.ask("DELETE", "/graphs/reels/branches/may")).status, 401);
});

/** What a caller sees of one call. */
async function outcomeOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return JSON.parse(JSON.stringify(await call, (key, value) => key === "uri" ? undefined : value));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { status: error.facts.status, message: error.message, detail: error.detail };
  }
}

/** Calls whose answers say what branches are, in order; ids of commits are numbered as they come. */
async function walk(graph: Graph): Promise<unknown[]> {
  const seen: unknown[] = [];
  const ask = async (call: Promise<unknown>) => void seen.push(await outcomeOf(call));
  const data = (slug: string) =>
    new TextEncoder().encode(JSON.stringify({ type: "Ship", data: { name: slug } }));
  await ask(graph.load({ data: data("Ark"), mode: "merge" }));
  const [head] = (await graph.commits()).commits;
  const id = head!.graph_commit_id;
  await ask(graph.load({ data: data("x"), mode: "merge", branch: "new" }));
  await ask(graph.branches());
  await ask(graph.createBranch({ name: "eu/q3" }));
  await ask(graph.createBranch({ name: "eu/q3" }));
  await ask(graph.createBranch({ name: "eu" }));
  await ask(graph.createBranch({ name: "b", from: "nope" }));
  await ask(graph.createBranch({ name: "b", from: id }));
  await ask(graph.createBranch({ name: "main" }));
  await ask(graph.createBranch({ name: " a ", from: "eu/q3" }));
  await ask(graph.createBranch({ name: "at", fromCommit: id }));
  await ask(graph.load({ data: data("Bee"), mode: "merge", branch: "new", from: "a" }));
  await ask(graph.branches());
  await ask(graph.commits("new"));
  await ask(graph.deleteBranch({ name: "a" }));
  await ask(graph.deleteBranch({ name: "main" }));
  await ask(graph.deleteBranch({ name: "__x" }));
  await ask(graph.deleteBranch({ name: "nope" }));
  for (const name of ["new", "a", "eu/q3", "at"]) await ask(graph.deleteBranch({ name }));
  await ask(graph.commits("new"));
  await ask(graph.branches());
  return comparable(seen);
}

Deno.test("server 25; cli 30, 32, 49: branches are the same over HTTP as in storage", async () => {
  const remote = await answersBothWays(walk);
  const statuses = remote.map((each) => (each as { status?: number }).status ?? 200);
  assert.deepEqual(statuses, [
    ...[200, 404, 200, 200, 409, 409, 404, 400, 400, 200, 200, 200, 200, 200],
    ...[409, 400, 400, 404, 200, 200, 200, 200, 404, 200],
  ]);
  assert.deepEqual(remote[2], { branches: ["main"] });
  assert.deepEqual(remote[12], { branches: ["a", "at", "eu/q3", "main", "new"] });
});
