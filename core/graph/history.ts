/**
 * The commits of a branch as a list, and one commit by its id.
 *
 * Invariant: what is remembered are facts about filled slots, which never change, all commits of a slot, whichever branch
 * asked. Records that restate commits are left out.
 */
import { assert } from "../base/assert.ts";
import type { BranchRef } from "./branches.ts";
import type { Commit } from "./commit.ts";
import type { CommitOutput } from "./graph.ts";
import { CHUNK_SLOTS, chunkEnd, chunkOf, type HistoryEntry, readChunk, storeChunk } from "./history_index.ts";
import { BranchLog, type LogSlot, type LogStore } from "./log.ts";
import { commitOutput } from "./results.ts";

/** A commit and the log object that holds it. */
export interface FoundCommit {
  readonly logged: LogSlot;
  readonly commit: Commit;
}

/** Own slots of one incarnation that were read, without gaps from its first one. */
interface Segment {
  through: number;
  readonly entries: HistoryEntry[];
}

/** Slots around the expected place of an id that are looked at; clocks of several writers may differ a little. */
const NEIGHBOURS = 8;

/** Remembers the commits of all branches of one graph, as far as someone asked for them. */
export class CommitHistory {
  readonly #store: LogStore;
  readonly #segments = new Map<string, Segment>();
  /** Chunks on their way into the store. */
  readonly #storing = new Set<Promise<void>>();

  constructor(store: LogStore) {
    this.#store = store;
  }

  /** Commits of a branch up to slot `head`, inherited ones included, newest first. */
  async list(ref: BranchRef, head: number): Promise<CommitOutput[]> {
    const outputs: CommitOutput[] = [];
    for (const { incarnation, from, to, sequence } of segmentsOf(ref, head)) {
      for (const { slot, output } of (await this.#read(incarnation, from, to)).entries) {
        if (slot > to) break;
        if (output.graph_manifest_version <= sequence) outputs.push(output);
      }
    }
    return outputs.reverse();
  }

  /** Waits for what is being stored. */
  async settle(): Promise<void> {
    await Promise.all(this.#storing);
  }

  /** Forgets a branch that is gone. */
  forget(incarnation: string): void {
    this.#segments.delete(incarnation);
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
    const { entries } = await this.#read(ref.incarnation, from, head);
    const entry = entries.find(({ output }) => output.graph_commit_id === id);
    return entry === undefined ? null : await findIn(log, entry.slot, id);
  }

  /** Reads own slots of an incarnation from its first one, `from`, through `to`, unless they were read before. */
  async #read(incarnation: string, from: number, to: number): Promise<Segment> {
    let segment = this.#segments.get(incarnation);
    if (segment === undefined) {
      segment = { through: from - 1, entries: [] };
      this.#segments.set(incarnation, segment);
    }
    while (segment.through < to) {
      const start = segment.through + 1;
      const chunk = chunkOf(start);
      const end = chunkEnd(chunk);
      // In the middle of a chunk its beginning is known.
      const isWhole = start === Math.max(from, end - CHUNK_SLOTS + 1) && to >= end;
      const stored = isWhole ? await readChunk(this.#store, incarnation, chunk) : null;
      const entries = stored ?? await this.#readSlots(incarnation, start, Math.min(to, end));
      if (segment.through !== start - 1) continue; // another caller was faster
      segment.entries.push(...entries);
      segment.through = Math.min(to, end);
      if (isWhole && stored === null) this.#keep(incarnation, chunk, entries);
    }
    return segment;
  }

  async #readSlots(incarnation: string, from: number, to: number): Promise<HistoryEntry[]> {
    // The whole log: a branch that inherits some of it may show less of its last slot.
    const log = new BranchLog(this.#store, { ...WHOLE_LOG, incarnation });
    const entries: HistoryEntry[] = [];
    for (const { slot, commits } of await log.readRange(from, to)) {
      for (const commit of commits) {
        if (!restates(commit)) entries.push({ slot, output: commitOutput(commit) });
      }
    }
    return entries;
  }

  /** Stores a chunk in the background. It only saves time: a store that cannot be written to is none of our business. */
  #keep(incarnation: string, chunk: number, entries: readonly HistoryEntry[]): void {
    const storing: Promise<void> = storeChunk(this.#store, incarnation, chunk, entries)
      .catch(() => {})
      .finally(() => this.#storing.delete(storing));
    this.#storing.add(storing);
  }
}

/** Slots of one log that belong to a branch, and the last sequence among them that does. */
interface Part {
  readonly incarnation: string;
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
}

/** The logs whose slots make up a branch, oldest first. */
function segmentsOf(ref: BranchRef, head: number): Part[] {
  const parts: Part[] = [];
  let from = 1;
  // A nearer fork may be at an older commit of the same slot.
  let sequence = Infinity;
  const ends = ref.ancestry.map((ancestor) => {
    sequence = Math.min(sequence, ancestor.sequence);
    return { ...ancestor, sequence };
  });
  for (const { incarnation, slot, sequence } of ends.toReversed()) {
    if (slot >= from) parts.push({ incarnation, from, to: slot, sequence });
    from = Math.max(from, slot + 1);
  }
  if (head >= from) parts.push({ incarnation: ref.incarnation, from, to: head, sequence: Infinity });
  return parts;
}

const WHOLE_LOG: BranchRef = {
  name: "",
  incarnation: "",
  forkedFrom: null,
  ancestry: [],
  createdAt: 0,
  createdBy: null,
};

function restates({ operation }: Commit): boolean {
  return operation === "fold" || operation === "end";
}

/** The newest commit at or before a filled slot. */
export async function newestCommit(log: BranchLog, slot: number): Promise<FoundCommit> {
  for (let at = slot;; at--) {
    const logged = await log.read(at);
    assert(logged !== null, "slots up to the head are filled, and the first one holds genesis");
    const commit = logged.commits.findLast((commit) => !restates(commit));
    if (commit !== undefined) return { logged, commit };
  }
}

async function findIn(log: BranchLog, slot: number, id: string): Promise<FoundCommit | null> {
  const logged = await log.read(slot);
  const commit = logged === null ? null : pick(logged, id);
  return logged === null || commit === null ? null : { logged, commit };
}

function pick(logged: LogSlot, id: string): Commit | null {
  return logged.commits.find((commit) => commit.id === id && !restates(commit)) ?? null;
}
