/** `search`, `match_text` and `fuzzy` over a string column, without an index: every text is split into terms. */
import { InvariantError, must } from "../../base/assert.ts";
import type { SearchExpr, ValueExpr } from "../../query/typed.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { Column, Utf8Column } from "../../storage/columns.ts";
import { columnOf, type Predicate, type PropertyRef } from "./filter.ts";
import { type Kernel, selectRows } from "./kernels.ts";
import type { Batch, Execution } from "./pipeline.ts";
import type { TableColumn } from "./table_column.ts";
import { termsOf, withinEdits } from "./text.ts";

/** Edits that `fuzzy` allows when it does not say. */
const DEFAULT_EDITS = 2;

/** The predicate of a search expression. */
export function textPredicate(search: SearchExpr, ref: PropertyRef): Predicate {
  return new TextPredicate(search, ref);
}

/** The value of an operand of a search or rank function, which is no property. */
export function constantOf(execution: Execution, expr: ValueExpr): Cell | null {
  if (expr.kind === "property") {
    throw new InvariantError("the checker lets only constants be search operands");
  }
  return execution.constant(expr);
}

class TextPredicate implements Predicate {
  readonly #search: SearchExpr;
  readonly #ref: PropertyRef;
  #column: TableColumn | null = null;
  #kernel: Kernel | null = null;

  constructor(search: SearchExpr, ref: PropertyRef) {
    this.#search = search;
    this.#ref = ref;
  }

  open(execution: Execution): void {
    this.#column = columnOf(execution, this.#ref);
    const { fn, query, maxEdits } = this.#search;
    const text = constantOf(execution, query);
    const terms = text === null ? [] : termsOf(text as string);
    const edits = maxEdits === null ? null : constantOf(execution, maxEdits);
    if (terms.length === 0) this.#kernel = null;
    else this.#kernel = new TermKernel(terms, fn === "fuzzy" ? Number(edits ?? DEFAULT_EDITS) : 0);
  }

  select(batch: Batch, selection: Int32Array, count: number): number {
    if (this.#kernel === null) return 0;
    const column = must(this.#column, "the predicate is open");
    return selectRows(this.#kernel, column, batch.column(this.#ref.variable), selection, count);
  }

  close(): void {
    this.#column = null;
    this.#kernel = null;
  }
}

/** Texts with any of some terms, or with a term near one of them. */
class TermKernel implements Kernel {
  readonly #terms: ReadonlySet<string>;
  readonly #edits: number;

  constructor(terms: readonly string[], edits: number) {
    this.#terms = new Set(terms);
    this.#edits = edits;
  }

  select(part: Column, offset: number, rows: Int32Array, selection: Int32Array, count: number): number {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const position = selection[i]!;
      if (this.#matches((part as Utf8Column).text(rows[position]! - offset))) selection[kept++] = position;
    }
    return kept;
  }

  #matches(text: string): boolean {
    for (const term of termsOf(text)) {
      if (this.#terms.has(term)) return true;
      if (this.#edits === 0) continue;
      for (const wanted of this.#terms) if (withinEdits(wanted, term, this.#edits)) return true;
    }
    return false;
  }
}
