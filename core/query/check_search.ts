/** Full-text predicates and rank functions: T15, T19, T20, T21 and the search part of T23. */
import { type Scalar, typeName, type ValueType } from "../schema/value_type.ts";
import type {
  Bm25Syntax,
  ExprSyntax,
  NearestSyntax,
  PropertySyntax,
  RrfSyntax,
  SearchSyntax,
} from "./ast.ts";
import { naturalLiteral, numbersOf } from "./literal.ts";
import type { Scope } from "./scope.ts";
import { fail, type TypeCode } from "./type_failure.ts";
import type { RankExpr, SearchExpr, ValueExpr } from "./typed.ts";

type FieldExpr = ValueExpr & { kind: "property" };

/** `search`, `match_text` or `fuzzy`. */
export function checkSearch(scope: Scope, syntax: SearchSyntax): SearchExpr {
  const code = syntax.fn === "match_text" ? "T20" : "T19";
  const field = textField(scope, syntax.field, syntax.fn, code);
  const query = textQuery(scope, syntax.query, syntax.fn, code);
  const maxEdits = syntax.maxEdits === null
    ? null
    : integerOperand(scope, syntax.maxEdits, "max_edits", "T19");
  return { kind: "search", fn: syntax.fn, field, query, maxEdits };
}

/** `nearest`, `bm25` or `rrf`. */
export function checkRank(scope: Scope, syntax: NearestSyntax | Bm25Syntax | RrfSyntax): RankExpr {
  switch (syntax.kind) {
    case "nearest":
      return checkNearest(scope, syntax);
    case "bm25":
      return {
        kind: "bm25",
        field: textField(scope, syntax.field, "bm25", "T20"),
        query: textQuery(scope, syntax.query, "bm25", "T20"),
      };
    case "rrf":
      return checkRrf(scope, syntax);
  }
}

function checkNearest(scope: Scope, syntax: NearestSyntax): RankExpr {
  refuseEdgeVariable(scope, syntax.field, "nearest");
  const { variable, property } = scope.property(syntax.field, "T15");
  const { type } = property;
  const name = `$${syntax.field.variable.text}.${property.name}`;
  if (type.kind !== "vector") {
    fail("T15", `\`nearest\` needs a Vector property, \`${name}\` has type ${typeName(type)}`, syntax.field);
  }
  const field: FieldExpr = { kind: "property", variable: variable.id, property: property.name, type };
  const numbers = syntax.query.kind === "list" ? numbersOf(syntax.query) : null;
  if (numbers !== null && numbers.length === type.dimensions) {
    return { kind: "nearest", field, query: { kind: "literal", value: numbers, type } };
  }
  const query = constantOperand(scope, syntax.query);
  const found = numbers !== null
    ? `a list of ${numbers.length} numbers`
    : query === null
    ? "something else"
    : typeName(query.type);
  const isText = query !== null && isScalar(query.type, "String");
  const isVector = query !== null && query.type.kind === "vector";
  if (query === null || !(isText || isVector)) {
    return fail(
      "T15",
      `\`nearest\` on \`${name}\` (${typeName(type)}) needs a Vector or String query, found ${found}`,
      syntax.query,
    );
  }
  if (query.type.kind === "vector" && query.type.dimensions !== type.dimensions) {
    fail(
      "T15",
      `\`${name}\` has type ${typeName(type)}, the query has type ${typeName(query.type)}`,
      syntax.query,
    );
  }
  return { kind: "nearest", field, query };
}

function checkRrf(scope: Scope, syntax: RrfSyntax): RankExpr {
  const first = checkRank(scope, syntax.arms[0]);
  const second = checkRank(scope, syntax.arms[1]);
  const k = syntax.k === null ? null : integerOperand(scope, syntax.k, "k", "T21");
  if (k?.kind === "literal" && (k.value as bigint) <= 0n) {
    fail("T21", "`k` of `rrf` must be greater than 0", syntax.k ?? syntax);
  }
  if (first.kind === "rrf" || second.kind === "rrf" || first.field.variable !== second.field.variable) {
    const names = syntax.arms.map(({ field }) =>
      field.kind === "property" ? `\`$${field.variable.text}\`` : "?"
    );
    fail("T21", `both arms of \`rrf\` must rank one variable, found ${names.join(" and ")}`, syntax);
  }
  return { kind: "rrf", arms: [first, second], k };
}

/** The String property of a node that a search looks into. */
function textField(scope: Scope, syntax: ExprSyntax, fn: string, code: TypeCode): FieldExpr {
  refuseEdgeVariable(scope, syntax, fn);
  if (syntax.kind !== "property") {
    return fail(code, `\`${fn}\` searches a String property such as \`$x.name\``, syntax);
  }
  const { variable, property } = scope.property(syntax, "T6");
  const { type } = property;
  if (!isScalar(type, "String")) {
    const name = `$${syntax.variable.text}.${property.name}`;
    fail(code, `\`${fn}\` searches String properties, \`${name}\` has type ${typeName(type)}`, syntax);
  }
  return { kind: "property", variable: variable.id, property: property.name, type };
}

function textQuery(scope: Scope, syntax: ExprSyntax, fn: string, code: TypeCode): ValueExpr {
  const query = constantOperand(scope, syntax);
  if (query !== null && isScalar(query.type, "String")) return query;
  const found = query === null ? "" : `, found ${typeName(query.type)}`;
  return fail(code, `the query of \`${fn}\` must be a String literal or parameter${found}`, syntax);
}

function integerOperand(scope: Scope, syntax: ExprSyntax, what: string, code: TypeCode): ValueExpr {
  const value = constantOperand(scope, syntax);
  if (value !== null && value.type.kind === "scalar" && /^[IU](32|64)$/.test(value.type.scalar)) return value;
  return fail(code, `\`${what}\` must be an integer literal or parameter`, syntax);
}

/** A literal or parameter, or null for anything else. */
function constantOperand(
  scope: Scope,
  syntax: ExprSyntax,
): (ValueExpr & { kind: "literal" | "param" }) | null {
  switch (syntax.kind) {
    case "string":
    case "int":
    case "float":
    case "bool":
    case "date":
    case "datetime":
    case "list":
      return naturalLiteral(syntax);
    case "variable": {
      const param = scope.params.get(syntax.text);
      if (param !== undefined) return { kind: "param", name: param.name, type: param.type };
      if (scope.find(syntax.text) === undefined) scope.unbound(syntax.text, syntax);
      return null;
    }
    default:
      return null;
  }
}

/** Search and rank functions look at nodes only: T23. */
function refuseEdgeVariable(scope: Scope, syntax: ExprSyntax | PropertySyntax, fn: string): void {
  const name = syntax.kind === "property" ? syntax.variable : syntax.kind === "variable" ? syntax : null;
  if (name === null || scope.find(name.text)?.kind !== "edge") return;
  fail(
    "T23",
    `edge variable \`$${name.text}\` cannot be used in \`${fn}\`: only node properties are searched`,
    syntax,
  );
}

function isScalar(type: ValueType, scalar: Scalar): boolean {
  return type.kind === "scalar" && type.scalar === scalar;
}
