/** Whole processes killed at every named step of every protocol, and at many random moments. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { checkCrashed, crash } from "../support/crashed_graphs.ts";
import { GRAPH_FAILPOINTS } from "../support/graph_failpoints.ts";
import { PROJECT, withTempDir } from "../support/process.ts";
import type { CrashedGraph } from "./graph_crasher.ts";

/** Graphs that die together with one process. */
const BATCH = 10;
/** Graphs that die at random moments. */
const RANDOM_KILLS = 200;

/** Steps that a graph passes once in its life. */
const ONCE = GRAPH_FAILPOINTS.filter((step) => step.startsWith("init."));

Deno.test("46: a process killed at any named step loses no acknowledged operation, and all writes go on without repair", async () => {
  const anywhere = GRAPH_FAILPOINTS.flatMap((step) =>
    (ONCE.includes(step) ? [1] : [1, 2]).map((passing) => ({ step, passing }))
  );
  const merging = GRAPH_FAILPOINTS.filter((step) => step.startsWith("publish."))
    .map((step) => ({ step, passing: 1, during: "merge" as const }));
  const plans = [...anywhere, ...merging];
  const passed = new Set<string>();
  for (let start = 0; start < plans.length; start += BATCH) {
    await withTempDir(async (folder) => {
      const graphs = plans.slice(start, start + BATCH).map((plan, i): CrashedGraph => ({
        root: join(folder, `g${i}.omni`),
        ...plan,
      }));
      const lines = await crash(graphs, null);
      await Promise.all(graphs.map(async ({ root, step, passing }) => {
        const own = lines.filter((line) => line.root === root);
        assert.ok(own.some(({ event }) => event === "stopped"), `${step} was passed ${passing} times`);
        for (const line of own) if (line.event === "passed") passed.add(line.step!);
        await checkCrashed(root, own, `${step}, passing ${passing}`);
      }));
    });
  }
  assert.deepEqual(
    [...passed].sort(),
    GRAPH_FAILPOINTS.toSorted(),
    "steps that are passed, steps that are listed",
  );
});

Deno.test("46: a process killed at 200 random moments loses no acknowledged operation, and all writes go on without repair", async () => {
  for (let start = 0; start < RANDOM_KILLS; start += BATCH) {
    await withTempDir(async (folder) => {
      const graphs = Array.from({ length: BATCH }, (_, i): CrashedGraph => ({
        root: join(folder, `g${i}.omni`),
        step: null,
        passing: 0,
      }));
      const afterMs = Math.random() * 1500;
      const lines = await crash(graphs, afterMs);
      await Promise.all(graphs.map(({ root }) => {
        const own = lines.filter((line) => line.root === root);
        return checkCrashed(root, own, `killed after ${afterMs.toFixed(0)} ms`);
      }));
    });
  }
});

Deno.test("every failpoint in the code of the graph is a listed step", async () => {
  const folder = join(PROJECT, "core/graph");
  const unlisted: string[] = [];
  for await (const path of sources(folder)) {
    const text = await Deno.readTextFile(path);
    for (const [_, name] of text.matchAll(/failpoint\(\s*["`](?:\$\{name\}\.)?([a-z_.]+)["`]/g)) {
      if (!GRAPH_FAILPOINTS.some((step) => step === name || step.endsWith(`.${name}`))) unlisted.push(name!);
    }
  }
  assert.deepEqual(unlisted, []);
});

async function* sources(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* sources(join(folder, name));
    else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) yield join(folder, name);
  }
}
