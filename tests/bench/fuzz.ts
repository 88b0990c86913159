/**
 * Fuzzing: random and damaged inputs for everything that people write. Nothing may crash, nothing may hang, and time may
 * grow no faster than the input. Exits with 1 when something does.
 *
 *   deno run -A tests/bench/fuzz.ts                     100,000 inputs of each kind, then the growth of time up to 1 MB
 *   deno run -A tests/bench/fuzz.ts --seed 7 --count 500 --kind 1     queries only, no growth
 *   deno run -A tests/bench/fuzz.ts --show 1 8123       prints input 8123 of the second kind
 */
import { parseArgs } from "node:util";
import { FUZZ_TARGETS, fuzzInput } from "../support/fuzz_inputs.ts";
import type { FuzzJob, FuzzOutcome } from "./fuzz_worker.ts";
import { reportGrowth } from "./growth.ts";

/** One input that takes longer than this hangs. */
const INPUT_MS_MAX = 5_000;

const { values, positionals } = parseArgs({
  args: [...Deno.args],
  allowPositionals: true,
  options: {
    seed: { type: "string" },
    count: { type: "string", default: "100000" },
    kind: { type: "string" },
    show: { type: "string" },
  },
});

if (values.show !== undefined) {
  console.log(fuzzInput(FUZZ_TARGETS[Number(values.show)]!, Number(positionals[0])));
} else {
  const seed = Number(values.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]);
  const kinds = values.kind === undefined ? [...FUZZ_TARGETS.keys()] : [Number(values.kind)];
  const isSound = await fuzz(kinds, seed, Number(values.count));
  console.log("");
  const isLinear = values.kind !== undefined || reportGrowth();
  Deno.exit(isSound && isLinear ? 0 : 1);
}

async function fuzz(kinds: readonly number[], seed: number, count: number): Promise<boolean> {
  console.log(`seed ${seed}, ${count} inputs of each kind\n`);
  console.log(
    "| input | read | per second | mean | slowest | number of the slowest |\n|---|---|---|---|---|---|",
  );
  let isSound = true;
  for (const target of kinds) {
    const { name } = FUZZ_TARGETS[target]!;
    const outcome = await watched({ target, seed, count, at: new Int32Array(new SharedArrayBuffer(4)) });
    if (typeof outcome === "number") {
      console.log(`| ${name} | HANGS at input ${outcome}: \`--show ${target} ${outcome}\` |`);
      isSound = false;
      continue;
    }
    const { bytes, totalMs, slowestMs, slowest, failures } = outcome;
    const perSecond = Math.round(count / totalMs * 1000).toLocaleString("en");
    const mean = `${(totalMs / count * 1000).toFixed(0)} µs`;
    const megabytes = `${(bytes / 1e6).toFixed(1)} MB`;
    console.log(
      `| ${name} | ${megabytes} | ${perSecond} | ${mean} | ${slowestMs.toFixed(1)} ms | ${slowest} |`,
    );
    for (const { number, error } of failures) {
      console.log(`\nCRASH: \`--show ${target} ${number}\`\n${error}\n`);
    }
    if (failures.length > 0) isSound = false;
  }
  return isSound;
}

/** Runs a job in a worker; the number of the input when one hangs. */
async function watched(job: FuzzJob): Promise<FuzzOutcome | number> {
  const worker = new Worker(new URL("./fuzz_worker.ts", import.meta.url), { type: "module" });
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    const done = Promise.withResolvers<FuzzOutcome | number>();
    worker.onmessage = (event: MessageEvent<FuzzOutcome>) => done.resolve(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      done.reject(new Error(event.message));
    };
    let before = -1;
    timer = setInterval(() => {
      const at = Atomics.load(job.at, 0);
      if (at === before) done.resolve((job.seed + at) >>> 0);
      before = at === 0 ? -1 : at;
    }, INPUT_MS_MAX);
    worker.postMessage(job);
    return await done.promise;
  } finally {
    clearInterval(timer);
    worker.terminate();
  }
}
