/** Changes as values: what differs between the desired and the applied state, and what will be done about it. */
import { sha256Hex } from "../base/digest.ts";
import { canonicalJson } from "../base/json.ts";
import type { Address, ResourceKind } from "./address.ts";
import type { ChangeOutput } from "./results.ts";

/** What happens to a resource. */
export type Operation = "create" | "update" | "delete";

/** What differs when the content does not. */
export type MetadataChange = "policy_bindings" | "embedding_profile";

/** A difference between desired and applied. */
export interface Change {
  readonly address: Address;
  /** null for an address in the ledger that this version does not know. */
  readonly kind: ResourceKind | null;
  readonly operation: Operation;
  readonly before: string | null;
  readonly after: string | null;
  readonly metadata: MetadataChange | null;
}

/** `applied` executes, `derived` follows its parts, `deferred` is unsupported, `blocked` waits. */
export type Disposition = "applied" | "derived" | "deferred" | "blocked";

/** Why a change does not execute. */
export type Reason =
  | "cluster_recovery_pending"
  | "approval_required"
  | "apply_unsupported_kind"
  | "dependency_not_applied"
  | "graph_create_failed"
  | "schema_apply_failed"
  | "graph_delete_failed";

/** The steps of a schema change, as the engine plans them. */
export interface Migration {
  readonly supported: boolean;
  readonly steps: readonly unknown[];
}

/** A change with its fate. */
export interface PlannedChange extends Change {
  readonly disposition: Disposition;
  readonly reason: Reason | null;
  /** For people: what `reason` is about, e.g. the graph that waits. Never steers anything. */
  readonly note: string | null;
  readonly migration: Migration | null;
}

/** The same change, not executed. */
export function withoutEffect(
  change: PlannedChange,
  disposition: "blocked" | "deferred",
  reason: Reason,
  note: string | null = null,
): PlannedChange {
  return { ...change, disposition, reason, note };
}

/** SHA-256 over what a reviewer reviews: address, operation, before, after and the migration steps. */
export function changeDigest(change: PlannedChange): string {
  const { address, operation, before, after, migration } = change;
  return sha256Hex(canonicalJson({ address, operation, before, after, steps: migration?.steps ?? [] }));
}

/** The wire form, members in their printed order. */
export function changeOutput(change: PlannedChange): ChangeOutput {
  return {
    resource: change.address,
    operation: change.operation,
    ...(change.before === null ? {} : { before_digest: change.before }),
    ...(change.after === null ? {} : { after_digest: change.after }),
    disposition: change.disposition,
    ...(change.reason === null ? {} : { reason: change.reason }),
    ...(change.metadata === "policy_bindings" ? { binding_change: true as const } : {}),
    ...(change.metadata === null ? {} : { metadata_change: change.metadata }),
    ...(change.migration === null ? {} : { migration: change.migration }),
  };
}
