/** Keeps approvals in the store. An approval that cannot be read authorizes nothing and stays where it is. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import {
  type Approval,
  approvalBytes,
  approvalKey,
  APPROVALS,
  ApprovalVersionError,
  parseApproval,
} from "./approval.ts";
import { ClusterFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";
import type { Ledger } from "./ledger.ts";
import { runJobs } from "./parallel.ts";
import { StoredJsonError } from "./strict_json.ts";

/** All approvals that can be read, by file name, and findings about the others. */
export async function readApprovals(
  store: Pick<ObjectStore, "get" | "list">,
): Promise<{ readonly approvals: readonly Approval[]; readonly diagnostics: readonly Diagnostic[] }> {
  let names: readonly string[];
  try {
    names = (await store.list(APPROVALS)).filter((name) => name.endsWith(".json"));
  } catch (error) {
    const message = `approvals cannot be listed and authorize nothing: ${causeText(error)}`;
    return { approvals: [], diagnostics: [finding("approval_read_error", APPROVALS, message)] };
  }
  const read = await runJobs(names.map((name) => () => readApproval(store, `${APPROVALS}/${name}`)));
  return {
    approvals: read.filter((one) => one !== null && "approvalId" in one),
    diagnostics: read.filter((one) => one !== null && "code" in one),
  };
}

/** Stores a new approval. Throws {@linkcode ClusterFailure} with `approval_write_error`. */
export async function writeApproval(
  store: Pick<ObjectStore, "putIfAbsent">,
  approval: Approval,
): Promise<void> {
  const key = approvalKey(approval.approvalId);
  try {
    await store.putIfAbsent(key, approvalBytes(approval));
  } catch (error) {
    const message = `the approval cannot be written: ${causeText(error)}`;
    throw new ClusterFailure(finding("approval_write_error", key, message), error);
  }
}

/**
 * Marks used approvals in their files, as the ledger says it. The ledger was written before, so a store that fails here
 * is a warning.
 */
export async function noteUsed(
  store: Pick<ObjectStore, "get" | "put">,
  ledger: Ledger,
  ids: readonly string[],
): Promise<Diagnostic[]> {
  const findings = await runJobs(ids.map((id) => async () => {
    const key = approvalKey(id);
    const used = ledger.approvalRecords.get(id);
    try {
      const found = await store.get(key);
      if (found === null || used === undefined) return null;
      const [consumedAt, consumedBy] = [String(used.consumed_at), String(used.consumed_by_operation)];
      await store.put(key, approvalBytes({ ...parseApproval(found.bytes), consumedAt, consumedBy }));
      return null;
    } catch (error) {
      const message = `the approval was used, which could not be noted in its file: ${causeText(error)}`;
      return finding("approval_write_error", key, message, { severity: "warning" });
    }
  }));
  return findings.filter((one) => one !== null);
}

async function readApproval(
  store: Pick<ObjectStore, "get">,
  key: string,
): Promise<Approval | Diagnostic | null> {
  try {
    const found = await store.get(key);
    if (found === null) return null;
    const approval = parseApproval(found.bytes);
    // Under another name it could be used a second time.
    if (approvalKey(approval.approvalId) === key) return approval;
    throw new StoredJsonError(`\`approval_id\` is \`${approval.approvalId}\`, unlike the file's name`);
  } catch (error) {
    const code = error instanceof ApprovalVersionError
      ? "unsupported_approval_version"
      : error instanceof StoredJsonError
      ? "invalid_approval_artifact"
      : "approval_read_error";
    return finding(code, key, `the approval cannot be read and authorizes nothing: ${causeText(error)}`);
  }
}
