/**
 * Where commits are, and how they descend from each other along first parents.
 *
 * A parent is always found by its id: between two commits of a log there may be records that only restate one (folds),
 * and a branch may have been forked from the middle of a slot.
 */
import { AppError } from "../errors.ts";
import type { Commit } from "./commit.ts";
import type { LogSlot } from "./log.ts";
import type { SnapshotSource } from "./snapshot.ts";

/** A commit at its place in the log; never a fold, which only restates one. */
export interface CommitPlace {
  /** Log and catalogs of a live branch on which the commit is, own or inherited. */
  readonly source: SnapshotSource;
  readonly logged: LogSlot;
  readonly commit: Commit;
}

/** The way between two commits in the tree of first parents. */
export interface FirstParentPath {
  /** The newest commit that both descend from; one of the two when it is an ancestor of the other. */
  readonly ancestor: CommitPlace;
  /** The commits after the ancestor up to the one the way starts from, oldest first. */
  readonly down: readonly Commit[];
  /** The commits after the ancestor up to the one the way ends at, oldest first. */
  readonly up: readonly Commit[];
}

/** Slots read at once when many are walked. */
const BATCH_SLOTS_MAX = 32;

/** The first parent of a commit; null at genesis. */
export async function firstParent(place: CommitPlace): Promise<CommitPlace | null> {
  const walk = firstParents(place);
  await walk.next();
  const { value } = await walk.next();
  return value ?? null;
}

/** A commit and its first parents, newest first, down to genesis. Slots are read in batches that grow with the walk. */
export async function* firstParents(place: CommitPlace): AsyncGenerator<CommitPlace, undefined> {
  const { source } = place;
  const slots = slotsBack(source, place.logged);
  let logged = await nextSlot(slots, place.commit.id);
  let { commit } = place;
  while (true) {
    yield { source, logged, commit };
    if (commit.parent === null) return;
    let parent = pick(logged, commit.parent);
    while (parent === null) {
      logged = await nextSlot(slots, commit.parent);
      parent = pick(logged, commit.parent);
    }
    commit = parent;
  }
}

/** The way from one commit to another through the newest commit that both descend from. */
export async function firstParentPath(from: CommitPlace, to: CommitPlace): Promise<FirstParentPath> {
  const down: Commit[] = [];
  const up: Commit[] = [];
  const left = firstParents(from);
  const right = firstParents(to);
  let [a, b] = [await next(left), await next(right)];
  // Sequences fall by one along first parents, so the higher of two different commits is no ancestor of the other.
  while (a.commit.id !== b.commit.id) {
    if (a.commit.sequence >= b.commit.sequence) {
      down.push(a.commit);
      a = await next(left);
    } else {
      up.push(b.commit);
      b = await next(right);
    }
  }
  return { ancestor: a, down: down.reverse(), up: up.reverse() };
}

/** Whether a record only says an older commit again. */
export function isRestatement({ operation }: Commit): boolean {
  return operation === "fold" || operation === "end";
}

/** The commit of a slot with this id as it was published, not as a fold restates it; null when the slot has none. */
function pick({ commits }: LogSlot, id: string): Commit | null {
  return commits.find((commit) => commit.id === id && !isRestatement(commit)) ?? null;
}

async function next(walk: AsyncGenerator<CommitPlace, undefined>): Promise<CommitPlace> {
  const { value } = await walk.next();
  if (value !== undefined) return value;
  throw new AppError("integrity_error", "two commits have no common ancestor: the log is damaged");
}

async function nextSlot(slots: AsyncGenerator<LogSlot, undefined>, sought: string): Promise<LogSlot> {
  const { value } = await slots.next();
  if (value !== undefined) return value;
  throw new AppError(
    "integrity_error",
    `commit '${sought}' is not in the log that names it as a parent: the log is damaged`,
  );
}

/** A slot and those before it, newest first. */
async function* slotsBack({ log }: SnapshotSource, newest: LogSlot): AsyncGenerator<LogSlot, undefined> {
  yield newest;
  let size = 1;
  for (
    let through = newest.slot - 1;
    through > 0;
    through -= size, size = Math.min(size * 2, BATCH_SLOTS_MAX)
  ) {
    yield* (await log.readRange(Math.max(1, through - size + 1), through)).reverse();
  }
}
