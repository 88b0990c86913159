/**
 * A schema change as one commit: what happens to each table, and the commit that says so. Pure.
 *
 *   a type of the new schema                its table
 *   new, or added again                     a pin of version 0
 *   kept, same name, same columns           as it is, deltas over the pin included
 *   renamed, or never written to Lance      carried: its pin stays, the deltas over it go into the commit under the new type
 *   renamed, with deltas too large for that  folded: a new pin with the deltas in it
 *   kept, other columns                     rewritten: a new pin under the new type, with the deltas in it
 *   a type that is gone                     leaves the commit; older commits still pin the table
 *   a type that loses data for good         carried or rewritten as above, but into a fresh table that no older commit pins
 *
 * All of them are prepared on one head and may be published on a later one: small commits in between become part of the
 * commit's own delta, so that a schema change is not starved by busy writers.
 */
import { assert, must } from "../base/assert.ts";
import { INLINE_COMMIT_BYTES_MAX } from "../base/limits.ts";
import type { AnyType, Catalog, TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import { hasSameColumns, underType } from "./column_pairing.ts";
import type { TableDelta, TableState } from "./commit.ts";
import { decodeDelta, type DeltaRows, encodeDelta } from "./delta_codec.ts";
import type { LogSlot } from "./log.ts";
import {
  advance,
  type LoggedDelta,
  loggedDelta,
  type LoggedState,
  type LoggedTable,
} from "./logged_state.ts";
import { type CommitFacts, commitOf, emptyTable, exceedsBytes, type PlannedCommit } from "./plan_commit.ts";
import type { DecodedDelta } from "./snapshot_state.ts";
import { netDelta } from "./table_rewrite.ts";

/** What becomes of the table of one type of the new schema. `from` is its key before. */
export type TableMove =
  | { readonly kind: "add"; readonly key: TypeKey }
  | {
    readonly kind: "keep" | "carry" | "fold" | "rewrite";
    readonly key: TypeKey;
    readonly from: TypeKey;
    /** Path of the table that takes over, where the old one is to be purged. */
    readonly fresh?: string;
  };

/** Encoded deltas that are carried: the other half is left for what is written meanwhile. */
const CARRIED_CHARS_MAX = INLINE_COMMIT_BYTES_MAX / 2;

/**
 * What becomes of every table, ascending by the new key. Tables are the same by their id, whatever their types are called.
 * `freshTable` names new tables for those that lose properties for good; null when older commits keep what is dropped.
 */
export function planMoves(
  base: LoggedState,
  catalog: Catalog,
  freshTable: ((type: AnyType) => string) | null,
): TableMove[] {
  const fromByTable = new Map([...base.tables].map(([from, table]) => [table.type.tableId, { from, table }]));
  let room = CARRIED_CHARS_MAX;
  return [...catalog.byKey].map(([key, type]): TableMove => {
    const old = fromByTable.get(type.tableId);
    if (old === undefined) return { kind: "add", key };
    const { from, table } = old;
    const isSame = hasSameColumns(table.type, type);
    if (isSame && key === from) return { kind: "keep", key, from };
    const fresh = freshTable !== null && losesProperty(table.type, type) ? { fresh: freshTable(type) } : {};
    if (isSame || table.pin.version === 0) {
      const chars = carriedChars(table, type, room);
      if (chars <= room) {
        room -= chars;
        return { kind: "carry", key, from, ...fresh };
      }
    }
    return { kind: isSame ? "fold" : "rewrite", key, from, ...fresh };
  });
}

/** Paths of the tables that no later commit pins once the moves are published, ascending. */
export function abandonedTables(base: LoggedState, moves: readonly TableMove[]): string[] {
  const kept = new Set(
    moves.flatMap((move) => move.kind === "add" || move.fresh !== undefined ? [] : [move.from]),
  );
  return [...base.tables].filter(([key]) => !kept.has(key)).map(([_, { pin }]) => pin.table).sort();
}

function losesProperty(stored: AnyType, type: AnyType): boolean {
  return stored.properties.some(({ id }) => !type.properties.some((property) => property.id === id));
}

/** Encoded length of a table's deltas under its new type; what is surely more than `room` is not encoded. */
function carriedChars({ deltas, type: stored }: LoggedTable, type: AnyType, room: number): number {
  const least = deltas.reduce((sum, { bytes }) => sum + bytes, 0);
  if (deltas.length === 0 || least > room) return least;
  return JSON.stringify(encodeDelta(type, netUnder(deltas, stored, type))).length;
}

/** A schema change that was prepared on a head. */
export interface PreparedMigration {
  readonly base: LoggedState;
  readonly moves: readonly TableMove[];
  /** Pins of the folded and rewritten tables by their new key; they hold what the base holds. */
  readonly pins: ReadonlyMap<TypeKey, TablePin>;
  /** Id of the purge that the commit decides, or null. */
  readonly purge: string | null;
}

/**
 * The commit of a schema change on a head that has the schema of the base it was prepared on. `between` are the slots after
 * the base up to the head; `keyOf` names them in complaints. Null when too much happened in them: prepare again.
 */
export function planMigrationCommit(
  { base, moves, pins, purge }: PreparedMigration,
  head: LoggedState,
  between: readonly LogSlot[],
  facts: CommitFacts,
  keyOf: (slot: number) => string,
): PlannedCommit | null {
  const slot = head.slot + 1;
  const tables: Record<TypeKey, TableState> = {};
  const delta: Record<TypeKey, TableDelta> = {};
  const added = new Map<TypeKey, readonly LoggedDelta[]>();
  for (const move of moves) {
    const { key } = move;
    const type = must(facts.catalog.byKey.get(key), `the new schema has ${key}`);
    if (move.kind === "add") tables[key] = emptyTable(type);
    else if (move.kind === "keep") tables[key] = tableOf(head, move.from);
    else {
      const before = must(base.tables.get(move.from), `${move.from} has a table`);
      const later = deltasIn(between, move.from, before.type, keyOf);
      if (later === null) return null;
      const over = move.kind === "carry" ? [...before.deltas, ...later] : later;
      const net = over.length === 0 ? null : carriedRows(move, netUnder(over, before.type, type));
      const pin = move.kind === "carry"
        ? (move.fresh === undefined ? before.pin : emptyPin(move.fresh))
        : must(pins.get(key), `${key} was written`);
      const logged = net === null ? null : loggedDelta(facts.id, slot, net);
      const now = tableOf(head, move.from);
      const changed = hasSameColumns(before.type, type)
        ? now
        : { ...now, changedAt: head.commit.sequence + 1 };
      tables[key] = movedTable(pin, changed, logged, slot);
      if (net === null || logged === null) continue;
      delta[key] = encodeDelta(type, net);
      added.set(key, [logged]);
    }
  }
  const deltaText = added.size === 0 ? null : JSON.stringify(delta);
  if (deltaText !== null && exceedsBytes(deltaText, INLINE_COMMIT_BYTES_MAX)) return null;
  const plain = commitOf(head, [], tables, facts);
  const commit = purge === null ? plain : { ...plain, purge };
  const state = advance(head, { commit, slot, catalog: facts.catalog, added });
  return { commit, deltaText, state };
}

/** The pin of a table that was never written. */
export function emptyPin(table: string): TablePin {
  return { table, branch: null, version: 0, rows: 0 };
}

/** The rows that the commit itself holds; a table that begins with them has nothing to remove. */
function carriedRows(move: TableMove, net: DeltaRows): DeltaRows | null {
  if (move.kind !== "carry" || move.fresh === undefined) return net;
  return net.upserts === null ? null : { upserts: net.upserts, deletes: [] };
}

/** Everything before `slot` is in the pin or in the delta of this slot, and older deltas go by the old type. */
function movedTable(pin: TablePin, head: TableState, logged: LoggedDelta | null, slot: number): TableState {
  const { rows, changedAt } = head;
  return {
    pin,
    rows,
    foldedThrough: logged === null ? slot : slot - 1,
    ...(logged === null ? {} : { pending: { commits: 1, rows: logged.rows, bytes: logged.bytes } }),
    ...(changedAt === undefined ? {} : { changedAt }),
  };
}

/** The deltas of one table in some slots; null when a commit there wrote the table itself. */
function deltasIn(
  slots: readonly LogSlot[],
  key: TypeKey,
  type: AnyType,
  keyOf: (slot: number) => string,
): DecodedDelta[] | null {
  const found: DecodedDelta[] = [];
  for (const { slot, commits } of slots) {
    for (const { id, operation, changes, delta } of commits) {
      const rows = delta?.[key];
      if (rows !== undefined) found.push({ commitId: id, ...decodeDelta(type, rows, keyOf(slot)) });
      else if (operation !== "fold" && changes[key] !== undefined) return null;
    }
  }
  return found;
}

function netUnder(deltas: readonly DecodedDelta[], stored: AnyType, type: AnyType): DeltaRows {
  const { upserts, deletes } = netDelta(stored, deltas);
  return { upserts: upserts === null ? null : underType(upserts, stored, type), deletes };
}

function tableOf(state: LoggedState, key: TypeKey): TableState {
  const table = state.commit.tables[key];
  assert(table !== undefined, `commit ${state.commit.id} has a state for ${key}`);
  return table;
}
