/**
 * Branch refs: `__manifest/branches/<encoded name>.json`.
 *
 *   { "name", "incarnation", "forked_from": { "incarnation", "slot", "commit", "sequence" } | null,
 *     "ancestry": [ { "incarnation", "slot", "sequence" }, … ], "created_at", "created_by" }
 *
 * Invariants: a ref is created once and never rewritten; an incarnation (ULID) belongs to one life of one name, so a
 * re-created name never meets old data. `ancestry` repeats the fork points from the nearest source up to main: slots up
 * to and including `slot` are read from that incarnation's log, and of that last one only the commits up to `sequence`,
 * which makes every slot resolvable from the ref alone.
 *
 * A ref names a live branch unless its log has ended (`delete_branch.ts`) or what it was forked from did not last until
 * the ref was there (`fork_check.ts`). Whoever opens such a ref removes it.
 */
import { prettyJson } from "../base/json.ts";
import type { Clock } from "../base/ports.ts";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { decodeBranchName, encodeBranchName, findPathConflict, MAIN } from "./branch_name.ts";
import type { Ancestor, Commit } from "./commit.ts";
import { endedBranches } from "./fence.ts";

/** The commit a branch started from. */
export interface ForkPoint {
  readonly incarnation: string;
  readonly slot: number;
  readonly commit: string;
  readonly sequence: number;
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
/** Refs read at the same time. */
const PARALLEL_READS = 32;

function keyOf(name: string): string {
  return `${FOLDER}/${encodeBranchName(name)}.json`;
}

/** A ref for a new branch at a commit of another one, its own or the last inherited one. Nothing is stored yet. */
export function forkRef(options: {
  readonly name: string;
  readonly incarnation: string;
  readonly source: BranchRef;
  readonly head: { readonly slot: number; readonly commit: Commit };
  readonly actor: string | null;
  readonly clock: Clock;
}): BranchRef {
  const { name, incarnation, source, head: { slot, commit: { id, sequence } }, actor, clock } = options;
  return {
    name,
    incarnation,
    forkedFrom: { incarnation: source.incarnation, slot, commit: id, sequence },
    ancestry: [{ incarnation: source.incarnation, slot, sequence }, ...source.ancestry],
    createdAt: clock.nowMs(),
    createdBy: actor,
  };
}

/** What is known of the branch that a ref was forked from, enough to read its log; null on main. Its name is not. */
export function forkParent({ ancestry }: BranchRef): BranchRef | null {
  const [parent, ...further] = ancestry;
  return parent === undefined ? null : logOwner(parent.incarnation, further);
}

/** A ref without a name, enough to read the log of an incarnation. */
export function logOwner(incarnation: string, ancestry: readonly Ancestor[]): BranchRef {
  const [nearest] = ancestry;
  return {
    name: "",
    incarnation,
    forkedFrom: nearest === undefined ? null : { ...nearest, commit: "" },
    ancestry,
    createdAt: 0,
    createdBy: null,
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
  if (await store.putIfAbsent(keyOf(name), new TextEncoder().encode(text)) !== null) return true;
  // A store that repeats requests by itself may have lost against its own first attempt.
  return (await readRef(store, name))?.incarnation === incarnation;
}

/** The ref of a name, or null. Throws `AppError("integrity_error")` when the object is damaged. */
export async function readRef(store: ObjectStore, name: string): Promise<BranchRef | null> {
  const key = keyOf(name);
  const found = await store.get(key);
  return found === null ? null : decodeRef(found.bytes, key, name);
}

/** Removes a ref; leaves the name alone when it belongs to another life by now. */
export async function removeRef(store: ObjectStore, { name, incarnation }: BranchRef): Promise<void> {
  const key = keyOf(name);
  const found = await store.get(key);
  if (found === null || decodeRef(found.bytes, key, name).incarnation !== incarnation) return;
  await store.deleteIfMatch(key, found.version);
}

/** Names of all branches that were not deleted, ascending. */
export async function listBranches(store: ObjectStore): Promise<string[]> {
  const [files, ended] = await Promise.all([store.list(FOLDER), endedBranches(store)]);
  const names = files.filter((file) => file.endsWith(".json")).map((file) =>
    decodeBranchName(file.slice(0, -5))
  );
  const hidden = new Set<string>();
  for (const { name, incarnation } of ended) {
    if ((await readRef(store, name))?.incarnation === incarnation) hidden.add(name);
  }
  return names.filter((name) => !hidden.has(name)).sort();
}

/** Refs of all names that `listBranches()` gives. */
export async function readRefs(store: ObjectStore): Promise<BranchRef[]> {
  const names = await listBranches(store);
  const refs: BranchRef[] = [];
  for (let start = 0; start < names.length; start += PARALLEL_READS) {
    const part = names.slice(start, start + PARALLEL_READS);
    for (const ref of await Promise.all(part.map((name) => readRef(store, name)))) {
      if (ref !== null) refs.push(ref);
    }
  }
  return refs;
}

/** Refuses a name that is a path inside one of these names, or around it. */
export function refusePathConflict(name: string, others: readonly string[]): void {
  const other = findPathConflict(name, others);
  if (other === null) return;
  throw new AppError(
    "branch_exists",
    `branch '${name}' cannot live beside branch '${other}': one name is a path inside the other, choose another name`,
  );
}

/** The error for a name that is taken. */
export function branchExists(name: string): AppError {
  return new AppError(
    "branch_exists",
    `branch '${name}' already exists: choose another name, or delete it first`,
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
    ref.ancestry.every((each) =>
      typeof each?.incarnation === "string" && Number.isSafeInteger(each.slot) &&
      Number.isSafeInteger(each.sequence)
    );
}
