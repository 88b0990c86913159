/** The control plane: its rows of the command table. */
import { commandModule, type CommandSpec, CONFIG, type FlagSpec, GITHUB, JSON_FLAG } from "./spec.ts";

const LOCK_TIMEOUT: FlagSpec = {
  name: "lock-timeout",
  value: "DURATION",
  help: "wait this long for a held lock, e.g. 10m (default: 0)",
};

const REF: FlagSpec = {
  name: "ref",
  value: "REF",
  help: "read the configuration from this branch, tag or commit instead of the working tree",
};

/** Commands that record a person. */
const WITH_ACTOR: readonly string[] = ["apply", "approve"];

/** In the order of the root help. */
export const CLUSTER: readonly CommandSpec[] = [
  cluster("validate", "check the whole configuration, touching no storage", [REF, GITHUB]),
  cluster("plan", "show what apply would change; reads only", [
    REF,
    { name: "detailed-exitcode", help: "exit 2 when there are changes" },
    GITHUB,
  ]),
  cluster("apply", "make the storage root what the configuration declares", [
    REF,
    { name: "allow-dirty", help: "apply although files differ from the Git commit; recorded" },
    LOCK_TIMEOUT,
    GITHUB,
  ]),
  {
    ...cluster("approve", "say yes to a deletion that the plan shows as waiting", [
      { name: "expires", value: "DURATION", help: "how long the approval holds (default: 7d)" },
      { name: "plan-digest", value: "DIGEST", help: "approve only while the plan has this digest" },
      LOCK_TIMEOUT,
      GITHUB,
    ], "graph.fleet"),
    positionals: [{ name: "RESOURCE", required: true, help: "address, as the plan shows it" }],
  },
  cluster("status", "show what is applied, by whom, from which commit", []),
  cluster("refresh", "correct the ledger from the live graphs and blobs", [LOCK_TIMEOUT, GITHUB]),
  cluster("import", "make a ledger from the live graphs where it was lost", [LOCK_TIMEOUT, GITHUB]),
  cluster("drift", "show how the storage root differs from the ledger; exit 2 when it does", [GITHUB]),
  cluster("gc", "remove stored queries, policies and schemas that no recent revision needs", [
    { name: "keep", value: "N", help: "newest revisions that keep what they were made of (default: 20)" },
    { name: "confirm", help: "remove; without it only show what would go" },
    LOCK_TIMEOUT,
    GITHUB,
  ]),
  {
    ...cluster(
      "force-unlock",
      "remove a state lock that nobody holds any more",
      [],
      "01JZ0000000000000000000000",
    ),
    positionals: [{ name: "LOCK_ID", required: true, help: "id of the lock, as shown by status" }],
  },
];

function cluster(name: string, summary: string, flags: readonly FlagSpec[], subject = ""): CommandSpec {
  return {
    path: ["cluster", name],
    capability: "control",
    may: WITH_ACTOR.includes(name) ? ["as"] : [],
    summary,
    positionals: [],
    flags: [CONFIG, ...flags, JSON_FLAG],
    exclusive: [["github", "json"]],
    examples: [
      ["omnigraph cluster", name, subject, "--config ./config"].filter((word) => word !== "").join(" "),
    ],
    load: async () =>
      (await commandModule<typeof import("../commands/cluster.ts")>("cluster")).clusterCommand(name),
  };
}
