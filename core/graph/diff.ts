/**
 * Which entities may differ between two commits, at a cost of the commits between them and not of the graph.
 */
import { must } from "../base/assert.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Commit } from "./commit.ts";
import { type Touched, touchedBy, type TouchedIds } from "./touched.ts";

/** Touched objects read at the same time. */
const PARALLEL_READS = 32;

/**
 * The ids that any of these commits touched. Tables are told apart by their identity, since a commit names its types as
 * the schema of its time does; the result has the type keys of `under`, by default the last of the commits. Tables that
 * `under` does not have are left out: whoever compares schemas has seen them go. An id is listed once: among the deletes
 * when the last commit that touched it removed it.
 */
export async function candidateIds(
  store: Pick<ObjectStore, "get">,
  commits: readonly Commit[],
  under: Commit | undefined = commits.at(-1),
): Promise<Touched> {
  if (under === undefined) return new Map();
  const keys = new Map(Object.entries(under.tables).map(([key, { pin }]) => [pin.table, key]));
  const lived = new Map<TypeKey, Map<string, boolean> | "all">();
  for (let start = 0; start < commits.length; start += PARALLEL_READS) {
    const part = commits.slice(start, start + PARALLEL_READS);
    const touched = await Promise.all(part.map((commit) => touchedBy(store, commit)));
    part.forEach((commit, i) => {
      for (const [name, ids] of touched[i]!) {
        const state = must(commit.tables[name], `commit ${commit.id} has a state for every table it changes`);
        const key = keys.get(state.pin.table);
        if (key !== undefined) lived.set(key, merged(lived.get(key), ids));
      }
    });
  }
  return new Map([...lived].map(([key, ids]) => [key, ids === "all" ? ids : listed(ids)]));
}

function merged(
  known: Map<string, boolean> | "all" | undefined,
  ids: TouchedIds | "all",
): Map<string, boolean> | "all" {
  if (known === "all" || ids === "all") return "all";
  const lived = known ?? new Map<string, boolean>();
  for (const id of ids.upserts) lived.set(id, true);
  for (const id of ids.deletes) lived.set(id, false);
  return lived;
}

function listed(lived: ReadonlyMap<string, boolean>): TouchedIds {
  const ids: TouchedIds & { upserts: string[]; deletes: string[] } = { upserts: [], deletes: [] };
  for (const [id, lives] of lived) (lives ? ids.upserts : ids.deletes).push(id);
  return ids;
}
