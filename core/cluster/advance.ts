/**
 * The ledger that follows from a run: a pure function of the ledger before, the desired entries and what happened to
 * each change. Equal facts give an equal ledger, which is what makes a second apply write nothing.
 */
import { type Address, graphAddress, graphOf, schemaAddress } from "./address.ts";
import type { PlannedChange } from "./change.ts";
import { diffEntries } from "./diff.ts";
import { SWEEP_CONDITIONS } from "./recovery.ts";
import {
  type EntryOrigin,
  type Ledger,
  type LedgerEntry,
  type ResourceStatus,
  resourceStatus,
  withComposites,
} from "./ledger.ts";

/** Facts that new entries record. */
export interface AdvanceFacts {
  /** RFC 3339. */
  readonly at: string;
  /** HEAD; null outside a repository. */
  readonly commit: string | null;
  /** Last commit that touched each resource's sources. */
  readonly changedCommits: ReadonlyMap<Address, string | null>;
}

/** What a run leaves behind. Revision and provenance are the caller's: they move only when something else does. */
export function advanceLedger(
  ledger: Ledger,
  desired: { readonly entries: ReadonlyMap<Address, LedgerEntry>; readonly configDigest: string },
  changes: readonly PlannedChange[],
  facts: AdvanceFacts,
): Ledger {
  const entries = withComposites(advanceEntries(ledger.entries, desired.entries, changes, facts));
  const converged = isConverged(desired.entries, entries);
  return {
    ...ledger,
    configDigest: converged ? desired.configDigest : ledger.configDigest,
    entries,
    statuses: advanceStatuses(ledger.statuses, entries, desired.entries, changes),
  };
}

/** Whether nothing is left to do. */
export function isConverged(
  desired: ReadonlyMap<Address, LedgerEntry>,
  applied: ReadonlyMap<Address, LedgerEntry>,
): boolean {
  return diffEntries(desired, applied).length === 0;
}

function advanceEntries(
  before: ReadonlyMap<Address, LedgerEntry>,
  desired: ReadonlyMap<Address, LedgerEntry>,
  changes: readonly PlannedChange[],
  facts: AdvanceFacts,
): Map<Address, LedgerEntry> {
  const entries = new Map(before);
  for (const { address, operation, disposition } of changes) {
    if (disposition !== "applied" && disposition !== "derived") continue;
    const wanted = desired.get(address);
    if (operation === "delete" || wanted === undefined) entries.delete(address);
    else {
      const unknown = before.get(address)?.unknown ?? {};
      entries.set(address, { ...wanted, unknown, origin: originOf(address, facts) });
    }
  }
  const held = new Set(
    changes.filter(({ kind, disposition }) =>
      (kind === "graph" || kind === "schema") && disposition === "blocked"
    )
      .map(({ address }) => graphOf(address)),
  );
  for (const [address, wanted] of desired) {
    const entry = entries.get(address);
    if (entry === undefined) continue;
    if (address.startsWith(graphAddress(""))) {
      // A graph that may not move keeps the blob policy it is served with.
      const blobPolicy = held.has(graphOf(address))
        ? before.get(address)?.blobPolicy ?? null
        : wanted.blobPolicy;
      entries.set(address, { ...entry, embeddingProvider: wanted.embeddingProvider, blobPolicy });
    } else if (entry.origin.appliedAt === facts.at && entry.origin.changedCommit === undefined) {
      // Rolled forward by the sweep of this run, which knows no sources.
      const changedCommit = facts.changedCommits.get(address) ?? null;
      entries.set(address, { ...entry, origin: { ...entry.origin, changedCommit } });
    }
  }
  return entries;
}

function originOf(address: Address, facts: AdvanceFacts): EntryOrigin {
  return {
    appliedCommit: facts.commit,
    changedCommit: facts.changedCommits.get(address) ?? null,
    appliedAt: facts.at,
  };
}

function advanceStatuses(
  before: ReadonlyMap<Address, ResourceStatus>,
  entries: ReadonlyMap<Address, LedgerEntry>,
  desired: ReadonlyMap<Address, LedgerEntry>,
  changes: readonly PlannedChange[],
): Map<Address, ResourceStatus> {
  const statuses = new Map<Address, ResourceStatus>();
  const changed = new Map(changes.map((change) => [change.address, change]));
  for (const [address, status] of before) {
    const next = carried(address, status, entries, desired, changed);
    if (next !== null) statuses.set(address, next);
  }
  for (const { address, operation, disposition, reason, note } of changes) {
    const done = disposition === "applied" || disposition === "derived";
    if (done && operation === "delete") statuses.delete(address);
    else if (done) statuses.set(address, resourceStatus("applied"));
    else if (disposition === "blocked" && reason !== "cluster_recovery_pending") {
      statuses.set(address, resourceStatus("blocked", reason, note));
    }
  }
  return statuses;
}

/** A status without a change of its own: one that no longer holds is cleared. */
function carried(
  address: Address,
  status: ResourceStatus,
  entries: ReadonlyMap<Address, LedgerEntry>,
  desired: ReadonlyMap<Address, LedgerEntry>,
  changed: ReadonlyMap<Address, PlannedChange>,
): ResourceStatus | null {
  if (changed.has(address)) return status;
  // The sweep owns the marks of a pending record.
  if (status.conditions.some((condition) => SWEEP_CONDITIONS.includes(condition))) return status;
  // Nobody declares it and nothing of it was applied: there is nothing left to speak of.
  if (!entries.has(address) && !desired.has(address)) return null;
  const cleared = entries.has(address) ? resourceStatus("applied") : null;
  if (status.status === "blocked") return cleared;
  if (status.status !== "drifted") return status;
  const graph = graphOf(address);
  if (graph === null) return status;
  const parts = [graphAddress(graph), schemaAddress(graph)];
  return parts.every((part) => entries.get(part)?.digest === desired.get(part)?.digest) ? cleared : status;
}
