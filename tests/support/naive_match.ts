/**
 * Match clauses by brute force: for each clause, in the order written, try every entity that could stand there. Slow on
 * purpose; each rule is the sentence of the language document that stands above it.
 */
import type { Clause, CompareOp, TypedRead, ValueExpr, VariableId } from "../../core/query/typed.ts";
import type { Catalog } from "../../core/schema/catalog.ts";
import type { Cell } from "../../core/schema/value_type.ts";
import type { NaiveEntity, NaiveGraph, NaiveValue } from "./naive_graph.ts";

/** What a row binds: an entity for each variable. */
export type Assignment = ReadonlyMap<VariableId, NaiveEntity>;

/** Everything a clause may ask about. */
export interface NaiveContext {
  readonly catalog: Catalog;
  readonly graph: NaiveGraph;
  readonly query: TypedRead;
  readonly params: ReadonlyMap<string, NaiveValue>;
  readonly nowMs: number;
}

type TraverseClause = Clause & { kind: "traverse" };

/** All assignments that extend `start` and satisfy every clause. */
export function* solutions(
  context: NaiveContext,
  clauses: readonly Clause[],
  start: Assignment = new Map(),
): Generator<Assignment> {
  const [clause, ...rest] = clauses;
  if (clause === undefined) return yield start;
  for (const next of extensions(context, clause, start)) yield* solutions(context, rest, next);
}

function* extensions(context: NaiveContext, clause: Clause, row: Assignment): Generator<Assignment> {
  switch (clause.kind) {
    case "node": {
      for (const node of candidates(context, clause.variable, row)) {
        const fits = clause.matches.every(({ property, op, value }) => {
          const single = isSingleProperty(context, clause.variable, property);
          return holds(op, node.values[property] ?? null, valueOf(context, value, row), single);
        });
        if (fits) yield new Map([...row, [clause.variable, node]]);
      }
      return;
    }
    case "traverse":
      return yield* traversals(context, clause, row);
    case "filter": {
      const single = isSingleOperand(context, clause.left) || isSingleOperand(context, clause.right);
      const [left, right] = [valueOf(context, clause.left, row), valueOf(context, clause.right, row)];
      if (holds(clause.op, left, right, single)) yield row;
      return;
    }
    case "not":
      // The row is dropped if the inner clauses, with the outer variables fixed, have any match.
      if (solutions(context, clause.clauses, row).next().done) yield row;
      return;
    case "search":
      throw new Error("the naive evaluator has no full-text search");
  }
}

/** The bound node, or every node of the variable's type. */
function candidates(context: NaiveContext, variable: VariableId, row: Assignment): readonly NaiveEntity[] {
  const bound = row.get(variable);
  return bound !== undefined
    ? [bound]
    : context.graph.nodes.get(context.query.variables[variable]!.typeName)!;
}

function* traversals(context: NaiveContext, clause: TraverseClause, row: Assignment): Generator<Assignment> {
  for (const left of candidates(context, clause.left, row)) {
    // `$a e $a` binds one node to both ends.
    const withLeft: Assignment = new Map([...row, [clause.left, left]]);
    const reaches = reachFrom(context, clause, left.id);
    for (const right of candidates(context, clause.right, withLeft)) {
      const bound: Assignment = new Map([...withLeft, [clause.right, right]]);
      if (clause.edgeVariable !== null) {
        // One row per edge; a self-loop counts once also when walked in both directions.
        for (const edge of context.graph.edges.get(clause.edge)!) {
          if (joins(clause, edge, left.id, right.id)) yield new Map([...bound, [clause.edgeVariable, edge]]);
        }
      } else if (reaches(right.id)) yield bound;
    }
  }
}

/** Whether one edge leads from `a` to `b` in the clause's direction. */
function joins({ direction }: TraverseClause, edge: NaiveEntity, a: string, b: string): boolean {
  const forward = edge.from === a && edge.to === b;
  const backward = edge.from === b && edge.to === a;
  return direction === "out" ? forward : direction === "in" ? backward : forward || backward;
}

