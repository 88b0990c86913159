/**
 * The whole engine against a naive model: random programs of writes, branches, merges and looks into the past, several
 * "processes" on one store. `OMNIGRAPH_MODEL_CASES` sets how many programs run (2,000 where `CI` is set, else 100); a
 * failure prints its seed and the steps of the smallest program that still fails, `OMNIGRAPH_SEED` runs that seed again.
 */
import fc from "fast-check";
import { checkEverything, runStep } from "./support/graph_model_actions.ts";
import { ModelRun } from "./support/graph_model_run.ts";
import {
  FIXED_SCHEMAS,
  type ModelSchema,
  randomModelSchema,
  schemaText,
} from "./support/graph_model_schema.ts";
import type { Step } from "./support/graph_model_step.ts";
import { drawStart, drawStep } from "./support/graph_model_steps.ts";
import { Tape } from "./support/random_schema.ts";

const CASES = Number(Deno.env.get("OMNIGRAPH_MODEL_CASES") ?? (Deno.env.has("CI") ? 2000 : 100));
const SEED = Deno.env.get("OMNIGRAPH_SEED");
/** A failure is made smaller for so long. */
const SHRINK_MS_MAX = 60_000;
/** Of so many programs one runs on disk and LanceDB. */
const DISK_SHARE = 20;

/** How often each kind of step is drawn. The first is what a failure shrinks to. */
const WEIGHTS: readonly (readonly [Step["do"], number])[] = [
  ["load", 5],
  ["mutate", 8],
  ["branch", 3],
  ["merge", 4],
  ["revert", 2],
  ["race", 6],
  ["drop", 1],
  ["duel", 1],
  ["read", 3],
  ["entity", 1],
  ["snapshot", 1],
  ["export", 1],
  ["commits", 1],
  ["changes", 2],
  ["diff", 1],
  ["feed", 2],
  ["copy", 1],
  ["fold", 2],
  ["reopen", 1],
];

/** A program before it meets a graph. */
interface Program {
  readonly schema: ModelSchema;
  readonly seed: number;
  readonly onDisk: boolean;
  readonly start: readonly number[];
  readonly actions: readonly {
    readonly kind: Step["do"];
    readonly handle: number;
    readonly tape: readonly number[];
  }[];
}

const numbers = fc.array(fc.nat(996), { maxLength: 40, size: "max" });
const program: fc.Arbitrary<Program> = fc.record({
  schema: fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...FIXED_SCHEMAS) },
    { weight: 1, arbitrary: numbers.map((tape) => randomModelSchema(new Tape(tape))) },
  ),
  seed: fc.nat(0xffff),
  onDisk: fc.nat(DISK_SHARE - 1).map((dice) => dice === DISK_SHARE - 1),
  start: fc.array(fc.nat(996), { maxLength: 120, size: "max" }),
  actions: fc.array(
    fc.record({
      kind: fc.constantFrom(...WEIGHTS.flatMap(([kind, weight]) => Array<Step["do"]>(weight).fill(kind))),
      handle: fc.nat(1),
      tape: numbers,
    }),
    { minLength: 1, maxLength: 40, size: "max" },
  ),
});

/** Runs a program; `log` hears of every step before it runs. */
async function runProgram(program: Program, log: (line: string) => void): Promise<void> {
  const run = await ModelRun.create(program.schema, program.seed, program.onDisk);
  const perform = async (handle: number, step: Step) => {
    log(`${handle} ${JSON.stringify(step, (_, value) => typeof value === "bigint" ? `${value}n` : value)}`);
    await runStep(run, handle, step);
  };
  try {
    await perform(0, drawStart(new Tape(program.start), run.model));
    for (const { kind, handle, tape } of program.actions) {
      await perform(handle, drawStep(kind, new Tape(tape), run.model, run.dropped));
    }
    log("everything that can be seen");
    await checkEverything(run);
  } finally {
    await run.world.close();
  }
}

Deno.test("random programs of writes, branches and merges leave what a naive model says", async () => {
  let failedMs = Infinity;
  const property = fc.asyncProperty(program, async (program) => {
    if (performance.now() - failedMs > SHRINK_MS_MAX) return;
    try {
      await runProgram(program, () => {});
    } catch (error) {
      failedMs = Math.min(failedMs, performance.now());
      throw error;
    }
  });
  await fc.assert(property, {
    numRuns: CASES,
    reporter,
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  });
});

/** Tells a failure with the steps of the smallest program. */
async function reporter(details: fc.RunDetails<[Program]>): Promise<void> {
  const [smallest] = details.counterexample ?? [];
  if (!details.failed || smallest === undefined) return;
  const steps: string[] = [];
  await runProgram(smallest, (line) => void steps.push(line)).catch(() => {});
  const text = `${schemaText(smallest.schema)}\n\n${steps.join("\n")}`.replaceAll(/x{1000,}/g, "<bulk>");
  throw new Error(
    `seed ${details.seed}, ids ${smallest.seed}, ${smallest.onDisk ? "on disk" : "in memory"}\n\n${text}`,
    {
      cause: details.errorInstance,
    },
  );
}
