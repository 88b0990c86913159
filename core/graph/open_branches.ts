/**
 * The open branches of one graph in this process: one head and one writer each, made on first use.
 *
 * Invariants: a registered branch has a stored ref that holds; a branch that is still being made is open but not
 * registered, so nobody else can see it. A branch that was deleted, by whomever, is forgotten at the next look, with its
 * commits; its name may belong to another branch then.
 */
import { formatDateTime } from "../base/temporal.ts";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { commitAsOf } from "./as_of.ts";
import { MAIN } from "./branch_name.ts";
import { branchNotFound, type BranchRef, forkRef, readRef, removeRef } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { CommitFinder } from "./commit_finder.ts";
import { removeFencesOf } from "./fence.ts";
import { forkHolds } from "./fork_check.ts";
import type { Ports } from "./graph_ports.ts";
import { BranchHead } from "./head.ts";
import { CommitHistory, newestCommit } from "./history.ts";
import type { CommitPlace } from "./lineage.ts";
import { BranchLog } from "./log.ts";
import type { LoggedState } from "./logged_state.ts";
import { BranchWriter } from "./publish.ts";
import { purgedTables } from "./purged_tables.ts";
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

/** An open snapshot, and the branch that its commit was written on. */
interface OpenSnapshot {
  readonly owner: OpenBranch;
  readonly state: LoggedState;
}

/** Snapshots of older commits that stay open. */
const SNAPSHOTS_MAX = 32;

/** Opens branches and commits of one graph. */
export class OpenBranches {
  readonly #options: OpenBranchesOptions;
  readonly #history: CommitHistory;
  readonly #finder: CommitFinder;
  readonly #branches = new Map<string, Promise<OpenBranch | null>>();
  readonly #snapshots = new Map<string, Promise<OpenSnapshot>>();
  /** What still runs on branches that are gone. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(options: OpenBranchesOptions) {
    this.#options = options;
    const { store } = options;
    this.#history = new CommitHistory(store);
    this.#finder = new CommitFinder({
      store,
      history: this.#history,
      openBranch: (name) => this.#branches.has(name) ? this.find(name) : Promise.resolve(null),
      findBranch: (name) => this.find(name),
    });
  }

  /** A live branch. Throws `AppError("branch_not_found")`. */
  async get(name: string): Promise<OpenBranch> {
    const branch = await this.find(name);
    if (branch === null) throw branchNotFound(name);
    return branch;
  }

