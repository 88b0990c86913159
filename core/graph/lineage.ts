/** Where commits are, and how they descend from each other along first parents. */
import type { Commit } from "./commit.ts";
import type { LogSlot } from "./log.ts";
import type { SnapshotSource } from "./snapshot.ts";

/** A commit at its place in the log; never a fold, which only restates one. */
export interface CommitPlace {
  /** Log and catalogs of a live branch on which the commit is, own or inherited. */
  readonly source: SnapshotSource;
  readonly logged: LogSlot;
  readonly commit: Commit;
}
