/** `omnigraph branch create|list|delete`. */
import { requireConsent } from "../consent.ts";
import type { Context } from "../context.ts";
import { withGraph, writeActor } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Makes a branch. */
export async function runBranchCreate(context: Context): Promise<number> {
  const { positionals, values, switches } = context.args;
  const [from, fromCommit] = [values.get("from"), values.get("from-commit")];
  const actor = await writeActor(context);
  const result = await withGraph(context, { echo: "branch create" }, (graph) =>
    graph.createBranch({
      name: positionals[0]!,
      actor,
      ...(from === undefined ? {} : { from }),
      ...(fromCommit === undefined ? {} : { fromCommit }),
    }));
  const start = result.from_commit === undefined ? result.from : `commit ${result.from_commit}`;
  const text = `created branch ${result.name} from ${start}\n`;
  context.output.out(switches.has("json") ? prettyOutput(result) : text);
  return 0;
}

/** Lists the branches, one per line. */
export async function runBranchList(context: Context): Promise<number> {
  const result = await withGraph(context, {}, (graph) => graph.branches());
  const json = context.args.switches.has("json");
  context.output.out(json ? prettyOutput(result) : result.branches.map((name) => name + "\n").join(""));
  return 0;
}

/** Deletes a branch, where that is not local only with consent. */
export async function runBranchDelete(context: Context): Promise<number> {
  const { positionals, switches } = context.args;
  const actor = await writeActor(context);
  await requireConsent(context, "branch delete", undefined);
  const result = await withGraph(
    context,
    { echo: "branch delete" },
    (graph) => graph.deleteBranch({ name: positionals[0]!, actor }),
  );
  context.output.out(switches.has("json") ? prettyOutput(result) : `deleted branch ${result.name}\n`);
  return 0;
}
