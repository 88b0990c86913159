/**
 * Whether a ref that was stored names a branch: what it was forked from must have lasted until the ref was there.
 *
 * | the log it was forked from        | the ref                                                                      |
 * | goes on under the branch's schema | holds, and from now on neither can change: whoever wants to sees the ref     |
 * | has ended, or changed its schema  | is void, for good: the look for branches came before the ref                 |
 *
 * The maker of a branch asks before it uses or announces it, and so does every process when it opens the branch for the
 * first time: nobody ever writes to a branch that its maker has to take back. The answer is the same for all of them.
 */
import { must } from "../base/assert.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { type BranchRef, forkParent } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { encodeLogObject } from "./commit_codec.ts";
import { type Fence, fencedSlot, listFences, removeFence } from "./fence.ts";
import type { BranchHead } from "./head.ts";
import { BranchLog } from "./log.ts";
import { restate } from "./plan_commit.ts";

/**
 * Whether a stored ref holds. `schemaDigest` is the schema of the branch's commits, `source` the head of what it was forked
 * from where that is open. Fills slots that others have fenced and not filled yet.
 */
export async function forkHolds(
  store: ObjectStore,
  ref: BranchRef,
  schemaDigest: string,
  source: BranchHead | null,
): Promise<boolean> {
  const parent = forkParent(ref);
  if (parent === null) return true;
  const log = new BranchLog(store, parent);
  const fences = (await listFences(store)).filter(({ incarnation }) => incarnation === parent.incarnation);
  for (const fence of fences) await passFence(store, log, fence);
  // The head is looked at when the fences have been.
  const commit = source === null ? (await readHead(log)).commit : (await source.look())?.commit;
  return commit !== undefined && commit.operation !== "end" && commit.schemaDigest === schemaDigest;
}

/** Fills the slot of a fence unless it is filled, and takes the fence away unless a deletion still needs it. */
async function passFence(store: ObjectStore, log: BranchLog, fence: Fence): Promise<void> {
  const head = await readHead(log);
  if (fence.slot === head.slot + 1 && head.commit.operation !== "end") {
    const commit = restate(head.commit, "fold");
    await log.append(fence.slot, encodeLogObject([{ commit, deltaText: null }]), commit.id);
  }
  if ((await fencedSlot(store, fence))?.ended === false) await removeFence(store, fence);
}

async function readHead(log: BranchLog): Promise<{ slot: number; commit: Commit }> {
  const slot = await log.findHead();
  const logged = must(await log.read(slot), "the head of a log is filled");
  return { slot, commit: must(logged.commits.at(-1), "a log object has commits") };
}
