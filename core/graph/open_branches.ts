/**
 * The open branches of one graph in this process: one head and one writer each, made on first use.
 *
 * Invariant: a registered branch has a stored ref; a branch that is still being made by a forking load is open but not
 * registered, so nobody else can see it.
 */
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { commitAsOf } from "./as_of.ts";
import { branchNotFound, type BranchRef, forkRef, listBranches, readRef } from "./branches.ts";
import type { Commit } from "./commit.ts";
import type { Ports } from "./graph_ports.ts";
import { BranchHead } from "./head.ts";
import { CommitHistory, newestCommit } from "./history.ts";
import type { CommitPlace } from "./lineage.ts";
import { BranchLog } from "./log.ts";
import type { LoggedState } from "./logged_state.ts";
import { BranchWriter } from "./publish.ts";
import type { TableCache } from "./read/table_cache.ts";
import type { SchemaStore } from "./schemas.ts";
import { openCommit, openSlot, type SnapshotSource } from "./snapshot.ts";

/** What branches are opened with. */
export interface OpenBranchesOptions {
  readonly store: ObjectStore;
  readonly tables: TableStore;
  readonly cache: TableCache;
  readonly schemas: SchemaStore;
  readonly ports: Ports;
  readonly onBackgroundError: (error: unknown) => void;
}

/** One open branch. */
export interface OpenBranch {
  readonly ref: BranchRef;
  readonly head: BranchHead;
  readonly writer: BranchWriter;
}

/** Snapshots of older commits that stay open. */
const SNAPSHOTS_MAX = 32;

/** Opens branches and commits of one graph. */
export class OpenBranches {
  readonly #options: OpenBranchesOptions;
  readonly #history = new CommitHistory();
  readonly #branches = new Map<string, Promise<OpenBranch | null>>();
  readonly #snapshots = new Map<string, Promise<LoggedState>>();

  constructor(options: OpenBranchesOptions) {
    this.#options = options;
  }

  /** A live branch. Throws `AppError("branch_not_found")`. */
  async get(name: string): Promise<OpenBranch> {
    const branch = await this.find(name);
    if (branch === null) throw branchNotFound(name);
    return branch;
  }

