/** Branches: list, make, delete. */
import { parseBranchCreateRequest, parseBranchSegment } from "../../core/api/requests.ts";
import { branchCreateText, branchDeleteText, branchesText } from "../../core/api/wire.ts";
import { BRANCH_OPERATION_BYTES } from "../../core/base/limits.ts";
import { type Call, jsonResponse } from "../call.ts";

/** `GET branches`. */
export async function listBranches(call: Call): Promise<Response> {
  call.authorize({ action: "read" });
  return jsonResponse(branchesText((await call.served.graph.branches()).branches));
}

/** `POST branches`. A branch that starts at a commit is judged as one that starts at the branch of that commit. */
export async function createBranch(call: Call): Promise<Response> {
  const { name, from = "main", from_commit: fromCommit } = parseBranchCreateRequest(await call.jsonBody());
  const { graph } = call.served;
  const branch = fromCommit === undefined ? from : await graph.branchOfCommit(fromCommit);
  call.authorize({ action: "branch_create", branch, targetBranch: name });
  const source = fromCommit === undefined ? { from } : { fromCommit };
  const { actor } = call;
  const output = await call.admit(
    BRANCH_OPERATION_BYTES,
    () => graph.createBranch({ name, actor, ...source }),
  );
  return jsonResponse(branchCreateText(output));
}

/** `DELETE branches/{branch}`; `%2F` in the segment belongs to the name. */
export async function deleteBranch(call: Call, segment: string): Promise<Response> {
  const name = parseBranchSegment(segment);
  call.authorize({ action: "branch_delete", targetBranch: name });
  const { graph } = call.served;
  const { actor } = call;
  const output = await call.admit(BRANCH_OPERATION_BYTES, () => graph.deleteBranch({ name, actor }));
  return jsonResponse(branchDeleteText(output));
}
