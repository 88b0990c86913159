/** Several things at once: the commits they left must explain every answer, in one order. */
import assert from "node:assert/strict";
import type { CommitOutput } from "../../core/graph/graph.ts";
import type { ModelBranch, ModelCommit } from "./graph_model.ts";
import { textOf } from "./graph_model_rules.ts";
import {
  ACTORS,
  type Answer,
  attempt,
  checkRefused,
  type ModelRun,
  valueOf,
  type WriteAnswer,
} from "./graph_model_run.ts";
import type { Contender, MergeStep, StepOf, WriteStep } from "./graph_model_step.ts";

/** A contender and what it was told. */
interface Told extends Contender {
  readonly answer: Answer<WriteAnswer>;
}

/** The heads that each branch had in the course of a race, the first one being that before. */
type Heads = ReadonlyMap<string, readonly ModelCommit[]>;

/** Runs writes and merges at once. */
export async function race(run: ModelRun, contenders: readonly Contender[]): Promise<void> {
  const { model, world } = run;
  const told = await world.racing(() =>
    Promise.all(contenders.map(async ({ handle, act }): Promise<Told> => {
      return { handle, act, answer: await perform(run, handle, act) };
    }))
  );
  const heads = new Map(model.names().map((name) => [name, [model.branch(name).head]]));
  const left = told.filter(({ answer }) => commitOf(answer) !== null);
  while (left.length > 0) {
    const next = left.findIndex(({ act, answer }) => follows(run, targetOf(act), commitOf(answer)!));
    assert.notEqual(next, -1, "the commits of a race form chains");
    const [one] = left.splice(next, 1);
    const branch = model.branch(targetOf(one!.act));
    await publish(run, one!, branch, heads);
    heads.get(branch.name)!.push(branch.head);
  }
  for (const one of told) if (commitOf(one.answer) === null) checkUnpublished(run, one, heads);
  for (const name of heads.keys()) await run.checkHead(model.branch(name));
}

function perform(run: ModelRun, handle: number, act: WriteStep | MergeStep): Promise<Answer<WriteAnswer>> {
  if (act.do !== "merge") return run.perform(handle, act);
  const { source, target } = act;
  return attempt(async () => {
    const { commit } = await run.world.graph(handle).mergeBranch({ source, target, actor: ACTORS[handle]! });
    return { commit, counts: null, isForked: false };
  });
}

function targetOf(act: WriteStep | MergeStep): string {
  return act.do === "merge" ? act.target : act.branch;
}

function commitOf(answer: Answer<WriteAnswer>): CommitOutput | null {
  return answer.value?.commit ?? null;
}

/** Whether a commit is the next one of its branch, and what it merges is known. */
function follows({ model }: ModelRun, branch: string, commit: CommitOutput): boolean {
  const { parent_commit_id: parent, merged_parent_commit_id: merged } = commit;
  return model.find(branch)?.head.id === parent &&
    (merged === null || model.visible().some(({ id }) => id === merged));
}

async function publish(run: ModelRun, one: Told, branch: ModelBranch, heads: Heads): Promise<void> {
  const { handle, act, answer } = one;
  if (act.do !== "merge") {
    const expected = run.expect(act, branch.head);
    assert.ok(expected.words === null, `the model refuses what was published: ${expected.words}`);
    return await run.accept(branch, act, expected, answer, handle, false);
  }
  const commit = commitOf(answer)!;
  const source = heads.get(act.source)!.find(({ id }) => id === commit.merged_parent_commit_id);
  assert.ok(source !== undefined, "a merge merges what was the head of its source");
  const expected = run.model.merge(source, branch.head);
  assert.ok("after" in expected, `the model does not merge: ${expected.outcome}`);
  await run.publish(branch, expected.after, commit, ACTORS[handle]!, source);
}

/** What has no commit was refused, or had no effect, on one of the heads there were. */
function checkUnpublished(run: ModelRun, { act, answer }: Told, heads: Heads): void {
  const targets = heads.get(targetOf(act)) ?? [];
  if (answer.word === "write_conflict" && mayLose(act) && targets.length > 1) return;
  const said = act.do === "merge"
    ? mergeWords(run, act, heads)
    : targets.length === 0
    ? ["branch_not_found"]
    : targets.flatMap((head) => writeWords(run, act, head));
  assert.ok(
    said.includes(answer.word ?? "nothing"),
    `${textOf(act)} was answered with ${answer.error ?? "no commit"}, not ${said.join(" or ")}`,
  );
}

/** Words that a write may be answered with on a head. */
function writeWords(run: ModelRun, write: WriteStep, head: ModelCommit): readonly string[] {
  const expected = run.expect(write, head);
  return expected.words ?? (expected.after === null ? ["nothing"] : []);
}

function mergeWords({ model }: ModelRun, { source, target }: MergeStep, heads: Heads): readonly string[] {
  if (source === target) return ["invalid_input"];
  const [sources, targets] = [heads.get(source), heads.get(target)];
  if (sources === undefined || targets === undefined) return ["branch_not_found"];
  return sources.flatMap((from) =>
    targets.map((to) => {
      const { outcome } = model.merge(from, to);
      return outcome === "conflict"
        ? "merge_conflict"
        : outcome === "already_up_to_date"
        ? "nothing"
        : outcome;
    })
  );
}

/** Whether a write is told that it lost a race instead of being done again. */
function mayLose(act: WriteStep | MergeStep): boolean {
  if (act.do === "merge") return true;
  return act.do === "load" ? act.mode === "overwrite" : act.statements.some(({ kind }) => kind !== "insert");
}

/** Deletes a branch while another one is forked from it and somebody writes to it. */
export async function duel(run: ModelRun, { name, child, write }: StepOf<"duel">): Promise<void> {
  const { model, world } = run;
  const branch = model.branch(name);
  const before = branch.head;
  const [dropped, forked, written] = await world.racing(() =>
    Promise.all([
      attempt(() => world.graph(0).deleteBranch({ name })),
      attempt(() => world.graph(1).createBranch({ name: child, from: name })),
      run.perform(1, write),
    ])
  );
  if (dropped.word === null) {
    // Whatever was written, and acknowledged before, is gone with the branch.
    checkRefused(forked, ["branch_not_found"]);
    if (written.word !== null) {
      checkRefused(written, ["branch_not_found", "write_conflict", ...writeWords(run, write, before)]);
    }
    return removeBranch(run, name);
  }
  checkRefused(dropped, ["branch_in_use"]);
  valueOf(forked);
  const expected = run.expect(write, before);
  if (expected.words !== null) checkRefused(written, expected.words);
  else await run.accept(branch, write, expected, written, 1, false);
  const [head] = (await world.graph(0).commits(child)).commits;
  const at = [before, branch.head].find(({ id }) => id === head?.graph_commit_id);
  assert.ok(at !== undefined, "a branch begins at a head of its source");
  model.fork(child, branch.life, at);
  assert.deepEqual((await world.graph(0).branches()).branches, model.names());
}

/** Removes a branch from the model, and remembers the commits that nobody shows any more. */
export function removeBranch({ model, dropped }: ModelRun, name: string): void {
  const before = model.visible();
  model.remove(name);
  const after = new Set(model.visible());
  dropped.push(...before.filter((commit) => !after.has(commit)).map(({ id }) => id));
}
