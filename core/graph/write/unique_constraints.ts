/**
 * `@key` and `@unique` over one table: no two entities share a tuple. A tuple with a null component is exempt; values
 * compare as stored. Tuples are compared as bytes, so a million edges need no strings.
 */
import { assert, must } from "../../base/assert.ts";
import type { AnyType, Constraint } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import { type Column, columnType, type RecordColumns, Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import { TupleWriter } from "../../storage/tuples.ts";
import type { TableAfter } from "./after_image.ts";
import { type PlaceOf, showCell, type Violation } from "./violation.ts";

/** The `@unique` groups of a type, as declared. */
export function uniqueGroups(type: AnyType): readonly (readonly string[])[] {
  return type.constraints.flatMap((constraint: Constraint) =>
    constraint.kind === "unique" ? [constraint.columns] : []
  );
}

/** The complaint about two records of one load with the same `@key`; `row` is the record that stayed. */
export function keyViolation(table: TableAfter, row: number, place: string): Violation {
  const { type } = table;
  assert(type.kind === "node" && type.keyProperties !== null, "only keyed nodes have keys");
  const ids = must(table.upsertIds, "a clash is about loaded records");
  return duplicate(table, type.keyProperties, row, ids.text(row), ids.text(row), place);
}

/** Violations of one `@unique` group by the upserted rows of a table: among themselves, then with kept entities. */
export function* uniqueViolations(
  table: TableAfter,
  columns: readonly string[],
  place: PlaceOf,
): Generator<Violation, void, undefined> {
  const rows = table.change?.upserts ?? null;
  if (rows === null) return;
  const ids = must(table.upsertIds, "upserts have ids");
  const sources = columns.map((name) => must(rows.columns.get(name), `column ${name} is missing`));
  const tuples = tupleIndex(sources, rows.length);
  for (const { row: second, first } of tuples.index.duplicates) {
    const [a, b] = [tuples.rows[first]!, tuples.rows[second]!];
    yield duplicate(table, columns, b, ids.text(a), ids.text(b), place(table.type.key, b));
  }
  const { head } = table;
  if (head === null || table.change!.replaceAll) return;
  for (const row of tuples.rows) {
    const cells = sources.map((column) => column.get(row) as Cell);
    for (const holder of head.lookup(columns, cells)) {
      const id = head.idOf(holder);
      if (!table.keeps(id)) continue;
      yield duplicate(table, columns, row, id, ids.text(row), place(table.type.key, row));
    }
  }
}

function duplicate(
  table: TableAfter,
  columns: readonly string[],
  row: number,
  holder: string,
  entityId: string,
  place: string,
): Violation {
  const { type } = table;
  const rows: RecordColumns = must(table.change?.upserts, "a duplicate is among upserts");
  const sorted = [...columns].sort();
  const values = sorted.map((name) => showCell(rows.columns.get(name)!.get(row)!, columnType(type, name)));
  const subject = sorted.length === 1 ? `${type.name}.${sorted[0]}` : `${type.name}.(${sorted.join(", ")})`;
  const value = sorted.length === 1 ? values[0] : `(${values.join(", ")})`;
  const message =
    `@unique violation on ${subject}: value '${value}' held by '${holder}' and '${entityId}'${place}`;
  return { kind: "unique_violation", typeKey: type.key, entityId, message };
}

/** Tuples without nulls as byte strings: `rows[i]` is the record of the `i`-th tuple. */
interface TupleIndex {
  readonly index: IdIndex;
  readonly rows: ArrayLike<number> & Iterable<number>;
}

function tupleIndex(columns: readonly Column[], length: number): TupleIndex {
  const only = columns[0]!;
  if (columns.length === 1 && only.kind === "utf8" && only.validity === null) {
    return { index: IdIndex.build(only, length), rows: Int32Array.from({ length }, (_, row) => row) };
  }
  const tuples = new Utf8Column();
  const rows: number[] = [];
  const writer = new TupleWriter();
  for (let row = 0; row < length; row++) {
    if (columns.some((column) => column.isNull(row))) continue;
    writer.clear();
    for (const column of columns) writer.addRow(column, row);
    tuples.pushBytes(writer.bytes, 0, writer.length);
    rows.push(row);
  }
  return { index: IdIndex.build(tuples), rows };
}
