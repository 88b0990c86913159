/** How commands that settle nothing speak of recovery records. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { finding } from "./findings.ts";
import type { StoredRecovery } from "./recovery_store.ts";

/** A recovery record, readable or not, waits for the next apply. */
export function pendingFinding(stored: StoredRecovery): Diagnostic {
  const what = stored.record === null
    ? stored.problem.message
    : `an interrupted \`${stored.record.kind}\` of graph \`${stored.record.graphId}\` waits to be settled`;
  return finding("cluster_recovery_pending", stored.key, `${what}: run apply`);
}
