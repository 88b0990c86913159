/** Many processes that write to the branches of one graph at once, and what must be true afterwards. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph } from "../../core/graph/open.ts";
import { openObjectStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { CONTENTION_SCHEMA, type Work, type WorkPlan, type WorkReport } from "./contention_worker.ts";
import { openRoot } from "./film_writers.ts";
import { headViolations } from "./head_history.ts";
import { PROJECT } from "./process.ts";

/** One run. */
export interface ContentionOptions {
  readonly root: string;
  readonly processes: number;
  /** Branches in use, main included. */
  readonly branches: number;
  readonly seconds: number;
  readonly shares: Readonly<Partial<Record<Work, number>>>;
  readonly restMs?: number;
}

/** What all workers did together. */
export interface ContentionReport {
  readonly reports: readonly WorkReport[];
  readonly seconds: number;
}

/** Work of all kinds. */
export const ALL_WORK: Readonly<Record<Work, number>> = {
  conditional: 30,
  unconditional: 30,
  insert: 15,
  claim: 10,
  bulk: 1,
  read: 14,
};

/** Creates a graph with branches that each have two counters. */
export async function createContended({ root, branches }: ContentionOptions): Promise<string[]> {
  await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: CONTENTION_SCHEMA });
  const graph = await openRoot(root, []);
  const lines = ["c0", "c1"].map((slug) =>
    JSON.stringify({ type: "Counter", data: { slug, value: 0, state: `${slug} at 0` } })
  );
  await graph.load({ data: new TextEncoder().encode(lines.join("\n")), mode: "append" });
  const names = ["main"];
  for (let i = 1; i < branches; i++) {
    names.push(`b${i}`);
    await graph.createBranch({ name: `b${i}` });
  }
  await graph.close();
  return names;
}

/** Runs the workers side by side, all starting at one moment. */
export async function contend(
  options: ContentionOptions,
  branches: readonly string[],
): Promise<ContentionReport> {
  const { root, processes, seconds, shares, restMs } = options;
  const workers = Array.from({ length: processes }, (_, i) => {
    const rest = restMs === undefined ? {} : { restMs };
    return startWorker({ root, name: `w${i}`, seed: i, seconds, branches, shares, ...rest });
  });
  await Promise.all(workers.map((worker) => worker.ready));
  const start = performance.now();
  await Promise.all(workers.map((worker) => worker.go()));
  const reports = await Promise.all(workers.map((worker) => worker.report));
  return { reports, seconds: (performance.now() - start) / 1000 };
}

function startWorker(plan: WorkPlan) {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      join(PROJECT, "tests/support/contention_worker.ts"),
      JSON.stringify(plan),
    ],
    cwd: PROJECT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = process.stdin.getWriter();
  const ready = Promise.withResolvers<void>();
  const read = async () => {
    const parts: string[] = [];
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      parts.push(text);
      if (parts.length === 1) ready.resolve();
    }
    ready.resolve();
    return parts.join("");
  };
  const report = read().then(async (text) => {
    assert.ok((await process.status).success, `${plan.name} ended well`);
    return JSON.parse(text.slice(text.indexOf("\n") + 1)) as WorkReport;
  });
  return {
    ready: ready.promise,
    report,
    go: async () => {
      await input.write(new TextEncoder().encode("go\n"));
      await input.close();
    },
  };
}

/** Everything that must hold after a run. */
export async function checkContended(
  { root }: ContentionOptions,
  branches: readonly string[],
  { reports }: ContentionReport,
): Promise<void> {
  const errors: unknown[] = [];
  const graph = await openRoot(root, errors);
  for (const branch of branches) {
    await checkCounters(graph, branch, reports);
    await checkKeys(graph, branch, reports);
    const { commits } = await graph.commits(branch);
    const log = commits.toReversed().map((each) => ({
      id: each.graph_commit_id,
      parent: each.parent_commit_id,
    }));
    const history = reports.flatMap((report) => report.history[branch] ?? []);
    assert.deepEqual(headViolations(log, history), [], `the head of ${branch} is one register`);
  }
  await graph.close();
  assert.deepEqual(errors, []);
}

async function checkCounters(
  graph: EmbeddedGraph,
  branch: string,
  reports: readonly WorkReport[],
): Promise<void> {
  const { rows } = await graph.query({
    source:
      "query all() { match { $c: Counter } return { $c.slug as slug, $c.value as value } order { $c.slug } }",
    branch,
  });
  for (const { slug, value } of JSON.parse(rows.toJsonText()) as { slug: string; value: number }[]) {
    const sum = reports.reduce((all, { increments }) => all + (increments[`${branch} ${slug}`] ?? 0), 0);
    assert.equal(value, sum, `${slug} on ${branch}`);
  }
}

async function checkKeys(
  graph: EmbeddedGraph,
  branch: string,
  reports: readonly WorkReport[],
): Promise<void> {
  const keysOf = async (type: string) => {
    const source = `query all() { match { $i: ${type} } return { $i.slug as slug } }`;
    const { rows } = await graph.query({ source, branch });
    return (JSON.parse(rows.toJsonText()) as { slug: string }[]).map(({ slug }) => `${branch} ${slug}`)
      .sort();
  };
  const of = (lists: readonly (readonly string[])[]) =>
    lists.flat().filter((each) => each.startsWith(`${branch} `)).sort();
  // Appends of one key: exactly one was acknowledged. Upserts: at least one.
  assert.deepEqual(await keysOf("Claim"), of(reports.map(({ claims }) => claims)));
  assert.deepEqual(await keysOf("Item"), [...new Set(of(reports.map(({ items }) => items)))]);
}

/** Lines for people: what was done per second, how often it was refused, how long it took. */
export function contentionLines({ reports, seconds }: ContentionReport): string[] {
  const tallies = new Map<string, number>();
  for (const report of reports) {
    for (const [what, count] of Object.entries(report.tallies)) {
      tallies.set(what, (tallies.get(what) ?? 0) + count);
    }
  }
  const durations = Float64Array.from(reports.flatMap(({ writeMs }) => writeMs)).sort();
  const at = (share: number) => (durations[Math.floor(durations.length * share)] ?? 0).toFixed(2);
  const writes = reports.map(({ writeMs }) => writeMs.length);
  return [
    `${reports.length} processes, ${seconds.toFixed(1)} s: ${
      (durations.length / seconds).toFixed(0)
    } writes per second` +
    ` (by process ${Math.min(...writes)} to ${Math.max(...writes)} in all)`,
    `write ms: p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1 - 1e-9)}; most attempts of one write ${
      Math.max(...reports.map(({ attemptsMax }) => attemptsMax))
    }`,
    ...[...tallies].sort().map(([what, count]) => `  ${what}: ${count}`),
  ];
}
