/**
 * `cluster apply`: converges the storage root to the configuration.
 *
 *   load, lock, ledger, sweep, plan          nothing written
 *   graph creates, then schema updates       each behind a recovery record
 *   blobs of the catalog                     inert until the ledger names them
 *   approved deletions of graphs             each behind a recovery record
 *   the ledger, by one compare-and-swap      the publish point
 *   history, recovery records, approvals     what can be made up for later
 *
 * A run that dies anywhere is repaired by running it again. A run with nothing to do writes nothing.
 */
import { formatDateTime } from "../base/temporal.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Address } from "./address.ts";
import type { Approval } from "./approval.ts";
import { noteUsed } from "./approval_store.ts";
import { advanceLedger, isConverged } from "./advance.ts";
import { historyChange, touchedBy, ungatedFindings, waitingFinding } from "./apply_changes.ts";
import { ApplyReport } from "./apply_report.ts";
import type { PlannedChange } from "./change.ts";
import type { ClusterContext } from "./context.ts";
import type { Desired } from "./desired.ts";
import { type GraphEngine, graphEngine } from "./engine.ts";
import { isOk } from "./findings.ts";
import { type Gates, planWithApprovals } from "./gates.ts";
import { runGraphDeletes } from "./graph_deletes.ts";
import { passFailpoint } from "./failpoint.ts";
import { retireRecord } from "./graph_ops.ts";
import { runGraphWork } from "./graph_work.ts";
import type { ClusterHeader } from "./header.ts";
import { fillHistoryGap } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { ledgerBytes } from "./ledger_file.ts";
import { integrityFindings, type LedgerSnapshot, readLedger } from "./ledger_store.ts";
import { checkChangedPolicies, loadConfig, type LoadedConfig } from "./load.ts";
import { type LockOptions, underLock } from "./lock_scope.ts";
import { dirtyFinding, readChangedCommits, type ReadOrigin, readOrigin, storedProvenance } from "./origin.ts";
import { writePayloads } from "./payloads.ts";
import { demoteFailed, planDigest } from "./plan.ts";
import { previewSchemas } from "./preview.ts";
import { publishRevision } from "./publish.ts";
import { type ApplyResult, EXIT, type Outcome } from "./results.ts";
import { type Sweep, sweepRecoveries } from "./sweep.ts";
import { withTombstone } from "./tombstone.ts";

/** Options of an apply. */
export interface RunApplyOptions extends LockOptions {
  readonly allowDirty: boolean;
}

/** Applies; expected failures are diagnostics of the result. */
export async function runApply(
  context: ClusterContext,
  options: RunApplyOptions,
): Promise<Outcome<ApplyResult>> {
  const loaded = await loadConfig(context.configDir, context.files);
  const report = new ApplyReport(loaded, context.ports.clock);
  const { desired, header } = loaded;
  if (desired === null || header === null) return report.outcome(EXIT.invalidConfig);
  const origin = await readOrigin(context, loaded.place.absolute, [header.file, ...desired.files]);
  report.origin = origin;
  const dirty = dirtyFinding(origin);
  if (dirty !== null && !options.allowDirty) {
    report.diagnostics.push(dirty);
    return report.outcome();
  }
  if (origin.problem !== null) report.diagnostics.push(origin.problem);
  const { actor, provenance } = origin;
  const runUrl = provenance.ci?.run_url ?? null;
  const scope = { context, header, operation: "apply", actor, runUrl, options };
  await underLock(scope, report, async (store, checkStop) => {
    const run: ApplyRun = { context, header, desired, origin, store, report, checkStop };
    const prepared = await prepareApply(run, loaded);
    checkStop();
    if (prepared !== null) await executeApply(run, prepared);
  });
  return report.outcome();
}

interface ApplyRun {
  readonly context: ClusterContext;
  readonly header: ClusterHeader;
  readonly desired: Desired;
  readonly origin: ReadOrigin;
  readonly store: ObjectStore;
  readonly report: ApplyReport;
  readonly checkStop: () => void;
}

/** The run as planned under the lock: all that is known before anything changes. */
interface PreparedApply {
  /** RFC 3339: the time of everything this run records. */
  readonly at: string;
  readonly read: LedgerSnapshot;
  readonly sweep: Sweep;
  readonly engine: GraphEngine;
  readonly gates: Gates;
  readonly changes: readonly PlannedChange[];
  readonly changedCommits: ReadonlyMap<Address, string | null>;
}

