/** Changes as the JSON text of HTTP bodies, and the errors of the change routes. */
import { jsonText } from "../base/lossless_json.ts";
import { AppError } from "../errors.ts";
import type {
  ChangeBlock,
  ChangeCause,
  ChangeFeedOutput,
  CommitChangesOutput,
  DiffOutput,
  EntityChange,
} from "../graph/changes/change.ts";

/** CommitChangesOutput. */
export function commitChangesText(output: CommitChangesOutput): string {
  const { next_page_token } = output;
  return jsonText({ ...blockMembers(output), next_page_token });
}

/** ChangeFeedOutput. */
export function changeFeedText(output: ChangeFeedOutput): string {
  const { next_page_token, cursor, caught_up } = output;
  return jsonText({ blocks: output.blocks.map(blockMembers), next_page_token, cursor, caught_up });
}

/** DiffOutput. */
export function diffText({ from, to, changes, next_page_token }: DiffOutput): string {
  return jsonText({
    from: { graph_commit_id: from.graph_commit_id },
    to: { graph_commit_id: to.graph_commit_id },
    changes: changes.map(changeMembers),
    next_page_token,
  });
}

/** A commit and its changes, members in documented order; absent ones are undefined. */
export function blockMembers({ cause, changes }: ChangeBlock) {
  return { cause: causeMembers(cause), changes: changes.map(changeMembers) };
}

/** A cause, members in documented order; absent ones are undefined. */
export function causeMembers(cause: ChangeCause) {
  return {
    graph_commit_id: cause.graph_commit_id,
    parent_commit_id: cause.parent_commit_id,
    merged_parent_commit_id: cause.merged_parent_commit_id,
    authored_branch: cause.authored_branch,
    actor_id: cause.actor_id,
    authored_at: cause.authored_at,
  };
}

/** A change, members in documented order; absent ones are undefined. */
export function changeMembers({ kind, type, id, op, before, after }: EntityChange) {
  return { kind, type: { id: type.id, name: type.name }, id, op, before, after };
}

/**
 * A failure as the change routes may show it: of its details only those that speak of changes, and nothing of what went
 * wrong inside.
 */
export function changeError(error: unknown): AppError {
  if (!(error instanceof AppError) || (error.facts.status >= 500 && error.code !== "outcome_unknown")) {
    return new AppError("internal", "internal error while reading changes", { cause: error });
  }
  const { resource_limit, recovery_required, change_feed_gap, change_diff_refusal } = error.detail;
  const detail = {
    ...(resource_limit && { resource_limit }),
    ...(recovery_required && { recovery_required }),
    ...(change_feed_gap && { change_feed_gap }),
    ...(change_diff_refusal && { change_diff_refusal }),
  };
  return new AppError(error.code, error.message, { detail, diagnostics: error.diagnostics, cause: error });
}
