/**
 * Recovery records: written before a graph is touched, deleted after the ledger says so. A run that died in between left
 * its record; the next run compares it with the graph and rolls forward, never back.
 *
 *   __cluster/recoveries/<operation id>.json
 *
 * | Kind | What is there | Outcome |
 * |---|---|---|
 * | create | no root | retire: the plan proposes the create again |
 * | create | root without a commit, nothing foreign in it, still desired | resume: the create completes it |
 * | create | other root that does not open | keep, `graph_create_incomplete` |
 * | create, schema | live schema = ledger's | retire |
 * | create, schema | live schema = desired by the record | roll forward |
 * | create, schema | another live schema | keep, `cluster_recovery_pending` |
 * | schema | does not open | keep, `cluster_recovery_pending` |
 * | delete | no root, graph not in the ledger | retire |
 * | delete | no root, graph in the ledger | finished: the ledger gets its tombstone |
 * | delete | a root that opens, still not declared | retire: nothing of it is gone, its approval counts as before |
 * | delete | another root, still not declared | stays until it is gone: retried under the approval it was begun under |
 * | delete | a root, graph not in the ledger, not declared | retire: it is nothing of ours |
 * | delete | a root that opens, declared again | retire: nothing of it is gone |
 * | delete | another root, declared again | keep, `cluster_recovery_pending` |
 */
import { unreachable } from "../base/assert.ts";
import { type Json, prettyJson } from "../base/json.ts";
import { isResourceName } from "./address.ts";
import { parseObject, StoredJsonError } from "./strict_json.ts";

/** Folder of recovery records. */
export const RECOVERIES = "__cluster/recoveries";
/** Version of the file. */
export const RECOVERY_VERSION = 1;

/** What was about to happen. */
export const RECOVERY_KINDS = ["graph_create", "schema_apply", "graph_delete"] as const;

/** Conditions that the sweep gives to the status of a graph and takes back when its record is settled. */
export const SWEEP_CONDITIONS: readonly string[] = [
  "graph_create_incomplete",
  "actual_applied_state_pending",
];

/** One recovery record. */
export interface RecoveryRecord {
  readonly operationId: string;
  readonly startedAt: string;
  readonly actor: string | null;
  readonly kind: (typeof RECOVERY_KINDS)[number];
  readonly graphId: string;
  readonly graphUri: string;
  /** Version of main before and after; for people only. */
  readonly observedVersion: number | null;
  readonly expectedVersion: number | null;
  readonly desiredSchemaDigest: string;
  readonly stateCasBase: string | null;
  readonly approvalId: string | null;
  /** Provenance of the run. */
  readonly provenance: Json;
}

/** What stands at a graph root. */
export type RootState =
  | { readonly kind: "absent" }
  /** No commit yet. `foreign`: something else lives there. */
  | { readonly kind: "uncommitted"; readonly foreign: boolean }
  | { readonly kind: "open"; readonly schemaDigest: string; readonly version: number }
  | { readonly kind: "broken"; readonly message: string };

/** What happens to a record. */
export type RecoveryOutcome =
  | { readonly kind: "retire" }
  | { readonly kind: "resume" }
  | { readonly kind: "roll_forward"; readonly schemaDigest: string }
  | { readonly kind: "deleted" }
  /** `isWhole`: nothing of the graph is gone. */
  | { readonly kind: "retry_delete"; readonly isWhole: boolean }
  | {
    readonly kind: "keep";
    readonly condition: "graph_create_incomplete" | "actual_applied_state_pending" | null;
  };

/** A record of a version that this build does not read. */
export class RecoveryVersionError extends Error {
  override readonly name = "RecoveryVersionError";
}

/** Key of a record. */
export function recoveryKey(operationId: string): string {
  return `${RECOVERIES}/${operationId}.json`;
}

/** Decides what becomes of a record. `ledgerDigest` is the schema digest of the graph in the ledger. */
export function decideRecovery(
  record: RecoveryRecord,
  root: RootState,
  ledgerDigest: string | null,
  stillDesired: boolean,
): RecoveryOutcome {
  if (record.kind === "graph_delete") return decideDelete(root, ledgerDigest !== null, stillDesired);
  const create = record.kind === "graph_create";
  switch (root.kind) {
    case "absent":
      return create ? { kind: "retire" } : { kind: "keep", condition: null };
    case "uncommitted":
      if (!create) return { kind: "keep", condition: null };
      return stillDesired && !root.foreign
        ? { kind: "resume" }
        : { kind: "keep", condition: "graph_create_incomplete" };
    case "broken":
      return { kind: "keep", condition: create ? "graph_create_incomplete" : null };
    case "open":
      if (root.schemaDigest === ledgerDigest) return { kind: "retire" };
      if (root.schemaDigest === record.desiredSchemaDigest) {
        return { kind: "roll_forward", schemaDigest: root.schemaDigest };
      }
      return { kind: "keep", condition: "actual_applied_state_pending" };
    default:
      return unreachable(root);
  }
}

function decideDelete(root: RootState, isInLedger: boolean, stillDesired: boolean): RecoveryOutcome {
  if (root.kind === "absent") return { kind: isInLedger ? "deleted" : "retire" };
  // What makes a folder a graph is the first to go.
  const isWhole = root.kind === "open";
  if (stillDesired) return isWhole ? { kind: "retire" } : { kind: "keep", condition: null };
  return isInLedger ? { kind: "retry_delete", isWhole } : { kind: "retire" };
}

/** Reads a stored record. Throws `StoredJsonError` or {@linkcode RecoveryVersionError}. */
export function parseRecovery(bytes: Uint8Array): RecoveryRecord {
  const file = parseObject(bytes);
  const version = file.raw("schema_version");
  if (version !== RECOVERY_VERSION) {
    throw new RecoveryVersionError(
      `recovery record version ${JSON.stringify(version) ?? "none"} is not supported`,
    );
  }
  const graphId = file.text("graph_id");
  // It becomes part of a path.
  if (graphId.trim() !== "" && !isResourceName(graphId)) {
    throw new StoredJsonError("`graph_id` must be the id of a graph");
  }
  const record = {
    operationId: file.text("operation_id"),
    startedAt: file.text("started_at"),
    actor: file.textOrNull("actor"),
    kind: file.word("kind", RECOVERY_KINDS),
    graphId,
    graphUri: file.text("graph_uri"),
    observedVersion: file.countOrNull("observed_manifest_version"),
    expectedVersion: file.countOrNull("expected_manifest_version"),
    desiredSchemaDigest: file.text("desired_schema_digest"),
    stateCasBase: file.textOrNull("state_cas_base"),
    approvalId: file.textOrNull("approval_id"),
    provenance: file.raw("provenance") ?? null,
  };
  file.end();
  return record;
}

/** The stored bytes of a record. */
export function recoveryBytes(record: RecoveryRecord): Uint8Array {
  return new TextEncoder().encode(prettyJson({
    schema_version: RECOVERY_VERSION,
    operation_id: record.operationId,
    started_at: record.startedAt,
    actor: record.actor,
    kind: record.kind,
    graph_id: record.graphId,
    graph_uri: record.graphUri,
    observed_manifest_version: record.observedVersion,
    expected_manifest_version: record.expectedVersion,
    desired_schema_digest: record.desiredSchemaDigest,
    state_cas_base: record.stateCasBase,
    approval_id: record.approvalId,
    ...(record.provenance === null ? {} : { provenance: record.provenance }),
  }));
}
