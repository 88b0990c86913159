/**
 * Runs folds of one branch in the background.
 *
 * A fold writes the tables of a captured state beside all small commits, then takes a turn and restates the head with the
 * new pins: deltas that arrived meanwhile stay over them. It is published through the same create-if-absent as every
 * write, and dropped for tables that another writer repinned.
 *
 * Invariants: at most one fold per branch and process; a large commit finishes a running fold before it writes tables,
 * so the two never write one table at once; a failed fold loses nothing, the deltas stay where they are.
 */
import { must } from "../base/assert.ts";
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import { dueTables, isOverdue } from "./fold.ts";
import type { Ports } from "./graph_ports.ts";
import type { BranchHead } from "./head.ts";
import { type LoggedState, samePin } from "./logged_state.ts";
import { planFold, type PlannedCommit } from "./plan_commit.ts";
import type { TableCache } from "./read/table_cache.ts";
import { type TableCommitOptions, writeTables } from "./table_commits.ts";

/** What folding works with. */
export interface FoldOptions {
  readonly head: BranchHead;
  readonly cache: Pick<TableCache, "rebase">;
  readonly ports: Ports;
  readonly tableCommits: TableCommitOptions;
  readonly onBackgroundError: (error: unknown) => void;
  /** Publishes the next slot; only called while holding the turn. */
  readonly append: (planned: PlannedCommit) => Promise<boolean>;
  /** Queues a turn. */
  readonly takeTurn: (turn: () => Promise<void>) => void;
}

/** A fold rests this many times the duration of its writing before the next one starts, unless a table is overdue. */
const REST_FACTOR = 4;
/** The longest rest, milliseconds: clocks are set, and a fold that seemed to take an hour must not stop folding for four. */
const REST_MS_MAX = 10_000;
/** Rest after a failed fold, milliseconds. */
const REST_AFTER_FAILURE_MS = 1000;

/** Starts and finishes the folds of one branch. */
export class FoldRunner {
  readonly #options: FoldOptions;
  #restFromMs = 0;
  #restMs = 0;
  #hasFailed = false;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #current: { readonly publish: () => Promise<void>; readonly done: Promise<void> } | null = null;

  constructor(options: FoldOptions) {
    this.#options = options;
  }

  /** Settles when the running fold is over; null when none runs. */
  get running(): Promise<void> | null {
    return this.#current?.done ?? null;
  }

  /** Starts a fold of the tables that are due, at once or, unless they are overdue, after the rest. */
  consider(state: LoggedState): void {
    const { head } = this.#options;
    if (this.#current !== null || this.#isStopped || state.commit.operation === "end") return;
    const due = dueTables(state, head.source.log.forkSlot);
    if (due.length === 0) return;
    const restMs = this.#restLeftMs();
    if (restMs === 0 || (!this.#hasFailed && isOverdue(state, due))) return this.#start(state, due);
    this.#considerIn(restMs);
  }

  /** No fold starts any more; one that runs goes on. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Called while holding the turn: publishes a running fold now. Returns whether there was one. */
  async finish(): Promise<boolean> {
    const current = this.#current;
    if (current === null) return false;
    await current.publish();
    return true;
  }

  /** A clock that was set back ends the rest. */
  #restLeftMs(): number {
    const restedMs = this.#options.ports.clock.nowMs() - this.#restFromMs;
    return restedMs >= 0 ? Math.max(0, this.#restMs - restedMs) : 0;
  }

  /** What a burst of writes left unfolded must not wait for the next write. A process may end meanwhile. */
  #considerIn(restMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.consider(this.#options.head.known);
    }, restMs);
    Deno.unrefTimer(this.#timer);
  }

  #rest(durationMs: number, hasFailed: boolean): void {
    this.#hasFailed = hasFailed;
    this.#restFromMs = this.#options.ports.clock.nowMs();
    this.#restMs = Math.min(Math.max(durationMs, 0), REST_MS_MAX);
  }

  #start(state: LoggedState, due: readonly TypeKey[]): void {
    const { ports, takeTurn, onBackgroundError } = this.#options;
    const startedMs = ports.clock.nowMs();
    let durationMs = 0;
    const written = this.#write(state, due).finally(() => durationMs = ports.clock.nowMs() - startedMs);
    let publishing: Promise<void> | null = null;
    const publish = () =>
      publishing ??= written.then((pins) => this.#publish(state, pins)).then(
        () => this.#rest(durationMs * REST_FACTOR, false),
        (error) => {
          this.#rest(REST_AFTER_FAILURE_MS, true);
          onBackgroundError(error);
        },
      ).then(() => {
        this.#current = null;
        this.consider(this.#options.head.known);
      });
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#current = { publish, done };
    // A large commit may have published the fold before its own turn comes; then the turn does nothing.
    written.catch(() => {}).then(() => takeTurn(() => publish().then(resolve)));
  }

  /** Writes the tables and lets the cache know the new pins, all beside the commits that go on meanwhile. */
  async #write(state: LoggedState, due: readonly TypeKey[]): Promise<ReadonlyMap<TypeKey, TablePin | null>> {
    const { cache, tableCommits } = this.#options;
    const written = await writeTables(state, due.map((key) => [key, null] as const), tableCommits);
    await Promise.all([...written].map(async ([key, pin]) => {
      if (pin !== null) await cache.rebase(key, must(state.tables.get(key), `${key} has a table`), pin);
    }));
    return written;
  }

  async #publish(state: LoggedState, written: ReadonlyMap<TypeKey, TablePin | null>): Promise<void> {
    const { head, ports, append } = this.#options;
    await ports.failpoint("fold.tables_written");
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS_MAX; attempt++) {
      const base = await head.look();
      // A branch that was deleted needs no fold.
      if (base === null) return;
      // What was written has the columns of the schema it was written under.
      if (base.commit.schemaDigest !== state.commit.schemaDigest) return;
      const pins = new Map<TypeKey, TablePin>();
      for (const [key, pin] of written) {
        const then = state.tables.get(key);
        const now = base.tables.get(key);
        if (pin !== null && then && now && samePin(then.pin, now.pin)) pins.set(key, pin);
      }
      if (pins.size === 0) return;
      if (await append(planFold(base, base.slot + 1, state.slot, pins))) return;
    }
  }
}
