/** A graph at one commit over cached tables. */
import { assert, must } from "../../base/assert.ts";
import { AppError } from "../../errors.ts";
import type { Catalog, TypeKey } from "../../schema/catalog.ts";
import type { Commit } from "../commit.ts";
import { reclaimed } from "../purged_tables.ts";
import type { SnapshotState, TableSnapshot } from "../snapshot_state.ts";
import type { Adjacency } from "./adjacency.ts";
import type { LiveTable } from "./live_table.ts";
import { MemoryEdgeView, MemoryTableView } from "./table_view.ts";
import type { EdgeTableView, GraphView, TableNeed, TableView } from "./view.ts";

/** Where a view gets its tables from. */
export interface TableSource {
  /** The lineage that holds a table's deltas, and how many of them the snapshot sees. `columns` are read along. */
  lineage(
    snapshot: TableSnapshot,
    columns: readonly string[],
  ): Promise<{ readonly live: LiveTable; readonly ordinal: number }>;
  adjacency(edges: LiveTable, from: LiveTable, to: LiveTable): Promise<Adjacency>;
  /** Notes that a table was used. */
  touch(live: LiveTable): void;
  /** Called after a view took more into memory. */
  loaded(): void;
}

const READY = Promise.resolve();

/** One commit of a graph in memory. */
export class MemoryGraphView implements GraphView {
  readonly catalog: Catalog;
  readonly commit: Commit;
  readonly #state: SnapshotState;
  readonly #source: TableSource;
  readonly #tables = new Map<TypeKey, MemoryTableView>();
  readonly #resolving = new Map<TypeKey, Promise<MemoryTableView>>();

  constructor(state: SnapshotState, source: TableSource) {
    this.catalog = state.catalog;
    this.commit = state.commit;
    this.#state = state;
    this.#source = source;
  }

  prepare(needs: readonly TableNeed[]): Promise<void> {
    for (const need of needs) if (!this.#isReady(need)) return this.#load(needs);
    return READY;
  }

  /** Whether {@linkcode prepare} has nothing left to do. */
  isPrepared(needs: readonly TableNeed[]): boolean {
    for (const need of needs) if (!this.#isReady(need)) return false;
    return true;
  }

  node(typeName: string): TableView {
    return this.table(`node:${typeName}`);
  }

  edge(typeName: string): EdgeTableView {
    return this.edges(typeName);
  }

  /** A prepared table, as kernels need it. */
  table(key: TypeKey): MemoryTableView {
    return must(this.#tables.get(key), `${key} was prepared`);
  }

  /** A prepared edge table, as kernels need it. */
  edges(typeName: string): MemoryEdgeView {
    const view = this.table(`edge:${typeName}`);
    assert(view instanceof MemoryEdgeView, `${typeName} is an edge type`);
    return view;
  }

  /** About how many rows a table has; needs nothing in memory. */
  estimateRows(key: TypeKey): number {
    const loaded = this.#tables.get(key);
    if (loaded !== undefined) return loaded.rowCount;
    const snapshot = this.#snapshot(key);
    let rows = snapshot.pin.rows;
    for (const { upserts } of snapshot.deltas) rows += upserts?.length ?? 0;
    return rows;
  }

  #isReady(need: TableNeed): boolean {
    const view = this.#tables.get(need.table);
    if (view === undefined || !view.live.has(need.columns)) return false;
    this.#source.touch(view.live);
    return need.adjacency !== true || (view instanceof MemoryEdgeView && view.hasAdjacency);
  }

  async #load(needs: readonly TableNeed[]): Promise<void> {
    await Promise.all(needs.map((need) => this.#loadNeed(need)));
    this.#source.loaded();
  }

  async #loadNeed(need: TableNeed): Promise<void> {
    const { type } = this.#snapshot(need.table);
    const opening = this.#open(need.table, need.columns);
    if (type.kind === "node" || need.adjacency !== true) {
      await (await opening).live.load(need.columns);
      return;
    }
    const [edges, from, to] = await Promise.all([
      opening,
      this.#open(`node:${type.from}`, []),
      this.#open(`node:${type.to}`, []),
    ]);
    await edges.live.load(need.columns);
    const adjacency = await this.#source.adjacency(edges.live, from.live, to.live);
    const current = this.table(need.table);
    if (current instanceof MemoryEdgeView && current.hasAdjacency) return;
    this.#tables.set(
      need.table,
      new MemoryEdgeView(type, edges.live, edges.ordinal, { from, to, adjacency }),
    );
  }

  /** The table at this commit; every caller gets the same lineage and ordinal. */
  #open(key: TypeKey, columns: readonly string[]): Promise<MemoryTableView> {
    const known = this.#tables.get(key);
    if (known !== undefined) return Promise.resolve(known);
    let opening = this.#resolving.get(key);
    if (opening === undefined) {
      opening = this.#openTable(key, columns).finally(() => this.#resolving.delete(key));
      this.#resolving.set(key, opening);
    }
    return opening;
  }

  async #openTable(key: TypeKey, columns: readonly string[]): Promise<MemoryTableView> {
    const snapshot = this.#snapshot(key);
    const { type } = snapshot;
    const { live, ordinal } = await this.#source.lineage(snapshot, columns);
    const view = type.kind === "edge"
      ? new MemoryEdgeView(type, live, ordinal, null)
      : new MemoryTableView(type, live, ordinal);
    this.#tables.set(key, view);
    return view;
  }

  /** Every table a query reads is asked for here first, when its plan is made. */
  #snapshot(key: TypeKey): TableSnapshot {
    const snapshot = this.#state.tables.get(key);
    if (snapshot !== undefined && !snapshot.isReclaimed) return snapshot;
    const { kind, name } = must(this.catalog.byKey.get(key), `the schema has ${key}`);
    if (snapshot !== undefined) throw reclaimed(`${kind} type '${name}' of commit '${this.commit.id}'`);
    throw new AppError("invalid_input", `${kind} type '${name}' does not exist at this snapshot`);
  }
}
