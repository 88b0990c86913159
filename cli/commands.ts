/**
 * The command table: the one place that knows every command's name, capability, arguments and help. Help, parsing and
 * the flag guard read it; the code of a command is loaded only when it runs, so this file imports nothing heavy.
 */
import type { CommandRun } from "./context.ts";

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
  readonly load: () => Promise<CommandRun>;
}

const READS = ["server", "graph", "store", "profile"] as const;
const WRITES = [...READS, "as"] as const;

const JSON_FLAG: FlagSpec = { name: "json", help: "print JSON instead of text" };
const BRANCH: FlagSpec = { name: "branch", value: "NAME", help: "branch to use (default: main)" };
const SNAPSHOT: FlagSpec = {
  name: "snapshot",
  value: "COMMIT_ID",
  help: "read this commit instead of a branch head",
};
const CONFIG: FlagSpec = {
  name: "config",
  value: "DIR",
  help: "folder that holds cluster.yaml (default: the current folder)",
};
const GITHUB: FlagSpec = {
  name: "github",
  help: "also print GitHub annotations, and write the step outputs of cluster commands",
};
const URI_FLAG: FlagSpec = { name: "uri", value: "URI", help: "the graph, same as the positional URI" };
const URI: PositionalSpec = {
  name: "URI",
  required: false,
  help: "folder of the graph, e.g. ./root/graphs/fleet.omni",
};
const QUERY_SOURCE: readonly FlagSpec[] = [
  { name: "query", value: "FILE", help: "file with the query source (.gq)" },
  { name: "query-string", short: "e", value: "GQ", help: "query source on the command line" },
  { name: "params", value: "JSON", help: "parameters as a JSON object" },
  { name: "params-file", value: "FILE", help: "file with the parameters as a JSON object" },
];
const QUERY_EXCLUSIVE = [["query", "query-string"], ["params", "params-file"]] as const;

