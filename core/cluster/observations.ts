/** What a command saw of ledger and lock, in the form of its result. */
import type { Clock } from "../base/ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { byAddress } from "./address.ts";
import { EMPTY_LEDGER, knownDigest } from "./ledger.ts";
import { statusJson } from "./ledger_file.ts";
import { LEDGER_KEY, type LedgerSnapshot } from "./ledger_store.ts";
import { ageSeconds, LOCK_KEY, type LockRead } from "./lock.ts";
import type { StateObservations } from "./results.ts";

/** Facts behind {@linkcode StateObservations}. */
export interface Observed {
  /** Storage root; null when the command stopped before it was known. */
  readonly store: Pick<ObjectStore, "uri"> | null;
  /** null when there is none or it was not read. */
  readonly ledger: LedgerSnapshot | null;
  /** Somebody else's lock. */
  readonly lock: LockRead;
  /** Our own. */
  readonly acquiredLockId: string | null;
}

/** Nothing was looked at yet. */
export const NOTHING_OBSERVED: Observed = {
  store: null,
  ledger: null,
  lock: { kind: "free" },
  acquiredLockId: null,
};

/** The wire form. */
export function stateObservations(observed: Observed, clock: Clock): StateObservations {
  const { store, lock, acquiredLockId } = observed;
  const { ledger, cas } = observed.ledger ?? { ledger: EMPTY_LEDGER, cas: null };
  const at = (key: string) => store === null ? key : `${store.uri}/${key}`;
  return {
    state_path: at(LEDGER_KEY),
    lock_path: at(LOCK_KEY),
    state_found: cas !== null,
    ...(ledger.configDigest === null ? {} : { applied_config_digest: ledger.configDigest }),
    state_revision: ledger.revision,
    ...(cas === null ? {} : { state_cas: cas }),
    resource_count: ledger.entries.size,
    locked: lock.kind !== "free",
    ...(lock.kind === "locked" ? { lock_id: lock.body.lockId } : {}),
    lock_acquired: acquiredLockId !== null,
    ...(acquiredLockId === null ? {} : { acquired_lock_id: acquiredLockId }),
    ...(lock.kind === "locked" ? lockMembers(lock.body, clock) : {}),
  };
}

/** Digests, statuses and observations of the ledger, as far as it was read. */
export function ledgerMembers({ ledger: snapshot }: Observed) {
  const { entries, statuses, observations } = snapshot?.ledger ?? EMPTY_LEDGER;
  return {
    resource_digests: byAddress(
      new Map([...entries].filter(([, entry]) => knownDigest(entry) !== null)),
      ({ digest }) => digest,
    ),
    resource_statuses: byAddress(statuses, statusJson),
    observations: byAddress(observations, (observation) => observation),
  };
}

function lockMembers(body: Extract<LockRead, { kind: "locked" }>["body"], clock: Clock) {
  const age = ageSeconds(body.createdAt, clock);
  return {
    lock_operation: body.operation,
    lock_created_at: body.createdAt,
    lock_pid: body.pid,
    ...(age === null ? {} : { lock_age_seconds: age }),
  };
}
