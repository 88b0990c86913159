/**
 * The report of a diagnostic, rendered three ways: text for a terminal, JSON members for programs, and annotations for
 * GitHub Actions. All three are pure; whoever prints decides about colour and paths.
 */
import type { Diagnostic } from "./diagnostic.ts";
import { LINE_CHARS_SHOWN_MAX } from "./limits.ts";
import { lineAt, positionAt } from "./span.ts";

/** Wraps pieces of terminal text. */
export interface TextStyle {
  /** Severity words and marks below an error. */
  error(text: string): string;
  /** Severity words and marks below a warning. */
  warning(text: string): string;
  /** Line numbers and the frame around source text. */
  frame(text: string): string;
  /** The lead of the next step. */
  help(text: string): string;
}

/** No colour. */
export const PLAIN: TextStyle = { error: same, warning: same, frame: same, help: same };

/** Colours of ANSI terminals. */
export const COLOUR: TextStyle = {
  error: (text) => `\x1b[1;31m${text}\x1b[0m`,
  warning: (text) => `\x1b[1;33m${text}\x1b[0m`,
  frame: (text) => `\x1b[34m${text}\x1b[0m`,
  help: (text) => `\x1b[36m${text}\x1b[0m`,
};

/** Annotations that GitHub shows for one step and level. */
const ANNOTATIONS_MAX = 10;

/**
 * A diagnostic as plain text: code and message, place, the source line with a caret below the span, help.
 *
 * @example
 * ```ts
 * import { renderDiagnostic } from "./report.ts";
 * const text = renderDiagnostic({
 *   code: "T1", severity: "error", message: "unknown node type `Bok`", path: "a.gq",
 *   span: { start: 4, end: 7 }, source: { path: "a.gq", text: "$b: Bok" },
 * });
 * console.assert(text.includes("a.gq:1:5"));
 * ```
 */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  return renderText(diagnostic, PLAIN);
}

/** {@linkcode renderDiagnostic} in a style. */
export function renderText(diagnostic: Diagnostic, style: TextStyle): string {
  const { code, severity, message } = diagnostic;
  const head = `${style[severity](`${severity}[${printable(code)}]`)}: ${printable(message)}`;
  return [head, ...frameLines(diagnostic, style)].join("\n");
}

/** What stands below the head line: place, source line, marks, help. */
export function frameLines(diagnostic: Diagnostic, style: TextStyle): string[] {
  const { span, source, severity, help } = diagnostic;
  const lines: string[] = [];
  if (span === undefined || source === undefined) {
    lines.push(`  ${style.frame("-->")} ${printable(diagnostic.path)}`);
  } else {
    const at = positionAt(source.text, span.start);
    const excerpt = excerptOf(lineAt(source.text, span.start), at.column - 1, span.end - span.start);
    const gutter = String(at.line);
    const pad = " ".repeat(gutter.length);
    lines.push(`${pad} ${style.frame("-->")} ${printable(source.path)}:${at.line}:${at.column}`);
    lines.push(`${pad} ${style.frame("|")}`, `${style.frame(`${gutter} |`)} ${excerpt.text}`);
    lines.push(`${pad} ${style.frame("|")} ${excerpt.before}${style[severity](excerpt.marks)}`);
  }
  if (help !== undefined) lines.push(`  ${style.help("help:")} ${printable(help)}`);
  return lines;
}

/** A diagnostic as JSON members; places are 1-based and absent when the diagnostic is about the whole path. */
export interface DiagnosticReport {
  readonly code: string;
  readonly severity: Diagnostic["severity"];
  readonly path: string;
  readonly message: string;
  /** The file of the place, where `path` is not that file but a path inside a configuration. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly end_line?: number;
  /** The column behind the last character. */
  readonly end_column?: number;
  readonly help?: string;
}

/** The JSON form of a diagnostic. */
export function reportJson(diagnostic: Diagnostic): DiagnosticReport {
  const { code, severity, path, message, source, help } = diagnostic;
  const place = placeOf(diagnostic);
  return {
    code,
    severity,
    path,
    message,
    ...(source === undefined || source.path === path ? {} : { file: source.path }),
    ...(place === null ? {} : {
      line: place.start.line,
      column: place.start.column,
      end_line: place.end.line,
      end_column: place.end.column,
    }),
    ...(help === undefined ? {} : { help }),
  };
}

/**
 * Workflow commands that make GitHub show diagnostics beside the lines they are about: the first ten errors and the
 * first ten warnings, which is all that GitHub shows of one step.
 *
 * @example
 * ```ts
 * import { githubAnnotations } from "./report.ts";
 * const [line] = githubAnnotations([{
 *   code: "T1", severity: "error", message: "unknown node type `Bok`", path: "a.gq",
 *   span: { start: 4, end: 7 }, source: { path: "a.gq", text: "$b: Bok" },
 * }]);
 * console.assert(line === "::error file=a.gq,line=1,col=5,endLine=1,endColumn=8,title=T1::unknown node type `Bok`");
 * ```
 */
export function githubAnnotations(diagnostics: readonly Diagnostic[]): string[] {
  const left = { error: ANNOTATIONS_MAX, warning: ANNOTATIONS_MAX };
  return diagnostics.filter(({ severity }) => left[severity]-- > 0).map(annotation);
}

function annotation(diagnostic: Diagnostic): string {
  const { code, severity, message, path, source, help } = diagnostic;
  const place = placeOf(diagnostic);
  const properties: [name: string, value: string | number][] = [];
  if (source !== undefined) properties.push(["file", source.path]);
  if (place !== null) {
    properties.push(["line", place.start.line], ["col", place.start.column]);
    properties.push(["endLine", place.end.line], ["endColumn", place.end.column]);
  }
  properties.push(["title", code]);
  const written = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(",");
  // Without a file the path is all that says what this is about.
  const subject = source === undefined ? `${path}: ` : "";
  const text = `${subject}${message}${help === undefined ? "" : `\n${help}`}`;
  return `::${severity} ${written}::${escapeData(text)}`;
}

/** Text of a workflow command: a line break would end it. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

/** Values of properties end at `,`, their list at `:`. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function placeOf({ span, source }: Diagnostic) {
  if (span === undefined || source === undefined) return null;
  return { start: positionAt(source.text, span.start), end: positionAt(source.text, span.end) };
}

/** What is shown of a source line, the blanks below it up to the marks, and the marks. */
interface Excerpt {
  readonly text: string;
  readonly before: string;
  readonly marks: string;
}

/** A line around the marked part; long lines lose what is far from it. */
function excerptOf(line: string, column: number, width: number): Excerpt {
  const room = LINE_CHARS_SHOWN_MAX;
  const from = column <= room / 2 ? 0 : Math.min(column - room / 4, Math.max(0, line.length - room));
  const shown = line.slice(from, from + room);
  const lead = from > 0 ? "…" : "";
  const tail = from + room < line.length ? "…" : "";
  const offset = column - from;
  return {
    text: `${lead}${printable(shown)}${tail}`,
    before: " ".repeat(lead.length) + shown.slice(0, offset).replace(/[^\t]/g, " "),
    marks: "^".repeat(Math.max(1, Math.min(width, shown.length - offset))),
  };
}

/** Control and direction characters would act on the terminal; each becomes one visible character. Tabs stay. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (char) => {
    const code = char.charCodeAt(0);
    return code === 9 ? char : code < 32 ? String.fromCharCode(0x2400 + code) : "\ufffd";
  });
}

function same(text: string): string {
  return text;
}
