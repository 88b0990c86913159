/**
 * The one write path of a branch: capture the head, decide on values, publish by creating the next log slot.
 *
 *   request ── captured head ──> staged change set ──> planned commit ──> slot n+1 (create-if-absent) ──> acknowledged
 *
 * Invariants:
 * - One turn at a time: whoever holds the turn is the only one of this process that appends to the branch's log.
 * - A turn groups queued requests: each is staged on the state after the one before it, all are published in one object.
 *   Large commits and folds have a turn of their own.
 * - Whatever was decided on a state that is not published yet (also a refusal) is told only once that state is published;
 *   otherwise it is decided again.
 * - Nothing is acknowledged before the put of its slot returned.
 *
 * | a request meets a head other than the captured one | outcome                                          |
 * | conditional                                        | 412 unless the head is the named commit          |
 * | retry "redo"                                       | staged again, at most 32 times, then 409         |
 * | retry "fail"                                       | 409, unless it changes nothing                   |
 * | any, and the branch was deleted                    | 409                                              |
 */
import { GROUP_BYTES_MAX, GROUP_COMMITS_MAX, WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { Appender } from "./append.ts";
import type { BranchHead } from "./head.ts";
import type { Commit } from "./commit.ts";
import { preconditionFailed, writeConflict } from "./conflicts.ts";
import { FoldRunner } from "./fold_runner.ts";
import type { Ports } from "./graph_ports.ts";
import { LargeCommits, type LargeWrite } from "./large_commits.ts";
import type { LoggedState } from "./logged_state.ts";
import { type CommitFacts, effectiveChanges, planInline, type PlannedCommit } from "./plan_commit.ts";
import type { PublishRequest, SoleTurn } from "./publish_request.ts";
import type { TableCache } from "./read/table_cache.ts";
import type { TableCommitOptions } from "./table_commits.ts";
import type { ChangeSet } from "./write/change_set.ts";

/** What a branch writer works with. */
export interface BranchWriterOptions {
  readonly head: BranchHead;
  readonly cache: Pick<TableCache, "view" | "rebase" | "carry">;
  readonly tables: TableStore;
  /** Takes the ids that large commits touch. */
  readonly store: Pick<ObjectStore, "put" | "line">;
  readonly ports: Ports;
  /** Hears of failures that no caller waits for: folds and hints. */
  readonly onBackgroundError: (error: unknown) => void;
}

/** A queued request. */
interface Job {
  readonly request: PublishRequest;
  /** The head when the request arrived. */
  readonly captured: LoggedState;
  /** Lost races so far. */
  attempts: number;
  /** What was staged last, and on which commit. */
  staged: { readonly on: string; readonly changes: Promise<ChangeSet | null> } | null;
  resolve(commit: Commit | null): void;
  reject(error: unknown): void;
}

type Outcome =
  | { readonly kind: "inline"; readonly planned: PlannedCommit }
  | { readonly kind: "large"; readonly changes: ChangeSet }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly error: unknown };

/** A decided request of a group. */
interface Member {
  readonly job: Job;
  readonly outcome: Exclude<Outcome, { kind: "large" }>;
}

/** Publishes commits on one branch. */
export class BranchWriter {
  readonly #options: BranchWriterOptions;
  readonly #queue: (Job | (() => Promise<void>))[] = [];
  readonly #folds: FoldRunner;
  readonly #appender: Appender;
  readonly #large: LargeCommits;
  #running: Promise<void> | null = null;

