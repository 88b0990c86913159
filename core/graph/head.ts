/**
 * The newest known state of one branch in this process.
 *
 * Invariants: the state only moves forward; {@linkcode BranchHead.look} returns a state that was the newest at some
 * moment after the call began, whoever wrote it. Own publishes hand over the state they made, so that nothing is decoded
 * twice. Once the log has ended, the branch is gone for good.
 */
import { must } from "../base/assert.ts";
import { branchNotFound, type BranchRef } from "./branches.ts";
import { branchDeleted } from "./conflicts.ts";
import { type LoggedState, stateAfterSlot } from "./logged_state.ts";
import { openSlot, type SnapshotSource } from "./snapshot.ts";

/** Slots behind the newest from which opening anew beats stepping. */
const STEPS_MAX = 64;

/** Follows the head of a branch. */
export class BranchHead {
  readonly ref: BranchRef;
  readonly source: SnapshotSource;
  #state: LoggedState;
  #refreshing: Promise<void> | null = null;
  #publishing: Promise<unknown> | null = null;

  constructor(ref: BranchRef, source: SnapshotSource, state: LoggedState) {
    this.ref = ref;
    this.source = source;
    this.#state = state;
  }

  /** The state known without looking. */
  get known(): LoggedState {
    return this.#state;
  }

  /** The newest state. Throws `AppError("branch_not_found")` when the branch was deleted. */
  async latest(): Promise<LoggedState> {
    const state = await this.look();
    if (state === null) throw branchNotFound(this.ref.name);
    return state;
  }

  /**
   * The newest state, for a write that was accepted while the branch was live. Throws `AppError("write_conflict")` when it
   * was deleted meanwhile.
   */
  async latestForWrite(): Promise<LoggedState> {
    const state = await this.look();
    if (state === null) throw branchDeleted(this.ref);
    return state;
  }

  /**
   * The newest state, or null when the branch was deleted: one cheap look whether the next slot exists, and only then
   * reading.
   */
  async look(): Promise<LoggedState | null> {
    while (!this.#hasEnded()) {
      const state = this.#state;
      if (!await this.source.log.exists(state.slot + 1)) break;
      if (this.#state !== state) continue;
      if (this.#publishing !== null) await this.#publishing;
      if (this.#state === state) await (this.#refreshing ??= this.#refresh());
    }
    return this.#hasEnded() ? null : this.#state;
  }

  /** Hands over the state of an own publish. */
  adopt(state: LoggedState): void {
    if (state.slot > this.#state.slot) this.#state = state;
  }

  /**
   * Announces a publish of the next slot while it runs: readers that see its object wait for {@linkcode adopt} instead of
   * decoding it again.
   */
  async whilePublishing<T>(publish: () => Promise<T>): Promise<T> {
    const running = publish();
    const settled = running.then(() => {}, () => {});
    this.#publishing = settled;
    try {
      return await running;
    } finally {
      if (this.#publishing === settled) this.#publishing = null;
    }
  }

  #hasEnded(): boolean {
    return this.#state.commit.operation === "end";
  }

  async #refresh(): Promise<void> {
    try {
      const { log } = this.source;
      if (await log.exists(this.#state.slot + STEPS_MAX)) {
        this.adopt(await openSlot(this.source, await log.findHead(this.#state.slot + STEPS_MAX)));
      }
      for (let next = await log.read(this.#state.slot + 1); next !== null;) {
        const commit = must(next.commits.at(-1), "a log object has commits");
        const catalog = await this.source.catalogOf(commit.schemaDigest);
        if (next.slot === this.#state.slot + 1) {
          this.adopt(stateAfterSlot(this.#state, next, catalog, (slot) => log.keyOf(slot)));
        }
        next = await log.read(this.#state.slot + 1);
      }
    } finally {
      this.#refreshing = null;
    }
  }
}
