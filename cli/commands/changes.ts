/** `omnigraph commit changes`, `commit diff`, `changes poll`: pages are asked for and written one after another. */
import { blockMembers, changeMembers } from "../../core/api/change_wire.ts";
import type {
  ChangeBlock,
  ChangeFeedOutput,
  CommitChangesOutput,
  DiffOutput,
  PageRequest,
} from "../../core/graph/changes/change.ts";
import { changeFilter, pageFlags } from "../change_flags.ts";
import type { Context } from "../context.ts";
import { withGraph } from "../target.ts";
import { causeLines, changeLines } from "../views/changes.ts";
import { prettyOutput } from "../views/json.ts";
import { JsonStream } from "../views/json_stream.ts";
import { commitArgument } from "./commit.ts";

/** Shows what a commit changed. */
export async function runCommitChanges(context: Context): Promise<number> {
  const { uri, id } = commitArgument(context);
  await withGraph(context, { uri }, (graph) =>
    writePages(context, {
      page: (request) => graph.commitChanges(id, request),
      head: ({ cause }) => ({ cause: blockMembers({ cause, changes: [] }).cause }),
      headLines: ({ cause }) => causeLines(cause),
    }));
  return 0;
}

/** Shows in what two commits differ. */
export async function runCommitDiff(context: Context): Promise<number> {
  const [from, to] = context.args.positionals as [string, string];
  await withGraph(context, {}, (graph) =>
    writePages(context, {
      page: (request) => graph.diff({ ...request, from, to }),
      head: ({ from, to }) => ({ from, to }),
      headLines: (output) => `from: ${output.from.graph_commit_id}\nto: ${output.to.graph_commit_id}\n`,
    }));
  return 0;
}

/** Pages of changes of one thing. */
interface Pages<Page extends CommitChangesOutput | DiffOutput> {
  readonly page: (request: PageRequest) => Promise<Page>;
  /** The members before the changes. */
  readonly head: (page: Page) => Readonly<Record<string, unknown>>;
  readonly headLines: (page: Page) => string;
}

async function writePages<Page extends CommitChangesOutput | DiffOutput>(
  context: Context,
  { page, head, headLines }: Pages<Page>,
): Promise<void> {
  const { args: { values, switches }, output } = context;
  const request = pageFlags(context);
  const pageToken = values.get("page-token");
  const json = switches.has("json");
  if (pageToken !== undefined) {
    const one = await page({ ...request, pageToken });
    const { next_page_token } = one;
    if (json) {
      output.out(prettyOutput({ ...head(one), changes: one.changes.map(changeMembers), next_page_token }));
    } else {
      output.out(headLines(one) + one.changes.map(changeLines).join(""));
      if (next_page_token !== undefined) output.out(`\nnext_page_token: ${next_page_token}\n`);
    }
    return;
  }
  let current = await page(request);
  const stream = new JsonStream((text) => output.out(text));
  if (json) {
    stream.object();
    for (const [name, value] of Object.entries(head(current))) stream.value(value, name);
    stream.list("changes");
  } else output.out(headLines(current));
  for (;; current = await page({ ...request, pageToken: current.next_page_token })) {
    if (json) { for (const change of current.changes) stream.value(changeMembers(change)); }
    else output.out(current.changes.map(changeLines).join(""));
    if (current.next_page_token === undefined) break;
  }
  if (!json) return;
  stream.end();
  stream.end();
}

/** Shows the commits of a branch since a position, and the position to go on from. */
export async function runChangesPoll(context: Context): Promise<number> {
  const { values, switches } = context.args;
  const branch = values.get("branch");
  const request = { ...pageFlags(context), ...(branch === undefined ? {} : { branch }) };
  const [cursor, start] = [values.get("cursor"), values.get("start")];
  const first = {
    ...request,
    ...(cursor === undefined ? {} : { cursor }),
    ...(start === undefined ? {} : { start }),
  };
  await withGraph(context, {}, async (graph) => {
    const writer = switches.has("json") ? new JsonFeed(context) : new TextFeed(context);
    let page = await graph.pollChanges(first);
    while (true) {
      for (const block of page.blocks) writer.block(block);
      if (page.next_page_token === undefined) break;
      page = await graph.pollChanges({ ...request, pageToken: page.next_page_token });
    }
    writer.end(page);
  });
  return 0;
}

/** A feed as one JSON document. A block that is split over pages is one. */
class JsonFeed {
  readonly #stream: JsonStream;
  #commit: string | null = null;

  constructor({ output }: Context) {
    this.#stream = new JsonStream((text) => output.out(text));
    this.#stream.object();
    this.#stream.list("blocks");
  }

  block(block: ChangeBlock): void {
    const { cause, changes } = blockMembers(block);
    if (cause.graph_commit_id !== this.#commit) {
      this.#endBlock();
      this.#stream.object();
      this.#stream.value(cause, "cause");
      this.#stream.list("changes");
      this.#commit = cause.graph_commit_id;
    }
    for (const change of changes) this.#stream.value(change);
  }

  end({ cursor, caught_up }: ChangeFeedOutput): void {
    this.#endBlock();
    this.#stream.end();
    this.#stream.value(cursor, "cursor");
    this.#stream.value(caught_up, "caught_up");
    this.#stream.end();
  }

  #endBlock(): void {
    if (this.#commit === null) return;
    this.#stream.end();
    this.#stream.end();
  }
}

/** A feed as text. */
class TextFeed {
  readonly #out: (text: string) => void;
  #commit: string | null = null;

  constructor({ output }: Context) {
    this.#out = (text) => output.out(text);
  }

  block({ cause, changes }: ChangeBlock): void {
    if (cause.graph_commit_id !== this.#commit) {
      this.#out((this.#commit === null ? "" : "\n") + causeLines(cause));
      this.#commit = cause.graph_commit_id;
    }
    this.#out(changes.map(changeLines).join(""));
  }

  end({ cursor, caught_up }: ChangeFeedOutput): void {
    if (this.#commit === null) this.#out("(no new commits)\n");
    this.#out(`\ncursor: ${cursor}\ncaught_up: ${caught_up}\n`);
  }
}

/** Writes everything a branch holds to a file, and shows the cursor of what comes after. */
export async function runChangesBaseline(context: Context): Promise<number> {
  const { installBaseline } = await import("../baseline_file.ts");
  const { values, switches } = context.args;
  const branch = values.get("branch");
  const request = { ...changeFilter(context), ...(branch === undefined ? {} : { branch }) };
  const installed = await installBaseline(
    context.cwd,
    values.get("out")!,
    (take) =>
      withGraph(context, {}, async (graph) => {
        const { chunks } = await graph.baseline(request);
        for await (const chunk of chunks) await take(chunk);
      }),
  );
  const { snapshot_commit_id, resume_cursor, path } = installed;
  context.output.out(
    switches.has("json")
      ? prettyOutput({ snapshot_commit_id, resume_cursor })
      : `snapshot: ${path}\nsnapshot_commit_id: ${snapshot_commit_id}\nresume_cursor: ${resume_cursor}\n`,
  );
  return 0;
}
