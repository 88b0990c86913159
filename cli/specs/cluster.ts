/** The control plane: its rows of the command table. */
import { type CommandSpec, CONFIG, type FlagSpec, GITHUB, JSON_FLAG } from "./spec.ts";

/** In the order of the root help. */
export const CLUSTER: readonly CommandSpec[] = [
  cluster("validate", "check the whole configuration, touching no storage", [GITHUB]),
  cluster("plan", "show what apply would change; reads only", [
    { name: "detailed-exitcode", help: "exit 2 when there are changes" },
    GITHUB,
  ]),
  cluster("apply", "make the storage root what the configuration declares", [
    { name: "allow-dirty", help: "apply although files differ from the Git commit; recorded" },
    {
      name: "lock-timeout",
      value: "DURATION",
      help: "wait this long for a held lock, e.g. 10m (default: 0)",
    },
    GITHUB,
  ]),
  cluster("status", "show what is applied, by whom, from which commit", []),
  {
    ...cluster("force-unlock", "remove a state lock that nobody holds any more", []),
    positionals: [{ name: "LOCK_ID", required: true, help: "id of the lock, as shown by status" }],
  },
];

function cluster(name: string, summary: string, flags: readonly FlagSpec[]): CommandSpec {
  return {
    path: ["cluster", name],
    capability: "control",
    may: name === "apply" ? ["as"] : [],
    summary,
    positionals: [],
    flags: [CONFIG, ...flags, JSON_FLAG],
    exclusive: [["github", "json"]],
    examples: [
      `omnigraph cluster ${name}${
        name === "force-unlock" ? " 01JZ0000000000000000000000" : ""
      } --config ./config`,
    ],
    load: async () => (await import("../commands/cluster.ts")).clusterCommand(name),
  };
}
