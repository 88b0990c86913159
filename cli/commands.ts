/**
 * The command table: the one place that knows every command's name, capability, arguments and help. Help, parsing and
 * the flag guard read it; the code of a command is loaded only when it runs, so this file imports nothing heavy.
 */
import { BRANCHES } from "./specs/branches.ts";
import { CLUSTER } from "./specs/cluster.ts";
import { DATA } from "./specs/data.ts";
import { GRAPHS } from "./specs/graphs.ts";
import { HISTORY } from "./specs/history.ts";
import { LOCAL } from "./specs/local.ts";
import { READING } from "./specs/reading.ts";
import { SCHEMA } from "./specs/schema.ts";
import type { CommandSpec, FlagSpec } from "./specs/spec.ts";

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
  ...DATA,
  ...BRANCHES,
  ...READING,
  ...HISTORY,
  ...SCHEMA,
  ...GRAPHS,
  ...CLUSTER,
  ...LOCAL,
];
