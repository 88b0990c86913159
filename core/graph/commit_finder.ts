/**
 * Finds a commit among the live branches by its id. Ids sort by time, and so do the slots of a log and the incarnations of
 * branches, as far as the clocks of their writers agree: that is where is looked first, and what is found elsewhere takes
 * longer.
 */
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import { listBranches } from "./branches.ts";
import type { CommitHistory } from "./history.ts";
import type { CommitPlace } from "./lineage.ts";
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
  /** A live branch, its head known, or null. */
  readonly findBranch: (name: string) => Promise<OpenBranch | null>;
}

/** Commits whose branches are remembered. */
const OWNERS_MAX = 4096;

/** Finds commits, and remembers where. */
export class CommitFinder {
  readonly #options: CommitFinderOptions;
  /** Names of the branches that commits were found on, a guess: names may have passed on. */
  readonly #owners = new Map<string, string>();

  constructor(options: CommitFinderOptions) {
    this.#options = options;
  }

  /**
   * A commit of any live branch: on the branches that were written to when it was made, main first, where it should be;
   * then there on the others; and only then everywhere. Throws `AppError("commit_not_found")`.
   */
  async find(id: string): Promise<LocatedCommit> {
    const { store, history, findBranch } = this.#options;
    const known = this.#owners.get(id);
    const owner = known === undefined ? null : await findBranch(known);
    const again = owner === null ? null : await this.#near(owner, id);
    if (again !== null) return again;
    const others: OpenBranch[] = [];
    const live: OpenBranch[] = [];
    const names = await listBranches(store);
    for (const name of [MAIN, ...names.filter((name) => name !== MAIN)]) {
      const owner = await findBranch(name);
      if (owner === null) continue;
      live.push(owner);
      const { ref, head } = owner;
      const wasWritten = ref.incarnation <= id && id <= head.known.commit.id;
      if (!wasWritten) others.push(owner);
      const near = wasWritten ? await this.#near(owner, id) : null;
      if (near !== null) return near;
    }
    for (const owner of others) {
      const near = await this.#near(owner, id);
      if (near !== null) return near;
    }
    for (const owner of live) {
      const { ref, head: { source, known } } = owner;
      const found = await history.find(ref, source.log, known.slot, id);
      if (found !== null) return { owner, place: { source, ...found } };
    }
    throw new AppError("commit_not_found", `commit '${id}' not found`);
  }

  async #near(owner: OpenBranch, id: string): Promise<LocatedCommit | null> {
    const { source, known } = owner.head;
    const near = await this.#options.history.findNear(source.log, known.slot, id);
    if (near === null) return null;
    this.#owners.set(id, owner.ref.name);
    const oldest = this.#owners.keys().next().value;
    if (this.#owners.size > OWNERS_MAX && oldest !== undefined) this.#owners.delete(oldest);
    return { owner, place: { source, ...near } };
  }
}
