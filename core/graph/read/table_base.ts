/**
 * The immutable part of a table in memory: one pinned version, decoded.
 *
 * Ids are always there, their index from its first use; property columns are read when first asked for and shared by every live table
 * that lies over this pin. Rows are numbered in the pin's stable order. Nothing here changes once it is loaded.
 */
import { assert, must } from "../../base/assert.ts";
import { AppError } from "../../errors.ts";
import type { AnyType } from "../../schema/catalog.ts";
import {
  type Column,
  columnType,
  idColumn,
  newColumn,
  type RecordColumns,
  type Utf8Column,
} from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import type { TablePin, TableStore } from "../../storage/table_store.ts";
import { columnBytes } from "./table_column.ts";
import { ValueIndex } from "./value_index.ts";

/** One pinned table version. */
export class TableBase {
  readonly pin: TablePin;
  readonly type: AnyType;
  readonly rows: number;
  readonly ids: Utf8Column;
  #idIndex: IdIndex | null = null;
  /** Tick of the cache at the last use; bookkeeping of the cache, no part of the content. */
  lastUsed = 0;
  readonly #tables: Pick<TableStore, "read">;
  readonly #columns = new Map<string, Column>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #valueIndexes = new Map<string, ValueIndex>();

  private constructor(tables: Pick<TableStore, "read">, pin: TablePin, type: AnyType, record: RecordColumns) {
    this.#tables = tables;
    this.pin = pin;
    this.type = type;
    this.rows = record.length;
    this.ids = idColumn(record, "id");
    for (const [name, column] of record.columns) this.#columns.set(name, column);
  }

  /** Reads the ids of a pinned version, and in the same go the columns that are needed first. */
  static async open(
    tables: Pick<TableStore, "read">,
    pin: TablePin,
    type: AnyType,
    columns: readonly string[],
  ): Promise<TableBase> {
    return new TableBase(tables, pin, type, await readPinned(tables, pin, type, ["id", ...columns]));
  }

  /**
   * The rows by their ids, built at the first call.
   *
   * @throws AppError `integrity_error` when the pin has an id twice.
   */
  get idIndex(): IdIndex {
    return this.#idIndex ??= this.#indexIds();
  }

  /** Names of the loaded columns. */
  get columnNames(): readonly string[] {
    return [...this.#columns.keys()];
  }

  /** A loaded column, or undefined. */
  column(name: string): Column | undefined {
    return this.#columns.get(name);
  }

  /** Whether every column is in memory. */
  has(names: readonly string[]): boolean {
    for (const name of names) if (!this.#columns.has(name)) return false;
    return true;
  }

  /** Reads the columns that are not in memory. Concurrent calls share their reads. */
  async load(names: readonly string[]): Promise<void> {
    const missing = names.filter((name) => !this.#columns.has(name));
    if (missing.length === 0) return;
    const fresh = missing.filter((name) => !this.#loading.has(name));
    if (fresh.length > 0) {
      const reading = this.#read(fresh);
      for (const name of fresh) this.#loading.set(name, reading);
    }
    await Promise.all(new Set(missing.map((name) => this.#loading.get(name))));
  }

  /** Reads columns for a caller that does not keep them. */
  async readOnce(names: readonly string[]): Promise<RecordColumns> {
    if (this.has(names)) {
      return {
        length: this.rows,
        columns: new Map(names.map((name) => [name, must(this.#columns.get(name), "it is loaded")])),
      };
    }
    return await readPinned(this.#tables, this.pin, this.type, names);
  }

  /** The look-up index of some loaded columns, built at the first call. */
  valueIndex(names: readonly string[]): ValueIndex {
    const key = names.join(",");
    let index = this.#valueIndexes.get(key);
    if (index === undefined) {
      index = new ValueIndex(
        names.map((name) => must(this.#columns.get(name), `column ${name} was prepared`)),
      );
      index.extend(this.rows);
      this.#valueIndexes.set(key, index);
    }
    return index;
  }

  /** Memory held, bytes. */
  get byteLength(): number {
    let bytes = this.#idIndex?.byteLength ?? 0;
    for (const column of this.#columns.values()) bytes += columnBytes(column);
    for (const index of this.#valueIndexes.values()) bytes += index.byteLength;
    return bytes;
  }

  #indexIds(): IdIndex {
    const index = IdIndex.build(this.ids);
    const [duplicate] = index.duplicates;
    if (duplicate === undefined) return index;
    const id = this.ids.text(duplicate.row);
    throw new AppError(
      "integrity_error",
      `table '${this.pin.table}' version ${this.pin.version}: id '${id}' occurs more than once`,
    );
  }

  async #read(names: readonly string[]): Promise<void> {
    try {
      const record = await readPinned(this.#tables, this.pin, this.type, names);
      assert(record.length === this.rows, "every read of a pin returns the same rows");
      for (const name of names) {
        this.#columns.set(name, must(record.columns.get(name), `the store returned column ${name}`));
      }
    } finally {
      for (const name of names) this.#loading.delete(name);
    }
  }
}

/** Reads a pin; version 0 was never written, so there is nothing to ask the store for. */
async function readPinned(
  tables: Pick<TableStore, "read">,
  pin: TablePin,
  type: AnyType,
  names: readonly string[],
): Promise<RecordColumns> {
  if (pin.version > 0) return await tables.read(pin, type, [...new Set(names)]);
  const columns = new Map(names.map((name) => [name, newColumn(columnType(type, name))]));
  return { length: 0, columns };
}
