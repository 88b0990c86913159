/**
 * The change feed of a branch: a block per commit, oldest first along first parents, inherited commits included.
 *
 * A poll reads up to the head that its first request saw (its cut), over one page or several. The reader owns its position:
 *
 *   page ends                        it carries                     holds
 *   inside a commit                  page token                     cut, commits delivered, position, ordinal in the next
 *   after a commit, or at the cut    cursor                         position: the last commit delivered as a whole
 *
 * A commit that cannot be rebuilt ends the page before it; as the first one it is the answer.
 */
import { must } from "../../base/assert.ts";
import { FEED_COMMITS_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import { MAIN, parseBranchName } from "../branch_name.ts";
import type { Commit } from "../commit.ts";
import type { GraphContext } from "../graph_context.ts";
import { isRestatement } from "../lineage.ts";
import type { BranchLog, LogSlot } from "../log.ts";
import type { LoggedState } from "../logged_state.ts";
import type { OpenBranch } from "../open_branches.ts";
import { touchedBy } from "../touched.ts";
import type { ChangeBlock, ChangeFeedOutput, PollRequest } from "./change.ts";
import { causeOf } from "./commit_changes.ts";
import { stateAfter, stateBefore } from "./commit_states.ts";
import type { Comparisons } from "./comparisons.ts";
import { type Filter, filterDigest, normalFilter, refuseUnknownTypes } from "./filter.ts";
import { PageRoom } from "./page.ts";
import { decodeToken, encodeToken, rejected, type TokenPlace } from "./token.ts";

/** A commit of the feed and a slot that names it; the feed goes on after it. */
interface Position {
  readonly slot: number;
  readonly commit: string;
}

/** Where a page of a poll begins. */
interface Start {
  readonly position: Position;
  /** Ordinal in the commit after the position. */
  readonly at: number;
  /** Commits that earlier pages of the poll delivered. */
  readonly delivered: number;
  /** The slot of the head that the poll's first request saw. */
  readonly cut: number;
}

/** A record of the log and its slot. */
interface Entry {
  readonly logged: LogSlot;
  readonly commit: Commit;
}

const SCOPE_NAMES = ["graph", "branch, or for an earlier life of it", "filter"];

/** One page of a poll. Throws `AppError` `branch_not_found`, `cursor_rejected`, and when the first commit cannot be rebuilt. */
export async function pollChanges(
  context: GraphContext,
  comparisons: Comparisons,
  request: PollRequest,
): Promise<ChangeFeedOutput> {
  refuseSeveral(request);
  const room = new PageRoom(request.limit);
  const filter = normalFilter(request);
  const branch = await context.branch(parseBranchName(request.branch ?? MAIN));
  return await new Poll(context, comparisons, branch, filter).page(request, room);
}

/** The cursor of a commit: the feed goes on after it. */
export function cursorOf(graphId: string, branch: OpenBranch, filter: Filter, position: Position): string {
  const scope = [graphId, branch.ref.incarnation, filterDigest(filter)];
  return encodeToken("cursor", { scope, at: { slot: position.slot, commit: position.commit } });
}

function positionIn(place: TokenPlace): Position {
  return { slot: place.count("slot"), commit: place.text("commit") };
}

function refuseSeveral({ cursor, start, pageToken }: PollRequest): void {
  if ([cursor, start, pageToken].filter((given) => given !== undefined).length < 2) return;
  throw new AppError(
    "invalid_input",
    "`cursor`, `start` and `page_token` exclude each other: give one of them",
  );
}

class Poll {
  readonly #context: GraphContext;
  readonly #comparisons: Comparisons;
  readonly #branch: OpenBranch;
  readonly #log: BranchLog;
  readonly #filter: Filter;
  readonly #scope: readonly string[];

  constructor(context: GraphContext, comparisons: Comparisons, branch: OpenBranch, filter: Filter) {
    this.#context = context;
    this.#comparisons = comparisons;
    this.#branch = branch;
    this.#log = branch.head.source.log;
    this.#filter = filter;
    this.#scope = [context.parts.graphId, branch.ref.incarnation, filterDigest(filter)];
  }

  async page(request: PollRequest, room: PageRoom): Promise<ChangeFeedOutput> {
    const start = await this.#start(request);
    const blocks: ChangeBlock[] = [];
    let { position, at } = start;
    let state: LoggedState | null = null;
    for await (const { logged, commit } of this.#entries(position, start.cut)) {
      if (isRestatement(commit)) {
        if (state !== null) state = await stateAfter(state, this.#branch.head.source, logged.slot, commit);
        continue;
      }
      if (start.delivered + blocks.length >= FEED_COMMITS_MAX || room.isFull) break;
      const made = await this.#block({ logged, commit }, state, at, room)
        .catch((error: unknown) => this.#unreadable(error, commit, position, blocks));
      if (made === null || (made.block.changes.length === 0 && made.next !== null)) break;
      blocks.push(made.block);
      if (made.next !== null) {
        const delivered = start.delivered + blocks.length - 1;
        return {
          blocks,
          next_page_token: this.#pageToken({ position, at: made.next, delivered, cut: start.cut }),
        };
      }
      position = { slot: logged.slot, commit: commit.id };
      [state, at] = [made.state, 0];
    }
    const newest = await this.#branch.head.latest();
    return { blocks, cursor: this.#cursor(position), caught_up: position.commit === newest.commit.id };
  }

  /** The changes of one commit, as many as there is room for; and the state after it, if it had to be opened. */
  async #block({ logged, commit }: Entry, known: LoggedState | null, at: number, room: PageRoom) {
    const { source } = this.#branch.head;
    let state: LoggedState | null = null;
    const { changes, next } = await this.#comparisons.take({
      from: must(commit.parent, "genesis is no block"),
      to: commit.id,
      filter: this.#filter,
      at,
      room,
      looksUp: false,
      knowsTypes: false,
      find: async () => {
        const [before, touched] = await Promise.all([
          known ?? stateBefore({ source, logged, commit }),
          touchedBy(this.#context.parts.store, commit),
        ]);
        state = await stateAfter(before, source, logged.slot, commit);
        return { before, after: state, touched };
      },
    });
    return { block: { cause: causeOf(commit), changes }, next, state: state as LoggedState | null };
  }

  /** What cannot be rebuilt ends the page; null says so when the page has something. */
  #unreadable(error: unknown, commit: Commit, position: Position, blocks: readonly ChangeBlock[]): null {
    if (!(error instanceof AppError)) throw error;
    const isGap = error.code === "historical_version_reclaimed";
    if (!isGap && error.code !== "change_diff_refused") throw error;
    if (blocks.length > 0) return null;
    if (!isGap) throw error;
    const gap = { cursor: this.#cursor(position), first_unreadable_commit_id: commit.id };
    throw new AppError(error.code, error.message, { detail: { change_feed_gap: gap }, cause: error });
  }

  async #start(request: PollRequest): Promise<Start> {
    const { cursor, pageToken, start = "now" } = request;
    const { slot: cut, commit: { id: head }, catalog } = await this.#branch.head.latest();
    const fresh = { at: 0, delivered: 0, cut };
    if (pageToken !== undefined) {
      const place = decodeToken(pageToken, "feed", this.#scope, SCOPE_NAMES);
      const [at, delivered, firstCut] = [place.count("at"), place.count("delivered"), place.count("cut")];
      if (firstCut > cut) throw rejected("it is ahead of the branch");
      return { position: await this.#known(positionIn(place), cut), at, delivered, cut: firstCut };
    }
    if (cursor !== undefined) {
      const place = decodeToken(cursor, "cursor", this.#scope, SCOPE_NAMES);
      return { ...fresh, position: await this.#known(positionIn(place), cut) };
    }
    refuseUnknownTypes(this.#filter, [catalog]);
    if (start === "now") return { ...fresh, position: { slot: cut, commit: head } };
    if (start === "beginning") {
      const [genesis] = (await this.#log.readRange(1, 1))[0]!.commits;
      return { ...fresh, position: { slot: 1, commit: genesis!.id } };
    }
    if (!start.startsWith("after:")) {
      throw new AppError(
        "invalid_input",
        `start '${start}' is not valid: use now, beginning or after:<commit id>`,
      );
    }
    return { ...fresh, position: await this.#after(start.slice("after:".length), cut) };
  }

  /** The position of a commit that must be on this branch. */
  async #after(id: string, cut: number): Promise<Position> {
    const place = await this.#context.parts.branches.place(id).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "commit_not_found") throw this.#offChain(id);
      throw error;
    });
    return await this.#known({ slot: place.logged.slot, commit: id }, cut);
  }

  /** Checks that a slot of this branch names a commit. */
  async #known(position: Position, cut: number): Promise<Position> {
    const logged = position.slot > cut ? null : await this.#log.read(position.slot);
    if (logged?.commits.some(({ id }) => id === position.commit)) return position;
    throw this.#offChain(position.commit);
  }

  #offChain(id: string): AppError {
    return rejected(`commit '${id}' is not on branch '${this.#branch.ref.name}'`);
  }

  /** The records after a position up to a slot, oldest first. */
  async *#entries({ slot, commit }: Position, cut: number): AsyncGenerator<Entry> {
    let isAfter = false;
    for (let from = slot, size = 1; from <= cut; from += size, size = Math.min(size * 2, FEED_COMMITS_MAX)) {
      for (const logged of await this.#log.readRange(from, Math.min(cut, from + size - 1))) {
        for (const each of logged.commits) {
          if (isAfter) yield { logged, commit: each };
          else isAfter = each.id === commit;
        }
      }
    }
  }

  #cursor(position: Position): string {
    return cursorOf(this.#context.parts.graphId, this.#branch, this.#filter, position);
  }

  #pageToken({ position, at, delivered, cut }: Start): string {
    return encodeToken("feed", { scope: this.#scope, at: { ...position, at, delivered, cut } });
  }
}
