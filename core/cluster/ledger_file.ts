/**
 * The stored form of the ledger, `__cluster/state.json`, version 1. Known members are strict; unknown ones are kept, so
 * that a ledger written by a newer version survives a rewrite by this one. Objects that a digest covers
 * (`embedding_profile`, `external_blob_policy`) hold known members only.
 */
import { type Json, prettyJson } from "../base/json.ts";
import type { EmbeddingProfile } from "./config.ts";
import type { BlobPolicy } from "./external_blobs.ts";
import {
  type EntryOrigin,
  type Ledger,
  type LedgerEntry,
  type ResourceStatus,
  STATUS_WORDS,
} from "./ledger.ts";
import { parseObject, StoredJsonError, type StrictObject } from "./strict_json.ts";

/** Version of the file. */
export const LEDGER_VERSION = 1;

/** A ledger of a version that this build does not read. */
export class LedgerVersionError extends Error {
  override readonly name = "LedgerVersionError";
}

/** Reads a stored ledger. Throws {@linkcode StoredJsonError} or {@linkcode LedgerVersionError}. */
export function parseLedger(bytes: Uint8Array): Ledger {
  const file = parseObject(bytes);
  const version = file.raw("version");
  if (version !== LEDGER_VERSION) {
    const message = `ledger version ${
      JSON.stringify(version) ?? "none"
    } is not supported, only ${LEDGER_VERSION} is`;
    throw new LedgerVersionError(message);
  }
  const applied = file.objectOrNull("applied_revision");
  if (applied === null) throw new StoredJsonError("missing member `applied_revision`");
  const configDigest = applied.textOrNull("config_digest");
  const provenance = applied.raw("provenance") ?? null;
  const entries = applied.map("resources", readEntry);
  return {
    revision: file.countOrNull("state_revision") ?? 0,
    configDigest,
    provenance,
    entries,
    statuses: file.map("resource_statuses", readStatus),
    approvalRecords: file.map("approval_records", readApprovalRecord),
    recoveryRecords: file.map("recovery_records", readRecoveryRecord),
    observations: file.map("observations", (object) => object.whole()),
    unknownApplied: applied.rest(),
    unknown: file.rest(),
  };
}

/** The stored bytes of a ledger: the same value always gives the same bytes. */
export function ledgerBytes(ledger: Ledger): Uint8Array {
  const text = prettyJson({
    ...ledger.unknown,
    version: LEDGER_VERSION,
    state_revision: ledger.revision,
    applied_revision: {
      ...ledger.unknownApplied,
      config_digest: ledger.configDigest,
      ...(ledger.provenance === null ? {} : { provenance: ledger.provenance }),
      resources: objectOf(ledger.entries, entryJson),
    },
    resource_statuses: objectOf(ledger.statuses, statusJson),
    approval_records: objectOf(ledger.approvalRecords, (record) => record),
    recovery_records: objectOf(ledger.recoveryRecords, (record) => record),
    observations: objectOf(ledger.observations, (observation) => observation),
  });
  return new TextEncoder().encode(text);
}

/** The stored and shown form of a status. */
export function statusJson(
  status: ResourceStatus,
): { status: string; conditions?: readonly string[]; message?: string } {
  return {
    ...status.unknown,
    status: status.status,
    ...(status.conditions.length === 0 ? {} : { conditions: status.conditions }),
    ...(status.message === null ? {} : { message: status.message }),
  };
}

function readEntry(object: StrictObject): LedgerEntry {
  const entry = {
    digest: object.text("digest"),
    appliesTo: object.textsOrNull("applies_to"),
    embeddingProfile: readProfile(object.objectOrNull("embedding_profile")),
    embeddingProvider: object.textOrNull("embedding_provider"),
    blobPolicy: readBlobPolicy(object.objectOrNull("external_blob_policy")),
    origin: readOrigin(object),
  };
  return { ...entry, unknown: object.rest() };
}

function readOrigin(object: StrictObject): EntryOrigin {
  const has = (key: string) => object.raw(key) !== undefined;
  return {
    ...(has("applied_commit") ? { appliedCommit: object.textOrNull("applied_commit") } : {}),
    ...(has("changed_commit") ? { changedCommit: object.textOrNull("changed_commit") } : {}),
    ...(has("applied_at") ? { appliedAt: object.text("applied_at") } : {}),
  };
}

function readProfile(object: StrictObject | null): EmbeddingProfile | null {
  if (object === null) return null;
  const profile: { [key: string]: string } = {};
  for (const key of ["kind", "base_url", "model", "api_key"]) {
    const value = object.textOrNull(key);
    if (value !== null) profile[key] = value;
  }
  object.end();
  return profile;
}

function readBlobPolicy(object: StrictObject | null): BlobPolicy | null {
  if (object === null) return null;
  const mode = object.word("mode", ["allow"]);
  const bases = object.objects("bases").map((base) => {
    const read = { uri: base.text("uri"), scope: base.word("scope", ["server_safe", "embedded_only"]) };
    base.end();
    return read;
  });
  object.end();
  return { mode, bases };
}

function readStatus(object: StrictObject): ResourceStatus {
  const status = {
    status: object.word("status", STATUS_WORDS),
    conditions: object.textsOrNull("conditions") ?? [],
    message: object.textOrNull("message"),
  };
  return { ...status, unknown: object.rest() };
}

function readApprovalRecord(object: StrictObject) {
  object.text("consumed_at");
  object.text("consumed_by_operation");
  return object.whole();
}

function readRecoveryRecord(object: StrictObject) {
  for (const key of ["kind", "graph_id", "outcome", "recovered_at"]) object.text(key);
  object.textOrNull("actor");
  return object.whole();
}

function entryJson(entry: LedgerEntry): unknown {
  const { appliedCommit, changedCommit, appliedAt } = entry.origin;
  return {
    ...entry.unknown,
    digest: entry.digest,
    ...(entry.appliesTo === null ? {} : { applies_to: entry.appliesTo }),
    ...(entry.embeddingProfile === null ? {} : { embedding_profile: entry.embeddingProfile }),
    ...(entry.embeddingProvider === null ? {} : { embedding_provider: entry.embeddingProvider }),
    ...(entry.blobPolicy === null ? {} : { external_blob_policy: entry.blobPolicy }),
    // JSON leaves absent members out and keeps null ones: absent means nobody recorded it.
    applied_commit: appliedCommit,
    changed_commit: changedCommit,
    applied_at: appliedAt,
  };
}

function objectOf<Value>(
  map: ReadonlyMap<string, Value>,
  toJson: (value: Value) => unknown,
): { [key: string]: Json } {
  return Object.fromEntries([...map].map(([key, value]) => [key, toJson(value)])) as { [key: string]: Json };
}
