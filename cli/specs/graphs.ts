/** Graphs and checks of sources: their rows of the command table. */
import { commandModule, type CommandSpec, GITHUB, JSON_FLAG, URI, URI_FLAG } from "./spec.ts";

/** In the order of the root help. */
export const GRAPHS: readonly CommandSpec[] = [
  {
    path: ["graphs", "list"],
    capability: "served",
    may: ["server", "profile"],
    summary: "list the graphs of a server",
    positionals: [],
    flags: [JSON_FLAG],
    examples: ["omnigraph graphs list --server http://127.0.0.1:8080"],
    load: async () => (await commandModule<typeof import("../commands/graphs.ts")>("graphs")).runGraphsList,
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
    load: async () => (await commandModule<typeof import("../commands/init.ts")>("init")).runInit,
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
    load: async () => (await commandModule<typeof import("../commands/lint.ts")>("lint")).runLint,
  },
];
