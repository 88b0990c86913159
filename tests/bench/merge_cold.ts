/** One merge in a process of its own: opens the graph of the argument, merges `draft` into main, prints what that costs. */
import { costOf, openRoot } from "./merge_graph.ts";

const [root = ""] = Deno.args;
let graph!: Awaited<ReturnType<typeof openRoot>>;
const open = await costOf(async () => graph = await openRoot(root));
const merge = await costOf(async () => {
  const { outcome } = await graph.mergeBranch({ source: "draft" });
  if (outcome !== "merged") throw new Error(`the merge was ${outcome}`);
});
console.log(JSON.stringify({ open, merge }));
await graph.close();
