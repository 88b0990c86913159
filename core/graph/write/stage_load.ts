/**
 * Loads: a parsed batch and a mode to the changes of one commit.
 *
 *   mode        existing id     new id    other ids of the type    same explicit id twice
 *   append      key_conflict    insert    kept                     key_conflict
 *   merge       replaced        insert    kept                     last record wins
 *   overwrite   replaced        insert    removed                  key_conflict
 *
 * Types without a record stay as they are. Two records with one `@key` break uniqueness in every mode.
 */
import { ULID_LENGTH } from "../../base/ids.ts";
import type { NewId } from "../../base/ports.ts";
import { AppError } from "../../errors.ts";
import type { AnyType, TypeKey } from "../../schema/catalog.ts";
import {
  type Column,
  columnType,
  idColumn,
  newColumn,
  type RecordColumns,
  Utf8Column,
} from "../../storage/columns.ts";
import { type Duplicate, IdIndex } from "../../storage/id_index.ts";
import type { LoadMode } from "../graph.ts";
import type { GraphView, TableView } from "../read/view.ts";
import { headRows, headTable } from "./after_image.ts";
import type { BatchUnit, ParsedBatch, ParsedTable } from "./batch.ts";
import type { ChangeSet, TableChange } from "./change_set.ts";
import { constraintNeeds, refuseViolations } from "./constraints.ts";
import { checkBlobs, checkEntityBytes, checkEntityCount } from "./write_limits.ts";

/**
 * Decides what a load changes.
 *
 * @throws AppError `resource_limit`, `constraint_violation`, `key_conflict` or `invalid_input`; the first that applies.
 */
export async function stageLoad(
  view: GraphView,
  batch: ParsedBatch,
  mode: LoadMode,
  newId: NewId,
): Promise<ChangeSet> {
  if (mode !== "overwrite") checkLimits(batch);
  const touched = [...batch.tables.keys()].filter((key) => headRows(view, key) > 0);
  await view.prepare(touched.map((table) => ({ table, columns: [] })));
  const staged = [...batch.tables.values()].map((table) => stageTable(view, table, mode, newId));
  const changes: ChangeSet = new Map(staged.map((table) => [table.type.key, table.change]));
  await view.prepare(constraintNeeds(view, changes));
  const byKey = new Map(staged.map((table) => [table.type.key, table]));
  refuseViolations({
    view,
    changes,
    keyClashes: keyClashes(staged),
    place: (key, row) => ` (${batch.unit} ${byKey.get(key)!.lines[row]})`,
  });
  refuseConflicts(staged, mode, batch.unit);
  for (const { type, change } of staged) if (change.upserts !== null) checkBlobs(type, change.upserts);
  return changes;
}

/** Counts and sizes of append and merge, in the order of the record checks. */
function checkLimits(batch: ParsedBatch): void {
  for (const { type, records } of batch.tables.values()) checkEntityCount(type.key, records.length);
  for (const { type, records } of batch.tables.values()) checkEntityBytes(type.key, records);
}

/** One touched type, not yet checked. */
interface StagedTable {
  readonly type: AnyType;
  readonly change: TableChange;
  /** Physical line of every upserted row. */
  readonly lines: Int32Array;
  /** Records that repeat an explicit or derived id, as lines and the id. */
  readonly repeated: readonly { readonly id: string; readonly line: number; readonly firstLine: number }[];
}

function stageTable(view: GraphView, table: ParsedTable, mode: LoadMode, newId: NewId): StagedTable {
  const { type, lines } = table;
  const head = headRows(view, type.key) === 0 ? null : headTable(view, type);
  const given = idColumn(table.records, "id");
  const explicit = given.validity === null
    ? given.length
    : given.validity.subarray(0, given.length).indexOf(1) + 1;
  const index = explicit === 0 ? null : indexExplicit(given);
  const duplicates = index?.duplicates ?? [];
  const ids = given.validity === null ? given : fillIds(given, newId);
  let records: RecordColumns = { ...table.records, columns: new Map(table.records.columns).set("id", ids) };
  let rowLines = lines;
  if (duplicates.length > 0) {
    const rows = lastRows(records.length, duplicates);
    records = takeRows(type, records, rows);
    rowLines = rows.map((row) => lines[row]!);
  }
  const change: TableChange = {
    replaceAll: mode === "overwrite",
    upserts: records,
    existing: existingRows(records.length, index === null ? null : idColumn(records, "id"), head),
    deletes: mode === "overwrite" && head !== null ? droppedIds(head, index) : [],
  };
  const repeated = duplicates.map(({ row, first }) => ({
    id: given.text(row),
    line: lines[row]!,
    firstLine: lines[first]!,
  }));
  return { type, change, lines: rowLines, repeated };
}

