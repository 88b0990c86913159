/** From what people write to where things are: `--cluster` to a storage root, a graph id to a graph root. */
import { resolve } from "@std/path";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { parseStorageUri, type StorageUri } from "../storage/uri.ts";
import { graphAddress, graphRootKey } from "./address.ts";
import { graphIds } from "./digests.ts";
import { readLedger } from "./ledger_store.ts";
import type { ConfigFiles } from "./sources.ts";
import { systemFiles } from "./system_files.ts";

/**
 * The storage root that a `--cluster` argument means: with `://` the root itself; else a directory, whose `cluster.yaml`
 * may say `storage:`, and which is the root itself without one. Relative paths resolve against `baseDir`.
 *
 * @throws AppError `invalid_input` for a wrong address or a `cluster.yaml` that cannot be read
 */
export async function resolveClusterRoot(
  argument: string,
  baseDir: string,
  files: ConfigFiles = systemFiles,
): Promise<StorageUri> {
  if (argument.includes("://")) return parseStorageUri(argument, baseDir);
  const folder = resolve(baseDir, argument);
  const found = await files.readFile(resolve(folder, "cluster.yaml"));
  if (found.kind === "missing") return { kind: "local", path: folder };
  const { loadHeader } = await import("./header.ts");
  const { header, diagnostics } = await loadHeader(folder, files);
  if (header !== null) return header.root;
  const message = `the cluster.yaml in '${argument}' does not say where the cluster is stored`;
  throw new AppError("invalid_input", message, { diagnostics });
}

/**
 * Key of the root of an applied graph, from the ledger alone; without an id the only graph.
 *
 * @throws AppError `graph_not_found`, naming what is there
 */
export async function resolveAppliedGraph(
  store: Pick<ObjectStore, "get" | "prefixExists" | "uri">,
  graph: string | null,
): Promise<{ readonly graphId: string; readonly rootKey: string }> {
  const { ledger, cas } = await readLedger(store);
  if (cas === null) {
    throw new AppError(
      "graph_not_found",
      `[cluster_state_missing] no ledger in '${store.uri}': run \`cluster apply\``,
    );
  }
  const ids = graphIds(ledger.entries.keys());
  const list = ids.length === 0 ? "none" : `[${ids.join(", ")}]`;
  if (graph !== null) {
    if (ledger.entries.has(graphAddress(graph))) return { graphId: graph, rootKey: graphRootKey(graph) };
    const message =
      `[graph_not_applied] graph '${graph}' is not applied in cluster '${store.uri}' (applied: ${list}): ` +
      "declare it and run `cluster apply`";
    throw new AppError("graph_not_found", message);
  }
  const [only, second] = ids;
  if (only !== undefined && second === undefined) return { graphId: only, rootKey: graphRootKey(only) };
  const message = ids.length === 0
    ? `cluster '${store.uri}' has no applied graph: run \`cluster apply\``
    : `cluster '${store.uri}' has ${ids.length} graphs: ${list}, choose one with --graph <id>`;
  throw new AppError("graph_not_found", message);
}
