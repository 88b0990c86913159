/** Collects what the rules of the schema checker find. */
import { type Diagnostic, inSourceOrder } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX } from "../base/limits.ts";
import { LineIndex, type SourceText, type Span } from "../base/span.ts";

type Help = string | undefined | (() => string | undefined);

/**
 * Errors and warnings of one file. The same sentence at the same place counts once: several nodes may inherit one
 * mistake. At most `DIAGNOSTICS_MAX` errors and as many warnings are kept; an error never gives way to a warning.
 */
export class Findings {
  readonly #source: SourceText;
  readonly #byKey = new Map<string, Diagnostic>();
  readonly #counts = { error: 0, warning: 0 };
  #lines: LineIndex | null = null;

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** The 1-based line of an offset. */
  lineOf(offset: number): number {
    this.#lines ??= new LineIndex(this.#source.text);
    return this.#lines.lineOf(offset);
  }

  /** Records an error at a place of the source; `help` is a function where finding it out takes a search. */
  error(span: Span, message: string, help?: Help): void {
    const severity = "error";
    this.#add({ code: "catalog_error", severity, message: `catalog error: ${message}` }, span, help);
  }

  /** Records something that works, but hardly as meant. */
  warning(span: Span, code: string, message: string, help?: Help): void {
    this.#add({ code, severity: "warning", message }, span, help);
  }

  /** Everything found, in source order. */
  inOrder(): Diagnostic[] {
    return inSourceOrder([...this.#byKey.values()]);
  }

  #add(what: Pick<Diagnostic, "code" | "severity" | "message">, span: Span, help: Help): void {
    const key = `${span.start} ${what.message}`;
    if (this.#byKey.has(key) || this.#counts[what.severity] === DIAGNOSTICS_MAX) return;
    this.#counts[what.severity]++;
    const remedy = typeof help === "function" ? help() : help;
    this.#byKey.set(key, {
      ...what,
      path: this.#source.path,
      span: { start: span.start, end: span.end },
      source: this.#source,
      ...(remedy === undefined ? {} : { help: remedy }),
    });
  }
}
