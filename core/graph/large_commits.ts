/**
 * Commits that write tables: too large for a log object.
 *
 *   base ──> tables and touched ids written ──> the head now
 *                                                │ the base: published on it
 *                                                │ small commits later: published over them, if the change is still the same
 *                                                └ anything else: lost, decide and write again
 *
 * The first attempt writes its tables beside other processes, which go on meanwhile. After a loss the place in their line
 * is kept until the commit is published: nobody can get in between again.
 */
import { must } from "../base/assert.ts";
import { WRITE_ATTEMPTS_MAX } from "../base/limits.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TablePin } from "../storage/table_store.ts";
import type { Appender } from "./append.ts";
import type { Commit } from "./commit.ts";
import type { Ports } from "./graph_ports.ts";
import type { BranchHead } from "./head.ts";
import { planLate, type WrittenChange } from "./late_commit.ts";
import type { LoggedState } from "./logged_state.ts";
import { type CommitFacts, effectiveChanges, type PlannedCommit, planTables } from "./plan_commit.ts";
import type { TableCache } from "./read/table_cache.ts";
import { type TableCommitOptions, writeTables } from "./table_commits.ts";
import { listedTables, putTouched } from "./touched.ts";
import type { ChangeSet } from "./write/change_set.ts";

/** What large commits of a branch work with. */
export interface LargeCommitsOptions {
  readonly head: BranchHead;
  readonly store: Pick<ObjectStore, "put">;
  readonly ports: Ports;
  readonly appender: Appender;
  readonly tableCommits: TableCommitOptions;
  readonly cache: Pick<TableCache, "carry">;
}

/** One large write. */
export interface LargeWrite {
  /** Races lost so far; counted on here. */
  attempts: number;
  /** Whether it may be published on another commit than the one it was first decided on. */
  readonly mayMove: boolean;
  /** What it says about itself on a state, under a commit id. */
  facts(state: LoggedState, id: string): CommitFacts;
  /** Decides it on a newer state; null when there is nothing to do any more. */
  stage(state: LoggedState): Promise<ChangeSet | null>;
}

/** Publishes large commits of one branch; only while holding the turn. */
export class LargeCommits {
  readonly #options: LargeCommitsOptions;

  constructor(options: LargeCommitsOptions) {
    this.#options = options;
  }

  /** Publishes a write that was decided on `base`; null when it must be decided again on a newer head. */
  async publish(write: LargeWrite, base: LoggedState, changes: ChangeSet): Promise<Commit | null> {
    const { head, ports, appender } = this.#options;
    if (write.attempts === 0) appender.leave();
    const id = ports.newId();
    const written = await this.#write(base, changes, id);
    await ports.failpoint("publish.tables_written");
    while (written !== null) {
      await appender.enter();
      const planned = await this.#plan(write, written, await head.latestForWrite(), id);
      if (planned === null) break;
      if (await appender.append([planned], "publish")) {
        this.#carry(written, planned.commit);
        return planned.commit;
      }
      if (++write.attempts >= WRITE_ATTEMPTS_MAX) return null;
    }
    write.attempts++;
    return null;
  }

  /** Null when another writer got in between on a table. */
  async #write(base: LoggedState, changes: ChangeSet, id: string): Promise<WrittenChange | null> {
    const { store, tableCommits } = this.#options;
    const listed = listedTables(base.commit, changes);
    // Both end before an error is told, so that no write goes on behind the next turn's back.
    const [tables, touched] = await Promise.allSettled([
      writeTables(base, effectiveChanges(changes), tableCommits),
      putTouched(store, id, changes, listed),
    ]);
    if (tables.status === "rejected") throw tables.reason;
    if (touched.status === "rejected") throw touched.reason;
    const pins = new Map<TypeKey, TablePin>();
    for (const [key, pin] of tables.value) {
      if (pin === null) return null;
      pins.set(key, pin);
    }
    return { base, changes, pins, listed };
  }

  /** What is in memory of the tables stays there, so that whoever reads next pays for the change only. */
  #carry({ base, changes, pins }: WrittenChange, commit: Commit): void {
    for (const [key, pin] of pins) {
      const { upserts, deletes, replaceAll } = changes.get(key)!;
      if (replaceAll) continue;
      const before = must(base.tables.get(key), `${key} has a table`);
      this.#options.cache.carry(before, { commitId: commit.id, upserts, deletes }, pin);
    }
  }

  async #plan(
    write: LargeWrite,
    written: WrittenChange,
    head: LoggedState,
    id: string,
  ): Promise<PlannedCommit | null> {
    const { base, changes, pins, listed } = written;
    const facts = write.facts(head, id);
    if (head.slot === base.slot) return planTables(base, base.slot + 1, changes, pins, listed, facts);
    if (head.commit.schemaDigest !== base.commit.schemaDigest) return null;
    if (head.commit.id !== base.commit.id && !write.mayMove) return null;
    const restaged = await write.stage(head);
    return restaged === null ? null : planLate(written, head, restaged, facts);
  }
}
