/**
 * The commit of a branch that was its newest at some time.
 *
 * Along a branch, inherited commits included, the time of a commit is always later than that of its parent: a writer whose
 * clock is behind takes the parent's time and one microsecond. So "the newest commit not later than a time" is one
 * commit, every commit can be named by its time, and the log is searched by halving: about log2(n) slots are read.
 */
import { must } from "../base/assert.ts";
import { parseDateTime } from "../base/temporal.ts";
import { AppError } from "../errors.ts";
import type { Commit } from "./commit.ts";
import type { BranchLog, LogSlot } from "./log.ts";

/** Microseconds since the Unix epoch of a time as people write it: RFC 3339, without zone UTC. Throws `invalid_input`. */
export function parseAsOf(text: string): number {
  // A plus sign that was not escaped in a URL arrives as a blank.
  const ms = parseDateTime(text.trim().replace(/(:[0-9.]+) ([0-9]{2}:[0-9]{2})$/, "$1+$2"));
  if (ms === null) {
    throw new AppError(
      "invalid_input",
      `as-of time '${text}' is no RFC 3339 time: write it like 2026-05-01T12:00:00Z`,
    );
  }
  const fraction = /\.([0-9]+)/.exec(text)?.[1] ?? "";
  return ms * 1000 + Number(fraction.slice(3, 6).padEnd(3, "0"));
}

/** A commit and its slot on a branch. */
export interface CommitAsOf {
  readonly logged: LogSlot;
  readonly commit: Commit;
}

/** The newest commit of a branch up to slot `head` whose time is `micros` or earlier; null when the branch begins later. */
export async function commitAsOf(log: BranchLog, head: number, micros: number): Promise<CommitAsOf | null> {
  const slots = new Map<number, LogSlot>();
  const read = async (slot: number) => {
    const logged = slots.get(slot) ??
      must((await log.readRange(slot, slot))[0], "a range of one slot has one");
    slots.set(slot, logged);
    return logged;
  };
  // The slots before `low` end at that time or earlier, the slots from `high` on later.
  let low = 1;
  let high = head;
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    if ((await read(middle)).commits.at(-1)!.createdAt <= micros) low = middle + 1;
    else high = middle;
  }
  return newestIn(await read(low), micros) ?? (low === 1 ? null : newestIn(await read(low - 1), micros));
}

function newestIn(logged: LogSlot, micros: number): CommitAsOf | null {
  const commit = logged.commits.findLast(({ createdAt }) => createdAt <= micros);
  return commit === undefined ? null : { logged, commit };
}
