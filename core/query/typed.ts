/**
 * The typed query: what the checker hands to execution, description and lint. Names are resolved, directions are
 * decided, every expression has a type. Variables are numbered per query, inner `not` blocks included.
 */
import type { Cell, ValueType } from "../schema/value_type.ts";

/** A declared parameter. */
export interface Param {
  readonly name: string;
  readonly type: ValueType;
  readonly nullable: boolean;
}

/** Index into {@linkcode TypedRead.variables}. */
export type VariableId = number;

/** A query variable. */
export interface Variable {
  readonly id: VariableId;
  /** Without `$`. Anonymous variables (`$_`) have unique names that start with `_#`. */
  readonly name: string;
  readonly anonymous: boolean;
  readonly kind: "node" | "edge";
  /** Node or edge type name. */
  readonly typeName: string;
}

/** Comparison operators. `=` and `!=` included; null on either side is never true. */
export type CompareOp = "=" | "!=" | "<" | "<=" | ">" | ">=" | "contains" | "starts_with";

/** Names of aggregate functions. */
export type AggregateFn = "count" | "sum" | "avg" | "min" | "max";

/** A constant, parameter, property or the request's instant: the operands of filters and assignments. */
export type ValueExpr =
  | {
    readonly kind: "property";
    readonly variable: VariableId;
    readonly property: string;
    readonly type: ValueType;
  }
  | { readonly kind: "param"; readonly name: string; readonly type: ValueType }
  | { readonly kind: "literal"; readonly value: Cell; readonly type: ValueType }
  | { readonly kind: "now" };

/** Full-text predicates and rank functions; executed by a later layer, typed here. */
export type SearchExpr = {
  readonly kind: "search";
  readonly fn: "search" | "match_text" | "fuzzy";
  readonly field: ValueExpr & { kind: "property" };
  readonly query: ValueExpr;
  readonly maxEdits: ValueExpr | null;
};

/** A rank expression. */
export type RankExpr =
  | { readonly kind: "nearest"; readonly field: ValueExpr & { kind: "property" }; readonly query: ValueExpr }
  | { readonly kind: "bm25"; readonly field: ValueExpr & { kind: "property" }; readonly query: ValueExpr }
  | { readonly kind: "rrf"; readonly arms: readonly [RankExpr, RankExpr]; readonly k: ValueExpr | null };

/** One clause of a match block. */
export type Clause =
  | {
    readonly kind: "node";
    readonly variable: VariableId;
    /** Inline properties: equality, or membership for list properties. */
    readonly matches: readonly {
      readonly property: string;
      readonly op: "=" | "contains";
      readonly value: ValueExpr;
    }[];
  }
  | {
    readonly kind: "traverse";
    /** The left variable: reachability is measured from it. */
    readonly left: VariableId;
    readonly right: VariableId;
    readonly edge: string;
    /** `out`: left is the edge's source; `in`: left is its target; `both`: undirected. */
    readonly direction: "out" | "in" | "both";
    readonly min: number;
    readonly max: number;
    /** Bound to each single edge; null when pairs are distinct. */
    readonly edgeVariable: VariableId | null;
  }
  | { readonly kind: "filter"; readonly op: CompareOp; readonly left: ValueExpr; readonly right: ValueExpr }
  | { readonly kind: "search"; readonly search: SearchExpr }
  | { readonly kind: "not"; readonly clauses: readonly Clause[] };

/** What one returned column computes. */
export type ProjectionExpr =
  | ValueExpr
  | { readonly kind: "id"; readonly variable: VariableId }
  | { readonly kind: "alias"; readonly index: number; readonly type: ValueType }
  | {
    readonly kind: "aggregate";
    readonly fn: AggregateFn;
    readonly arg: ProjectionExpr;
    readonly type: ValueType;
  }
  | SearchExpr
  | RankExpr;

/** One returned column. */
export interface Projection {
  /** Row key: the alias, else by expression (`x.p`, `x`, `param`, `literal`, `now`, …). */
  readonly column: string;
  /** Name in operation descriptors: the alias, else the bare property, the aggregate's function, … */
  readonly label: string;
  readonly expr: ProjectionExpr;
  readonly type: ValueType;
  readonly nullable: boolean;
}

/** One order entry. */
export interface OrderKey {
  /** A property of a variable, a returned column by index, or a rank expression. */
  readonly by:
    | {
      readonly kind: "property";
      readonly variable: VariableId;
      readonly property: string;
      readonly type: ValueType;
    }
    | { readonly kind: "column"; readonly index: number }
    | RankExpr;
  readonly descending: boolean;
}

interface TypedBase {
  readonly name: string;
  /** Digest of the schema it was checked against: it means nothing under another one. */
  readonly schemaDigest: string;
  readonly params: readonly Param[];
  readonly description: string | null;
  readonly instruction: string | null;
}

/** A checked read query. */
export interface TypedRead extends TypedBase {
  readonly kind: "read";
  /** All variables, inner ones of `not` blocks included; `variables[i].id === i`. */
  readonly variables: readonly Variable[];
  /** Variables visible outside `not` blocks: the assignment that makes a row. */
  readonly outer: readonly VariableId[];
  readonly clauses: readonly Clause[];
  readonly projections: readonly Projection[];
  /** True when any projection is an aggregate. */
  readonly aggregate: boolean;
  readonly order: readonly OrderKey[];
  readonly limit: number | null;
}

/** One assignment of a mutation. */
export interface Assignment {
  /** Property name, or `from`/`to` of an edge insert. */
  readonly property: string;
  readonly value: ValueExpr;
}

/** The single predicate of update and delete. */
export interface MutationPredicate {
  /** Property name, or `from`/`to` on edges. */
  readonly property: string;
  readonly op: "=" | "!=" | "<" | "<=" | ">" | ">=";
  readonly value: ValueExpr;
}

/** One statement of a mutation. */
export type Statement =
  | {
    readonly kind: "insert";
    readonly target: "node" | "edge";
    readonly typeName: string;
    readonly assignments: readonly Assignment[];
  }
  | {
    readonly kind: "update";
    readonly typeName: string;
    readonly assignments: readonly Assignment[];
    readonly where: MutationPredicate;
  }
  | {
    readonly kind: "delete";
    readonly target: "node" | "edge";
    readonly typeName: string;
    readonly where: MutationPredicate;
  };

/** A checked mutation query. */
export interface TypedMutation extends TypedBase {
  readonly kind: "mutation";
  readonly statements: readonly Statement[];
}

/** A checked query. */
export type TypedQuery = TypedRead | TypedMutation;

/** Parameter values after coercion: every declared parameter is present, null when omitted. */
export type BoundParams = ReadonlyMap<string, Cell | null>;
