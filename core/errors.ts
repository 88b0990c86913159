/**
 * The closed table of error codes, and the one error class that expected failures use.
 *
 * Every expected failure carries a code of this table; the code decides the HTTP status, the public
 * `code` word of the HTTP body and the exit code of the command line. Nothing matches on message text.
 */
import type { Diagnostic } from "./base/diagnostic.ts";

/** The closed set of words in the `code` member of an HTTP error body. */
export type WireCode =
  | "unauthorized"
  | "forbidden"
  | "bad_request"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "too_many_requests"
  | "internal";

/** What one error code means at the two edges of the product. */
export interface ErrorFacts {
  /** HTTP status of the response. */
  readonly status: number;
  /** Word of the `code` member; null when the body carries none. */
  readonly wire: WireCode | null;
  /** Exit code of the command line. */
  readonly exit: number;
}

/** The table: one row per code. */
export const ERRORS = {
  usage: { status: 400, wire: "bad_request", exit: 2 },
  invalid_input: { status: 400, wire: "bad_request", exit: 1 },
  parse_error: { status: 400, wire: "bad_request", exit: 1 },
  type_error: { status: 400, wire: "bad_request", exit: 1 },
  param_error: { status: 400, wire: "bad_request", exit: 1 },
  schema_error: { status: 400, wire: "bad_request", exit: 1 },
  batch_error: { status: 400, wire: "bad_request", exit: 1 },
  constraint_violation: { status: 400, wire: "bad_request", exit: 1 },
  cursor_rejected: { status: 400, wire: "bad_request", exit: 1 },
  unsupported: { status: 400, wire: "bad_request", exit: 1 },
  unauthorized: { status: 401, wire: "unauthorized", exit: 1 },
  policy_denied: { status: 403, wire: "forbidden", exit: 1 },
  graph_not_found: { status: 404, wire: "not_found", exit: 1 },
  branch_not_found: { status: 404, wire: "not_found", exit: 1 },
  commit_not_found: { status: 404, wire: "not_found", exit: 1 },
  entity_not_found: { status: 404, wire: "not_found", exit: 1 },
  query_not_found: { status: 404, wire: "not_found", exit: 1 },
  route_not_found: { status: 404, wire: "not_found", exit: 1 },
  method_not_allowed: { status: 405, wire: "method_not_allowed", exit: 1 },
  already_initialized: { status: 409, wire: "conflict", exit: 1 },
  branch_exists: { status: 409, wire: "conflict", exit: 1 },
  branch_in_use: { status: 409, wire: "conflict", exit: 1 },
  cluster_managed: { status: 409, wire: "conflict", exit: 1 },
  key_conflict: { status: 409, wire: "conflict", exit: 1 },
  write_conflict: { status: 409, wire: "conflict", exit: 1 },
  merge_conflict: { status: 409, wire: "conflict", exit: 1 },
  change_diff_refused: { status: 409, wire: "conflict", exit: 1 },
  historical_version_reclaimed: { status: 410, wire: null, exit: 1 },
  precondition_failed: { status: 412, wire: null, exit: 4 },
  resource_limit: { status: 413, wire: "bad_request", exit: 1 },
  unsupported_media_type: { status: 415, wire: "bad_request", exit: 1 },
  too_many_requests: { status: 429, wire: "too_many_requests", exit: 1 },
  storage_error: { status: 500, wire: "internal", exit: 1 },
  integrity_error: { status: 500, wire: "internal", exit: 1 },
  policy_evaluation: { status: 500, wire: "internal", exit: 1 },
  embedding_error: { status: 500, wire: "internal", exit: 1 },
  internal: { status: 500, wire: "internal", exit: 1 },
  outcome_unknown: { status: 503, wire: null, exit: 1 },
} as const satisfies Record<string, ErrorFacts>;

/** One code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/** One reason why a merge was not made. */
export interface MergeConflict {
  readonly entity_kind: "node" | "edge";
  readonly type_name: string;
  /** null where the conflict is about the type: values and cardinality. */
  readonly entity_id: string | null;
  readonly kind:
    | "divergent_insert"
    | "divergent_update"
    | "delete_vs_update"
    | "orphan_edge"
    | "unique_violation"
    | "cardinality_violation"
    | "value_constraint_violation";
  readonly message: string;
}

/** Structured facts beside the message: the detail members of the HTTP error body. */
export interface ErrorDetail {
  /** All conflicts of a merge. */
  readonly merge_conflicts?: readonly MergeConflict[];
  readonly key_conflict?: { entity_kind: "node" | "edge"; type_name: string; entity_id?: string };
  readonly manifest_conflict?: { table_key: string; expected: number; actual: number };
  readonly read_set_conflict?: { member: string; expected: string | null; actual: string | null };
  readonly resource_limit?: { resource: string; limit: number; actual: number };
  readonly change_diff_refusal?: {
    reason: "parentless_commit" | "schema_boundary";
    graph_commit_id: string;
    type_name?: string;
  };
  readonly change_feed_gap?: { cursor?: string; first_unreadable_commit_id: string };
  readonly precondition_failure?: { expected: string; actual?: string };
  readonly recovery_required?: { operation_id: string };
}

/** Options of an {@linkcode AppError}. */
export interface AppErrorOptions {
  readonly detail?: ErrorDetail;
  /** Places in source text that explain the failure, in reading order. */
  readonly diagnostics?: readonly Diagnostic[];
  readonly cause?: unknown;
}

/** An expected failure: a code of {@linkcode ERRORS}, a message for people and optional facts for programs. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly detail: ErrorDetail;
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.detail = options.detail ?? {};
    this.diagnostics = options.diagnostics ?? [];
  }

  /** HTTP status, wire word and exit code of this error. */
  get facts(): ErrorFacts {
    return ERRORS[this.code];
  }
}
