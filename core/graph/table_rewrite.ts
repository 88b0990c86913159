/**
 * What a table write must do so that a table holds exactly *pin + pending deltas ± change*. Pure.
 *
 *   id is in …            its final state                    goes into
 *   the change            image                              updates if the pinned table has it, else inserts
 *   the change            deleted                            deletes if the pinned table has it, else nothing
 *   only pending deltas   image of the newest delta          updates if the pinned table has it, else inserts
 *   only pending deltas   deleted by the newest delta        deletes if the pinned table has it, else nothing
 */
import type { AnyType } from "../schema/catalog.ts";
import {
  type Column,
  columnNames,
  columnType,
  idColumn,
  newColumn,
  newTableColumns,
  type RecordColumns,
} from "../storage/columns.ts";
import type { TableWrite } from "../storage/table_store.ts";
import type { DeltaRows } from "./delta_codec.ts";
import type { DecodedDelta } from "./snapshot_state.ts";
import type { TableChange } from "./write/change_set.ts";

/** Rows picked from one record; null means all. */
interface Pick {
  readonly record: RecordColumns;
  readonly rows: number[] | null;
}

/** The newest state of an id in the pending deltas: a row of a delta, or deleted (-1). */
export interface PendingEntry {
  readonly delta: DecodedDelta;
  readonly row: number;
}

/**
 * Combines pending deltas (oldest first) with a change against the head (null for a fold). `isPinned` tells whether the
 * pinned table has an id; it is only asked about ids of the pending deltas.
 */
export function combineWrite(
  type: AnyType,
  pending: readonly DecodedDelta[],
  change: TableChange | null,
  isPinned: (id: string) => boolean,
): TableWrite {
  if (change !== null && change.replaceAll) {
    return { replaceAll: true, inserts: change.upserts, updates: null, deletes: [] };
  }
  const newest = newestEntries(pending);
  const inserts: Pick[] = [];
  const updates: Pick[] = [];
  const deletes: string[] = [];
  if (change !== null) {
    if (change.upserts !== null) {
      splitUpserts(change.upserts, change.existing, newest, isPinned, inserts, updates);
    }
    for (const id of change.deletes) {
      if (!newest.delete(id) || isPinned(id)) deletes.push(id);
    }
  }
  for (const [id, { delta, row }] of newest) {
    if (row === -1) {
      if (isPinned(id)) deletes.push(id);
    } else pickRow(isPinned(id) ? updates : inserts, delta.upserts!, row);
  }
  return {
    replaceAll: false,
    inserts: gatherRows(type, inserts),
    updates: gatherRows(type, updates),
    deletes,
  };
}

/** What deltas (oldest first) do together: per id its newest state. */
export function netDelta(type: AnyType, deltas: readonly DecodedDelta[]): DeltaRows {
  const upserts: Pick[] = [];
  const deletes: string[] = [];
  for (const [id, { delta, row }] of newestEntries(deltas)) {
    if (row === -1) deletes.push(id);
    else pickRow(upserts, delta.upserts!, row);
  }
  return { upserts: gatherRows(type, upserts), deletes };
}

/** The rows from one up to another; the record itself when these are all. */
export function takeRows(type: AnyType, record: RecordColumns, from: number, to: number): RecordColumns {
  if (from === 0 && to === record.length) return record;
  const rows = Array.from({ length: to - from }, (_, i) => from + i);
  return gatherRows(type, [{ record, rows }]) ?? { length: 0, columns: newTableColumns(type) };
}

/** All rows of a table: its pinned rows with the pending deltas (oldest first) folded in. */
export function foldedRows(
  type: AnyType,
  pinned: RecordColumns,
  pending: readonly DecodedDelta[],
): RecordColumns {
  if (pending.length === 0) return pinned;
  const newest = newestEntries(pending);
  const ids = idColumn(pinned, "id");
  const kept: number[] = [];
  for (let row = 0; row < pinned.length; row++) if (!newest.has(ids.text(row))) kept.push(row);
  const picks: Pick[] = kept.length === 0 ? [] : [{ record: pinned, rows: kept }];
  for (const { delta, row } of newest.values()) if (row !== -1) pickRow(picks, delta.upserts!, row);
  return gatherRows(type, picks) ?? { length: 0, columns: newTableColumns(type) };
}

/** Per id the newest state in deltas (oldest first). */
export function newestEntries(pending: readonly DecodedDelta[]): Map<string, PendingEntry> {
  const newest = new Map<string, PendingEntry>();
  for (const delta of pending) {
    for (const id of delta.deletes) newest.set(id, { delta, row: -1 });
    if (delta.upserts === null) continue;
    const ids = idColumn(delta.upserts, "id");
    for (let row = 0; row < delta.upserts.length; row++) newest.set(ids.text(row), { delta, row });
  }
  return newest;
}

/** Distributes the rows of a change; ids it touches are removed from `newest`. */
function splitUpserts(
  upserts: RecordColumns,
  existing: Uint8Array,
  newest: Map<string, PendingEntry>,
  isPinned: (id: string) => boolean,
  inserts: Pick[],
  updates: Pick[],
): void {
  const insertRows: number[] = [];
  const updateRows: number[] = [];
  const ids = idColumn(upserts, "id");
  for (let row = 0; row < upserts.length; row++) {
    let pinned = existing[row] === 1;
    if (newest.size > 0) {
      const id = ids.text(row);
      // An id with a pending delta exists or not at the head because of that delta: only the pin knows about the pin.
      if (newest.delete(id)) pinned = isPinned(id);
    }
    (pinned ? updateRows : insertRows).push(row);
  }
  const whole = insertRows.length === upserts.length || updateRows.length === upserts.length;
  if (insertRows.length > 0) inserts.push({ record: upserts, rows: whole ? null : insertRows });
  if (updateRows.length > 0) updates.push({ record: upserts, rows: whole ? null : updateRows });
}

function pickRow(picks: Pick[], record: RecordColumns, row: number): void {
  const last = picks.at(-1);
  if (last?.record === record && last.rows !== null) last.rows.push(row);
  else picks.push({ record, rows: [row] });
}

/** Copies picked rows into new columns; one whole record is passed through. Null when nothing was picked. */
function gatherRows(type: AnyType, picks: readonly Pick[]): RecordColumns | null {
  const first = picks[0];
  if (first === undefined) return null;
  if (picks.length === 1 && first.rows === null) return first.record;
  const columns = new Map<string, Column>();
  let length = 0;
  for (const name of columnNames(type)) {
    const target = newColumn(columnType(type, name));
    for (const { record, rows } of picks) {
      const source = record.columns.get(name)!;
      const count = rows?.length ?? record.length;
      for (let i = 0; i < count; i++) copyCell(source, rows === null ? i : rows[i]!, target);
    }
    length = target.length;
    columns.set(name, target);
  }
  return { length, columns };
}

function copyCell(source: Column, row: number, target: Column): void {
  if (source.kind === "utf8" && target.kind === "utf8" && !source.isNull(row)) {
    target.pushBytes(source.bytes, source.offsets[row]!, source.offsets[row + 1]!);
  } else target.push(source.get(row));
}
