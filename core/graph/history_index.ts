/**
 * Chunks of a log in short, so that listing a long history reads few objects:
 *
 *   __manifest/log/<incarnation>/history/<chunk>.json
 *     { "format": 1, "commits": [ [slot, id, branch, sequence, parent, merged parent, actor, created at], … ] }
 *
 * Chunk c is about the slots from 256·c + 1 to 256·(c + 1), of a forked log about those of them that are its own.
 *
 * Invariants: only facts about filled slots, which never change, so a chunk is never out of date. It is derived: whoever
 * reads a whole chunk of slots stores it, one that is missing or damaged costs time, and where nothing can be written
 * nothing is stored.
 */
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN } from "./branch_name.ts";
import type { CommitOutput } from "./graph.ts";

/** Slots of one chunk. */
export const CHUNK_SLOTS = 256;

const FORMAT = 1;

/** A commit as it is listed, and its slot. */
export interface HistoryEntry {
  readonly slot: number;
  readonly output: CommitOutput;
}

/** The chunk that a slot is in. */
export function chunkOf(slot: number): number {
  return Math.floor((slot - 1) / CHUNK_SLOTS);
}

/** The last slot of a chunk. */
export function chunkEnd(chunk: number): number {
  return (chunk + 1) * CHUNK_SLOTS;
}

/** The commits of a chunk, oldest first, or null when it is not stored, or damaged. */
export async function readChunk(
  store: Pick<ObjectStore, "get">,
  incarnation: string,
  chunk: number,
): Promise<HistoryEntry[] | null> {
  const found = await store.get(keyOf(incarnation, chunk));
  if (found === null) return null;
  try {
    return decode(JSON.parse(new TextDecoder().decode(found.bytes)), chunk);
  } catch {
    return null;
  }
}

/** Stores a chunk, all of whose slots are filled. */
export async function storeChunk(
  store: Pick<ObjectStore, "put">,
  incarnation: string,
  chunk: number,
  entries: readonly HistoryEntry[],
): Promise<void> {
  const commits = entries.map(({ slot, output: commit }) => [
    slot,
    commit.graph_commit_id,
    commit.graph_branch ?? MAIN,
    commit.graph_manifest_version,
    commit.parent_commit_id,
    commit.merged_parent_commit_id,
    commit.actor_id,
    commit.created_at,
  ]);
  const text = JSON.stringify({ format: FORMAT, commits });
  await store.put(keyOf(incarnation, chunk), new TextEncoder().encode(text));
}

function keyOf(incarnation: string, chunk: number): string {
  return `__manifest/log/${incarnation}/history/${chunk}.json`;
}

function decode(value: unknown, chunk: number): HistoryEntry[] | null {
  const { format, commits } = value as { readonly format?: unknown; readonly commits?: unknown };
  if (format !== FORMAT || !Array.isArray(commits)) return null;
  const entries: HistoryEntry[] = [];
  let sequence = 0;
  for (const row of commits) {
    const entry = decodeRow(row);
    if (entry === null || chunkOf(entry.slot) !== chunk) return null;
    // Along a log every commit counts one further.
    if (sequence !== 0 && entry.output.graph_manifest_version !== sequence + 1) return null;
    sequence = entry.output.graph_manifest_version;
    entries.push(entry);
  }
  return entries;
}

function decodeRow(row: unknown): HistoryEntry | null {
  if (!Array.isArray(row)) return null;
  const [slot, id, branch, sequence, parent, merged, actor, createdAt] = row as readonly unknown[];
  const isSound = [slot, sequence, createdAt].every(Number.isSafeInteger) &&
    [id, branch].every((text) => typeof text === "string") &&
    [parent, merged, actor].every((text) => text === null || typeof text === "string");
  if (!isSound) return null;
  return {
    slot: slot as number,
    output: {
      graph_commit_id: id as string,
      graph_branch: branch === MAIN ? null : branch as string,
      graph_manifest_version: sequence as number,
      parent_commit_id: parent as string | null,
      merged_parent_commit_id: merged as string | null,
      actor_id: actor as string | null,
      created_at: createdAt as number,
    },
  };
}
