/** How the time to read an input grows with its size: the exponent is 1 where twice the input takes twice the time. */
import { AppError } from "../../core/errors.ts";
import { readConfig } from "../../core/cluster/config_reader.ts";
import { parseBatch } from "../../core/graph/write/batch.ts";
import { parseBundle } from "../../core/policy/bundle.ts";
import { compileFile } from "../../core/query/compile.ts";
import { checkSchema } from "../../core/schema/accept.ts";
import { GARDEN } from "../support/garden_schema.ts";
import {
  BATCH_SHAPES,
  CONFIG_SHAPES,
  type GrowthShape,
  POLICY_SHAPES,
  QUERY_SHAPES,
  SCHEMA_SHAPES,
} from "./growth_shapes.ts";

const SIZES = [1 << 17, 1 << 18, 1 << 19, 1 << 20];
/** Noise of short runs and of collections; a quadratic part shows as 1.5 and more. */
const EXPONENT_MAX = 1.4;
/** Below this many milliseconds for the largest input, collections decide the exponent. */
const TELLING_MS_MIN = 400;
const ROUNDS = 3;
const ATTEMPTS_MAX = 3;

const KINDS: readonly [name: string, shapes: readonly GrowthShape[], read: (text: string) => unknown][] = [
  ["schema", SCHEMA_SHAPES, (text) => checkSchema({ path: "a.pg", text })],
  ["query", QUERY_SHAPES, (text) => compileFile(GARDEN, { path: "a.gq", text })],
  ["config", CONFIG_SHAPES, (text) => readConfig({ path: "cluster.yaml", text })],
  ["policy", POLICY_SHAPES, (text) => parseBundle(text, { path: "policy.yaml", kind: "graph" })],
  ["batch", BATCH_SHAPES, (text) => attemptBatch(new TextEncoder().encode(text))],
];

/** Prints a Markdown table of the shapes whose name holds `part`; whether none grows faster than its input. */
export function reportGrowth(part = ""): boolean {
  const head = SIZES.map((size) => `${size / 1024} KB`).join(" | ");
  console.log(`| input | ${head} | exponent | |\n|---|${"---|".repeat(SIZES.length)}---|---|`);
  let isLinear = true;
  for (const [kind, shapes, read] of KINDS) {
    for (const { name, make } of shapes.filter(({ name }) => `${kind}: ${name}`.includes(part))) {
      const times = SIZES.map(() => Infinity);
      let exponent = Infinity;
      let isFine = false;
      // Other work on the machine only ever adds time, so what looks bad is measured again.
      for (let attempt = 0; attempt < ATTEMPTS_MAX && !isFine; attempt++) {
        for (const [i, size] of SIZES.entries()) times[i] = Math.min(times[i]!, bestOf(make(size), read));
        exponent = exponentOf(times);
        isFine = exponent <= EXPONENT_MAX || times.at(-1)! < TELLING_MS_MIN;
      }
      if (!isFine) isLinear = false;
      const shown = times.map((ms) => `${ms.toFixed(1)} ms`).join(" | ");
      console.log(`| ${kind}: ${name} | ${shown} | ${exponent.toFixed(2)} | ${isFine ? "" : "TOO FAST"} |`);
    }
  }
  return isLinear;
}

/** The slope of time over size on logarithmic scales, by least squares. */
function exponentOf(times: readonly number[]): number {
  const xs = SIZES.map(Math.log);
  const ys = times.map((ms) => Math.log(Math.max(ms, 0.01)));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, value, i) => sum + (value - x) * (ys[i]! - y), 0);
  return covariance / xs.reduce((sum, value) => sum + (value - x) ** 2, 0);
}

function bestOf(text: string, read: (text: string) => unknown): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    read(text);
    best = Math.min(best, performance.now() - start);
    if (best > 2000) break;
  }
  return best;
}

function attemptBatch(bytes: Uint8Array): void {
  try {
    parseBatch(GARDEN, bytes);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

if (import.meta.main && !reportGrowth(Deno.args[0])) Deno.exit(1);
