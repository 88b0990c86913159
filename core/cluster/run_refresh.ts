/**
 * `cluster refresh` and `cluster import`: the ledger is made to say what is really there. Refresh corrects a ledger,
 * import makes one where it was lost. Neither changes a graph or a blob: the next plan shows what has to be done, and
 * apply does it.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { formatDateTime } from "../base/temporal.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { schemaAddress } from "./address.ts";
import { noteUsed } from "./approval_store.ts";
import type { ClusterContext } from "./context.ts";
import type { Desired } from "./desired.ts";
import { graphEngine } from "./engine.ts";
import { exitCodeOf } from "./exit.ts";
import { finding, isOk } from "./findings.ts";
import { retireRecord } from "./graph_ops.ts";
import type { ClusterHeader } from "./header.ts";
import { fillHistoryGap } from "./history.ts";
import { knownDigest, type Ledger } from "./ledger.ts";
import { integrityFindings, LEDGER_KEY, type LedgerSnapshot, readLedger } from "./ledger_store.ts";
import { loadConfig, type LoadedConfig } from "./load.ts";
import { type LockOptions, type RunReport, underLock } from "./lock_scope.ts";
import { ledgerMembers, NOTHING_OBSERVED, stateObservations } from "./observations.ts";
import { observeGraphs, recordBlobs, recordGraphs, withLostPolicies } from "./observe.ts";
import { type ReadOrigin, readOrigin, storedProvenance } from "./origin.ts";
import { checkPayloads } from "./payloads.ts";
import { publishRevision } from "./publish.ts";
import { diagnosticOutputs, EXIT, type Outcome, type RefreshResult } from "./results.ts";
import { type Sweep, sweepRecoveries } from "./sweep.ts";

/** Which of the two. */
export type RefreshOperation = "refresh" | "import";

/** Refreshes or imports; expected failures are diagnostics of the result. */
export async function runRefresh(
  context: ClusterContext,
  operation: RefreshOperation,
  options: LockOptions,
): Promise<Outcome<RefreshResult>> {
  const loaded = await loadConfig(context.configDir, context.files);
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  const report: RefreshReport = {
    context,
    loaded,
    operation,
    diagnostics,
    observed: NOTHING_OBSERVED,
    unrecovered: false,
  };
  const { desired, header } = loaded;
  if (desired === null || header === null) return outcome(report, EXIT.invalidConfig);
  const origin = await readOrigin(context, loaded.place.absolute, [header.file, ...desired.files]);
  if (origin.problem !== null) diagnostics.push(origin.problem);
  const { actor, provenance } = origin;
  const scope = { context, header, operation, actor, runUrl: provenance.ci?.run_url ?? null, options };
  await underLock(
    scope,
    report,
    (store, checkStop) => refreshLocked({ report, header, desired, origin, store, checkStop }),
  );
  return outcome(report, exitCodeOf(diagnostics, report.unrecovered ? EXIT.unrecovered : EXIT.done));
}

interface RefreshReport extends RunReport {
  readonly context: ClusterContext;
  readonly loaded: LoadedConfig;
  readonly operation: RefreshOperation;
  /** Whether a recovery record could not be settled. */
  unrecovered: boolean;
}

interface RefreshRun {
  readonly report: RefreshReport;
  readonly header: ClusterHeader;
  readonly desired: Desired;
  readonly origin: ReadOrigin;
  readonly store: ObjectStore;
  readonly checkStop: () => void;
}

