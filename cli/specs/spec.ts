/** What a row of the command table says of one command, and the flags and arguments that several share. */
import type { CommandRun } from "../context.ts";

/** What a command works on; decides which addressing flags it may carry. */
export type Capability = "any" | "served" | "direct" | "control" | "local";

/** One flag of a command. */
export interface FlagSpec {
  readonly name: string;
  /** Placeholder of the value; absent for switches. */
  readonly value?: string;
  /** Allowed values, when it is a closed set. */
  readonly choices?: readonly string[];
  readonly required?: boolean;
  /** May be given several times; its values are a list. */
  readonly repeatable?: boolean;
  readonly short?: string;
  /** Not shown in the root help: most commands know it only to refuse it with a remedy. */
  readonly hidden?: boolean;
  readonly help: string;
}

/** One positional argument. */
export interface PositionalSpec {
  readonly name: string;
  readonly required: boolean;
  /** Takes all that follow, too; only the last one may. */
  readonly many?: boolean;
  readonly help: string;
}

/** One command. */
export interface CommandSpec {
  /** `["cluster", "plan"]`. */
  readonly path: readonly string[];
  readonly capability: Capability;
  /** Addressing flags that apply: the row of the flag guard. */
  readonly may: readonly ("server" | "cluster" | "graph" | "store" | "as" | "profile")[];
  readonly summary: string;
  readonly positionals: readonly PositionalSpec[];
  readonly flags: readonly FlagSpec[];
  /** Pairs of flags that exclude each other. */
  readonly exclusive?: readonly (readonly [string, string])[];
  readonly examples: readonly string[];
  /** Not shown in the root help: kept for old scripts only. */
  readonly hidden?: boolean;
  readonly load: () => Promise<CommandRun>;
}

/** Addressing flags of reads. */
export const READS = ["server", "graph", "store", "profile"] as const;
/** Addressing flags of writes. */
export const WRITES = [...READS, "as"] as const;

/** `--json`. */
export const JSON_FLAG: FlagSpec = { name: "json", help: "print JSON instead of text" };
/** `--branch`. */
export const BRANCH: FlagSpec = { name: "branch", value: "NAME", help: "branch to use (default: main)" };
/** `--snapshot`. */
export const SNAPSHOT: FlagSpec = {
  name: "snapshot",
  value: "COMMIT_ID",
  help: "read this commit instead of a branch head",
};
/** `--as-of`. */
export const AS_OF: FlagSpec = {
  name: "as-of",
  value: "TIME",
  help: "read the branch as it was at this RFC 3339 time, e.g. 2026-05-01T12:00:00Z",
};
/** Of these only one may be given. */
export const TARGET_EXCLUSIVE = [["branch", "snapshot"], ["snapshot", "as-of"]] as const;
/** `--config` of cluster commands. */
export const CONFIG: FlagSpec = {
  name: "config",
  value: "DIR",
  help: "folder that holds cluster.yaml (default: the current folder)",
};
/** `--github`. */
export const GITHUB: FlagSpec = {
  name: "github",
  help: "also print GitHub annotations, and write the step outputs of cluster commands",
};
/** `--uri`. */
export const URI_FLAG: FlagSpec = {
  name: "uri",
  value: "URI",
  help: "the graph, same as the positional URI",
};
/** The positional graph. */
export const URI: PositionalSpec = {
  name: "URI",
  required: false,
  help: "folder of the graph, e.g. ./root/graphs/fleet.omni",
};
/** Source and parameters of a query. */
export const QUERY_SOURCE: readonly FlagSpec[] = [
  { name: "query", value: "FILE", help: "file with the query source (.gq)" },
  { name: "query-string", short: "e", value: "GQ", help: "query source on the command line" },
  { name: "params", value: "JSON", help: "parameters as a JSON object" },
  { name: "params-file", value: "FILE", help: "file with the parameters as a JSON object" },
];
/** Of these only one may be given. */
export const QUERY_EXCLUSIVE = [["query", "query-string"], ["params", "params-file"]] as const;

/**
 * The module `cli/commands/<name>.ts`. Its address is computed: one that Deno can read in the source makes it walk the files
 * of every command whenever any runs, which doubles the time of `--help`.
 */
export async function commandModule<Module>(name: string): Promise<Module> {
  return await import(new URL(`../commands/${name}.ts`, import.meta.url).href) as Module;
}
