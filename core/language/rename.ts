/** Rename: a parameter or variable, everywhere in its query. */
import type { Span } from "../base/span.ts";
import { AppError } from "../errors.ts";
import type { LanguageDocument, QueryDocument } from "./document.ts";
import { type Mention, mentionAt } from "./meaning.ts";
import { type WalkedQueries, walkQueries } from "./walk_query.ts";

/** One replacement of text. */
export interface TextChange extends Span {
  readonly text: string;
}

/** The name at an offset that can be renamed, without its `$`; null when there is none. */
export function renamableAt(
  document: LanguageDocument,
  offset: number,
): (Span & { readonly name: string }) | null {
  if (document.kind === "schema") return null;
  const mention = mentionAt(walkedOf(document).mentions, offset);
  const name = mention === null ? null : renamableName(mention);
  return mention === null || name === null ? null : { start: mention.start + 1, end: mention.end, name };
}

/**
 * The changes that rename the parameter or variable at an offset; null when nothing there can be renamed. `newName` may
 * carry its `$`. Throws `AppError("invalid_input")` for a name that is not allowed or that the query already uses.
 */
export function renameAt(document: LanguageDocument, offset: number, newName: string): TextChange[] | null {
  if (document.kind === "schema") return null;
  const walked = walkedOf(document);
  const target = mentionAt(walked.mentions, offset);
  const oldName = target === null ? null : renamableName(target);
  if (target === null || oldName === null) return null;
  const name = newName.replace(/^\$/, "");
  if (name === oldName) return [];
  checkName(name);
  const query = walked.queries.find(({ start, end }) => start <= target.start && target.end <= end);
  if (query?.params.has(name) || query?.variables.some((variable) => variable.name === name)) {
    throw new AppError(
      "invalid_input",
      `\`$${name}\` is already a name of query \`${query.name}\`: choose another one`,
    );
  }
  return walked.mentions.filter((mention) => isSame(mention, target)).map(({ start, end }) => ({
    start: start + 1,
    end,
    text: name,
  }));
}

function walkedOf({ source, schema }: QueryDocument): WalkedQueries {
  return walkQueries(source.text, schema?.outline ?? null);
}

function renamableName({ meaning }: Mention): string | null {
  if (meaning.kind === "param") return meaning.param.name;
  return meaning.kind === "variable" && meaning.variable.name !== "_" ? meaning.variable.name : null;
}

function isSame({ meaning: a }: Mention, { meaning: b }: Mention): boolean {
  if (a.kind === "param") return b.kind === "param" && a.param === b.param;
  return a.kind === "variable" && b.kind === "variable" && a.variable === b.variable;
}

function checkName(name: string): void {
  if (!/^[a-z_][A-Za-z0-9_]*$/.test(name) || name === "_") {
    throw new AppError(
      "invalid_input",
      `\`${name}\` is not a name: write letters, digits and \`_\`, starting with a lower-case letter`,
    );
  }
  if (name === "__nanograph_now") {
    throw new AppError("invalid_input", "`$__nanograph_now` is reserved: choose another name");
  }
}
