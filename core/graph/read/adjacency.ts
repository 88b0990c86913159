/**
 * Edges as slot pairs: compressed adjacency of the base in both directions, and an overlay for edges that came later.
 *
 *   base, per direction:   offsets[slot] .. offsets[slot + 1]  ->  neighbours[i], rows[i]
 *
 * The entries of one slot are sorted by neighbour, then by edge row, so parallel edges lie side by side. Base edges
 * whose endpoints are not in the base of the node tables, and all edges of later deltas, are links in the overlay.
 *
 * Invariants: the base never changes and is shared by all lineages over the same three pins. Links are only added.
 * Nothing here knows which edge rows or nodes are alive: that depends on the reader.
 */
import { assert } from "../../base/assert.ts";
import { idColumn, type RecordColumns, type Utf8Column } from "../../storage/columns.ts";
import { IntList, SplitInts } from "./int_list.ts";
import type { LiveTable } from "./live_table.ts";
import type { TableBase } from "./table_base.ts";

/** One direction of a base. */
export interface Csr {
  /** One more than there are slots. */
  readonly offsets: Int32Array;
  readonly neighbours: Int32Array;
  /** Edge rows. */
  readonly rows: Int32Array;
}

/** A base edge with an endpoint outside the base node tables. */
interface LooseEdge {
  readonly row: number;
  readonly src: Uint8Array;
  readonly dst: Uint8Array;
}

/** Adjacency of the base rows of one edge table. */
export interface BaseAdjacency {
  readonly out: Csr;
  readonly in: Csr;
  /** Whether two edges join the same pair in the same direction. */
  readonly parallel: boolean;
  readonly loose: readonly LooseEdge[];
}

/** Builds the adjacency of base edges; `record` holds their `src` and `dst` columns. */
export function buildAdjacency(record: RecordColumns, from: TableBase, to: TableBase): BaseAdjacency {
  const src = idColumn(record, "src");
  const dst = idColumn(record, "dst");
  const { length } = record;
  const sources = new Int32Array(length);
  const targets = new Int32Array(length);
  const missing = from.idIndex.findAll(src, length, sources) + to.idIndex.findAll(dst, length, targets);
  const loose: LooseEdge[] = [];
  if (missing > 0) {
    for (let row = 0; row < length; row++) {
      if (sources[row] === -1 || targets[row] === -1) {
        loose.push({ row, src: bytesOf(src, row), dst: bytesOf(dst, row) });
      }
    }
  }
  // By target, by source, by target again: every pass is stable, so both results are sorted by neighbour, then by row.
  const byTarget = groupRows(targets, sources, to.rows);
  const out = transposed(byTarget, sources, from.rows);
  const into = transposed(out, targets, to.rows);
  return { out, in: into, parallel: hasParallel(out), loose };
}

/** Edge rows by slot, in row order within a slot; edges with a missing end are left out. */
function groupRows(keys: Int32Array, others: Int32Array, slots: number): Pick<Csr, "offsets" | "rows"> {
  const offsets = new Int32Array(slots + 1);
  let kept = 0;
  for (let row = 0; row < keys.length; row++) {
    if (keys[row] === -1 || others[row] === -1) continue;
    offsets[keys[row]! + 1]!++;
    kept++;
  }
  for (let slot = 0; slot < slots; slot++) offsets[slot + 1] = offsets[slot + 1]! + offsets[slot]!;
  const next = offsets.slice();
  const rows = new Int32Array(kept);
  for (let row = 0; row < keys.length; row++) {
    if (keys[row] !== -1 && others[row] !== -1) rows[next[keys[row]!]!++] = row;
  }
  return { offsets, rows };
}

/** The same edges grouped by their other end, `keys`. */
function transposed(grouped: Pick<Csr, "offsets" | "rows">, keys: Int32Array, slots: number): Csr {
  const offsets = new Int32Array(slots + 1);
  const count = grouped.rows.length;
  for (let i = 0; i < count; i++) offsets[keys[grouped.rows[i]!]! + 1]!++;
  for (let slot = 0; slot < slots; slot++) offsets[slot + 1] = offsets[slot + 1]! + offsets[slot]!;
  const next = offsets.slice();
  const neighbours = new Int32Array(count);
  const rows = new Int32Array(count);
  for (let slot = 0; slot + 1 < grouped.offsets.length; slot++) {
    const end = grouped.offsets[slot + 1]!;
    for (let i = grouped.offsets[slot]!; i < end; i++) {
      const row = grouped.rows[i]!;
      const at = next[keys[row]!]!++;
      neighbours[at] = slot;
      rows[at] = row;
    }
  }
  return { offsets, neighbours, rows };
}

