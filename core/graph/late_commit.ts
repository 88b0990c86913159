/**
 * A large commit on a later head than the one its tables were written on, so that what was written is not thrown away
 * because small commits came in between. Pure.
 *
 *   slot   base ── small ── small ── head │ this commit
 *   pin    base ± change                  │ foldedThrough = base; the small commits' deltas lie over it
 *
 * That is *head ± change* when nothing in between touched an id of the change, the tables are pinned as they were, and the
 * change, decided anew on the head, is the same.
 */
import { must } from "../base/assert.ts";
import type { TypeKey } from "../schema/catalog.ts";
import { idColumn, type RecordColumns } from "../storage/columns.ts";
import type { TablePin } from "../storage/table_store.ts";
import type { TableState } from "./commit.ts";
import { sameCell } from "./entity_image.ts";
import { advance, type LoggedDelta, type LoggedState, samePin, unfolded } from "./logged_state.ts";
import {
  type CommitFacts,
  commitOf,
  effectiveChanges,
  pendingOver,
  type PlannedCommit,
  rowsAfter,
} from "./plan_commit.ts";
import type { ChangeSet, TableChange } from "./write/change_set.ts";

/** A change whose tables were written. */
export interface WrittenChange {
  /** What it was decided on. */
  readonly base: LoggedState;
  readonly changes: ChangeSet;
  /** Pins that hold *base ± change*, one per touched table. */
  readonly pins: ReadonlyMap<TypeKey, TablePin>;
  /** Tables whose touched ids were put beside the log. */
  readonly listed: readonly TypeKey[];
}

/**
 * The commit in the slot after `head`, whose content is *head ± change*; null when the tables must be written anew. `changes`
 * is the change decided on `head`.
 */
export function planLate(
  written: WrittenChange,
  head: LoggedState,
  changes: ChangeSet,
  facts: CommitFacts,
): PlannedCommit | null {
  const { base, pins, listed } = written;
  const touched = effectiveChanges(changes);
  const before = new Map(effectiveChanges(written.changes));
  if (touched.length !== before.size) return null;
  const tables: Record<TypeKey, TableState> = { ...head.commit.tables };
  for (const [key, change] of touched) {
    const same = before.get(key);
    const [then, now] = [base.tables.get(key), must(head.tables.get(key), `${key} has a table`)];
    if (same === undefined || then === undefined || !samePin(then.pin, now.pin)) return null;
    const between = unfolded(now.deltas, base.slot);
    if (!sameChange(same, change) || touchesAny(between, change)) return null;
    tables[key] = {
      pin: must(pins.get(key), `${key} was written`),
      rows: rowsAfter(must(head.commit.tables[key], `${key} has a state`), change),
      foldedThrough: base.slot,
      ...pendingOver(between),
      changedAt: head.commit.sequence + 1,
    };
  }
  const commit = {
    ...commitOf(head, touched, tables, facts),
    ...(listed.length === 0 ? {} : { touched: listed }),
  };
  const state = advance(head, { commit, slot: head.slot + 1, catalog: facts.catalog, added: new Map() });
  return { commit, deltaText: null, state };
}

/** Whether two changes of one table do the same to the same rows. */
function sameChange(a: TableChange, b: TableChange): boolean {
  if (a === b) return !a.replaceAll;
  return !a.replaceAll && !b.replaceAll && sameItems(a.existing, b.existing) &&
    sameItems(a.deletes, b.deletes) &&
    sameRecords(a.upserts, b.upserts);
}

function sameItems<T>(a: ArrayLike<T>, b: ArrayLike<T>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameRecords(a: RecordColumns | null, b: RecordColumns | null): boolean {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length || a.columns.size !== b.columns.size) return false;
  for (const [name, left] of a.columns) {
    const right = b.columns.get(name);
    if (right === undefined) return false;
    if (left === right) continue;
    for (let row = 0; row < a.length; row++) if (!sameCell(left.get(row), right.get(row))) return false;
  }
  return true;
}

/** Whether some delta upserts or deletes an id that the change upserts or deletes. */
function touchesAny(deltas: readonly LoggedDelta[], { upserts, deletes }: TableChange): boolean {
  if (deltas.length === 0) return false;
  const ids = new Set(deletes);
  if (upserts !== null) {
    const column = idColumn(upserts, "id");
    for (let row = 0; row < upserts.length; row++) ids.add(column.text(row));
  }
  return deltas.some((delta) => {
    if (delta.deletes.some((id) => ids.has(id))) return true;
    if (delta.upserts === null) return false;
    const column = idColumn(delta.upserts, "id");
    for (let row = 0; row < delta.upserts.length; row++) if (ids.has(column.text(row))) return true;
    return false;
  });
}
