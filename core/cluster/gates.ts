/**
 * Holds the gated changes of a plan against the approvals in the store. Nothing is read when nothing is gated.
 *
 * An approval counts when it is for exactly this change of exactly this data, and was not used yet: by its file, or by the
 * ledger, which is written first.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { must } from "../base/assert.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { type Address, graphAddress, graphOf, parseAddress } from "./address.ts";
import { type Approval, type GatedChange, whyNot } from "./approval.ts";
import { readApprovals } from "./approval_store.ts";
import { changeDigest } from "./change.ts";
import type { ClassifyInput } from "./classify.ts";
import type { GraphEngine } from "./engine.ts";
import { finding } from "./findings.ts";
import type { Ledger } from "./ledger.ts";
import { type ClusterPlan, planCluster } from "./plan.ts";
import type { BegunDelete } from "./sweep.ts";

/** Gated changes and what authorizes them. */
export interface Gates {
  /** Every gated change of the plan. */
  readonly changes: ReadonlyMap<Address, GatedChange>;
  /** The approvals that count, by resource. */
  readonly granted: ReadonlyMap<Address, readonly Approval[]>;
  readonly diagnostics: readonly Diagnostic[];
}

/** What gates are judged with. */
export interface GateInput {
  readonly store: Pick<ObjectStore, "get" | "list">;
  readonly engine: Pick<GraphEngine, "dataOf">;
  readonly ledger: Ledger;
  readonly configDigest: string;
  /** RFC 3339. */
  readonly at: string;
  /** Graphs whose deletion was begun, with the approval it was begun under. */
  readonly begun: ReadonlyMap<string, Pick<BegunDelete, "approvalId">>;
}

/** Plans, looks for approvals of what the plan gates, and plans again with them. */
export async function planWithApprovals(
  sides: Omit<ClassifyInput, "approved">,
  input: GateInput,
): Promise<{ readonly plan: ClusterPlan; readonly gates: Gates }> {
  const plan = planCluster({ ...sides, approved: new Set() });
  const gates = await judgeGates(plan, input);
  if (gates.granted.size === 0) return { plan, gates };
  return { plan: planCluster({ ...sides, approved: new Set(gates.granted.keys()) }), gates };
}

async function judgeGates(plan: ClusterPlan, input: GateInput): Promise<Gates> {
  const changes = new Map<Address, GatedChange>();
  const granted = new Map<Address, readonly Approval[]>();
  if (plan.gates.length === 0) return { changes, granted, diagnostics: [] };
  const { approvals, diagnostics: unread } = await readApprovals(input.store);
  const diagnostics: Diagnostic[] = [...unread];
  for (const { resource } of plan.gates) {
    const change = await gatedChange(plan, resource, input);
    changes.set(resource, change);
    const begunUnder = input.begun.get(graphOf(resource) ?? "")?.approvalId ?? null;
    const open = approvals.filter((one) =>
      one.resource === resource && one.consumedAt === null &&
      !input.ledger.approvalRecords.has(one.approvalId)
    );
    const verdicts = open.map((approval) => ({
      approval,
      // What is left of a graph that is half deleted proves nothing any more.
      why: whyNot(approval, change, input.at, approval.approvalId !== begunUnder || change.data !== null),
    }));
    const good = verdicts.filter(({ why }) => why === null).map(({ approval }) => approval);
    if (good.length > 0) granted.set(resource, good);
    else if (verdicts.length > 0) {
      const { approval, why } = must(verdicts.at(-1), "there is a verdict");
      const message = `approval ${approval.approvalId} by ${approval.approvedBy} does not count: ${why}`;
      const help = `look at the plan, then \`omnigraph cluster approve ${resource}\``;
      diagnostics.push(finding("approval_stale", resource, message, { help }));
    }
  }
  return { changes, granted, diagnostics };
}

async function gatedChange(plan: ClusterPlan, resource: Address, input: GateInput): Promise<GatedChange> {
  const change = must(plan.changes.find(({ address }) => address === resource), "a gate is about a change");
  const isGraph = parseAddress(resource)?.kind === "graph";
  const graph = must(graphOf(resource), "gates are about graphs");
  return {
    resource,
    operation: change.operation,
    before: change.before,
    after: change.after,
    changeDigest: changeDigest(change),
    configDigest: input.configDigest,
    data: isGraph ? await input.engine.dataOf(graph) : null,
  };
}

/** The approvals that a deletion of a graph consumes. */
export function approvalsOf(gates: Gates, graph: string): readonly Approval[] {
  return gates.granted.get(graphAddress(graph)) ?? [];
}