  constructor(options: BranchWriterOptions) {
    this.#options = options;
    this.#appender = new Appender(options);
    this.#large = new LargeCommits({
      ...options,
      appender: this.#appender,
      tableCommits: this.#tableCommits("publish"),
    });
    this.#folds = new FoldRunner({
      ...options,
      tableCommits: this.#tableCommits("fold"),
      append: (planned) => this.#appender.append([planned], "fold"),
      takeTurn: (turn) => this.#enqueue(() => this.#appender.enter().then(turn)),
    });
  }

  /**
   * Publishes one write; returns its commit, or null when it changes nothing.
   *
   * @throws AppError `write_conflict`, `precondition_failed`, `outcome_unknown`, and whatever staging throws.
   */
  async publish(request: PublishRequest): Promise<Commit | null> {
    const captured = await this.#options.head.latest();
    return await new Promise((resolve, reject) => {
      this.#enqueue({ request, captured, attempts: 0, staged: null, resolve, reject });
    });
  }

  /** Runs a write while nothing else in this process writes to the branch. `name` is the prefix of its failpoints. */
  async writeAlone<T>(name: string, write: (turn: SoleTurn) => Promise<T>): Promise<T> {
    const { log } = this.#options.head.source;
    let hasLost = false;
    const turn: SoleTurn = {
      tableCommits: this.#tableCommits(name),
      latest: async () => {
        // The first attempt is prepared beside other processes; who has lost lets nobody in between.
        if (hasLost) await this.#appender.enter();
        else this.#appender.leave();
        await this.#folds.finish();
        return await this.#options.head.latest();
      },
      slotsBetween: (after, through) => log.readRange(after + 1, through),
      keyOf: (slot) => log.keyOf(slot),
      append: async (planned) => {
        const won = await this.#appender.append([planned], name);
        hasLost ||= !won;
        return won;
      },
      pause: (lost) => this.#appender.pause(lost),
    };
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#enqueue(() => write(turn).then(resolve, reject));
    return await promise;
  }

  /** Starts no more background work, and waits for what runs. Whoever is waiting for a write still gets it. */
  async close(): Promise<void> {
    this.#folds.stop();
    await this.settle();
    this.#appender.close();
  }

  /** Waits until nothing is queued or running, background work included; folds that rest do not count. */
  async settle(): Promise<void> {
    while (this.#running !== null || this.#folds.running !== null || this.#appender.running !== null) {
      await Promise.all([this.#running, this.#folds.running, this.#appender.running]);
    }
  }

  #enqueue(entry: Job | (() => Promise<void>)): void {
    this.#queue.push(entry);
    this.#running ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (await null; this.#queue.length > 0;) {
      await this.#turn();
      // A put on a quick disk blocks instead of waiting: without a pause, timers and other I/O would starve. Callers that
      // were just acknowledged put in their next requests meanwhile, which joins them into one group.
      await this.#appender.breathe();
    }
    this.#running = null;
    this.#appender.idle();
  }

  async #turn(): Promise<void> {
    const first = this.#queue[0];
    if (typeof first === "function") {
      this.#queue.shift();
      return await first();
    }
    if (first !== undefined && this.#appender.hasCalmLine()) await this.#stageAhead(first);
    await this.#appender.enter();
    let base: LoggedState;
    try {
      base = await this.#options.head.latestForWrite();
    } catch (error) {
      return (this.#queue.shift() as Job).reject(error);
    }
    this.#appender.meet(base.slot);
    await this.#writeGroup(base);
    this.#folds.consider(this.#options.head.known);
  }

  /** Others need not stand in line behind what this process reads for the first time. */
  async #stageAhead(job: Job): Promise<void> {
    if (job.staged !== null) return;
    try {
      const { ifCommit } = job.request;
      const state = await this.#options.head.latestForWrite();
      if (ifCommit === undefined || ifCommit === state.commit.id) {
        await this.#stage(job, stagingState(job, state));
      }
    } catch {
      // Told when it is decided.
    }
  }

  async #writeGroup(base: LoggedState): Promise<void> {
    const members: Member[] = [];
    let state = base;
    let bytes = 0;
    let commits = 0;
    while (commits < GROUP_COMMITS_MAX && bytes < GROUP_BYTES_MAX) {
      const job = this.#queue[0];
      if (job === undefined || typeof job === "function") break;
      if (commits > 0 && job.request.capture === "turn") break;
      const outcome = await this.#decide(job, state, base.slot + 1);
      if (outcome.kind === "large") {
        // Staged already: its own turn comes next and finds the change set if this group is published.
        if (commits > 0) break;
        this.#queue.shift();
        return await this.#publishLarge(job, base, outcome.changes);
      }
      this.#queue.shift();
      if (outcome.kind === "inline") {
        state = outcome.planned.state;
        bytes += outcome.planned.deltaText?.length ?? 0;
        commits++;
      }
      if (commits > 0) members.push({ job, outcome });
      else await this.#tell(job, outcome);
    }
    if (commits > 0) await this.#publishGroup(members);
  }

  /** Decides a request on a state; never throws. */
  async #decide(job: Job, state: LoggedState, slot: number): Promise<Outcome> {
    const { request } = job;
    const branch = this.#options.head.ref.name;
    try {
      if (request.ifCommit !== undefined && request.ifCommit !== state.commit.id) {
        return { kind: "refused", error: preconditionFailed(branch, request.ifCommit, state.commit) };
      }
      const on = stagingState(job, state);
      const changes = await this.#stage(job, on);
      if (changes === null) return { kind: "unchanged" };
      if (on !== state || job.attempts >= WRITE_ATTEMPTS_MAX) {
        const touched = effectiveChanges(changes).map(([key]) => key);
        const expected = job.captured.commit;
        return { kind: "refused", error: writeConflict({ branch, expected, actual: state.commit, touched }) };
      }
      const planned = planInline(state, slot, changes, this.#facts(request, state), request.inlineBytesMax);
      return planned === null ? { kind: "large", changes } : { kind: "inline", planned };
    } catch (error) {
      return { kind: "refused", error };
    }
  }

  #stage(job: Job, state: LoggedState): Promise<ChangeSet | null> {
    // The same commit has the same content, whether its deltas were folded meanwhile or not.
    if (job.staged?.on !== state.commit.id) {
      const stage = async () => {
        const changes = await job.request.stage(this.#options.cache.view(state));
        await this.#options.ports.failpoint("publish.staged");
        return changes;
      };
      job.staged = { on: state.commit.id, changes: stage() };
    }
    return job.staged.changes;
  }

  #facts(request: PublishRequest, state: LoggedState, id = this.#options.ports.newId()): CommitFacts {
    const { ports, head } = this.#options;
    return {
      id,
      branch: head.ref.name,
      actor: request.actor,
      createdAt: Math.floor(ports.clock.nowMs() * 1000),
      operation: request.operation,
      schemaDigest: state.commit.schemaDigest,
      catalog: state.catalog,
      ...(request.merge === undefined ? {} : { merge: request.merge() }),
    };
  }

  /** Tells the outcome of a request that was decided on a published state. */
  async #tell(job: Job, outcome: Member["outcome"]): Promise<void> {
    if (outcome.kind === "refused") return job.reject(outcome.error);
    if (outcome.kind === "inline") return job.resolve(outcome.planned.commit);
    const { ifCommit } = job.request;
    if (ifCommit === undefined) return job.resolve(null);
    try {
      const { commit } = await this.#options.head.latestForWrite();
      if (commit.id === ifCommit) job.resolve(null);
      else job.reject(preconditionFailed(this.#options.head.ref.name, ifCommit, commit));
    } catch (error) {
      job.reject(error);
    }
  }

  async #publishGroup(members: readonly Member[]): Promise<void> {
    const planned = members.flatMap(({ outcome }) => outcome.kind === "inline" ? [outcome.planned] : []);
    let won: boolean;
    try {
      won = await this.#appender.append(planned, "publish");
    } catch (error) {
      const undecided = members.filter(({ outcome }) => outcome.kind !== "inline");
      for (const { job, outcome } of members) if (outcome.kind === "inline") job.reject(error);
      this.#queue.unshift(...undecided.map(({ job }) => job));
      return;
    }
    if (!won) {
      for (const { job, outcome } of members) if (outcome.kind === "inline") job.attempts++;
      return await this.#again(members.map(({ job }) => job));
    }
    for (const { job, outcome } of members) {
      if (outcome.kind === "unchanged") job.resolve(null);
      else await this.#tell(job, outcome);
    }
  }

  async #publishLarge(job: Job, base: LoggedState, changes: ChangeSet): Promise<void> {
    try {
      // A fold that runs writes the same tables: its result is published first, the content stays.
      if (await this.#folds.finish()) return await this.#again([job], false);
      const { request } = job;
      const write: LargeWrite = {
        attempts: job.attempts,
        mayMove: request.retry === "redo" && request.ifCommit === undefined,
        facts: (state, id) => this.#facts(request, state, id),
        stage: (state) => this.#stage(job, state),
      };
      const commit = await this.#large.publish(write, base, changes);
      if (commit !== null) return job.resolve(commit);
      job.attempts = write.attempts;
      await this.#again([job], false);
    } catch (error) {
      job.reject(error);
    }
  }

  /** Puts requests back at the front, after a pause that grows with the races lost. */
  async #again(jobs: readonly Job[], pause = true): Promise<void> {
    this.#queue.unshift(...jobs);
    if (pause) await this.#appender.pause(Math.max(...jobs.map((job) => job.attempts)));
  }

  #tableCommits(name: string): TableCommitOptions {
    const { tables, cache, head, ports } = this.#options;
    const { forkedFrom, incarnation } = head.ref;
    return {
      tables,
      view: (state) => cache.view(state),
      lanceBranch: forkedFrom === null ? null : incarnation,
      failpoint: (step) => ports.failpoint(`${name}.${step}`),
    };
  }
}

/** What a request is decided on: an update that was overtaken goes by the head that it captured, and conflicts. */
function stagingState({ request, captured, attempts }: Job, state: LoggedState): LoggedState {
  const mayMove = request.retry === "redo" || request.ifCommit !== undefined ||
    (request.capture === "turn" && attempts === 0);
  return mayMove || captured.commit.id === state.commit.id ? state : captured;
}
