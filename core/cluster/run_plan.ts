/** `cluster plan`: reads configuration, ledger and, for schema changes, graphs; takes no lock and writes nothing. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { formatDateTime } from "../base/temporal.ts";
import { changeOutput } from "./change.ts";
import type { ClusterContext } from "./context.ts";
import { graphEngine } from "./engine.ts";
import { exitCodeOf } from "./exit.ts";
import { ClusterFailure } from "./failure.ts";
import { finding, isOk } from "./findings.ts";
import { planWithApprovals } from "./gates.ts";
import { integrityWarnings, readLedger } from "./ledger_store.ts";
import { checkChangedPolicies, loadConfig, type LoadedConfig } from "./load.ts";
import { readLock } from "./lock.ts";
import { NOTHING_OBSERVED, type Observed, stateObservations } from "./observations.ts";
import { type ReadOrigin, readOrigin } from "./origin.ts";
import { type ClusterPlan, planDigest } from "./plan.ts";
import { pendingFinding } from "./pending.ts";
import { previewSchemas } from "./preview.ts";
import { begunDeletes, readRecoveries } from "./recovery_store.ts";
import { diagnosticOutputs, EXIT, type Outcome, type PlanResult } from "./results.ts";
import { openRoot } from "./root.ts";

/** Plans; never throws for bad input. */
export async function runPlan(
  context: ClusterContext,
  options: { readonly detailedExitCode: boolean },
): Promise<Outcome<PlanResult>> {
  const loaded = await loadConfig(context.configDir, context.files);
  const { desired, header } = loaded;
  const parts: PlanParts = { loaded, observed: NOTHING_OBSERVED, origin: null, plan: null };
  if (desired === null || header === null) {
    return outcome(context, parts, loaded.diagnostics, EXIT.invalidConfig);
  }
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  try {
    const store = openRoot(context, header.root);
    const [origin, ledger, lock, recoveries] = await Promise.all([
      readOrigin(context, loaded.place.absolute, [header.file, ...desired.files]),
      readLedger(store),
      readLock(store),
      readRecoveries(store),
    ]);
    if (origin.problem !== null) diagnostics.push(origin.problem);
    if (recoveries.problem !== null) diagnostics.push(recoveries.problem);
    diagnostics.push(...recoveries.files.map((file) => pendingFinding(file, lock)));
    const { openTables, ports } = context;
    const engine = graphEngine({ root: header.root, store, openTables, ports });
    const { plan, gates } = await planWithApprovals(
      { desired: desired.entries, applied: ledger.ledger.entries, pending: new Set() },
      {
        store,
        engine,
        ledger: ledger.ledger,
        configDigest: desired.configDigest,
        at: formatDateTime(ports.clock.nowMs()),
        begun: begunDeletes(recoveries.files),
      },
    );
    diagnostics.push(
      ...integrityWarnings(ledger.ledger),
      ...gates.diagnostics,
      ...guardFindings(plan),
      ...await checkChangedPolicies(desired, plan),
    );
    const previewed = await previewSchemas(engine, desired, plan);
    diagnostics.push(...previewed.diagnostics);
    const observed = { store, ledger, lock, acquiredLockId: null };
    const exit = options.detailedExitCode && plan.changes.length > 0 ? EXIT.changes : EXIT.done;
    return outcome(context, { loaded, observed, origin, plan: previewed.plan }, diagnostics, exit);
  } catch (error) {
    if (!(error instanceof ClusterFailure)) throw error;
    return outcome(context, parts, [...diagnostics, error.diagnostic], EXIT.done);
  }
}

interface PlanParts {
  readonly loaded: LoadedConfig;
  readonly observed: Observed;
  readonly origin: ReadOrigin | null;
  readonly plan: ClusterPlan | null;
}

function outcome(
  context: ClusterContext,
  { loaded, observed, origin, plan }: PlanParts,
  diagnostics: readonly Diagnostic[],
  exitWhenOk: number,
): Outcome<PlanResult> {
  const { desired } = loaded;
  const ok = isOk(diagnostics);
  const digests = [...desired?.entries ?? []].map(([address, entry]) => [address, entry.digest]);
  const result: PlanResult = {
    ok,
    config_dir: loaded.place.absolute,
    desired_revision: desired === null ? {} : { config_digest: desired.configDigest },
    resource_digests: Object.fromEntries(digests),
    dependencies: desired?.dependencies ?? [],
    state_observations: stateObservations(observed, context.ports.clock),
    changes: plan?.changes.map(changeOutput) ?? [],
    blast_radius: plan?.blastRadius ?? [],
    approvals_required: plan?.gates ?? [],
    ...(plan === null || desired === null ? {} : { plan_digest: planDigest(plan, desired.clusterName) }),
    provenance: origin?.provenance ?? null,
    diagnostics: diagnosticOutputs(diagnostics),
  };
  const exitCode = ok || desired !== null ? exitCodeOf(diagnostics, exitWhenOk) : EXIT.invalidConfig;
  return { exitCode, result, diagnostics };
}

/** Says which graph a policy change waits for: its reason alone would not. */
function guardFindings(plan: ClusterPlan): Diagnostic[] {
  return plan.changes.filter(({ kind, disposition, note }) =>
    kind === "policy" && disposition === "blocked" && note
  )
    .map(({ address, reason, note }) => finding("apply_dependency_blocked", address, `${reason}: ${note}`));
}
