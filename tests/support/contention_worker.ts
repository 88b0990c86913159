/**
 * A process that writes to all branches of one graph for a while, beside others that do the same:
 * `contention_worker.ts <plan as JSON>`. Prints `ready`, waits for a line, works, prints its report as one line.
 */
import { AppError } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import type { HeadOperation } from "./head_history.ts";
import { monotonicUs } from "./monotonic_clock.ts";
import { randomFrom } from "./random_from.ts";

/** Counters and items of one branch. */
export const CONTENTION_SCHEMA = {
  path: "contention.pg",
  text: `node Counter {
  slug: String @key
  value: I64
  state: String
}

node Item {
  slug: String @key
  by: String?
}

node Claim {
  slug: String @key
  by: String?
}
`,
};

/** Kinds of work. `bulk` loads are too large for a log object. */
export type Work = "conditional" | "unconditional" | "insert" | "claim" | "bulk" | "read";

/** What a worker does. */
export interface WorkPlan {
  readonly root: string;
  readonly name: string;
  readonly seed: number;
  readonly seconds: number;
  readonly branches: readonly string[];
  /** Shares of the kinds of work. */
  readonly shares: Readonly<Partial<Record<Work, number>>>;
  /** Rest after each operation, milliseconds; absent for full speed. */
  readonly restMs?: number;
}

/** What a worker did. */
export interface WorkReport {
  readonly name: string;
  /** Operations on the heads, by branch. */
  readonly history: Readonly<Record<string, readonly HeadOperation[]>>;
  /** Acknowledged increments, by `branch counter`. */
  readonly increments: Readonly<Record<string, number>>;
  /** Acknowledged claims, as `branch slug`. */
  readonly claims: readonly string[];
  /** Acknowledged inserts and bulk rows, as `branch slug`. */
  readonly items: readonly string[];
  readonly tallies: Readonly<Record<string, number>>;
  /** How often the unluckiest write tried to publish. */
  readonly attemptsMax: number;
  /** Durations of acknowledged writes, milliseconds. */
  readonly writeMs: readonly number[];
}

/** Keys that all workers insert again and again. */
const SHARED_ITEMS = 50;
/** Rows of a bulk load. */
const BULK_ROWS = 300;
// Counter `c0` counts conditional writes, `c1` the others.
const READ_COUNTER = `query counter($slug: String) {
  match { $c: Counter { slug: $slug } } return { $c.value as value, $c.state as state }
}`;
const SET_COUNTER = `query set($slug: String, $value: I64, $state: String) {
  update Counter set { value: $value, state: $state } where slug = $slug
}`;
const MOVE_COUNTER = `query move($seen: String, $value: I64, $state: String) {
  update Counter set { value: $value, state: $state } where state = $seen
}`;
const INSERT_ITEM = `query add($slug: String, $by: String) { insert Item { slug: $slug, by: $by } }`;

/** A counter as read. */
interface CounterRow {
  readonly value: number;
  readonly state: string;
}

class Worker {
  readonly #graph: EmbeddedGraph;
  readonly #plan: WorkPlan;
  readonly #random: (below: number) => number;
  readonly #attempts: { count: number };
  readonly #history: Record<string, HeadOperation[]> = {};
  readonly #increments: Record<string, number> = {};
  readonly #claims: string[] = [];
  readonly #items: string[] = [];
  readonly #tallies: Record<string, number> = {};
  readonly #nextClaim: Record<string, number> = {};
  readonly #writeMs: number[] = [];
  #attemptsMax = 0;
  #turn = 0;

  constructor(graph: EmbeddedGraph, plan: WorkPlan, attempts: { count: number }) {
    this.#graph = graph;
    this.#plan = plan;
    this.#random = randomFrom(plan.seed);
    this.#attempts = attempts;
  }

