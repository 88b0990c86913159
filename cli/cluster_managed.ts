/** Graphs that belong to a cluster: only `cluster apply` creates them and changes their schema. */
import { dirname, join } from "@std/path";
import { AppError } from "../core/errors.ts";
import type { StorageUri } from "../core/storage/uri.ts";

/**
 * Refuses a graph root inside a cluster: `<root>/graphs/<id>.omni` beside `<root>/__cluster/state.json`. Other shapes
 * are not looked at.
 */
export function refuseClusterManaged(root: StorageUri): void {
  if (root.kind !== "local") return;
  const { path } = root;
  const graphs = dirname(path);
  if (!/\/graphs$/.test(graphs) || !/\.omni$/.test(path)) return;
  const cluster = dirname(graphs);
  try {
    Deno.statSync(join(cluster, "__cluster", "state.json"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  throw new AppError(
    "cluster_managed",
    `\`${path}\` belongs to the cluster at \`${cluster}\`: declare the graph in its cluster.yaml and run \`omnigraph cluster apply\``,
  );
}
