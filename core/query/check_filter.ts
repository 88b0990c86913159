/** Filters: what may be compared with what (T6, T7), and literals brought to the type beside them. */
import { type Scalar, typeName, type ValueType } from "../schema/value_type.ts";
import type { ExprSyntax, FilterSyntax } from "./ast.ts";
import { checkSearch } from "./check_search.ts";
import { comparedLiteral, compatible, naturalLiteral, scalarType } from "./literal.ts";
import type { Scope } from "./scope.ts";
import { fail } from "./type_failure.ts";
import type { Clause, CompareOp, ValueExpr } from "./typed.ts";

/** `expr op expr`, or `search(…) = true`. */
export function checkFilter(scope: Scope, syntax: FilterSyntax): Clause {
  if (syntax.left.kind === "search" || syntax.right.kind === "search") {
    return checkSearchFilter(scope, syntax);
  }
  const left = checkOperand(scope, syntax.left);
  const right = checkOperand(scope, syntax.right);
  checkComparison(syntax, typeOfValue(left), typeOfValue(right));
  return {
    kind: "filter",
    op: syntax.op,
    left: besideProperty(left, right),
    right: besideProperty(right, left),
  };
}

/** The type of a constant, parameter, property or instant. */
function typeOfValue(value: ValueExpr): ValueType {
  return value.kind === "now" ? scalarType("DateTime") : value.type;
}

/** `search(…) = true` is the clause `search(…)`. */
function checkSearchFilter(scope: Scope, syntax: FilterSyntax): Clause {
  const [search, other] = syntax.left.kind === "search"
    ? [syntax.left, syntax.right]
    : [syntax.right, syntax.left];
  if (search.kind !== "search" || syntax.op !== "=" || other.kind !== "bool" || !other.value) {
    const name = search.kind === "search" ? search.fn : "search";
    return fail("T7", `\`${name}(…)\` in match stands alone or is compared \`= true\``, syntax);
  }
  return { kind: "search", search: checkSearch(scope, search) };
}

function checkOperand(scope: Scope, syntax: ExprSyntax): ValueExpr {
  switch (syntax.kind) {
    case "property": {
      const { variable, property } = scope.property(syntax, "T6");
      return { kind: "property", variable: variable.id, property: property.name, type: property.type };
    }
    case "variable":
      return checkVariableOperand(scope, syntax);
    case "now":
      return { kind: "now" };
    case "alias":
      return fail(
        null,
        `alias \`${syntax.text}\` cannot be used in match`,
        syntax,
        aliasHelp(scope, syntax.text),
      );
    case "aggregate":
      return fail(null, `\`${syntax.fn}(…)\` cannot be used in match: aggregates stand in return`, syntax);
    case "nearest":
    case "bm25":
    case "rrf":
      return fail(null, `\`${syntax.kind}(…)\` cannot be used in match: it ranks rows in order`, syntax);
    case "search":
      return fail("T7", `\`${syntax.fn}(…)\` in match stands alone or is compared \`= true\``, syntax);
    default:
      return naturalLiteral(syntax);
  }
}

/** A parameter; variables stand for whole entities, which have no value to compare. */
function checkVariableOperand(scope: Scope, syntax: ExprSyntax & { kind: "variable" }): ValueExpr {
  const param = scope.params.get(syntax.text);
  if (param !== undefined) return { kind: "param", name: param.name, type: param.type };
  const variable = scope.find(syntax.text);
  if (variable === undefined) return scope.unbound(syntax.text, syntax);
  if (variable.kind === "edge") fail("T23", `edge variable \`$${syntax.text}\` cannot be used bare`, syntax);
  return fail(
    "T7",
    `comparisons need scalar operands, \`$${syntax.text}\` is a node`,
    syntax,
    "compare its properties",
  );
}

function aliasHelp(scope: Scope, word: string): string | undefined {
  if (scope.find(word) !== undefined || scope.params.has(word)) return `did you mean \`$${word}\`?`;
  return "strings are written in double quotes";
}

/** Which types an operator takes: T7. */
function checkComparison({ op, left, right, ...span }: FilterSyntax, a: ValueType, b: ValueType): void {
  if (isScalar(a, "Blob") || isScalar(b, "Blob")) fail("T7", "blob comparisons are not supported", span);
  if (op === "contains") return checkContains(left, right, a, b);
  if (op === "starts_with") {
    const wrong = isScalar(a, "String") ? [b, right] as const : [a, left] as const;
    if (isScalar(wrong[0], "String")) return;
    return fail("T7", `starts_with requires a String on both sides, found ${typeName(wrong[0])}`, wrong[1]);
  }
  for (const [type, operand] of [[a, left], [b, right]] as const) {
    if (type.kind === "scalar") continue;
    fail("T7", `\`${op}\` needs scalar operands, found ${typeName(type)}`, operand, listHelp(op, type));
  }
  if (!compatible(a, b)) {
    fail("T7", `cannot compare ${typeName(a)} with ${typeName(b)}`, span, temporalHelp(a, b));
  }
}

function checkContains(left: ExprSyntax, right: ExprSyntax, a: ValueType, b: ValueType): void {
  if (a.kind !== "list" && !isScalar(a, "String")) {
    fail(
      "T7",
      `contains needs a list property (membership) or a String on its left, found ${typeName(a)}`,
      left,
    );
  }
  if (b.kind !== "scalar") {
    fail("T7", `contains needs a scalar right operand, found ${typeName(b)}`, right);
  }
  if (a.kind === "list" && !compatible(scalarType(a.item), b)) {
    fail("T7", `${typeName(a)} cannot contain ${typeName(b)}`, right);
  }
  if (a.kind === "scalar" && b.scalar !== "String") {
    fail("T7", `contains on a String needs a String right operand, found ${typeName(b)}`, right);
  }
}

/** A literal beside a property becomes a cell of the property's type where it has exactly that value. */
function besideProperty(value: ValueExpr, other: ValueExpr): ValueExpr {
  if (value.kind !== "literal" || other.kind !== "property") return value;
  return comparedLiteral(value, other.type.kind === "list" ? scalarType(other.type.item) : other.type);
}

function listHelp(op: CompareOp, type: ValueType): string | undefined {
  return type.kind === "list" && op === "=" ? "membership is written `list contains element`" : undefined;
}

function temporalHelp(a: ValueType, b: ValueType): string | undefined {
  const text = isScalar(a, "String") || isScalar(b, "String");
  if (text && (isScalar(a, "Date") || isScalar(b, "Date"))) return 'write `date("…")`';
  if (text && (isScalar(a, "DateTime") || isScalar(b, "DateTime"))) return 'write `datetime("…")`';
  return undefined;
}

function isScalar(type: ValueType, scalar: Scalar): boolean {
  return type.kind === "scalar" && type.scalar === scalar;
}