  async run(): Promise<WorkReport> {
    const { name, branches, seconds, shares, restMs } = this.#plan;
    const kinds = Object.entries(shares) as [Work, number][];
    const total = kinds.reduce((sum, [_, share]) => sum + share, 0);
    const end = monotonicUs() + seconds * 1e6;
    while (monotonicUs() < end) {
      this.#turn++;
      const branch = branches[this.#random(branches.length)]!;
      let dice = this.#random(total);
      const [work] = kinds.find(([_, share]) => (dice -= share) < 0)!;
      await this.#act(work, branch, end);
      if (restMs !== undefined) await new Promise((resolve) => setTimeout(resolve, restMs));
    }
    return {
      name,
      history: this.#history,
      increments: this.#increments,
      claims: this.#claims,
      items: this.#items,
      tallies: this.#tallies,
      attemptsMax: this.#attemptsMax,
      writeMs: this.#writeMs,
    };
  }

  async #act(work: Work, branch: string, end: number): Promise<void> {
    switch (work) {
      case "read":
        return void await this.#read(branch, "c0");
      case "conditional":
      case "unconditional":
        while (monotonicUs() < end) if (await this.#increment(work, branch)) return;
        return;
      case "insert": {
        const slug = `shared-${this.#random(SHARED_ITEMS)}`;
        const params = { slug, by: this.#plan.name };
        const commit = await this.#write(work, branch, () => this.#mutate(branch, INSERT_ITEM, params));
        if (commit !== null) this.#items.push(`${branch} ${slug}`);
        return;
      }
      case "claim": {
        const slug = `claim-${this.#nextClaim[branch] = (this.#nextClaim[branch] ?? 0) + 1}`;
        const commit = await this.#write(work, branch, () => this.#load(branch, "Claim", [slug], "append"));
        if (commit !== null) this.#claims.push(`${branch} ${slug}`);
        return;
      }
      case "bulk": {
        const slugs = Array.from({ length: BULK_ROWS }, (_, i) => `${this.#plan.name}-${this.#turn}-${i}`);
        const commit = await this.#write(work, branch, () => this.#load(branch, "Item", slugs, "merge"));
        if (commit !== null) this.#items.push(...slugs.map((slug) => `${branch} ${slug}`));
      }
    }
  }

  /** Counts one up on what was read; false when somebody else was faster. */
  async #increment(work: "conditional" | "unconditional", branch: string): Promise<boolean> {
    const counter = work === "conditional" ? "c0" : "c1";
    const { row, commit: read } = await this.#read(branch, counter);
    const value = row.value + 1;
    const state = `${counter} at ${value} by ${this.#plan.name}-${this.#turn}`;
    const commit = work === "conditional"
      ? await this.#write(
        work,
        branch,
        () => this.#mutate(branch, SET_COUNTER, { slug: counter, value, state }, read),
        read,
      )
      // The predicate finds the counter only as it was read.
      : await this.#write(
        work,
        branch,
        () => this.#mutate(branch, MOVE_COUNTER, { seen: row.state, value, state }),
      );
    if (commit === null) return false;
    const key = `${branch} ${counter}`;
    this.#increments[key] = (this.#increments[key] ?? 0) + 1;
    return true;
  }

  async #read(branch: string, slug: string): Promise<{ row: CounterRow; commit: string }> {
    const called = monotonicUs();
    const output = await this.#graph.query({ source: READ_COUNTER, params: { slug }, branch });
    this.#note(branch, { kind: "read", commit: output.graph_commit_id, called, returned: monotonicUs() });
    this.#tally("read");
    return { row: JSON.parse(output.rows.toJsonText())[0], commit: output.graph_commit_id };
  }

  async #mutate(branch: string, source: string, params: unknown, ifCommit?: string) {
    const condition = ifCommit === undefined ? {} : { ifCommit };
    const { commit } = await this.#graph.mutate({ source, params, branch, ...condition });
    return commit?.graph_commit_id ?? null;
  }

  async #load(branch: string, type: string, slugs: readonly string[], mode: "append" | "merge") {
    const by = this.#plan.name + (slugs.length > 1 ? "x".repeat(300) : "");
    const lines = slugs.map((slug) => JSON.stringify({ type, data: { slug, by } }));
    const { commit } = await this.#graph.load({
      data: new TextEncoder().encode(lines.join("\n")),
      mode,
      branch,
    });
    return commit?.graph_commit_id ?? null;
  }

  /** The commit of a write; null when it changed nothing, or was refused in a way that contention explains. */
  async #write(
    work: Work,
    branch: string,
    write: () => Promise<string | null>,
    ifCommit?: string,
  ): Promise<string | null> {
    const called = monotonicUs();
    const before = this.#attempts.count;
    try {
      const commit = await write();
      const returned = monotonicUs();
      this.#tally(commit === null ? `${work} missed` : `${work} done`);
      if (commit === null) return null;
      this.#writeMs.push((returned - called) / 1000);
      const condition = ifCommit === undefined ? {} : { ifCommit };
      this.#note(branch, { kind: "write", commit, called, returned, ...condition });
      return commit;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { read_set_conflict, precondition_failure } = error.detail as {
        read_set_conflict?: { member: string; actual: string };
        precondition_failure?: { actual: string };
      };
      const isExpected = ["write_conflict", "precondition_failed", "key_conflict"].includes(error.code);
      if (!isExpected) throw error;
      this.#tally(`${work} ${error.code}`);
      // The refusal tells which commit it met as the head.
      const actual = precondition_failure?.actual ?? read_set_conflict?.actual;
      if (actual !== undefined) {
        this.#note(branch, { kind: "read", commit: actual, called, returned: monotonicUs() });
      }
      return null;
    } finally {
      this.#attemptsMax = Math.max(this.#attemptsMax, this.#attempts.count - before);
    }
  }

  #note(branch: string, operation: HeadOperation): void {
    (this.#history[branch] ??= []).push(operation);
  }

  #tally(what: string): void {
    this.#tallies[what] = (this.#tallies[what] ?? 0) + 1;
  }
}

async function main(): Promise<void> {
  const plan = JSON.parse(Deno.args[0]!) as WorkPlan;
  const uri = parseStorageUri(plan.root, plan.root);
  const attempts = { count: 0 };
  const graph = await openGraph({
    store: openObjectStore(uri),
    tables: openTableStore(uri),
    uri: plan.root,
    ports: {
      ...systemPorts(),
      failpoint: (step) => void (step === "publish.before_append" && attempts.count++),
    },
    onBackgroundError: (error) => console.error("background", error),
  });
  for (const branch of plan.branches) {
    await graph.query({ source: READ_COUNTER, params: { slug: "c0" }, branch });
  }
  console.log("ready");
  await Deno.stdin.readable.getReader().read();
  const report = await new Worker(graph, plan, attempts).run();
  await graph.close();
  await new Blob([JSON.stringify(report), "\n"]).stream().pipeTo(Deno.stdout.writable);
}

if (import.meta.main) await main();
