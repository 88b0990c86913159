/**
 * `cluster refresh` and `cluster import`: the ledger is made to say what is really there. Refresh corrects a ledger,
 * import makes one where it was lost. Neither changes a graph or a blob: the next plan shows what has to be done, and
 * apply does it.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { must } from "../base/assert.ts";
import type { Json } from "../base/json.ts";
import { formatDateTime } from "../base/temporal.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { schemaAddress } from "./address.ts";
import { noteUsed } from "./approval_store.ts";
import type { ClusterContext } from "./context.ts";
import type { Desired } from "./desired.ts";
import { graphEngine } from "./engine.ts";
import { exitCodeOf } from "./exit.ts";
import { ClusterFailure } from "./failure.ts";
import { finding, isOk } from "./findings.ts";
import { retireRecord } from "./graph_ops.ts";
import { fillHistoryGap, setHistoryAside, writeHistory } from "./history.ts";
import { digestsOf, EMPTY_LEDGER, type Ledger } from "./ledger.ts";
import { statusJson } from "./ledger_file.ts";
import {
  integrityFindings,
  LEDGER_KEY,
  type LedgerSnapshot,
  readLedger,
  writeLedger,
} from "./ledger_store.ts";
import { loadConfig, type LoadedConfig } from "./load.ts";
import { underLock } from "./lock_scope.ts";
import { NOTHING_OBSERVED, type Observed, stateObservations } from "./observations.ts";
import { observeGraphs, recordBlobs, recordGraphs } from "./observe.ts";
import { type ReadOrigin, readOrigin } from "./origin.ts";
import { checkPayloads } from "./payloads.ts";
import { diagnosticOutputs, EXIT, type Outcome, type RefreshResult } from "./results.ts";
import { openRoot } from "./root.ts";
import { type Sweep, sweepRecoveries } from "./sweep.ts";

/** Which of the two. */
export type RefreshOperation = "refresh" | "import";

/** Refreshes or imports; expected failures are diagnostics of the result. */
export async function runRefresh(
  context: ClusterContext,
  operation: RefreshOperation,
  options: { readonly lockTimeoutMs: number },
): Promise<Outcome<RefreshResult>> {
  const loaded = await loadConfig(context.configDir, context.files);
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  const report: RefreshReport = { context, loaded, operation, diagnostics, observed: NOTHING_OBSERVED };
  const { desired, header } = loaded;
  if (desired === null || header === null) return outcome(report, EXIT.invalidConfig);
  const origin = await readOrigin(context, loaded.place.absolute, [header.file, ...desired.files]);
  if (origin.problem !== null) diagnostics.push(origin.problem);
  try {
    const store = openRoot(context, header.root);
    report.observed = { ...report.observed, store };
    const scope = {
      context,
      store,
      operation,
      lifeSign: context.openLifeSign(header.root),
      enabled: header.config.stateLock ?? true,
      actor: origin.actor,
      runUrl: origin.provenance.ci?.run_url ?? null,
      timeoutMs: options.lockTimeoutMs,
      signal: null,
    };
    const released = await underLock(scope, ({ found, acquiredId, diagnostics: findings }) => {
      report.observed = { ...report.observed, lock: found, acquiredLockId: acquiredId };
      diagnostics.push(...findings);
    }, () => refreshLocked(report, desired, store, origin));
    diagnostics.push(...released);
  } catch (error) {
    if (!(error instanceof ClusterFailure)) throw error;
    diagnostics.push(error.diagnostic);
  }
  return outcome(report, exitCodeOf(diagnostics));
}

interface RefreshReport {
  readonly context: ClusterContext;
  readonly loaded: LoadedConfig;
  readonly operation: RefreshOperation;
  readonly diagnostics: Diagnostic[];
  observed: Observed;
}

