/** Timing helpers: medians over fixed parameters, and a table of ratios within one run. */

/** Milliseconds of one run of `work`. */
export async function once(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** Median milliseconds of `work` over `inputs`, after one warm-up pass; `rounds` passes are timed. */
export async function medianOver<T>(
  inputs: readonly T[],
  work: (input: T) => unknown,
  options: { readonly rounds?: number; readonly warmUp?: boolean } = {},
): Promise<number> {
  const { rounds = 3, warmUp = true } = options;
  if (warmUp) { for (const input of inputs) await work(input); }
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const input of inputs) {
      const start = performance.now();
      const result = work(input);
      if (result instanceof Promise) await result;
      times.push(performance.now() - start);
    }
  }
  return median(times);
}

/** One line of the report: milliseconds by engine; absent engines do not do this work. */
export interface Row {
  readonly workload: string;
  readonly ours: number;
  readonly sqlite?: number;
  readonly lance?: number;
  readonly note?: string;
}

/** The rows as a Markdown table: ours in ms, the others as ms and as a ratio (their time divided by ours). */
export function report(rows: readonly Row[]): string {
  const time = (ms: number) =>
    ms < 0.1
      ? `${(ms * 1000).toFixed(1)} µs`
      : ms < 100
      ? `${ms.toFixed(2)} ms`
      : `${(ms / 1000).toFixed(2)} s`;
  const peer = (ms: number | undefined, ours: number) =>
    ms === undefined ? "–" : `${time(ms)} (${ratio(ms / ours)}×)`;
  const ratio = (times: number) => times >= 10 ? times.toFixed(0) : times.toPrecision(2);
  const lines = rows.map((row) =>
    `| ${row.workload} | ${time(row.ours)} | ${peer(row.sqlite, row.ours)} | ${peer(row.lance, row.ours)} | ${
      row.note ?? ""
    } |`
  );
  return ["| workload | Omnigraph | SQLite | raw LanceDB | |", "|---|---|---|---|---|", ...lines].join("\n") +
    "\n";
}
