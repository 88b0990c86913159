/**
 * The same content in different layouts: rows of a graph spread by chance over the pinned tables and the deltas above
 * them, with older versions and removed rows in between that no reader may see.
 */
import { must } from "../../core/base/assert.ts";
import type { Commit } from "../../core/graph/commit.ts";
import type { DecodedDelta, SnapshotState, TableSnapshot } from "../../core/graph/snapshot_state.ts";
import type { AnyType, Catalog, TypeKey } from "../../core/schema/catalog.ts";
import type { Cell, ScalarCell, ValueType } from "../../core/schema/value_type.ts";
import { emptyPin, type MemoryTables, recordsOf } from "./memory_tables.ts";
import type { NaiveEntity, NaiveGraph, NaiveValue } from "./naive_graph.ts";

type Row = Record<string, Cell | null>;

/** Where the rows of one table are, from a source of small integers. */
class Layers {
  readonly base: Row[] = [];
  readonly deltas: { upserts: Row[]; deletes: string[] }[] = [1, 2, 3].map(() => ({
    upserts: [],
    deletes: [],
  }));

  constructor(rows: readonly Row[], choose: (choices: number) => number) {
    for (const [at, row] of rows.entries()) {
      const stale = { ...must(rows[(at + 1) % rows.length], "a row"), id: row.id! };
      switch (choose(6)) {
        case 0:
        case 1:
          this.base.push(row);
          break;
        case 2: // changed once
          this.base.push(stale);
          this.deltas[0]!.upserts.push(row);
          break;
        case 3: // removed and added again
          this.base.push(row);
          this.deltas[0]!.deletes.push(row.id as string);
          this.deltas[1]!.upserts.push(row);
          break;
        case 4: // new, then changed
          this.deltas[0]!.upserts.push(stale);
          this.deltas[2]!.upserts.push(row);
          break;
        default:
          this.deltas[1]!.upserts.push(row);
      }
      if (choose(3) === 0) {
        const gone = { ...row, id: `${row.id}~gone` };
        (choose(2) === 0 ? this.base : this.deltas[0]!.upserts).push(gone);
        this.deltas[1]!.deletes.push(gone.id);
      }
    }
  }
}

/** A snapshot of this content. `choose(n)` gives integers below n and decides the layout; `plain` keeps all in the pins. */
export async function layeredState(
  tables: MemoryTables,
  catalog: Catalog,
  graph: NaiveGraph,
  choose: ((choices: number) => number) | "plain",
): Promise<SnapshotState> {
  const states = new Map<TypeKey, TableSnapshot>();
  for (const type of catalog.byKey.values()) {
    const entities = (type.kind === "node" ? graph.nodes : graph.edges).get(type.name) ?? [];
    const rows = entities.map((entity) => rowOf(type, entity));
    const layers = new Layers(rows, choose === "plain" ? () => 1 : choose);
    const name = `${type.kind}s/${type.tableId}`;
    const pin = layers.base.length === 0
      ? emptyPin(name)
      : await tables.seed(name, type, recordsOf(type, layers.base));
    const deltas: DecodedDelta[] = layers.deltas.flatMap(({ upserts, deletes }, at) =>
      upserts.length + deletes.length === 0 ? [] : [{
        commitId: `${type.key}-${at}`,
        upserts: upserts.length === 0 ? null : recordsOf(type, upserts),
        deletes,
      }]
    );
    states.set(type.key, { type, pin, deltas });
  }
  return { catalog, commit: {} as Commit, tables: states };
}

function rowOf(type: AnyType, { id, from, to, values }: NaiveEntity): Row {
  const row: Row = type.kind === "edge" ? { id, src: from, dst: to } : { id };
  for (const { name, type: valueType } of type.properties) {
    row[name] = cellOf(valueType, values[name] ?? null);
  }
  return row;
}

function cellOf(type: ValueType, value: NaiveValue): Cell | null {
  if (value === null) return null;
  if (type.kind === "vector") return Float32Array.from(value as readonly number[]);
  if (type.kind === "list") {
    return (value as readonly NaiveValue[]).map((item) => scalarCell(type.item, item));
  }
  return scalarCell(type.scalar, value);
}

function scalarCell(scalar: string, value: NaiveValue): ScalarCell {
  const wide = scalar === "I64" || scalar === "U64";
  return typeof value === "bigint" && !wide ? Number(value) : value as ScalarCell;
}
