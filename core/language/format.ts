/** Formatting: the canonical layout of a document as one small change. */
import { AppError } from "../errors.ts";
import { formatQueries } from "../query/printer.ts";
import { formatSchema } from "../schema/printer.ts";
import type { LanguageDocument } from "./document.ts";
import type { TextChange } from "./rename.ts";

/** The change that formats a document; null when it is formatted already, or has syntax errors. */
export function formatChange({ kind, source }: LanguageDocument): TextChange | null {
  try {
    return smallestChange(source.text, kind === "schema" ? formatSchema(source) : formatQueries(source));
  } catch (error) {
    if (error instanceof AppError && error.code === "parse_error") return null;
    throw error;
  }
}

/** One replacement from the first difference to the last, so that the caret outside it stays where it is. */
function smallestChange(before: string, after: string): TextChange | null {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let same = 0;
  while (same < shorter - start && before.at(-1 - same) === after.at(-1 - same)) same++;
  return { start, end: before.length - same, text: after.slice(start, after.length - same) };
}
