/** Direct commands: they work on a graph's storage itself, never through a server. */
import { assert } from "../core/base/assert.ts";
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
  const { graph } = await openStore(context, storeUri(context, positionalUri));
  try {
    const { EmbeddedGraph } = await import("../core/graph/embedded.ts");
    assert(graph instanceof EmbeddedGraph, "a graph in storage is opened in this process");
    return await use(graph);
  } finally {
    await graph.close();
  }
}

function storeUri(context: Context, positionalUri: string | undefined): string {
  const { command, values } = context.args;
  const label = `\`${
    command.path.join(" ")
  }\` is a direct (storage-native) command and needs direct storage access`;
  const given = [positionalUri, values.get("uri"), values.get("store")];
  const remote = given.find((uri) => uri !== undefined && /^https?:/i.test(uri));
  if (remote !== undefined) {
    throw new AppError("usage", `${label}: \`${remote}\` is a remote server, pass the graph's storage URI`);
  }
  const scope = findScope(context, positionalUri);
  if (scope.kind === "store") return scope.uri;
  throw new AppError(
    "usage",
    `${label}, but the operator config names the server \`${scope.baseUrl}\`: pass the graph's storage with ` +
      "`--store <uri>` (a graph of a cluster too: `--cluster` does not apply)",
  );
}
