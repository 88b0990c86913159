/**
 * The flag guard: an addressing flag on a command that cannot use it is refused before anything is touched, so that a
 * command never quietly works on something else than its user meant.
 */
import { AppError } from "../core/errors.ts";
import type { Capability, CommandSpec } from "./specs/spec.ts";
import type { Arguments } from "./context.ts";

const ADDRESSING = ["server", "cluster", "graph", "store", "as", "profile"] as const;

const PHRASES: Readonly<Record<Capability, string>> = {
  any: "data",
  served: "served",
  direct: "direct (storage-native)",
  control: "cluster control",
  local: "local",
};

/** Throws `AppError("usage")` for the first flag, in the order of the table, that does not apply. */
export function guardFlags(args: Arguments): void {
  const offender = ADDRESSING.find((flag) => args.values.has(flag) && !args.command.may.includes(flag));
  if (offender === undefined) return;
  const { command } = args;
  const remedy = remedyOf(command);
  throw new AppError(
    "usage",
    `\`${labelOf(command)}\` is a ${
      PHRASES[command.capability]
    } command: flag \`--${offender}\` does not apply` +
      (remedy === "" ? "" : `. ${remedy}`),
  );
}

function labelOf(command: CommandSpec): string {
  return ["schema", "queries", "blob", "changes", "graphs"].includes(command.path[0]!)
    ? command.path.join(" ")
    : command.path[0]!;
}

function remedyOf(command: CommandSpec): string {
  switch (command.capability) {
    case "any":
      return "";
    case "served":
      return "Pass `--server <name|url>` or `--profile <name>`";
    case "direct":
      return "Pass a storage URI";
    case "control":
      return "Pass `--config <dir>`";
    case "local":
      return "It addresses no graph";
  }
}
