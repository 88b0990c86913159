/** Direct commands: they work on a graph's storage itself, never through a server. */
import { AppError } from "../core/errors.ts";
import type { EmbeddedGraph } from "../core/graph/embedded.ts";
import type { Context } from "./context.ts";
import { findScope } from "./scope.ts";
import { openStore } from "./target.ts";

/**
 * Opens the addressed graph in storage, and closes it in any case. Throws `AppError("usage")` when a server is addressed,
 * by URI, profile or default.
 */
export async function withStoredGraph<T>(
  context: Context,
  positionalUri: string | undefined,
  use: (graph: EmbeddedGraph) => T | Promise<T>,
): Promise<T> {
  const { graph } = await openStore(context, await storeUri(context, positionalUri));
  try {
    return await use(graph);
  } finally {
    await graph.close();
  }
}

/** The address of the graph: given itself, or found in the ledger of a cluster. */
async function storeUri(context: Context, positionalUri: string | undefined): Promise<string> {
  const { command, values } = context.args;
  const label = `\`${
    command.path.join(" ")
  }\` is a direct (storage-native) command and needs direct storage access`;
  const given = [positionalUri, values.get("uri"), values.get("store")];
  const remote = given.find((uri) => uri !== undefined && /^https?:/i.test(uri));
  if (remote !== undefined) {
    throw new AppError("usage", `${label}: \`${remote}\` is a remote server, pass the graph's storage URI`);
  }
  const cluster = values.get("cluster");
  if (cluster !== undefined) {
    if (given.some((uri) => uri !== undefined)) {
      throw new AppError(
        "usage",
        "a graph's URI and `--cluster` are mutually exclusive: both address a graph",
      );
    }
    return await clusterGraphUri(context, cluster);
  }
  const scope = findScope(context, positionalUri);
  if (scope.kind === "store") return scope.uri;
  const remedy = command.may.includes("cluster")
    ? "`--store <uri>`, or a graph of a cluster with `--cluster <dir> --graph <id>`"
    : "`--store <uri>` (a graph of a cluster too: `--cluster` does not apply)";
  throw new AppError(
    "usage",
    `${label}, but the operator config names the server \`${scope.baseUrl}\`: pass the graph's storage with ${remedy}`,
  );
}

/** Reads only the ledger, so that damaged catalog files are in nobody's way. */
async function clusterGraphUri(context: Context, cluster: string): Promise<string> {
  const { resolveAppliedGraph, resolveClusterRoot } = await import("../core/cluster/resolve.ts");
  const { openObjectStore } = await import("../core/storage/open.ts");
  const { joinUri, showUri } = await import("../core/storage/uri.ts");
  const root = await resolveClusterRoot(cluster, context.cwd);
  const graph = context.args.values.get("graph") ?? null;
  const { rootKey } = await resolveAppliedGraph(openObjectStore(root), graph);
  return showUri(joinUri(root, rootKey));
}
