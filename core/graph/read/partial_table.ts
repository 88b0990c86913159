/**
 * Some rows of a table that is not in memory, for whoever needs few rows of a large table once: they are looked up in
 * storage, and the snapshot's deltas are laid over them.
 *
 * Invariants: what was loaded is complete (of an id its row, of an end all its edges), and nothing else may be asked for:
 * that is a fault of the program. Rows are only added.
 */
import { assert, InvariantError, must } from "../../base/assert.ts";
import type { AnyType, EdgeType } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import {
  type Column,
  columnNames,
  idColumn,
  newTableColumns,
  type RecordColumns,
} from "../../storage/columns.ts";
import type { RowFilter, TableStore } from "../../storage/table_store.ts";
import type { TableSnapshot } from "../snapshot_state.ts";
import { newestEntries, type PendingEntry } from "../table_rewrite.ts";
import type { EdgeTableView, TableView } from "./view.ts";

/** The column whose values are looked up. */
export type LookupColumn = RowFilter["column"];

/** A partial table of a snapshot, with nothing loaded. */
export function openPartial(tables: Pick<TableStore, "read">, snapshot: TableSnapshot): PartialTable {
  return snapshot.type.kind === "edge"
    ? new PartialEdges(tables, snapshot)
    : new PartialTable(tables, snapshot);
}

/** Rows of one table at one commit, as far as they were loaded. */
export class PartialTable implements TableView {
  readonly type: AnyType;
  readonly #tables: Pick<TableStore, "read">;
  readonly #snapshot: TableSnapshot;
  readonly #newest: ReadonlyMap<string, PendingEntry>;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #rowOf = new Map<string, number>();
  readonly #loaded: Readonly<Record<LookupColumn, Set<string>>> = {
    id: new Set(),
    src: new Set(),
    dst: new Set(),
  };

  constructor(tables: Pick<TableStore, "read">, snapshot: TableSnapshot) {
    this.type = snapshot.type;
    this.#tables = tables;
    this.#snapshot = snapshot;
    this.#newest = newestEntries(snapshot.deltas);
    this.#columns = newTableColumns(snapshot.type);
  }

  /** Looks up the rows with these ids, or the edges with these ends, with all their columns. */
  async load(column: LookupColumn, values: Iterable<string>): Promise<void> {
    const fresh = new Set([...values].filter((value) => !this.#loaded[column].has(value)));
    if (fresh.size === 0) return;
    // What a pin says about an id that a delta has does not count.
    const stored = [...fresh].filter((value) => column !== "id" || !this.#newest.has(value));
    const { pin, type } = this.#snapshot;
    if (stored.length > 0 && pin.rows > 0) {
      const found = await this.#tables.read(pin, type, columnNames(type), { column, values: stored });
      const ids = idColumn(found, "id");
      for (let row = 0; row < found.length; row++) {
        const id = ids.text(row);
        if (!this.#newest.has(id)) this.#add(id, found, row);
      }
    }
    for (const [id, { delta, row }] of this.#newest) {
      if (row !== -1 && fresh.has(idColumn(delta.upserts!, column).text(row))) {
        this.#add(id, delta.upserts!, row);
      }
    }
    for (const value of fresh) this.#loaded[column].add(value);
  }

  get rowCount(): number {
    return this.#refuse("its number of rows");
  }

  find(id: string): number {
    this.requireLoaded("id", id);
    return this.#rowOf.get(id) ?? -1;
  }

  idOf(row: number): string {
    return this.cell(row, "id") as string;
  }

  cell(row: number, column: string): Cell | null {
    return must(this.#columns.get(column), `${this.type.key} has a column ${column}`).get(row);
  }

  liveRows(): Int32Array {
    return this.#refuse("all rows");
  }

  lookup(): readonly number[] {
    return this.#refuse("rows by their values");
  }

  /** Called for every row that is added. */
  protected rowAdded(_row: number): void {}

  /** Fails unless all rows with a value were loaded. */
  protected requireLoaded(column: LookupColumn, value: string): void {
    assert(this.#loaded[column].has(value), `${column} '${value}' of ${this.type.key} was loaded`);
  }

  /** Copies a row of a record unless it is there. */
  #add(id: string, record: RecordColumns, row: number): void {
    if (this.#rowOf.has(id)) return;
    const added = this.#rowOf.size;
    this.#rowOf.set(id, added);
    for (const [name, column] of this.#columns) {
      column.push(must(record.columns.get(name), `column ${name} of ${this.type.key} was read`).get(row));
    }
    this.rowAdded(added);
  }

  #refuse(what: string): never {
    throw new InvariantError(`a partial table does not know ${what}: ${this.type.key}`);
  }
}

/** Some edges of a type. */
export class PartialEdges extends PartialTable implements EdgeTableView {
  declare readonly type: EdgeType;
  readonly #rows: Readonly<Record<"src" | "dst", Map<string, number[]>>> = { src: new Map(), dst: new Map() };

  rowsFrom(nodeId: string): readonly number[] {
    return this.#rowsAt("src", nodeId);
  }

  rowsTo(nodeId: string): readonly number[] {
    return this.#rowsAt("dst", nodeId);
  }

  protected override rowAdded(row: number): void {
    for (const end of ["src", "dst"] as const) {
      const node = this.cell(row, end) as string;
      const rows = this.#rows[end].get(node);
      if (rows === undefined) this.#rows[end].set(node, [row]);
      else rows.push(row);
    }
  }

  #rowsAt(end: "src" | "dst", nodeId: string): readonly number[] {
    this.requireLoaded(end, nodeId);
    return this.#rows[end].get(nodeId) ?? [];
  }
}
