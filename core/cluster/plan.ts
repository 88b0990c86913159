/**
 * The plan: everything a run would do and why, as one value. `plan` prints it; `apply` computes it again under the lock
 * and executes it in order.
 */
import { sha256Hex } from "../base/digest.ts";
import { canonicalJson } from "../base/json.ts";
import { type Address, graphAddress, graphOf, parseAddress, schemaAddress } from "./address.ts";
import { changeDigest, type Migration, type PlannedChange, withoutEffect } from "./change.ts";
import { blockPolicies, classifyChanges, type ClassifyInput } from "./classify.ts";
import { diffEntries } from "./diff.ts";
import type { LedgerEntry } from "./ledger.ts";

/** Version of the planner inside the plan digest: goes up when equal inputs may give other plans. */
export const PLANNER_VERSION = 1;

/** `from` needs `to`. */
export interface Dependency {
  readonly from: Address;
  readonly to: Address;
}

/** A change that needs a person's yes. */
export interface Gate {
  readonly resource: Address;
  readonly reason: string;
  readonly satisfied: boolean;
}

/** A whole plan. */
export interface ClusterPlan {
  /** Ascending by address. */
  readonly changes: readonly PlannedChange[];
  readonly gates: readonly Gate[];
  /** Per change the addresses that need the changed resource; changes that nothing needs are left out. */
  readonly blastRadius: readonly { readonly resource: Address; readonly affected: readonly Address[] }[];
}

/** Plans the way from `applied` to `desired`. */
export function planCluster(input: ClassifyInput): ClusterPlan {
  const changes = classifyChanges(diffEntries(input.desired, input.applied), input);
  const needing = new Map<Address, Set<Address>>();
  for (const { from, to } of [...dependenciesOf(input.desired), ...dependenciesOf(input.applied)]) {
    const known = needing.get(to) ?? new Set();
    needing.set(to, known.add(from));
  }
  const blastRadius = changes.map(({ address }) => ({
    resource: address,
    affected: [...needing.get(address) ?? []].sort(),
  })).filter(({ affected }) => affected.length > 0);
  return { changes, gates: gatesOf(changes, input.approved), blastRadius };
}

/** The plan with migration steps added to schema updates. */
export function withMigrations(plan: ClusterPlan, migrations: ReadonlyMap<Address, Migration>): ClusterPlan {
  const changes = plan.changes.map((change) => {
    const migration = migrations.get(change.address);
    return migration === undefined ? change : { ...change, migration };
  });
  return { ...plan, changes };
}

/** How a graph step failed. */
export type GraphFailure = "graph_create_failed" | "schema_apply_failed" | "graph_delete_failed";

/** Why the graph work of a run failed for some graphs. */
export interface GraphFailures {
  /** Graph id to the reason of the change that failed; null when it was skipped after an earlier failure. */
  readonly failed: ReadonlyMap<string, GraphFailure | null>;
}

/** Blocks what depended on graph work that failed. */
export function demoteFailed(
  changes: readonly PlannedChange[],
  { failed }: GraphFailures,
  input: Pick<ClassifyInput, "desired" | "applied">,
): PlannedChange[] {
  const demoted = changes.map((change) => {
    if (change.disposition !== "applied") return change;
    const graph = change.kind === "policy"
      ? (input.desired.get(change.address)?.appliesTo ?? []).map(graphOf).find((one) =>
        one !== null && failed.has(one)
      )
      : graphOf(change.address);
    if (graph === null || graph === undefined || !failed.has(graph)) return change;
    const cause = failed.get(graph) ?? null;
    const culprit = cause === "schema_apply_failed" ? schemaAddress(graph) : graphAddress(graph);
    if (cause !== null && change.address === culprit) return withoutEffect(change, "blocked", cause);
    return withoutEffect(
      change,
      "blocked",
      "dependency_not_applied",
      `\`${graphAddress(graph)}\` was not changed`,
    );
  });
  return blockPolicies(demoted, input);
}

/** SHA-256 over cluster, changes, gates and planner: what a review is bound to. Commits, times and revisions are not in it. */
export function planDigest(plan: ClusterPlan, cluster: string): string {
  return sha256Hex(canonicalJson({
    cluster,
    changes: plan.changes.map(changeDigest).sort(),
    approvals: plan.gates.map(({ resource }) => resource),
    planner: PLANNER_VERSION,
  }));
}

/** The edges between resources, ascending by `from`, then `to`. */
export function dependenciesOf(entries: ReadonlyMap<Address, LedgerEntry>): Dependency[] {
  const edges: Dependency[] = [];
  for (const [from, entry] of entries) {
    const parsed = parseAddress(from);
    if (parsed?.kind === "schema") edges.push({ from, to: graphAddress(parsed.graph) });
    if (parsed?.kind === "query") {
      edges.push({ from, to: graphAddress(parsed.graph) }, { from, to: schemaAddress(parsed.graph) });
    }
    if (entry.embeddingProvider !== null) edges.push({ from, to: entry.embeddingProvider });
    for (const scope of entry.appliesTo ?? []) if (graphOf(scope) !== null) edges.push({ from, to: scope });
  }
  return edges.sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to));
}

/** A graph delete is gated and covers its schema and queries; so is a schema delete on its own. */
function gatesOf(changes: readonly PlannedChange[], approved: ReadonlySet<Address>): Gate[] {
  const deleted = new Set(
    changes.filter(({ operation }) => operation === "delete").map(({ address }) => address),
  );
  return changes.filter(({ address, kind, operation }) =>
    operation === "delete" &&
    (kind === "graph" || (kind === "schema" && !deleted.has(graphAddress(graphOf(address) ?? ""))))
  ).map(({ address, kind }) => ({
    resource: address,
    reason: kind === "graph"
      ? "deleting a graph deletes its data"
      : "deleting a schema needs its graph's deletion",
    satisfied: approved.has(address),
  }));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