async function refreshLocked(
  report: RefreshReport,
  desired: Desired,
  store: ObjectStore,
  origin: ReadOrigin,
): Promise<void> {
  const { context, loaded, operation, diagnostics } = report;
  const { ports, openTables } = context;
  const at = formatDateTime(ports.clock.nowMs());
  const read = await readLedger(store);
  report.observed = { ...report.observed, ledger: read };
  const refusal = refusedLedger(operation, read);
  diagnostics.push(...refusal);
  if (refusal.length > 0) return;
  diagnostics.push(...await fillHistoryGap(store, read.ledger));
  const { root } = must(loaded.header, "a desired state has a header");
  const engine = graphEngine({ root, store, openTables, ports });
  const graphs = new Map(
    desired.config.graphs.map((
      { id },
    ) => [id.text, desired.entries.get(schemaAddress(id.text))?.digest ?? null]),
  );
  const desiredGraphs = new Set(graphs.keys());
  const { actor } = origin;
  const sweep = await sweepRecoveries({ store, engine, ledger: read.ledger, desiredGraphs, at, actor });
  const blobs = await checkPayloads(store, sweep.ledger);
  const observed = recordGraphs(recordBlobs(sweep.ledger, blobs), await observeGraphs(engine, graphs, at));
  diagnostics.push(...sweep.diagnostics, ...blobs, ...observed.diagnostics);
  if (operation === "import" && !isOk(diagnostics)) return;
  await publish(report, store, read, observed.ledger, { sweep, at, origin, desired });
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
  report: RefreshReport,
  store: ObjectStore,
  read: LedgerSnapshot,
  next: Ledger,
  facts: {
    readonly sweep: Sweep;
    readonly at: string;
    readonly origin: ReadOrigin;
    readonly desired: Desired;
  },
): Promise<void> {
  const { diagnostics, operation } = report;
  const { sweep, at, origin, desired } = facts;
  const revision = read.ledger.revision + 1;
  const provenance = JSON.parse(JSON.stringify(origin.provenance)) as Json;
  // What was applied keeps its provenance; only a ledger that had none gets this run's.
  const recorded = { ...next, revision, provenance: read.cas === null ? provenance : next.provenance };
  if (read.cas === null) await setHistoryAside(store, report.context.ports.newId());
  const snapshot = await writeLedger(store, read, recorded);
  report.observed = { ...report.observed, ledger: snapshot };
  diagnostics.push(
    ...await writeHistory(store, {
      revision,
      previous: read.cas === null ? null : read.ledger.revision,
      operation,
      outcome: isOk(diagnostics) ? "partial" : "failed",
      at,
      actor: origin.actor,
      config_digest: desired.configDigest,
      plan_digest: null,
      provenance,
      approvals: sweep.used,
      changes: recordedChanges(read.ledger, next),
    }),
  );
  diagnostics.push(...await noteUsed(store, next, sweep.used));
  for (const key of sweep.retire) diagnostics.push(...await retireRecord(store, key));
}

/** The entries that the ledger tells differently now. */
function recordedChanges(before: Ledger, after: Ledger) {
  const addresses = [...new Set([...before.entries.keys(), ...after.entries.keys()])].sort();
  return addresses.flatMap((address) => {
    const was = before.entries.get(address)?.digest ?? null;
    const is = after.entries.get(address)?.digest ?? null;
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
  const ledger = observed.ledger?.ledger ?? EMPTY_LEDGER;
  const sorted = <Value>(map: ReadonlyMap<string, Value>) => [...map].sort(([a], [b]) => a < b ? -1 : 1);
  const result: RefreshResult = {
    ok: isOk(diagnostics),
    operation,
    config_dir: loaded.place.absolute,
    state_observations: stateObservations(observed, context.ports.clock),
    resource_digests: Object.fromEntries(sorted(digestsOf(ledger.entries))),
    resource_statuses: Object.fromEntries(
      sorted(ledger.statuses).map(([address, status]) => [address, statusJson(status)]),
    ),
    observations: Object.fromEntries(sorted(ledger.observations)),
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode, result, diagnostics };
}
