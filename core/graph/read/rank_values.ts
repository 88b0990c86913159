/**
 * Values of search and rank functions for every binding of a match, computed exactly and without an index.
 *
 * | function | value                                                                  |
 * |----------|------------------------------------------------------------------------|
 * | search … | whether the text has one of the terms                                  |
 * | nearest  | cosine distance; null for a null vector, NaN for a zero one            |
 * | bm25     | relevance among all texts of the column; 0 without a common term       |
 * | rrf      | sum of 1/(k + rank + 1) over the arms that hold the node; 0 in no arm  |
 */
import { AppError } from "../../errors.ts";
import { must } from "../../base/assert.ts";
import type { RankExpr, SearchExpr } from "../../query/typed.ts";
import type { Cell } from "../../schema/value_type.ts";
import {
  BoolColumn,
  type Column,
  NumberColumn,
  type Utf8Column,
  type VectorColumn,
} from "../../storage/columns.ts";
import type { QueryTypes } from "./conditions.ts";
import { columnOf, compareTextRows } from "./filter.ts";
import type { Bindings } from "./order.ts";
import { Batch, type Execution, MORSEL } from "./pipeline.ts";
import type { TableColumn } from "./table_column.ts";
import type { MemoryTableView } from "./table_view.ts";
import { termsOf } from "./text.ts";
import { constantOf, textPredicate } from "./text_predicate.ts";

/** Parameters of BM25, as usual. */
const K1 = 1.2;
const B = 0.75;
/** The constant of reciprocal rank fusion when the query gives none. */
const RRF_K = 60;

/** What the values are computed in. */
export interface RankContext {
  readonly types: QueryTypes;
  readonly execution: Execution;
  readonly bindings: Bindings;
  readonly limit: number | null;
}

/** Rank values, and for `rrf` also the rank of each binding's node in both arms. */
export interface RankValues {
  readonly column: Column;
  /** Ranks from 0, Infinity where the arm does not hold the node. */
  readonly arms: readonly Float64Array[];
}

/** The values of a function, one per binding. */
export function rankValues(context: RankContext, expr: SearchExpr | RankExpr): RankValues {
  switch (expr.kind) {
    case "search":
      return { column: searchValues(context, expr), arms: [] };
    case "nearest":
    case "bm25": {
      const rows = rowsOf(context, expr.field.variable);
      const values = valuesByRow(context, expr, rows);
      const column = new NumberColumn("F64");
      for (let i = 0; i < context.bindings.length; i++) column.push(values.get(rows[i]!) ?? null);
      return { column, arms: [] };
    }
    case "rrf":
      return fusedValues(context, expr);
  }
}

function rowsOf({ bindings }: RankContext, variable: number): Int32Array {
  return must(bindings.rows.get(variable), "ranked variables are bound");
}

function searchValues({ types, execution, bindings }: RankContext, search: SearchExpr): BoolColumn {
  const { variable, property } = search.field;
  const predicate = textPredicate(search, types.ref(variable, property));
  predicate.open(execution);
  const rows = must(bindings.rows.get(variable), "searched variables are bound");
  const selection = new Int32Array(MORSEL);
  const found = new Uint8Array(bindings.length);
  const batch = new Batch();
  for (let from = 0; from < bindings.length; from += MORSEL) {
    batch.length = Math.min(MORSEL, bindings.length - from);
    batch.columns[variable] = rows.subarray(from, from + batch.length);
    for (let i = 0; i < batch.length; i++) selection[i] = i;
    const count = predicate.select(batch, selection, batch.length);
    for (let i = 0; i < count; i++) found[from + selection[i]!] = 1;
  }
  predicate.close();
  return new BoolColumn(found, bindings.length);
}

/** Distance or relevance of the distinct rows of a variable. */
function valuesByRow(
  { types, execution, bindings }: RankContext,
  expr: RankExpr & { kind: "nearest" | "bm25" },
  rows: Int32Array,
): Map<number, number | null> {
  const ref = types.ref(expr.field.variable, expr.field.property);
  const column = columnOf(execution, ref);
  const query = constantOf(execution, expr.query);
  const distinct = new Set(rows.subarray(0, bindings.length));
  if (expr.kind === "nearest") return distances(column, query, distinct);
  return relevances(execution.view.table(ref.table), column, query, distinct);
}

