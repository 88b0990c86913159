/** `cluster force-unlock <id>`: removes a lock whose holder is known to be gone. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { ClusterContext } from "./context.ts";
import { exitCodeOf } from "./exit.ts";
import { ClusterFailure, collectFailure } from "./failure.ts";
import { causeText, finding, isOk } from "./findings.ts";
import { readLedger } from "./ledger_store.ts";
import { loadHeader } from "./header.ts";
import { LOCK_KEY, type LockRead, readLock } from "./lock.ts";
import { NOTHING_OBSERVED, type Observed, stateObservations } from "./observations.ts";
import { diagnosticOutputs, EXIT, type ForceUnlockResult, type Outcome } from "./results.ts";
import { openRoot } from "./root.ts";

/** Removes the lock only if it is there, readable and has exactly this id. */
export async function runForceUnlock(
  context: ClusterContext,
  lockId: string,
): Promise<Outcome<ForceUnlockResult>> {
  const loaded = await loadHeader(context.configDir, context.files);
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  let observed: Observed = NOTHING_OBSERVED;
  let removed = false;
  const { header } = loaded;
  if (header !== null) {
    await collectFailure(diagnostics, async () => {
      const store = openRoot(context, header.root);
      const lock = await readLock(store);
      observed = { store, lock, ledger: null, acquiredLockId: null };
      const refusal = refusalOf(lock, lockId);
      if (refusal !== null) diagnostics.push(refusal);
      else {
        removed = await removeLock(store, lockId).catch((error: unknown) => {
          const message = `the lock cannot be removed: ${causeText(error)}`;
          throw new ClusterFailure(finding("state_lock_error", LOCK_KEY, message), error);
        });
      }
      observed = { ...observed, ledger: await readLedger(store) };
    });
  }
  const observations = stateObservations(observed, context.ports.clock);
  const result: ForceUnlockResult = {
    ok: isOk(diagnostics),
    config_dir: loaded.place.absolute,
    // The members of the removed lock stay for the record; it is no longer held.
    state_observations: removed ? { ...observations, locked: false } : observations,
    lock_removed: removed,
    diagnostics: diagnosticOutputs(diagnostics),
  };
  const exitCode = header === null ? EXIT.invalidConfig : exitCodeOf(diagnostics);
  return { exitCode, result, diagnostics };
}

/** Removes the lock of this id, also when its holder renews it meanwhile, and never the one after it. */
async function removeLock(
  store: Pick<ObjectStore, "get" | "deleteIfMatch">,
  lockId: string,
): Promise<boolean> {
  for (;;) {
    const lock = await readLock(store);
    if (lock.kind !== "locked" || lock.body.lockId !== lockId) return true;
    if (await store.deleteIfMatch(LOCK_KEY, lock.version)) return true;
  }
}

function refusalOf(lock: LockRead, lockId: string): Diagnostic | null {
  switch (lock.kind) {
    case "free":
      return finding("state_lock_missing", LOCK_KEY, "there is no lock to remove");
    case "unreadable":
      return lock.problem;
    case "locked":
      if (lock.body.lockId === lockId) return null;
      return finding(
        "state_lock_id_mismatch",
        LOCK_KEY,
        `the held lock is \`${lock.body.lockId}\`, not \`${lockId}\``,
      );
  }
}
