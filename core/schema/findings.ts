/** Collects what the rules of the schema checker find. */
import { type Diagnostic, inSourceOrder } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX } from "../base/limits.ts";
import type { SourceText, Span } from "../base/span.ts";

/** Errors of one file. The same sentence at the same place counts once: several nodes may inherit one mistake. */
export class Findings {
  readonly #source: SourceText;
  readonly #byKey = new Map<string, Diagnostic>();

  constructor(source: SourceText) {
    this.#source = source;
  }

  /** Records an error at a place of the source. */
  error(span: Span, message: string, help?: string): void {
    const key = `${span.start} ${message}`;
    if (this.#byKey.has(key) || this.#byKey.size === DIAGNOSTICS_MAX) return;
    this.#byKey.set(key, {
      code: "catalog_error",
      severity: "error",
      message: `catalog error: ${message}`,
      path: this.#source.path,
      span: { start: span.start, end: span.end },
      source: this.#source,
      ...(help === undefined ? {} : { help }),
    });
  }

  /** Everything found, in source order. */
  inOrder(): Diagnostic[] {
    return inSourceOrder([...this.#byKey.values()]);
  }
}
