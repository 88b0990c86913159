/**
 * The syntax tree of a `.gq` text: what was written, with its place, before any name is looked up. Integers stay
 * bigints; strings are decoded; variables and names carry no `$`.
 */
import type { Span } from "../base/span.ts";
import type { AggregateFn, CompareOp } from "./typed.ts";

/** A word or variable of the text. */
export interface Name extends Span {
  readonly text: string;
}

/** A query declaration. */
export interface QuerySyntax extends Span {
  readonly name: Name;
  readonly params: readonly ParamSyntax[];
  readonly description: string | null;
  readonly instruction: string | null;
  readonly body: ReadSyntax | MutationSyntax;
}

/** `$name: Type?` */
export interface ParamSyntax extends Span {
  readonly name: Name;
  readonly type: ParamTypeSyntax;
  readonly nullable: boolean;
}

/** The type of a parameter as written; whether the scalar exists is the checker's question. */
export type ParamTypeSyntax =
  | { readonly kind: "scalar" | "list"; readonly scalar: Name }
  | (Span & { readonly kind: "vector"; readonly width: bigint });

/** `match { … } return { … } order { … } limit n` */
export interface ReadSyntax {
  readonly kind: "read";
  readonly match: readonly ClauseSyntax[];
  readonly returns: readonly ProjectionSyntax[];
  readonly order: readonly OrderSyntax[];
  readonly limit: bigint | null;
}

/** One or more statements. */
export interface MutationSyntax {
  readonly kind: "mutation";
  readonly statements: readonly StatementSyntax[];
}

/** A clause of a match block. */
export type ClauseSyntax = NegationSyntax | BindingSyntax | TraversalSyntax | FilterSyntax | TextSearchSyntax;

/** `not { … }` */
export interface NegationSyntax extends Span {
  readonly kind: "not";
  readonly clauses: readonly ClauseSyntax[];
}

/** `$x: Type { property: value, … }` */
export interface BindingSyntax extends Span {
  readonly kind: "binding";
  readonly variable: Name;
  readonly typeName: Name;
  readonly matches: readonly AssignSyntax[];
}

/** `property: value`, in a pattern or an assignment. */
export interface AssignSyntax extends Span {
  readonly property: Name;
  readonly value: ValueSyntax;
}

/** `$a $w:edge{m,n} $b` */
export interface TraversalSyntax extends Span {
  readonly kind: "traversal";
  readonly left: Name;
  readonly edgeVariable: Name | null;
  readonly edge: Name;
  /** Written `<edge>`. */
  readonly undirected: boolean;
  /** Null when omitted; `max` is null in `{m,}`. */
  readonly hops: (Span & { readonly min: bigint; readonly max: bigint | null }) | null;
  readonly right: Name;
}

/** `expr op expr` */
export interface FilterSyntax extends Span {
  readonly kind: "filter";
  readonly op: CompareOp;
  readonly left: ExprSyntax;
  readonly right: ExprSyntax;
}

/** `search(…)` as a clause, short for `search(…) = true`. */
export interface TextSearchSyntax extends Span {
  readonly kind: "textsearch";
  readonly search: SearchSyntax;
}

/** A literal. */
export type LiteralSyntax =
  & Span
  & (
    | { readonly kind: "list"; readonly items: readonly LiteralSyntax[] }
    | { readonly kind: "date" | "datetime" | "string"; readonly text: string }
    | { readonly kind: "float"; readonly value: number }
    | { readonly kind: "int"; readonly value: bigint }
    | { readonly kind: "bool"; readonly value: boolean }
  );

/** `now()` */
export type NowSyntax = Span & { readonly kind: "now" };

/** A bare `$x`: a parameter or a variable. */
export type VariableSyntax = Name & { readonly kind: "variable" };

/** `$x.p` */
export type PropertySyntax = Span & {
  readonly kind: "property";
  readonly variable: Name;
  readonly property: Name;
};

/** What patterns, assignments and mutation predicates compare with. */
export type ValueSyntax = LiteralSyntax | VariableSyntax | NowSyntax;

/** `search`, `match_text` or `fuzzy`. */
export type SearchSyntax = Span & {
  readonly kind: "search";
  readonly fn: "search" | "match_text" | "fuzzy";
  readonly field: ExprSyntax;
  readonly query: ExprSyntax;
  readonly maxEdits: ExprSyntax | null;
};

/** `nearest($x.v, q)` */
export type NearestSyntax = Span & {
  readonly kind: "nearest";
  readonly field: PropertySyntax;
  readonly query: ExprSyntax;
};

/** `bm25(f, q)` */
export type Bm25Syntax = Span & {
  readonly kind: "bm25";
  readonly field: ExprSyntax;
  readonly query: ExprSyntax;
};

/** `rrf(a, b, k)` */
export type RrfSyntax = Span & {
  readonly kind: "rrf";
  readonly arms: readonly [NearestSyntax | Bm25Syntax, NearestSyntax | Bm25Syntax];
  readonly k: ExprSyntax | null;
};

/** `count(e)` and its like. */
export type AggregateSyntax = Span & {
  readonly kind: "aggregate";
  readonly fn: AggregateFn;
  readonly arg: ExprSyntax;
};

/** A bare word: the alias of an earlier projection. */
export type AliasSyntax = Name & { readonly kind: "alias" };

/** An expression. */
export type ExprSyntax =
  | LiteralSyntax
  | NowSyntax
  | VariableSyntax
  | PropertySyntax
  | SearchSyntax
  | NearestSyntax
  | Bm25Syntax
  | RrfSyntax
  | AggregateSyntax
  | AliasSyntax;

/** `expr as alias` */
export interface ProjectionSyntax extends Span {
  readonly expr: ExprSyntax;
  readonly alias: Name | null;
}

/** `expr desc` */
export interface OrderSyntax extends Span {
  readonly expr: ExprSyntax;
  readonly descending: boolean;
}

/** `property op value` of an update or delete. */
export interface PredicateSyntax extends Span {
  readonly property: Name;
  readonly op: Exclude<CompareOp, "contains" | "starts_with">;
  readonly value: ValueSyntax;
}

/** A mutation statement. */
export type StatementSyntax =
  & Span
  & (
    | { readonly kind: "insert"; readonly typeName: Name; readonly assignments: readonly AssignSyntax[] }
    | {
      readonly kind: "update";
      readonly typeName: Name;
      readonly assignments: readonly AssignSyntax[];
      readonly where: PredicateSyntax;
    }
    | { readonly kind: "delete"; readonly typeName: Name; readonly where: PredicateSyntax }
  );
