/** `cluster status`: the ledger as it stands, with the lock, pending recovery records and the state of the catalog. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ClusterContext } from "./context.ts";
import { exitCodeOf } from "./exit.ts";
import { collectFailure } from "./failure.ts";
import { finding, isOk } from "./findings.ts";
import { integrityWarnings, LEDGER_KEY, readLedger } from "./ledger_store.ts";
import { loadHeader } from "./header.ts";
import { readLock } from "./lock.ts";
import { ledgerMembers, NOTHING_OBSERVED, type Observed, stateObservations } from "./observations.ts";
import { checkPayloads } from "./payloads.ts";
import { pendingFinding } from "./pending.ts";
import { readRecoveries } from "./recovery_store.ts";
import { diagnosticOutputs, EXIT, type Outcome, type StatusResult } from "./results.ts";
import { openRoot } from "./root.ts";

/** Reads and reports; changes nothing, takes no lock, opens no graph. */
export async function runStatus(context: ClusterContext): Promise<Outcome<StatusResult>> {
  const loaded = await loadHeader(context.configDir, context.files);
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  let observed: Observed = NOTHING_OBSERVED;
  if (loaded.header === null) {
    return outcome(context, loaded.place.absolute, observed, diagnostics, EXIT.invalidConfig);
  }
  const { root } = loaded.header;
  await collectFailure(diagnostics, async () => {
    const store = openRoot(context, root);
    const lock = await readLock(store);
    if (lock.kind === "unreadable") diagnostics.push({ ...lock.problem, severity: "warning" });
    observed = { store, lock, ledger: null, acquiredLockId: null };
    const recoveries = await readRecoveries(store);
    if (recoveries.problem !== null) diagnostics.push(recoveries.problem);
    diagnostics.push(...recoveries.files.map((file) => pendingFinding(file, lock)));
    const ledger = await readLedger(store);
    observed = { ...observed, ledger };
    if (ledger.cas === null) {
      const message = "there is no ledger: nothing was applied here yet, run `cluster apply`";
      diagnostics.push(finding("state_missing", LEDGER_KEY, message, { severity: "warning" }));
    }
    diagnostics.push(...integrityWarnings(ledger.ledger), ...await checkPayloads(store, ledger.ledger));
  });
  return outcome(context, loaded.place.absolute, observed, diagnostics, exitCodeOf(diagnostics));
}

function outcome(
  context: ClusterContext,
  configDir: string,
  observed: Observed,
  diagnostics: readonly Diagnostic[],
  exitCode: number,
): Outcome<StatusResult> {
  const result: StatusResult = {
    ok: isOk(diagnostics),
    config_dir: configDir,
    state_observations: stateObservations(observed, context.ports.clock),
    ...ledgerMembers(observed),
    provenance: observed.ledger?.ledger.provenance ?? null,
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode, result, diagnostics };
}
