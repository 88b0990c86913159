/**
 * Approvals: a person's yes to one change that cannot be undone.
 *
 *   __cluster/approvals/<approval id>.json
 *
 * An approval is bound to the change itself (address, operation, before, after, steps) and, for a graph, to its data: the
 * head of every branch and the rows of main. Commits of the configuration repository are no part of it, so it survives a
 * squash and unrelated merges; it dies when the declaration of the change or the data moves, when it expires, and when it
 * was used. Files are never deleted.
 */
import { must } from "../base/assert.ts";
import { type Json, prettyJson } from "../base/json.ts";
import { parseDateTime } from "../base/temporal.ts";
import type { Address } from "./address.ts";
import { parseObject, StoredJsonError, type StrictObject } from "./strict_json.ts";

/** Folder of approvals. */
export const APPROVALS = "__cluster/approvals";
/** Version of the file. */
export const APPROVAL_VERSION = 1;

/** What a graph holds, as far as an approval is bound to it. */
export interface GraphData {
  /** Head commit by branch. */
  readonly heads: Readonly<Record<string, string>>;
  /** Entities on main. */
  readonly rows: number;
}

/** One approval. */
export interface Approval {
  readonly approvalId: string;
  readonly resource: Address;
  readonly operation: string;
  readonly reason: string;
  /** Recorded for people; binds only approvals without a change digest. */
  readonly configDigest: string | null;
  readonly before: string | null;
  readonly after: string | null;
  /** null in approvals of other writers, which are bound to the configuration as a whole. */
  readonly changeDigest: string | null;
  /** null when the graph did not open. */
  readonly data: GraphData | null;
  readonly approvedBy: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly consumedAt: string | null;
  readonly consumedBy: string | null;
  readonly provenance: Json;
}

/** The change that an approval is held against. */
export interface GatedChange {
  readonly resource: Address;
  readonly operation: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly changeDigest: string;
  readonly configDigest: string;
  readonly data: GraphData | null;
}

/** An approval file of a version that this build does not read. */
export class ApprovalVersionError extends Error {
  override readonly name = "ApprovalVersionError";
}

/** Key of an approval. */
export function approvalKey(approvalId: string): string {
  return `${APPROVALS}/${approvalId}.json`;
}

/**
 * Why an approval does not authorize a change; null when it does. `dataMatters` is false for a deletion that was begun
 * under the approval: what is left of the data proves nothing any more.
 */
export function whyNot(
  approval: Approval,
  change: GatedChange,
  at: string,
  dataMatters = true,
): string | null {
  if (approval.consumedAt !== null) return "it was used";
  if (approval.operation !== change.operation) return "it is for another operation";
  const { changeDigest } = approval;
  const isSameChange = changeDigest === null
    ? approval.configDigest === change.configDigest && approval.before === change.before &&
      approval.after === change.after
    : changeDigest === change.changeDigest;
  if (!isSameChange) return "what is declared, or applied, for this resource has changed since";
  if (!dataMatters) return null;
  if (approval.expiresAt !== null && msOf(approval.expiresAt) <= msOf(at)) {
    return `it expired at ${approval.expiresAt}`;
  }
  return changeDigest === null ? null : dataMoved(approval.data, change.data);
}

/** How the data of a graph differs from what was approved; null when it does not. */
export function dataMoved(approved: GraphData | null, now: GraphData | null): string | null {
  if (approved === null || now === null) {
    return approved === now ? null : "whether the graph opens has changed since";
  }
  if (approved.rows !== now.rows) return `main had ${approved.rows} rows then and has ${now.rows} now`;
  const names = new Set([...Object.keys(approved.heads), ...Object.keys(now.heads)]);
  const moved = [...names].filter((name) => approved.heads[name] !== now.heads[name]).sort();
  return moved.length === 0 ? null : `somebody wrote to ${moved.map((name) => `'${name}'`).join(", ")} since`;
}

/** Reads a stored approval. Throws {@linkcode StoredJsonError} or {@linkcode ApprovalVersionError}. */
export function parseApproval(bytes: Uint8Array): Approval {
  const file = parseObject(bytes);
  const version = file.raw("schema_version");
  if (version !== APPROVAL_VERSION) {
    throw new ApprovalVersionError(`approval version ${JSON.stringify(version) ?? "none"} is not supported`);
  }
  const approval = {
    approvalId: file.text("approval_id"),
    resource: file.text("resource"),
    operation: file.text("operation"),
    reason: file.textOrNull("reason") ?? "",
    configDigest: file.textOrNull("bound_config_digest"),
    before: file.textOrNull("bound_before_digest"),
    after: file.textOrNull("bound_after_digest"),
    changeDigest: file.textOrNull("bound_change_digest"),
    data: readData(file.objectOrNull("bound_data")),
    approvedBy: file.text("approved_by"),
    createdAt: file.text("created_at"),
    expiresAt: readTime(file, "expires_at"),
    consumedAt: file.textOrNull("consumed_at"),
    consumedBy: file.textOrNull("consumed_by_operation"),
    provenance: file.raw("provenance") ?? null,
  };
  file.end();
  return approval;
}

/** The stored bytes of an approval. */
export function approvalBytes(approval: Approval): Uint8Array {
  return new TextEncoder().encode(prettyJson({
    schema_version: APPROVAL_VERSION,
    approval_id: approval.approvalId,
    resource: approval.resource,
    operation: approval.operation,
    reason: approval.reason,
    bound_config_digest: approval.configDigest,
    bound_before_digest: approval.before,
    bound_after_digest: approval.after,
    bound_change_digest: approval.changeDigest,
    bound_data: approval.data === null ? null : { heads: approval.data.heads, rows: approval.data.rows },
    approved_by: approval.approvedBy,
    created_at: approval.createdAt,
    expires_at: approval.expiresAt,
    consumed_at: approval.consumedAt,
    consumed_by_operation: approval.consumedBy,
    ...(approval.provenance === null ? {} : { provenance: approval.provenance }),
  }));
}

function readData(object: StrictObject | null): GraphData | null {
  if (object === null) return null;
  const rows = object.count("rows");
  const heads: Record<string, string> = {};
  for (const [name, head] of Object.entries(object.objectOrNull("heads")?.whole() ?? {})) {
    if (typeof head !== "string") throw new StoredJsonError("`bound_data.heads` must hold commit ids");
    heads[name] = head;
  }
  object.end();
  return { heads, rows };
}

/** A time that can be compared: an expiry that cannot be read would never come. */
function readTime(file: StrictObject, key: string): string | null {
  const text = file.textOrNull(key);
  if (text !== null && parseDateTime(text) === null) throw new StoredJsonError(`\`${key}\` must be a time`);
  return text;
}

function msOf(time: string): number {
  return must(parseDateTime(time), "recorded times are times");
}
