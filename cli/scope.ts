/** Addressing: which graph a command means, decided from flags and the operator config before anything is opened. */
import { AppError } from "../core/errors.ts";
import type { Context } from "./context.ts";
import { type Profile, readOperatorConfig } from "./operator.ts";

/** A graph in storage, or a graph behind a server. */
export type Scope =
  | { readonly kind: "store"; readonly uri: string }
  | { readonly kind: "server"; readonly baseUrl: string; readonly graph: string | null };

/**
 * Finds the addressed graph: the positional URI or `--uri`, `--store`, `--server` with `--graph`, else the profile, else
 * the defaults of the operator config. Throws `AppError("usage")` when two are given or none.
 */
export function findScope(context: Context, positionalUri: string | undefined): Scope {
  const { values } = context.args;
  const given = [
    ["URI", positionalUri],
    ["--uri", values.get("uri")],
    ["--store", values.get("store")],
    ["--server", values.get("server")],
  ].filter((entry): entry is [string, string] => entry[1] !== undefined);
  if (given.length > 1) {
    throw new AppError(
      "usage",
      `${given[0]![0]} and ${given[1]![0]} are mutually exclusive: both address a graph`,
    );
  }
  const [name, value] = given[0] ?? ["", ""];
  const graph = values.get("graph") ?? null;
  if (name === "--server") return serverScope(context, value, graph);
  if (name !== "") return storeScope(value, graph);
  const profile = values.get("profile") ?? (context.env("OMNIGRAPH_PROFILE") || undefined);
  return profile === undefined ? defaultScope(context, graph) : profileScope(context, profile, graph);
}

/** Finds the addressed server, for commands that only servers answer. Throws `AppError("usage")` when there is none. */
export function findServer(context: Context): Scope & { readonly kind: "server" } {
  const scope = findScope(context, undefined);
  if (scope.kind === "server") return scope;
  throw needsServer(context, `the operator config resolves a store scope, \`${scope.uri}\``);
}

function needsServer(context: Context, instead: string): AppError {
  const label = context.args.command.path.join(" ");
  return new AppError(
    "usage",
    `\`${label}\` requires a server, but ${instead}: pass \`--server <name|url>\``,
  );
}

function profileScope(context: Context, name: string, graph: string | null): Scope {
  const { profiles, path } = readOperatorConfig(context);
  const profile = profiles.get(name);
  if (profile === undefined) {
    throw new AppError("usage", `unknown profile '${name}': ${definedNames("profiles", profiles, path)}`);
  }
  const bound = (["server", "cluster", "store"] as const).filter((key) =>
    profile[key as keyof Profile] !== null
  );
  if (bound.length !== 1) {
    const said = bound.length === 0 ? "binds no scope" : `binds ${bound.length} scopes (${bound.join(", ")})`;
    throw new AppError("usage", `profile '${name}' ${said}: it must name one server, cluster or store`);
  }
  if (profile.server !== null) return serverScope(context, profile.server, graph ?? profile.graph);
  if (profile.store !== null) return storeScope(profile.store, graph);
  if (context.args.command.capability === "served") {
    const also = "(`omnigraph cluster status` shows what is applied there)";
    throw needsServer(context, `profile '${name}' resolves a cluster scope ${also}`);
  }
  throw new AppError(
    "usage",
    `profile '${name}' binds a cluster: not valid for graph data commands, pass the graph's storage with \`--store\``,
  );
}

function storeScope(uri: string, graph: string | null): Scope {
  if (/^https?:/i.test(uri)) {
    throw new AppError("usage", `\`${uri}\` is a server: it must be addressed with \`--server <url>\``);
  }
  if (graph !== null) {
    throw new AppError("usage", `\`--graph ${graph}\` does not apply: \`${uri}\` is already a single graph`);
  }
  return { kind: "store", uri };
}

function serverScope(context: Context, server: string, graph: string | null): Scope {
  const baseUrl = server.includes("://") ? server : namedServer(context, server);
  checkAddress(baseUrl);
  const trimmed = baseUrl.replace(/\/+$/, "");
  const inUrl = /^(.*)\/graphs\/([^/]+)$/.exec(trimmed);
  if (inUrl === null) return { kind: "server", baseUrl: trimmed, graph };
  if (graph !== null) {
    throw new AppError(
      "usage",
      `\`--graph ${graph}\` does not apply: the server URL already names graph \`${inUrl[2]}\``,
    );
  }
  return { kind: "server", baseUrl: inUrl[1]!, graph: decodeURIComponent(inUrl[2]!) };
}

/** Refuses addresses that no server has, and secrets in them, which would be shown with every write. */
function checkAddress(baseUrl: string): void {
  const wrong = (why: string) =>
    new AppError("usage", `the server address ${why}: write \`http://host:port\``);
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (url !== null && (url.username !== "" || url.password !== "")) {
    throw wrong("must not hold a user or a password, the token goes into OMNIGRAPH_BEARER_TOKEN");
  }
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw wrong(`\`${baseUrl}\` is no http or https address`);
  }
  if (url.search !== "" || url.hash !== "") throw wrong(`\`${baseUrl}\` must end with its path`);
}

function namedServer(context: Context, name: string): string {
  const { servers, path } = readOperatorConfig(context);
  const url = servers.get(name);
  if (url === undefined) {
    throw new AppError(
      "usage",
      `unknown server '${name}': ${
        definedNames("servers", servers, path)
      }; a URL starts with http:// or https://`,
    );
  }
  return url;
}

function definedNames(key: string, defined: ReadonlyMap<string, unknown>, path: string | null): string {
  const names = [...defined.keys()].sort().join(", ");
  const place = path === null ? "an operator config" : `\`${path}\``;
  return `\`${key}\` of ${place} ${names === "" ? "defines none" : `defines ${names}`}`;
}

function defaultScope(context: Context, graph: string | null): Scope {
  const { defaults } = readOperatorConfig(context);
  if (defaults.server !== null) return serverScope(context, defaults.server, graph ?? defaults.graph);
  if (defaults.store !== null) return storeScope(defaults.store, graph);
  const { capability, path } = context.args.command;
  if (capability === "served") {
    throw new AppError(
      "usage",
      `\`${path.join(" ")}\` needs a server scope: pass \`--server <name|url>\` or \`--profile <name>\``,
    );
  }
  const ways = capability === "direct"
    ? "pass its storage (`--store <uri>`)"
    : "pass its storage (`--store <uri>`), or `--server <url>` with `--graph <id>`";
  throw new AppError("usage", `no graph addressed: ${ways}, or set \`defaults\` in the operator config`);
}
