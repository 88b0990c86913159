/**
 * Tables in memory, shared by all commits and branches of a graph.
 *
 * A lineage is registered under a pin together with how many of its deltas that pin already holds (its offset): 0 for the
 * pin it was read from, more for pins that a fold or a large commit made later. A snapshot matches a lineage when its deltas are the next
 * ones of the lineage, or continue them; a snapshot that continues them moves the lineage forward. One that differs
 * gets a lineage of its own over the same base.
 *
 * Invariants: a lineage's delta list only grows; a view keeps its lineage and ordinal for good, so eviction never
 * disturbs a reader. The unit of eviction is a base with everything that lies over it, the least recently used first.
 * A table that is written for years takes no more memory than its content and a part of it: a lineage that grew too long
 * is begun anew from the pin that a fold made, and forgotten once that happened again.
 */
import { READ_CACHE_BYTES_MAX, WHOLE_READ_ROWS_MAX } from "../../base/limits.ts";
import type { AnyType, TypeKey } from "../../schema/catalog.ts";
import { typeName } from "../../schema/value_type.ts";
import type { TablePin, TableStore } from "../../storage/table_store.ts";
import { readerOf } from "../column_pairing.ts";
import type { DecodedDelta, SnapshotState, TableSnapshot } from "../snapshot_state.ts";
import type { Adjacency } from "./adjacency.ts";
import { AdjacencyCache } from "./adjacency_cache.ts";
import { MemoryGraphView, type TableSource } from "./graph_view.ts";
import { LiveTable } from "./live_table.ts";
import { openPartial, type PartialTable } from "./partial_table.ts";
import { TableBase } from "./table_base.ts";
import type { GraphView } from "./view.ts";

/** Lineages kept per pin; the one used longest ago goes first. */
const LINEAGES_MAX = 32;
/** A new pin keeps the lineage only while its deltas stay under this many rows, or under a quarter of the base. */
const TAIL_ROWS_MAX = 16_384;
/** For each row wanted, so many may be read with it. */
const PARTIAL_SHARE = 20;
/** Pins under which one lineage is known; the oldest are forgotten. Each look at the memory in use goes through all. */
const PINS_MAX = 64;

/** The cache of one graph. */
export interface TableCache {
  /** A reader of one commit. Reading starts with `prepare`. */
  view(state: SnapshotState): GraphView;
  /**
   * A fold moved a table's deltas into a new pin without changing what a reader sees. Called before the pin is published;
   * may read the new pin.
   */
  rebase(key: TypeKey, before: TableSnapshot, after: TablePin): Promise<void>;
  /** A large commit put a change on top of a snapshot into a new pin: what is in memory follows without being read again. */
  carry(before: TableSnapshot, change: DecodedDelta, after: TablePin): void;
  /**
   * A way to look up about `rows` rows of a table that is not in memory, without reading all of it; null when the table is
   * there, or when reading it whole is no worse.
   */
  partial(table: TableSnapshot, rows: number): PartialTable | null;
  /** Memory held, bytes. */
  readonly byteLength: number;
  /** Lets go of all memory; views that exist stay right. */
  close(): void;
}

/**
 * Creates a cache over the tables of one graph. `maxBytes` bounds what it holds on to; tables of up to `wholeRowsMax` rows
 * are read whole whenever something of them is needed.
 */
export function createTableCache(options: {
  readonly tables: Pick<TableStore, "read">;
  readonly maxBytes?: number;
  readonly wholeRowsMax?: number;
}): TableCache {
  const { tables, maxBytes = READ_CACHE_BYTES_MAX, wholeRowsMax = WHOLE_READ_ROWS_MAX } = options;
  return new MemoryTableCache(tables, maxBytes, wholeRowsMax);
}

/** A lineage as one pin knows it. */
interface Lineage {
  readonly live: LiveTable;
  /** Deltas of the lineage that the pin holds. */
  readonly offset: number;
}

/** A lineage at a snapshot. */
interface Place {
  readonly live: LiveTable;
  readonly ordinal: number;
}

class MemoryTableCache implements TableCache, TableSource {
  readonly #tables: Pick<TableStore, "read">;
  readonly #maxBytes: number;
  readonly #wholeRowsMax: number;
  readonly #adjacencies = new AdjacencyCache();
  readonly #opening = new Map<string, Promise<TableBase>>();
  /** Most recently used first. */
  readonly #lineages = new Map<string, Lineage[]>();
  /** The pins of a lineage, oldest first. */
  readonly #pins = new WeakMap<LiveTable, string[]>();
  /** By table and branch: the lineage that was begun anew last. Readers of the commits just before may still come. */
  readonly #renewed = new Map<string, LiveTable>();
  #views = new WeakMap<SnapshotState, MemoryGraphView>();
  #tick = 0;

