/**
 * The operator config, `config.yaml` in `$OMNIGRAPH_HOME` or `~/.omnigraph`: who acts, which server or store is meant
 * when a command names none, and how results are shown. Read only by commands that need it, once per process; a missing
 * file is an empty layer. Keys that are not known get a note each, so that a typo does not silently mean nothing.
 */
import { AppError } from "../core/errors.ts";
import { parse } from "@std/yaml";
import { join } from "@std/path";
import type { Context } from "./context.ts";
import { ConfigSection } from "./operator_section.ts";
import {
  CELL_LAYOUTS,
  DEFAULT_TABLE,
  READ_FORMATS,
  type ReadFormat,
  type TableLayout,
} from "./views/read_formats.ts";

/** The parts of the operator config that commands use. */
export interface OperatorConfig {
  /** The file that was, or would be, read; null when there is no home folder. */
  readonly path: string | null;
  readonly actor: string | null;
  readonly defaults: {
    readonly output: ReadFormat | null;
    readonly table: TableLayout;
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

const ALIAS_KEYS = ["server", "query", "graph", "args", "params", "format", "command"] as const;

/** Actors of the engine's own commits. */
const RESERVED_ACTORS = "omnigraph:";

const READ_CONFIGS = new WeakMap<Context, OperatorConfig>();

/** Path of the operator config file, or null when there is no home folder. */
export function operatorConfigPath(env: Context["env"]): string | null {
  const home = env("HOME") ?? env("USERPROFILE") ?? "";
  const folder = (env("OMNIGRAPH_HOME") ?? "").replace(/^~(?=\/|$)/, home);
  if (folder !== "") return join(folder, "config.yaml");
  return home === "" ? null : join(home, ".omnigraph", "config.yaml");
}

/** The operator config; the first call of a command reads it. Throws `AppError` naming the file when it is not valid. */
export function readOperatorConfig(context: Context): OperatorConfig {
  let config = READ_CONFIGS.get(context);
  if (config === undefined) {
    config = read(context);
    READ_CONFIGS.set(context, config);
  }
  return config;
}

/**
 * Who acts in a direct write: `--as`, else `operator.actor`, else nobody. Throws `AppError` for an actor without a name
 * and for the names that the engine keeps for itself.
 */
export function actorOf(context: Context): string | null {
  const flag = context.args.values.get("as");
  const actor = flag ?? readOperatorConfig(context).actor;
  const where = flag === undefined ? "`operator.actor` in the operator config" : "flag `--as`";
  if (actor !== null && actor.trim() === "") throw new AppError("usage", `${where} is blank: name who acts`);
  if (actor?.startsWith(RESERVED_ACTORS)) {
    throw new AppError(
      "usage",
      `${where} is \`${actor}\`: names that start with \`${RESERVED_ACTORS}\` are reserved`,
    );
  }
  return actor;
}

function read(context: Context): OperatorConfig {
  const path = operatorConfigPath(context.env);
  const text = path === null ? null : readText(path);
  if (path === null || text === null) return toConfig(new ConfigSection(null, path ?? "", ""));
  let root: unknown;
  try {
    root = parse(text);
  } catch (error) {
    throw new AppError("invalid_input", `operator config \`${path}\` is not valid YAML`, { cause: error });
  }
  const top = new ConfigSection(root, path, "");
  const config = toConfig(top);
  for (const key of top.unknownKeys()) {
    context.output.note(`warning: unknown key \`${key}\` in the operator config \`${path}\``);
  }
  return config;
}

function readText(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return null;
    throw new AppError("invalid_input", `operator config \`${path}\` cannot be read`, { cause: error });
  }
}

function toConfig(top: ConfigSection): OperatorConfig {
  const defaults = top.section("defaults");
  const config: OperatorConfig = {
    path: top.path === "" ? null : top.path,
    actor: top.section("operator").text("actor"),
    defaults: {
      output: defaults.word("output", READ_FORMATS),
      table: {
        columnWidthMax: defaults.count("table_max_column_width") ?? DEFAULT_TABLE.columnWidthMax,
        cells: defaults.word("table_cell_layout", CELL_LAYOUTS) ?? DEFAULT_TABLE.cells,
      },
      server: defaults.text("server"),
      store: defaults.text("store"),
      graph: defaults.text("default_graph"),
    },
    servers: top.each("servers", (server) => {
      const url = server.text("url");
      return url !== null && /^https?:\/\//i.test(url) ? url : server.fail("url", "an http or https URL");
    }),
    profiles: top.each("profiles", (profile) => ({
      server: profile.text("server"),
      cluster: profile.text("cluster"),
      store: profile.text("store"),
      graph: profile.text("default_graph"),
    })),
  };
  // Known to other commands of the family; read here so that they are not reported as unknown.
  top.each("clusters", (cluster) => cluster.text("root") ?? cluster.fail("root", "a string"));
  top.each("aliases", (alias) => ALIAS_KEYS.forEach((key) => alias.raw(key)));
  const { server, store, graph } = config.defaults;
  if (server !== null && store !== null) {
    throw top.error("`defaults` binds one entity, server or store");
  }
  if (store !== null && graph !== null) {
    throw top.error("`defaults.default_graph` does not apply: `defaults.store` is already a single graph");
  }
  return config;
}
