/** Approved deletions of graphs, one after another. The first failure ends them. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { must } from "../base/assert.ts";
import { graphAddress, graphOf } from "./address.ts";
import { type Approval, dataMoved } from "./approval.ts";
import type { PlannedChange } from "./change.ts";
import { passFailpoint } from "./failpoint.ts";
import { causeText, finding } from "./findings.ts";
import { approvalsOf, type Gates } from "./gates.ts";
import { armRecord, type GraphWork } from "./graph_ops.ts";
import type { GraphFailures } from "./plan.ts";
import { recoveryKey } from "./recovery.ts";
import type { Sweep } from "./sweep.ts";

/** What the deletions did. */
export interface GraphDeletes {
  /** Deleted graphs and the approvals that are used up. */
  readonly deleted: ReadonlyMap<string, readonly Approval[]>;
  readonly failed: GraphFailures["failed"];
  /** Keys of recovery records to delete once the ledger is written. */
  readonly records: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What deletions depend on. */
export interface DeleteOptions {
  readonly gates: Gates;
  /** Graphs of which a part may be gone already. */
  readonly begun: Sweep["begun"];
  /** Whether other graph work of the run failed. */
  readonly hasFailed: boolean;
  /** Asked before each. */
  readonly checkStop: () => void;
}

/** Runs the deletions of a plan. */
export async function runGraphDeletes(
  work: GraphWork,
  changes: readonly PlannedChange[],
  { gates, begun, hasFailed, checkStop }: DeleteOptions,
): Promise<GraphDeletes> {
  const deleted = new Map<string, readonly Approval[]>();
  const failed = new Map<string, "graph_delete_failed" | null>();
  const records: string[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { address, kind, operation, disposition } of changes) {
    if (kind !== "graph" || operation !== "delete" || disposition !== "applied") continue;
    const graph = must(graphOf(address), "a graph has an id");
    if (hasFailed || failed.size > 0) {
      failed.set(graph, null);
      diagnostics.push(
        finding("graph_delete_skipped", address, "skipped after an earlier failure: run apply again"),
      );
      continue;
    }
    checkStop();
    const approvals = approvalsOf(gates, graph);
    const step = await deleteGraphStep(work, graph, approvals, begun.has(graph));
    if (step.record !== null) records.push(step.record);
    if (step.problem === null) {
      deleted.set(graph, approvals);
      const earlier = begun.get(graph)?.key ?? null;
      if (earlier !== null) records.push(earlier);
    } else {
      failed.set(graph, "graph_delete_failed");
      diagnostics.push(step.problem);
    }
  }
  return { deleted, failed, records, diagnostics };
}

interface DeleteStep {
  readonly record: string | null;
  readonly problem: Diagnostic | null;
}

async function deleteGraphStep(
  work: GraphWork,
  graph: string,
  approvals: readonly Approval[],
  isBegun: boolean,
): Promise<DeleteStep> {
  const address = graphAddress(graph);
  const [approval] = approvals;
  const { approvalId, data, changeDigest } = must(approval, "a deletion has an approval");
  // Writers need no lock of the cluster: somebody may have written since the plan looked.
  const moved = isBegun || changeDigest === null ? null : dataMoved(data, await work.engine.dataOf(graph));
  if (moved !== null) {
    return {
      record: null,
      problem: finding("graph_delete_failed", address, `nothing was deleted: ${moved}`),
    };
  }
  const record = await armRecord(work, "graph_delete", graph, "", null, approvalId);
  if ("code" in record) return { record: null, problem: record };
  await passFailpoint(work.failpoint, "before_graph_delete");
  try {
    await work.engine.remove(graph);
  } catch (error) {
    const message = `\`${record.graphUri}\` was not deleted whole, run apply again: ${causeText(error)}`;
    return { record: null, problem: finding("graph_delete_failed", address, message) };
  }
  await passFailpoint(work.failpoint, "after_graph_delete");
  return { record: recoveryKey(record.operationId), problem: null };
}
