/**
 * A process that works on several graphs of films at once until it is killed: `graph_crasher.ts <plan as JSON>`.
 *
 * Each graph goes through all kinds of operations again and again. A graph with a step stops when it has passed that step
 * so often; when all graphs with a step have stopped, the process kills itself. Operations are told before and after, each
 * with one system call, so that a reader of the pipe knows what was acknowledged at the moment of the kill.
 */
import { createGraph, openGraph } from "../../core/graph/open.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import type { Operation, Rows } from "../support/crash_model.ts";
import { DELETE_FILM, film, FILM_SCHEMA, INSERT_FILM, loadLines } from "../support/embedded_graphs.ts";

/** One graph of the process. */
export interface CrashedGraph {
  readonly root: string;
  /** The failpoint to die at, and at which passing of it, counted from 1; null to work until somebody kills the process. */
  readonly step: string | null;
  readonly passing: number;
  /** Count only passings while such an operation is under way. */
  readonly during?: Operation["kind"];
}

/** A line of this process. */
export interface CrashLine {
  readonly root: string;
  readonly event: "start" | "done" | "stopped" | "missed" | "passed";
  readonly operation?: Operation;
  /** On `passed`: the failpoint, told when it is passed for the first time. */
  readonly step?: string;
}

/** Films of a large load: together too much for a log object. */
const LARGE = 250;
/** Length of titles that make a merge of so many films too large for a log object. */
const LARGE_MERGE_CHARS = 4500;
/** Films of a burst: enough commits for a fold. */
const BURST = 34;
/** Films with notes. */
const NOTED = FILM_SCHEMA.text.replace("  year: I32?\n", "  year: I32?\n  note: String?\n");
/** Rounds after which a step that was not passed never will be. */
const ROUNDS_MAX = 8;

class CrashingGraph {
  readonly #plan: CrashedGraph;
  readonly #onStopped: () => void;
  readonly #passed = new Map<string, number>();
  #underWay: Operation["kind"] | null = null;

  constructor(plan: CrashedGraph, onStopped: () => void) {
    this.#plan = plan;
    this.#onStopped = onStopped;
  }