/** Flags that every command accepts, before or after the command words. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  { name: "server", value: "URL", help: "address of a running server" },
  { name: "graph", value: "GRAPH_ID", help: "graph inside a server or cluster" },
  { name: "store", value: "URI", help: "storage of one graph" },
  {
    name: "cluster",
    value: "DIR|URI",
    help: "cluster with the graph: its folder or storage root",
    hidden: true,
  },
  { name: "profile", value: "NAME", help: "named scope of the operator config" },
  { name: "as", value: "ACTOR", help: "actor recorded for a direct write" },
  { name: "yes", help: "consent to a destructive write on a target that is not local" },
  { name: "quiet", help: "do not echo the target of a write" },
  { name: "help", short: "h", help: "show help" },
  { name: "version", short: "v", help: "show the version" },
];

/** All commands in the order of the root help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    path: ["query"],
    capability: "any",
    may: READS,
    summary: "run a read query",
    positionals: [{
      name: "NAME",
      required: false,
      help: "stored query (on a server), or the query to choose from the source",
    }],
    flags: [...QUERY_SOURCE, BRANCH, SNAPSHOT, {
      name: "format",
      value: "FORMAT",
      choices: ["table", "kv", "csv", "jsonl", "json"],
      help: "output format (default: table)",
    }, JSON_FLAG],
    exclusive: [...QUERY_EXCLUSIVE, ["branch", "snapshot"], ["format", "json"]],
    examples: [
      'omnigraph query --store ./root/graphs/fleet.omni --query ships.gq ships_in_port --params \'{"port":"p-1"}\'',
      'omnigraph query --server http://127.0.0.1:8080 --graph fleet ships_in_port --params \'{"port":"p-1"}\'',
    ],
    load: async () => (await import("./commands/query.ts")).runQuery,
  },
  {
    path: ["mutate"],
    capability: "any",
    may: WRITES,
    summary: "run a mutation as one commit",
    positionals: [{
      name: "NAME",
      required: false,
      help: "stored query (on a server), or the query to choose from the source",
    }],
    flags: [...QUERY_SOURCE, BRANCH, {
      name: "if-commit",
      value: "COMMIT_ID",
      help: "write only while this commit is the head",
    }, JSON_FLAG],
    exclusive: QUERY_EXCLUSIVE,
    examples: [
      'omnigraph mutate --store ./root/graphs/fleet.omni --query edit.gq add_ship --params \'{"slug":"s-9"}\'',
    ],
    load: async () => (await import("./commands/mutate.ts")).runMutate,
  },
  {
    path: ["load"],
    capability: "any",
    may: WRITES,
    summary: "load entities from NDJSON as one commit",
    positionals: [URI],
    flags: [
      { name: "data", value: "FILE", required: true, help: "NDJSON file, one node or edge a line" },
      {
        name: "mode",
        value: "MODE",
        required: true,
        choices: ["overwrite", "append", "merge"],
        help: "overwrite: replace the types in the file; append: insert only; merge: insert or replace by id",
      },
      BRANCH,
      { name: "from", value: "BASE", help: "create the branch from BASE when it does not exist" },
      URI_FLAG,
      JSON_FLAG,
    ],
    examples: ["omnigraph load ./root/graphs/fleet.omni --data seed.jsonl --mode overwrite"],
    load: async () => (await import("./commands/load.ts")).runLoad,
  },
  {
    path: ["branch", "list"],
    capability: "any",
    may: READS,
    summary: "list the branches",
    positionals: [],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph branch list --store ./root/graphs/fleet.omni"],
    load: async () => (await import("./commands/branch.ts")).runBranchList,
  },
  {
    path: ["snapshot"],
    capability: "any",
    may: READS,
    summary: "show the tables of a branch head",
    positionals: [URI],
    flags: [BRANCH, URI_FLAG, JSON_FLAG],
    examples: ["omnigraph snapshot ./root/graphs/fleet.omni"],
    load: async () => (await import("./commands/snapshot.ts")).runSnapshot,
  },
  {
    path: ["commit", "list"],
    capability: "any",
    may: READS,
    summary: "list the commits of a branch, newest first",
    positionals: [URI],
    flags: [BRANCH, URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit list ./root/graphs/fleet.omni"],
    load: async () => (await import("./commands/commit.ts")).runCommitList,
  },
  {
    path: ["commit", "show"],
    capability: "any",
    may: READS,
    summary: "show one commit",
    positionals: [{ name: "COMMIT_ID", required: true, help: "the commit" }],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit show 01JZ0000000000000000000000 --store ./root/graphs/fleet.omni"],
    load: async () => (await import("./commands/commit.ts")).runCommitShow,
  },
  {
    path: ["schema", "plan"],
    capability: "direct",
    may: ["store", "profile"],
    summary: "show how a schema file would change a graph; reads only",
    positionals: [URI],
    flags: [
      { name: "schema", value: "FILE", required: true, help: "desired schema file (.pg)" },
      { name: "allow-data-loss", help: "plan hard drops: old versions of the data would be purged" },
      URI_FLAG,
      JSON_FLAG,
    ],
    examples: ["omnigraph schema plan ./fleet.omni --schema fleet.pg"],
    load: async () => (await import("./commands/schema.ts")).runSchemaPlan,
  },
  {
    path: ["schema", "apply"],
    capability: "any",
    may: WRITES,
    summary: "change the schema of a graph outside any cluster, as one commit",
    positionals: [URI],
    flags: [
      { name: "schema", value: "FILE", required: true, help: "desired schema file (.pg)" },
      { name: "allow-data-loss", help: "make drops hard: old versions of the data are purged" },
      URI_FLAG,
      JSON_FLAG,
    ],
    examples: ["omnigraph schema apply ./fleet.omni --schema fleet.pg --as ida"],
    load: async () => (await import("./commands/schema.ts")).runSchemaApply,
  },
  {
    path: ["schema", "show"],
    capability: "any",
    may: READS,
    summary: "print the accepted schema",
    positionals: [URI],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph schema show ./root/graphs/fleet.omni"],
    load: async () => (await import("./commands/schema.ts")).runSchemaShow,
  },
  {
    path: ["graphs", "list"],
    capability: "served",
    may: ["server", "profile"],
    summary: "list the graphs of a server",
    positionals: [],
    flags: [JSON_FLAG],
    examples: ["omnigraph graphs list --server http://127.0.0.1:8080"],
    load: async () => (await import("./commands/graphs.ts")).runGraphsList,
  },
  {
    path: ["init"],
    capability: "direct",
    may: [],
    summary: "create an empty graph outside any cluster",
    positionals: [{ ...URI, required: true }],
    flags: [
      { name: "schema", value: "FILE", required: true, help: "schema file (.pg)" },
      { name: "force", help: "replace orphan schema files of an unfinished graph" },
    ],
    examples: ["omnigraph init ./fleet.omni --schema fleet.pg"],
    load: async () => (await import("./commands/init.ts")).runInit,
  },
  {
    path: ["lint"],
    capability: "direct",
    may: ["cluster", "graph", "store", "profile"],
    summary: "check a query file against a graph or a schema file",
    positionals: [URI],
    flags: [
      { name: "query", value: "FILE", required: true, help: "query file (.gq)" },
      { name: "schema", value: "FILE", help: "check against this schema file (.pg); opens no graph" },
      URI_FLAG,
      GITHUB,
      JSON_FLAG,
    ],
    exclusive: [["github", "json"]],
    examples: [
      "omnigraph lint --query ships.gq --schema fleet.pg",
      "omnigraph lint ./root/graphs/fleet.omni --query ships.gq --json",
    ],
    load: async () => (await import("./commands/lint.ts")).runLint,
  },
  cluster("validate", "check the whole configuration, touching no storage", [GITHUB]),
  cluster("plan", "show what apply would change; reads only", [
    { name: "detailed-exitcode", help: "exit 2 when there are changes" },
    GITHUB,
  ]),
  cluster("apply", "make the storage root what the configuration declares", [
    { name: "allow-dirty", help: "apply although files differ from the Git commit; recorded" },
    {
      name: "lock-timeout",
      value: "DURATION",
      help: "wait this long for a held lock, e.g. 10m (default: 0)",
    },
    GITHUB,
  ]),
  cluster("status", "show what is applied, by whom, from which commit", []),
  {
    ...cluster("force-unlock", "remove a state lock that nobody holds any more", []),
    positionals: [{ name: "LOCK_ID", required: true, help: "id of the lock, as shown by status" }],
  },
  {
    path: ["fmt"],
    capability: "local",
    may: [],
    summary: "rewrite schema and query files in their canonical layout",
    positionals: [{
      name: "PATH...",
      required: true,
      many: true,
      help: "files (.pg, .gq), and folders to search for them",
    }],
    flags: [{ name: "check", help: "write nothing; exit 1 and list the files that would change" }],
    examples: ["omnigraph fmt fleet.pg queries", "omnigraph fmt --check ."],
    load: async () => (await import("./commands/fmt.ts")).runFmt,
  },
  {
    path: ["lsp"],
    capability: "local",
    may: [],
    summary: "help editors with schema and query files (Language Server Protocol)",
    positionals: [],
    flags: [{ name: "stdio", help: "speak over standard input and output, as it does anyway" }],
    examples: ["omnigraph lsp"],
    load: async () => (await import("./commands/lsp.ts")).runLsp,
  },
  {
    path: ["version"],
    capability: "local",
    may: [],
    summary: "print the version and the storage format",
    positionals: [],
    flags: [],
    examples: ["omnigraph version"],
    load: async () => (await import("./commands/version.ts")).runVersion,
  },
];

function cluster(name: string, summary: string, flags: readonly FlagSpec[]): CommandSpec {
  return {
    path: ["cluster", name],
    capability: "control",
    may: name === "apply" ? ["as"] : [],
    summary,
    positionals: [],
    flags: [CONFIG, ...flags, JSON_FLAG],
    exclusive: [["github", "json"]],
    examples: [
      `omnigraph cluster ${name}${
        name === "force-unlock" ? " 01JZ0000000000000000000000" : ""
      } --config ./config`,
    ],
    load: async () => (await import("./commands/cluster.ts")).clusterCommand(name),
  };
}