/** The explicit ids of a table by their bytes. */
function indexExplicit(ids: Utf8Column): IdIndex {
  if (ids.validity === null) return IdIndex.build(ids);
  const index = new IdIndex(ids, ids.length);
  for (let row = 0; row < ids.length; row++) if (!ids.isNull(row)) index.add(row);
  return index;
}

/** The same ids with a new ULID in every null row. */
function fillIds(given: Utf8Column, newId: NewId): Utf8Column {
  const { length } = given;
  const isMissing = (row: number) => given.validity![row] === 0;
  if (newId.write !== undefined && !given.validity!.subarray(0, length).includes(1)) {
    const bytes = new Uint8Array(length * ULID_LENGTH);
    newId.write(bytes, 0, length);
    const offsets = new Int32Array(length + 1);
    for (let row = 1; row <= length; row++) offsets[row] = row * ULID_LENGTH;
    return new Utf8Column(offsets, bytes, length);
  }
  const ids = new Utf8Column();
  for (let row = 0; row < length; row++) {
    if (isMissing(row)) ids.push(newId());
    else ids.pushBytes(given.bytes, given.offsets[row]!, given.offsets[row + 1]!);
  }
  return ids;
}

/** Rows that no later record with the same id replaces, ascending. */
function lastRows(length: number, duplicates: readonly Duplicate[]): Int32Array {
  const lastOf = new Map<number, number>();
  const replaced = new Set<number>();
  for (const { row, first } of duplicates) {
    replaced.add(lastOf.get(first) ?? first);
    lastOf.set(first, row);
  }
  return Int32Array.from({ length }, (_, row) => row).filter((row) => !replaced.has(row));
}

function takeRows(type: AnyType, records: RecordColumns, rows: Int32Array): RecordColumns {
  const columns = new Map<string, Column>();
  for (const [name, source] of records.columns) {
    const target = newColumn(columnType(type, name));
    for (const row of rows) target.push(source.get(row));
    columns.set(name, target);
  }
  return { length: rows.length, columns };
}

/** Which rows the head has. Ids that were made just now are not looked up when the table has no others. */
function existingRows(length: number, ids: Utf8Column | null, head: TableView | null): Uint8Array {
  const existing = new Uint8Array(length);
  if (head === null || ids === null) return existing;
  for (let row = 0; row < length; row++) existing[row] = head.find(ids.text(row)) === -1 ? 0 : 1;
  return existing;
}

/** Ids of the head that an overwrite does not bring back. */
function droppedIds(head: TableView, kept: IdIndex | null): string[] {
  const dropped: string[] = [];
  for (const row of head.liveRows()) {
    const id = head.idOf(row);
    if (kept === null || kept.find(id) === -1) dropped.push(id);
  }
  return dropped;
}

/** Per keyed node type with a key given twice: the upserted row that stayed of the first such key. */
function keyClashes(staged: readonly StagedTable[]): Map<TypeKey, number> {
  const clashes = new Map<TypeKey, number>();
  for (const { type, change, repeated } of staged) {
    const first = repeated[0];
    if (first === undefined || type.kind !== "node" || type.keyProperties === null) continue;
    clashes.set(type.key, IdIndex.build(idColumn(change.upserts!, "id")).find(first.id));
  }
  return clashes;
}

/** Refuses ids that the mode does not allow, nodes before edges. */
function refuseConflicts(staged: readonly StagedTable[], mode: LoadMode, unit: BatchUnit): void {
  if (mode === "merge") return;
  const nodesFirst = [...staged].sort((a, b) =>
    a.type.kind === b.type.kind ? 0 : a.type.kind === "node" ? -1 : 1
  );
  for (const { type, change, lines, repeated } of nodesFirst) {
    const twice = repeated[0];
    if (twice !== undefined) {
      throw keyConflict(type, twice.id, `${unit} ${twice.line}`, `given first on ${unit} ${twice.firstLine}`);
    }
    const row = mode === "append" ? change.existing.indexOf(1) : -1;
    if (row === -1) continue;
    const id = idColumn(change.upserts!, "id").text(row);
    throw keyConflict(type, id, `${unit} ${lines[row]}`, "load with mode merge to replace it");
  }
}

function keyConflict(type: AnyType, id: string, place: string, remedy: string): AppError {
  return new AppError("key_conflict", `${place}: ${type.key} already has id '${id}': ${remedy}`, {
    detail: { key_conflict: { entity_kind: type.kind, type_name: type.name, entity_id: id } },
  });
}
