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
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import { dueTables } from "./fold.ts";
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

/** A fold rests this many times its own duration before the next one starts. */
const REST_FACTOR = 4;
/** Rest after a failed fold, milliseconds. */
const REST_AFTER_FAILURE_MS = 1000;

/** Starts and finishes the folds of one branch. */
export class FoldRunner {
  readonly #options: FoldOptions;
  #restUntilMs = 0;
  #current: { readonly publish: () => Promise<void>; readonly done: Promise<void> } | null = null;

  constructor(options: FoldOptions) {
    this.#options = options;
  }

  /** Settles when the running fold is over; null when none runs. */
  get running(): Promise<void> | null {
    return this.#current?.done ?? null;
  }

  /** Starts a fold of the tables that are due, unless one runs or rests. */
  consider(state: LoggedState): void {
    const { head, ports } = this.#options;
    if (this.#current !== null || ports.clock.nowMs() < this.#restUntilMs) return;
    const due = dueTables(state, head.source.log.forkSlot);
    if (due.length > 0) this.#start(state, due);
  }

  /** Called while holding the turn: publishes a running fold now. Returns whether there was one. */
  async finish(): Promise<boolean> {
    const current = this.#current;
    if (current === null) return false;
    await current.publish();
    return true;
  }

  #start(state: LoggedState, due: readonly TypeKey[]): void {
    const { ports, takeTurn, tableCommits, onBackgroundError } = this.#options;
    const startedMs = ports.clock.nowMs();
    const written = writeTables(state, due.map((key) => [key, null] as const), tableCommits);
    let publishing: Promise<void> | null = null;
    const publish = () =>
      publishing ??= written.then((pins) => this.#publish(state, pins)).then(
        () => {
          const nowMs = ports.clock.nowMs();
          this.#restUntilMs = nowMs + (nowMs - startedMs) * REST_FACTOR;
        },
        (error) => {
          this.#restUntilMs = ports.clock.nowMs() + REST_AFTER_FAILURE_MS;
          onBackgroundError(error);
        },
      ).then(() => void (this.#current = null));
    const { promise: done, resolve } = Promise.withResolvers<void>();
    this.#current = { publish, done };
    // A large commit may have published the fold before its own turn comes; then the turn does nothing.
    written.catch(() => {}).then(() => takeTurn(() => publish().then(resolve)));
  }

  async #publish(state: LoggedState, written: ReadonlyMap<TypeKey, TablePin | null>): Promise<void> {
    const { head, cache, ports, append } = this.#options;
    await ports.failpoint("fold.tables_written");
    for (let attempt = 1; attempt <= WRITE_ATTEMPTS_MAX; attempt++) {
      const base = await head.latest();
      const pins = new Map<TypeKey, TablePin>();
      for (const [key, pin] of written) {
        const then = state.tables.get(key);
        const now = base.tables.get(key);
        if (pin !== null && then && now && samePin(then.pin, now.pin)) pins.set(key, pin);
      }
      if (pins.size === 0) return;
      for (const [key, pin] of pins) cache.rebase(key, state.tables.get(key)!, pin);
      if (await append(planFold(base, base.slot + 1, state.slot, pins))) return;
    }
  }
}
