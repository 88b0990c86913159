/**
 * Old spellings of commands. They are rewritten before anything is parsed, so that the warning is seen even when
 * parsing then fails.
 */
import { commandWordAt } from "./args.ts";

/** Old words and the command that they mean now; longer spellings stand before shorter ones. */
const SPELLINGS: readonly (readonly [readonly string[], string])[] = [
  [["query", "lint"], "lint"],
  [["query", "check"], "lint"],
  [["check"], "lint"],
  [["read"], "query"],
  [["change"], "mutate"],
];

/** A command line in canonical words, and the warning to print when it was in others. */
export interface Spelled {
  readonly argv: readonly string[];
  readonly warning: string | null;
}

/** Replaces an old spelling of the command; flags and their values stay as they are. */
export function canonicalSpelling(argv: readonly string[]): Spelled {
  let at = commandWordAt(argv);
  if (argv[at] === "help") at++;
  for (const [old, canonical] of SPELLINGS) {
    if (!old.every((word, i) => argv[at + i] === word)) continue;
    return {
      argv: [...argv.slice(0, at), canonical, ...argv.slice(at + old.length)],
      warning: `warning: \`${old.join(" ")}\` is an old spelling, use \`${canonical}\``,
    };
  }
  return { argv, warning: null };
}