  constructor(tables: Pick<TableStore, "read">, maxBytes: number, wholeRowsMax: number) {
    this.#tables = tables;
    this.#maxBytes = maxBytes;
    this.#wholeRowsMax = wholeRowsMax;
  }

  view(state: SnapshotState): GraphView {
    let view = this.#views.get(state);
    if (view === undefined) {
      view = new MemoryGraphView(state, this);
      this.#views.set(state, view);
    }
    return view;
  }

  async rebase(_key: TypeKey, before: TableSnapshot, after: TablePin): Promise<void> {
    const place = this.#match(before);
    if (place === null) return;
    const { live, ordinal } = place;
    const folded: TableSnapshot = { type: before.type, pin: after, deltas: [] };
    if (mayGrow(place, 0)) return this.#register(pinKey(folded), { live, offset: ordinal });
    const base = await this.#open(folded, live.base.columnNames);
    this.#register(pinKey(folded), { live: new LiveTable(base), offset: 0 });
    this.#renew(live, after);
  }

  carry(before: TableSnapshot, change: DecodedDelta, after: TablePin): void {
    const place = this.#match(before);
    if (place === null) return;
    // Whoever asks next begins anew from the pin.
    if (!mayGrow(place, change.upserts?.length ?? 0)) return this.#renew(place.live, after);
    const { ordinal } = place;
    const live = ordinal === place.live.deltaCount ? place.live : place.live.copy(ordinal);
    live.apply(change);
    this.#register(pinKey({ type: before.type, pin: after }), { live, offset: ordinal + 1 });
  }

  partial(table: TableSnapshot, rows: number): PartialTable | null {
    const { pin, stored, isReclaimed } = table;
    const isSmall = pin.rows <= this.#wholeRowsMax + rows * PARTIAL_SHARE;
    // Whoever reads the whole table is told why it cannot be read, and pairs its columns.
    if (isSmall || stored !== undefined || isReclaimed || this.#lineages.has(pinKey(table))) return null;
    return openPartial(this.#tables, table);
  }

  get byteLength(): number {
    let total = 0;
    for (const bytes of this.#bytesByBase().values()) total += bytes;
    return total;
  }

  close(): void {
    this.#lineages.clear();
    this.#opening.clear();
    this.#renewed.clear();
    this.#adjacencies.clear();
    this.#views = new WeakMap();
  }

  async lineage(snapshot: TableSnapshot, columns: readonly string[]): Promise<Place> {
    const known = this.#match(snapshot) ?? this.#fork(snapshot);
    if (known !== null) return known;
    const base = await this.#open(snapshot, columns);
    const made = this.#match(snapshot) ?? this.#fork(snapshot);
    if (made !== null) return made;
    const lineage = { live: new LiveTable(base), offset: 0 };
    this.#register(pinKey(snapshot), lineage);
    return advance(lineage, snapshot);
  }

  adjacency(edges: LiveTable, from: LiveTable, to: LiveTable): Promise<Adjacency> {
    return this.#adjacencies.get(edges, from, to);
  }

  touch(live: LiveTable): void {
    live.base.lastUsed = ++this.#tick;
  }

  loaded(): void {
    const bases = this.#bytesByBase();
    let total = 0;
    for (const bytes of bases.values()) total += bytes;
    if (total <= this.#maxBytes) return;
    const oldestFirst = [...bases.keys()].sort((a, b) => a.lastUsed - b.lastUsed);
    for (const base of oldestFirst.slice(0, -1)) {
      if (total <= this.#maxBytes) break;
      total -= bases.get(base)!;
      this.#evict(base);
    }
    this.#views = new WeakMap(); // old views hold what was evicted; new requests get new ones
  }

  /** Reads the base of a pin; concurrent callers share one read. */
  #open(snapshot: TableSnapshot, columns: readonly string[]): Promise<TableBase> {
    const key = pinKey(snapshot);
    let opening = this.#opening.get(key);
    if (opening === undefined) {
      const { pin, type, stored } = snapshot;
      const tables = stored === undefined ? this.#tables : readerOf(this.#tables, stored);
      opening = TableBase.open(tables, pin, type, columns)
        .finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    return opening;
  }

  /** The lineage that shows this snapshot, moved forward when the snapshot is newer; null when there is none. */
  #match(snapshot: TableSnapshot): Place | null {
    const lineages = this.#lineages.get(pinKey(snapshot)) ?? [];
    const lineage = lineages.find((one) => agrees(one, snapshot));
    if (lineage === undefined) return null;
    if (lineage !== lineages[0]) lineages.unshift(...lineages.splice(lineages.indexOf(lineage), 1));
    this.touch(lineage.live);
    return advance(lineage, snapshot);
  }

  /** A new lineage for a snapshot that went another way than those of its pin; null when the pin has none yet. */
  #fork(snapshot: TableSnapshot): Place | null {
    const key = pinKey(snapshot);
    const [other] = this.#lineages.get(key) ?? [];
    if (other === undefined) return null;
    const lineage = { live: other.live.copy(other.offset), offset: other.offset };
    this.#register(key, lineage);
    return advance(lineage, snapshot);
  }

  #register(key: string, lineage: Lineage): void {
    const { live } = lineage;
    const lineages = this.#lineages.get(key) ?? [];
    this.#lineages.set(key, [lineage, ...lineages].slice(0, LINEAGES_MAX));
    this.touch(live);
    const pins = this.#pins.get(live) ?? [];
    this.#pins.set(live, pins);
    pins.push(key);
    if (pins.length > PINS_MAX) this.#drop(pins.shift()!, (one) => one.live === live);
  }

  /** Drops lineages of a pin. */
  #drop(key: string, gone: (lineage: Lineage) => boolean): void {
    const kept = this.#lineages.get(key)?.filter((one) => !gone(one)) ?? [];
    if (kept.length === 0) this.#lineages.delete(key);
    else this.#lineages.set(key, kept);
  }

  /** A table is begun anew behind a lineage; the one before it is forgotten. */
  #renew(live: LiveTable, { table, branch }: TablePin): void {
    const line = `${table}@${branch ?? ""}`;
    const older = this.#renewed.get(line);
    if (older !== undefined && older !== live) this.#forget(older);
    this.#renewed.set(line, live);
  }

