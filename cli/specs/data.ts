/** Queries and loads: their rows of the command table. */
import {
  AS_OF,
  BRANCH,
  commandModule,
  type CommandSpec,
  JSON_FLAG,
  QUERY_EXCLUSIVE,
  QUERY_SOURCE,
  READS,
  SNAPSHOT,
  TARGET_EXCLUSIVE,
  URI,
  URI_FLAG,
  WRITES,
} from "./spec.ts";

/** In the order of the root help. */
export const DATA: readonly CommandSpec[] = [
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
    flags: [...QUERY_SOURCE, BRANCH, SNAPSHOT, AS_OF, {
      name: "format",
      value: "FORMAT",
      choices: ["table", "kv", "csv", "jsonl", "json"],
      help: "output format (default: table)",
    }, JSON_FLAG],
    exclusive: [...QUERY_EXCLUSIVE, ...TARGET_EXCLUSIVE, ["format", "json"]],
    examples: [
      'omnigraph query --store ./root/graphs/fleet.omni --query ships.gq ships_in_port --params \'{"port":"p-1"}\'',
      'omnigraph query --server http://127.0.0.1:8080 --graph fleet ships_in_port --params \'{"port":"p-1"}\'',
    ],
    load: async () => (await commandModule<typeof import("../commands/query.ts")>("query")).runQuery,
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
    load: async () => (await commandModule<typeof import("../commands/mutate.ts")>("mutate")).runMutate,
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
    load: async () => (await commandModule<typeof import("../commands/load.ts")>("load")).runLoad,
  },
  {
    path: ["ingest"],
    capability: "any",
    may: WRITES,
    summary: "load entities with the permissive parser of old releases (deprecated: use load)",
    hidden: true,
    positionals: [URI],
    flags: [
      { name: "data", value: "FILE", required: true, help: "JSON objects, one node or edge each" },
      BRANCH,
      {
        name: "from",
        value: "BASE",
        help: "create the branch from BASE when it does not exist (default: main)",
      },
      {
        name: "mode",
        value: "MODE",
        choices: ["overwrite", "append", "merge"],
        help: "as in load (default: merge)",
      },
      URI_FLAG,
      JSON_FLAG,
    ],
    examples: ["omnigraph ingest ./root/graphs/fleet.omni --data seed.jsonl"],
    load: async () => (await commandModule<typeof import("../commands/ingest.ts")>("ingest")).runIngest,
  },
];
