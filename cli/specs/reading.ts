/** Whole snapshots: their rows of the command table. */
import { BRANCH, type CommandSpec, JSON_FLAG, READS, URI, URI_FLAG } from "./spec.ts";

/** In the order of the root help. */
export const READING: readonly CommandSpec[] = [
  {
    path: ["snapshot"],
    capability: "any",
    may: READS,
    summary: "show the tables of a branch head",
    positionals: [URI],
    flags: [BRANCH, URI_FLAG, JSON_FLAG],
    examples: ["omnigraph snapshot ./root/graphs/fleet.omni"],
    load: async () => (await import("../commands/snapshot.ts")).runSnapshot,
  },
];
