/**
 * A graph at exactly one commit, in memory. Loading is asynchronous and explicit ({@linkcode GraphView.prepare});
 * everything after it is synchronous, so a reader never sees two commits.
 */
import type { Catalog, EdgeType, NodeType, TypeKey } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { Commit } from "../commit.ts";

/** What a reader wants in memory before it starts. */
export interface TableNeed {
  readonly table: TypeKey;
  /** Properties (and `src`/`dst`); the id index is always loaded. */
  readonly columns: readonly string[];
  /** Edge tables: endpoint slots and adjacency in both directions (needs the endpoint node tables' id index too). */
  readonly adjacency?: boolean;
}

/** Rows of one table at the view's commit. A row number names one version of one entity. */
export interface TableView {
  readonly type: NodeType | EdgeType;
  /** Live rows at this commit. */
  readonly rowCount: number;
  /** The live row of an id, or -1. */
  find(id: string): number;
  /** The id of a row. */
  idOf(row: number): string;
  /** The value of a prepared column (or `src`, `dst`) at a row. */
  cell(row: number, column: string): Cell | null;
  /** All live rows, ascending. Callers must not change the array. */
  liveRows(): Int32Array;
  /** Live rows whose prepared columns equal `values` (typed equality, no nulls), through an index built on first use. */
  lookup(columns: readonly string[], values: readonly Cell[]): readonly number[];
}

/** Edge table of a view; adjacency must have been prepared. */
export interface EdgeTableView extends TableView {
  readonly type: EdgeType;
  /** Live edge rows whose source (target) is the node with this id. */
  rowsFrom(nodeId: string): readonly number[];
  rowsTo(nodeId: string): readonly number[];
}

/** One commit of a graph. */
export interface GraphView {
  readonly catalog: Catalog;
  readonly commit: Commit;
  /** Loads what is missing. Cheap when everything is in memory. */
  prepare(needs: readonly TableNeed[]): Promise<void>;
  node(typeName: string): TableView;
  edge(typeName: string): EdgeTableView;
}
