/** The steps of programs: writes are run by `graph_model_run.ts`, looks by `graph_model_looks.ts`, branches and merges here. */
import assert from "node:assert/strict";
import type { AppError } from "../../core/errors.ts";
import { imageText, type ModelConflict } from "./graph_model.ts";
import {
  changes,
  commits,
  copy,
  diff,
  entity,
  exportLines,
  feed,
  read,
  snapshot,
} from "./graph_model_looks.ts";
import { duel, race, removeBranch } from "./graph_model_races.ts";
import { ACTORS, attempt, checkCommit, checkRefused, type ModelRun, valueOf } from "./graph_model_run.ts";
import type { Step, StepOf } from "./graph_model_step.ts";

/** Runs one step of a program. */
export async function runStep(run: ModelRun, handle: number, step: Step): Promise<void> {
  switch (step.do) {
    case "load":
    case "mutate":
      return await run.write(handle, step);
    case "race":
      return await race(run, step.contenders);
    case "duel":
      return await duel(run, step);
    case "branch":
      return await createBranch(run, handle, step);
    case "drop":
      return await deleteBranch(run, handle, step.name);
    case "merge":
      return await merge(run, handle, step);
    case "revert":
      return await revert(run, handle, step);
    case "read":
      return await read(run, handle, step);
    case "entity":
      return await entity(run, handle, step);
    case "snapshot":
      return await snapshot(run, handle, step.branch);
    case "export":
      return await exportLines(run, handle, step);
    case "commits":
      return await commits(run, handle, step.branch);
    case "changes":
      return await changes(run, handle, step.commit);
    case "diff":
      return await diff(run, handle, step);
    case "feed":
      return await feed(run, handle, step);
    case "copy":
      return await copy(run, handle, step.branch);
    case "fold":
      if (run.model.find(step.branch) !== null) await run.world.fold(step.branch);
      return;
    case "reopen":
      return await run.world.reopen(handle);
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
    await changes(run, 1, commit.id);
  }
  for (const id of run.dropped) checkRefused(await attempt(() => graph.commit(id)), ["commit_not_found"]);
  assert.deepEqual(world.errors, [], "errors of background work");
}

async function createBranch(run: ModelRun, handle: number, step: StepOf<"branch">): Promise<void> {
  const { model, world } = run;
  const { name, from, commit } = step;
  const actor = ACTORS[handle]!;
  const request = commit === null ? { name, from, actor } : { name, fromCommit: commit, actor };
  const answer = await attempt(() => world.graph(handle).createBranch(request));
  const source = commit === null ? model.find(from) : null;
  const at = commit === null ? source?.head : model.visible().find(({ id }) => id === commit);
  const isTaken = model.obstacle(name) !== null;
  if (at === undefined) {
    const missing = commit === null ? "branch_not_found" : "commit_not_found";
    return checkRefused(answer, isTaken ? [missing, "branch_exists"] : [missing]);
  }
  if (isTaken) return checkRefused(answer, ["branch_exists"]);
  valueOf(answer);
  model.fork(name, source?.life ?? at.life, at);
  await checkNames(run);
}

async function deleteBranch(run: ModelRun, handle: number, name: string): Promise<void> {
  const { model, world } = run;
  const answer = await attempt(() => world.graph(handle).deleteBranch({ name, actor: ACTORS[handle]! }));
  const branch = model.find(name);
  if (name === "main") return checkRefused(answer, ["invalid_input"]);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  if (model.isForked(branch)) checkRefused(answer, ["branch_in_use"]);
  else {
    valueOf(answer);
    removeBranch(run, name);
  }
  await checkNames(run);
}

/** Every process knows which branches there are. */
async function checkNames({ model, world }: ModelRun): Promise<void> {
  for (const handle of [0, 1]) {
    assert.deepEqual((await world.graph(handle).branches()).branches, model.names());
  }
}

async function merge(run: ModelRun, handle: number, step: StepOf<"merge">): Promise<void> {
  const { model, world } = run;
  const actor = ACTORS[handle]!;
  const request = { source: step.source, target: step.target, deleteBranch: step.drop, actor };
  const answer = await attempt(() => world.graph(handle).mergeBranch(request));
  if (step.source === step.target) return checkRefused(answer, ["invalid_input"]);
  const [source, target] = [model.find(step.source), model.find(step.target)];
  if (source === null || target === null) return checkRefused(answer, ["branch_not_found"]);
  const expected = model.merge(source.head, target.head);
  if (expected.outcome === "conflict") {
    checkConflicts(answer.error, expected.conflicts);
    return assert.equal(imageText(await world.content(target.name)), imageText(target.head.image));
  }
  const output = valueOf(answer);
  assert.equal(output.outcome, expected.outcome);
  if (expected.outcome === "already_up_to_date") assert.equal(output.commit, null);
  else await run.publish(target, expected.after, output.commit!, actor, source.head);
  if (!step.drop) return assert.equal(output.branch_deleted, undefined);
  const isRefused = source.name === "main" || model.isForked(source);
  assert.equal(output.branch_deleted, !isRefused);
  assert.equal(output.branch_delete_error !== undefined, isRefused);
  if (!isRefused) removeBranch(run, source.name);
  await checkNames(run);
}

async function revert(run: ModelRun, handle: number, step: StepOf<"revert">): Promise<void> {
  const { model, world } = run;
  const actor = ACTORS[handle]!;
  const request = { commitId: step.commit, branch: step.branch, actor };
  const answer = await attempt(() => world.graph(handle).revertCommit(request));
  const branch = model.find(step.branch);
  if (branch === null) return checkRefused(answer, ["branch_not_found"]);
  const commit = model.visible().find(({ id }) => id === step.commit);
  if (commit === undefined) return checkRefused(answer, ["commit_not_found"]);
  const expected = model.revert(commit, branch.head);
  if (expected === null) return checkRefused(answer, ["invalid_input"]);
  if (expected.conflicts.length > 0) return checkConflicts(answer.error, expected.conflicts);
  const output = valueOf(answer);
  assert.deepEqual([output.branch, output.reverted_commit_id], [branch.name, commit.id]);
  if (!expected.isChanged) return assert.equal(output.commit, null);
  await run.publish(branch, expected.after, output.commit!, actor, null);
}

/** All conflicts, in the order of the rules; of entities that share a unique value any but one is named. */
function checkConflicts(error: AppError | null, expected: readonly ModelConflict[]): void {
  assert.equal(error?.code, "merge_conflict");
  const found = (error.detail.merge_conflicts ?? []).map((each) => ({
    kind: each.kind,
    typeKey: `${each.entity_kind}:${each.type_name}`,
    id: each.entity_id,
  }));
  const isDiverged = expected.some(({ kind }) => kind.startsWith("d"));
  const wanted = expected.flatMap(({ kind, typeKey, ids }) =>
    Array<string>(kind === "unique_violation" ? ids.length - 1 : 1).fill(`${kind} ${typeKey}`)
  );
  assert.deepEqual(found.map(({ kind, typeKey }) => `${kind} ${typeKey}`), wanted);
  for (const { kind, typeKey, id } of found) {
    const isNamed = kind !== "cardinality_violation" && kind !== "value_constraint_violation";
    const fits = expected.some((each) =>
      each.kind === kind && each.typeKey === typeKey && each.ids.includes(id!)
    );
    assert.ok(isNamed ? fits : id === null, `${kind} of ${typeKey} ${id}`);
  }
  if (isDiverged) assert.deepEqual(found.map(({ id }) => id), expected.map(({ ids }) => ids[0]));
}
