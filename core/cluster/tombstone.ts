/** What the ledger keeps of a deleted graph. */
import { graphAddress, graphOf } from "./address.ts";
import type { Ledger } from "./ledger.ts";

/** How a graph was deleted. */
export interface Deletion {
  /** RFC 3339. */
  readonly at: string;
  readonly actor: string | null;
  /** The approvals that the deletion used. */
  readonly approvalIds: readonly string[];
  /** `apply`, or the id of the interrupted operation that a later run found finished. */
  readonly operation: string;
}

/** The ledger without a graph, its schema, its queries and their statuses; a tombstone and the used approvals stay. */
export function withTombstone(ledger: Ledger, graph: string, deletion: Deletion): Ledger {
  const { at, actor, approvalIds, operation } = deletion;
  const isKept = ([address]: readonly [string, unknown]) => graphOf(address) !== graph;
  const approvalRecords = new Map(ledger.approvalRecords);
  for (const id of approvalIds) {
    approvalRecords.set(id, { consumed_at: at, consumed_by_operation: operation });
  }
  return {
    ...ledger,
    entries: new Map([...ledger.entries].filter(isKept)),
    statuses: new Map([...ledger.statuses].filter(isKept)),
    approvalRecords,
    observations: new Map(ledger.observations).set(graphAddress(graph), {
      kind: "tombstone",
      deleted_at: at,
      approval_id: approvalIds[0] ?? null,
      actor,
    }),
  };
}
