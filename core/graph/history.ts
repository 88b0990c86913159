/**
 * The commits of a branch as a list, and one commit by its id.
 *
 * Invariant: what is remembered are facts about filled slots, which never change. Folds restate commits and are left out.
 */
import { assert } from "../base/assert.ts";
import type { BranchRef } from "./branches.ts";
import type { Commit } from "./commit.ts";
import type { CommitOutput } from "./graph.ts";
import type { BranchLog, LogSlot } from "./log.ts";
import { commitOutput } from "./results.ts";

/** A commit and the log object that holds it. */
export interface FoundCommit {
  readonly logged: LogSlot;
  readonly commit: Commit;
}

/** A commit as remembered. */
interface Entry {
  readonly slot: number;
  readonly output: CommitOutput;
}

/** Own slots of one incarnation that were read, without gaps from its first one. */
interface Segment {
  through: number;
  readonly entries: Entry[];
}

/** Slots around the expected place of an id that are looked at; clocks of several writers may differ a little. */
const NEIGHBOURS = 8;
/** Slots read between two looks at what came in. */
const READ_STEP = 512;

/** Remembers the commits of all branches of one graph, as far as someone asked for them. */
export class CommitHistory {
  readonly #segments = new Map<string, Segment>();

  /** Commits of a branch up to slot `head`, inherited ones included, newest first. */
  async list(ref: BranchRef, log: BranchLog, head: number): Promise<CommitOutput[]> {
    const outputs: CommitOutput[] = [];
    for (const part of segmentsOf(ref, head)) {
      const segment = await this.#read(part.incarnation, log, part.from, part.to);
      for (const { slot, output } of segment.entries) if (slot <= part.to) outputs.push(output);
    }
    return outputs.reverse();
  }

  /**
   * A commit among the own slots of a branch, at the place where it belongs by its id; null when it is not there. Ids sort
   * by time, and slots do too unless the clocks of writers differ.
   */
  async findNear(log: BranchLog, head: number, id: string): Promise<FoundCommit | null> {
    const from = log.forkSlot + 1;
    if (head < from) return null;
    let low = from;
    let high = head;
    while (low < high) {
      const middle = low + ((high - low) >> 1);
      const logged = await log.read(middle);
      assert(logged !== null, "slots up to the head are filled");
      if (logged.commits.at(-1)!.id < id) low = middle + 1;
      else high = middle;
    }
    const first = Math.max(from, low - NEIGHBOURS);
    const slots = await log.readRange(first, Math.min(head, low + NEIGHBOURS));
    for (const logged of slots) {
      const commit = pick(logged, id);
      if (commit !== null) return { logged, commit };
    }
    return null;
  }

  /** A commit among the own slots of a branch, wherever it is, or null. Reads all slots that were not read before. */
  async find(ref: BranchRef, log: BranchLog, head: number, id: string): Promise<FoundCommit | null> {
    const from = log.forkSlot + 1;
    if (head < from) return null;
    const { entries } = await this.#read(ref.incarnation, log, from, head);
    const entry = entries.find(({ output }) => output.graph_commit_id === id);
    return entry === undefined ? null : await findIn(log, entry.slot, id);
  }

  async #read(incarnation: string, log: BranchLog, from: number, to: number): Promise<Segment> {
    let segment = this.#segments.get(incarnation);
    if (segment === undefined) {
      segment = { through: from - 1, entries: [] };
      this.#segments.set(incarnation, segment);
    }
    while (segment.through < to) {
      const start = segment.through + 1;
      const slots = await log.readRange(start, Math.min(to, start + READ_STEP - 1));
      if (segment.through !== start - 1) continue; // another caller was faster
      for (const { slot, commits } of slots) {
        for (const commit of commits) {
          if (commit.operation !== "fold") segment.entries.push({ slot, output: commitOutput(commit) });
        }
        segment.through = slot;
      }
    }
    return segment;
  }
}

/** The incarnations whose slots make up a branch, oldest first. */
function segmentsOf(ref: BranchRef, head: number): { incarnation: string; from: number; to: number }[] {
  const parts: { incarnation: string; from: number; to: number }[] = [];
  let from = 1;
  for (const { incarnation, slot } of ref.ancestry.toReversed()) {
    if (slot >= from) parts.push({ incarnation, from, to: slot });
    from = Math.max(from, slot + 1);
  }
  if (head >= from) parts.push({ incarnation: ref.incarnation, from, to: head });
  return parts;
}

/** The newest commit at or before a filled slot. */
export async function newestCommit(log: BranchLog, slot: number): Promise<FoundCommit> {
  for (let at = slot;; at--) {
    const logged = await log.read(at);
    assert(logged !== null, "slots up to the head are filled, and the first one holds genesis");
    const commit = logged.commits.findLast(({ operation }) => operation !== "fold");
    if (commit !== undefined) return { logged, commit };
  }
}

async function findIn(log: BranchLog, slot: number, id: string): Promise<FoundCommit | null> {
  const logged = await log.read(slot);
  const commit = logged === null ? null : pick(logged, id);
  return logged === null || commit === null ? null : { logged, commit };
}

function pick(logged: LogSlot, id: string): Commit | null {
  return logged.commits.find((commit) => commit.id === id && commit.operation !== "fold") ?? null;
}
