/** What a match block asks of its variables, taken apart: single conditions with what they cost and how much they drop. */
import { must } from "../../base/assert.ts";
import type { Clause, CompareOp, SearchExpr, TypedRead, ValueExpr, VariableId } from "../../query/typed.ts";
import type { AnyType, Catalog, NodeType, TypeKey } from "../../schema/catalog.ts";
import {
  type ConstantExpr,
  constantPredicate,
  fixedPredicate,
  pairPredicate,
  type Predicate,
  type PropertyRef,
} from "./filter.ts";
import { textPredicate } from "./text_predicate.ts";

/** A query against one catalog: what variables are. */
export class QueryTypes {
  readonly query: TypedRead;
  readonly catalog: Catalog;

  constructor(query: TypedRead, catalog: Catalog) {
    this.query = query;
    this.catalog = catalog;
  }

  /** The table of a variable. */
  table(variable: VariableId): TypeKey {
    const { kind, typeName } = must(this.query.variables[variable], "the variable exists");
    return `${kind}:${typeName}`;
  }

  /** The type of a variable's entities. */
  type(variable: VariableId): AnyType {
    return must(this.catalog.byKey.get(this.table(variable)), "the catalog has the type of every variable");
  }

  /** A property of a variable. */
  ref(variable: VariableId, property: string): PropertyRef {
    const found = must(this.type(variable).propertyByName.get(property), `property ${property} exists`);
    return { variable, table: this.table(variable), property, type: found.type };
  }
}

/** One test that a binding must pass. */
export interface Condition {
  /** Variables it reads. */
  readonly variables: readonly VariableId[];
  /** Properties it reads. */
  readonly refs: readonly PropertyRef[];
  /** About which share of the bindings passes, 0 to 1. */
  readonly selectivity: number;
  /** About how long one test takes, in tests of a number. */
  readonly cost: number;
  /** `property = constant`, which an index can answer; null for every other test. */
  readonly equality: { readonly ref: PropertyRef; readonly constant: ConstantExpr } | null;
  /** Whether it is `property = property`. */
  readonly equatesRefs: boolean;
  make(): Predicate;
}

/** Shares of rows that usually pass. */
const SELECTIVITY: Readonly<Record<CompareOp, number>> = {
  "=": 0.05,
  "!=": 0.9,
  "<": 0.3,
  "<=": 0.3,
  ">": 0.3,
  ">=": 0.3,
  contains: 0.1,
  starts_with: 0.05,
};

/** The conditions of a clause that is neither a traversal nor a negation. */
export function conditionsOf(types: QueryTypes, clause: Clause): Condition[] {
  switch (clause.kind) {
    case "node":
      return clause.matches.map(({ property, op, value }) => {
        const { type } = types.ref(clause.variable, property);
        return comparison(types, op, { kind: "property", variable: clause.variable, property, type }, value);
      });
    case "filter":
      return [comparison(types, clause.op, clause.left, clause.right)];
    case "search":
      return [searchCondition(types, clause.search)];
    case "traverse":
    case "not":
      return [];
  }
}

function comparison(types: QueryTypes, op: CompareOp, left: ValueExpr, right: ValueExpr): Condition {
  const facts = { selectivity: SELECTIVITY[op], cost: op === "contains" ? 8 : isText(left) ? 3 : 1 };
  if (left.kind === "property" && right.kind === "property") {
    const refs = [
      types.ref(left.variable, left.property),
      types.ref(right.variable, right.property),
    ] as const;
    const variables = [...new Set([left.variable, right.variable])];
    const make = () => pairPredicate(op, ...refs);
    return { ...facts, variables, refs, equality: null, equatesRefs: op === "=", make };
  }
  if (left.kind === "property" && right.kind !== "property") {
    const ref = types.ref(left.variable, left.property);
    return againstConstant(op, ref, right, false, facts);
  }
  if (left.kind !== "property" && right.kind === "property") {
    const ref = types.ref(right.variable, right.property);
    return againstConstant(op, ref, left, true, facts);
  }
  const make = () => fixedPredicate(op, left as ConstantExpr, right as ConstantExpr);
  return { selectivity: 0.5, cost: 0, variables: [], refs: [], equality: null, equatesRefs: false, make };
}

function againstConstant(
  op: CompareOp,
  ref: PropertyRef,
  constant: ConstantExpr,
  constantFirst: boolean,
  facts: { readonly selectivity: number; readonly cost: number },
): Condition {
  return {
    ...facts,
    variables: [ref.variable],
    refs: [ref],
    equality: op === "=" ? { ref, constant } : null,
    equatesRefs: false,
    make: () => constantPredicate(op, ref, constant, constantFirst),
  };
}

function searchCondition(types: QueryTypes, search: SearchExpr): Condition {
  const { field } = search;
  const ref = types.ref(field.variable, field.property);
  return {
    variables: [field.variable],
    refs: [ref],
    selectivity: 0.05,
    cost: 500,
    equality: null,
    equatesRefs: false,
    make: () => textPredicate(search, ref),
  };
}

function isText(value: ValueExpr): boolean {
  return value.kind !== "now" && value.type.kind === "scalar" && value.type.scalar === "String";
}

/** The constants that fix the whole key of a variable, with the conditions they come from; null when part is free. */
export function keyOf(
  types: QueryTypes,
  variable: VariableId,
  conditions: readonly Condition[],
):
  | { readonly type: NodeType; readonly key: ReadonlyMap<string, ConstantExpr>; readonly from: Condition[] }
  | null {
  const type = types.type(variable);
  if (type.kind !== "node" || type.keyProperties === null) return null;
  const key = new Map<string, ConstantExpr>();
  const from: Condition[] = [];
  for (const property of type.keyProperties) {
    const found = conditions.find(({ equality }) =>
      equality !== null && equality.ref.variable === variable && equality.ref.property === property
    );
    if (found?.equality === undefined || found.equality === null) return null;
    key.set(property, found.equality.constant);
    from.push(found);
  }
  return { type, key, from };
}

/** Whether an equality is worth a hash index: values that few rows share, and that stored bytes decide. */
export function isIndexed(types: QueryTypes, { ref }: { readonly ref: PropertyRef }): boolean {
  const { constraints } = types.type(ref.variable);
  if (ref.type.kind !== "scalar") return false;
  const isEnum = ref.type.enumValues !== null || ref.type.scalar === "Bool";
  return constraints.some((constraint) => {
    if (constraint.kind !== "unique" && constraint.kind !== "index") return false;
    if (constraint.columns.length !== 1 || constraint.columns[0] !== ref.property) return false;
    return constraint.kind === "unique" || !isEnum;
  });
}