  /** Forgets a lineage, and its base when no other lineage lies over it. */
  #forget(live: LiveTable): void {
    for (const key of this.#pins.get(live) ?? []) this.#drop(key, (one) => one.live === live);
    for (const lineages of this.#lineages.values()) {
      if (lineages.some((one) => one.live.base === live.base)) return;
    }
    this.#adjacencies.forget(live.base);
  }

  /** Memory by base, everything that lies over it included. */
  #bytesByBase(): Map<TableBase, number> {
    const bases = new Map<TableBase, number>();
    const counted = new Set<LiveTable>();
    for (const lineages of this.#lineages.values()) {
      for (const { live } of lineages) {
        if (counted.has(live)) continue;
        counted.add(live);
        const { base } = live;
        const bytes = bases.get(base) ?? base.byteLength + this.#adjacencies.bytesOf(base);
        bases.set(base, bytes + live.byteLength);
      }
    }
    return bases;
  }

  #evict(base: TableBase): void {
    for (const key of [...this.#lineages.keys()]) this.#drop(key, ({ live }) => live.base === base);
    for (const [line, live] of this.#renewed) if (live.base === base) this.#renewed.delete(line);
    this.#adjacencies.forget(base);
  }
}

/** Whether a snapshot's deltas and the lineage's deltas behind the pin agree as far as both go. */
function agrees({ live, offset }: Lineage, { deltas }: TableSnapshot): boolean {
  const common = Math.min(deltas.length, live.deltaCount - offset);
  for (let i = common - 1; i >= 0; i--) {
    if (live.commitIdOf(offset + i) !== deltas[i]!.commitId) return false;
  }
  return true;
}

/** Whether a lineage may take more rows in, or is better begun anew from the next pin. */
function mayGrow({ live, ordinal }: Place, rows: number): boolean {
  return live.rowLimit(ordinal) - live.base.rows + rows <= Math.max(TAIL_ROWS_MAX, live.base.rows / 4);
}

/** Applies the deltas of a snapshot that its lineage lacks. */
function advance({ live, offset }: Lineage, { deltas }: TableSnapshot): Place {
  for (let i = live.deltaCount - offset; i < deltas.length; i++) live.apply(deltas[i]!);
  return { live, ordinal: offset + deltas.length };
}

const SHAPES = new WeakMap<AnyType, string>();

/** A pin as a type reads it: the same version under another schema is another table in memory. */
function pinKey({ pin, type, stored }: Omit<TableSnapshot, "deltas">): string {
  const from = stored === undefined ? "" : `<${shapeOf(stored)}`;
  return `${pin.table}@${pin.branch ?? ""}@${pin.version}#${shapeOf(type)}${from}`;
}

function shapeOf(type: AnyType): string {
  let shape = SHAPES.get(type);
  if (shape === undefined) {
    const properties = type.properties.map(({ name, id, type, nullable }) =>
      `${name}:${id}:${typeName(type, nullable)}`
    );
    shape = `${type.typeId}:${type.tableId}(${properties.join()})`;
    SHAPES.set(type, shape);
  }
  return shape;
}
