/**
 * One table of one lineage of commits in memory: an immutable base and the deltas applied since, multi-versioned.
 *
 *   row    one version of one entity: base rows first, then the rows of each delta in order
 *   slot   one entity id: base ids first (slot = base row), then ids that came later; adjacency refers to slots
 *   ordinal  how many deltas a reader sees; 0 is the base alone
 *
 * Invariants: rows and slots are never removed or renumbered. A reader at ordinal s sees row r iff r was appended by
 * a delta up to s and is not ended by one up to s, so applying a delta costs its own size and disturbs no reader.
 * All that a delta says is copied, columns that nobody asked for included: deltas as they come take 30 times the memory.
 * The versions of a slot form a chain from its newest row back. A slot without rows stands for an id that edges name
 * but that never was a node here.
 */
import { assert, must } from "../../base/assert.ts";
import type { AnyType } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import {
  type Column,
  columnNames,
  columnType,
  idColumn,
  newColumn,
  Utf8Column,
} from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import type { DecodedDelta } from "../snapshot_state.ts";
import { IntList, SplitInts } from "./int_list.ts";
import type { TableBase } from "./table_base.ts";
import { appendRows, columnBytes, TableColumn } from "./table_column.ts";
import { encodeTuple, ValueIndex } from "./value_index.ts";

/** What a delta appends: the rows `from` to `to` of some columns. */
interface Appended {
  readonly ids: Utf8Column;
  readonly columns: ReadonlyMap<string, Column>;
  readonly from: number;
  readonly to: number;
}

/** Estimated memory of what is remembered about a delta beside its rows, bytes. */
const DELTA_BYTES = 64;

/** One lineage of one table. */
export class LiveTable {
  readonly base: TableBase;
  /** Per delta the commit it came from. */
  readonly #commitIds: string[] = [];
  /** By ordinal; deltas without deletes are left out. */
  readonly #deletes = new Map<number, readonly string[]>();
  /** Per ordinal: rows appended up to it, base included. */
  readonly #rowLimits: number[];
  /** Per ordinal: rows a reader sees. */
  readonly #liveCounts: number[];
  #firstEnd = Infinity;
  readonly #tailIds = new Utf8Column();
  readonly #tailIndex: IdIndex;
  /** Per slot: newest row + 1. 0 in the base part means the base row itself, behind it: no row. */
  readonly #heads: SplitInts;
  /** Per row: the ordinal that ended it, 0 while it lives. */
  readonly #ended: SplitInts;
  readonly #tailSlots = new IntList();
  /** Per tail row: the version before it, or -1. */
  readonly #previous = new IntList();
  /** The deltas' values of every column but the id, which the slots tell; that one is made when it is asked for. */
  readonly #tails = new Map<string, Column>();
  readonly #columns = new Map<string, TableColumn>();
  readonly #valueIndexes = new Map<string, ValueIndex>();

  constructor(base: TableBase) {
    this.base = base;
    this.#rowLimits = [base.rows];
    this.#liveCounts = [base.rows];
    this.#heads = new SplitInts(base.rows);
    this.#ended = new SplitInts(base.rows);
    this.#tailIndex = new IdIndex(this.#tailIds);
    for (const name of columnNames(base.type)) {
      if (name !== "id") this.#tails.set(name, newColumn(columnType(base.type, name)));
    }
  }

  get type(): AnyType {
    return this.base.type;
  }

  /** How many deltas were applied: the newest ordinal. */
  get deltaCount(): number {
    return this.#commitIds.length;
  }

