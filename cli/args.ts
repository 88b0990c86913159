/** Command words and flags from argv, checked against the command table. */
import { parseArgs } from "node:util";
import { didYouMean } from "../core/base/suggest.ts";
import { AppError } from "../core/errors.ts";
import { COMMANDS, GLOBAL_FLAGS } from "./commands.ts";
import type { CommandSpec, FlagSpec } from "./specs/spec.ts";
import type { Arguments } from "./context.ts";
import { laterCommand } from "./later.ts";

/** What argv asks for. */
export type Parsed =
  | { readonly kind: "help"; readonly words: readonly string[] }
  | { readonly kind: "version" }
  | { readonly kind: "none" }
  | { readonly kind: "command"; readonly args: Arguments };

/** Reads argv (without program name), in canonical spelling. Throws `AppError("usage")`. */
export function parseCommandLine(argv: readonly string[]): Parsed {
  const { words, rest } = splitCommand(argv);
  if (words.length === 0) {
    if (rest.some((arg) => arg === "-h" || arg === "--help")) return { kind: "help", words: [] };
    if (rest.some((arg) => arg === "-v" || arg === "--version")) return { kind: "version" };
    if (rest.length === 0) return { kind: "none" };
    throw new AppError("usage", "no command: run `omnigraph --help` to see the commands");
  }
  if (words[0] === "help") return { kind: "help", words: [...words.slice(1), ...rest] };
  const flagsEnd = argv.indexOf("--");
  const flags = flagsEnd === -1 ? argv : argv.slice(0, flagsEnd);
  if (flags.includes("-h") || flags.includes("--help")) return { kind: "help", words };
  const command = findCommand(words);
  return { kind: "command", args: readFlags(command, words.slice(command.path.length), rest) };
}

/** Index of the first command word, behind global flags and their values; the length of argv when there is none. */
export function commandWordAt(argv: readonly string[]): number {
  const takesValue = new Set(
    GLOBAL_FLAGS.filter((flag) => flag.value !== undefined).map((flag) => `--${flag.name}`),
  );
  let at = 0;
  while (at < argv.length && argv[at]!.startsWith("-") && argv[at] !== "--") {
    at += takesValue.has(argv[at]!) ? 2 : 1;
  }
  return Math.min(at, argv.length);
}

/** Separates leading non-flag words from everything else, stepping over global flags and their values. */
function splitCommand(argv: readonly string[]): { words: string[]; rest: string[] } {
  let at = commandWordAt(argv);
  const rest = argv.slice(0, at);
  const first = argv[at];
  if (first === undefined || first === "--") return { words: [], rest: [...rest, ...argv.slice(at)] };
  const isFamily = first === "help" ||
    COMMANDS.some((command) => command.path.length > 1 && command.path[0] === first);
  const words = [first];
  at++;
  while (
    isFamily && (first === "help" || words.length < 2) && at < argv.length && !argv[at]!.startsWith("-")
  ) {
    words.push(argv[at++]!);
  }
  return { words, rest: [...rest, ...argv.slice(at)] };
}

/** The command of these words. Throws `AppError("usage")` with a suggestion. */
export function findCommand(words: readonly string[]): CommandSpec {
  const found = COMMANDS.find((command) => command.path.every((word, i) => word === words[i]));
  if (found !== undefined) return found;
  const [family, sub] = words;
  const isFamily = COMMANDS.some((command) => command.path[0] === family);
  const later = isFamily && sub === undefined ? null : laterCommand(words);
  if (later !== null) {
    throw new AppError(
      "usage",
      `\`${later}\` is not in this version yet: \`omnigraph --help\` lists what is`,
    );
  }
  const subcommands = COMMANDS.filter((command) => command.path[0] === family).map((command) =>
    command.path[1]!
  );
  if (subcommands.length > 0) {
    const said = sub === undefined ? "needs a subcommand" : `has no subcommand \`${sub}\``;
    throw new AppError("usage", `\`${family}\` ${said}: one of ${subcommands.join(", ")}`);
  }
  const names = [...new Set(COMMANDS.map((command) => command.path[0]!))];
  const hint = didYouMean(family ?? "", names) ?? "run `omnigraph --help` to see the commands";
  throw new AppError("usage", `unknown command \`${family}\`: ${hint}`);
}

