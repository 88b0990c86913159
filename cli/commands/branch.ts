/** `omnigraph branch …`. */
import type { Context } from "../context.ts";
import { withGraph } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Lists the branches, one per line. */
export async function runBranchList(context: Context): Promise<number> {
  const result = await withGraph(context, {}, (graph) => graph.branches());
  const json = context.args.switches.has("json");
  context.output.out(json ? prettyOutput(result) : result.branches.map((name) => name + "\n").join(""));
  return 0;
}
