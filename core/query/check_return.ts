/** Return blocks: column names, types, aliases and aggregates (T8, T9, T23, T24). */
import { must } from "../base/assert.ts";
import type { Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import { isNumeric, typeName, type ValueType } from "../schema/value_type.ts";
import type { AggregateSyntax, ExprSyntax, ProjectionSyntax, PropertySyntax, VariableSyntax } from "./ast.ts";
import { checkRank, checkSearch } from "./check_search.ts";
import { naturalLiteral, scalarType } from "./literal.ts";
import type { Scope } from "./scope.ts";
import { fail } from "./type_failure.ts";
import type { Projection, ProjectionExpr, VariableId } from "./typed.ts";

/** A returned column before it is named: what it computes and what it would be called. */
interface Value {
  readonly expr: ProjectionExpr;
  /** Default row key. */
  readonly column: string;
  /** Default name in descriptors. */
  readonly label: string;
  readonly type: ValueType;
  readonly nullable: boolean;
}

/** The returned columns; aliases see the columns before them. */
export class ReturnChecker {
  readonly #scope: Scope;
  readonly #columns: Projection[] = [];
  /** What each column computes, with aliases replaced by what they stand for. */
  readonly #resolved: ProjectionExpr[] = [];
  /** The first column that returns a property or a node, by {@linkcode keyOf}. */
  readonly #keys = new Map<string, number>();
  /** Column index by alias; a repeated alias means the last one. */
  readonly #aliases = new Map<string, number>();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** Checks all projections. Beside an aggregate every other one must be a group key: T9. */
  check(projections: readonly ProjectionSyntax[]): Projection[] {
    const aggregate = projections.some(({ expr }) => expr.kind === "aggregate");
    for (const { expr, alias } of projections) {
      const value = this.#scope.problems.attempt(() => this.#projection(expr, aggregate));
      if (value === null) {
        if (alias !== null) this.#scope.problems.breakNames(alias.text);
        continue;
      }
      if (alias !== null) this.#aliases.set(alias.text, this.#columns.length);
      this.#noteColumn(value.expr);
      const { type, nullable } = value;
      const column = alias?.text ?? value.column;
      this.#columns.push({ column, label: alias?.text ?? value.label, expr: value.expr, type, nullable });
    }
    return this.#columns;
  }

  #projection(syntax: ExprSyntax, aggregate: boolean): Value {
    const value = this.#value(syntax);
    const isKey = value.expr.kind === "property" || value.expr.kind === "id";
    if (aggregate && !isKey && syntax.kind !== "aggregate") {
      fail(
        "T9",
        "beside an aggregate only `$x.p` and `$x` can be returned",
        syntax,
        "they form the group key",
      );
    }
    return value;
  }

  /** What a column computes; never an alias. */
  resolved(index: number): ProjectionExpr {
    return must(this.#resolved[index], "columns are resolved when they are checked");
  }

  /** The first column that returns `$x.p`, or `$x` when there is no property. */
  keyColumn(variable: VariableId, property?: string): number | undefined {
    return this.#keys.get(keyOf(variable, property));
  }

  #noteColumn(expr: ProjectionExpr): void {
    const index = this.#resolved.push(expr.kind === "alias" ? this.resolved(expr.index) : expr) - 1;
    if (expr.kind !== "property" && expr.kind !== "id") return;
    const key = keyOf(expr.variable, expr.kind === "property" ? expr.property : undefined);
    if (!this.#keys.has(key)) this.#keys.set(key, index);
  }

  /** The column an alias names, or undefined. */
  columnOf(alias: string): number | undefined {
    return this.#aliases.get(alias);
  }

  /** All aliases, for suggestions. */
  aliases(): Iterable<string> {
    return this.#aliases.keys();
  }

  #value(syntax: ExprSyntax): Value {
    switch (syntax.kind) {
      case "property":
        return this.#property(syntax);
      case "variable":
        return this.#variable(syntax);
      case "alias":
        return this.#alias(syntax.text, syntax);
      case "aggregate":
        return this.#aggregate(syntax);
      case "now": {
        const type = scalarType("DateTime");
        return { expr: { kind: "now" }, column: "now", label: "now", type, nullable: false };
      }
      case "search": {
        const expr = checkSearch(this.#scope, syntax);
        return { expr, column: syntax.fn, label: syntax.fn, type: scalarType("Bool"), nullable: false };
      }
      case "nearest":
      case "bm25":
      case "rrf": {
        const expr = checkRank(this.#scope, syntax);
        const nullable = syntax.kind === "nearest";
        return { expr, column: syntax.kind, label: syntax.kind, type: scalarType("F64"), nullable };
      }
      default: {
        const expr = naturalLiteral(syntax);
        return { expr, column: "literal", label: "literal", type: expr.type, nullable: false };
      }
    }
  }

  #property(syntax: PropertySyntax): Value {
    const { variable, property } = this.#scope.property(syntax, "T6");
    const { name, type, nullable } = property;
    refuseBlob(type, `property \`$${syntax.variable.text}.${name}\``, syntax);
    return {
      expr: { kind: "property", variable: variable.id, property: name, type },
      column: `${syntax.variable.text}.${name}`,
      label: name,
      type,
      nullable,
    };
  }

  /** A parameter, or a node as its id. */
  #variable(syntax: VariableSyntax): Value {
    const name = syntax.text;
    const param = this.#scope.params.get(name);
    if (param !== undefined) {
      const { type, nullable } = param;
      refuseBlob(type, `parameter \`$${name}\``, syntax);
      return { expr: { kind: "param", name, type }, column: name, label: name, type, nullable };
    }
    const variable = this.#scope.find(name);
    if (variable === undefined) return this.#scope.unbound(name, syntax);
    if (variable.kind === "edge") {
      fail(
        "T23",
        `edge variable \`$${name}\` cannot be used bare`,
        syntax,
        `return its properties: \`$${name}.…\``,
      );
    }
    const type = scalarType("String");
    return { expr: { kind: "id", variable: variable.id }, column: name, label: name, type, nullable: false };
  }

  #alias(word: string, span: Span): Value {
    const index = this.#aliases.get(word);
    if (index === undefined) {
      this.#scope.problems.refuseBroken(word);
      const isVariable = this.#scope.find(word) !== undefined || this.#scope.params.has(word);
      const help = isVariable ? `did you mean \`$${word}\`?` : () => didYouMean(word, this.#aliases.keys());
      return fail(null, `alias \`${word}\` is not defined by an earlier projection`, span, help);
    }
    const { type, nullable } = this.#columns[index]!;
    return { expr: { kind: "alias", index, type }, column: word, label: word, type, nullable };
  }

  #aggregate(syntax: AggregateSyntax): Value {
    const { fn } = syntax;
    const arg = this.#aggregateArgument(syntax);
    const { column } = arg;
    const of = (type: ValueType): Value => ({
      expr: { kind: "aggregate", fn, arg: arg.expr, type },
      column,
      label: fn,
      type,
      nullable: true,
    });
    if (fn === "count") return of(scalarType("I64"));
    const wholeNode = arg.expr.kind === "id";
    const found = wholeNode ? "a whole node" : typeName(arg.type);
    if (fn === "sum" || fn === "avg") {
      if (wholeNode || !isNumeric(arg.type)) {
        fail("T8", `\`${fn}\` needs a number, found ${found}`, syntax.arg);
      }
      return of(scalarType("F64"));
    }
    const text = arg.type.kind === "scalar" && arg.type.scalar === "String";
    if (wholeNode || !(text || isNumeric(arg.type))) {
      fail("T8", `\`${fn}\` needs a number or a String, found ${found}`, syntax.arg);
    }
    return of(arg.type);
  }

  /** The aggregated value, with aliases replaced by what they stand for. */
  #aggregateArgument({ fn, arg }: AggregateSyntax): Value {
    let value = this.#value(arg);
    if (value.expr.kind === "alias") value = { ...value, expr: this.resolved(value.expr.index) };
    switch (value.expr.kind) {
      case "aggregate":
        return fail(null, `\`${fn}\` of an aggregate is not supported`, arg);
      case "search":
      case "nearest":
      case "bm25":
      case "rrf":
        return fail(null, `\`${fn}\` of \`${value.expr.kind}\` is not supported`, arg);
      default:
        return value;
    }
  }
}

function keyOf(variable: VariableId, property: string | undefined): string {
  return property === undefined ? `${variable}` : `${variable}.${property}`;
}

/** Blobs are no read values: T24. */
function refuseBlob(type: ValueType, what: string, span: Span): void {
  if (type.kind !== "scalar" || type.scalar !== "Blob") return;
  fail(
    "T24",
    `${what} is a Blob and cannot be read by a query`,
    span,
    "queries do not return blobs: leave the property out",
  );
}
