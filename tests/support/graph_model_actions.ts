/** The steps that write no content, and what may be looked at: each is one call, compared with the model. */
import assert from "node:assert/strict";
import { jsonText, parseJson } from "../../core/base/lossless_json.ts";
import { imageText, type ModelCommit } from "./graph_model.ts";
import { attempt, checkCommit, checkRefused, ModelRun, valueOf } from "./graph_model_run.ts";
import type { Step, Target } from "./graph_model_steps.ts";
import { readRows, readText } from "./graph_model_text.ts";
import { typeOf } from "./graph_model_writes.ts";

/** Steps of one kind. */
type StepOf<K extends Step["do"]> = Extract<Step, { readonly do: K }>;

/** Runs one step of a program. */
export async function runStep(run: ModelRun, handle: number, step: Step): Promise<void> {
  switch (step.do) {
    case "load":
    case "mutate":
      return await run.write(handle, step);
    case "race":
      return await run.race(step.writes);
    case "branch":
      return await createBranch(run, handle, step);
    case "read":
      return await read(run, handle, step);
    case "snapshot":
      return await snapshot(run, handle, step.branch);
    case "commits":
      return await commits(run, handle, step.branch);
    case "fold":
      if (run.model.find(step.branch) !== null) await run.world.fold(step.branch);
      return;
    case "reopen":
      return await run.world.reopen(handle);
    default:
      return;
  }
}

/** At the end of a program everything that can be seen is looked at once. */
export async function checkEverything(run: ModelRun): Promise<void> {
  const { model, world } = run;
  for (const name of model.names()) {
    assert.equal(imageText(await world.content(name)), imageText(model.branch(name).head.image), name);
    for (const handle of [0, 1]) {
      await commits(run, handle, name);
      await snapshot(run, handle, name);
    }
  }
  const graph = world.graph(1);
  for (const commit of model.visible()) {
    checkCommit(await graph.commit(commit.id), commit);
    const found = await world.contentAt(commit.id);
    assert.equal(imageText(found), imageText(commit.image), `content at ${commit.id}`);
  }
  for (const id of run.dropped) checkRefused(await attempt(() => graph.commit(id)), ["commit_not_found"]);
  assert.deepEqual(world.errors, [], "errors of background work");
}

async function createBranch(run: ModelRun, handle: number, step: StepOf<"branch">): Promise<void> {
  const { model, world } = run;
  const { name, from } = step;
  const answer = await attempt(() => world.graph(handle).createBranch({ name, from }));
  const source = model.find(from);
  if (source === null) return checkRefused(answer, ["branch_not_found"]);
  if (model.obstacle(name) !== null) return checkRefused(answer, ["branch_exists"]);
  valueOf(answer);
  model.fork(name, source.life, source.head);
  for (const each of [0, 1]) {
    assert.deepEqual((await world.graph(each).branches()).branches, model.names());
  }
}

/** The commit that a target shows, or the word of the refusal. */
function resolve({ model }: ModelRun, target: Target): ModelCommit | string {
  if (target.commit !== null) {
    return model.visible().find(({ id }) => id === target.commit) ?? "commit_not_found";
  }
  const branch = model.find(target.branch!);
  return branch === null ? "branch_not_found" : branch.head;
}

function targetOf({ branch, commit }: Target): { branch?: string; snapshot?: string } {
  return commit === null ? { branch: branch! } : { snapshot: commit };
}

async function read(run: ModelRun, handle: number, step: StepOf<"read">): Promise<void> {
  if (step.target.atMs !== null) return;
  const type = typeOf(run.model.schema, step.type);
  const request = { ...readText(type, step.where), ...targetOf(step.target) };
  const answer = await attempt(() => run.world.graph(handle).query(request));
  const commit = resolve(run, step.target);
  if (typeof commit === "string") return checkRefused(answer, [commit]);
  const { rows, row_count, graph_commit_id } = valueOf(answer);
  const found = (parseJson(rows.toJsonText()) as readonly unknown[]).map((row) => jsonText(row)).sort();
  assert.deepEqual(found, readRows(type, step.where, commit.image));
  assert.equal(row_count, found.length);
  assert.equal(graph_commit_id, commit.id);
}

async function snapshot(run: ModelRun, handle: number, name: string): Promise<void> {
  const answer = await attempt(() => run.world.graph(handle).snapshot(name));
  const branch = run.model.find(name);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  const output = valueOf(answer);
  assert.equal(output.graph_branch, name);
  assert.equal(output.graph_manifest_version, branch.head.version);
  const counts = output.datasets.map(({ entity_kind, type_name, entity_count }) =>
    `${entity_kind}:${type_name} ${entity_count}`
  );
  const expected = run.model.schema.types.map(({ name, ends }) =>
    `${ends === null ? "node" : "edge"}:${name} ${branch.head.image.get(name)!.size}`
  );
  assert.deepEqual(counts, expected.sort());
}

async function commits(run: ModelRun, handle: number, name: string): Promise<void> {
  const answer = await attempt(() => run.world.graph(handle).commits(name));
  const branch = run.model.find(name);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  const expected = run.model.history(branch);
  const found = valueOf(answer).commits;
  assert.deepEqual(found.map(({ graph_commit_id }) => graph_commit_id), expected.map(({ id }) => id));
  for (const [i, output] of found.entries()) checkCommit(output, expected[i]!);
}
