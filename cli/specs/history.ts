/** Commits: their rows of the command table. */
import {
  BRANCH,
  commandModule,
  type CommandSpec,
  type FlagSpec,
  JSON_FLAG,
  READS,
  URI,
  URI_FLAG,
  WRITES,
} from "./spec.ts";

const FILTER: readonly FlagSpec[] = [
  {
    name: "kind",
    value: "KIND",
    choices: ["node", "edge"],
    repeatable: true,
    help: "only changes of this kind",
  },
  { name: "type", value: "TYPE", repeatable: true, help: "only changes of this type" },
  {
    name: "op",
    value: "OP",
    choices: ["insert", "update", "delete"],
    repeatable: true,
    help: "only changes of this sort",
  },
];
const LIMIT: FlagSpec = {
  name: "limit",
  value: "N",
  help: "changes asked for at a time, up to 8192 (default: 1000)",
};
const PAGE: readonly FlagSpec[] = [LIMIT, {
  name: "page-token",
  value: "TOKEN",
  help: "only the page that this token continues with",
}];

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
    load: async () => (await commandModule<typeof import("../commands/commit.ts")>("commit")).runCommitList,
  },
  {
    path: ["commit", "show"],
    capability: "any",
    may: READS,
    summary: "show one commit",
    positionals: [URI, { name: "COMMIT_ID", required: true, help: "the commit" }],
    flags: [URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit show 01JZ0000000000000000000000 --store ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/commit.ts")>("commit")).runCommitShow,
  },
  {
    path: ["commit", "revert"],
    capability: "any",
    may: WRITES,
    summary: "take one commit back by a new commit",
    positionals: [{ name: "COMMIT_ID", required: true, help: "the commit to take back" }],
    flags: [
      { ...BRANCH, help: "branch that gets the new commit (default: main)" },
      URI_FLAG,
      JSON_FLAG,
    ],
    examples: ["omnigraph commit revert 01JZ0000000000000000000000 --store ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/merge.ts")>("merge")).runCommitRevert,
  },
  {
    path: ["commit", "changes"],
    capability: "any",
    may: READS,
    summary: "show the entities that a commit changed",
    positionals: [URI, { name: "COMMIT_ID", required: true, help: "the commit" }],
    flags: [...PAGE, ...FILTER, URI_FLAG, JSON_FLAG],
    examples: [
      "omnigraph commit changes 01JZ0000000000000000000000 --store ./root/graphs/fleet.omni --kind node --op delete",
    ],
    load: async () =>
      (await commandModule<typeof import("../commands/changes.ts")>("changes")).runCommitChanges,
  },
  {
    path: ["commit", "diff"],
    capability: "any",
    may: READS,
    summary: "show the entities in which two commits differ",
    positionals: [
      { name: "FROM", required: true, help: "a branch or a commit" },
      { name: "TO", required: true, help: "a branch or a commit" },
    ],
    flags: [...PAGE, ...FILTER, URI_FLAG, JSON_FLAG],
    examples: ["omnigraph commit diff main refit --store ./root/graphs/fleet.omni"],
    load: async () => (await commandModule<typeof import("../commands/changes.ts")>("changes")).runCommitDiff,
  },
  {
    path: ["changes", "poll"],
    capability: "any",
    may: READS,
    summary: "show the commits of a branch since a cursor, oldest first",
    positionals: [],
    flags: [
      BRANCH,
      { name: "cursor", value: "CURSOR", help: "go on where the poll ended that printed this cursor" },
      { name: "start", value: "PLACE", help: "now (default), beginning or after:COMMIT_ID" },
      LIMIT,
      ...FILTER,
      URI_FLAG,
      JSON_FLAG,
    ],
    exclusive: [["cursor", "start"]],
    examples: ["omnigraph changes poll --store ./root/graphs/fleet.omni --start beginning --json"],
    load: async () =>
      (await commandModule<typeof import("../commands/changes.ts")>("changes")).runChangesPoll,
  },
  {
    path: ["changes", "baseline"],
    capability: "any",
    may: READS,
    summary: "write all entities of a branch to a file, and print the cursor of what comes after",
    positionals: [],
    flags: [
      BRANCH,
      { name: "out", value: "FILE", required: true, help: "file to write (NDJSON); replaced as a whole" },
      ...FILTER,
      URI_FLAG,
      JSON_FLAG,
    ],
    examples: ["omnigraph changes baseline --store ./root/graphs/fleet.omni --out fleet.jsonl"],
    load: async () =>
      (await commandModule<typeof import("../commands/changes.ts")>("changes")).runChangesBaseline,
  },
];
