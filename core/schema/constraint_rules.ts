/** Rules about constraints and cardinality, and the folding of annotations into the body form. */
import type { Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import { checkColumnType } from "./annotation_rules.ts";
import {
  type BoundExpr,
  type CardinalityExpr,
  type ConstraintExpr,
  type EdgeDecl,
  mark,
  type NodeDecl,
  type Word,
} from "./ast.ts";
import { byConstraintOrder, type CheckedConstraint } from "./checked.ts";
import type { DraftProperty } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { compilePattern } from "./pattern.ts";
import { isNumeric, typeName } from "./value_type.ts";

/** What people call the ends of an edge. */
const ENDS = new Set(["from", "to", "source", "target"]);
const CARDINALITY_MAX = 4294967295;
/** Digits of a bound; more than any number type needs, few enough to convert at once. */
const BOUND_CHARS_MAX = 400;

type Properties = ReadonlyMap<string, DraftProperty>;
type ColumnsExpr = ConstraintExpr & { readonly kind: "key" | "unique" | "index" };

/** Checks all constraints of a type on its expanded properties; gives them in canonical order, repeats removed. */
export function checkConstraints(
  declaration: NodeDecl | EdgeDecl,
  properties: Properties,
  findings: Findings,
): CheckedConstraint[] {
  const checked: CheckedConstraint[] = [];
  const folded = foldAnnotations(properties);
  if (declaration.kind === "node") checkSingleKey(declaration, folded, findings);
  for (const constraint of folded) {
    if (constraint.kind === "key") checkKeyNullability(constraint, properties, findings);
    checked.push({ kind: constraint.kind, columns: [constraint.columns[0]!.text] });
  }
  for (const constraint of declaration.constraints) {
    if (declaration.kind === "edge" && !checkAllowedOnEdges(constraint, declaration, findings)) continue;
    if (!checkColumnsExist(constraint, declaration, properties, findings)) continue;
    const result = checkOne(constraint, properties, findings);
    if (result !== null) checked.push(result);
  }
  return byConstraintOrder(checked);
}

/**
 * `@key`, `@unique` and `@index` behind a property, as one-column constraints; of repeated ones the first. Their column
 * types are checked already.
 */
function foldAnnotations(properties: Properties): ColumnsExpr[] {
  const folded: ColumnsExpr[] = [];
  for (const property of properties.values()) {
    for (const kind of ["key", "unique", "index"] as const) {
      const annotation = property.expr.annotations.find((one) => one.name.text === kind);
      if (annotation === undefined) continue;
      const word = mark(annotation);
      folded.push({ kind, columns: [{ ...word, text: property.name }], start: word.start, end: word.end });
    }
  }
  return folded;
}

/** A node type has at most one `@key`, in whatever form. */
function checkSingleKey(node: NodeDecl, folded: readonly ColumnsExpr[], findings: Findings): void {
  const keys = [...folded, ...node.constraints].filter((one) => one.kind === "key");
  keys.sort((a, b) => a.start - b.start);
  for (const extra of keys.slice(1)) {
    findings.error(
      extra,
      `multiple @key constraints on node \`${node.name.text}\``,
      "a node type has one identity; use `@key(a, b)` for a composite one and `@unique` for the rest",
    );
  }
}

/** Edges are identified by ids and constrain no values. */
function checkAllowedOnEdges(constraint: ConstraintExpr, edge: EdgeDecl, findings: Findings): boolean {
  if (constraint.kind === "unique" || constraint.kind === "index") return true;
  findings.error(
    constraint,
    `\`@${constraint.kind}\` in edge \`${edge.name.text}\` is not supported on edges`,
  );
  return false;
}

/** A constraint names properties of its type, each once; on edges also `src` and `dst`. */
function checkColumnsExist(
  constraint: ConstraintExpr,
  declaration: NodeDecl | EdgeDecl,
  properties: Properties,
  findings: Findings,
): boolean {
  const columns = "columns" in constraint ? constraint.columns : [constraint.column];
  const system = declaration.kind === "edge" ? ["src", "dst"] : [];
  const seen = new Set<string>();
  let allExist = true;
  for (const column of columns) {
    if (seen.has(column.text)) {
      findings.error(column, `\`@${constraint.kind}\` names duplicate property \`${column.text}\``);
    }
    seen.add(column.text);
    if (properties.has(column.text) || system.includes(column.text)) continue;
    allExist = false;
    findings.error(
      column,
      `\`@${constraint.kind}\` references unknown property \`${declaration.name.text}.${column.text}\``,
      system.length > 0 && ENDS.has(column.text)
        ? "the ends of an edge are called `src` and `dst` here"
        : () => didYouMean(column.text, [...properties.keys(), ...system]),
    );
  }
  return allExist;
}

function checkOne(
  constraint: ConstraintExpr,
  properties: Properties,
  findings: Findings,
): CheckedConstraint | null {
  switch (constraint.kind) {
    case "range":
      return checkRange(constraint, properties, findings);
    case "check":
      return checkPattern(constraint, properties, findings);
    default: {
      for (const column of constraint.columns) {
        const property = properties.get(column.text);
        const word: Word = { text: constraint.kind, start: column.start, end: column.end };
        if (property !== undefined) checkColumnType(word, property, findings, "body");
      }
      if (constraint.kind === "key") checkKeyNullability(constraint, properties, findings);
      return {
        kind: constraint.kind,
        columns: [...new Set(constraint.columns.map((one) => one.text))].sort(),
      };
    }
  }
}

/** Every part of a key has a value. */
function checkKeyNullability(constraint: ColumnsExpr, properties: Properties, findings: Findings): void {
  for (const column of constraint.columns) {
    const property = properties.get(column.text);
    if (!property?.nullable) continue;
    const help = `declare it as ${typeName(property.type)}`;
    findings.error(
      column,
      `\`@key\` property \`${property.owner}.${property.name}\` cannot be nullable`,
      help,
    );
  }
}

/** `@range` bounds one number. */
function checkRange(
  constraint: ConstraintExpr & { readonly kind: "range" },
  properties: Properties,
  findings: Findings,
): CheckedConstraint | null {
  const property = properties.get(constraint.column.text);
  if (property === undefined) return null;
  const subject = `\`${property.owner}.${property.name}\``;
  if (!isNumeric(property.type)) {
    const found = typeName(property.type, property.nullable);
    findings.error(constraint.column, `\`@range\` requires a numeric type, but ${subject} is ${found}`);
    return null;
  }
  const min = boundValue(constraint.min, findings);
  const max = boundValue(constraint.max, findings);
  if (min !== null && max !== null && min > max) {
    findings.error(constraint, `the minimum ${min} of \`@range\` on ${subject} exceeds maximum ${max}`);
  }
  return { kind: "range", property: property.name, min, max };
}

/** A bound as a number; integers that a double cannot hold exactly as bigint. */
function boundValue(expr: BoundExpr | null, findings: Findings): number | bigint | null {
  if (expr === null) return null;
  const value = Number(expr.text);
  if (expr.text.length > BOUND_CHARS_MAX || !Number.isFinite(value)) {
    findings.error(expr, "the bound of `@range` has too many digits");
    return null;
  }
  if (expr.kind === "int" && !Number.isSafeInteger(value)) return BigInt(expr.text);
  return value === 0 ? 0 : value;
}

/** `@check` holds one text against a pattern that compiles. */
function checkPattern(
  constraint: ConstraintExpr & { readonly kind: "check" },
  properties: Properties,
  findings: Findings,
): CheckedConstraint | null {
  const property = properties.get(constraint.column.text);
  if (property === undefined) return null;
  const subject = `\`${property.owner}.${property.name}\``;
  const { type } = property;
  if (type.kind !== "scalar" || type.scalar !== "String" || type.enumValues !== null) {
    const found = typeName(type, property.nullable);
    findings.error(constraint.column, `\`@check\` requires String type, but ${subject} is ${found}`);
  }
  const pattern = constraint.pattern.text;
  const compiled = compilePattern(pattern);
  if (compiled.kind === "invalid") {
    findings.error(constraint.pattern, `invalid regex in \`@check\` on ${subject}: ${compiled.reason}`);
  }
  return { kind: "check", property: property.name, pattern };
}

/** `@card` bounds a number of edges. */
export function checkCardinality(
  edge: EdgeDecl,
  findings: Findings,
): { readonly min: number; readonly max: number | null } {
  const cardinality: CardinalityExpr | null = edge.cardinality;
  if (cardinality === null) return { min: 0, max: null };
  const min = edgeCount(cardinality.min, cardinality.min.text, findings);
  const max = cardinality.max === null ? null : edgeCount(cardinality.max, cardinality.max.text, findings);
  if (max !== null && min > max) {
    findings.error(
      cardinality,
      `\`@card\` of edge \`${edge.name.text}\`: minimum ${min} exceeds maximum ${max}`,
    );
  }
  return { min, max };
}

function edgeCount(place: Span, text: string, findings: Findings): number {
  const count = Number(text);
  if (count <= CARDINALITY_MAX) return count;
  findings.error(place, `a bound of \`@card\` is at most ${CARDINALITY_MAX}`);
  return CARDINALITY_MAX;
}
