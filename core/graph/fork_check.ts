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
import { fencedSlot, listFences, removeFence } from "./fence.ts";
import { BranchLog } from "./log.ts";
import { restate } from "./plan_commit.ts";

/**
 * Whether a stored ref holds. `schemaDigest` is the schema of the branch's commits. Fills slots that others have fenced
 * and not filled yet.
 */
export async function forkHolds(
  store: ObjectStore,
  ref: BranchRef,
  schemaDigest: string,
): Promise<boolean> {
  const source = forkParent(ref);
  if (source === null) return true;
  const log = new BranchLog(store, source);
  const fences = (await listFences(store)).filter(({ incarnation }) => incarnation === source.incarnation);
  let head = await readHead(log);
  for (const fence of fences) {
    if (fence.slot === head.slot + 1 && head.commit.operation !== "end") {
      const { bytes, id } = restatedHead(head.commit);
      await log.append(fence.slot, bytes, id);
      head = await readHead(log, fence.slot);
    }
    // Ended logs keep theirs until their refs are gone.
    if ((await fencedSlot(store, fence))?.ended === false) await removeFence(store, fence);
  }
  return head.commit.operation !== "end" && head.commit.schemaDigest === schemaDigest;
}

async function readHead(log: BranchLog, known?: number): Promise<{ slot: number; commit: Commit }> {
  const slot = await log.findHead(known);
  const logged = must(await log.read(slot), "the head of a log is filled");
  return { slot, commit: must(logged.commits.at(-1), "a log object has commits") };
}

function restatedHead(head: Commit): { bytes: Uint8Array; id: string } {
  const commit = restate(head, "fold");
  return { bytes: encodeLogObject([{ commit, deltaText: null }]), id: commit.id };
}