/** Reads, sweeps and plans; null when a finding ends the run here. Nothing is written but a missing history record. */
async function prepareApply(run: ApplyRun, loaded: LoadedConfig): Promise<PreparedApply | null> {
  const { context, header, desired, origin, store, report } = run;
  const { ports, openTables } = context;
  const at = formatDateTime(ports.clock.nowMs());
  const read = await readLedger(store);
  report.observed = { ...report.observed, ledger: read };
  const broken = integrityFindings(read.ledger);
  report.diagnostics.push(...broken);
  if (broken.length > 0) return null;
  report.diagnostics.push(...await fillHistoryGap(store, read.ledger));
  const engine = graphEngine({ root: header.root, store, openTables, ports });
  const desiredGraphs = new Set(desired.config.graphs.map(({ id }) => id.text));
  const { actor } = origin;
  const sweep = await sweepRecoveries({ store, engine, ledger: read.ledger, desiredGraphs, at, actor });
  report.diagnostics.push(...sweep.diagnostics);
  const sides = { desired: desired.entries, applied: sweep.ledger.entries, pending: sweep.pending };
  const gating = {
    store,
    engine,
    ledger: sweep.ledger,
    configDigest: desired.configDigest,
    at,
    begun: sweep.begun,
  };
  const { plan, gates } = await planWithApprovals(sides, gating);
  report.diagnostics.push(...gates.diagnostics);
  // What a preview warns of ends the step itself here; the steps are part of what the plan's reader has seen.
  const { plan: previewed } = await previewSchemas(engine, desired, plan);
  report.changes = previewed.changes;
  report.planDigest = planDigest(previewed, desired.clusterName);
  const ungated = ungatedFindings(previewed.changes, gates);
  report.diagnostics.push(...ungated);
  if (ungated.length > 0) return null;
  const policyFindings = await checkChangedPolicies(desired, previewed);
  report.diagnostics.push(...policyFindings);
  if (!isOk(policyFindings)) return null;
  const touched = touchedBy(previewed.changes, sweep.ledger, at);
  const { commits, problem } = await readChangedCommits(context, loaded, desired, touched);
  if (problem !== null) report.diagnostics.push(problem);
  return { at, read, sweep, engine, gates, changes: previewed.changes, changedCommits: commits };
}

/** Executes the plan in its order and publishes. */
async function executeApply(run: ApplyRun, prepared: PreparedApply): Promise<void> {
  const { context: { ports, files }, desired, origin, store, report, checkStop } = run;
  const { at, read, sweep, engine, gates, changedCommits } = prepared;
  const { failpoint, newId } = ports;
  const { actor } = origin;
  const provenance = storedProvenance(origin);
  const work = { engine, store, files, failpoint, newId, at, actor, provenance, stateCas: read.cas };
  const moved = await runGraphWork(work, prepared.changes, desired, sweep.ledger, checkStop);
  const sides = { desired: desired.entries, applied: sweep.ledger.entries };
  const possible = demoteFailed(moved.changes, { failed: moved.failed }, sides);
  report.changes = possible;
  report.diagnostics.push(...moved.diagnostics);
  checkStop();
  const payloadFindings = await writePayloads(store, files, desired, possible);
  report.diagnostics.push(...payloadFindings);
  if (!isOk(payloadFindings)) return;
  await passFailpoint(failpoint, "after_payload_phase");
  const hasFailed = moved.failed.size > 0;
  const gone = await runGraphDeletes(work, possible, { gates, begun: sweep.begun, hasFailed, checkStop });
  const changes = demoteFailed(possible, { failed: gone.failed }, sides);
  report.changes = changes;
  report.diagnostics.push(...gone.diagnostics, ...changes.flatMap(waitingFinding));
  const facts = { at, commit: origin.provenance.commit, changedCommits };
  const next = advanceLedger(withDeleted(sweep.ledger, gone.deleted, at, actor), desired, changes, facts);
  const converged = isConverged(desired.entries, next.entries);
  await passFailpoint(failpoint, "before_state_write");
  checkStop();
  const approvals = [...gone.deleted.values()].flat();
  const used = [...approvals.map(({ approvalId }) => approvalId), ...sweep.used];
  const written = await publish(run, read, next, { changes, at, converged, changedCommits, used });
  await passFailpoint(failpoint, "before_approval_consumption");
  // Before the records go: a run that dies in between finds the approval through its record.
  report.diagnostics.push(...await noteUsed(store, next, used));
  for (const key of [...sweep.retire, ...moved.records, ...gone.records]) {
    report.diagnostics.push(...await retireRecord(store, key));
  }
  const unfinished = [...sweep.begun.keys()].some((graph) => !gone.deleted.has(graph));
  report.end = { converged, written, unrecovered: sweep.unsettled || unfinished };
}

/** Publishes when there is anything to publish. */
async function publish(
  { context: { ports }, origin, store, report, desired }: ApplyRun,
  read: LedgerSnapshot,
  next: Ledger,
  facts: {
    readonly changes: readonly PlannedChange[];
    readonly at: string;
    readonly converged: boolean;
    readonly changedCommits: ReadonlyMap<string, string | null>;
    /** Ids of approvals. */
    readonly used: readonly string[];
  },
): Promise<boolean> {
  if (read.cas !== null && sameBytes(ledgerBytes(next), ledgerBytes(read.ledger))) return false;
  const provenance = storedProvenance(origin);
  const { snapshot, diagnostics } = await publishRevision({
    store,
    newId: ports.newId,
    failpoint: ports.failpoint,
    read,
    next: { ...next, provenance },
    record: {
      operation: "apply",
      outcome: !isOk(report.diagnostics) ? "failed" : facts.converged ? "converged" : "partial",
      at: facts.at,
      actor: origin.actor,
      config_digest: desired.configDigest,
      plan_digest: report.planDigest,
      provenance,
      approvals: facts.used,
      changes: facts.changes.map((change) => historyChange(change, facts.changedCommits)),
    },
    found: report.diagnostics,
  });
  report.observed = { ...report.observed, ledger: snapshot };
  report.diagnostics.push(...diagnostics);
  return true;
}

function withDeleted(
  ledger: Ledger,
  deleted: ReadonlyMap<string, readonly Approval[]>,
  at: string,
  actor: string | null,
): Ledger {
  let next = ledger;
  for (const [graph, approvals] of deleted) {
    const approvalIds = approvals.map(({ approvalId }) => approvalId);
    next = withTombstone(next, graph, { at, actor, approvalIds, operation: "apply" });
  }
  return next;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
