/**
 * The operator config, `config.yaml` in `$OMNIGRAPH_HOME` or `~/.omnigraph`: who acts and which server or store is
 * meant when a command names none. Read only by commands that need it; a missing file is an empty layer.
 */
import { AppError } from "../core/errors.ts";
import { parse } from "@std/yaml";
import { join } from "@std/path";
import type { Context } from "./context.ts";

/** The parts of the operator config that commands use. */
export interface OperatorConfig {
  readonly actor: string | null;
  readonly defaults: {
    readonly output: string | null;
    readonly server: string | null;
    readonly store: string | null;
    readonly graph: string | null;
  };
  /** Server names to base URLs. */
  readonly servers: ReadonlyMap<string, string>;
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** A named scope: exactly one of server, cluster and store, checked when it is used. */
export interface Profile {
  readonly server: string | null;
  readonly cluster: string | null;
  readonly store: string | null;
  readonly graph: string | null;
}

const EMPTY: OperatorConfig = {
  actor: null,
  defaults: { output: null, server: null, store: null, graph: null },
  servers: new Map(),
  profiles: new Map(),
};

/** Path of the operator config file, or null when there is no home folder. */
export function operatorConfigPath(env: Context["env"]): string | null {
  const home = env("HOME") ?? env("USERPROFILE") ?? "";
  const folder = (env("OMNIGRAPH_HOME") ?? "").replace(/^~(?=\/|$)/, home);
  if (folder !== "") return join(folder, "config.yaml");
  return home === "" ? null : join(home, ".omnigraph", "config.yaml");
}

/** Reads the operator config. Throws `AppError` naming the file when it is not valid. */
export function readOperatorConfig(env: Context["env"]): OperatorConfig {
  const path = operatorConfigPath(env);
  const text = path === null ? null : readText(path);
  if (path === null || text === null) return EMPTY;
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    throw new AppError("invalid_input", `operator config \`${path}\` is not valid YAML`, { cause: error });
  }
  return toConfig(root, path);
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw new AppError("invalid_input", `operator config \`${path}\` cannot be read`, { cause: error });
  }
}

function toConfig(root: unknown, path: string): OperatorConfig {
  const wrong = (name: string, kind: string) =>
    new AppError("invalid_input", `operator config \`${path}\`: \`${name}\` must be a ${kind}`);
  const map = (value: unknown, name: string): Record<string, unknown> => {
    if (value === null || value === undefined) return {};
    if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "map");
    return value as Record<string, unknown>;
  };
  const string = (value: unknown, name: string): string | null => {
    if (value === null || value === undefined) return null;
    if (typeof value !== "string") throw wrong(name, "string");
    return value;
  };
  const top = map(root, "the file");
  const defaults = map(top.defaults, "defaults");
  const config: OperatorConfig = {
    actor: string(map(top.operator, "operator").actor, "operator.actor"),
    defaults: {
      output: string(defaults.output, "defaults.output"),
      server: string(defaults.server, "defaults.server"),
      store: string(defaults.store, "defaults.store"),
      graph: string(defaults.default_graph, "defaults.default_graph"),
    },
    servers: entries(map(top.servers, "servers"), (server, name) => {
      const url = string(map(server, `servers.${name}`).url, `servers.${name}.url`);
      if (url === null) throw wrong(`servers.${name}.url`, "string");
      return url;
    }),
    profiles: entries(map(top.profiles, "profiles"), (value, name) => {
      const profile = map(value, `profiles.${name}`);
      const member = (key: string) => string(profile[key], `profiles.${name}.${key}`);
      return {
        server: member("server"),
        cluster: member("cluster"),
        store: member("store"),
        graph: member("default_graph"),
      };
    }),
  };
  if (config.defaults.server !== null && config.defaults.store !== null) {
    throw new AppError(
      "invalid_input",
      `operator config \`${path}\`: \`defaults\` binds one entity, server or store`,
    );
  }
  return config;
}

function entries<T>(
  record: Record<string, unknown>,
  read: (value: unknown, name: string) => T,
): Map<string, T> {
  return new Map(Object.entries(record).map(([name, value]) => [name, read(value, name)]));
}

/** Who acts in a direct write: `--as`, else `operator.actor`, else nobody. */
export function actorOf(context: Context): string | null {
  return context.args.values.get("as") ?? readOperatorConfig(context.env).actor;
}
