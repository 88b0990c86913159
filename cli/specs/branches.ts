/** Branches: their rows of the command table. */
import { type CommandSpec, JSON_FLAG, READS, URI_FLAG, WRITES } from "./spec.ts";

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
  {
    path: ["branch", "merge"],
    capability: "any",
    may: WRITES,
    summary: "bring what a branch has into another one, as one commit",
    positionals: [{ name: "SOURCE", required: true, help: "the branch that is merged; it stays as it is" }],
    flags: [
      URI_FLAG,
      { name: "into", value: "BRANCH", help: "the branch that gets the commit (default: main)" },
      { name: "delete-branch", help: "delete SOURCE when it has been merged" },
      JSON_FLAG,
    ],
    examples: ["omnigraph branch merge review/may --into main --store ./root/graphs/fleet.omni"],
    load: async () => (await import("../commands/merge.ts")).runBranchMerge,
  },
];
