/**
 * A change set: what a validated write does to one commit's content, table by table. Deciding code makes it from a
 * view of the head; `publish` turns it into an inline delta or into table writes.
 */
import type { TypeKey } from "../../schema/catalog.ts";
import type { RecordColumns } from "../../storage/columns.ts";

/** Changes to one table. Ids are distinct over upserts and deletes. */
export interface TableChange {
  /** Remove every row that is not among the upserts (load mode overwrite). */
  readonly replaceAll: boolean;
  /** Whole images with all columns of the table; null when there are none. */
  readonly upserts: RecordColumns | null;
  /** Per upsert row: 1 when the id exists at the head (an update), 0 when it is new. */
  readonly existing: Uint8Array;
  /** Ids that exist at the head and go. With `replaceAll` also every head id that is not upserted. */
  readonly deletes: readonly string[];
}

/** All changes of one write; only tables with at least one change, or a `replaceAll`. */
export type ChangeSet = ReadonlyMap<TypeKey, TableChange>;

/** A mutation that was decided but not published. */
export interface StagedMutation {
  /** Null when nothing matched: there is nothing to commit then. */
  readonly changes: ChangeSet | null;
  /** Nodes inserted (upserts too), matched by updates, or deleted. */
  readonly affectedNodes: number;
  /** Edges inserted or deleted, cascades included. */
  readonly affectedEdges: number;
}
