/**
 * Settles what interrupted runs left behind: the first thing a changing command does under the lock. Decisions are in
 * `recovery.ts`; here they are gathered from the graphs and put into the ledger value, which the command then publishes
 * with its own write. Records to delete are deleted after that write.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Json } from "../base/json.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { graphAddress, schemaAddress } from "./address.ts";
import type { GraphEngine } from "./engine.ts";
import { finding } from "./findings.ts";
import { type Ledger, ledgerEntry, resourceStatus, withComposites } from "./ledger.ts";
import { decideRecovery, type RecoveryOutcome, type RecoveryRecord, SWEEP_CONDITIONS } from "./recovery.ts";
import { readRecoveries } from "./recovery_store.ts";
import { withTombstone } from "./tombstone.ts";

/** A deletion that was interrupted. */
export interface BegunDelete {
  /** The approval it was begun under, and is to be finished under. */
  readonly approvalId: string | null;
  /** Key of the record, to be deleted with the rest of the graph. */
  readonly key: string;
}

/** What a sweep found. */
export interface Sweep {
  /** The ledger with everything rolled forward and marked. */
  readonly ledger: Ledger;
  /** Graphs whose record could not be settled: nothing of theirs may change. */
  readonly pending: ReadonlySet<string>;
  /** Whether a record is left that could not be settled, or not be read. */
  readonly unsettled: boolean;
  /** Keys of records to delete after the ledger is written. */
  readonly retire: readonly string[];
  /** Graphs of which a part is deleted already. */
  readonly begun: ReadonlyMap<string, BegunDelete>;
  /** Approvals that a deletion used: to be noted in their files. */
  readonly used: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What a sweep needs. */
export interface SweepInput {
  readonly store: Pick<ObjectStore, "get" | "list">;
  readonly engine: Pick<GraphEngine, "inspect">;
  readonly ledger: Ledger;
  /** Graph ids of the configuration. */
  readonly desiredGraphs: ReadonlySet<string>;
  /** RFC 3339. */
  readonly at: string;
  readonly actor: string | null;
}

/** Looks at every recovery record and its graph. */
export async function sweepRecoveries(input: SweepInput): Promise<Sweep> {
  const { files, problem } = await readRecoveries(input.store);
  let ledger = input.ledger;
  const pending = new Set<string>();
  const retire: string[] = [];
  const begun = new Map<string, BegunDelete>();
  const used: string[] = [];
  const diagnostics: Diagnostic[] = problem === null ? [] : [problem];
  let unsettled = problem !== null;
  for (const { key, ...stored } of files) {
    if (stored.record === null) {
      unsettled = true;
      diagnostics.push(stored.problem);
      continue;
    }
    const { record } = stored;
    if (record.graphId.trim() === "") {
      unsettled = true;
      const message = "the recovery record names no graph: inspect and delete it";
      diagnostics.push(finding("cluster_recovery_unattributed", key, message, { severity: "warning" }));
      continue;
    }
    const root = await input.engine.inspect(record.graphId);
    const known = ledger.entries.get(schemaAddress(record.graphId))?.digest ?? null;
    const outcome = decideRecovery(record, root, known, input.desiredGraphs.has(record.graphId));
    switch (outcome.kind) {
      case "retire":
        ledger = clearMarks(ledger, record.graphId);
        // The ledger may have been written and the approval's file not.
        if (record.approvalId !== null && ledger.approvalRecords.has(record.approvalId)) {
          used.push(record.approvalId);
        }
        retire.push(key);
        break;
      case "resume": // the create of this run arms a record of its own
        retire.push(key);
        break;
      case "roll_forward":
        ledger = rollForward(ledger, record, outcome.schemaDigest, input);
        diagnostics.push(rolledForward(record));
        retire.push(key);
        break;
      case "deleted":
        ledger = rollDeleteForward(ledger, record, input);
        if (record.approvalId !== null) used.push(record.approvalId);
        diagnostics.push(rolledForward(record));
        retire.push(key);
        break;
      case "retry_delete":
        diagnostics.push(incompleteDelete(record, outcome.isWhole));
        if (outcome.isWhole) retire.push(key);
        else begun.set(record.graphId, { approvalId: record.approvalId, key });
        break;
      case "keep":
        ledger = markKept(ledger, record, outcome.condition);
        diagnostics.push(kept(record, key, outcome, root.kind === "broken" ? root.message : null));
        pending.add(record.graphId);
        break;
    }
  }
  return { ledger, pending, unsettled: unsettled || pending.size > 0, retire, begun, used, diagnostics };
}

/** The ledger after a graph is found to have moved: schema as it is live, composite anew, bindings as recorded. */
function rollForward(
  ledger: Ledger,
  record: RecoveryRecord,
  schemaDigest: string,
  { at, actor }: Pick<SweepInput, "at" | "actor">,
): Ledger {
  const graph = graphAddress(record.graphId);
  const schema = schemaAddress(record.graphId);
  const origin = { appliedCommit: commitOf(record.provenance), appliedAt: at };
  const entries = new Map(ledger.entries);
  entries.set(graph, { ...(entries.get(graph) ?? ledgerEntry("")), origin });
  entries.set(schema, { ...(entries.get(schema) ?? ledgerEntry("")), digest: schemaDigest, origin });
  const statuses = new Map(ledger.statuses).set(graph, resourceStatus("applied")).set(
    schema,
    resourceStatus("applied"),
  );
  return withRecovery({ ...ledger, entries: withComposites(entries), statuses }, record, { at, actor });
}

/** The ledger after a graph is found to be gone, as it was to be. */
function rollDeleteForward(
  ledger: Ledger,
  record: RecoveryRecord,
  facts: Pick<SweepInput, "at" | "actor">,
): Ledger {
  const gone = withTombstone(ledger, record.graphId, {
    at: facts.at,
    actor: record.actor,
    approvalIds: record.approvalId === null ? [] : [record.approvalId],
    operation: record.operationId,
  });
  return withRecovery(gone, record, facts);
}

function withRecovery(
  ledger: Ledger,
  record: RecoveryRecord,
  { at, actor }: Pick<SweepInput, "at" | "actor">,
): Ledger {
  const recoveryRecords = new Map(ledger.recoveryRecords).set(record.operationId, {
    kind: record.kind,
    graph_id: record.graphId,
    outcome: "rolled_forward",
    recovered_at: at,
    actor,
  });
  return { ...ledger, recoveryRecords };
}

function markKept(
  ledger: Ledger,
  record: RecoveryRecord,
  condition: Extract<RecoveryOutcome, { kind: "keep" }>["condition"],
): Ledger {
  if (condition === null) return ledger;
  const status = resourceStatus(condition === "graph_create_incomplete" ? "error" : "drifted", condition);
  const statuses = new Map(ledger.statuses)
    .set(graphAddress(record.graphId), status).set(schemaAddress(record.graphId), status);
  return { ...ledger, statuses };
}

/** Takes back what {@linkcode markKept} said. */
function clearMarks(ledger: Ledger, graphId: string): Ledger {
  const statuses = new Map(ledger.statuses);
  for (const address of [graphAddress(graphId), schemaAddress(graphId)]) {
    const conditions = statuses.get(address)?.conditions ?? [];
    if (!conditions.some((condition) => SWEEP_CONDITIONS.includes(condition))) continue;
    if (ledger.entries.has(address)) statuses.set(address, resourceStatus("applied"));
    else statuses.delete(address);
  }
  return { ...ledger, statuses };
}

function rolledForward(record: RecoveryRecord): Diagnostic {
  const message =
    `an interrupted \`${record.kind}\` (${record.operationId}) had reached the graph: the ledger now says so`;
  return finding("cluster_recovery_rolled_forward", graphAddress(record.graphId), message);
}

function incompleteDelete(record: RecoveryRecord, isWhole: boolean): Diagnostic {
  const rest = isWhole
    ? "before anything was gone: it needs an approval like any other"
    : "and a part is gone: apply finishes it under the approval it was begun under, or a new one";
  const message = `the deletion of \`${record.graphUri}\` (${record.operationId}) was interrupted ${rest}`;
  return finding("graph_delete_incomplete", graphAddress(record.graphId), message);
}

function kept(
  record: RecoveryRecord,
  key: string,
  outcome: Extract<RecoveryOutcome, { kind: "keep" }>,
  cause: string | null,
): Diagnostic {
  const address = graphAddress(record.graphId);
  const because = cause === null ? "" : ` (${cause})`;
  if (outcome.condition === "graph_create_incomplete") {
    const message =
      `\`${record.graphUri}\` holds something that is no graph${because}: remove it and run apply again`;
    return finding("graph_create_incomplete", address, message);
  }
  if (record.kind === "graph_delete") {
    const message =
      `the deletion of \`${record.graphUri}\` was begun and the graph is declared again${because}: take ` +
      "it out of the configuration to finish the deletion, then declare it anew";
    return finding("cluster_recovery_pending", address, message);
  }
  const operation = `operation ${record.operationId} (\`${record.kind}\`)`;
  if (outcome.condition === null) {
    const message = `${operation} cannot be settled while the graph does not open${because}`;
    const help = `make \`${record.graphUri}\` open again; or delete \`${key}\` to go on without the graph`;
    return finding("cluster_recovery_pending", address, message, { help });
  }
  const message = `${operation} left a schema that neither the ledger nor the record knows`;
  const help = "`cluster refresh` records the schema as it is; the next apply then settles the operation";
  return finding("cluster_recovery_pending", address, message, { help });
}

function commitOf(provenance: Json): string | null {
  if (typeof provenance !== "object" || provenance === null || Array.isArray(provenance)) return null;
  const { commit } = provenance as { readonly commit?: Json };
  return typeof commit === "string" ? commit : null;
}