function hasParallel(csr: Csr): boolean {
  for (let slot = 0; slot + 1 < csr.offsets.length; slot++) {
    const end = csr.offsets[slot + 1]!;
    for (let i = csr.offsets[slot]! + 1; i < end; i++) {
      if (csr.neighbours[i] === csr.neighbours[i - 1]) return true;
    }
  }
  return false;
}

function bytesOf(column: Utf8Column, row: number): Uint8Array {
  return column.bytes.slice(column.offsets[row]!, column.offsets[row + 1]!);
}

/** One direction of adjacency: the base and the links over it. */
export class AdjacencySide {
  readonly base: Csr;
  /** Per slot: newest link + 1, 0 for none. */
  readonly #heads: SplitInts;
  readonly #next = new IntList();
  readonly #neighbours = new IntList();
  readonly #rows = new IntList();

  constructor(base: Csr) {
    this.base = base;
    this.#heads = new SplitInts(base.offsets.length - 1);
  }

  /** Slots of the base; slots behind them have links only. */
  get baseSlots(): number {
    return this.base.offsets.length - 1;
  }

  /** The first link of a slot, or -1. */
  firstLink(slot: number): number {
    return this.#heads.get(slot) - 1;
  }

  /** The link after a link, or -1. */
  nextLink(link: number): number {
    return this.#next.values[link]!;
  }

  linkNeighbour(link: number): number {
    return this.#neighbours.values[link]!;
  }

  linkRow(link: number): number {
    return this.#rows.values[link]!;
  }

  /** Adds an edge behind the base. */
  link(slot: number, neighbour: number, row: number): void {
    this.#next.push(this.#heads.get(slot) - 1);
    this.#neighbours.push(neighbour);
    this.#rows.push(row);
    this.#heads.set(slot, this.#rows.length);
  }

  /** Memory held, bytes. */
  get byteLength(): number {
    const { offsets, neighbours, rows } = this.base;
    return offsets.byteLength + neighbours.byteLength + rows.byteLength + this.#heads.byteLength +
      3 * this.#rows.values.byteLength;
  }
}

/** Adjacency of one lineage of an edge table between two lineages of its endpoint tables. */
export class Adjacency {
  readonly edges: LiveTable;
  readonly from: LiveTable;
  readonly to: LiveTable;
  readonly out: AdjacencySide;
  readonly in: AdjacencySide;
  /** Whether the base joins a pair twice in one direction. */
  readonly baseParallel: boolean;
  #links = 0;
  /** Edge rows that are linked: base rows, then those of deltas. */
  #rows: number;

  constructor(base: BaseAdjacency, edges: LiveTable, from: LiveTable, to: LiveTable) {
    assert(base.out.offsets.length === from.base.rows + 1, "the base adjacency belongs to these tables");
    this.edges = edges;
    this.from = from;
    this.to = to;
    this.out = new AdjacencySide(base.out);
    this.in = new AdjacencySide(base.in);
    this.baseParallel = base.parallel;
    this.#rows = edges.base.rows;
    for (const { row, src, dst } of base.loose) {
      this.#link(from.slotFor(src, 0, src.length), to.slotFor(dst, 0, dst.length), row);
    }
  }

  /** Edges in the overlay. */
  get linkCount(): number {
    return this.#links;
  }

  /** Links the edges of deltas that were applied to the edge table since the last call. */
  advance(): void {
    const split = this.edges.base.rows;
    const limit = this.edges.rowLimit(this.edges.deltaCount);
    if (this.#rows === limit) return;
    const src = this.edges.tail("src") as Utf8Column;
    const dst = this.edges.tail("dst") as Utf8Column;
    for (; this.#rows < limit; this.#rows++) {
      const i = this.#rows - split;
      const from = this.from.slotFor(src.bytes, src.offsets[i]!, src.offsets[i + 1]!);
      const to = this.to.slotFor(dst.bytes, dst.offsets[i]!, dst.offsets[i + 1]!);
      this.#link(from, to, this.#rows);
    }
  }

  /** Memory held, bytes. */
  get byteLength(): number {
    return this.out.byteLength + this.in.byteLength;
  }

  #link(from: number, to: number, row: number): void {
    this.out.link(from, to, row);
    this.in.link(to, from, row);
    this.#links++;
  }
}
