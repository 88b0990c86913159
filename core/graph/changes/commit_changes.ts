/** The entities that one commit changed, against its first parent; and those in which any two commits differ. */
import { AppError } from "../../errors.ts";
import { isUlid } from "../../base/ids.ts";
import { parseBranchName } from "../branch_name.ts";
import type { Commit } from "../commit.ts";
import { candidateIds } from "../diff.ts";
import type { GraphContext } from "../graph_context.ts";
import { type CommitPlace, firstParentPath } from "../lineage.ts";
import { openCommit } from "../snapshot.ts";
import { touchedBy } from "../touched.ts";
import type { ChangeCause, CommitChangesOutput, DiffOutput, PageRequest } from "./change.ts";
import { stateAfter, stateBefore } from "./commit_states.ts";
import type { Compared, Comparisons } from "./comparisons.ts";
import { filterDigest, normalFilter } from "./filter.ts";
import { PageRoom } from "./page.ts";
import { decodeToken, encodeToken } from "./token.ts";

/**
 * One page of the changes of a commit.
 *
 * @throws AppError `commit_not_found`, `change_diff_refused`, `cursor_rejected`, `resource_limit`,
 * `historical_version_reclaimed`.
 */
export async function commitChanges(
  context: GraphContext,
  comparisons: Comparisons,
  id: string,
  request: PageRequest,
): Promise<CommitChangesOutput> {
  context.refuseClosed();
  const { parts } = context;
  const room = new PageRoom(request.limit);
  const filter = normalFilter(request);
  const place = await parts.branches.place(id);
  const { commit } = place;
  if (commit.parent === null) throw parentless(commit);
  const scope = [parts.graphId, commit.id, filterDigest(filter)];
  const names = ["graph", "commit", "filter"];
  const { pageToken } = request;
  const at = pageToken === undefined ? 0 : decodeToken(pageToken, "changes", scope, names).count("at");
  const { changes, next } = await comparisons.take({
    from: commit.parent,
    to: commit.id,
    filter,
    at,
    room,
    looksUp: true,
    knowsTypes: true,
    find: () => changedBy(parts.store, place),
  });
  const more = next === null ? {} : { next_page_token: encodeToken("changes", { scope, at: { at: next } }) };
  return { cause: causeOf(commit), changes, ...more };
}

/** A commit with its first parent. */
async function changedBy(
  store: GraphContext["parts"]["store"],
  place: CommitPlace,
): Promise<Compared> {
  const { source, logged, commit } = place;
  const [before, touched] = await Promise.all([stateBefore(place), touchedBy(store, commit)]);
  return { before, after: await stateAfter(before, source, logged.slot, commit), touched };
}

/**
 * One page of the changes that lead from one commit to another. Each is a branch, which stands for its head, or a commit
 * id; later pages go on between the commits of the first.
 *
 * @throws AppError like {@linkcode commitChanges}, and `branch_not_found`.
 */
export async function diffCommits(
  context: GraphContext,
  comparisons: Comparisons,
  request: PageRequest & { readonly from: string; readonly to: string },
): Promise<DiffOutput> {
  context.refuseClosed();
  const { parts } = context;
  const room = new PageRoom(request.limit);
  const filter = normalFilter(request);
  const scope = [parts.graphId, request.from, request.to, filterDigest(filter)];
  const names = ["graph", "pair of commits", "pair of commits", "filter"];
  const given = request.pageToken === undefined ? null : decodeToken(request.pageToken, "diff", scope, names);
  const [from, to] = given === null
    ? [await placeOf(context, request.from), await placeOf(context, request.to)]
    : [await parts.branches.place(given.text("from")), await parts.branches.place(given.text("to"))];
  const { changes, next } = await comparisons.take({
    from: from.commit.id,
    to: to.commit.id,
    filter,
    at: given?.count("at") ?? 0,
    room,
    looksUp: true,
    knowsTypes: true,
    find: () => between(context, from, to),
  });
  const ids = { from: from.commit.id, to: to.commit.id };
  const more = next === null ? {} : {
    next_page_token: encodeToken("diff", { scope, at: { ...ids, at: next } }),
  };
  return { from: { graph_commit_id: ids.from }, to: { graph_commit_id: ids.to }, changes, ...more };
}

/** Two commits and what the commits on the way between them touched. */
async function between({ parts }: GraphContext, from: CommitPlace, to: CommitPlace): Promise<Compared> {
  const [{ down, up }, before, after] = await Promise.all([
    firstParentPath(from, to),
    openPlace(from),
    openPlace(to),
  ]);
  return { before, after, touched: await candidateIds(parts.store, [...down, ...up], to.commit) };
}

function openPlace({ source, logged, commit }: CommitPlace): ReturnType<typeof openCommit> {
  return openCommit(source, logged, commit);
}

/**
 * The branch that a reader of a branch name or commit id must be allowed to read: a commit is judged as the branch it was
 * written on. Throws `AppError("commit_not_found")`; a name need not exist.
 */
export async function branchOfRevision(context: GraphContext, text: string): Promise<string> {
  const { branches } = context.parts;
  if (!isUlid(text) || await branches.find(text) !== null) return parseBranchName(text);
  return (await branches.commit(text)).branch;
}

/** The commit that a branch name or a commit id stands for; a branch comes first. */
async function placeOf({ parts: { branches } }: GraphContext, text: string): Promise<CommitPlace> {
  if (isUlid(text) && await branches.find(text) === null) return await branches.place(text);
  return await branches.headPlace(parseBranchName(text));
}

/** A commit as the cause of its changes. */
export function causeOf(commit: Commit): ChangeCause {
  return {
    graph_commit_id: commit.id,
    ...(commit.parent === null ? {} : { parent_commit_id: commit.parent }),
    ...(commit.mergedParent === null ? {} : { merged_parent_commit_id: commit.mergedParent }),
    authored_branch: commit.branch,
    ...(commit.actor === null ? {} : { actor_id: commit.actor }),
    authored_at: commit.createdAt,
  };
}

function parentless({ id }: Commit): AppError {
  return new AppError(
    "change_diff_refused",
    `commit '${id}' has no parent: there is nothing to compare it with`,
    { detail: { change_diff_refusal: { reason: "parentless_commit", graph_commit_id: id } } },
  );
}
