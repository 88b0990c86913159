/**
 * The part of a schema change that drops data for good: when its record is put and taken back, and what runs after the
 * publish. What a purge does is in `purge.ts`.
 */
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Commit } from "./commit.ts";
import type { Ports } from "./graph_ports.ts";
import type { LoggedState } from "./logged_state.ts";
import type { OpenBranch } from "./open_branches.ts";
import { abandonedTables, type TableMove } from "./plan_migration_commit.ts";
import type { SoleTurn } from "./publish_request.ts";
import {
  finishPurge,
  type Purge,
  type PurgeOptions,
  recordPurge,
  settlePurges,
  sweepPurged,
  withdrawPurge,
} from "./purge.ts";

/** The graph whose main is changed. */
export interface DropPlace {
  readonly store: ObjectStore;
  readonly main: OpenBranch;
  readonly ports: Ports;
}

/** A published change and what is left to purge. */
export interface PublishedDrop {
  readonly commit: Commit;
  readonly purge: Purge;
  /** Of the change. */
  readonly slot: number;
}

/** What table moves drop for good, or null. */
export function purgeOf(base: LoggedState, moves: readonly TableMove[], id: string): Purge | null {
  const tables = abandonedTables(base, moves);
  const fresh = moves.flatMap((move) => move.kind !== "add" && move.fresh !== undefined ? [move.fresh] : []);
  const { slot: after, commit: { schemaDigest } } = base;
  return tables.length === 0 ? null : { id, after, schemaDigest, tables, fresh };
}

/**
 * Publishes a change that drops data for good with `publish`, which gets a turn that keeps the books; null when too much
 * happened meanwhile. Unless it may have been published, nothing stays behind.
 */
export async function publishDrop(
  { store, ports }: DropPlace,
  turn: SoleTurn,
  purge: Purge,
  publish: (turn: SoleTurn) => Promise<Commit | null>,
): Promise<PublishedDrop | null> {
  await recordPurge(store, purge);
  await ports.failpoint("schema.purge_recorded");
  let mayBePublished = false;
  let slot = 0;
  const append: SoleTurn["append"] = async (planned) => {
    mayBePublished = true;
    ({ slot } = planned.state);
    return mayBePublished = await turn.append(planned);
  };
  try {
    const commit = await publish({ ...turn, append });
    if (commit !== null) return { commit, purge, slot };
  } catch (error) {
    if (mayBePublished) throw error;
    // The next schema change tries again.
    await withdrawPurge(store, purge).catch(() => {});
    throw error;
  }
  await withdrawPurge(store, purge);
  return null;
}

/** Purges what a published change drops. Throws `AppError("storage_error")` when that is not finished. */
export async function purgeDropped(place: DropPlace, { purge, slot }: PublishedDrop): Promise<void> {
  try {
    await finishPurge(purging(place), purge, slot);
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      "storage_error",
      `the schema was changed, but the data that it drops for good is not purged yet: ${what}; ` +
        "apply the same schema again to finish",
      { cause },
    );
  }
}

/** Finishes the purges that dead processes left on a graph; returns whether there were any. */
export async function settleLeftPurges(place: DropPlace): Promise<boolean> {
  const { slot, commit } = await place.main.head.latest();
  return await settlePurges(purging(place), { slot, schemaDigest: commit.schemaDigest });
}

/** Finishes what others left, and sweeps up behind writers that were at work during a purge. */
export async function settleAndSweep(place: DropPlace): Promise<boolean> {
  const settled = await settleLeftPurges(place);
  await sweepPurged(place.store);
  return settled;
}

function purging({ store, main, ports }: DropPlace): PurgeOptions {
  return { store, log: main.head.source.log, failpoint: (step) => ports.failpoint(`schema.${step}`) };
}
