/**
 * What the cluster commands report: the JSON members of each command, in the order in which they are printed, and the
 * outcome that carries them. Domain values become these shapes here and nowhere else serialise themselves.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Json } from "../base/json.ts";
import { type DiagnosticReport, reportJson } from "../base/report.ts";
import type { Provenance } from "../git/provenance.ts";
import type { GraphData } from "./approval.ts";

/** Exit codes of every cluster command. */
export const EXIT = {
  done: 0,
  error: 1,
  changes: 2,
  notConverged: 3,
  preconditionFailed: 4,
  lockHeld: 5,
  invalidConfig: 6,
  unrecovered: 7,
} as const;

/** What a command ended with. `result` serialises to the JSON output as it stands. */
export interface Outcome<Result> {
  readonly exitCode: number;
  readonly result: Result;
  /** The diagnostics of `result` with their places in source text, for people. */
  readonly diagnostics: readonly Diagnostic[];
}

/** `{from, to}`: the resource `from` needs the resource `to`. */
export interface DependencyOutput {
  readonly from: string;
  readonly to: string;
}

/** The ledger and the lock as a command saw them. */
export interface StateObservations {
  readonly state_path: string;
  readonly lock_path: string;
  readonly state_found: boolean;
  readonly applied_config_digest?: string;
  readonly state_revision: number;
  readonly state_cas?: string;
  readonly resource_count: number;
  /** Whether somebody else holds the lock; the `lock_*` members describe that lock. */
  readonly locked: boolean;
  readonly lock_id?: string;
  readonly lock_acquired: boolean;
  readonly acquired_lock_id?: string;
  readonly lock_operation?: string;
  readonly lock_created_at?: string;
  readonly lock_pid?: number;
  readonly lock_age_seconds?: number;
}

/** A planned change. */
export interface ChangeOutput {
  readonly resource: string;
  readonly operation: "create" | "update" | "delete";
  readonly before_digest?: string;
  readonly after_digest?: string;
  readonly disposition: "applied" | "derived" | "deferred" | "blocked";
  readonly reason?: string;
  readonly binding_change?: true;
  readonly metadata_change?: "policy_bindings" | "embedding_profile";
  readonly migration?: { readonly supported: boolean; readonly steps: readonly unknown[] };
}

/** Status of a resource in the ledger. */
export interface StatusOutput {
  readonly status: string;
  readonly conditions?: readonly string[];
  readonly message?: string;
}

/** `cluster validate`. */
export interface ValidateResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly config_file: string;
  readonly resource_digests: Readonly<Record<string, string>>;
  readonly resources: readonly {
    readonly address: string;
    readonly kind: string;
    readonly digest: string;
    readonly path?: string;
  }[];
  readonly dependencies: readonly DependencyOutput[];
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster plan`. */
export interface PlanResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly desired_revision: { readonly config_digest?: string };
  readonly resource_digests: Readonly<Record<string, string>>;
  readonly dependencies: readonly DependencyOutput[];
  readonly state_observations: StateObservations;
  readonly changes: readonly ChangeOutput[];
  readonly blast_radius: readonly { readonly resource: string; readonly affected: readonly string[] }[];
  readonly approvals_required: readonly {
    readonly resource: string;
    readonly reason: string;
    readonly satisfied: boolean;
  }[];
  /** SHA-256 over the changes and gates: the same for the same review, whatever the commit. Absent when not planned. */
  readonly plan_digest?: string;
  readonly provenance: Provenance | null;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster apply`. */
export interface ApplyResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly actor?: string;
  readonly desired_revision: { readonly config_digest?: string };
  readonly state_observations: StateObservations;
  readonly changes: readonly ChangeOutput[];
  readonly applied_count: number;
  /** Deferred and blocked changes. */
  readonly deferred_count: number;
  readonly converged: boolean;
  readonly state_written: boolean;
  readonly resource_statuses: Readonly<Record<string, StatusOutput>>;
  readonly plan_digest?: string;
  readonly provenance: Provenance | null;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster approve`. The optional members are absent when nothing was approved. */
export interface ApproveResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly approval_id?: string;
  readonly resource?: string;
  readonly operation?: string;
  readonly approved_by?: string;
  /** RFC 3339. */
  readonly expires_at?: string;
  /** Heads and rows that the approval is bound to; null when the graph does not open. */
  readonly bound_data?: GraphData | null;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster status`. */
export interface StatusResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly state_observations: StateObservations;
  readonly resource_digests: Readonly<Record<string, string>>;
  readonly resource_statuses: Readonly<Record<string, StatusOutput>>;
  readonly observations: Readonly<Record<string, Json>>;
  /** Provenance of the applied revision; null when it has none. */
  readonly provenance: Json;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster refresh` and `cluster import`. */
export interface RefreshResult {
  readonly ok: boolean;
  readonly operation: "refresh" | "import";
  readonly config_dir: string;
  readonly state_observations: StateObservations;
  readonly resource_digests: Readonly<Record<string, string>>;
  readonly resource_statuses: Readonly<Record<string, StatusOutput>>;
  readonly observations: Readonly<Record<string, Json>>;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** One difference between the storage root and the ledger. */
export interface DriftOutput {
  readonly resource: string;
  readonly kind:
    | "graph_missing"
    | "graph_broken"
    | "graph_unmanaged"
    | "schema_mismatch"
    | "payload_missing"
    | "payload_mismatch";
  readonly message: string;
}

/** `cluster drift`. */
export interface DriftResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly drifts: readonly DriftOutput[];
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster gc`. */
export interface GcResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly keep_revisions: number;
  readonly confirmed: boolean;
  readonly kept_count: number;
  /** Keys of blobs that are not needed. */
  readonly garbage: readonly string[];
  readonly removed_count: number;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** `cluster force-unlock`. */
export interface ForceUnlockResult {
  readonly ok: boolean;
  readonly config_dir: string;
  readonly state_observations: StateObservations;
  readonly lock_removed: boolean;
  readonly diagnostics: readonly DiagnosticReport[];
}

/** The wire form of diagnostics, in emission order. */
export function diagnosticOutputs(diagnostics: readonly Diagnostic[]): DiagnosticReport[] {
  return diagnostics.map(reportJson);
}
