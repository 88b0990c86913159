/** A diagnostic is a value holding facts; rendering it is a separate step. */
import { lineText, positionAt, type SourceText, type Span } from "./span.ts";

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

/**
 * Renders a diagnostic as text: code and message, place, the source line with a caret below the span, help.
 *
 * @example
 * ```ts
 * import { renderDiagnostic } from "./diagnostic.ts";
 * const text = renderDiagnostic({
 *   code: "T1", severity: "error", message: "unknown node type `Bok`", path: "a.gq",
 *   span: { start: 4, end: 7 }, source: { path: "a.gq", text: "$b: Bok" },
 * });
 * console.assert(text.includes("a.gq:1:5"));
 * ```
 */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const lines = [`${diagnostic.severity}[${diagnostic.code}]: ${diagnostic.message}`];
  const { span, source } = diagnostic;
  if (span === undefined || source === undefined) {
    lines.push(`  --> ${diagnostic.path}`);
  } else {
    const at = positionAt(source.text, span.start);
    const line = lineText(source.text, at.line);
    const gutter = String(at.line);
    const pad = " ".repeat(gutter.length);
    const width = Math.max(1, Math.min(span.end - span.start, line.length - at.column + 1));
    const before = line.slice(0, at.column - 1).replace(/[^\t]/g, " ");
    lines.push(`${pad} --> ${source.path}:${at.line}:${at.column}`);
    lines.push(`${pad} |`, `${gutter} | ${line}`, `${pad} | ${before}${"^".repeat(width)}`);
  }
  if (diagnostic.help !== undefined) lines.push(`  help: ${diagnostic.help}`);
  return lines.join("\n");
}
