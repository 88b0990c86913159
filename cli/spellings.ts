/**
 * Old spellings of commands and flags. They are rewritten before anything is parsed, so that the warning is seen even
 * when parsing then fails.
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
  if (argv[at] === "export") return withoutJsonl(argv);
  // Its defaults are not those of load, so it stays what it was.
  const warning = argv[at] === "ingest" ? "warning: `ingest` is deprecated, use `load`" : null;
  return { argv, warning };
}

/** Exports never came in another form than JSON lines: the flag that asked for them has no effect. */
function withoutJsonl(argv: readonly string[]): Spelled {
  const end = argv.indexOf("--");
  const kept = argv.filter((word, i) => word !== "--jsonl" || (end !== -1 && i > end));
  if (kept.length === argv.length) return { argv, warning: null };
  return { argv: kept, warning: "warning: `export --jsonl` is an old spelling, use `export`" };
}