async function refreshLocked(run: RefreshRun): Promise<void> {
  const { report, header, desired, origin, store, checkStop } = run;
  const { context: { ports, openTables }, operation, diagnostics } = report;
  const at = formatDateTime(ports.clock.nowMs());
  const read = await readLedger(store);
  report.observed = { ...report.observed, ledger: read };
  const refusal = refusedLedger(operation, read);
  diagnostics.push(...refusal);
  if (refusal.length > 0) return;
  diagnostics.push(...await fillHistoryGap(store, read.ledger));
  const engine = graphEngine({ root: header.root, store, openTables, ports });
  const graphs = new Map(
    desired.config.graphs.map(({ id }) => {
      const schema = desired.entries.get(schemaAddress(id.text));
      return [id.text, schema?.digest ?? null];
    }),
  );
  const desiredGraphs = new Set(graphs.keys());
  const { actor } = origin;
  const sweep = await sweepRecoveries({ store, engine, ledger: read.ledger, desiredGraphs, at, actor });
  report.unrecovered = sweep.unsettled;
  const known = read.cas === null ? withLostPolicies(sweep.ledger, desired.entries) : sweep.ledger;
  const blobs = await checkPayloads(store, known);
  const observed = recordGraphs(
    recordBlobs(known, blobs),
    await observeGraphs(engine, graphs, at, checkStop),
  );
  diagnostics.push(...sweep.diagnostics, ...blobs, ...observed.diagnostics);
  if (operation === "import" && !isOk(diagnostics)) return;
  checkStop();
  await publish(run, read, observed.ledger, sweep, at);
}

/** Why this ledger, or none, is not what the command needs. */
function refusedLedger(operation: RefreshOperation, { ledger, cas }: LedgerSnapshot): Diagnostic[] {
  if (operation === "refresh") {
    if (cas !== null) return integrityFindings(ledger);
    const message = "there is no ledger to refresh: run `cluster import` to record what is there";
    return [finding("state_missing", LEDGER_KEY, message)];
  }
  if (cas === null) return [];
  const message = "there is a ledger already: `cluster refresh` corrects it";
  return [finding("state_already_exists", LEDGER_KEY, message)];
}

async function publish(
  { report, desired, origin, store }: RefreshRun,
  read: LedgerSnapshot,
  next: Ledger,
  sweep: Sweep,
  at: string,
): Promise<void> {
  const { diagnostics, operation, context: { ports } } = report;
  const provenance = storedProvenance(origin);
  const published = await publishRevision({
    store,
    newId: ports.newId,
    failpoint: ports.failpoint,
    read,
    // What was applied keeps its provenance; only a ledger that had none gets this run's.
    next: { ...next, provenance: read.cas === null ? provenance : next.provenance },
    record: {
      operation,
      outcome: isOk(diagnostics) ? "partial" : "failed",
      at,
      actor: origin.actor,
      config_digest: desired.configDigest,
      plan_digest: null,
      provenance,
      approvals: sweep.used,
      changes: recordedChanges(read.ledger, next),
    },
    found: diagnostics,
  });
  report.observed = { ...report.observed, ledger: published.snapshot };
  diagnostics.push(...published.diagnostics, ...await noteUsed(store, next, sweep.used));
  for (const key of sweep.retire) diagnostics.push(...await retireRecord(store, key));
}

/** The entries that the ledger tells differently now. */
function recordedChanges(before: Ledger, after: Ledger) {
  const addresses = [...new Set([...before.entries.keys(), ...after.entries.keys()])].sort();
  return addresses.flatMap((address) => {
    const was = knownDigest(before.entries.get(address));
    const is = knownDigest(after.entries.get(address));
    if (was === is) return [];
    const operation = was === null ? "create" : is === null ? "delete" : "update";
    const disposition = "observed";
    const changed_commit = after.entries.get(address)?.origin.changedCommit ?? null;
    return [{
      address,
      operation,
      before: was,
      after: is,
      disposition,
      result: "applied" as const,
      changed_commit,
    }];
  });
}

function outcome(report: RefreshReport, exitCode: number): Outcome<RefreshResult> {
  const { context, loaded, operation, diagnostics, observed } = report;
  const result: RefreshResult = {
    ok: isOk(diagnostics),
    operation,
    config_dir: loaded.place.absolute,
    state_observations: stateObservations(observed, context.ports.clock),
    ...ledgerMembers(observed),
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode, result, diagnostics };
}
