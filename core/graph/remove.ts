/** Removing a graph for good: its root with everything in it. */
import type { ObjectStore } from "../storage/object_store.ts";
import { encodeBranchName, MAIN } from "./branch_name.ts";

/** What makes a folder a graph. It goes first: a removal that dies half-way leaves a root that neither opens nor is reused. */
const DOORS: readonly string[] = [
  `__manifest/branches/${encodeBranchName(MAIN)}.json`,
  "__manifest/format.json",
];

/** Removes everything under `root`; may be repeated. */
export async function removeGraph(
  store: Pick<ObjectStore, "delete" | "deletePrefix">,
  root: string,
): Promise<void> {
  for (const door of DOORS) await store.delete(`${root}/${door}`);
  await store.deletePrefix(root);
}
