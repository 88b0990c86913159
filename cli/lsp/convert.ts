/** From the values of the language service to those of the protocol. */
import type {
  CompletionItem as ProtocolItem,
  CompletionItemKind,
  Diagnostic as ProtocolDiagnostic,
  Range,
  TextEdit,
} from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Span } from "../../core/base/span.ts";
import type { Completion, CompletionItem } from "../../core/language/completion.ts";
import type { TextChange } from "../../core/language/rename.ts";

/** Numbers of the protocol. */
const ERROR = 1;
const WARNING = 2;
const KINDS: Readonly<Record<CompletionItem["kind"], CompletionItemKind>> = {
  keyword: 14,
  type: 7,
  edge: 18,
  property: 10,
  param: 6,
  variable: 6,
  alias: 5,
  function: 3,
  annotation: 14,
  value: 12,
};

/** The lines and characters of a span. */
export function rangeOf(document: TextDocument, { start, end }: Span): Range {
  return { start: document.positionAt(start), end: document.positionAt(end) };
}

/** A finding about a document. */
export function diagnosticOf(document: TextDocument, diagnostic: Diagnostic): ProtocolDiagnostic {
  const { code, severity, message, help, span } = diagnostic;
  return {
    range: rangeOf(document, span ?? { start: 0, end: 0 }),
    severity: severity === "error" ? ERROR : WARNING,
    code,
    source: "omnigraph",
    message: help === undefined ? message : `${message}\n${help}`,
  };
}

/** Proposals in the order of the service. */
export function completionOf(document: TextDocument, completion: Completion): ProtocolItem[] {
  const range = rangeOf(document, completion);
  return completion.items.map(({ label, kind, detail, documentation, insert }, at) => ({
    label,
    kind: KINDS[kind],
    sortText: String(at).padStart(4, "0"),
    filterText: label,
    textEdit: { range, newText: insert ?? label },
    ...(detail === undefined ? {} : { detail }),
    ...(documentation === undefined ? {} : { documentation: { kind: "markdown", value: documentation } }),
  }));
}

/** One replacement. */
export function editOf(document: TextDocument, change: TextChange): TextEdit {
  return { range: rangeOf(document, change), newText: change.text };
}
