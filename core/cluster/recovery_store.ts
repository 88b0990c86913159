/** Keeps recovery records in the store. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { causeText, finding } from "./findings.ts";
import { parseRecovery, RECOVERIES, type RecoveryRecord, RecoveryVersionError } from "./recovery.ts";
import { StoredJsonError } from "./strict_json.ts";

/** A stored file under `recoveries/`: the record, or why it is none. */
export type StoredRecovery =
  | { readonly key: string; readonly record: RecoveryRecord }
  | { readonly key: string; readonly record: null; readonly problem: Diagnostic };

/** All records in file-name order. `problem` is set when the folder itself cannot be listed. */
export async function readRecoveries(
  store: Pick<ObjectStore, "get" | "list">,
): Promise<{ readonly files: readonly StoredRecovery[]; readonly problem: Diagnostic | null }> {
  let names: readonly string[];
  try {
    names = (await store.list(RECOVERIES)).filter((name) => name.endsWith(".json"));
  } catch (error) {
    const message = `recovery records cannot be listed: ${causeText(error)}`;
    return { files: [], problem: finding("recovery_sidecar_read_error", RECOVERIES, message) };
  }
  const files: StoredRecovery[] = [];
  for (const name of names) {
    const stored = await readRecovery(store, `${RECOVERIES}/${name}`);
    if (stored !== null) files.push(stored);
  }
  return { files, problem: null };
}

/** Deletions that were interrupted, with the approvals they were begun under. */
export function begunDeletes(
  files: readonly StoredRecovery[],
): Map<string, { readonly approvalId: string | null }> {
  return new Map(
    files.flatMap(({ record }) =>
      record?.kind === "graph_delete" ? [[record.graphId, { approvalId: record.approvalId }] as const] : []
    ),
  );
}

async function readRecovery(store: Pick<ObjectStore, "get">, key: string): Promise<StoredRecovery | null> {
  try {
    const found = await store.get(key);
    return found === null ? null : { key, record: parseRecovery(found.bytes) };
  } catch (error) {
    const code = error instanceof RecoveryVersionError
      ? "unsupported_recovery_sidecar_version"
      : error instanceof StoredJsonError
      ? "invalid_recovery_sidecar"
      : "recovery_sidecar_read_error";
    const message = `the recovery record cannot be read and stays: ${causeText(error)}`;
    const help =
      "servers refuse to start beside it: check the graph it was written for, then delete the file";
    const isFile = code !== "recovery_sidecar_read_error";
    return { key, record: null, problem: finding(code, key, message, isFile ? { help } : {}) };
  }
}