/**
 * d(x) is the shortest number of hops from the start, d(start) = 0. `{m,n}` yields x ≠ start iff m ≤ d(x) ≤ n, and
 * any x (start included) with a self-loop iff m ≤ d(x) + 1 ≤ n. Edges between different types cannot chain.
 */
function reachFrom(
  context: NaiveContext,
  clause: TraverseClause,
  start: string,
): (target: string) => boolean {
  const edges = context.graph.edges.get(clause.edge)!;
  const type = context.catalog.edges.get(clause.edge)!;
  if (type.from !== type.to) {
    const oneHop = clause.min <= 1 && clause.max >= 1;
    return (target) => oneHop && edges.some((edge) => joins(clause, edge, start, target));
  }
  const distance = distances(clause, edges, start);
  const within = (hops: number) => clause.min <= hops && hops <= clause.max;
  return (target) => {
    const hops = distance.get(target);
    if (hops === undefined) return false;
    const selfLoop = edges.some((edge) => edge.from === target && edge.to === target);
    return (target !== start && within(hops)) || (selfLoop && within(hops + 1));
  };
}

/** Hops to every node that can be reached, by relaxing all edges until nothing changes. */
function distances(
  clause: TraverseClause,
  edges: readonly NaiveEntity[],
  start: string,
): Map<string, number> {
  const found = new Map([[start, 0]]);
  for (let changed = true; changed;) {
    changed = false;
    for (const edge of edges) {
      for (const [a, b] of [[edge.from, edge.to], [edge.to, edge.from]] as const) {
        const from = found.get(a);
        if (from === undefined || !joins(clause, edge, a, b)) continue;
        if ((found.get(b) ?? Infinity) > from + 1) {
          found.set(b, from + 1);
          changed = true;
        }
      }
    }
  }
  return found;
}

/** The value of an operand in a row. */
export function valueOf(context: NaiveContext, value: ValueExpr, row: Assignment): NaiveValue {
  switch (value.kind) {
    case "property":
      return row.get(value.variable)!.values[value.property] ?? null;
    case "param":
      return context.params.get(value.name) ?? null;
    case "literal":
      return cellValue(value.value);
    case "now":
      return BigInt(context.nowMs);
  }
}

function cellValue(cell: Cell): NaiveValue {
  return cell instanceof Float32Array ? [...cell] : cell as NaiveValue;
}

function isSingleOperand(context: NaiveContext, value: ValueExpr): boolean {
  return value.kind === "property" && isSingleProperty(context, value.variable, value.property);
}

function isSingleProperty({ catalog, query }: NaiveContext, variable: VariableId, property: string): boolean {
  const { kind, typeName } = query.variables[variable]!;
  const owner = (kind === "node" ? catalog.nodes : catalog.edges).get(typeName)!;
  const { type } = owner.propertyByName.get(property)!;
  return type.kind === "scalar" ? type.scalar === "F32" : type.kind === "list" && type.item === "F32";
}

/** Null on either side is never true. Beside an F32 property the other side is first rounded to F32. */
function holds(op: CompareOp, left: NaiveValue, right: NaiveValue, single: boolean): boolean {
  if (left === null || right === null) return false;
  if (op === "contains") {
    return typeof left === "string"
      ? left.includes(right as string)
      : (left as readonly NaiveValue[]).some((item) => holds("=", item, right, single));
  }
  if (op === "starts_with") return (left as string).startsWith(right as string);
  const sign = single && typeof left !== "string"
    ? compareValues(Math.fround(Number(left)), Math.fround(Number(right)))
    : compareValues(left, right);
  return {
    "=": sign === 0,
    "!=": sign !== 0,
    "<": sign < 0,
    "<=": sign <= 0,
    ">": sign > 0,
    ">=": sign >= 0,
  }[op];
}

/** Numbers by exact value, strings by code point, `false` < `true`, null before everything. */
export function compareValues(a: NaiveValue, b: NaiveValue): number {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  if (typeof a === "string" && typeof b === "string") {
    const [left, right] = [[...a], [...b]];
    for (let i = 0; i < Math.min(left.length, right.length); i++) {
      const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
      if (difference !== 0) return difference;
    }
    return left.length - right.length;
  }
  // The language compares a bigint with a number by exact value.
  return a < b ? -1 : a > b ? 1 : 0;
}
