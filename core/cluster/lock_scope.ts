/** Runs a command under the state lock: opens the storage root, takes the lock, runs, and gives it back on every path. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { ClusterContext } from "./context.ts";
import { ClusterFailure, collectFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";
import type { ClusterHeader } from "./header.ts";
import { acquireLock, type HeldLock, LOCK_KEY } from "./lock.ts";
import type { LockBody } from "./lock_file.ts";
import type { Observed } from "./observations.ts";
import { openRoot } from "./root.ts";

/** Options of every command that takes the lock. */
export interface LockOptions {
  /** How long to wait for a held lock, milliseconds. */
  readonly lockTimeoutMs: number;
  /** Stops before the next step and gives the lock back. */
  readonly signal: AbortSignal | null;
}

/** Who runs what under the lock. */
export interface LockScope {
  readonly context: ClusterContext;
  readonly header: ClusterHeader;
  /** Name of the command. */
  readonly operation: string;
  readonly actor: string | null;
  /** Address of the run of continuous integration. */
  readonly runUrl: string | null;
  readonly options: LockOptions;
}

/** What a command has found so far. */
export interface RunReport {
  readonly diagnostics: Diagnostic[];
  observed: Observed;
}

/**
 * Runs `action` under the lock and releases it on every path; when the lock is refused, `action` does not run. `action`
 * gets the opened root and a check that throws {@linkcode ClusterFailure} once the run must not go on. How the lock went,
 * and what ended the run, is in the report afterwards.
 */
export async function underLock(
  scope: LockScope,
  report: RunReport,
  action: (store: ObjectStore, checkStop: () => void) => Promise<void>,
): Promise<void> {
  const { context, header, operation, options: { signal } } = scope;
  await collectFailure(report.diagnostics, async () => {
    const store = openRoot(context, header.root);
    report.observed = { ...report.observed, store };
    if (!(header.config.stateLock ?? true)) {
      const message = `\`${operation}\` runs without the state lock: nothing keeps a second run out`;
      report.diagnostics.push(finding("state_lock_disabled", "state.lock", message));
      return await action(store, () => checkStop(operation, signal, null));
    }
    const lock = await takeLock(scope, store, report);
    if (lock === null) return;
    try {
      // On its own, so that what ends the run is told before what goes wrong with the lock afterwards.
      await collectFailure(
        report.diagnostics,
        () => action(store, () => checkStop(operation, signal, lock)),
      );
    } finally {
      report.diagnostics.push(...await lock.release());
    }
  });
}

async function takeLock(scope: LockScope, store: ObjectStore, report: RunReport): Promise<HeldLock | null> {
  const { context: { ports, host, pid, openLifeSign }, header, operation, actor, runUrl, options } = scope;
  const { clock, newId } = ports;
  const result = await acquireLock(store, {
    operation,
    actor,
    runUrl,
    host,
    pid,
    lifeSign: openLifeSign(header.root),
    timeoutMs: options.lockTimeoutMs,
    clock,
    newId,
    signal: options.signal,
  }).catch((error: unknown) => {
    const message = `the lock cannot be taken: ${causeText(error)}`;
    throw new ClusterFailure(finding("state_lock_error", LOCK_KEY, message), error);
  });
  if (result.kind === "refused") {
    report.observed = { ...report.observed, lock: result.read };
    report.diagnostics.push(result.problem);
    return null;
  }
  report.observed = { ...report.observed, acquiredLockId: result.lock.id };
  if (result.takenOver !== null) report.diagnostics.push(takenOverFinding(result.takenOver));
  return result.lock;
}

function takenOverFinding({ lockId, operation, heartbeatAt }: LockBody): Diagnostic {
  const message = `lock ${lockId} of \`${operation}\` was taken over: its process is gone, last heartbeat ` +
    heartbeatAt;
  return finding("state_lock_taken_over", LOCK_KEY, message);
}

function checkStop(operation: string, signal: AbortSignal | null, lock: HeldLock | null): void {
  if (lock?.lost) {
    const message = `\`${operation}\` lost the lock to another run and stopped: the ledger was not written`;
    throw new ClusterFailure(finding("state_lock_lost", LOCK_KEY, message));
  }
  if (signal?.aborted) {
    const message = `\`${operation}\` was interrupted: the ledger was not written, run it again`;
    throw new ClusterFailure(finding("apply_interrupted", operation, message));
  }
}
