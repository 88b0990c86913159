/** How commands that settle nothing speak of recovery records. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { finding } from "./findings.ts";
import type { StoredRecovery } from "./recovery_store.ts";

/** A recovery record, readable or not, waits for the next apply. */
export function pendingFinding(stored: StoredRecovery): Diagnostic {
  if (stored.record === null) {
    const { message, help } = stored.problem;
    return finding("cluster_recovery_pending", stored.key, message, help === undefined ? {} : { help });
  }
  const { kind, graphId } = stored.record;
  const message = `an interrupted \`${kind}\` of graph \`${graphId}\` waits to be settled: run apply`;
  return finding("cluster_recovery_pending", stored.key, message);
}
