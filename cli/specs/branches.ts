/** Branches: their rows of the command table. */
import { commandModule, type CommandSpec, JSON_FLAG, READS, URI_FLAG, WRITES } from "./spec.ts";

/** In the order of the root help. */
export const BRANCHES: readonly CommandSpec[] = [
  {
    path: ["branch", "create"],
    capability: "any",
    may: WRITES,
    summary: "make a branch; costs nothing until it is written to",
    positionals: [{ name: "NAME", required: true, help: "the new branch, e.g. review/may" }],
    flags: [
      URI_FLAG,
      { name: "from", value: "BRANCH", help: "start at the head of this branch (default: main)" },
      { name: "from-commit", value: "COMMIT_ID", help: "start at this commit of any branch" },
      JSON_FLAG,
    ],
    exclusive: [["from", "from-commit"]],
    examples: ["omnigraph branch create review/may --store ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/branch.ts")>("branch")).runBranchCreate,
  },
  {
    path: ["branch", "list"],
    capability: "any",
    may: READS,
    summary: "list the branches",
    positionals: [],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph branch list --store ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/branch.ts")>("branch")).runBranchList,
  },
  {
    path: ["branch", "delete"],
    capability: "any",
    may: WRITES,
    summary: "delete a branch that no other branch depends on, with its commits",
    positionals: [{ name: "NAME", required: true, help: "the branch" }],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph branch delete review/may --store ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/branch.ts")>("branch")).runBranchDelete,
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
    load: async () => (await commandModule<typeof import("../commands/merge.ts")>("merge")).runBranchMerge,
  },
];
