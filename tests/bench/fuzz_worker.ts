/** Reads the inputs of one fuzz target, one after another, and says which one it is at. */
import { FUZZ_TARGETS, fuzzInput } from "../support/fuzz_inputs.ts";

/** What the worker is asked to do. */
export interface FuzzJob {
  readonly target: number;
  readonly seed: number;
  readonly count: number;
  /** Index of the current input, for a watcher that sees no message while one input hangs. */
  readonly at: Int32Array;
}

/** What it found. */
export interface FuzzOutcome {
  readonly failures: readonly { readonly number: number; readonly error: string }[];
  readonly bytes: number;
  /** Milliseconds of all inputs, of the slowest one, and the number of that one. */
  readonly totalMs: number;
  readonly slowestMs: number;
  readonly slowest: number;
}

const FAILURES_MAX = 20;

/** The part of a worker's global scope that is used; its own library is not loaded beside that of the window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<FuzzJob>) => void;
  postMessage(outcome: FuzzOutcome): void;
}

const scope = self as unknown as WorkerScope;
scope.onmessage = (event) => scope.postMessage(run(event.data));

function run({ target: index, seed, count, at }: FuzzJob): FuzzOutcome {
  const target = FUZZ_TARGETS[index]!;
  const failures: { number: number; error: string }[] = [];
  let bytes = 0;
  let totalMs = 0;
  let slowestMs = 0;
  let slowest = seed;
  for (let i = 0; i < count && failures.length < FAILURES_MAX; i++) {
    const number = (seed + i) >>> 0;
    const text = fuzzInput(target, number);
    bytes += text.length;
    Atomics.store(at, 0, i);
    const start = performance.now();
    try {
      target.read(text);
    } catch (error) {
      failures.push({ number, error: error instanceof Error ? error.stack ?? error.message : String(error) });
    }
    const ms = performance.now() - start;
    totalMs += ms;
    if (ms > slowestMs) [slowestMs, slowest] = [ms, number];
  }
  return { failures, bytes, totalMs, slowestMs, slowest };
}
