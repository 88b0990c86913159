/**
 * When tables are folded: their pending deltas moved into Lance. Pure.
 *
 * | a table is due when its pending deltas …          | because                                           |
 * | reach 32 commits, 4,096 rows or 1 MiB             | readers lay them over the table                   |
 * | begin 128 slots behind the head                   | opening a branch reads all slots from there       |
 *
 * Folds rest in between, so that they take a part of the time only. A table that is behind by four times as much does
 * not wait for that.
 *
 * On a forked branch only the second rule holds for deltas it merely inherited, so that a table it never wrote stays
 * unforked.
 */
import { FOLD_BYTES_MAX, FOLD_COMMITS_MAX, FOLD_LAG_SLOTS_MAX, FOLD_ROWS_MAX } from "../base/limits.ts";
import { must } from "../base/assert.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { LoggedState } from "./logged_state.ts";

/** Type keys of the tables to fold now. `forkSlot` is the last inherited slot, 0 on main. */
export function dueTables(state: LoggedState, forkSlot: number): TypeKey[] {
  const due: TypeKey[] = [];
  for (const [key, { deltas }] of state.tables) {
    const table = must(state.commit.tables[key], `${key} has a state`);
    const { pending } = table;
    if (pending === undefined) continue;
    const isOwn = (deltas.at(-1)?.slot ?? 0) > forkSlot;
    const isLarge = pending.commits >= FOLD_COMMITS_MAX || pending.rows >= FOLD_ROWS_MAX ||
      pending.bytes >= FOLD_BYTES_MAX;
    if ((isOwn && isLarge) || state.slot - table.foldedThrough > FOLD_LAG_SLOTS_MAX) due.push(key);
  }
  return due;
}

/** Limits that a table may exceed, as a factor, before it is folded without rest. */
const OVERDUE_FACTOR = 4;

/** Whether the deltas of one of these tables pile up faster than folds with rests in between take them away. */
export function isOverdue(state: LoggedState, keys: readonly TypeKey[]): boolean {
  return keys.some((key) => {
    const { pending, foldedThrough } = must(state.commit.tables[key], `${key} has a state`);
    return state.slot - foldedThrough > FOLD_LAG_SLOTS_MAX * OVERDUE_FACTOR ||
      (pending !== undefined &&
        (pending.rows >= FOLD_ROWS_MAX * OVERDUE_FACTOR || pending.bytes >= FOLD_BYTES_MAX * OVERDUE_FACTOR));
  });
}
