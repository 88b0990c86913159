/**
 * The history: one record per published revision, created once and never changed.
 *
 *   __cluster/history/<revision, 8 digits>.json
 *
 * A run that died between publishing and recording leaves a gap; the next one fills it from the ledger. A ledger that is
 * made anew counts from 1 again, one that is put back to an earlier state from there: records of what came after it then
 * move to `__cluster/history/before-<id>/` first.
 */
import { type Json, prettyJson } from "../base/json.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { NewId } from "../base/ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Address } from "./address.ts";
import { ClusterFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";
import type { Ledger } from "./ledger.ts";

/** Folder of the records. */
const HISTORY = "__cluster/history";
/** Version of the file. */
export const HISTORY_VERSION = 1;

/** One change of a revision. `operation` and `before` are null when the record was filled in later. */
export interface HistoryChange {
  readonly address: Address;
  readonly operation: string | null;
  readonly before: string | null;
  readonly after: string | null;
  readonly disposition: string;
  readonly result: "applied" | "blocked" | "deferred" | "failed";
  readonly changed_commit: string | null;
  readonly message?: string;
}

/** One revision. */
export interface HistoryRecord {
  readonly revision: number;
  /** Revision before; null for the first. */
  readonly previous: number | null;
  readonly operation: string;
  /** `unknown` when the record was filled in later. */
  readonly outcome: "converged" | "partial" | "failed" | "unknown";
  /** RFC 3339; null when nobody recorded it. */
  readonly at: string | null;
  readonly actor: string | null;
  readonly config_digest: string | null;
  readonly plan_digest: string | null;
  readonly provenance: Json;
  readonly approvals: readonly string[];
  readonly changes: readonly HistoryChange[];
  /** What people should know of the run later; absent when there is nothing. */
  readonly notes?: readonly string[];
}

/** Key of the record of a revision. */
export function historyKey(revision: number): string {
  return `${HISTORY}/${String(revision).padStart(8, "0")}.json`;
}

/** Records a revision unless that was done already. A store that fails is a warning: the next run fills the gap. */
export async function writeHistory(
  store: Pick<ObjectStore, "putIfAbsent">,
  record: HistoryRecord,
): Promise<Diagnostic[]> {
  const key = historyKey(record.revision);
  try {
    const text = prettyJson({ version: HISTORY_VERSION, ...record });
    await store.putIfAbsent(key, new TextEncoder().encode(text));
    return [];
  } catch (error) {
    return [
      finding(
        "history_write_error",
        key,
        `revision ${record.revision} was not recorded: ${causeText(error)}`,
      ),
    ];
  }
}

/**
 * Moves records that another ledger left under `revision` and later out of the way: those of one that was lost, or that was
 * put back to an earlier state. `requireUnchanged` is asked before anything moves. Throws {@linkcode ClusterFailure} with
 * `state_write_error`: with the old records in place the new ones could not be written.
 */
export async function setHistoryAside(
  store: Pick<ObjectStore, "exists" | "get" | "list" | "put" | "delete">,
  revision: number,
  newId: NewId,
  requireUnchanged: () => Promise<void>,
): Promise<void> {
  try {
    if (!await store.exists(historyKey(revision))) return;
    await requireUnchanged();
    const folder = `${HISTORY}/before-${newId()}`;
    for (const name of await store.list(HISTORY)) {
      if (!(Number(/^([0-9]+)\.json$/.exec(name)?.[1]) >= revision)) continue;
      const found = await store.get(`${HISTORY}/${name}`);
      if (found === null) continue;
      await store.put(`${folder}/${name}`, found.bytes);
      await store.delete(`${HISTORY}/${name}`);
    }
  } catch (error) {
    if (error instanceof ClusterFailure) throw error;
    const message = `records of an earlier ledger cannot be set aside: ${causeText(error)}`;
    throw new ClusterFailure(finding("state_write_error", HISTORY, message), error);
  }
}

/** Fills in the record of the ledger's own revision when the run that wrote it died before recording it. */
export async function fillHistoryGap(
  store: Pick<ObjectStore, "exists" | "putIfAbsent">,
  ledger: Ledger,
): Promise<Diagnostic[]> {
  if (ledger.revision === 0) return [];
  const key = historyKey(ledger.revision);
  try {
    if (await store.exists(key)) return [];
  } catch (error) {
    return [finding("history_write_error", key, `the history cannot be read: ${causeText(error)}`)];
  }
  return await writeHistory(store, recordFromLedger(ledger));
}

/** What the ledger alone says about its revision: the entries that were applied last. */
export function recordFromLedger(ledger: Ledger): HistoryRecord {
  const times = [...ledger.entries.values()].map(({ origin }) => origin.appliedAt).filter((at) =>
    at !== undefined
  );
  const at = times.sort().at(-1) ?? null;
  const changes = [...ledger.entries].filter(([, { origin }]) => at !== null && origin.appliedAt === at)
    .map(([address, { digest, origin }]) => ({
      address,
      operation: null,
      before: null,
      after: digest,
      disposition: "applied",
      result: "applied" as const,
      changed_commit: origin.changedCommit ?? null,
    }));
  return {
    revision: ledger.revision,
    previous: ledger.revision > 1 ? ledger.revision - 1 : null,
    operation: "apply",
    outcome: "unknown",
    at,
    actor: actorOf(ledger.provenance),
    config_digest: ledger.configDigest,
    plan_digest: null,
    provenance: ledger.provenance,
    approvals: [],
    changes,
  };
}

function actorOf(provenance: Json): string | null {
  const actor = memberOf(provenance, "actor");
  const id = actor === null ? null : memberOf(actor, "id");
  return typeof id === "string" ? id : null;
}

function memberOf(value: Json, key: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return (value as { readonly [key: string]: Json })[key] ?? null;
}
