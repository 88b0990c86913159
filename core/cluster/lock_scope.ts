/** Runs a command under the state lock. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { LifeSign } from "../storage/life_sign.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { ClusterContext } from "./context.ts";
import { ClusterFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";
import { acquireLock, type HeldLock, LOCK_KEY, type LockRead } from "./lock.ts";

/** Who runs what under the lock. */
export interface LockScope {
  readonly context: ClusterContext;
  readonly store: ObjectStore;
  readonly lifeSign: LifeSign | null;
  /** Name of the command. */
  readonly operation: string;
  /** `state.lock` of the configuration. */
  readonly enabled: boolean;
  readonly actor: string | null;
  readonly runUrl: string | null;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | null;
}

/** How the lock went. */
export interface LockReport {
  /** Somebody else's lock that stood in the way. */
  readonly found: LockRead;
  readonly acquiredId: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Runs `action` under the lock and releases it on every path. `onLock` hears how the lock went before `action` starts;
 * when the lock is refused, `action` does not run. `action` gets a check that throws {@linkcode ClusterFailure} once the
 * run must not go on. Findings of the release are returned.
 */
export async function underLock(
  scope: LockScope,
  onLock: (report: LockReport) => void,
  action: (checkStop: () => void) => Promise<void>,
): Promise<readonly Diagnostic[]> {
  const { context: { ports, host, pid }, store, lifeSign, operation, actor, runUrl, timeoutMs, signal } =
    scope;
  if (!scope.enabled) {
    const message = `\`${operation}\` runs without the state lock: nothing keeps a second run out`;
    const diagnostics = [finding("state_lock_disabled", "state.lock", message)];
    onLock({ found: { kind: "free" }, acquiredId: null, diagnostics });
    await action(() => checkStop(operation, signal, null));
    return [];
  }
  const { clock, newId } = ports;
  const request = { operation, actor, runUrl, host, pid, lifeSign, timeoutMs, clock, newId, signal };
  const result = await acquireLock(store, request).catch((error: unknown) => {
    throw new ClusterFailure(
      finding("state_lock_error", LOCK_KEY, `the lock cannot be taken: ${causeText(error)}`),
      error,
    );
  });
  if (result.kind === "refused") {
    onLock({ found: result.read, acquiredId: null, diagnostics: [result.problem] });
    return [];
  }
  const { lock, takenOver } = result;
  try {
    const diagnostics = takenOver === null ? [] : [
      finding(
        "state_lock_taken_over",
        LOCK_KEY,
        `lock ${takenOver.lockId} of \`${takenOver.operation}\` was taken over: its process is gone, last ` +
          `heartbeat ${takenOver.heartbeatAt}`,
      ),
    ];
    onLock({ found: { kind: "free" }, acquiredId: lock.id, diagnostics });
    await action(() => checkStop(operation, signal, lock));
  } catch (error) {
    await lock.release();
    throw error;
  }
  return await lock.release();
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
