/**
 * Finds a commit among the live branches by its id. Ids sort by time, and so do the slots of a log and the incarnations of
 * branches, as far as the clocks of their writers agree: that is where is looked first, and what is found elsewhere takes
 * longer.
 */
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import { type BranchRef, listBranches, readRef } from "./branches.ts";
import type { CommitHistory, FoundCommit } from "./history.ts";
import type { CommitPlace } from "./lineage.ts";
import { BranchLog } from "./log.ts";
import type { OpenBranch } from "./open_branches.ts";

/** A commit, and the branch that it was written on. */
export interface LocatedCommit {
  readonly owner: OpenBranch;
  readonly place: CommitPlace;
}

/** What commits are found with. */
export interface CommitFinderOptions {
  readonly store: ObjectStore;
  readonly history: CommitHistory;
  /** A live branch that is open already, or null. */
  readonly openBranch: (name: string) => Promise<OpenBranch | null>;
  /** A live branch, which is opened when it is not. */
  readonly findBranch: (name: string) => Promise<OpenBranch | null>;
}

/** The log of a branch up to its head. */
interface Candidate {
  readonly ref: BranchRef;
  readonly log: BranchLog;
  readonly slot: number;
}

/** Commits whose branches are remembered. */
const OWNERS_MAX = 4096;
/** Branches looked at together. */
const PARALLEL_BRANCHES = 32;

/** Finds commits, and remembers where. */
export class CommitFinder {
  readonly #options: CommitFinderOptions;
  /** Names of the branches that commits were found on, a guess: names may have passed on. */
  readonly #owners = new Map<string, string>();

  constructor(options: CommitFinderOptions) {
    this.#options = options;
  }

  /**
   * A commit of any live branch: on the branches that were there when it was made, main first, where it should be; then
   * there on the others; and only then everywhere. Throws `AppError("commit_not_found")`.
   */
  async find(id: string): Promise<LocatedCommit> {
    const { history } = this.#options;
    const known = this.#owners.get(id) ?? MAIN;
    const likely = await this.#candidate(known);
    const again = likely === null ? null : await this.#near(likely, id);
    if (again !== null) return again;
    const candidates = await this.#candidates();
    // False sorts first.
    const inOrder = candidates.toSorted((a, b) =>
      Number(a.ref.incarnation > id) - Number(b.ref.incarnation > id)
    );
    for (const candidate of inOrder) {
      const near = await this.#near(candidate, id);
      if (near !== null) return near;
    }
    for (const { ref, log, slot } of inOrder) {
      const found = await history.find(ref, log, slot, id);
      const located = found === null ? null : await this.#locate(ref, id, found);
      if (located !== null) return located;
    }
    throw new AppError("commit_not_found", `commit '${id}' not found`);
  }

  /** The branches that have commits of their own. */
  async #candidates(): Promise<Candidate[]> {
    const names = await listBranches(this.#options.store);
    const candidates: Candidate[] = [];
    for (let start = 0; start < names.length; start += PARALLEL_BRANCHES) {
      const part = names.slice(start, start + PARALLEL_BRANCHES);
      for (const candidate of await Promise.all(part.map((name) => this.#candidate(name)))) {
        if (candidate !== null) candidates.push(candidate);
      }
    }
    return candidates;
  }

  /** Opening a branch reads what lies over its tables; its ref and its head are enough here. */
  async #candidate(name: string): Promise<Candidate | null> {
    const { store, openBranch } = this.#options;
    const open = await openBranch(name);
    const ref = open === null ? await readRef(store, name) : open.ref;
    if (ref === null) return null;
    const log = open === null ? new BranchLog(store, ref) : open.head.source.log;
    const slot = open === null ? await log.findHead() : open.head.known.slot;
    return slot === log.forkSlot ? null : { ref, log, slot };
  }

  async #near({ ref, log, slot }: Candidate, id: string): Promise<LocatedCommit | null> {
    const near = await this.#options.history.findNear(log, slot, id);
    return near === null ? null : await this.#locate(ref, id, near);
  }

  /** A found commit on its branch, unless that is gone. */
  async #locate(ref: BranchRef, id: string, found: FoundCommit): Promise<LocatedCommit | null> {
    const owner = await this.#options.findBranch(ref.name);
    if (owner?.ref.incarnation !== ref.incarnation) return null;
    this.#owners.set(id, ref.name);
    const oldest = this.#owners.keys().next().value;
    if (this.#owners.size > OWNERS_MAX && oldest !== undefined) this.#owners.delete(oldest);
    return { owner, place: { source: owner.head.source, ...found } };
  }
}
