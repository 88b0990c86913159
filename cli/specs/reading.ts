/** Whole snapshots and single entities: their rows of the command table. */
import {
  AS_OF,
  BRANCH,
  commandModule,
  type CommandSpec,
  JSON_FLAG,
  READS,
  SNAPSHOT,
  TARGET_EXCLUSIVE,
  URI,
  URI_FLAG,
} from "./spec.ts";

/** In the order of the root help. */
export const READING: readonly CommandSpec[] = [
  {
    path: ["snapshot"],
    capability: "any",
    may: READS,
    summary: "show the tables of a branch head or an earlier commit",
    positionals: [URI],
    flags: [BRANCH, SNAPSHOT, AS_OF, URI_FLAG, JSON_FLAG],
    exclusive: TARGET_EXCLUSIVE,
    examples: [
      "omnigraph snapshot ./root/graphs/fleet.omni",
      "omnigraph snapshot ./root/graphs/fleet.omni --as-of 2026-05-01T12:00:00Z",
    ],
    load: async () => (await commandModule<typeof import("../commands/snapshot.ts")>("snapshot")).runSnapshot,
  },
  {
    path: ["entity"],
    capability: "any",
    may: READS,
    summary: "show one node or edge, now or at an earlier commit",
    positionals: [
      { name: "ENTITY", required: true, help: "node or edge" },
      { name: "TYPE", required: true, help: "its type" },
      { name: "ID", required: true, help: "its id; a node's is its key" },
    ],
    flags: [BRANCH, SNAPSHOT, AS_OF, URI_FLAG, JSON_FLAG],
    exclusive: TARGET_EXCLUSIVE,
    examples: ["omnigraph entity node Ship s-1 --store ./root/graphs/fleet.omni --as-of 2026-05-01"],
    load: async () => (await commandModule<typeof import("../commands/entity.ts")>("entity")).runEntity,
  },
  {
    path: ["export"],
    capability: "any",
    may: READS,
    summary: "write all entities as NDJSON, ready to be loaded again",
    positionals: [URI],
    flags: [
      BRANCH,
      SNAPSHOT,
      AS_OF,
      { name: "type", value: "TYPE", repeatable: true, help: "only node and edge types of this name" },
      URI_FLAG,
    ],
    exclusive: TARGET_EXCLUSIVE,
    examples: [
      "omnigraph export ./root/graphs/fleet.omni",
      "omnigraph export ./fleet.omni --type Ship --type Docked",
    ],
    load: async () => (await commandModule<typeof import("../commands/export.ts")>("export")).runExport,
  },
];
