/** How commands that settle nothing speak of recovery records. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { finding } from "./findings.ts";
import type { LockRead } from "./lock.ts";
import type { StoredRecovery } from "./recovery_store.ts";

/** A recovery record, readable or not: it waits for the next apply, or belongs to the one that holds the lock. */
export function pendingFinding(stored: StoredRecovery, lock: LockRead): Diagnostic {
  if (stored.record === null) {
    const { message, help } = stored.problem;
    return finding("cluster_recovery_pending", stored.key, message, help === undefined ? {} : { help });
  }
  const { kind, graphId } = stored.record;
  if (graphId.trim() === "") {
    const message = "the recovery record names no graph: inspect and delete it";
    return finding("cluster_recovery_pending", stored.key, message);
  }
  const message = lock.kind === "locked"
    ? `a \`${kind}\` of graph \`${graphId}\` is under way, or was interrupted: wait for the lock, then run apply`
    : `an interrupted \`${kind}\` of graph \`${graphId}\` waits to be settled: run apply`;
  return finding("cluster_recovery_pending", stored.key, message);
}
