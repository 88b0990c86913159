/**
 * The content of one graph commit as values: per table a pin that never moves and the deltas that lie over it.
 * Who reads commit objects makes these; the read cache turns them into tables in memory.
 */
import type { AnyType, Catalog, TypeKey } from "../schema/catalog.ts";
import type { RecordColumns } from "../storage/columns.ts";
import type { TablePin } from "../storage/table_store.ts";
import type { Commit } from "./commit.ts";

/** What one small commit changed in one table, decoded. Ids are distinct over upserts and deletes. */
export interface DecodedDelta {
  readonly commitId: string;
  /** Whole row images with all columns of the table; null when there are none. */
  readonly upserts: RecordColumns | null;
  /** Ids removed; an id without a live row is ignored. */
  readonly deletes: readonly string[];
}

/** One table at one commit. */
export interface TableSnapshot {
  readonly type: AnyType;
  readonly pin: TablePin;
  /** Oldest first, all newer than the pin. */
  readonly deltas: readonly DecodedDelta[];
  /** The type that the pin was written under, when its columns are not those of `type`: they pair by property id then. */
  readonly stored?: AnyType;
  /** Rows of the table are gone for good: it must not be read. Absent means that they are there. */
  readonly isReclaimed?: true;
}

/** One commit of a graph. */
export interface SnapshotState {
  readonly catalog: Catalog;
  readonly commit: Commit;
  /** Every table of the catalog; under a newer catalog than the commit's own those that were there. */
  readonly tables: ReadonlyMap<TypeKey, TableSnapshot>;
}
