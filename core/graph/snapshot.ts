/** Opens snapshots: the head object of a slot plus, in parallel, the slots whose deltas lie over its pins. */
import { must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { Commit } from "./commit.ts";
import type { BranchLog, LogSlot } from "./log.ts";
import { type LoggedState, oldestPendingSlot, stateOfCommit } from "./logged_state.ts";

/** Where snapshots of one branch come from. */
export interface SnapshotSource {
  readonly log: BranchLog;
  /** The catalog of a schema digest that commits pin. */
  catalogOf(schemaDigest: string): Promise<Catalog>;
  /** The tables whose data was dropped for good; absent where none can be. */
  readonly purgedTables?: () => Promise<ReadonlySet<string>>;
}

/** The state after a filled slot, the head of a branch: no head has tables that were dropped for good. */
export async function openSlot(source: SnapshotSource, slot: number): Promise<LoggedState> {
  const logged = await source.log.read(slot);
  if (logged === null) {
    throw new AppError("integrity_error", `\`${source.log.keyOf(slot)}\` is missing: restore it from a copy`);
  }
  return await stateAt(source, logged, must(logged.commits.at(-1), "a log object has commits"), null);
}

/** The state of one commit of a slot; tables whose rows were dropped for good since are marked. */
export async function openCommit(
  source: SnapshotSource,
  logged: LogSlot,
  commit: Commit,
): Promise<LoggedState> {
  return await stateAt(source, logged, commit, source.purgedTables ?? null);
}

async function stateAt(
  source: SnapshotSource,
  logged: LogSlot,
  commit: Commit,
  purgedTables: SnapshotSource["purgedTables"] | null,
): Promise<LoggedState> {
  const { log } = source;
  const from = oldestPendingSlot(commit) ?? logged.slot;
  const [catalog, before] = await Promise.all([
    source.catalogOf(commit.schemaDigest),
    log.readRange(from, logged.slot - 1),
  ]);
  // After the log was read: a purge names its tables before it takes rows away.
  const purged = await purgedTables?.();
  return stateOfCommit({
    catalog,
    commit,
    slot: logged.slot,
    slots: [...before, logged],
    keyOf: (slot) => log.keyOf(slot),
    isPurged: (table) => purged?.has(table) ?? false,
  });
}
