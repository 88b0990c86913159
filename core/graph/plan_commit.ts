/**
 * The next commit as values: from the state it is decided on and the changes it makes. Pure.
 *
 * Invariant: the new state holds exactly *content before ± changes*; table states that a commit does not touch are the
 * same objects as before.
 */
import { assert, must } from "../base/assert.ts";
import { INLINE_COMMIT_BYTES_MAX } from "../base/limits.ts";
import type { AnyType, Catalog, TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import type { ChangeCounts, Commit, LogPlace, Operation, TableDelta, TableState } from "./commit.ts";
import { encodedBytesAtLeast, encodeDelta } from "./delta_codec.ts";
import { advance, type LoggedDelta, loggedDelta, type LoggedState, unfolded } from "./logged_state.ts";
import type { ChangeSet, TableChange } from "./write/change_set.ts";

/** What a merge says about itself. */
export interface MergeFacts {
  /** The commit of another branch that it brings in. */
  readonly parent: string;
  /** Where that one is. */
  readonly from: LogPlace;
  /** The common ancestor that it was decided on. */
  readonly base: string;
}

/** What a commit says about itself, besides its changes. */
export interface CommitFacts {
  readonly id: string;
  readonly branch: string;
  readonly actor: string | null;
  /** Microseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly operation: Operation;
  readonly schemaDigest: string;
  readonly catalog: Catalog;
  /** On a merge. */
  readonly merge?: MergeFacts;
}

/** A commit that is ready to be published. */
export interface PlannedCommit {
  readonly commit: Commit;
  /** JSON text of its `delta`, or null when it carries no rows. */
  readonly deltaText: string | null;
  /** The state once it is published. */
  readonly state: LoggedState;
}

/** The first commit of a graph: every table empty and never written. */
export function genesisCommit(facts: CommitFacts): Commit {
  const tables: Record<TypeKey, TableState> = {};
  for (const [key, type] of facts.catalog.byKey) tables[key] = emptyTable(type);
  const { id, branch, actor, createdAt, operation, schemaDigest } = facts;
  const fixed = { id, parent: null, mergedParent: null, branch, sequence: 1, actor, createdAt, operation };
  return { ...fixed, schemaDigest, changes: {}, tables };
}

/** The state of a table that was never written. */
export function emptyTable(type: AnyType): TableState {
  const folder = type.kind === "node" ? "nodes" : "edges";
  const pin = { table: `${folder}/${type.tableId}`, branch: null, version: 0, rows: 0 };
  return { pin, rows: 0, foldedThrough: 0 };
}

/** A change set of one type per key, empty changes left out, keys ascending. */
export function effectiveChanges(changes: ChangeSet): [TypeKey, TableChange][] {
  return [...changes]
    .filter(([_, change]) => change.upserts !== null || change.deletes.length > 0 || change.replaceAll)
    .sort(([a], [b]) => a < b ? -1 : 1);
}

/** A small commit that carries its rows, to be published in `slot`; null when they take more than `bytesMax`. */
export function planInline(
  before: LoggedState,
  slot: number,
  changes: ChangeSet,
  facts: CommitFacts,
  bytesMax = INLINE_COMMIT_BYTES_MAX,
): PlannedCommit | null {
  const touched = effectiveChanges(changes);
  let least = 0;
  for (const [key, change] of touched) {
    if (change.replaceAll && !listsAllDeletes(stateOf(before, key), change)) return null;
    least += encodedBytesAtLeast(change);
  }
  if (least > bytesMax) return null;
  const delta: Record<TypeKey, TableDelta> = {};
  const added = new Map<TypeKey, LoggedDelta[]>();
  const tables: Record<TypeKey, TableState> = { ...before.commit.tables };
  const sequence = before.commit.sequence + 1;
  for (const [key, change] of touched) {
    if (change.upserts === null && change.deletes.length === 0) continue;
    const type = must(before.tables.get(key), `${key} has a table`).type;
    delta[key] = encodeDelta(type, change);
    const logged = loggedDelta(facts.id, slot, change);
    added.set(key, [logged]);
    tables[key] = withPending(stateOf(before, key), change, logged, sequence);
  }
  const deltaText = added.size === 0 ? null : JSON.stringify(delta);
  if (deltaText !== null && exceedsBytes(deltaText, bytesMax)) return null;
  const commit = commitOf(before, touched, tables, facts);
  const state = advance(before, { commit, slot, catalog: facts.catalog, added });
  return { commit, deltaText, state };
}

/**
 * A large commit whose rows are in `pins`, the new pins of the touched tables. `listed` are the tables whose ids were put
 * beside the log.
 */
export function planTables(
  before: LoggedState,
  slot: number,
  changes: ChangeSet,
  pins: ReadonlyMap<TypeKey, TablePin>,
  listed: readonly TypeKey[],
  facts: CommitFacts,
): PlannedCommit {
  const touched = effectiveChanges(changes);
  const tables: Record<TypeKey, TableState> = { ...before.commit.tables };
  for (const [key, change] of touched) {
    const pin = must(pins.get(key), `${key} was written`);
    const rows = rowsAfter(stateOf(before, key), change);
    assert(pin.rows === rows, `${key}: the table has ${pin.rows} rows, ${rows} were expected`);
    tables[key] = { pin, rows, foldedThrough: slot, changedAt: before.commit.sequence + 1 };
  }
  const plain = commitOf(before, touched, tables, facts);
  const commit = listed.length === 0 ? plain : { ...plain, touched: listed };
  const state = advance(before, { commit, slot, catalog: facts.catalog, added: new Map() });
  return { commit, deltaText: null, state };
}

/**
 * The head commit restated with new pins: `pins` hold all deltas up to slot `foldedThrough`; deltas of later slots stay
 * over them.
 */
export function planFold(
  before: LoggedState,
  slot: number,
  foldedThrough: number,
  pins: ReadonlyMap<TypeKey, TablePin>,
): PlannedCommit {
  const tables: Record<TypeKey, TableState> = { ...before.commit.tables };
  for (const [key, pin] of pins) {
    const { rows, changedAt } = stateOf(before, key);
    const left = unfolded(must(before.tables.get(key), `${key} has a table`).deltas, foldedThrough);
    assert(left.length > 0 || pin.rows === rows, `${key}: folded to ${pin.rows} rows, ${rows} were expected`);
    tables[key] = {
      pin,
      rows,
      foldedThrough,
      ...pendingOver(left),
      ...(changedAt === undefined ? {} : { changedAt }),
    };
  }
  const commit: Commit = { ...restate(before.commit, "fold"), tables };
  const state = advance(before, { commit, slot, catalog: before.catalog, added: new Map() });
  return { commit, deltaText: null, state };
}

/** What a table state says of the deltas that lie over its pin. */
export function pendingOver(deltas: readonly LoggedDelta[]): Pick<TableState, "pending"> {
  if (deltas.length === 0) return {};
  const rows = deltas.reduce((sum, delta) => sum + delta.rows, 0);
  const bytes = deltas.reduce((sum, delta) => sum + delta.bytes, 0);
  return { pending: { commits: deltas.length, rows, bytes } };
}

/** The end of a branch, to be published in the slot after its head: nothing comes after it. */
export function planEnd(before: LoggedState, deletion: string): PlannedCommit {
  const commit: Commit = { ...restate(before.commit, "end"), deletion };
  return { commit, deltaText: null, state: { ...before, commit, slot: before.slot + 1 } };
}

/** A commit said again, without what it changed. */
export function restate(commit: Commit, operation: "fold" | "end"): Commit {
  const { delta: _, touched: __, ...restated } = commit;
  return { ...restated, operation, changes: {} };
}

/** The commit after a state, with the counts of what it changes. */
export function commitOf(
  before: LoggedState,
  touched: readonly (readonly [TypeKey, TableChange])[],
  tables: Readonly<Record<TypeKey, TableState>>,
  facts: CommitFacts,
): Commit {
  const changes: Record<TypeKey, ChangeCounts> = {};
  for (const [key, change] of touched) changes[key] = countChanges(change);
  return {
    id: facts.id,
    parent: before.commit.id,
    mergedParent: facts.merge?.parent ?? null,
    ...(facts.merge === undefined ? {} : { mergeBase: facts.merge.base, mergedFrom: facts.merge.from }),
    branch: facts.branch,
    sequence: before.commit.sequence + 1,
    actor: facts.actor,
    // Later than its parent, whatever the clocks of two writers say: as-of reads rely on it.
    createdAt: Math.max(facts.createdAt, before.commit.createdAt + 1),
    operation: facts.operation,
    schemaDigest: facts.schemaDigest,
    changes,
    tables,
  };
}

function withPending(
  before: TableState,
  change: TableChange,
  logged: LoggedDelta,
  sequence: number,
): TableState {
  const { pending } = before;
  return {
    pin: before.pin,
    rows: rowsAfter(before, change),
    // Without deltas over the pin, everything before this slot is in it.
    foldedThrough: pending === undefined ? logged.slot - 1 : before.foldedThrough,
    pending: {
      commits: (pending?.commits ?? 0) + 1,
      rows: (pending?.rows ?? 0) + logged.rows,
      bytes: (pending?.bytes ?? 0) + logged.bytes,
    },
    changedAt: sequence,
  };
}

function countChanges(change: TableChange): ChangeCounts {
  let updated = 0;
  const upserts = change.upserts?.length ?? 0;
  for (let row = 0; row < upserts; row++) updated += change.existing[row]!;
  return { inserted: upserts - updated, updated, deleted: change.deletes.length };
}

/** Rows of a table after a change. */
export function rowsAfter(before: TableState, change: TableChange): number {
  const { inserted, updated, deleted } = countChanges(change);
  return change.replaceAll ? inserted + updated : before.rows + inserted - deleted;
}

/** Whether the deletes of an overwrite name every row that goes, so that it can be told as a delta. */
function listsAllDeletes(before: TableState, change: TableChange): boolean {
  const { inserted, updated, deleted } = countChanges(change);
  return before.rows + inserted - deleted === inserted + updated;
}

function stateOf(state: LoggedState, key: TypeKey): TableState {
  return must(state.commit.tables[key], `commit ${state.commit.id} has a state for ${key}`);
}

/** Whether a text takes more bytes as UTF-8. */
export function exceedsBytes(text: string, bytesMax: number): boolean {
  if (text.length > bytesMax) return true;
  return text.length * 3 > bytesMax && new TextEncoder().encode(text).length > bytesMax;
}