  /** A live branch, or null. */
  async find(name: string): Promise<OpenBranch | null> {
    const known = this.#branches.get(name);
    if (known !== undefined) {
      const branch = await known;
      if (branch === null || await branch.head.look() !== null) return branch;
      await this.forget(branch);
    }
    let opening = this.#branches.get(name);
    if (opening === undefined) {
      opening = this.#open(name);
      this.#branches.set(name, opening);
      const drop = () => {
        if (this.#branches.get(name) === opening) this.#branches.delete(name);
      };
      opening.then((branch) => branch ?? drop(), drop);
    }
    return await opening;
  }

  /** Lets go of a branch whose log has ended, and finishes its deletion where that was not done. */
  async forget(branch: OpenBranch): Promise<void> {
    const { ref: { name, incarnation }, writer } = branch;
    if (await this.#branches.get(name) === branch) this.#branches.delete(name);
    this.#history.forget(incarnation);
    const leaving: Promise<void> = writer.close().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    await this.#finishDeletion(branch.ref);
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

  /** Whether the stored ref of a branch holds; `state` is the branch's own. */
  async holds(ref: BranchRef, state: LoggedState): Promise<boolean> {
    const { forkedFrom } = ref;
    if (forkedFrom === null) return true;
    const main = await this.#branches.get(MAIN) ?? null;
    const source = main?.ref.incarnation === forkedFrom.incarnation ? main.head : null;
    return await forkHolds(this.#options.store, ref, state.commit.schemaDigest, source);
  }

  /** Makes a branch known whose ref was stored. */
  register(branch: OpenBranch): void {
    this.#branches.set(branch.ref.name, Promise.resolve(branch));
  }

  /** Commits of a branch as shown outside, newest first. */
  async commits(name: string): ReturnType<CommitHistory["list"]> {
    const { ref, head } = await this.get(name);
    return await this.#history.list(ref, (await head.latest()).slot);
  }

  /** The record of a commit on any live branch. Throws `AppError("commit_not_found")`. */
  async commit(id: string): Promise<Commit> {
    const main = await this.get(MAIN);
    if (main.head.known.commit.id === id) return main.head.known.commit;
    const open = await this.#openSnapshotOf(id);
    return open === null ? (await this.place(id)).commit : open.commit;
  }

  /** Where a commit of any live branch is. Throws `AppError("commit_not_found")`. */
  async place(id: string): Promise<CommitPlace> {
    return (await this.#finder.find(id)).place;
  }

  /** Where the newest commit of a live branch is. Throws `AppError("branch_not_found")`. */
  async headPlace(name: string): Promise<CommitPlace> {
    const { head } = await this.get(name);
    const { source } = head;
    return { source, ...await newestCommit(source.log, (await head.latest()).slot) };
  }

  /** A commit of any live branch as a place to fork from: the branch it was written on, and its state. */
  async forkPoint(id: string): Promise<{ readonly owner: OpenBranch; readonly state: LoggedState }> {
    const { owner, place: { source, logged, commit } } = await this.#finder.find(id);
    return { owner, state: await openCommit(source, logged, commit) };
  }

  /** The state at a commit of any live branch. Throws `AppError("commit_not_found")`. */
  async snapshot(id: string): Promise<LoggedState> {
    return await this.#openSnapshotOf(id) ?? await this.#keep(id, this.forkPoint(id));
  }

  /**
   * The state of a live branch at a time, microseconds since the epoch; see `as_of.ts`.
   *
   * @throws AppError `branch_not_found`; `commit_not_found` when the branch begins later.
   */
  async stateAsOf(name: string, micros: number): Promise<LoggedState> {
    const owner = await this.get(name);
    const { head: { source }, head } = owner;
    const newest = await head.latest();
    if (newest.commit.createdAt <= micros) return newest;
    const found = await commitAsOf(source.log, newest.slot, micros);
    if (found !== null) {
      const { logged, commit } = found;
      return await this.#openSnapshotOf(commit.id) ??
        await this.#keep(commit.id, openCommit(source, logged, commit).then((state) => ({ owner, state })));
    }
    const time = formatDateTime(Math.floor(micros / 1000));
    throw new AppError(
      "commit_not_found",
      `branch '${name}' has no commit as of ${time}: the graph is younger`,
    );
  }

  /** Lets go of all open snapshots: a purge may have taken away what they show. */
  forgetSnapshots(): void {
    this.#snapshots.clear();
  }

  /** Starts no more background work, and waits for all writes and for what runs. */
  async settle(): Promise<void> {
    const branches = await Promise.allSettled(this.#branches.values());
    await Promise.all(
      branches.map((each) => each.status === "fulfilled" ? each.value?.writer.close() : null),
    );
    await Promise.allSettled([...this.#leaving, this.#history.settle()]);
  }

  /** Keeps a snapshot open for those who ask next. */
  async #keep(id: string, opening: Promise<OpenSnapshot>): Promise<LoggedState> {
    this.#snapshots.set(id, opening);
    opening.catch(() => this.#snapshots.delete(id));
    const oldest = this.#snapshots.keys().next().value;
    if (this.#snapshots.size > SNAPSHOTS_MAX && oldest !== undefined) this.#snapshots.delete(oldest);
    return (await opening).state;
  }

  /** A snapshot that is open, unless the branch that its commit was written on is gone. */
  async #openSnapshotOf(id: string): Promise<LoggedState | null> {
    const opening = this.#snapshots.get(id);
    if (opening === undefined) return null;
    // Map order is the order of use.
    this.#snapshots.delete(id);
    this.#snapshots.set(id, opening);
    const { owner, state } = await opening;
    if (await this.find(owner.ref.name) === owner) return state;
    this.#snapshots.delete(id);
    return null;
  }

  async #open(name: string): Promise<OpenBranch | null> {
    const { store } = this.#options;
    const ref = await readRef(store, name);
    if (ref === null) return null;
    const source = this.#sourceOf(ref);
    const slot = await source.log.findHead();
    if (slot === 0) return null;
    const state = await openSlot(source, slot);
    if (state.commit.operation === "end") {
      await this.#finishDeletion(ref);
      return null;
    }
    if (await this.holds(ref, state)) return this.#make(ref, source, state);
    await removeRef(store, ref);
    return null;
  }

  async #finishDeletion(ref: BranchRef): Promise<void> {
    await removeRef(this.#options.store, ref);
    await removeFencesOf(this.#options.store, ref.incarnation);
  }

  #sourceOf(ref: BranchRef): SnapshotSource {
    const { store, schemas } = this.#options;
    return {
      log: new BranchLog(store, ref),
      catalogOf: async (digest) => (await schemas.load(digest)).catalog,
      purgedTables: () => purgedTables(store),
    };
  }

  #make(ref: BranchRef, source: SnapshotSource, state: LoggedState): OpenBranch {
    const { cache, tables, store, ports, onBackgroundError } = this.#options;
    const head = new BranchHead(ref, source, state);
    return { ref, head, writer: new BranchWriter({ head, cache, tables, store, ports, onBackgroundError }) };
  }
}
