/**
 * Loads: into a branch that exists, or into one that the load makes.
 *
 * A branch made by a load and its first commit appear together: the commit is published in the log of an incarnation that
 * no ref names yet, then storing the ref shows both. A rejected batch, or a crash before that, leaves no branch.
 */
import { replayedIds } from "../base/replayed_ids.ts";
import { AppError } from "../errors.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN, parseOwnBranchName } from "./branch_name.ts";
import { branchNotFound } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { nameBranch, refuseTaken } from "./create_branch.ts";
import type { LoadMode, LoadOutput } from "./graph.ts";
import type { Ports } from "./graph_ports.ts";
import type { OpenBranches } from "./open_branches.ts";
import type { PublishRequest } from "./publish_request.ts";
import { commitOutput, loadedTypes } from "./results.ts";
import { parseBatch, type ParsedBatch } from "./write/batch.ts";
import { parseLegacyBatch } from "./write/legacy_batch.ts";
import { stageLoad } from "./write/stage_load.ts";

/** One load; names are parsed, the gate has allowed the change. */
export interface LoadOptions {
  readonly uri: string;
  readonly store: ObjectStore;
  readonly branches: OpenBranches;
  readonly ports: Ports;
  readonly data: Uint8Array;
  /** Whether the data is read as old releases read it. */
  readonly legacy: boolean;
  readonly mode: LoadMode;
  readonly branch: string;
  /** Branch to fork from when `branch` is missing. */
  readonly from: string | null;
  readonly actor: string | null;
  /** Throws unless the actor may create the branch. */
  readonly allowFork: () => void;
}

/** Loads a batch as one commit. Throws what parsing, staging and publishing throw; nothing has changed then. */
export async function loadBatch(options: LoadOptions): Promise<LoadOutput> {
  const existing = await options.branches.find(options.branch);
  if (existing === null) return await loadForked(options);
  const load = batchLoad(options, (await existing.head.latest()).catalog);
  const commit = await existing.writer.publish(load.request);
  return outputOf(options, load.batch(), commit, false);
}

async function loadForked(options: LoadOptions): Promise<LoadOutput> {
  const { branches, ports, branch: name, from, actor } = options;
  if (from === null) {
    if (name === MAIN) throw branchNotFound(name);
    throw new AppError(
      "branch_not_found",
      `branch '${name}' not found: pass \`from\` to fork it from a branch`,
    );
  }
  parseOwnBranchName(name);
  options.allowFork();
  const source = await branches.get(from);
  const head = await source.head.latest();
  const load = batchLoad(options, head.catalog);
  await refuseTaken(options, name);
  const branch = branches.fork({ name, source: source.ref, head, actor });
  const commit = await branch.writer.publish(load.request);
  await ports.failpoint("fork.published");
  if (await nameBranch(options, branch) !== "named") {
    // Someone made the branch meanwhile, or its source is another one now; what was published under our incarnation is
    // garbage without a name.
    await branch.writer.close();
    return await loadBatch(options);
  }
  await ports.failpoint("fork.named");
  return outputOf(options, load.batch(), commit, true);
}

/** The write of a load. Its data is read at once, and again when the schema has moved before it is staged. */
function batchLoad(
  { data, mode, legacy, actor, ports }: LoadOptions,
  catalog: Catalog,
): { readonly request: PublishRequest; readonly batch: () => ParsedBatch } {
  const parse = legacy ? parseLegacyBatch : parseBatch;
  let { digest } = catalog;
  let batch = parse(catalog, data);
  const newIds = replayedIds(ports.newId);
  const request: PublishRequest = {
    operation: "load",
    actor,
    retry: mode === "overwrite" ? "fail" : "redo",
    stage: (view) => {
      if (view.catalog.digest !== digest) {
        batch = parse(view.catalog, data);
        digest = view.catalog.digest;
      }
      return stageLoad(view, batch, mode, newIds());
    },
  };
  return { request, batch: () => batch };
}

function outputOf(
  options: LoadOptions,
  batch: ParsedBatch,
  commit: Commit | null,
  created: boolean,
): LoadOutput {
  return {
    uri: options.uri,
    branch: options.branch,
    base_branch: options.from,
    branch_created: created,
    mode: options.mode,
    nodes: loadedTypes(batch, "node"),
    edges: loadedTypes(batch, "edge"),
    total_entities: batch.records,
    actor_id: options.actor,
    commit: commit === null ? null : commitOutput(commit),
  };
}
