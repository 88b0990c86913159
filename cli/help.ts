/** Help texts, rendered from the command table. */
import { COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import type { CommandSpec, FlagSpec } from "./specs/spec.ts";

const INTRO = `omnigraph: a graph database whose whole deployment is declared in a Git repository

Start here:
  omnigraph cluster validate --config DIR    check a config folder (cluster.yaml, schemas, queries, policies)
  omnigraph cluster plan --config DIR        show what apply would change
  omnigraph cluster apply --config DIR       make the storage root what the folder declares
  omnigraph load GRAPH --data FILE --mode overwrite

Usage: omnigraph [GLOBAL FLAGS] COMMAND [ARGUMENTS]
`;

const LEGEND = `COMMANDS BY CAPABILITY
  data              query, mutate, load, branch, snapshot, entity, export, commit, changes, schema: one graph, by --store
                    or --server with --graph
  served            graphs: a running server
  direct            init, schema plan, lint: the storage of one graph
  cluster control   cluster: a config folder and its storage root
  local             fmt, lsp, version

Run \`omnigraph help COMMAND\` for the flags of one command.
`;

/** Help of the whole program. */
export function rootHelp(): string {
  const rows = COMMANDS.filter((command) => !command.hidden).map((command): [string, string] => [
    [...command.path, ...command.positionals.map(showPositional)].join(" "),
    command.summary + aliasNote(command),
  ]);
  return `${INTRO}\nCommands:\n${columns(rows)}\nGlobal flags:\n${
    columns(GLOBAL_FLAGS.filter((flag) => !flag.hidden).map(flagRow))
  }\n${LEGEND}`;
}

/** Help of one command. */
export function commandHelp(command: CommandSpec): string {
  const words = ["omnigraph", ...command.path, ...command.positionals.map(showPositional)];
  const required = command.flags.filter((flag) => flag.required).map((flag) =>
    `--${flag.name} ${flag.value}`
  );
  const parts = [
    `${words.join(" ")}: ${command.summary}\n\nUsage: ${[...words, ...required].join(" ")} [FLAGS]\n`,
  ];
  if (command.positionals.length > 0) {
    parts.push(`Arguments:\n${columns(command.positionals.map((spec) => [spec.name, spec.help]))}`);
  }
  if (command.flags.length > 0) parts.push(`Flags:\n${columns(command.flags.map(flagRow))}`);
  const globals = GLOBAL_FLAGS.filter((flag) =>
    (command.may as readonly string[]).includes(flag.name) || ["yes", "quiet", "help"].includes(flag.name)
  );
  parts.push(`Global flags that apply:\n${columns(globals.map(flagRow))}`);
  parts.push(`Examples:\n${command.examples.map((example) => `  ${example}\n`).join("")}`);
  return parts.join("\n");
}

/** Help of a family such as `cluster`, or of one command; null when the words name nothing. */
export function helpFor(words: readonly string[]): string | null {
  if (words.length === 0) return rootHelp();
  const matches = COMMANDS.filter((command) => words.every((word, i) => command.path[i] === word));
  const exact = COMMANDS.find((command) => command.path.every((word, i) => words[i] === word));
  if (exact !== undefined) return commandHelp(exact);
  if (matches.length === 0) return null;
  const rows = matches.map((command): [string, string] => [command.path.join(" "), command.summary]);
  return `Usage: omnigraph ${words.join(" ")} SUBCOMMAND\n\nSubcommands:\n${columns(rows)}`;
}

function aliasNote(command: CommandSpec): string {
  if (command.path[0] === "query") return " (alias: read)";
  if (command.path[0] === "mutate") return " (alias: change)";
  return "";
}

function showPositional(spec: { name: string; required: boolean }): string {
  return spec.required ? spec.name : `[${spec.name}]`;
}

function flagRow(flag: FlagSpec): [string, string] {
  const short = flag.short === undefined ? "" : `-${flag.short}, `;
  const value = flag.value === undefined ? "" : ` ${flag.value}`;
  const choices = flag.choices === undefined ? "" : ` [${flag.choices.join(", ")}]`;
  return [
    `${short}--${flag.name}${value}`,
    flag.help + choices + (flag.required ? " (required)" : "") + (flag.repeatable ? " (repeatable)" : ""),
  ];
}

function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(34, Math.max(...rows.map(([left]) => left.length)));
  return rows.map(([left, right]) =>
    left.length > width
      ? `  ${left}\n  ${" ".repeat(width)}  ${right}\n`
      : `  ${left.padEnd(width)}  ${right}\n`
  ).join("");
}
