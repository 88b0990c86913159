/** Branches: their rows of the command table. */
import { type CommandSpec, JSON_FLAG, READS, URI_FLAG } from "./spec.ts";

/** In the order of the root help. */
export const BRANCHES: readonly CommandSpec[] = [
  {
    path: ["branch", "list"],
    capability: "any",
    may: READS,
    summary: "list the branches",
    positionals: [],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph branch list --store ./root/graphs/fleet.omni"],
    load: async () => (await import("../commands/branch.ts")).runBranchList,
  },
];
