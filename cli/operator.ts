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
}

const EMPTY: OperatorConfig = {
  actor: null,
  defaults: { output: null, server: null, store: null, graph: null },
  servers: new Map(),
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
  if (path === null) return EMPTY;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return EMPTY;
    throw new AppError("invalid_input", `operator config \`${path}\` cannot be read`, { cause: error });
  }
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    throw new AppError("invalid_input", `operator config \`${path}\` is not valid YAML`, { cause: error });
  }
  const section = (value: unknown, name: string): Record<string, unknown> => {
    if (value === null || value === undefined) return {};
    if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new AppError("invalid_input", `operator config \`${path}\`: \`${name}\` must be a map`);
  };
  const text_ = (value: unknown, name: string): string | null => {
    if (value === null || value === undefined) return null;
    if (typeof value === "string") return value;
    throw new AppError("invalid_input", `operator config \`${path}\`: \`${name}\` must be a string`);
  };
  const top = section(root, "the file");
  const defaults = section(top.defaults, "defaults");
  const config: OperatorConfig = {
    actor: text_(section(top.operator, "operator").actor, "operator.actor"),
    defaults: {
      output: text_(defaults.output, "defaults.output"),
      server: text_(defaults.server, "defaults.server"),
      store: text_(defaults.store, "defaults.store"),
      graph: text_(defaults.default_graph, "defaults.default_graph"),
    },
    servers: new Map(
      Object.entries(section(top.servers, "servers")).map(([name, server]) => [
        name,
        text_(section(server, `servers.${name}`).url, `servers.${name}.url`) ?? "",
      ]),
    ),
  };
  if (config.defaults.server !== null && config.defaults.store !== null) {
    throw new AppError(
      "invalid_input",
      `operator config \`${path}\`: \`defaults\` binds one entity, server or store`,
    );
  }
  return config;
}

/** Who acts in a direct write: `--as`, else `operator.actor`, else nobody. */
export function actorOf(context: Context): string | null {
  return context.args.values.get("as") ?? readOperatorConfig(context.env).actor;
}
