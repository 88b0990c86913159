/** One table at one commit: a live table and the ordinal up to which its deltas are seen. */
import { assert, must } from "../../base/assert.ts";
import type { AnyType, EdgeType } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { Adjacency, AdjacencySide } from "./adjacency.ts";
import { IntList } from "./int_list.ts";
import type { LiveTable } from "./live_table.ts";
import type { TableColumn } from "./table_column.ts";
import type { EdgeTableView, TableView } from "./view.ts";

/** Rows of one table at a commit. */
export class MemoryTableView implements TableView {
  /** As this commit's schema has it; what lies in memory may have been read for another name of the type. */
  readonly type: AnyType;
  readonly live: LiveTable;
  readonly ordinal: number;
  readonly rowCount: number;
  /** Rows below this number may be visible, rows from it on are not. */
  readonly rowLimit: number;
  /** Whether rows below the limit must be asked for being alive. */
  readonly hasEnded: boolean;
  #liveRows: Int32Array | null = null;

  constructor(type: AnyType, live: LiveTable, ordinal: number) {
    this.type = type;
    this.live = live;
    this.ordinal = ordinal;
    this.rowCount = live.liveCount(ordinal);
    this.rowLimit = live.rowLimit(ordinal);
    this.hasEnded = live.hasEnded(ordinal);
  }

  /** Whether a row number is the row of a living entity at this commit. */
  isVisible(row: number): boolean {
    return row < this.rowLimit && (!this.hasEnded || this.live.livesAt(row, this.ordinal));
  }

  /** The visible row of a slot, or -1. */
  rowOfSlot(slot: number): number {
    return this.live.rowOfSlot(slot, this.ordinal);
  }

  find(id: string): number {
    const slot = this.live.slotOf(id);
    return slot === -1 ? -1 : this.live.rowOfSlot(slot, this.ordinal);
  }

  idOf(row: number): string {
    return this.live.column("id").get(row) as string;
  }

  /** A prepared column. */
  column(name: string): TableColumn {
    return this.live.column(name);
  }

  cell(row: number, column: string): Cell | null {
    return this.live.column(column).get(row);
  }

  liveRows(): Int32Array {
    if (this.#liveRows !== null) return this.#liveRows;
    const rows = new Int32Array(this.rowCount);
    let count = 0;
    for (let row = 0; row < this.rowLimit; row++) {
      if (!this.hasEnded || this.live.livesAt(row, this.ordinal)) rows[count++] = row;
    }
    assert(count === rows.length, "the row count of a view is the number of its visible rows");
    this.#liveRows = rows;
    return rows;
  }

  lookup(columns: readonly string[], values: readonly Cell[]): readonly number[] {
    const rows: number[] = [];
    for (const row of this.live.rowsEqual(columns, values)) if (this.isVisible(row)) rows.push(row);
    return rows.length > 1 ? rows.sort((a, b) => a - b) : rows;
  }
}

/** Entries of one slot's adjacency as a reader sees them. */
export class NeighbourList {
  /** Rows of the nodes at the other end. */
  readonly nodes = new IntList();
  /** Edge rows. */
  readonly edges = new IntList();

  clear(): void {
    this.nodes.length = 0;
    this.edges.length = 0;
  }
}

/** What makes edges walkable: the endpoint tables at the same commit and the adjacency between them. */
export interface EdgeEnds {
  readonly from: MemoryTableView;
  readonly to: MemoryTableView;
  readonly adjacency: Adjacency;
}

/** Edges of one type at a commit, with their endpoints. */
export class MemoryEdgeView extends MemoryTableView implements EdgeTableView {
  declare readonly type: EdgeType;
  readonly #ends: EdgeEnds | null;

  /** `ends` is null until adjacency is prepared: the edges can be read then, but not walked. */
  constructor(type: EdgeType, live: LiveTable, ordinal: number, ends: EdgeEnds | null) {
    super(type, live, ordinal);
    this.#ends = ends;
  }

  /** Whether the edges can be walked. */
  get hasAdjacency(): boolean {
    return this.#ends !== null;
  }

  get adjacency(): Adjacency {
    return this.#walkable().adjacency;
  }

  /** The source nodes. */
  get from(): MemoryTableView {
    return this.#walkable().from;
  }

  /** The target nodes. */
  get to(): MemoryTableView {
    return this.#walkable().to;
  }

  /** Whether the base adjacency alone, unchecked, is the whole truth for this reader. */
  get isPlain(): boolean {
    return this.adjacency.linkCount === 0 && !this.hasEnded && !this.from.hasEnded && !this.to.hasEnded;
  }

  /**
   * Appends the visible edges that leave (`out`) or reach (`in`) the node of a slot: first those of the base, where
   * edges to one neighbour lie side by side, then those that came later, whose number is returned.
   */
  collect(direction: "out" | "in", slot: number, into: NeighbourList): number {
    const side = direction === "out" ? this.adjacency.out : this.adjacency.in;
    const other = direction === "out" ? this.to : this.from;
    if (slot < side.baseSlots) this.#collectBase(side, slot, other, into);
    const fromBase = into.edges.length;
    for (let link = side.firstLink(slot); link !== -1; link = side.nextLink(link)) {
      const edge = side.linkRow(link);
      if (!this.isVisible(edge)) continue;
      const node = other.rowOfSlot(side.linkNeighbour(link));
      if (node === -1) continue;
      into.nodes.push(node);
      into.edges.push(edge);
    }
    return into.edges.length - fromBase;
  }

  rowsFrom(nodeId: string): readonly number[] {
    return this.#rowsAt("out", this.from.live.slotOf(nodeId));
  }

  rowsTo(nodeId: string): readonly number[] {
    return this.#rowsAt("in", this.to.live.slotOf(nodeId));
  }

  #walkable(): EdgeEnds {
    return must(this.#ends, `adjacency of ${this.type.key} was prepared`);
  }

  #collectBase(side: AdjacencySide, slot: number, other: MemoryTableView, into: NeighbourList): void {
    const { offsets, neighbours, rows } = side.base;
    const end = offsets[slot + 1]!;
    for (let i = offsets[slot]!; i < end; i++) {
      const edge = rows[i]!;
      if (this.hasEnded && !this.live.livesAt(edge, this.ordinal)) continue;
      const node = other.hasEnded ? other.rowOfSlot(neighbours[i]!) : neighbours[i]!;
      if (node === -1) continue;
      into.nodes.push(node);
      into.edges.push(edge);
    }
  }

  /** All visible edge rows at a slot, also those whose other end is no node. */
  #rowsAt(direction: "out" | "in", slot: number): readonly number[] {
    if (slot === -1) return [];
    const side = direction === "out" ? this.adjacency.out : this.adjacency.in;
    const found: number[] = [];
    if (slot < side.baseSlots) {
      const { offsets, rows } = side.base;
      for (let i = offsets[slot]!; i < offsets[slot + 1]!; i++) {
        if (this.isVisible(rows[i]!)) found.push(rows[i]!);
      }
    }
    for (let link = side.firstLink(slot); link !== -1; link = side.nextLink(link)) {
      if (this.isVisible(side.linkRow(link))) found.push(side.linkRow(link));
    }
    return found.sort((a, b) => a - b);
  }
}