function distances(column: TableColumn, query: Cell | null, rows: Set<number>): Map<number, number | null> {
  if (typeof query === "string") {
    throw new AppError(
      "unsupported",
      "`nearest` with a String query needs an embedding provider, which reads cannot call yet: pass a vector",
    );
  }
  const values = new Map<number, number | null>();
  if (query === null) return values;
  const wanted = Float64Array.from(query as ArrayLike<number>);
  const length = Math.hypot(...wanted);
  if (length === 0) {
    throw new AppError("invalid_input", "`nearest`: the query vector is zero, so it has no direction");
  }
  for (const row of rows) {
    if (column.isNull(row)) {
      values.set(row, null);
      continue;
    }
    const part = (row < column.split ? column.base : column.tail) as VectorColumn;
    const start = (row < column.split ? row : row - column.split) * part.dimensions;
    let dot = 0;
    let squares = 0;
    for (let i = 0; i < wanted.length; i++) {
      const value = part.values[start + i]!;
      dot += value * wanted[i]!;
      squares += value * value;
    }
    values.set(row, squares === 0 ? NaN : 1 - dot / (Math.sqrt(squares) * length));
  }
  return values;
}

/** BM25 of the given rows among all visible texts. */
function relevances(
  view: MemoryTableView,
  column: TableColumn,
  query: Cell | null,
  rows: Set<number>,
): Map<number, number | null> {
  const terms = [...new Set(query === null ? [] : termsOf(query as string))];
  const found = new Map<number, { readonly counts: Float64Array; readonly length: number }>();
  const holders = new Float64Array(terms.length);
  let texts = 0;
  let totalLength = 0;
  for (const row of terms.length === 0 ? [] : view.liveRows()) {
    if (column.isNull(row)) continue;
    const part = (row < column.split ? column.base : column.tail) as Utf8Column;
    const words = termsOf(part.text(row < column.split ? row : row - column.split));
    texts++;
    totalLength += words.length;
    const counts = new Float64Array(terms.length);
    for (const word of words) {
      const at = terms.indexOf(word);
      if (at !== -1) counts[at]!++;
    }
    for (let at = 0; at < terms.length; at++) if (counts[at]! > 0) holders[at]!++;
    if (rows.has(row)) found.set(row, { counts, length: words.length });
  }
  const values = new Map<number, number | null>();
  for (const row of rows) {
    const text = found.get(row);
    let score = 0;
    for (let at = 0; text !== undefined && at < terms.length; at++) {
      const count = text.counts[at]!;
      const rarity = Math.log(1 + (texts - holders[at]! + 0.5) / (holders[at]! + 0.5));
      const weight = K1 * (1 - B + (B * text.length * texts) / totalLength);
      score += count === 0 ? 0 : (rarity * count * (K1 + 1)) / (count + weight);
    }
    values.set(row, score);
  }
  return values;
}

function fusedValues(context: RankContext, { arms, k }: RankExpr & { kind: "rrf" }): RankValues {
  const given = k === null ? null : constantOf(context.execution, k);
  const constant = given === null ? RRF_K : Number(given);
  if (!(constant > 0)) {
    throw new AppError("invalid_input", `rrf: k is ${constant}, it must be greater than 0`);
  }
  const ranks = arms.map((arm) => armRanks(context, arm as RankExpr & { kind: "nearest" | "bm25" }));
  const { length } = context.bindings;
  const column = new NumberColumn("F64");
  for (let i = 0; i < length; i++) {
    let score = 0;
    for (const rank of ranks) score += 1 / (constant + rank[i]! + 1);
    column.push(score);
  }
  return { column, arms: ranks };
}

/** Per binding the rank of its node in one arm, from 0; Infinity when the arm does not hold it. */
function armRanks(context: RankContext, arm: RankExpr & { kind: "nearest" | "bm25" }): Float64Array {
  const { variable } = arm.field;
  const rows = rowsOf(context, variable);
  const values = valuesByRow(context, arm, rows);
  const ids = context.execution.view.table(context.types.table(variable)).column("id");
  const held = [...values].flatMap(([row, value]) =>
    value === null || (arm.kind === "bm25" && value === 0) ? [] : [{ row, value }]
  );
  const sign = arm.kind === "nearest" ? 1 : -1;
  held.sort((a, b) => {
    const [left, right] = [a.value, b.value].map((value) => Number.isNaN(value) ? Infinity : value);
    return sign * (left! - right!) || compareTextRows(ids, a.row, ids, b.row);
  });
  const kept = arm.kind === "nearest" && context.limit !== null ? held.slice(0, context.limit) : held;
  const rankOf = new Map(kept.map(({ row }, rank) => [row, rank]));
  return Float64Array.from(
    { length: context.bindings.length },
    (_, position) => rankOf.get(rows[position]!) ?? Infinity,
  );
}
