/**
 * The commit log of one branch: `__manifest/log/<incarnation>/<slot>.json`.
 *
 * Invariants: slots have no gaps and are never removed, and only a purge rewrites them, without some rows, so "slot s
 * exists" is monotone: it holds up to the head and nowhere after it. Creating a slot is the only commit point. The hint is a guess that saves probes; a wrong or
 * missing one costs time, never correctness.
 */
import { assert } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { BranchRef } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { decodeLogObject } from "./commit_codec.ts";

/** One log object, decoded. */
export interface LogSlot {
  readonly slot: number;
  /** Oldest first, at least one. */
  readonly commits: readonly Commit[];
}

/** What the log needs from a store. */
export type LogStore = Pick<ObjectStore, "get" | "exists" | "put" | "putIfAbsent">;

/** Objects read at the same time. */
const PARALLEL_READS = 32;
/** Looks at a slot whose put failed with an unknown outcome. */
const DECIDE_ATTEMPTS_MAX = 3;

/** Folder of the log of an incarnation. */
export function logFolder(incarnation: string): string {
  return `__manifest/log/${incarnation}`;
}

/** Key of a slot in the log of an incarnation. */
export function logKey(incarnation: string, slot: number): string {
  return `${logFolder(incarnation)}/${slot}.json`;
}

/** A slot in the log of an incarnation, with all its commits; null when it is empty. */
export async function readSlot(
  store: Pick<LogStore, "get">,
  incarnation: string,
  slot: number,
): Promise<LogSlot | null> {
  const key = logKey(incarnation, slot);
  const found = await store.get(key);
  return found === null ? null : { slot, commits: decodeLogObject(found.bytes, key) };
}

/** Reads and extends the log of one branch; inherited slots are read from the logs of its sources. */
export class BranchLog {
  readonly #store: LogStore;
  readonly #ref: BranchRef;
  /** The last inherited slot; 0 on main. */
  readonly forkSlot: number;

  constructor(store: LogStore, ref: BranchRef) {
    this.#store = store;
    this.#ref = ref;
    this.forkSlot = ref.forkedFrom?.slot ?? 0;
  }

  /** Key of the object that holds a slot of this branch. */
  keyOf(slot: number): string {
    return logKey(this.#ownerOf(slot), slot);
  }

  /** The incarnation in whose log a slot is. */
  #ownerOf(slot: number): string {
    let { incarnation } = this.#ref;
    for (const ancestor of this.#ref.ancestry) {
      if (slot > ancestor.slot) break;
      ({ incarnation } = ancestor);
    }
    return incarnation;
  }

  /** Whether the slot is filled. */
  exists(slot: number): Promise<boolean> {
    return this.#store.exists(this.keyOf(slot));
  }

