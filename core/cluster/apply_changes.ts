/** What an apply says of its changes, and what the history keeps of them. Pure. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Address, graphAddress, graphOf } from "./address.ts";
import type { PlannedChange } from "./change.ts";
import { finding } from "./findings.ts";
import type { Gates } from "./gates.ts";
import type { HistoryChange } from "./history.ts";
import type { Ledger } from "./ledger.ts";

/** What the history keeps of a change. */
export function historyChange(
  change: PlannedChange,
  changedCommits: ReadonlyMap<string, string | null>,
): HistoryChange {
  const { address, operation, before, after, disposition, reason, note } = change;
  const done = disposition === "applied" || disposition === "derived";
  const failed = reason === "graph_create_failed" || reason === "schema_apply_failed" ||
    reason === "graph_delete_failed";
  const message = [reason, note].filter((part) => part !== null).join(": ");
  return {
    address,
    operation,
    before,
    after,
    disposition,
    result: done ? "applied" : failed ? "failed" : disposition === "deferred" ? "deferred" : "blocked",
    changed_commit: changedCommits.get(address) ?? null,
    ...(message === "" ? {} : { message }),
  };
}

/** Resources whose entries get a new origin from this run. */
export function touchedBy(changes: readonly PlannedChange[], swept: Ledger, at: string): Address[] {
  const moving = changes.filter(({ operation, disposition }) =>
    operation !== "delete" && (disposition === "applied" || disposition === "derived")
  );
  const recovered = [...swept.entries].filter(([, { origin }]) => origin.appliedAt === at);
  return [...new Set([...moving.map(({ address }) => address), ...recovered.map(([address]) => address)])];
}

/** A change that waits, as a warning. */
export function waitingFinding({ address, disposition, reason, note }: PlannedChange): Diagnostic[] {
  if (disposition !== "deferred" && disposition !== "blocked") return [];
  const code = disposition === "deferred" ? "apply_unsupported_change" : "apply_dependency_blocked";
  return [
    finding(code, address, `not applied: ${[reason, note].filter((part) => part !== null).join(": ")}`),
  ];
}

/** Nothing that needs an approval may reach execution without one. */
export function ungatedFindings(changes: readonly PlannedChange[], { granted }: Gates): Diagnostic[] {
  return changes.filter(({ address, kind, operation, disposition }) => {
    const gate = kind === "schema" ? graphAddress(graphOf(address) ?? "") : address;
    return (kind === "graph" || kind === "schema") && operation === "delete" && disposition === "applied" &&
      !granted.has(gate);
  }).map(({ address }) =>
    finding(
      "apply_approval_invariant_violation",
      "changes",
      `\`${address}\` would be deleted without an approval`,
    )
  );
}
