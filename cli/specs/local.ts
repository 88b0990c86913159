/** Commands that address no graph: their rows of the command table. */
import { commandModule, type CommandSpec } from "./spec.ts";

/** In the order of the root help. */
export const LOCAL: readonly CommandSpec[] = [
  {
    path: ["fmt"],
    capability: "local",
    may: [],
    summary: "rewrite schema and query files in their canonical layout",
    positionals: [{
      name: "PATH...",
      required: true,
      many: true,
      help: "files (.pg, .gq), and folders to search for them",
    }],
    flags: [{ name: "check", help: "write nothing; exit 1 and list the files that would change" }],
    examples: ["omnigraph fmt fleet.pg queries", "omnigraph fmt --check ."],
    load: async () => (await commandModule<typeof import("../commands/fmt.ts")>("fmt")).runFmt,
  },
  {
    path: ["lsp"],
    capability: "local",
    may: [],
    summary: "help editors with schema and query files (Language Server Protocol)",
    positionals: [],
    flags: [{ name: "stdio", help: "speak over standard input and output, as it does anyway" }],
    examples: ["omnigraph lsp"],
    load: async () => (await commandModule<typeof import("../commands/lsp.ts")>("lsp")).runLsp,
  },
  {
    path: ["version"],
    capability: "local",
    may: [],
    summary: "print the version and the storage format",
    positionals: [],
    flags: [],
    examples: ["omnigraph version"],
    load: async () => (await commandModule<typeof import("../commands/version.ts")>("version")).runVersion,
  },
];