  async run(): Promise<void> {
    const { root, step } = this.#plan;
    const uri = parseStorageUri(root, root);
    const ports = { ...systemPorts(), failpoint: (name: string) => this.#pass(name) };
    await createGraph({ store: openObjectStore(uri), schema: FILM_SCHEMA, ports });
    const graph = await openGraph({
      store: openObjectStore(uri),
      tables: openTableStore(uri),
      uri: root,
      ports,
      onBackgroundError: (error) => console.error("background", error),
    });
    for (let round = 0; step === null || round < ROUNDS_MAX; round++) await this.#round(graph, round);
    say({ root, event: "missed" });
    this.#onStopped();
  }

  /** Never comes back from the step at which the graph is to die. */
  async #pass(name: string): Promise<void> {
    const { root, step, passing, during } = this.#plan;
    if (!this.#passed.has(name)) say({ root, event: "passed", step: name });
    const isCounted = during === undefined || during === this.#underWay;
    const count = (this.#passed.get(name) ?? 0) + (isCounted ? 1 : 0);
    this.#passed.set(name, count);
    if (!isCounted) return;
    if (name !== step || count !== passing) return;
    say({ root, event: "stopped" });
    this.#onStopped();
    await new Promise(() => {});
  }

  /** All kinds of operations; who dies at a random moment does them in a random order. */
  async #round(graph: EmbeddedGraph, round: number): Promise<void> {
    const parts = [
      () => this.#writes(graph, round),
      () => this.#burst(graph, "main", `m${round}-burst-`),
      () => this.#branches(graph, round),
      () => this.#schemas(graph, round),
    ];
    if (this.#plan.step === null) parts.sort(() => Math.random() - 0.5);
    for (const part of parts) await part();
  }

  async #writes(graph: EmbeddedGraph, round: number): Promise<void> {
    await this.#write(graph, "main", { [`m${round}-a`]: "small", [`m${round}-b`]: "small" });
    await this.#write(graph, "main", manyRows(`m${round}-`));
    await this.#write(graph, "main", { [`m${round}-a`]: null });
  }

  async #branches(graph: EmbeddedGraph, round: number): Promise<void> {
    const [first, second] = [`b${round}`, `c${round}`];
    const rows = round % 2 === 0 ? { [`${first}-a`]: "small" } : manyRows(`${first}-fork-`);
    await this.#fork(graph, first, "main", rows);
    await this.#write(graph, first, manyRows(`${first}-`, LARGE_MERGE_CHARS));
    await this.#told(
      { kind: "create", branch: second, from: first },
      () => graph.createBranch({ name: second, from: first }),
    );
    await this.#write(graph, second, { [`${second}-a`]: "small", [`${second}-b`]: "small" });
    await this.#write(graph, second, { [`${second}-a`]: null });
    if (round % 2 === 1) await this.#burst(graph, second, `${second}-burst-`);
    await this.#merge(graph, second, first);
    await this.#merge(graph, first, "main");
    await this.#delete(graph, second);
    await this.#delete(graph, first);
  }

  async #schemas(graph: EmbeddedGraph, round: number): Promise<void> {
    await this.#schema(graph, NOTED);
    await this.#write(graph, "main", { [`m${round}-c`]: "under the new schema" });
    // Back again, and what the first change brought is dropped for good.
    await this.#schema(graph, FILM_SCHEMA.text);
  }

  async #write(graph: EmbeddedGraph, branch: string, rows: Rows): Promise<void> {
    await this.#told({ kind: "write", branch, rows }, async () => {
      const [slug, title] = Object.entries(rows)[0]!;
      if (title === null) await graph.mutate({ source: DELETE_FILM, params: { slug }, branch });
      else await loadLines(graph, films(rows), { branch });
    });
  }

  async #burst(graph: EmbeddedGraph, branch: string, prefix: string): Promise<void> {
    const rows = Object.fromEntries(Array.from({ length: BURST }, (_, i) => [`${prefix}${i}`, "burst"]));
    await this.#told({ kind: "burst", branch, rows }, async () => {
      await Promise.all(
        Object.entries(rows).map(([slug, title]) =>
          graph.mutate({ source: INSERT_FILM, params: { slug, title }, branch })
        ),
      );
    });
  }

  async #fork(graph: EmbeddedGraph, branch: string, from: string, rows: Rows): Promise<void> {
    await this.#told(
      { kind: "fork", branch, from, rows },
      () => loadLines(graph, films(rows), { branch, from }),
    );
  }

  async #merge(graph: EmbeddedGraph, branch: string, into: string): Promise<void> {
    await this.#told(
      { kind: "merge", branch, into },
      () => graph.mergeBranch({ source: branch, target: into }),
    );
  }

  async #delete(graph: EmbeddedGraph, branch: string): Promise<void> {
    await this.#told({ kind: "delete", branch }, () => graph.deleteBranch({ name: branch }));
  }

  async #schema(graph: EmbeddedGraph, source: string): Promise<void> {
    await this.#told(
      { kind: "schema", source },
      () => graph.schemaUpdate({ path: FILM_SCHEMA.path, text: source }, { allowDataLoss: true }),
    );
  }

  async #told(operation: Operation, work: () => Promise<unknown>): Promise<void> {
    const { root } = this.#plan;
    say({ root, event: "start", operation });
    this.#underWay = operation.kind;
    await work();
    this.#underWay = null;
    say({ root, event: "done" });
  }
}

function manyRows(prefix: string, chars = 300): Rows {
  return Object.fromEntries(Array.from({ length: LARGE }, (_, i) => [`${prefix}${i}`, "x".repeat(chars)]));
}

function films(rows: Rows): unknown[] {
  return Object.entries(rows).map(([slug, title]) => film(slug, title!));
}

function say(line: CrashLine): void {
  const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function main(): Promise<void> {
  const plans = JSON.parse(Deno.args[0]!) as CrashedGraph[];
  let left = plans.filter(({ step }) => step !== null).length;
  const onStopped = () => {
    if (--left === 0) Deno.kill(Deno.pid, "SIGKILL");
  };
  await Promise.all(plans.map((plan) => new CrashingGraph(plan, onStopped).run()));
}

if (import.meta.main) await main();
