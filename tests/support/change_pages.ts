/** All pages of changes, for tests that compare pages with the whole. */
import type {
  ChangeBlock,
  CommitChangesOutput,
  DiffOutput,
  EntityChange,
  PageRequest,
  PollRequest,
} from "../../core/graph/changes/change.ts";
import type { Graph } from "../../core/graph/graph.ts";

/** The changes of a commit from all its pages. */
export async function allChanges(
  graph: Pick<Graph, "commitChanges">,
  id: string,
  request: PageRequest = {},
): Promise<EntityChange[]> {
  return await joined((pageToken) => graph.commitChanges(id, { ...request, ...pageToken }));
}

/** The differences between two commits from all pages. */
export async function allDifferences(
  graph: Pick<Graph, "diff">,
  request: PageRequest & { readonly from: string; readonly to: string },
): Promise<EntityChange[]> {
  return await joined((pageToken) => graph.diff({ ...request, ...pageToken }));
}

async function joined(
  page: (token: { readonly pageToken?: string }) => Promise<CommitChangesOutput | DiffOutput>,
): Promise<EntityChange[]> {
  const changes: EntityChange[] = [];
  let output = await page({});
  changes.push(...output.changes);
  while (output.next_page_token !== undefined) {
    output = await page({ pageToken: output.next_page_token });
    changes.push(...output.changes);
  }
  return changes;
}

/** One poll: its blocks joined over all pages, and where it ended. */
export async function wholePoll(
  graph: Pick<Graph, "pollChanges">,
  request: PollRequest,
): Promise<{ readonly blocks: ChangeBlock[]; readonly cursor: string; readonly caughtUp: boolean }> {
  const { cursor: _cursor, start: _start, ...rest } = request;
  const blocks: ChangeBlock[] = [];
  let output = await graph.pollChanges(request);
  while (true) {
    for (const block of output.blocks) {
      const last = blocks.at(-1);
      if (last?.cause.graph_commit_id !== block.cause.graph_commit_id) blocks.push(block);
      else blocks[blocks.length - 1] = { ...last, changes: [...last.changes, ...block.changes] };
    }
    if (output.next_page_token === undefined) break;
    output = await graph.pollChanges({ ...rest, pageToken: output.next_page_token });
  }
  return { blocks, cursor: output.cursor!, caughtUp: output.caught_up! };
}

/** The blocks of a feed from a start to the head, from as many polls as it takes. */
export async function wholeFeed(
  graph: Pick<Graph, "pollChanges">,
  request: PollRequest,
): Promise<ChangeBlock[]> {
  const { start: _start, ...rest } = request;
  const blocks: ChangeBlock[] = [];
  let poll = await wholePoll(graph, request);
  blocks.push(...poll.blocks);
  while (!poll.caughtUp) {
    poll = await wholePoll(graph, { ...rest, cursor: poll.cursor });
    blocks.push(...poll.blocks);
  }
  return blocks;
}