  /** The commits of a slot that belong to this branch, or null when the slot is empty. */
  async read(slot: number): Promise<LogSlot | null> {
    const logged = await readSlot(this.#store, this.#ownerOf(slot), slot);
    if (logged === null || slot > this.forkSlot) return logged;
    // A branch that was forked from the middle of a slot inherits the commits up to there.
    let last = Infinity;
    for (const ancestor of this.#ref.ancestry) {
      if (ancestor.slot === slot) last = Math.min(last, ancestor.sequence);
    }
    const commits = logged.commits.filter(({ sequence }) => sequence <= last);
    if (commits.length === logged.commits.length) return logged;
    assert(commits.length > 0, "a branch is forked at a commit of its fork slot");
    return { slot, commits };
  }

  /** The slots `from` to `to`, ascending, which must all be filled. Throws `AppError("integrity_error")` for a gap. */
  async readRange(from: number, to: number): Promise<LogSlot[]> {
    const slots: LogSlot[] = [];
    for (let start = from; start <= to; start += PARALLEL_READS) {
      const count = Math.min(PARALLEL_READS, to - start + 1);
      const part = await Promise.all(Array.from({ length: count }, (_, i) => this.read(start + i)));
      part.forEach((found, i) => {
        if (found !== null) return slots.push(found);
        throw new AppError(
          "integrity_error",
          `\`${this.keyOf(start + i)}\` is missing: the log has a gap, restore the object from a copy`,
        );
      });
    }
    return slots;
  }

  /**
   * The newest filled slot, `known` or later; 0 when the log is empty. `known` is a slot that exists (or the fork slot).
   * Doubling steps, then halving: about 2·log2(n) probes after the hint.
   */
  async findHead(known = this.forkSlot): Promise<number> {
    let low = Math.max(known, this.forkSlot);
    const hint = await this.#hint();
    if (hint > low && await this.exists(hint)) low = hint;
    let step = 1;
    while (await this.exists(low + step)) {
      low += step;
      step *= 2;
    }
    let high = low + step;
    while (high - low > 1) {
      const middle = low + ((high - low) >> 1);
      if (await this.exists(middle)) low = middle;
      else high = middle;
    }
    return low;
  }

  /**
   * Fills a slot unless it is filled: the commit point. Returns whether this is in the slot now, durably. After an
   * error the slot itself decides.
   *
   * @throws AppError `outcome_unknown` when even that could not be read, or not be made durable; `integrity_error` when
   * the slot before is gone, because a log whose beginning somebody removed must not go on as if nothing had happened.
   */
  async append(slot: number, bytes: Uint8Array, operationId: string): Promise<boolean> {
    const key = this.keyOf(slot);
    if (slot > 1 && !await this.exists(slot - 1)) {
      throw new AppError(
        "integrity_error",
        `\`${this.keyOf(slot - 1)}\` is missing: the graph was removed or damaged, nothing was written`,
      );
    }
    let failure: unknown;
    try {
      if (await this.#store.putIfAbsent(key, bytes) !== null) return true;
    } catch (error) {
      failure = error;
    }
    let cause = failure;
    // A store that repeats requests by itself may have lost against its own first attempt: bytes tell.
    for (let attempt = 1;; attempt++) {
      try {
        const found = await this.#store.get(key);
        if (found !== null) {
          const isOurs = equalBytes(found.bytes, bytes) || endsWith(found.bytes, operationId);
          // The put may have failed between writing and syncing. A synced write beside the slot syncs their folder.
          if (isOurs && failure !== undefined) await this.putHint(slot);
          return isOurs;
        }
        // It may still be on its way, although the slot is empty now.
        if (isUndecided(failure)) break;
        if (failure !== undefined) throw failure;
        throw new AppError("storage_error", `\`${key}\` was taken and is missing now: check the storage`);
      } catch (error) {
        if (error === failure) throw error;
        cause ??= error;
        if (attempt === DECIDE_ATTEMPTS_MAX) break;
      }
    }
    throw new AppError(
      "outcome_unknown",
      `commit ${operationId}: the storage did not say whether it was published, look it up before you repeat it`,
      { detail: { recovery_required: { operation_id: operationId } }, cause },
    );
  }

  /** Records a filled slot as a starting point for finding the head. */
  async putHint(slot: number): Promise<void> {
    await this.#store.put(this.#hintKey(), new TextEncoder().encode(`{"slot":${slot}}`));
  }

  async #hint(): Promise<number> {
    const found = await this.#store.get(this.#hintKey());
    if (found === null) return 0;
    const match = /^\{"slot":([0-9]{1,15})\}$/.exec(new TextDecoder().decode(found.bytes));
    return match === null ? 0 : Number(match[1]);
  }

  #hintKey(): string {
    return `__manifest/log/${this.#ref.incarnation}/hint.json`;
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Whether the last commit of a slot has this id and was made by who made the id: bytes differ when a purge has taken rows
 * out since. A record that restates a commit may be anybody's.
 */
function endsWith(bytes: Uint8Array, commitId: string): boolean {
  const { commits } = JSON.parse(new TextDecoder().decode(bytes)) as { readonly commits?: readonly Commit[] };
  const last = commits?.at(-1);
  return last?.id === commitId && last.operation !== "fold" && last.operation !== "end";
}

/** Whether a failed put may have happened or may still happen. */
function isUndecided(error: unknown): boolean {
  return error instanceof AppError && error.code === "outcome_unknown";
}
