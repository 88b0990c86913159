/**
 * A baseline: everything that a branch holds at its head, and the cursor from which the feed tells what came after. The
 * cursor is the last line, so whoever has it has the whole:
 *
 *   {"baseline":{"snapshot_commit_id":"…","resume_cursor":"…"}}
 */
import { MAIN, parseBranchName } from "../branch_name.ts";
import { type ExportChunks, exportChunks, exportedTypes } from "../export.ts";
import type { ExportOutput } from "../graph.ts";
import type { GraphContext } from "../graph_context.ts";
import type { ChangeFilter } from "./change.ts";
import { cursorOf } from "./feed.ts";
import { normalFilter } from "./filter.ts";

/**
 * Opens a baseline of a branch. Kinds and types choose what is exported; operations only bind the cursor, as the others do.
 *
 * @throws AppError `branch_not_found`; `invalid_input` for a type that the head does not have.
 */
export async function openBaseline(
  context: GraphContext,
  request: ChangeFilter & { readonly branch?: string },
): Promise<ExportOutput> {
  const filter = normalFilter(request);
  const branch = await context.branch(parseBranchName(request.branch ?? MAIN));
  const state = await branch.head.latest();
  const { cache, graphId } = context.parts;
  const types = exportedTypes(state.catalog, filter.types ?? [])
    .filter(({ kind }) => filter.kinds === null || filter.kinds.includes(kind));
  const commit = state.commit.id;
  const last = {
    baseline: {
      snapshot_commit_id: commit,
      resume_cursor: cursorOf(graphId, branch, filter, { slot: state.slot, commit }),
    },
  };
  const chunks = exportChunks(() => cache.view(state), types);
  return { graph_commit_id: commit, chunks: withLastLine(chunks, JSON.stringify(last)) };
}

async function* withLastLine(chunks: ExportChunks, line: string): ExportChunks {
  yield* chunks;
  yield new TextEncoder().encode(line + "\n");
}
