/** Opens the addressed graph, embedded or remote; commands see only the `Graph` interface. */
import { AppError } from "../core/errors.ts";
import type { RemoteGraph } from "../core/api/remote.ts";
import type { EmbeddedGraph } from "../core/graph/embedded.ts";
import type { Graph } from "../core/graph/graph.ts";
import type { Context } from "./context.ts";
import { findScope, type Scope } from "./scope.ts";
import { bearerToken } from "./token.ts";

/** An opened graph and how it is reached. */
export interface Target {
  readonly graph: Graph;
  readonly access: "served" | "direct, local" | "direct, remote";
}

/** Opens the graph that flags and positionals address. The caller closes it. */
export async function openTarget(context: Context, positionalUri?: string): Promise<Target> {
  const scope = findScope(context, positionalUri);
  if (scope.kind === "server") {
    const { openRemoteGraph } = await import("../core/api/remote.ts");
    return { graph: openRemoteGraph(await remoteOptions(context, scope)), access: "served" };
  }
  return await openStore(context, scope.uri);
}

/** Opens a graph in storage. */
export async function openStore(
  context: Context,
  uri: string,
): Promise<Target & { readonly graph: EmbeddedGraph }> {
  const { parseStorageUri, showUri } = await import("../core/storage/uri.ts");
  const { openObjectStore, openTableStore } = await import("../core/storage/open.ts");
  const { openGraph } = await import("../core/graph/open.ts");
  const root = parseStorageUri(uri, context.cwd);
  const graph = await openGraph({
    store: openObjectStore(root),
    tables: openTableStore(root),
    uri: showUri(root),
  });
  return { graph, access: root.kind === "local" ? "direct, local" : "direct, remote" };
}

/** Base URL, graph and token of a server scope. */
export async function remoteOptions(
  context: Context,
  scope: Scope & { kind: "server" },
): Promise<{ baseUrl: string; graph: string; token: string | null }> {
  const options = { baseUrl: scope.baseUrl, token: bearerToken(context.env) };
  if (scope.graph !== null) return { ...options, graph: scope.graph };
  const { listGraphs } = await import("../core/api/remote.ts");
  const { graphs } = await listGraphs(options).catch((cause) => {
    throw new AppError("usage", `\`${scope.baseUrl}\` serves graphs: choose one with \`--graph <id>\``, {
      cause,
    });
  });
  const ids = graphs.map((graph) => graph.graph_id).sort().join(", ");
  throw new AppError("usage", `\`${scope.baseUrl}\` serves [${ids}]: choose one with \`--graph <id>\``);
}

/** Runs `use` with the opened graph, announces a write first, and closes the graph in any case. */
export async function withGraph<T>(
  context: Context,
  options: { readonly uri?: string | undefined; readonly echo?: string },
  use: (graph: Graph, target: Target) => Promise<T>,
): Promise<T> {
  const target = await openTarget(context, options.uri);
  try {
    if (options.echo !== undefined && !context.args.switches.has("quiet")) {
      context.output.note(`omnigraph ${options.echo} → ${target.graph.uri} (${target.access})`);
    }
    return await use(target.graph, target);
  } finally {
    await target.graph.close();
  }
}

/** The graph as one that runs stored queries by name: only servers know them. */
export function withStoredQueries(graph: Graph, name: string): RemoteGraph {
  if ("invokeRead" in graph) return graph as RemoteGraph;
  throw new AppError(
    "usage",
    `stored query \`${name}\` needs a server: pass \`--server <url>\`, or the source with \`--query <file>\` or \`-e\``,
  );
}

/** The actor of a direct write; on a served write the token decides and `--as` is refused. */
export async function writeActor(context: Context): Promise<string | null> {
  const scope = findScope(
    context,
    context.args.command.positionals[0]?.name === "URI" ? context.args.positionals[0] : undefined,
  );
  if (scope.kind === "server") {
    if (context.args.values.has("as")) {
      throw new AppError("usage", "`--as` is not allowed on a served write: the token decides who acts");
    }
    return null;
  }
  const { actorOf } = await import("./operator.ts");
  return actorOf(context);
}
