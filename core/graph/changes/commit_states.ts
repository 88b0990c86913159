/**
 * The states just before and just after a commit, made so that they share as much as possible: the state before is taken
 * from the newest record that restates it, the state after is that one plus the commit's own rows.
 */
import { must } from "../../base/assert.ts";
import type { TypeKey } from "../../schema/catalog.ts";
import type { Commit } from "../commit.ts";
import { decodeDelta } from "../delta_codec.ts";
import type { CommitPlace } from "../lineage.ts";
import type { LogSlot } from "../log.ts";
import { advance, type LoggedDelta, loggedDelta, type LoggedState } from "../logged_state.ts";
import { openCommit, type SnapshotSource } from "../snapshot.ts";

/** The state that a commit changed; the commit has a parent. */
export async function stateBefore({ source, logged, commit }: CommitPlace): Promise<LoggedState> {
  const parent = must(commit.parent, "the commit has a parent");
  const own = logged.commits.indexOf(commit);
  let slot: LogSlot = { ...logged, commits: logged.commits.slice(0, own) };
  let found = restated(slot, parent);
  for (; found === undefined; found = restated(slot, parent)) {
    [slot] = await source.log.readRange(slot.slot - 1, slot.slot - 1) as [LogSlot];
  }
  return await openCommit(source, slot, found);
}

/** The newest record of a commit in a slot: the commit itself, or a fold that restates it. */
function restated({ commits }: LogSlot, id: string): Commit | undefined {
  return commits.findLast((commit) => commit.id === id);
}

/** The state after a record that follows the one of `before`, in the same slot or in the next. */
export async function stateAfter(
  before: LoggedState,
  { log, catalogOf }: SnapshotSource,
  slot: number,
  commit: Commit,
): Promise<LoggedState> {
  const catalog = await catalogOf(commit.schemaDigest);
  const added = new Map<TypeKey, readonly LoggedDelta[]>();
  for (const [key, delta] of Object.entries(commit.delta ?? {})) {
    const type = catalog.byKey.get(key);
    if (type === undefined) continue;
    added.set(key, [loggedDelta(commit.id, slot, decodeDelta(type, delta, log.keyOf(slot)))]);
  }
  const reclaimed = new Set(commit.purged);
  return advance(before, { commit, slot, catalog, added, reclaimed });
}
