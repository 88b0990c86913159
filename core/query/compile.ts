/** From `.gq` text to typed queries: parse, then check. */
import { must } from "../base/assert.ts";
import { type Diagnostic, explain, inSourceOrder } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX } from "../base/limits.ts";
import type { SourceText } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { QuerySyntax } from "./ast.ts";
import { checkQuery } from "./check.ts";
import { type ParsedFile, parseFile } from "./parser.ts";
import type { TypedQuery } from "./typed.ts";

/** What {@linkcode compileFile} returns. */
export interface CompiledFile {
  /** The queries without errors, in file order. */
  readonly queries: readonly TypedQuery[];
  /** Names of all declarations, those with errors included, in file order; a repeated name repeats here. */
  readonly declared: readonly string[];
  /** All mistakes of the file, but at most `DIAGNOSTICS_MAX`, in source order. A query with syntax errors has no others. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Compiles every query of a file; never throws for bad input.
 *
 * @example
 * ```ts
 * import { acceptSchema } from "../schema/accept.ts";
 * import { compileFile } from "./compile.ts";
 * const schema = { path: "port.pg", text: "node Port { code: String @key }" };
 * const { catalog } = acceptSchema(schema, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" });
 * const text = "query ports() { match { $p: Prot } return { $p.code } }";
 * const { diagnostics } = compileFile(catalog, { path: "port.gq", text });
 * console.assert(diagnostics[0]?.code === "T1" && diagnostics[0].help === "did you mean `Port`?");
 * ```
 */
export function compileFile(catalog: Catalog, source: SourceText): CompiledFile {
  const parsed = parseFile(source);
  const queries: TypedQuery[] = [];
  const diagnostics = [...parsed.diagnostics];
  for (const syntax of parsed.queries) {
    const { query, diagnostics: found } = checkQuery(
      catalog,
      syntax,
      source,
      DIAGNOSTICS_MAX - diagnostics.length,
    );
    if (query !== null) queries.push(query);
    else if (diagnostics.length < DIAGNOSTICS_MAX) diagnostics.push(...found);
  }
  return { queries, declared: parsed.declared, diagnostics: inSourceOrder(diagnostics) };
}

/**
 * Compiles one query of a text: the first of that name, or the only one when no name is given.
 *
 * @throws AppError `parse_error` for a syntax error anywhere in the text, `type_error` for the chosen query,
 * `query_not_found` for an unknown name, `invalid_input` when a name is missing or the text declares no query.
 */
export function compileQuery(catalog: Catalog, source: SourceText, name?: string): TypedQuery {
  const parsed = parseFile(source);
  if (parsed.diagnostics.length > 0) throw compileError("parse_error", parsed.diagnostics);
  const { query, diagnostics } = checkQuery(catalog, chooseQuery(parsed, name), source);
  if (query === null) throw compileError("type_error", diagnostics);
  return query;
}

function chooseQuery({ queries, declared }: ParsedFile, name: string | undefined): QuerySyntax {
  if (name !== undefined) {
    const found = queries.find((query) => query.name.text === name);
    if (found !== undefined) return found;
    const help = didYouMean(name, declared);
    throw new AppError(
      "query_not_found",
      `query '${name}' not found${help === undefined ? "" : `; ${help}`}`,
    );
  }
  const [first, second] = queries;
  if (first === undefined) throw new AppError("invalid_input", "the source declares no query");
  if (second === undefined) return first;
  throw new AppError(
    "invalid_input",
    `the source holds multiple queries, name one of them: ${declared.join(", ")}`,
  );
}

/** The first diagnostic as one line with its place; all of them ride along for those who can render them. */
function compileError(code: ErrorCode, diagnostics: readonly Diagnostic[]): AppError {
  const first = must(diagnostics[0], "a compile error has a diagnostic");
  return new AppError(code, explain(first), { diagnostics });
}
