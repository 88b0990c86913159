/**
 * Decides the fate of each change. P: the graph has a recovery record that could not be settled. S: a schema create
 * without its graph's create (the ledger lost the schema entry). A: a graph delete with a matching approval, not P. In
 * each row the first condition that holds decides.
 *
 * | Change | Fate |
 * |---|---|
 * | graph create | P: blocked `cluster_recovery_pending`; applied |
 * | graph create whose bundle waits | blocked `dependency_not_applied`, with its schema and queries |
 * | graph update | S: deferred `apply_unsupported_kind`; derived |
 * | graph delete | P: blocked `cluster_recovery_pending`; A: applied; blocked `approval_required` |
 * | schema create | with graph create, not P: applied; blocked `cluster_recovery_pending` |
 * | schema update | P: blocked `cluster_recovery_pending`; applied |
 * | schema delete | with graph delete: as the graph; deferred `apply_unsupported_kind` |
 * | query create, update | P: blocked `cluster_recovery_pending`; S: blocked `dependency_not_applied`; applied |
 * | query delete | with graph delete: A: applied, else blocked `approval_required`; applied |
 * | policy create, update | bound to a P graph: blocked `cluster_recovery_pending`; applied |
 * | policy delete | applied |
 * | policy that would stop guarding a graph whose delete waits | blocked `approval_required` |
 * | policy that would bind what a waiting policy still binds | blocked `dependency_not_applied` |
 * | policy that would hand a scope over to a policy that waits | blocked `dependency_not_applied` |
 * | provider delete | referenced by a graph that stays: blocked `dependency_not_applied`; applied |
 * | provider create, update | applied |
 * | unknown kind | deferred `apply_unsupported_kind` |
 */
import { must } from "../base/assert.ts";
import { type Address, graphAddress, graphOf, schemaAddress } from "./address.ts";
import { type Change, type PlannedChange, type Reason, withoutEffect } from "./change.ts";
import type { LedgerEntry } from "./ledger.ts";

/** What the fate of changes depends on. */
export interface ClassifyInput {
  readonly desired: ReadonlyMap<Address, LedgerEntry>;
  readonly applied: ReadonlyMap<Address, LedgerEntry>;
  /** Graph ids with an unsettled recovery record. */
  readonly pending: ReadonlySet<string>;
  /** Addresses whose gate is satisfied. */
  readonly approved: ReadonlySet<Address>;
}

/** The changes with their fates, in the same order. */
export function classifyChanges(changes: readonly Change[], input: ClassifyInput): PlannedChange[] {
  const byAddress = new Map(changes.map((change) => [change.address, change]));
  const planned = changes.map((change) => {
    const fate = fateOf(change, byAddress, input);
    return { ...change, ...NO_FATE, ...fate };
  });
  return blockUnguarded(blockPolicies(planned, input), input.desired);
}

/**
 * A graph whose bundle waits is not created: it would start without one, and open to every reader. Blocking it blocks no
 * policy, because those that bind it wait already.
 */
export function blockUnguarded(
  changes: readonly PlannedChange[],
  desired: ReadonlyMap<Address, LedgerEntry>,
): PlannedChange[] {
  const awaited = awaitedScopes(changes, desired);
  const unguarded = new Map<string, Address>();
  for (const { address, kind, operation, disposition } of changes) {
    const bundle = awaited.get(address);
    if (kind !== "graph" || operation !== "create" || disposition !== "applied" || bundle === undefined) {
      continue;
    }
    unguarded.set(must(graphOf(address), "a graph has an id"), bundle);
  }
  return changes.map((change) => {
    const bundle = unguarded.get(graphOf(change.address) ?? "");
    if (bundle === undefined || change.disposition !== "applied") return change;
    return withoutEffect(
      change,
      "blocked",
      "dependency_not_applied",
      `\`${bundle}\`, which is to guard it, waits`,
    );
  });
}

interface Fate {
  readonly disposition: PlannedChange["disposition"];
  readonly reason: Reason | null;
  readonly note?: string;
}

const NO_FATE = { note: null, migration: null };
const APPLIED: Fate = { disposition: "applied", reason: null };
const DERIVED: Fate = { disposition: "derived", reason: null };
const UNSUPPORTED: Fate = { disposition: "deferred", reason: "apply_unsupported_kind" };
const PENDING: Fate = { disposition: "blocked", reason: "cluster_recovery_pending" };
const WAITING: Fate = { disposition: "blocked", reason: "approval_required" };
const DEPENDENT: Fate = { disposition: "blocked", reason: "dependency_not_applied" };

function fateOf(change: Change, changes: ReadonlyMap<Address, Change>, input: ClassifyInput): Fate {
  const graph = graphOf(change.address);
  const graphChange = graph === null ? undefined : changes.get(graphAddress(graph));
  const pending = graph !== null && input.pending.has(graph);
  const orphanSchema = graph !== null && graphChange?.operation !== "create" &&
    changes.get(schemaAddress(graph))?.operation === "create";
  switch (change.kind) {
    case "graph":
      if (pending) return PENDING;
      if (change.operation === "create") return APPLIED;
      if (change.operation === "update") return orphanSchema ? UNSUPPORTED : DERIVED;
      return input.approved.has(change.address) ? APPLIED : WAITING;
    case "schema":
      if (change.operation === "delete") {
        return graphChange?.operation === "delete" ? fateOf(graphChange, changes, input) : UNSUPPORTED;
      }
      return pending || orphanSchema ? PENDING : APPLIED;
    case "query":
      if (change.operation === "delete") {
        if (graphChange?.operation !== "delete") return APPLIED;
        return fateOf(graphChange, changes, input).disposition === "applied" ? APPLIED : WAITING;
      }
      return pending ? PENDING : orphanSchema ? DEPENDENT : APPLIED;
    case "policy":
      return change.operation !== "delete" &&
          boundGraphs(input.desired.get(change.address)).some((bound) => input.pending.has(bound))
        ? PENDING
        : APPLIED;
    case "embedding_provider": {
      if (change.operation !== "delete") return APPLIED;
      const user = stayingUser(change.address, changes, input);
      return user === null ? APPLIED : { ...DEPENDENT, note: `graph \`${user}\` still uses it` };
    }
    case null:
      return UNSUPPORTED;
  }
}

