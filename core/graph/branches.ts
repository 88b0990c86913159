/**
 * Branch refs: `__manifest/branches/<encoded name>.json`.
 *
 *   { "name", "incarnation", "forked_from": { "incarnation", "slot", "commit", "sequence" } | null,
 *     "ancestry": [ { "incarnation", "slot" }, … ], "created_at", "created_by" }
 *
 * Invariants: a ref is created once and never rewritten; an incarnation (ULID) belongs to one life of one name, so a
 * re-created name never meets old data. `ancestry` repeats the fork points from the nearest source up to main: slots up
 * to and including `slot` are read from that incarnation's log, which makes every slot resolvable from the ref alone.
 */
import { prettyJson } from "../base/json.ts";
import type { Clock } from "../base/ports.ts";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { decodeBranchName, encodeBranchName, findPathConflict, MAIN } from "./branch_name.ts";
import type { Commit } from "./commit.ts";

/** The commit a branch started from. */
export interface ForkPoint {
  readonly incarnation: string;
  readonly slot: number;
  readonly commit: string;
  readonly sequence: number;
}

/** Up to and including `slot`, the log of `incarnation` (or of its own sources) is inherited. */
export interface Ancestor {
  readonly incarnation: string;
  readonly slot: number;
}

/** One life of one branch name. */
export interface BranchRef {
  readonly name: string;
  readonly incarnation: string;
  readonly forkedFrom: ForkPoint | null;
  /** Nearest source first; empty on main. */
  readonly ancestry: readonly Ancestor[];
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
  readonly createdBy: string | null;
}

const FOLDER = "__manifest/branches";

function keyOf(name: string): string {
  return `${FOLDER}/${encodeBranchName(name)}.json`;
}

/** A ref for a new branch at the head of another one. Nothing is stored yet. */
export function forkRef(options: {
  readonly name: string;
  readonly incarnation: string;
  readonly source: BranchRef;
  readonly head: { readonly slot: number; readonly commit: Commit };
  readonly actor: string | null;
  readonly clock: Clock;
}): BranchRef {
  const { name, incarnation, source, head, actor, clock } = options;
  return {
    name,
    incarnation,
    forkedFrom: {
      incarnation: source.incarnation,
      slot: head.slot,
      commit: head.commit.id,
      sequence: head.commit.sequence,
    },
    ancestry: [{ incarnation: source.incarnation, slot: head.slot }, ...source.ancestry],
    createdAt: clock.nowMs(),
    createdBy: actor,
  };
}

/** Stores a ref unless the name is taken; returns whether it was stored. */
export async function putRef(store: ObjectStore, ref: BranchRef): Promise<boolean> {
  const { name, incarnation, forkedFrom, ancestry, createdAt, createdBy } = ref;
  const text = prettyJson({
    name,
    incarnation,
    forked_from: forkedFrom,
    ancestry,
    created_at: createdAt,
    created_by: createdBy,
  });
  return await store.putIfAbsent(keyOf(name), new TextEncoder().encode(text)) !== null;
}

/** The ref of a live branch, or null. Throws `AppError("integrity_error")` when the object is damaged. */
export async function readRef(store: ObjectStore, name: string): Promise<BranchRef | null> {
  const key = keyOf(name);
  const found = await store.get(key);
  return found === null ? null : decodeRef(found.bytes, key, name);
}

/** Names of all live branches, ascending. */
export async function listBranches(store: ObjectStore): Promise<string[]> {
  const files = await store.list(FOLDER);
  return files.filter((file) => file.endsWith(".json")).map((file) => decodeBranchName(file.slice(0, -5)))
    .sort();
}

/** Refuses a name that exists or that is a path ancestor or descendant of a live branch. */
export async function refuseTaken(store: ObjectStore, name: string): Promise<void> {
  const live = await listBranches(store);
  if (live.includes(name)) throw new AppError("branch_exists", `branch '${name}' already exists`);
  refusePathConflict(name, live);
}

/**
 * Creates a branch by storing its ref.
 *
 * @throws AppError `branch_exists` when the name is taken or a live branch is its path ancestor or descendant.
 */
export async function createBranch(store: ObjectStore, ref: BranchRef): Promise<void> {
  await refuseTaken(store, ref.name);
  if (!await putRef(store, ref)) throw new AppError("branch_exists", `branch '${ref.name}' already exists`);
  await refuseLatePathConflict(store, ref.name);
}

/**
 * Two racing creates of `a` and `a/b` may both pass the first look. Each looks again after storing its ref, so at least
 * the later one sees the other and takes its own ref back.
 */
export async function refuseLatePathConflict(store: ObjectStore, name: string): Promise<void> {
  try {
    refusePathConflict(name, await listBranches(store));
  } catch (error) {
    await store.delete(keyOf(name));
    throw error;
  }
}

function refusePathConflict(name: string, live: readonly string[]): void {
  const other = findPathConflict(name, live);
  if (other === null) return;
  throw new AppError(
    "branch_exists",
    `branch '${name}' cannot live beside branch '${other}': one name is a path inside the other, choose another name`,
  );
}

/** The error for a branch that does not exist. */
export function branchNotFound(name: string): AppError {
  const hint = name === MAIN ? "the graph is damaged" : "list the branches, or create it first";
  return new AppError("branch_not_found", `branch '${name}' not found: ${hint}`);
}

function decodeRef(bytes: Uint8Array, key: string, name: string): BranchRef {
  let ref: BranchRef | null = null;
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    ref = {
      name: value.name as string,
      incarnation: value.incarnation as string,
      forkedFrom: value.forked_from as ForkPoint | null,
      ancestry: (value.ancestry ?? []) as readonly Ancestor[],
      createdAt: value.created_at as number,
      createdBy: (value.created_by ?? null) as string | null,
    };
  } catch {
    // Judged below.
  }
  if (ref === null || ref.name !== name || !isSound(ref)) {
    throw new AppError(
      "integrity_error",
      `\`${key}\` is no branch ref: the object is damaged, restore it from a copy`,
    );
  }
  return ref;
}

function isSound(ref: BranchRef): boolean {
  return typeof ref.incarnation === "string" && typeof ref.createdAt === "number" &&
    Array.isArray(ref.ancestry) && (ref.forkedFrom === null) === (ref.ancestry.length === 0) &&
    ref.ancestry.every((each) => typeof each?.incarnation === "string" && Number.isSafeInteger(each.slot));
}
