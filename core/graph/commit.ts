/**
 * The commit record: everything a reader needs to open one commit of a graph, and the rows of small commits.
 *
 *   log/<incarnation>/<slot>.json   one object per publish, slots count 1, 2, 3, … without gaps on each branch incarnation
 *     { "format": 1, "commits": [ Commit, … ] }   one commit, or several that were grouped into one publish
 *
 * Creating the object is the commit point of all commits inside it.
 */
import type { TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";

/** What made a commit. `fold` moves deltas into tables and changes nothing that a reader can see. */
export type Operation = "init" | "load" | "mutation" | "merge" | "schema_apply" | "fold" | "optimize";

/** The state of one table at a commit: its pin plus the deltas since `foldedThrough`. */
export interface TableState {
  readonly pin: TablePin;
  /** Rows at this commit, unfolded deltas included. */
  readonly rows: number;
  /** Slot of the newest commit whose rows are in the pin; deltas of later slots lie over it. 0 when none. */
  readonly foldedThrough: number;
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

/** One graph commit. */
export interface Commit {
  /** ULID, fixed before publication. */
  readonly id: string;
  readonly parent: string | null;
  readonly mergedParent: string | null;
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
  readonly tables: Readonly<Record<TypeKey, TableState>>;
  /** Rows of a small commit; absent when the tables hold them. */
  readonly delta?: Readonly<Record<TypeKey, TableDelta>>;
}