function readFlags(command: CommandSpec, extra: readonly string[], rest: readonly string[]): Arguments {
  const specs = [
    ...command.flags,
    ...GLOBAL_FLAGS.filter((flag) => !command.flags.some((own) => own.name === flag.name)),
  ];
  const options = Object.fromEntries(specs.map((flag) => [flag.name, {
    type: flag.value === undefined ? "boolean" as const : "string" as const,
    ...(flag.short === undefined ? {} : { short: flag.short }),
  }]));
  const { tokens } = parseArgs({
    args: [...rest],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const switches = new Set<string>();
  const positionals = [...extra];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs.find((flag) => flag.name === token.name);
    if (spec === undefined) throw unknownFlag(command, token.rawName, specs);
    if (spec.repeatable) {
      const value = checkValue(spec, token.value);
      lists.set(spec.name, [...lists.get(spec.name) ?? [], value]);
      continue;
    }
    if (values.has(spec.name) || switches.has(spec.name)) {
      throw new AppError("usage", `flag \`--${spec.name}\` is given more than once`);
    }
    if (spec.value === undefined) {
      if (token.value !== undefined) throw new AppError("usage", `flag \`--${spec.name}\` takes no value`);
      switches.add(spec.name);
    } else values.set(spec.name, checkValue(spec, token.value));
  }
  checkTogether(command, positionals, values, switches);
  return { command, positionals, values, lists, switches };
}

function checkValue(spec: FlagSpec, value: string | undefined): string {
  if (value === undefined) throw new AppError("usage", `flag \`--${spec.name}\` needs a value ${spec.value}`);
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    throw new AppError(
      "usage",
      `flag \`--${spec.name}\` is \`${value}\`: use one of ${spec.choices.join(", ")}`,
    );
  }
  return value;
}

function unknownFlag(command: CommandSpec, rawName: string, specs: readonly FlagSpec[]): AppError {
  const label = command.path.join(" ");
  const hint = didYouMean(rawName, specs.filter((flag) => !flag.hidden).map((flag) => `--${flag.name}`)) ??
    `run \`omnigraph help ${label}\` to see its flags`;
  return new AppError("usage", `unknown flag \`${rawName}\` of \`${label}\`: ${hint}`);
}

function checkTogether(
  command: CommandSpec,
  positionals: readonly string[],
  values: ReadonlyMap<string, string>,
  switches: ReadonlySet<string>,
): void {
  const label = command.path.join(" ");
  for (const spec of command.flags) {
    if (spec.required && !values.has(spec.name)) {
      throw new AppError("usage", `\`${label}\` needs flag \`--${spec.name} ${spec.value}\`: ${spec.help}`);
    }
  }
  for (const [a, b] of command.exclusive ?? []) {
    if ((values.has(a) || switches.has(a)) && (values.has(b) || switches.has(b))) {
      throw new AppError("usage", `flags \`--${a}\` and \`--${b}\` are mutually exclusive`);
    }
  }
  const missing = specsOf(command, positionals).find((spec, i) =>
    spec.required && positionals[i] === undefined
  );
  if (missing !== undefined) {
    throw new AppError("usage", `\`${label}\` needs ${missing.name}: ${missing.help}`);
  }
  const surplus = positionals[command.positionals.length];
  if (surplus !== undefined && command.positionals.at(-1)?.many !== true) {
    throw new AppError("usage", `\`${label}\` does not take the argument \`${surplus}\``);
  }
}

/** What the given arguments are: one that may be left out before one that may not is the first to be missing. */
function specsOf({ positionals: specs }: CommandSpec, given: readonly string[]): CommandSpec["positionals"] {
  const [first, ...rest] = specs;
  return first?.required === false && rest.some(({ required }) => required) && given.length <= rest.length
    ? rest
    : specs;
}