  /** A live branch, or null. */
  find(name: string): Promise<OpenBranch | null> {
    let opening = this.#branches.get(name);
    if (opening === undefined) {
      opening = this.#open(name);
      this.#branches.set(name, opening);
      const forget = () => {
        if (this.#branches.get(name) === opening) this.#branches.delete(name);
      };
      opening.then((branch) => branch ?? forget(), forget);
    }
    return opening;
  }

  /** Opens a new branch at a state of another one. Its ref is not stored yet. */
  fork(options: {
    readonly name: string;
    readonly source: BranchRef;
    readonly head: LoggedState;
    readonly actor: string | null;
  }): OpenBranch {
    const { clock, newId } = this.#options.ports;
    const ref = forkRef({ ...options, incarnation: newId(), clock });
    return this.#make(ref, this.#sourceOf(ref), options.head);
  }

  /** Makes a branch known whose ref was stored. */
  register(branch: OpenBranch): void {
    this.#branches.set(branch.ref.name, Promise.resolve(branch));
  }

  /** Commits of a branch as shown outside, newest first. */
  async commits(name: string): ReturnType<CommitHistory["list"]> {
    const { ref, head } = await this.get(name);
    return await this.#history.list(ref, head.source.log, (await head.latest()).slot);
  }

  /** The record of a commit on any live branch. Throws `AppError("commit_not_found")`. */
  async commit(id: string): Promise<Commit> {
    const main = await this.get("main");
    if (main.head.known.commit.id === id) return main.head.known.commit;
    // An open snapshot is of a live branch, and a commit never changes.
    const open = this.#snapshots.get(id);
    if (open !== undefined) return (await open).commit;
    return (await this.place(id)).commit;
  }

  /** Where the newest commit of a live branch is. Throws `AppError("branch_not_found")`. */
  async headPlace(name: string): Promise<CommitPlace> {
    const { head } = await this.get(name);
    const { source } = head;
    return { source, ...await newestCommit(source.log, (await head.latest()).slot) };
  }

  /** The state at a commit of any live branch. Throws `AppError("commit_not_found")`. */
  snapshot(id: string): Promise<LoggedState> {
    return this.#kept(id, () => this.#openSnapshot(id));
  }

  /** The open snapshot of a commit, opened when it is not. */
  #kept(id: string, open: () => Promise<LoggedState>): Promise<LoggedState> {
    let opening = this.#snapshots.get(id);
    if (opening === undefined) opening = open();
    else this.#snapshots.delete(id);
    // Map order is the order of use.
    this.#snapshots.set(id, opening);
    opening.catch(() => this.#snapshots.delete(id));
    const oldest = this.#snapshots.keys().next().value;
    if (this.#snapshots.size > SNAPSHOTS_MAX && oldest !== undefined) this.#snapshots.delete(oldest);
    return opening;
  }

  /**
   * The state of a live branch at a time, microseconds since the epoch; see `as_of.ts`.
   *
   * @throws AppError `branch_not_found`; `commit_not_found` when the branch begins later.
   */
  async stateAsOf(name: string, micros: number): Promise<LoggedState> {
    const { ref, head: { source }, head } = await this.get(name);
    const newest = await head.latest();
    if (newest.commit.createdAt <= micros) return newest;
    const found = await commitAsOf({ ref, log: source.log, head: newest }, micros);
    if (found !== null) {
      return await this.#kept(found.commit.id, () => openCommit(source, found.logged, found.commit));
    }
    const time = new Date(micros / 1000).toISOString();
    throw new AppError(
      "commit_not_found",
      `branch '${name}' has no commit as of ${time}: the graph is younger`,
    );
  }

  /** Waits for all writes and background work. */
  async settle(): Promise<void> {
    const branches = await Promise.allSettled(this.#branches.values());
    await Promise.all(
      branches.map((each) => each.status === "fulfilled" ? each.value?.writer.settle() : null),
    );
  }

  async #openSnapshot(id: string): Promise<LoggedState> {
    const { source, logged, commit } = await this.place(id);
    return await openCommit(source, logged, commit);
  }

  /**
   * Where a commit of any live branch is. Throws `AppError("commit_not_found")`. Looks first where the commit should be on
   * each branch, main first, and only then everywhere.
   */
  async place(id: string): Promise<CommitPlace> {
    const names = await listBranches(this.#options.store);
    const seen: { branch: OpenBranch; slot: number }[] = [];
    for (const name of ["main", ...names.filter((name) => name !== "main")]) {
      const branch = await this.find(name);
      if (branch === null) continue;
      const { head } = branch;
      const { slot } = await head.latest();
      const near = await this.#history.findNear(head.source.log, slot, id);
      if (near !== null) return { source: head.source, ...near };
      seen.push({ branch, slot });
    }
    for (const { branch: { ref, head: { source } }, slot } of seen) {
      const found = await this.#history.find(ref, source.log, slot, id);
      if (found !== null) return { source, ...found };
    }
    throw new AppError("commit_not_found", `commit '${id}' not found`);
  }

  async #open(name: string): Promise<OpenBranch | null> {
    const ref = await readRef(this.#options.store, name);
    if (ref === null) return null;
    const source = this.#sourceOf(ref);
    const slot = await source.log.findHead();
    return slot === 0 ? null : this.#make(ref, source, await openSlot(source, slot));
  }

  #sourceOf(ref: BranchRef): SnapshotSource {
    const { store, schemas } = this.#options;
    return {
      log: new BranchLog(store, ref),
      catalogOf: async (digest) => (await schemas.load(digest)).catalog,
    };
  }

  #make(ref: BranchRef, source: SnapshotSource, state: LoggedState): OpenBranch {
    const { cache, tables, store, ports, onBackgroundError } = this.#options;
    const head = new BranchHead(ref, source, state);
    return { ref, head, writer: new BranchWriter({ head, cache, tables, store, ports, onBackgroundError }) };
  }
}
