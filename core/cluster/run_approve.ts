/** `cluster approve`: a person's yes to one gated change, bound to the change and the data it is about. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { formatDateTime } from "../base/temporal.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Approval } from "./approval.ts";
import { writeApproval } from "./approval_store.ts";
import type { ClusterContext } from "./context.ts";
import type { Desired } from "./desired.ts";
import { graphEngine } from "./engine.ts";
import { exitCodeOf } from "./exit.ts";
import { finding, isOk } from "./findings.ts";
import { planWithApprovals } from "./gates.ts";
import type { ClusterHeader } from "./header.ts";
import { integrityFindings, readLedger } from "./ledger_store.ts";
import { loadConfig, type LoadedConfig } from "./load.ts";
import { type LockOptions, underLock } from "./lock_scope.ts";
import { NOTHING_OBSERVED } from "./observations.ts";
import { type ReadOrigin, readOrigin, storedProvenance } from "./origin.ts";
import { planDigest } from "./plan.ts";
import { previewSchemas } from "./preview.ts";
import { begunDeletes, readRecoveries } from "./recovery_store.ts";
import { type ApproveResult, diagnosticOutputs, EXIT, type Outcome } from "./results.ts";

/** Options of an approval. */
export interface RunApproveOptions extends LockOptions {
  readonly address: string;
  /** How long it holds, milliseconds. */
  readonly expiresInMs: number;
  /** Approve only while the plan has this digest. */
  readonly planDigest: string | null;
}

/** Approves; expected failures are diagnostics of the result. */
export async function runApprove(
  context: ClusterContext,
  options: RunApproveOptions,
): Promise<Outcome<ApproveResult>> {
  const loaded = await loadConfig(context.configDir, context.files);
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  const { desired, header } = loaded;
  if (desired === null || header === null) return outcome(loaded, null, diagnostics, EXIT.invalidConfig);
  const origin = await readOrigin(context, loaded.place.absolute, [header.file, ...desired.files]);
  if (origin.problem !== null) diagnostics.push(origin.problem);
  if (origin.actor === null) {
    const message =
      "an approval needs a person: pass --as, or set operator.actor in the operator's config.yaml";
    diagnostics.push(finding("approval_actor_missing", options.address, message));
    return outcome(loaded, null, diagnostics);
  }
  const { actor, provenance } = origin;
  const report = { diagnostics, observed: NOTHING_OBSERVED };
  const runUrl = provenance.ci?.run_url ?? null;
  let approval: Approval | null = null;
  await underLock(
    { context, header, operation: "approve", actor, runUrl, options },
    report,
    async (store, checkStop) => {
      const run: ApproveRun = { context, header, desired, origin, store, actor };
      const decided = await decideApproval(run, options, diagnostics);
      if (decided === null) return;
      checkStop();
      await writeApproval(store, decided);
      approval = decided;
    },
  );
  return outcome(loaded, approval, diagnostics);
}

interface ApproveRun {
  readonly context: ClusterContext;
  readonly header: ClusterHeader;
  readonly desired: Desired;
  readonly origin: ReadOrigin;
  readonly store: ObjectStore;
  readonly actor: string;
}

/** The approval to write; null, with findings, when nothing is to be approved. */
async function decideApproval(
  { context, header, desired, origin, store, actor }: ApproveRun,
  { address, expiresInMs, planDigest: expected }: RunApproveOptions,
  diagnostics: Diagnostic[],
): Promise<Approval | null> {
  const { ports, openTables } = context;
  const nowMs = ports.clock.nowMs();
  const at = formatDateTime(nowMs);
  const { ledger } = await readLedger(store);
  const broken = integrityFindings(ledger);
  diagnostics.push(...broken);
  if (broken.length > 0) return null;
  const engine = graphEngine({ root: header.root, store, openTables, ports });
  const { files } = await readRecoveries(store);
  const { plan, gates } = await planWithApprovals(
    { desired: desired.entries, applied: ledger.entries, pending: new Set() },
    { store, engine, ledger, configDigest: desired.configDigest, at, begun: begunDeletes(files) },
  );
  const gate = plan.gates.find(({ resource }) => resource === address);
  const change = gates.changes.get(address);
  if (gate === undefined || change === undefined) {
    const gated = plan.gates.map(({ resource }) => `\`${resource}\``).join(", ");
    const waiting = gated === "" ? "nothing waits for an approval" : `these wait for one: ${gated}`;
    diagnostics.push(finding("approval_not_required", address, `the plan does not gate it: ${waiting}`));
    return null;
  }
  if (expected !== null) {
    const { plan: previewed } = await previewSchemas(engine, desired, plan);
    const actual = planDigest(previewed, desired.clusterName);
    if (actual !== expected) {
      const message = `the plan has the digest ${actual} now, not ${expected}: look at it again`;
      diagnostics.push(finding("plan_stale", address, message));
      return null;
    }
  }
  return {
    approvalId: ports.newId(),
    resource: address,
    operation: change.operation,
    reason: gate.reason,
    configDigest: change.configDigest,
    before: change.before,
    after: change.after,
    changeDigest: change.changeDigest,
    data: change.data,
    approvedBy: actor,
    createdAt: at,
    expiresAt: formatDateTime(nowMs + expiresInMs),
    consumedAt: null,
    consumedBy: null,
    provenance: storedProvenance(origin),
  };
}

function outcome(
  loaded: LoadedConfig,
  approval: Approval | null,
  diagnostics: readonly Diagnostic[],
  exitCode: number = exitCodeOf(diagnostics),
): Outcome<ApproveResult> {
  const result: ApproveResult = {
    ok: isOk(diagnostics),
    config_dir: loaded.place.absolute,
    ...(approval === null ? {} : {
      approval_id: approval.approvalId,
      resource: approval.resource,
      operation: approval.operation,
      approved_by: approval.approvedBy,
      ...(approval.expiresAt === null ? {} : { expires_at: approval.expiresAt }),
      bound_data: approval.data,
    }),
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode, result, diagnostics };
}
