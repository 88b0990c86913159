/** Rules about interfaces, and the expansion of a node by what it implements. */
import { must } from "../base/assert.ts";
import { didYouMean } from "../base/suggest.ts";
import type { AnnotationExpr, NodeDecl, Word } from "./ast.ts";
import type { DraftProperty } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { typeName } from "./value_type.ts";

/** Properties of every interface of the file. */
export type InterfaceProperties = ReadonlyMap<string, ReadonlyMap<string, DraftProperty>>;

/**
 * All properties of a node: its own, then those of its interfaces that it does not declare itself, copied with their
 * annotations. Wrong interfaces are reported and left out.
 */
export function expandNode(
  node: NodeDecl,
  own: ReadonlyMap<string, DraftProperty>,
  interfaces: InterfaceProperties,
  findings: Findings,
): Map<string, DraftProperty> {
  const properties = new Map(own);
  const implemented = new Set<string>();
  const satisfied = new Map<string, string[]>();
  for (const word of node.interfaces) {
    const isRepeated = implemented.has(word.text);
    implemented.add(word.text);
    if (isRepeated) {
      findings.error(word, `node \`${node.name.text}\` implements duplicate interface \`${word.text}\``);
      continue;
    }
    const supplied = interfaces.get(word.text);
    if (supplied === undefined) {
      const message = `node \`${node.name.text}\` implements unknown interface \`${word.text}\``;
      findings.error(word, message, () => didYouMean(word.text, interfaces.keys()));
      continue;
    }
    for (const property of supplied.values()) {
      const present = properties.get(property.name);
      if (present?.declaredDirectly) checkRedeclaration(node, present, property, findings);
      else if (present !== undefined) checkSameSemantics(word, present, property, findings);
      else properties.set(property.name, { ...property, declaredDirectly: false });
      const names = satisfied.get(property.name);
      if (names === undefined) satisfied.set(property.name, [word.text]);
      else names.push(word.text);
    }
  }
  for (const [name, names] of satisfied) {
    properties.set(name, { ...must(properties.get(name), "the loop above set it"), satisfies: names.sort() });
  }
  return properties;
}

/** How many properties a node has before equal names are put together; what it implements twice counts once. */
export function propertyCount(node: NodeDecl, interfaces: InterfaceProperties): number {
  const names = new Set(node.interfaces.map((word) => word.text));
  let count = node.properties.length;
  for (const name of names) count += interfaces.get(name)?.size ?? 0;
  return count;
}

/** A property that a node declares again has exactly the interface's type; its annotations are the node's own. */
function checkRedeclaration(
  node: NodeDecl,
  present: DraftProperty,
  wanted: DraftProperty,
  findings: Findings,
): void {
  if (typeOf(present) === typeOf(wanted)) return;
  findings.error(
    present.expr.type,
    `property \`${node.name.text}.${present.name}\` is ${
      typeOf(present)
    }, but interface \`${wanted.owner}\` ` +
      `declares it as ${typeOf(wanted)}`,
    "declare it with the identical type, or leave it out to inherit it",
  );
}

/** Two interfaces that supply one property to a node declare it identically: type, annotations, constraints. */
function checkSameSemantics(
  word: Word,
  first: DraftProperty,
  second: DraftProperty,
  findings: Findings,
): void {
  if (typeOf(first) === typeOf(second) && annotationsOf(first) === annotationsOf(second)) return;
  findings.error(
    word,
    `interfaces \`${first.owner}\` and \`${second.owner}\` declare \`${first.name}\` with incompatible property semantics`,
    `declare \`${first.name}\` in the node itself, or make the interfaces agree`,
  );
}

function typeOf(property: DraftProperty): string {
  return typeName(property.type, property.nullable);
}

/** Equal texts for equal annotations, whatever their order. */
function annotationsOf(property: DraftProperty): string {
  const spell = (one: AnnotationExpr) =>
    JSON.stringify([
      one.name.text,
      one.value?.text ?? null,
      one.kwargs.map((kwarg) => [kwarg.name.text, kwarg.value.text]).sort(),
    ]);
  return property.expr.annotations.map(spell).sort().join();
}
