/** Writes that combine commits: merges and reverts. */
import { parseMergeRequest, parseRevertRequest } from "../../core/api/requests.ts";
import { mergeText, revertText } from "../../core/api/wire.ts";
import { deleteMerged } from "../../core/graph/merge/delete_source.ts";
import { mergeNames } from "../../core/graph/merge/merge.ts";
import { type Call, jsonResponse } from "../call.ts";

/** `POST branches/merge`. Deleting the source is asked for, and may be refused, on its own. */
export async function mergeBranches(call: Call): Promise<Response> {
  const text = await call.jsonBody();
  const request = parseMergeRequest(text);
  const { source, target } = mergeNames({ source: request.source, target: request.target ?? "main" });
  call.authorize({ action: "branch_merge", branch: source, targetBranch: target });
  const { graph } = call.served;
  const { actor } = call;
  const output = await call.admit(text.length, async () => {
    const merged = await graph.mergeBranch({ source, target, actor });
    if (request.delete_branch !== true) return merged;
    return await deleteMerged(merged, async () => {
      call.authorize({ action: "branch_delete", targetBranch: source });
      await graph.deleteBranch({ name: source, actor });
    });
  });
  return jsonResponse(mergeText(output));
}

/**
 * `POST commits/{commit_id}/revert`. What a commit of another branch deleted comes back on this one, so its branch must be
 * readable, too.
 */
export async function revertCommit(call: Call, commitId: string): Promise<Response> {
  const text = await call.textBody();
  const { branch = "main" } = parseRevertRequest(text);
  call.authorize({ action: "change", branch });
  const { graph } = call.served;
  const { actor } = call;
  const writtenOn = await graph.branchOfCommit(commitId);
  if (writtenOn !== branch) call.authorizeCommit(commitId, writtenOn);
  const output = await call.admit(text.length, () => graph.revertCommit({ commitId, branch, actor }));
  return jsonResponse(revertText(output));
}
