/** `omnigraph export`. */
import type { Context } from "../context.ts";
import { readTarget } from "../read_target.ts";
import { withGraph } from "../target.ts";

/** Writes all entities to stdout, piece by piece as they come. A failure on the way leaves a prefix and exits with 1. */
export async function runExport(context: Context): Promise<number> {
  const { positionals, lists } = context.args;
  const request = { ...readTarget(context), types: lists.get("type") ?? [] };
  await withGraph(context, { uri: positionals[0] }, async (graph) => {
    const { chunks } = await graph.export(request);
    for await (const chunk of chunks) context.output.out(chunk);
  });
  return 0;
}
