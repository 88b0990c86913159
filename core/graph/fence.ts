/**
 * Fences: how making a branch excludes deleting its source, or changing its schema, without locks.
 *
 *   __manifest/fences/<incarnation>.<slot>.<purpose>.<ulid>.json   { "name", "purpose", "created_at" }
 *
 * | who                                                | what, in this order                                            |
 * | wants to fill slot n of a log so that no branch    | fence for n, look at the branches, fill n, take the fence away |
 * | is made from the log meanwhile                     |                                                                |
 * | makes a branch (and whoever opens it first)        | ref, look at the fences, fill n when it is still empty by      |
 * |                                                    | restating the head, look at the head (`fork_check.ts`)         |
 *
 * Either the first one sees the ref and gives up, or the second one sees the fence, or the first one was done before:
 * then the head tells. Filling n decides, because a slot is filled once. A fence that a crash left behind costs one
 * restated slot, and the next branch made from that log removes it.
 *
 * Invariants: a key is never used twice, so a fence whose slot is filled may be removed by anyone, whenever; the fence of a
 * deletion stays until the ref is gone, because listings hide an ended branch by it.
 */
import type { Ports } from "./graph_ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { readSlot } from "./log.ts";

/** What a fenced slot is wanted for. */
export type FencePurpose = "delete" | "schema";

/** One fence. */
export interface Fence {
  readonly key: string;
  /** Whose log it is about. */
  readonly incarnation: string;
  /** The slot that somebody wants to fill. */
  readonly slot: number;
  readonly purpose: FencePurpose;
}

const FOLDER = "__manifest/fences";
const FILE_NAME = /^([0-9A-Z]{26})\.([0-9]{1,15})\.(delete|schema)\.[0-9A-Z]{26}\.json$/;

/** Puts up a fence, durably. */
export async function putFence(
  store: ObjectStore,
  ports: Pick<Ports, "newId" | "clock">,
  fence: Omit<Fence, "key"> & { readonly name: string },
): Promise<Fence> {
  const { name, incarnation, slot, purpose } = fence;
  const key = `${FOLDER}/${incarnation}.${slot}.${purpose}.${ports.newId()}.json`;
  const text = JSON.stringify({ name, purpose, created_at: ports.clock.nowMs() });
  await store.put(key, new TextEncoder().encode(text));
  return { key, incarnation, slot, purpose };
}

/** Takes a fence away. */
export async function removeFence(store: ObjectStore, fence: Fence): Promise<void> {
  await store.delete(fence.key);
}

/** Takes away the fences of a log whose branch is gone. */
export async function removeFencesOf(store: ObjectStore, incarnation: string): Promise<void> {
  for (const fence of await listFences(store)) {
    if (fence.incarnation === incarnation) await removeFence(store, fence);
  }
}

/** All fences; one look into a folder that is nearly always empty. */
export async function listFences(store: ObjectStore): Promise<Fence[]> {
  const fences: Fence[] = [];
  for (const file of await store.list(FOLDER)) {
    const match = FILE_NAME.exec(file);
    if (match === null) continue;
    const [_, incarnation, slot, purpose] = match as unknown as [string, string, string, FencePurpose];
    fences.push({ key: `${FOLDER}/${file}`, incarnation, slot: Number(slot), purpose });
  }
  return fences;
}

/** Whether the slot of a fence is filled, and by the end of its log; null while it is empty. */
export async function fencedSlot(
  store: ObjectStore,
  { incarnation, slot }: Fence,
): Promise<{ readonly ended: boolean } | null> {
  const logged = await readSlot(store, incarnation, slot);
  return logged === null ? null : { ended: logged.commits.at(-1)?.operation === "end" };
}

/** Branches whose deletion is published and may not have reached their refs. */
export async function endedBranches(
  store: ObjectStore,
): Promise<{ readonly name: string; readonly incarnation: string }[]> {
  const ended: { name: string; incarnation: string }[] = [];
  for (const fence of await listFences(store)) {
    if (fence.purpose !== "delete") continue;
    const [body, slot] = await Promise.all([store.get(fence.key), fencedSlot(store, fence)]);
    // Without its body the deletion has just been finished.
    if (body === null || slot?.ended !== true) continue;
    ended.push({ name: nameIn(body.bytes), incarnation: fence.incarnation });
  }
  return ended;
}

function nameIn(body: Uint8Array): string {
  try {
    const { name } = JSON.parse(new TextDecoder().decode(body)) as { readonly name?: unknown };
    return typeof name === "string" ? name : "";
  } catch {
    // The ref stays in listings, and opening it finishes the deletion.
    return "";
  }
}
