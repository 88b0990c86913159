/**
 * Which adjacency exists in memory. Building one over a base is the expensive part; it is shared by all lineages over the
 * same three pins, and concurrent callers share one build.
 */
import { Adjacency, type BaseAdjacency, buildAdjacency } from "./adjacency.ts";
import type { LiveTable } from "./live_table.ts";
import type { TableBase } from "./table_base.ts";

/** Combinations of lineages kept per edge base; older ones are rebuilt when they come back. */
const KEPT_MAX = 16;

interface BaseEntry {
  readonly from: TableBase;
  readonly to: TableBase;
  readonly building: Promise<BaseAdjacency>;
}

interface EdgeEntry {
  bases: BaseEntry[];
  lineages: Adjacency[];
}

/** Adjacency by edge table base. */
export class AdjacencyCache {
  readonly #entries = new Map<TableBase, EdgeEntry>();

  /** The adjacency of one edge lineage between two node lineages, brought up to the deltas applied to the edges. */
  async get(edges: LiveTable, from: LiveTable, to: LiveTable): Promise<Adjacency> {
    const entry = this.#entry(edges.base);
    let adjacency = find(entry, edges, from, to);
    if (adjacency === undefined) {
      const base = await this.#base(entry, edges.base, from.base, to.base);
      adjacency = find(entry, edges, from, to);
      if (adjacency === undefined) {
        adjacency = new Adjacency(base, edges, from, to);
        entry.lineages = [adjacency, ...entry.lineages].slice(0, KEPT_MAX);
      }
    }
    adjacency.advance();
    return adjacency;
  }

  /** Drops everything that refers to a base. */
  forget(base: TableBase): void {
    this.#entries.delete(base);
    for (const entry of this.#entries.values()) {
      entry.bases = entry.bases.filter((one) => one.from !== base && one.to !== base);
      entry.lineages = entry.lineages.filter((one) => one.from.base !== base && one.to.base !== base);
    }
  }

  /** Drops everything. */
  clear(): void {
    this.#entries.clear();
  }

  /** Memory held by the adjacency of one edge base, bytes; the shared part is counted once. */
  bytesOf(base: TableBase): number {
    const entry = this.#entries.get(base);
    const [first] = entry?.lineages ?? [];
    return first === undefined ? 0 : first.byteLength;
  }

  #entry(base: TableBase): EdgeEntry {
    let entry = this.#entries.get(base);
    if (entry === undefined) {
      entry = { bases: [], lineages: [] };
      this.#entries.set(base, entry);
    }
    return entry;
  }

  #base(entry: EdgeEntry, edges: TableBase, from: TableBase, to: TableBase): Promise<BaseAdjacency> {
    const known = entry.bases.find((one) => one.from === from && one.to === to);
    if (known !== undefined) return known.building;
    const building = edges.readOnce(["src", "dst"]).then((record) => buildAdjacency(record, from, to));
    const made = { from, to, building };
    entry.bases = [made, ...entry.bases].slice(0, KEPT_MAX);
    building.catch(() => entry.bases = entry.bases.filter((one) => one !== made)); // the next caller tries again
    return building;
  }
}

function find(entry: EdgeEntry, edges: LiveTable, from: LiveTable, to: LiveTable): Adjacency | undefined {
  return entry.lineages.find((one) => one.edges === edges && one.from === from && one.to === to);
}
