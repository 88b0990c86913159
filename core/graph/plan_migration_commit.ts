/**
 * A schema change as one commit: what happens to each table, and the commit that says so. Pure.
 *
 *   a type of the new schema                             its table
 *   new, or added again                                  a pin of version 0
 *   kept, same columns, same name                        untouched, deltas over the pin included
 *   kept, same columns, renamed, no deltas over the pin  the same pin under the new key
 *   kept, same columns, renamed, deltas over the pin     folded: deltas in the log go by the old key
 *   kept, other columns                                  rewritten under the new type, deltas folded in
 *   a type that is gone                                  leaves the commit; older commits still pin the table
 */
import { assert, must } from "../base/assert.ts";
import type { Catalog, TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import { hasSameColumns } from "./column_pairing.ts";
import type { TableState } from "./commit.ts";
import { advance, type LoggedState } from "./logged_state.ts";
import { type CommitFacts, commitOf, emptyTable, type PlannedCommit } from "./plan_commit.ts";

/** What becomes of the table of one type of the new schema. `from` is its key before. */
export type TableMove =
  | { readonly kind: "add"; readonly key: TypeKey }
  | { readonly kind: "keep" | "fold" | "rewrite"; readonly key: TypeKey; readonly from: TypeKey };

/** What becomes of every table, ascending by the new key. Tables are the same by their id, whatever their types are called. */
export function planMoves(before: LoggedState, catalog: Catalog): TableMove[] {
  const fromByTable = new Map([...before.tables].map(([from, { type }]) => [type.tableId, { from, type }]));
  return [...catalog.byKey].map(([key, type]): TableMove => {
    const old = fromByTable.get(type.tableId);
    if (old === undefined) return { kind: "add", key };
    const { from } = old;
    if (!hasSameColumns(old.type, type)) return { kind: "rewrite", key, from };
    return { kind: key === from || tableOf(before, from).pending === undefined ? "keep" : "fold", key, from };
  });
}

/** The commit of a schema change. `pins` are the new pins of folded and rewritten tables by their new key. */
export function planMigrationCommit(
  before: LoggedState,
  moves: readonly TableMove[],
  pins: ReadonlyMap<TypeKey, TablePin>,
  facts: CommitFacts,
): PlannedCommit {
  const slot = before.slot + 1;
  const tables: Record<TypeKey, TableState> = {};
  for (const move of moves) {
    const { key } = move;
    if (move.kind === "add") {
      tables[key] = emptyTable(must(facts.catalog.byKey.get(key), `the new schema has ${key}`));
      continue;
    }
    const old = tableOf(before, move.from);
    if (move.kind === "keep") {
      tables[key] = old;
      continue;
    }
    const pin = must(pins.get(key), `${key} was written`);
    assert(pin.rows === old.rows, `${key}: the table has ${pin.rows} rows, ${old.rows} were expected`);
    const changedAt = move.kind === "rewrite" ? before.commit.sequence + 1 : old.changedAt;
    tables[key] = {
      pin,
      rows: old.rows,
      foldedThrough: slot,
      ...(changedAt === undefined ? {} : { changedAt }),
    };
  }
  const commit = commitOf(before, [], tables, facts);
  const state = advance(before, { commit, slot, catalog: facts.catalog, added: new Map() });
  return { commit, deltaText: null, state };
}

function tableOf(state: LoggedState, key: TypeKey): TableState {
  return must(state.commit.tables[key], `commit ${state.commit.id} has a state for ${key}`);
}
