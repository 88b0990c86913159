/** Schemas: their rows of the command table. */
import { commandModule, type CommandSpec, JSON_FLAG, READS, URI, URI_FLAG, WRITES } from "./spec.ts";

/** In the order of the root help. */
export const SCHEMA: readonly CommandSpec[] = [
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
    load: async () => (await commandModule<typeof import("../commands/schema.ts")>("schema")).runSchemaPlan,
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
    load: async () => (await commandModule<typeof import("../commands/schema.ts")>("schema")).runSchemaApply,
  },
  {
    path: ["schema", "show"],
    capability: "any",
    may: READS,
    summary: "print the accepted schema",
    positionals: [URI],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph schema show ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/schema.ts")>("schema")).runSchemaShow,
  },
];
