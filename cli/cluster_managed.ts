/** Graphs that belong to a cluster: only `cluster apply` creates them and changes their schema. */
import { AppError } from "../core/errors.ts";
import { showUri, type StorageUri } from "../core/storage/uri.ts";

const MANAGED = /^(?:(.*)\/)?graphs\/[^/]+\.omni$/;

/**
 * Refuses a graph root inside a cluster: `<root>/graphs/<id>.omni` beside `<root>/__cluster/state.json`, in a folder or on
 * S3. Other shapes are not looked at.
 */
export async function refuseClusterManaged(root: StorageUri): Promise<void> {
  const match = MANAGED.exec(root.kind === "local" ? root.path : root.prefix);
  if (match === null) return;
  const above = match[1] ?? "";
  const cluster: StorageUri = root.kind === "local"
    ? { kind: "local", path: above === "" ? "/" : above }
    : { ...root, prefix: above };
  const { openObjectStore } = await import("../core/storage/open.ts");
  if (!await openObjectStore(cluster).exists("__cluster/state.json")) return;
  throw new AppError(
    "cluster_managed",
    `\`${showUri(root)}\` belongs to the cluster at \`${
      showUri(cluster)
    }\`: declare the graph in its cluster.yaml and ` +
      "run `omnigraph cluster apply`",
  );
}
