/** Diagnostics of one document as it stands. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { compileFile } from "../query/compile.ts";
import { parseFile } from "../query/parser.ts";
import type { LanguageDocument, QueryDocument } from "./document.ts";

/** Everything wrong with a document. Never throws for bad input. */
export function diagnose(document: LanguageDocument): readonly Diagnostic[] {
  return document.kind === "schema" ? document.diagnostics : diagnoseQueries(document);
}

/** Without a valid schema only the syntax is checked, and a warning says so. */
function diagnoseQueries({ source, schema }: QueryDocument): readonly Diagnostic[] {
  const catalog = schema?.catalog ?? null;
  if (catalog !== null) return compileFile(catalog, source).diagnostics;
  const { diagnostics, declared } = parseFile(source);
  return declared.length === 0 ? diagnostics : [...diagnostics, unchecked({ kind: "query", source, schema })];
}

function unchecked({ source, schema }: QueryDocument): Diagnostic {
  const about = { severity: "warning", path: source.path, source, span: { start: 0, end: 0 } } as const;
  if (schema === null) {
    return {
      ...about,
      code: "schema_unknown",
      message: "no schema is known for this file: only its syntax is checked",
      help: "list it under `queries` of a graph in cluster.yaml, or put one .pg file beside it",
    };
  }
  return {
    ...about,
    code: "schema_invalid",
    message: `schema \`${fileName(schema.source.path)}\` has errors: only the syntax of this file is checked`,
    help: "correct the schema first",
  };
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
