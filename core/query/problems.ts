/**
 * Collects what is wrong with one query, so that one mistake does not hide the next. A rule fails by throwing; the
 * smallest part of the query that can be judged by itself (a clause, a column, an assignment) catches it and the rest
 * is checked as well. Names that a broken part would have introduced are remembered: what fails only because it uses
 * such a name would be an echo of the first mistake and is not reported.
 */
import { type Diagnostic, inSourceOrder } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { EchoFailure, TypeFailure } from "./type_failure.ts";

/** See the head of this file. */
export class Problems {
  readonly #source: SourceText;
  readonly #max: number;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #brokenNames = new Set<string>();
  #count = 0;

  /** Keeps at most `max` diagnostics, the first ones. */
  constructor(source: SourceText, max: number) {
    this.#source = source;
    this.#max = max;
  }

  /** How often something failed, echoes included. */
  get count(): number {
    return this.#count;
  }

  /** Runs a rule; null when it failed, which is recorded then. */
  attempt<T>(rule: () => T): T | null {
    try {
      return rule();
    } catch (error) {
      if (error instanceof TypeFailure) this.#record(error);
      else if (!(error instanceof EchoFailure)) throw error;
      this.#count++;
      return null;
    }
  }

  /** Remembers names, with their `$` if they have one, whose meaning is unknown because of an earlier mistake. */
  breakNames(...names: readonly string[]): void {
    for (const name of names) this.#brokenNames.add(name);
  }

  /**
   * To be called before a name is reported as unknown: fails without a report when an earlier mistake explains it. A name
   * is reported once, however often it is used.
   */
  refuseBroken(name: string): void {
    if (this.#brokenNames.has(name)) throw new EchoFailure();
    this.#brokenNames.add(name);
  }

  /** Everything reported, in source order. */
  inOrder(): Diagnostic[] {
    return inSourceOrder(this.#diagnostics);
  }

  #record({ code, message, span, help }: TypeFailure): void {
    if (this.#diagnostics.length >= this.#max) return;
    const remedy = typeof help === "function" ? help() : help;
    this.#diagnostics.push({
      code: code ?? "type_error",
      severity: "error",
      message,
      path: this.#source.path,
      span: { start: span.start, end: span.end },
      source: this.#source,
      ...(remedy === undefined ? {} : { help: remedy }),
    });
  }
}
