/** Eight processes at once on four branches of one graph: nothing lost, nothing doubled, one register per head. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { ALL_WORK, checkContended, contend, createContended } from "./support/contention.ts";
import { withTempDir } from "./support/process.ts";

Deno.test("22: eight processes on four branches: counters are exact, keys single, heads linearizable, and nobody starves", async () => {
  await withTempDir(async (folder) => {
    const options = {
      root: join(folder, "contended.omni"),
      processes: 8,
      branches: 4,
      seconds: 25,
      shares: ALL_WORK,
    };
    const branches = await createContended(options);
    const run = await contend(options, branches);
    await checkContended(options, branches, run);
    for (const { name, tallies } of run.reports) {
      assert.ok((tallies["conditional done"] ?? 0) > 0 && (tallies["unconditional done"] ?? 0) > 0, name);
      // These are retried by the engine: giving up would mean that somebody starved.
      const gaveUp = ["insert", "claim", "bulk"].filter((work) =>
        tallies[`${work} write_conflict`] !== undefined
      );
      assert.deepEqual(gaveUp, [], name);
    }
  });
});