/** A graph that the configuration no longer has, that stays all the same, and that uses the provider. */
function stayingUser(
  provider: Address,
  changes: ReadonlyMap<Address, Change>,
  input: ClassifyInput,
): string | null {
  for (const [address, entry] of input.applied) {
    if (entry.embeddingProvider !== provider || input.desired.has(address)) continue;
    const change = must(changes.get(address), "a graph that is not desired has a delete");
    if (fateOf(change, changes, input).disposition !== "applied") return graphOf(address);
  }
  return null;
}

/**
 * Blocks policy changes that would open a graph before it is gone, bind a scope that a blocked policy still binds, or
 * leave a scope without a bundle because the policy that is to guard it next is blocked. Blocking one can make another
 * wait, so this goes on until nothing moves. Run it again after changes were demoted.
 */
export function blockPolicies(
  changes: readonly PlannedChange[],
  input: Pick<ClassifyInput, "desired" | "applied">,
): PlannedChange[] {
  const waiting = new Set(
    changes.filter((one) =>
      one.kind === "graph" && one.operation === "delete" && one.disposition !== "applied"
    )
      .map((one) => one.address),
  );
  let planned = changes.map((change) => guardWaitingGraph(change, waiting, input));
  for (;;) {
    const held = heldScopes(planned, input.applied);
    const awaited = awaitedScopes(planned, input.desired);
    const next = planned.map((change) =>
      guardHandedOverScope(yieldToHeldScope(change, held, input.desired), awaited, input)
    );
    if (next.every((change, index) => change === planned[index])) return next;
    planned = next;
  }
}

function guardWaitingGraph(
  change: PlannedChange,
  waiting: ReadonlySet<Address>,
  input: Pick<ClassifyInput, "desired" | "applied">,
): PlannedChange {
  if (change.kind !== "policy" || change.disposition !== "applied") return change;
  const after = input.desired.get(change.address)?.appliesTo ?? [];
  const opened = (input.applied.get(change.address)?.appliesTo ?? [])
    .find((scope) => waiting.has(scope) && !after.includes(scope));
  if (opened === undefined) return change;
  return withoutEffect(change, "blocked", "approval_required", `it still guards \`${opened}\``);
}

/** Scopes by the blocked policy that keeps binding them. */
function heldScopes(
  changes: readonly PlannedChange[],
  applied: ReadonlyMap<Address, LedgerEntry>,
): Map<string, Address> {
  const held = new Map<string, Address>();
  for (const change of changes) {
    if (change.kind !== "policy" || change.disposition === "applied") continue;
    for (const scope of applied.get(change.address)?.appliesTo ?? []) held.set(scope, change.address);
  }
  return held;
}

function yieldToHeldScope(
  change: PlannedChange,
  held: ReadonlyMap<string, Address>,
  desired: ReadonlyMap<Address, LedgerEntry>,
): PlannedChange {
  if (change.kind !== "policy" || change.disposition !== "applied") return change;
  for (const scope of desired.get(change.address)?.appliesTo ?? []) {
    const holder = held.get(scope);
    if (holder === undefined || holder === change.address) continue;
    return withoutEffect(
      change,
      "blocked",
      "dependency_not_applied",
      `\`${holder}\` still binds \`${scope}\``,
    );
  }
  return change;
}

/** Scopes by the blocked policy that is to guard them. */
function awaitedScopes(
  changes: readonly PlannedChange[],
  desired: ReadonlyMap<Address, LedgerEntry>,
): Map<string, Address> {
  const awaited = new Map<string, Address>();
  for (const change of changes) {
    if (change.kind !== "policy" || change.disposition === "applied") continue;
    for (const scope of desired.get(change.address)?.appliesTo ?? []) awaited.set(scope, change.address);
  }
  return awaited;
}

function guardHandedOverScope(
  change: PlannedChange,
  awaited: ReadonlyMap<string, Address>,
  { desired, applied }: Pick<ClassifyInput, "desired" | "applied">,
): PlannedChange {
  if (change.kind !== "policy" || change.disposition !== "applied") return change;
  const after = desired.get(change.address)?.appliesTo ?? [];
  for (const scope of applied.get(change.address)?.appliesTo ?? []) {
    const next = awaited.get(scope);
    if (next === undefined || after.includes(scope)) continue;
    const note = `it guards \`${scope}\` until \`${next}\` does`;
    return withoutEffect(change, "blocked", "dependency_not_applied", note);
  }
  return change;
}

/** Graph ids a policy entry binds. */
function boundGraphs(entry: LedgerEntry | undefined): string[] {
  return (entry?.appliesTo ?? []).map((scope) => graphOf(scope)).filter((graph) => graph !== null);
}
