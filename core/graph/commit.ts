/**
 * The commit record: everything a reader needs to open one commit of a graph, and the rows of small commits.
 *
 *   log/<incarnation>/<slot>.json   one object per publish; slots count 1, 2, 3, … without gaps from genesis to the head
 *     { "format": 1, "commits": [ Commit, … ] }   one commit, or several that were grouped into one publish
 *
 * Creating the object is the commit point of all commits inside it. A branch goes on counting where it was forked (its
 * first own slot is the fork's slot + 1), so that along a branch one number names one object, inherited ones included.
 *
 * An object with operation `fold` holds one record that restates the head commit (same id, parents, branch, sequence,
 * actor and time) with new pins: rows moved from deltas into tables, nothing that a reader can see has changed, and no
 * new commit appears in listings, conflicts or conditional writes. One with operation `end` restates the head, too, and is
 * the last of its log: the branch was deleted.
 */
import type { TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";

/** What made a commit. `fold` restates a commit with its deltas moved into tables, `end` the head of a deleted branch. */
export type Operation =
  | "init"
  | "load"
  | "mutation"
  | "merge"
  | "revert"
  | "schema_apply"
  | "fold"
  | "optimize"
  | "end";

/** How much lies over a pin. */
export interface PendingDeltas {
  readonly commits: number;
  /** Upserted rows plus removed ids, as written. */
  readonly rows: number;
  /** Encoded size, estimated from below. */
  readonly bytes: number;
}

/** The state of one table at a commit: its pin plus the deltas since `foldedThrough`. */
export interface TableState {
  readonly pin: TablePin;
  /** Rows at this commit, unfolded deltas included. */
  readonly rows: number;
  /** Slot of the newest commit whose rows are in the pin; deltas of later slots lie over it. 0 when none. */
  readonly foldedThrough: number;
  /** The deltas over the pin, all in slots after `foldedThrough`; absent when there are none. */
  readonly pending?: PendingDeltas;
  /** Sequence of the newest commit that changed the table: its version as shown outside. Absent before the first. */
  readonly changedAt?: number;
}

/** Counts of logical changes by type key. */
export interface ChangeCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
}

/** Rows a small commit carries itself. */
export interface TableDelta {
  /** Column names of `rows`, in table order. */
  readonly columns: readonly string[];
  /** Whole images in the encoded form of `delta_codec.ts`, one array per row. */
  readonly rows: readonly (readonly unknown[])[];
  /** Ids removed. */
  readonly deletes: readonly string[];
}

/**
 * Up to and including `slot`, the log of `incarnation` (or of its own sources) is inherited; commits of that slot with a
 * higher sequence are not, because a slot may hold several.
 */
export interface Ancestor {
  readonly incarnation: string;
  readonly slot: number;
  readonly sequence: number;
}

/** A slot in the log of the incarnation that wrote it, and what it takes to read that log when its branch is gone. */
export interface LogPlace {
  readonly incarnation: string;
  readonly slot: number;
  /** The fork points of the incarnation, nearest source first; empty on main. */
  readonly ancestry: readonly Ancestor[];
}

/** One graph commit. */
export interface Commit {
  /** ULID, fixed before publication. */
  readonly id: string;
  readonly parent: string | null;
  readonly mergedParent: string | null;
  /** On a merge: the common ancestor that it was decided on. */
  readonly mergeBase?: string;
  /** On a merge: where the merged parent is, as long as what a deleted branch stored is not cleaned up. */
  readonly mergedFrom?: LogPlace;
  /** Branch it was written on. */
  readonly branch: string;
  /** 1 at genesis, parent + 1 along a branch: the `graph_manifest_version` of the outside. */
  readonly sequence: number;
  readonly actor: string | null;
  /** Microseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly operation: Operation;
  /** Contract digest of the schema, the name of its object under `schemas/`. */
  readonly schemaDigest: string;
  readonly changes: Readonly<Record<TypeKey, ChangeCounts>>;
  /** Tables whose touched ids are listed in an object beside the log (`touched.ts`); only on large commits. */
  readonly touched?: readonly TypeKey[];
  readonly tables: Readonly<Record<TypeKey, TableState>>;
  /**
   * Rows of a small commit; absent when the tables hold them. On a schema change: rows of the commits before, said again
   * under the new types.
   */
  readonly delta?: Readonly<Record<TypeKey, TableDelta>>;
  /** On the end of a log: the id of the deletion, so that of two at once each knows whether it was its own. */
  readonly deletion?: string;
  /** On a schema change that drops data for good: the id of its purge (`purge.ts`). */
  readonly purge?: string;
  /** Tables whose rows were in `delta` until a purge took them out. */
  readonly purged?: readonly TypeKey[];
}
