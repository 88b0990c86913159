/**
 * What a merge of 1,000 changed rows costs in graphs of 10,000, 100,000 and 1,000,000 rows: it must follow the change and
 * not the graph. Warm is the same process, whose tables are in memory; cold a process that opens the graph and merges.
 *
 *   deno task bench:merges [rows…]
 */
import { fileURLToPath } from "node:url";
import { median } from "./measure.ts";
import { changeRows, type Cost, costOf, graphRoot, makeGraph, openRoot } from "./merge_graph.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const CHANGED_ROWS = 1_000;
/** Changes on the target since the last merge, so that no merge is a fast-forward. */
const TARGET_ROWS = 10;
const WARM_ROUNDS = 12;
/** Rounds before times are taken: the first size would pay for compiling otherwise. */
const WARM_UP_ROUNDS = 5;
const COLD_ROUNDS = 3;
const COLD = fileURLToPath(new URL("./merge_cold.ts", import.meta.url));

type Opened = Awaited<ReturnType<typeof openRoot>>;

/** What one size cost. */
interface Line {
  readonly rows: number;
  readonly warm: Cost;
  readonly slowestMs: number;
  readonly open: Cost;
  readonly cold: Cost;
}

async function measureSize(work: string, rows: number): Promise<Line> {
  const root = graphRoot(work, rows);
  const people = await makeGraph(root, rows);
  let round = 0;
  const change = async (graph: Opened) => {
    await changeRows(graph, "draft", { people, rows: CHANGED_ROWS, round });
    await changeRows(graph, "main", { people, rows: TARGET_ROWS, round });
    round++;
  };
  const graph = await openRoot(root);
  const costs: Cost[] = [];
  for (let i = 0; i < WARM_UP_ROUNDS + WARM_ROUNDS; i++) {
    await change(graph);
    costs.push(await costOf(() => graph.mergeBranch({ source: "draft" })));
  }
  await graph.close();
  const cold: { open: Cost; merge: Cost }[] = [];
  for (let i = 0; i < COLD_ROUNDS; i++) {
    const writer = await openRoot(root);
    await change(writer);
    await writer.close();
    cold.push(await mergeInProcess(root));
  }
  const warm = costs.slice(WARM_UP_ROUNDS);
  return {
    rows,
    warm: medianCost(warm),
    slowestMs: Math.max(...warm.map(({ wallMs }) => wallMs)),
    open: medianCost(cold.map(({ open }) => open)),
    cold: medianCost(cold.map(({ merge }) => merge)),
  };
}

async function mergeInProcess(root: string): Promise<{ open: Cost; merge: Cost }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "-A", COLD, root],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)) as { open: Cost; merge: Cost };
}

function medianCost(costs: readonly Cost[]): Cost {
  return {
    wallMs: median(costs.map(({ wallMs }) => wallMs)),
    cpuMs: median(costs.map(({ cpuMs }) => cpuMs)),
  };
}

const work = Deno.makeTempDirSync({ prefix: "omnigraph-merge-bench-" });
try {
  const sizes = Deno.args.length === 0 ? SIZES : Deno.args.map(Number);
  console.log(
    "| rows in the graph | warm | warm, CPU | slowest warm | cold: open | cold: merge | cold: merge, CPU |",
  );
  console.log("|---|---|---|---|---|---|---|");
  for (const size of sizes) {
    const { rows, warm, slowestMs, open, cold } = await measureSize(work, size);
    const shown = [warm.wallMs, warm.cpuMs, slowestMs, open.wallMs, cold.wallMs, cold.cpuMs];
    console.log(`| ${rows.toLocaleString("en")} | ${shown.map((ms) => `${ms.toFixed(1)} ms`).join(" | ")} |`);
  }
} finally {
  Deno.removeSync(work, { recursive: true });
}
