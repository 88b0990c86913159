/** The catalogue of cluster diagnostics: every code with its usual severity, and the way to make one. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText, Span } from "../base/span.ts";

/** Codes and their severity. A few are errors in one command and warnings in another; the caller says so then. */
export const FINDINGS = {
  config_dir_not_found: "error",
  cluster_config_read_error: "error",
  duplicate_yaml_key: "error",
  future_phase_field: "error",
  invalid_cluster_yaml: "error",
  unsupported_cluster_config_version: "error",
  empty_metadata_name: "error",
  unsupported_state_backend: "error",
  invalid_storage_root: "error",
  invalid_resource_id: "error",
  graph_id_not_servable: "warning",
  invalid_embedding_provider: "error",
  embedding_api_key_inline: "error",
  embedding_api_key_required: "error",
  dangling_embedding_provider_reference: "error",
  wrong_kind_reference: "error",
  invalid_external_blob_base: "error",
  invalid_external_blob_policy: "error",
  schema_file_missing: "error",
  schema_parse_error: "error",
  schema_catalog_error: "error",
  query_dir_unreadable: "error",
  query_dir_empty: "warning",
  query_file_empty: "warning",
  query_file_missing: "error",
  query_parse_error: "error",
  duplicate_query_name: "error",
  query_key_mismatch: "error",
  query_typecheck_error: "error",
  query_typecheck_skipped: "warning",
  policy_missing_applies_to: "error",
  policy_mixed_binding_kinds: "error",
  dangling_graph_reference: "error",
  duplicate_policy_binding: "error",
  policy_file_missing: "error",
  policy_invalid: "error",
  storage_root_invalid: "error",
  state_read_error: "error",
  invalid_state_json: "error",
  unsupported_state_version: "error",
  state_cas_mismatch: "error",
  state_write_error: "error",
  state_missing: "error",
  state_already_exists: "error",
  graph_observation_error: "error",
  state_lock_disabled: "warning",
  state_lock_held: "error",
  state_lock_taken_over: "warning",
  state_lock_lost: "error",
  state_lock_error: "error",
  state_lock_missing: "error",
  state_lock_id_mismatch: "error",
  state_lock_read_error: "error",
  invalid_state_lock: "error",
  unsupported_state_lock_version: "error",
  recovery_sidecar_read_error: "warning",
  invalid_recovery_sidecar: "warning",
  unsupported_recovery_sidecar_version: "warning",
  recovery_sidecar_write_error: "error",
  recovery_sidecar_cleanup_failed: "warning",
  cluster_recovery_pending: "warning",
  cluster_recovery_rolled_forward: "warning",
  cluster_recovery_unattributed: "error",
  graph_create_incomplete: "error",
  approval_read_error: "warning",
  invalid_approval_artifact: "warning",
  unsupported_approval_version: "warning",
  approval_write_error: "error",
  approval_not_required: "error",
  approval_actor_missing: "error",
  approval_stale: "warning",
  plan_stale: "error",
  graph_create_failed: "error",
  graph_create_skipped: "warning",
  schema_apply_failed: "error",
  graph_delete_failed: "error",
  graph_delete_skipped: "warning",
  graph_delete_incomplete: "warning",
  schema_apply_skipped: "warning",
  schema_preview_unavailable: "warning",
  resource_content_changed: "error",
  resource_payload_write_error: "error",
  apply_unsupported_change: "warning",
  apply_dependency_blocked: "warning",
  apply_approval_invariant_violation: "error",
  apply_interrupted: "error",
  catalog_payload_missing: "warning",
  catalog_payload_mismatch: "warning",
  catalog_payload_read_error: "error",
  catalog_payload_digest_mismatch: "error",
  external_blob_policy_digest_mismatch: "error",
  policy_bindings_missing: "error",
  embedding_provider_profile_missing: "error",
  embedding_provider_missing: "error",
  embedding_provider_digest_mismatch: "error",
  cluster_state_missing: "error",
  cluster_empty: "error",
  cluster_no_healthy_graphs: "error",
  catalog_payload_delete_error: "error",
  history_write_error: "warning",
  history_read_error: "warning",
  config_dirty: "error",
  provenance_unreadable: "warning",
  provenance_shallow: "warning",
  injected_failpoint: "error",
} as const satisfies Record<string, Diagnostic["severity"]>;

/** A code of the catalogue. */
export type FindingCode = keyof typeof FINDINGS;

/** Optional parts of a finding. */
export interface FindingOptions {
  readonly severity?: Diagnostic["severity"];
  readonly span?: Span;
  readonly source?: SourceText;
  readonly help?: string;
}

/** A diagnostic of the catalogue. `path` is a configuration path, an address or a stored file. */
export function finding(
  code: FindingCode,
  path: string,
  message: string,
  options: FindingOptions = {},
): Diagnostic {
  return { code, severity: FINDINGS[code], path, message, ...options };
}

/** The text of something thrown, for messages. */
export function causeText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether no diagnostic is an error. */
export function isOk(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.every((diagnostic) => diagnostic.severity !== "error");
}
