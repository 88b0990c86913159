/**
 * Rows that a mutation has written so far to one table. They shadow the head's rows by id, so later statements read
 * what earlier ones wrote.
 *
 * Invariant: columns only grow; the latest row of an id is the one that counts.
 */
import type { AnyType } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import {
  type Column,
  columnType,
  newColumn,
  newTableColumns,
  type RecordColumns,
} from "../../storage/columns.ts";
import type { TableChange } from "./change_set.ts";

/** The pending rows of one type. */
export class PendingTable {
  readonly type: AnyType;
  /** Images written, superseded ones included: what the limits count. */
  written = 0;
  readonly #columns: Map<string, Column>;
  readonly #rowOf = new Map<string, number>();
  readonly #existing = new Map<string, boolean>();

  constructor(type: AnyType) {
    this.type = type;
    this.#columns = newTableColumns(type);
  }

  /** Whether an id was written. */
  has(id: string): boolean {
    return this.#rowOf.has(id);
  }

  /** Whether the head has a written id. */
  isExisting(id: string): boolean {
    return this.#existing.get(id) === true;
  }

  /** Ids written, in order of their first write. */
  ids(): string[] {
    return [...this.#rowOf.keys()];
  }

  /** The value of a column of a written id. */
  cell(id: string, column: string): Cell | null {
    return this.#columns.get(column)!.get(this.#rowOf.get(id)!);
  }

  /** Writes the whole image of an id; `cellOf` is asked for every column but `id`. `existing`: the head has the id. */
  write(id: string, existing: boolean, cellOf: (column: string) => Cell | null): void {
    // All cells first: `cellOf` may throw or read the row that is replaced.
    const cells = [...this.#columns.keys()].map((name) => name === "id" ? id : cellOf(name));
    let at = 0;
    for (const column of this.#columns.values()) column.push(cells[at++]!);
    this.#rowOf.set(id, this.written++);
    this.#existing.set(id, existing);
  }

  /** Every image written, superseded ones included. */
  everything(): RecordColumns {
    return { length: this.written, columns: this.#columns };
  }

  /** The change of the table: the latest image of every id. */
  finish(): TableChange {
    return {
      replaceAll: false,
      upserts: this.#latest(),
      existing: Uint8Array.from(this.#rowOf.keys(), (id) => this.isExisting(id) ? 1 : 0),
      deletes: [],
    };
  }

  #latest(): RecordColumns {
    if (this.#rowOf.size === this.written) return this.everything();
    const columns = new Map<string, Column>();
    for (const [name, source] of this.#columns) {
      const target = newColumn(columnType(this.type, name));
      for (const row of this.#rowOf.values()) target.push(source.get(row));
      columns.set(name, target);
    }
    return { length: this.#rowOf.size, columns };
  }
}
