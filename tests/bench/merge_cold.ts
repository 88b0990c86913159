/** One merge in a process of its own: opens the graph of the argument, merges `draft` into main, prints milliseconds. */
import { openRoot } from "./merge_graph.ts";

const [root = ""] = Deno.args;
const start = performance.now();
const graph = await openRoot(root);
const opened = performance.now();
const { outcome } = await graph.mergeBranch({ source: "draft" });
const end = performance.now();
if (outcome !== "merged") throw new Error(`the merge was ${outcome}`);
console.log(JSON.stringify({ openMs: opened - start, mergeMs: end - opened }));
await graph.close();