  /** The commit of a delta, 0 being the oldest; ordinal s sees the deltas before s. */
  commitIdOf(delta: number): string {
    return must(this.#commitIds[delta], "the delta was applied");
  }

  /** Another lineage over the same base that has gone the same way up to an ordinal. */
  copy(ordinal: number): LiveTable {
    const copy = new LiveTable(this.base);
    const source = { ids: this.#tail("id") as Utf8Column, columns: this.#tails };
    for (let i = 0; i < ordinal; i++) {
      const from = this.rowLimit(i) - this.base.rows;
      const to = this.rowLimit(i + 1) - this.base.rows;
      copy.#append(this.commitIdOf(i), this.#deletes.get(i + 1) ?? [], { ...source, from, to });
    }
    return copy;
  }

  /** Slots in use. */
  get slotCount(): number {
    return this.base.rows + this.#tailIds.length;
  }

  /** Rows appended up to an ordinal. */
  rowLimit(ordinal: number): number {
    return must(this.#rowLimits[ordinal], "the ordinal was reached");
  }

  /** Rows a reader at an ordinal sees. */
  liveCount(ordinal: number): number {
    return must(this.#liveCounts[ordinal], "the ordinal was reached");
  }

  /** Whether any row had ended by an ordinal. */
  hasEnded(ordinal: number): boolean {
    return this.#firstEnd <= ordinal;
  }

  /** Whether a row that was appended by then is visible at an ordinal. */
  livesAt(row: number, ordinal: number): boolean {
    const end = this.#ended.get(row);
    return end === 0 || end > ordinal;
  }

  /** Per row of the base, 0 while it lives at every ordinal; null while all do. */
  get endedRows(): Int32Array | null {
    return this.#ended.fixed;
  }

  /** The slot of an id, or -1. */
  slotOf(id: string): number {
    const base = this.base.idIndex.find(id);
    if (base !== -1 || this.#tailIds.length === 0) return base;
    return this.#tailSlot(this.#tailIndex.find(id));
  }

  /** The slot of an id given as UTF-8; an unknown id gets a slot without rows. */
  slotFor(bytes: Uint8Array, from: number, to: number): number {
    const base = this.base.idIndex.findBytes(bytes, from, to);
    if (base !== -1) return base;
    const tail = this.#tailIndex.findBytes(bytes, from, to);
    if (tail !== -1) return this.base.rows + tail;
    this.#tailIds.pushBytes(bytes, from, to);
    this.#tailIndex.add(this.#tailIds.length - 1);
    return this.slotCount - 1;
  }

  /** The slot of a row. */
  slotOfRow(row: number): number {
    return row < this.base.rows ? row : this.#tailSlots.values[row - this.base.rows]!;
  }

  /** The row of a slot that a reader at an ordinal sees, or -1. */
  rowOfSlot(slot: number, ordinal: number): number {
    let row = this.#head(slot);
    if (row === -1) return -1;
    const limit = this.#rowLimits[ordinal]!;
    while (row >= limit) row = this.#previous.values[row - this.base.rows]!;
    if (row === -1) return -1;
    const end = this.#ended.get(row);
    return end !== 0 && end <= ordinal ? -1 : row;
  }

  /** Moves the newest state forward by one commit. */
  apply({ commitId, upserts, deletes }: DecodedDelta): void {
    this.#append(
      commitId,
      deletes,
      upserts === null
        ? null
        : { ids: idColumn(upserts, "id"), columns: upserts.columns, from: 0, to: upserts.length },
    );
  }

  /** Loads columns of the base and lays the deltas' values behind them. */
  async load(names: readonly string[]): Promise<void> {
    await this.base.load(names);
    for (const name of names) this.#makeColumn(name);
  }

  /** Whether every column is loaded; the id always is. */
  has(names: readonly string[]): boolean {
    for (const name of names) if (!this.#columns.has(name) && !this.base.has([name])) return false;
    return true;
  }

  /** A loaded column. */
  column(name: string): TableColumn {
    return this.#columns.get(name) ?? this.#makeColumn(name);
  }

  /** Rows, living or ended, whose loaded columns equal `values`; newest first within base and tail. */
  *rowsEqual(names: readonly string[], values: readonly Cell[]): Generator<number> {
    const columns = names.map((name) => this.column(name));
    const tuple = encodeTuple(columns.map((column) => column.kind), values);
    yield* this.base.valueIndex(names).rowsOf(tuple);
    if (this.#tailSlots.length === 0) return;
    const key = names.join(",");
    let index = this.#valueIndexes.get(key);
    if (index === undefined) {
      index = new ValueIndex(columns.map((column) => column.tail));
      this.#valueIndexes.set(key, index);
    }
    index.extend(this.#tailSlots.length);
    for (const row of index.rowsOf(tuple)) yield this.base.rows + row;
  }

  /** The values that deltas appended to a column, in row order behind the base. */
  tail(name: string): Column {
    return this.#tail(name);
  }

  /** Memory held beside the base, bytes. */
  get byteLength(): number {
    let bytes = this.#heads.byteLength + this.#ended.byteLength + this.#tailIds.bytes.byteLength +
      this.#tailIndex.byteLength + this.#tailSlots.values.byteLength + this.#previous.values.byteLength;
    for (const tail of this.#tails.values()) bytes += columnBytes(tail);
    bytes += this.#commitIds.length * DELTA_BYTES;
    for (const index of this.#valueIndexes.values()) bytes += index.byteLength;
    return bytes;
  }

  #append(commitId: string, deletes: readonly string[], appended: Appended | null): void {
    const ordinal = this.deltaCount + 1;
    let live = this.liveCount(ordinal - 1);
    for (const id of deletes) {
      const slot = this.slotOf(id);
      if (slot !== -1 && this.#end(this.#head(slot), ordinal)) live--;
    }
    if (appended !== null) {
      const { ids, columns, from, to } = appended;
      for (let i = from; i < to; i++) {
        const slot = this.slotFor(ids.bytes, ids.offsets[i]!, ids.offsets[i + 1]!);
        const before = this.#head(slot);
        if (!this.#end(before, ordinal)) live++;
        this.#heads.set(slot, this.base.rows + this.#tailSlots.length + 1);
        this.#tailSlots.push(slot);
        this.#previous.push(before);
      }
      for (const [name, tail] of this.#tails) {
        appendRows(tail, name === "id" ? ids : columns.get(name), from, to);
      }
    }
    if (deletes.length > 0) this.#deletes.set(ordinal, deletes);
    this.#commitIds.push(commitId);
    this.#rowLimits.push(this.base.rows + this.#tailSlots.length);
    this.#liveCounts.push(live);
  }

  #makeColumn(name: string): TableColumn {
    const made = this.#columns.get(name);
    if (made !== undefined) return made;
    const base: Column = must(this.base.column(name), `column ${name} of ${this.type.key} was prepared`);
    const column = new TableColumn(base, this.#tail(name), this.base.rows);
    this.#columns.set(name, column);
    return column;
  }

  /** The deltas' values of a column; grows with the deltas from now on. */
  #tail(name: string): Column {
    const known = this.#tails.get(name);
    if (known !== undefined) return known;
    assert(name === "id", `${this.type.key} has no column ${name}`);
    const ids = new Utf8Column();
    for (let row = 0; row < this.#tailSlots.length; row++) {
      const slot = this.#tailSlots.values[row]!;
      const { bytes, offsets } = slot < this.base.rows ? this.base.ids : this.#tailIds;
      const at = slot < this.base.rows ? slot : slot - this.base.rows;
      ids.pushBytes(bytes, offsets[at]!, offsets[at + 1]!);
    }
    this.#tails.set("id", ids);
    return ids;
  }

  #head(slot: number): number {
    const head = this.#heads.get(slot);
    return head !== 0 ? head - 1 : slot < this.base.rows ? slot : -1;
  }

  #tailSlot(found: number): number {
    return found === -1 ? -1 : this.base.rows + found;
  }

  /** Ends a row that lives; false when there is none or it has ended before. */
  #end(row: number, ordinal: number): boolean {
    if (row === -1 || this.#ended.get(row) !== 0) return false;
    assert(row < this.#rowLimits[ordinal - 1]!, "the ids of one delta are distinct");
    this.#ended.set(row, ordinal);
    if (ordinal < this.#firstEnd) this.#firstEnd = ordinal;
    return true;
  }
}
