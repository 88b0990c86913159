/**
 * Many processes on the branches of one graph, for a long time.
 *
 *   deno run -A tests/bench/contention.ts [seconds] [processes] [branches]    all kinds of work; 300, 8 and 4 by default
 *   deno run -A tests/bench/contention.ts insert                              inserts on one branch by 1, 2, 4, 8 processes
 *
 * Prints throughput, refusals and how often the unluckiest write tried; then checks that all counters are exact, that
 * no key is doubled and that each head was linearizable.
 */
import { join } from "@std/path";
import {
  ALL_WORK,
  checkContended,
  contend,
  contentionLines,
  type ContentionOptions,
  createContended,
} from "../support/contention.ts";
import { withTempDir } from "../support/process.ts";

/** Runs once, prints and checks. */
async function measure(options: Omit<ContentionOptions, "root">): Promise<void> {
  await withTempDir(async (folder) => {
    const whole = { ...options, root: join(folder, "contended.omni") };
    const branches = await createContended(whole);
    const run = await contend(whole, branches);
    for (const line of contentionLines(run)) console.log(line);
    await checkContended(whole, branches, run);
    console.log("  counters exact, keys single, heads linearizable\n");
  });
}

const [seconds = 300, processes = 8, branches = 4] = Deno.args.map(Number);
if (Deno.args[0] === "insert") {
  for (const count of [1, 2, 4, 8]) {
    await measure({ processes: count, branches: 1, seconds: 10, shares: { insert: 1 } });
  }
} else {
  await measure({ processes, branches, seconds, shares: ALL_WORK });
}
