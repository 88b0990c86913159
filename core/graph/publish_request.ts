/** What a branch writer is asked for. */
import type { Operation } from "./commit.ts";
import type { LogSlot } from "./log.ts";
import type { LoggedState } from "./logged_state.ts";
import type { MergeFacts, PlannedCommit } from "./plan_commit.ts";
import type { GraphView } from "./read/view.ts";
import type { TableCommitOptions } from "./table_commits.ts";
import type { ChangeSet } from "./write/change_set.ts";

/** One write. */
export interface PublishRequest {
  readonly operation: Operation;
  readonly actor: string | null;
  /** What to do when another commit gets in between. */
  readonly retry: "redo" | "fail";
  /** Take the head of the write's own turn as the captured one: writes of this process that came before do not fail it. */
  readonly capture?: "turn";
  /** Publish only on top of this commit. */
  readonly ifCommit?: string;
  /** Bytes of encoded rows up to which the commit carries them itself, instead of writing tables. */
  readonly inlineBytesMax?: number;
  /** What a merge says about itself; asked for once it is staged. */
  merge?(): MergeFacts;
  /** Decides on one commit's content; null publishes nothing, an empty set an empty commit. May run several times. */
  stage(view: GraphView): Promise<ChangeSet | null>;
}

/** A turn of one write that plans and publishes by itself. */
export interface SoleTurn {
  readonly tableCommits: TableCommitOptions;
  /** The newest state. Nothing else in this process writes to the branch or its tables while the turn lasts. */
  latest(): Promise<LoggedState>;
  /** The filled slots after one up to another. */
  slotsBetween(after: number, through: number): Promise<readonly LogSlot[]>;
  /** Names a slot in complaints. */
  keyOf(slot: number): string;
  /** Publishes a commit in the slot it was planned for; false when another process was faster. */
  append(planned: PlannedCommit): Promise<boolean>;
  /** Rests after a lost race, the longer the more of them were lost. */
  pause(lost: number): Promise<void>;
}
