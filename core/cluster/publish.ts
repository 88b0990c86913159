/**
 * Publishes a revision: the ledger by one compare-and-swap, then its history record. The one place where the control
 * plane changes what is applied.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Failpoint, NewId } from "../base/ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { passFailpoint } from "./failpoint.ts";
import { type HistoryRecord, setHistoryAside, writeHistory } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { type LedgerSnapshot, requireUnchanged, writeLedger } from "./ledger_store.ts";

/** What is published where. */
export interface Publication {
  readonly store: ObjectStore;
  readonly newId: NewId;
  readonly failpoint: Failpoint;
  /** The ledger that the run started from. */
  readonly read: LedgerSnapshot;
  /** The ledger to write; its revision is set here. */
  readonly next: Ledger;
  /** What the history keeps of the run. */
  readonly record: Omit<HistoryRecord, "revision" | "previous" | "notes">;
  /** Findings of the run so far. */
  readonly found: readonly Diagnostic[];
}

/**
 * Writes the ledger under the next revision and records it. Throws {@linkcode ClusterFailure} when the ledger is not
 * written; what cannot be recorded is a warning, and the next run makes up for it.
 */
export async function publishRevision(
  { store, newId, failpoint, read, next, record, found }: Publication,
): Promise<{ readonly snapshot: LedgerSnapshot; readonly diagnostics: readonly Diagnostic[] }> {
  const revision = read.ledger.revision + 1;
  await setHistoryAside(store, revision, newId, () => requireUnchanged(store, read));
  const snapshot = await writeLedger(store, read, { ...next, revision });
  await passFailpoint(failpoint, "after_state_write");
  const previous = read.ledger.revision === 0 ? null : read.ledger.revision;
  return {
    snapshot,
    diagnostics: await writeHistory(store, { revision, previous, ...record, ...notesOf(found) }),
  };
}

/** A lock that was taken over from a dead run belongs to the story of a revision. */
function notesOf(diagnostics: readonly Diagnostic[]): Pick<HistoryRecord, "notes"> {
  const notes = diagnostics.filter(({ code }) => code === "state_lock_taken_over").map(({ message }) =>
    message
  );
  return notes.length === 0 ? {} : { notes };
}
