/**
 * Snapshot states as the log tells them: from a head commit and the slots before it, or from the state before and the
 * next slot. Values only; deltas are shared between states, so that caches recognise them.
 */
import { assert, must } from "../base/assert.ts";
import type { Catalog, TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import type { Commit, TableState } from "./commit.ts";
import { decodeDelta, type DeltaRows, encodedBytesAtLeast } from "./delta_codec.ts";
import type { LogSlot } from "./log.ts";
import type { DecodedDelta, SnapshotState, TableSnapshot } from "./snapshot_state.ts";

/** A delta that knows where it was published. */
export interface LoggedDelta extends DecodedDelta {
  readonly slot: number;
  /** Upserted rows plus removed ids. */
  readonly rows: number;
  /** Encoded size, estimated from below. */
  readonly bytes: number;
}

/** One table of a {@linkcode LoggedState}. */
export interface LoggedTable extends TableSnapshot {
  readonly deltas: readonly LoggedDelta[];
}

/** One commit of a graph and its place in the log. */
export interface LoggedState extends SnapshotState {
  /** Slot of the newest log object that is in the state. */
  readonly slot: number;
  readonly tables: ReadonlyMap<TypeKey, LoggedTable>;
}

/** The oldest slot whose deltas lie over some pin of a commit, or null when none does. */
export function oldestPendingSlot(commit: Commit): number | null {
  let oldest: number | null = null;
  for (const table of Object.values(commit.tables)) {
    if (table.pending === undefined) continue;
    const slot = table.foldedThrough + 1;
    if (oldest === null || slot < oldest) oldest = slot;
  }
  return oldest;
}

/**
 * The state of `commit`, which is in slot `slot`. `slots` are all slots from {@linkcode oldestPendingSlot} to `slot`,
 * ascending; commits after `commit` inside its slot are left out. `keyOf` names objects in complaints. Tables whose rows
 * a purge took away are marked: `isPurged` knows them by their path, commits say so where rows are missing.
 */
export function stateOfCommit(options: {
  readonly catalog: Catalog;
  readonly commit: Commit;
  readonly slot: number;
  readonly slots: readonly LogSlot[];
  readonly keyOf: (slot: number) => string;
  readonly isPurged?: (table: string) => boolean;
}): LoggedState {
  const { catalog, commit, slot, slots, keyOf, isPurged = () => false } = options;
  const deltas = new Map<TypeKey, LoggedDelta[]>();
  const reclaimed = new Set<TypeKey>();
  outer: for (const logged of slots) {
    assert(logged.slot <= slot, "slots end with the commit's own");
    for (const each of logged.commits) {
      const liesOver = (key: TypeKey) => {
        const table = commit.tables[key];
        return table?.pending !== undefined && logged.slot > table.foldedThrough;
      };
      for (const key of each.purged ?? []) if (liesOver(key)) reclaimed.add(key);
      for (const key of Object.keys(each.delta ?? {})) {
        if (!liesOver(key)) continue;
        const decoded = decodeLogged(catalog, each, key, logged.slot, keyOf(logged.slot));
        if (decoded !== null) append(deltas, key, decoded);
      }
      if (logged.slot === slot && each.id === commit.id) break outer;
    }
  }
  const tables = new Map<TypeKey, LoggedTable>();
  for (const [key, type] of catalog.byKey) {
    const table = must(
      commit.tables[key],
      `commit ${commit.id} has a state for every type, ${key} is missing`,
    );
    const found = { type, pin: table.pin, deltas: deltas.get(key) ?? [] };
    const isGone = reclaimed.has(key) || isPurged(table.pin.table);
    tables.set(key, isGone ? { ...found, isReclaimed: true } : found);
  }
  return { catalog, commit, slot, tables };
}

/** The state after the next slot. `catalog` is the one that its last commit pins. */
export function stateAfterSlot(
  before: LoggedState,
  next: LogSlot,
  catalog: Catalog,
  keyOf: (slot: number) => string,
): LoggedState {
  assert(next.slot === before.slot + 1, "slots are applied one by one");
  const last = must(next.commits.at(-1), "a log object has commits");
  const added = new Map<TypeKey, LoggedDelta[]>();
  const reclaimed = new Set<TypeKey>();
  for (const commit of next.commits) {
    for (const key of commit.purged ?? []) reclaimed.add(key);
    for (const key of Object.keys(commit.delta ?? {})) {
      const decoded = decodeLogged(catalog, commit, key, next.slot, keyOf(next.slot));
      if (decoded !== null) append(added, key, decoded);
    }
  }
  return advance(before, { commit: last, slot: next.slot, catalog, added, reclaimed });
}

/** The state after commits whose deltas are known: pins and folded deltas as the last commit says. */
export function advance(
  before: LoggedState,
  next: {
    readonly commit: Commit;
    readonly slot: number;
    readonly catalog: Catalog;
    readonly added: ReadonlyMap<TypeKey, readonly LoggedDelta[]>;
    /** Tables of whose new deltas a purge took rows away. */
    readonly reclaimed?: ReadonlySet<TypeKey>;
  },
): LoggedState {
  const tables = new Map<TypeKey, LoggedTable>();
  for (const [key, type] of next.catalog.byKey) {
    const state = must(next.commit.tables[key], `a commit has a state for every type, ${key} is missing`);
    const known = before.tables.get(key);
    // A name that was dropped and added again is another table.
    const old = known?.pin.table === state.pin.table ? known : undefined;
    const added = next.added.get(key);
    const isGone = next.reclaimed?.has(key) ?? false;
    if (old !== undefined && added === undefined && !isGone && old.type === type && isUnchanged(old, state)) {
      tables.set(key, old);
      continue;
    }
    const kept = unfolded(old?.deltas ?? [], state.foldedThrough);
    const deltas = state.pending === undefined ? [] : added === undefined ? kept : kept.concat(added);
    const table = { type, pin: state.pin, deltas };
    tables.set(key, isGone || old?.isReclaimed ? { ...table, isReclaimed: true } : table);
  }
  return { catalog: next.catalog, commit: next.commit, slot: next.slot, tables };
}

/** The deltas after a slot; the list itself when it has only such. */
export function unfolded(deltas: readonly LoggedDelta[], foldedThrough: number): readonly LoggedDelta[] {
  const first = deltas.findIndex((delta) => delta.slot > foldedThrough);
  if (first === -1) return [];
  return first === 0 ? deltas : deltas.slice(first);
}

function isUnchanged(table: LoggedTable, state: TableState): boolean {
  return samePin(table.pin, state.pin) &&
    (table.deltas.length === 0 || table.deltas[0]!.slot > state.foldedThrough);
}

/** Whether two pins name the same version of the same table. */
export function samePin(a: TablePin, b: TablePin): boolean {
  return a === b || (a.version === b.version && a.branch === b.branch && a.table === b.table);
}

function decodeLogged(
  catalog: Catalog,
  commit: Commit,
  key: TypeKey,
  slot: number,
  where: string,
): LoggedDelta | null {
  const type = catalog.byKey.get(key);
  if (type === undefined) return null;
  const delta = must(commit.delta?.[key], "the delta was just listed");
  return loggedDelta(commit.id, slot, decodeDelta(type, delta, where));
}

/** A delta at its place in the log. */
export function loggedDelta(commitId: string, slot: number, delta: DeltaRows): LoggedDelta {
  const rows = (delta.upserts?.length ?? 0) + delta.deletes.length;
  return {
    commitId,
    slot,
    rows,
    bytes: encodedBytesAtLeast(delta),
    upserts: delta.upserts,
    deletes: delta.deletes,
  };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
