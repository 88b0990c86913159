/** Commits: their rows of the command table. */
import { BRANCH, type CommandSpec, JSON_FLAG, READS, URI, URI_FLAG, WRITES } from "./spec.ts";

/** In the order of the root help. */
export const HISTORY: readonly CommandSpec[] = [
  {
    path: ["commit", "list"],
    capability: "any",
    may: READS,
    summary: "list the commits of a branch, newest first",
    positionals: [URI],
    flags: [BRANCH, URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit list ./root/graphs/fleet.omni"],
    load: async () => (await import("../commands/commit.ts")).runCommitList,
  },
  {
    path: ["commit", "show"],
    capability: "any",
    may: READS,
    summary: "show one commit",
    positionals: [{ name: "COMMIT_ID", required: true, help: "the commit" }],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit show 01JZ0000000000000000000000 --store ./root/graphs/fleet.omni"],
    load: async () => (await import("../commands/commit.ts")).runCommitShow,
  },
  {
    path: ["commit", "revert"],
    capability: "any",
    may: WRITES,
    summary: "take one commit back by a new commit",
    positionals: [{ name: "COMMIT_ID", required: true, help: "the commit to take back" }],
    flags: [BRANCH, URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit revert 01JZ0000000000000000000000 --store ./root/graphs/fleet.omni"],
    load: async () => (await import("../commands/merge.ts")).runCommitRevert,
  },
];
