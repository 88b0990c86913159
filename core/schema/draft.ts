/** Properties on their way through the rules: resolved types beside the tree they come from. */
import type { Declaration, PropertyExpr, TypeExpr, Word } from "./ast.ts";
import type { Findings } from "./findings.ts";
import type { ValueType } from "./value_type.ts";

const VECTOR_DIMENSIONS_MAX = 2147483647;

/** A property of a type, its own or copied from an interface. */
export interface DraftProperty {
  readonly name: string;
  readonly expr: PropertyExpr;
  /** Name of the type or interface that declares it. */
  readonly owner: string;
  readonly type: ValueType;
  readonly nullable: boolean;
  readonly declaredDirectly: boolean;
  readonly satisfies: readonly string[];
}

/** Resolves the types of a declaration's own properties; of equal names the first counts. */
export function draftProperties(declaration: Declaration, findings: Findings): Map<string, DraftProperty> {
  const drafts = new Map<string, DraftProperty>();
  for (const expr of declaration.properties) {
    const name = expr.name.text;
    const owner = declaration.name.text;
    const type = resolveType(expr.type, `${owner}.${name}`, findings);
    if (drafts.has(name)) continue;
    const { nullable } = expr.type;
    drafts.set(name, { name, expr, owner, type, nullable, declaredDirectly: true, satisfies: [] });
  }
  return drafts;
}

/** A vector has 1 to 2147483647 dimensions; the values of an enum are distinct and come back sorted. */
function resolveType(expr: TypeExpr, subject: string, findings: Findings): ValueType {
  switch (expr.kind) {
    case "scalar":
      return { kind: "scalar", scalar: expr.scalar, enumValues: null };
    case "list":
      return { kind: "list", item: expr.item };
    case "vector":
      return { kind: "vector", dimensions: checkedDimensions(expr.dimensions, subject, findings) };
    case "enum":
      return { kind: "scalar", scalar: "String", enumValues: checkedValues(expr.values, subject, findings) };
  }
}

function checkedDimensions(word: Word, subject: string, findings: Findings): number {
  const dimensions = Number(word.text);
  if (dimensions < 1) {
    findings.error(word, `the dimension of vector \`${subject}\` must be greater than zero`);
  }
  if (dimensions > VECTOR_DIMENSIONS_MAX) {
    findings.error(
      word,
      `the dimension of vector \`${subject}\` exceeds maximum supported ${VECTOR_DIMENSIONS_MAX}`,
    );
  }
  return dimensions;
}

function checkedValues(words: readonly Word[], subject: string, findings: Findings): string[] {
  const values = new Set<string>();
  for (const word of words) {
    if (values.has(word.text)) {
      findings.error(word, `enum \`${subject}\` has duplicate values: \`${word.text}\``);
    }
    values.add(word.text);
  }
  return [...values].sort();
}
