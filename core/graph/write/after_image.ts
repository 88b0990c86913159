/**
 * The content of a graph after a write, as far as constraints need it: the head plus or minus a change set, table by
 * table, without building anything.
 */
import { must } from "../../base/assert.ts";
import type { AnyType, TypeKey } from "../../schema/catalog.ts";
import { idColumn, type Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import type { EdgeTableView, GraphView, TableView } from "../read/view.ts";
import type { ChangeSet, TableChange } from "./change_set.ts";

/** Rows of a table at the head, known without loading it. */
export function headRows(view: GraphView, key: TypeKey): number {
  return view.commit.tables[key]?.rows ?? 0;
}

/** All tables after a write. What is asked of a head table must have been prepared. */
export class AfterImage {
  readonly #view: GraphView;
  readonly #changes: ChangeSet;
  readonly #tables = new Map<TypeKey, TableAfter>();

  constructor(view: GraphView, changes: ChangeSet) {
    this.#view = view;
    this.#changes = changes;
  }

  /** A table by its type key. */
  table(key: TypeKey): TableAfter {
    let table = this.#tables.get(key);
    if (table === undefined) {
      const type = must(this.#view.catalog.byKey.get(key), `the catalog has ${key}`);
      const openHead = headRows(this.#view, key) === 0 ? null : () => headTable(this.#view, type);
      table = new TableAfter(type, this.#changes.get(key) ?? null, openHead);
      this.#tables.set(key, table);
    }
    return table;
  }

  /** An edge table at the head; null when it is empty there. */
  headEdges(name: string): EdgeTableView | null {
    return headRows(this.#view, `edge:${name}`) === 0 ? null : this.#view.edge(name);
  }
}

/** The table of a type at the view's commit. */
export function headTable(view: GraphView, type: AnyType): TableView {
  return type.kind === "node" ? view.node(type.name) : view.edge(type.name);
}

/** One table after a write. */
export class TableAfter {
  readonly type: AnyType;
  readonly change: TableChange | null;
  readonly #openHead: (() => TableView) | null;
  #upserts: IdIndex | null = null;
  #deletes: ReadonlySet<string> | null = null;

  /** `openHead` is null when the table is empty at the head; else it is called only when the head is looked at. */
  constructor(type: AnyType, change: TableChange | null, openHead: (() => TableView) | null) {
    this.type = type;
    this.change = change;
    this.#openHead = openHead;
  }

  /** The table before the write; null when it is empty there. */
  get head(): TableView | null {
    return this.#openHead === null ? null : this.#openHead();
  }

  /** Ids of the upserted rows; null when there are none. */
  get upsertIds(): Utf8Column | null {
    const upserts = this.change?.upserts ?? null;
    return upserts === null ? null : idColumn(upserts, "id");
  }

  /** Whether an entity with this id exists after the write. */
  exists(id: string): boolean {
    return this.isUpserted(id) || this.#survives(id);
  }

  /** Whether an entity of the head is neither replaced nor removed by the write. */
  keeps(id: string): boolean {
    return !this.isUpserted(id) && !this.#isRemoved(id);
  }

  /** Whether the write has an image for this id. */
  isUpserted(id: string): boolean {
    return this.upsertIds !== null && this.#index(this.upsertIds).find(id) !== -1;
  }

  /** Rows of a column of ids that name no entity after the write, ascending. */
  missing(ids: Utf8Column): number[] {
    const found = new Int32Array(ids.length).fill(-1);
    if (this.upsertIds !== null && this.#index(this.upsertIds).findAll(ids, ids.length, found) === 0) {
      return [];
    }
    const missing: number[] = [];
    for (let row = 0; row < ids.length; row++) {
      if (found[row] === -1 && !this.#survives(ids.text(row))) missing.push(row);
    }
    return missing;
  }

  #survives(id: string): boolean {
    return !this.#isRemoved(id) && this.head !== null && this.head.find(id) !== -1;
  }

  #isRemoved(id: string): boolean {
    if (this.change === null) return false;
    if (this.change.replaceAll) return true;
    this.#deletes ??= new Set(this.change.deletes);
    return this.#deletes.has(id);
  }

  #index(ids: Utf8Column): IdIndex {
    return this.#upserts ??= IdIndex.build(ids);
  }
}
