/**
 * Branch merges: what a branch has and another lacks, as one commit on that other branch.
 *
 *   heads                         outcome              commit
 *   source is an ancestor         already_up_to_date   none
 *   target is the base            fast_forward         parent: target's head, merged parent: source's head
 *   else                          merged               the same
 *
 * The source is read as it was when the merge began and never changes. The target follows the rules of writes that are
 * not repeated: a commit that gets in between fails the merge. What is merged is copied into the target's own tables, so
 * the source may be deleted at once.
 */
import { must } from "../../base/assert.ts";
import { INLINE_MERGE_BYTES_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import { MAIN, parseBranchName } from "../branch_name.ts";
import type { Commit } from "../commit.ts";
import type { BranchMergeOutput, MergeOutcome } from "../graph.ts";
import type { GraphContext } from "../graph_context.ts";
import { newestCommit } from "../history.ts";
import { type CommitPlace, firstParentPath, firstParents } from "../lineage.ts";
import type { LoggedState } from "../logged_state.ts";
import type { OpenBranch } from "../open_branches.ts";
import type { GraphView } from "../read/view.ts";
import { commitOutput } from "../results.ts";
import { openCommit, type SnapshotSource } from "../snapshot.ts";
import type { ChangeSet } from "../write/change_set.ts";
import type { Ancestry, Step } from "./ancestor_search.ts";
import { findBase, type MergeBase } from "./base.ts";
import { MergedParents, placeOfSlot } from "./merged_parents.ts";
import { OnceReadLog } from "./once_read_log.ts";
import { stageMerge } from "./stage.ts";
import { touchingCommits } from "./touching_commits.ts";

/** A merge as it is asked for. */
export interface MergeRequest {
  readonly source: string;
  /** Default `main`. */
  readonly target?: string;
  readonly actor?: string | null;
}

/** The trimmed names of a merge. Throws `AppError("invalid_input")` when they are one branch. */
export function mergeNames(
  request: Pick<MergeRequest, "source" | "target">,
): { source: string; target: string } {
  const source = parseBranchName(request.source);
  const target = parseBranchName(request.target ?? MAIN);
  if (source === target) {
    throw new AppError("invalid_input", `branch '${source}' cannot be merged into itself: name two branches`);
  }
  return { source, target };
}

/**
 * Merges one branch into another.
 *
 * @throws AppError `invalid_input`, `branch_not_found`, `policy_denied`, `merge_conflict`, `write_conflict`. Nothing has
 * changed then.
 */
export async function mergeBranches(graph: GraphContext, request: MergeRequest): Promise<BranchMergeOutput> {
  const { actor = null } = request;
  const { source, target } = mergeNames(request);
  graph.require(actor, { action: "branch_merge", branch: source, targetBranch: target });
  const merge = new Merge(graph, await graph.branch(source), await graph.branch(target));
  const { outcome, commit } = await merge.run(actor);
  return { source, target, outcome, actor_id: actor, commit: commit === null ? null : commitOutput(commit) };
}

class Merge {
  readonly #graph: GraphContext;
  readonly #source: MergedBranch;
  readonly #target: MergedBranch;
  readonly #ancestry: Ancestry<CommitPlace>;
  #outcome: MergeOutcome = "already_up_to_date";
  /** Known once the merge is staged. */
  #base: CommitPlace | null = null;

  constructor(graph: GraphContext, source: OpenBranch, target: OpenBranch) {
    const remembering = ({ ref, head }: OpenBranch) => ({
      ...head.source,
      log: new OnceReadLog(graph.parts.store, ref),
    });
    this.#graph = graph;
    this.#source = { ...source, source: remembering(source) };
    this.#target = { ...target, source: remembering(target) };
    const merged = new MergedParents(graph.parts.store, [this.#source, this.#target]);
    this.#ancestry = { firstParents, mergedParent: ({ commit }) => merged.find(commit) };
  }

  async run(actor: string | null): Promise<{ outcome: MergeOutcome; commit: Commit | null }> {
    const pinned = await headOf(this.#source);
    const commit = await this.#target.writer.publish({
      operation: "merge",
      actor,
      retry: "fail",
      capture: "turn",
      inlineBytesMax: INLINE_MERGE_BYTES_MAX,
      merge: () => ({
        parent: pinned.commit.id,
        from: placeOfSlot(this.#source.ref, pinned.logged.slot),
        base: must(this.#base, "the merge was staged").commit.id,
      }),
      stage: (view) => this.#stage(pinned, view),
    });
    return { outcome: this.#outcome, commit };
  }

  async #stage(source: CommitPlace, view: GraphView): Promise<ChangeSet | null> {
    const target = await ancestorAt(await headOf(this.#target), view.commit.id);
    const { base, way } = await this.#findBase(source, target);
    this.#base = base;
    if (base.commit.id === source.commit.id) {
      this.#outcome = "already_up_to_date";
      return null;
    }
    this.#outcome = base.commit.id === target.commit.id ? "fast_forward" : "merged";
    const [commits, ...states] = await Promise.all([
      this.#commitsBetween(base, source, way),
      this.#stateAt(base),
      this.#stateAt(source),
      this.#stateAt(target),
    ]);
    return await stageMerge(this.#graph.parts, {
      base: states[0],
      source: states[1],
      target: { view, state: states[2] },
      commits,
    });
  }

  async #findBase(source: CommitPlace, target: CommitPlace): Promise<MergeBase<CommitPlace>> {
    const found = await findBase(source, target, this.#ancestry);
    if (found !== null) return found;
    throw new AppError(
      "invalid_input",
      `branches '${this.#source.ref.name}' and '${this.#target.ref.name}' have no common ancestor`,
    );
  }

  /** The commits that touched whatever differs between the base and the source. */
  async #commitsBetween(
    base: CommitPlace,
    source: CommitPlace,
    way: readonly Step<CommitPlace>[],
  ): Promise<readonly Commit[]> {
    const commits = await touchingCommits(way, this.#ancestry);
    if (commits !== null) return commits;
    const { down, up } = await firstParentPath(base, source);
    return [...down, ...up];
  }

  /** The state of a commit; that of a head is in memory. */
  async #stateAt({ source, logged, commit }: CommitPlace): Promise<LoggedState> {
    const known = [this.#source, this.#target].map(({ head }) => head.known);
    return known.find((state) => state.commit.id === commit.id) ?? await openCommit(source, logged, commit);
  }
}

/** A branch whose log is read through what this merge has read of it. */
interface MergedBranch extends OpenBranch {
  readonly source: SnapshotSource;
}

/** Where the newest commit of a branch is. */
async function headOf({ head, source }: MergedBranch): Promise<CommitPlace> {
  return { source, ...await newestCommit(source.log, (await head.latest()).slot) };
}

/** A commit among the first parents of another one, or that one itself. */
async function ancestorAt(from: CommitPlace, id: string): Promise<CommitPlace> {
  for await (const place of firstParents(from)) if (place.commit.id === id) return place;
  throw new AppError("integrity_error", `commit '${id}' is not on its branch any more: the log is damaged`);
}
