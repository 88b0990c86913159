/**
 * A graph in plain maps, for tests of deciding code: schema text in, rows in, a `GraphView` out. It refuses to answer
 * about anything that was not prepared, so a test also shows that the code asks for what it uses.
 */
import { assert, must } from "../../core/base/assert.ts";
import type { NewId } from "../../core/base/ports.ts";
import type { Commit } from "../../core/graph/commit.ts";
import type { EdgeTableView, GraphView, TableNeed, TableView } from "../../core/graph/read/view.ts";
import type { ChangeSet } from "../../core/graph/write/change_set.ts";
import { acceptSchema } from "../../core/schema/accept.ts";
import type { AnyType, Catalog, EdgeType, TypeKey } from "../../core/schema/catalog.ts";
import type { Cell } from "../../core/schema/value_type.ts";
import { columnNames, idColumn, type RecordColumns } from "../../core/storage/columns.ts";

/** One entity: all columns of its table by name. */
export type Entity = ReadonlyMap<string, Cell | null>;
/** Entities by id, by type key. */
export type Content = ReadonlyMap<TypeKey, ReadonlyMap<string, Entity>>;

/** The catalog of a schema text. */
export function catalogFrom(schema: string): Catalog {
  return acceptSchema({ path: "test.pg", text: schema }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" }).catalog;
}

/** Ids that count up: `00000000000000000000000001`, … */
export function countingIds(): NewId {
  let last = 0;
  return () => String(++last).padStart(26, "0");
}

/** The rows of a record batch as entities, in order. */
export function entitiesOf(type: AnyType, records: RecordColumns): Entity[] {
  return Array.from(
    { length: records.length },
    (_, row) => new Map(columnNames(type).map((name) => [name, records.columns.get(name)!.get(row)])),
  );
}

/** The content after a change set; checks that the set keeps its own promises. */
export function applied(catalog: Catalog, content: Content, changes: ChangeSet): Content {
  const next = new Map(content);
  for (const [key, change] of changes) {
    const before = content.get(key) ?? new Map<string, Entity>();
    const rows = new Map(change.replaceAll ? [] : before);
    for (const id of change.deletes) {
      assert(before.has(id), `deleted id ${id} of ${key} is at the head`);
      rows.delete(id);
    }
    const type = must(catalog.byKey.get(key), "changes name known tables");
    if (change.upserts !== null) {
      const ids = idColumn(change.upserts, "id");
      entitiesOf(type, change.upserts).forEach((entity, row) => {
        const id = ids.text(row);
        assert(before.has(id) === (change.existing[row] === 1), `existing flag of ${id} of ${key}`);
        rows.set(id, entity);
      });
      assert(
        new Set(entitiesOf(type, change.upserts).map((e) => e.get("id"))).size === ids.length,
        "ids distinct",
      );
    }
    if (change.replaceAll) {
      const dropped = [...before.keys()].filter((id) => !rows.has(id)).sort();
      assert(JSON.stringify(dropped) === JSON.stringify([...change.deletes].sort()), `dropped ids of ${key}`);
    }
    next.set(key, rows);
  }
  return next;
}

/** A view of some content. */
export function memoryView(catalog: Catalog, content: Content = new Map()): GraphView {
  const ready = new Map<string, { columns: Set<string>; adjacency: boolean }>();
  const views = new Map<TypeKey, MemoryView>();

  function table(key: TypeKey): MemoryView {
    let view = views.get(key);
    if (view === undefined) {
      const type = must(catalog.byKey.get(key), `no table ${key}`);
      const prepared = must(ready.get(key), `${key} was not prepared`);
      views.set(key, view = new MemoryView(type, [...(content.get(key) ?? new Map()).values()], prepared));
    }
    return view;
  }

  const tables = Object.fromEntries(
    [...content].map(([key, rows]) => [key, { rows: rows.size }]),
  ) as unknown as Commit["tables"];
  return {
    catalog,
    commit: { id: "head", tables } as Commit,
    prepare(needs: readonly TableNeed[]) {
      for (const need of needs) {
        const known = ready.get(need.table) ?? { columns: new Set(["id"]), adjacency: false };
        for (const column of need.columns) known.columns.add(column);
        if (need.adjacency === true) known.adjacency = true;
        ready.set(need.table, known);
      }
      return Promise.resolve();
    },
    node: (name) => table(`node:${name}`),
    edge: (name) => table(`edge:${name}`) as unknown as EdgeTableView,
  };
}

class MemoryView implements TableView {
  readonly type: AnyType;
  readonly #rows: readonly Entity[];
  readonly #prepared: { columns: Set<string>; adjacency: boolean };

  constructor(
    type: AnyType,
    rows: readonly Entity[],
    prepared: { columns: Set<string>; adjacency: boolean },
  ) {
    this.type = type as EdgeType;
    this.#rows = rows;
    this.#prepared = prepared;
  }

  get rowCount(): number {
    return this.#rows.length;
  }

  find(id: string): number {
    return this.#rows.findIndex((row) => row.get("id") === id);
  }

  idOf(row: number): string {
    return this.#value(row, "id") as string;
  }

  cell(row: number, column: string): Cell | null {
    assert(this.#prepared.columns.has(column), `column ${column} of ${this.type.key} was not prepared`);
    return this.#value(row, column);
  }

  liveRows(): Int32Array {
    return Int32Array.from(this.#rows.keys());
  }

  lookup(columns: readonly string[], values: readonly Cell[]): readonly number[] {
    return [...this.liveRows()].filter((row) =>
      columns.every((column, i) => this.cell(row, column) === values[i])
    );
  }

  rowsFrom(nodeId: string): readonly number[] {
    return this.#rowsAt("src", nodeId);
  }

  rowsTo(nodeId: string): readonly number[] {
    return this.#rowsAt("dst", nodeId);
  }

  #rowsAt(column: string, nodeId: string): readonly number[] {
    assert(this.#prepared.adjacency, `adjacency of ${this.type.key} was not prepared`);
    return [...this.liveRows()].filter((row) => this.#value(row, column) === nodeId);
  }

  #value(row: number, column: string): Cell | null {
    return must(this.#rows[row], `row ${row} of ${this.type.key} exists`).get(column) ?? null;
  }
}
