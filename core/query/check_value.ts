/** Values beside a property: inline patterns, assignments and mutation predicates. */
import { isNumeric, typeName, type ValueType } from "../schema/value_type.ts";
import type { NowSyntax, ValueSyntax, VariableSyntax } from "./ast.ts";
import {
  assignedLiteral,
  checkEnum,
  comparedLiteral,
  compatible,
  type Field,
  mismatch,
  naturalLiteral,
  scalarType,
} from "./literal.ts";
import type { Scope } from "./scope.ts";
import { fail } from "./type_failure.ts";
import type { ValueExpr } from "./typed.ts";

/** `property: value` in a match pattern: equality, or membership for a list property. */
export function checkPatternValue(scope: Scope, value: ValueSyntax, field: Field): ValueExpr {
  const { type } = field;
  if (type.kind === "scalar" && type.scalar === "Blob") {
    fail("T3", `${subject(field)} cannot be matched: blobs have no equality`, value);
  }
  if (type.kind === "list" && value.kind === "list") {
    fail("T3", `list equality is not supported: ${subject(field)} is matched by one element`, value);
  }
  if (type.kind === "vector" && value.kind !== "variable" && value.kind !== "now") {
    fail("T3", `${subject(field)} cannot be matched: vectors have no equality`, value);
  }
  const element = type.kind === "list" ? scalarType(type.item) : type;
  switch (value.kind) {
    case "now":
      return checkNow(value, element, field);
    case "variable": {
      const param = scope.param(value, "T6");
      if (type.kind === "list" && param.type.kind === "list") {
        fail("T7", `list equality is not supported: ${subject(field)} is matched by one element`, value);
      }
      return checkParam(scope, value, element, field, "T6");
    }
    default: {
      const literal = naturalLiteral(value);
      if (!compatible(literal.type, element)) mismatch(literal.type, value, field);
      checkEnum(literal, value, element, field);
      return comparedLiteral(literal, element);
    }
  }
}

/** `property op value` of an update or delete; the property is a scalar. */
export function checkPredicateValue(scope: Scope, value: ValueSyntax, field: Field): ValueExpr {
  const { type } = field;
  if (type.kind !== "scalar") {
    fail("T7", `comparisons need scalar operands, ${subject(field)} has type ${typeName(type)}`, value);
  }
  switch (value.kind) {
    case "now":
      return checkNow(value, type, field);
    case "variable":
      return checkParam(scope, value, type, field, "T14");
    default: {
      const literal = naturalLiteral(value);
      if (!compatible(literal.type, type)) mismatch(literal.type, value, field);
      checkEnum(literal, value, type, field);
      return comparedLiteral(literal, type);
    }
  }
}

/** `property: value` of an insert or update: literals become cells of the property's type. */
export function checkAssignedValue(scope: Scope, value: ValueSyntax, field: Field): ValueExpr {
  switch (value.kind) {
    case "now":
      return checkNow(value, field.type, field);
    case "variable": {
      const param = scope.param(value, "T14");
      const blobFromText = field.type.kind === "scalar" && field.type.scalar === "Blob" &&
        compatible(param.type, scalarType("String"));
      if (blobFromText) return { kind: "param", name: param.name, type: param.type };
      return checkParam(scope, value, field.type, field, "T14");
    }
    default:
      return assignedLiteral(value, field);
  }
}

function checkNow(value: NowSyntax, type: ValueType, field: Field): ValueExpr {
  if (type.kind === "scalar" && type.scalar === "DateTime") return { kind: "now" };
  return fail("T7", `\`now()\` is a DateTime, ${subject(field)} has type ${typeName(field.type)}`, value);
}

function checkParam(
  scope: Scope,
  value: VariableSyntax,
  type: ValueType,
  field: Field,
  code: "T6" | "T14",
): ValueExpr {
  const param = scope.param(value, code);
  if (!compatible(param.type, type)) {
    const found = `parameter \`$${param.name}\` has type ${typeName(param.type)}`;
    fail("T7", `${subject(field)} has type ${typeName(field.type)}, ${found}`, value, paramHelp(type));
  }
  if (type.kind === "vector" && code === "T6") {
    fail("T7", `${subject(field)} cannot be compared: vectors have no equality`, value);
  }
  return { kind: "param", name: param.name, type: param.type };
}

function paramHelp(type: ValueType): string | undefined {
  if (type.kind === "vector") return undefined;
  if (isNumeric(type)) return "declare the parameter with a number type";
  return `declare the parameter as \`${type.kind === "scalar" ? type.scalar : typeName(type)}\``;
}

function subject(field: Field): string {
  return `property \`${field.owner}.${field.name}\``;
}
