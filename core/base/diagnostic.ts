/** A diagnostic is a value holding facts; rendering it is a separate step. */
import { positionAt, type SourceText, type Span } from "./span.ts";

/** One finding about a source text or a configuration. */
export interface Diagnostic {
  /** Stable code, e.g. `T4` or `query_file_missing`. */
  readonly code: string;
  readonly severity: "error" | "warning";
  /** Lower case, subject quoted, state, no final period. */
  readonly message: string;
  /** File or configuration path that the finding is about. */
  readonly path: string;
  /** Where in `source`; absent when the finding is about the whole path. */
  readonly span?: Span;
  /** The text that `span` points into. */
  readonly source?: SourceText;
  /** What to do next, one sentence. */
  readonly help?: string;
}

/** `path:line:column`, or the path alone. */
export function placeOf(diagnostic: Diagnostic): string {
  if (diagnostic.span === undefined || diagnostic.source === undefined) return diagnostic.path;
  const at = positionAt(diagnostic.source.text, diagnostic.span.start);
  return `${diagnostic.source.path}:${at.line}:${at.column}`;
}

/** Message, place and help in one line, for those who cannot show the source. */
export function explain(diagnostic: Diagnostic): string {
  const help = diagnostic.help === undefined ? "" : `; ${diagnostic.help}`;
  return `${diagnostic.message} at ${placeOf(diagnostic)}${help}`;
}

/** The diagnostics of one source text by where they start; equal places keep their order. */
export function inSourceOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
}
