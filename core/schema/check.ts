/**
 * The schema checker: a parsed file to a {@linkcode CheckedSchema}, or all its errors in source order.
 *
 *   names -> properties where they are declared -> interfaces expanded -> constraints and embeds on whole types
 *
 * The rules are functions in `*_rules.ts`; this file only says which rule runs on what.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { SCHEMA_PROPERTIES_MAX } from "../base/limits.ts";
import { didYouMean } from "../base/suggest.ts";
import { checkHead, checkProperty } from "./annotation_rules.ts";
import type { AnnotationExpr, Declaration, EdgeDecl, NodeDecl, SchemaFile, Word } from "./ast.ts";
import type { Annotation } from "./catalog.ts";
import {
  byAnnotationOrder,
  type CheckedEdge,
  type CheckedInterface,
  type CheckedNode,
  type CheckedProperty,
  type CheckedSchema,
  type RenameHint,
} from "./checked.ts";
import { checkCardinality, checkConstraints } from "./constraint_rules.ts";
import { draftProperties, type DraftProperty } from "./draft.ts";
import { checkEmbedSource } from "./embed_rules.ts";
import { Findings } from "./findings.ts";
import { expandNode, type InterfaceProperties, propertyCount } from "./interface_rules.ts";
import { checkEdgeNamesFold, checkPropertyNames, collectNames, type Names } from "./name_rules.ts";

/** Annotations that become something else than metadata. */
const FOLDED = new Set(["key", "unique", "index", "embed", "rename_from"]);

/** Checks a file that has no syntax errors. `schema` is null exactly when a diagnostic is an error. */
export function checkFile(
  file: SchemaFile,
): { readonly schema: CheckedSchema | null; readonly diagnostics: readonly Diagnostic[] } {
  const findings = new Findings(file.source);
  const names = collectNames(file, findings);
  checkEdgeNamesFold(names, findings);
  const drafts = new Map<Declaration, Map<string, DraftProperty>>();
  for (const declaration of file.declarations) {
    checkPropertyNames(declaration, findings);
    const properties = draftProperties(declaration, findings);
    for (const property of properties.values()) checkProperty(declaration.kind, property, findings);
    if (declaration.kind !== "interface") checkHead(declaration, findings);
    drafts.set(declaration, properties);
  }
  const own = (declaration: Declaration) => drafts.get(declaration) ?? new Map<string, DraftProperty>();
  const interfaces = new Map(byName(names.interfaces).map((one) => [one.name.text, own(one)]));
  if (!checkSize(names, interfaces, findings)) return { schema: null, diagnostics: findings.inOrder() };
  const schema: CheckedSchema = {
    interfaces: byName(names.interfaces).map((one) => checkedInterface(one, own(one))),
    nodes: byName(names.nodes).map((one) => {
      return checkedNode(one, expandNode(one, own(one), interfaces, findings), findings);
    }),
    edges: byName(names.edges).map((one) => checkedEdge(one, own(one), names, findings)),
  };
  const diagnostics = findings.inOrder();
  return { schema: diagnostics.some(({ severity }) => severity === "error") ? null : schema, diagnostics };
}

/** Short texts can ask for very many properties through interfaces; what is too large is not expanded at all. */
function checkSize(names: Names, interfaces: InterfaceProperties, findings: Findings): boolean {
  let count = 0;
  for (const edge of names.edges.values()) count += edge.properties.length;
  for (const node of names.nodes.values()) {
    count += propertyCount(node, interfaces);
    if (count <= SCHEMA_PROPERTIES_MAX) continue;
    findings.error(
      node.name,
      `the schema has more than ${SCHEMA_PROPERTIES_MAX} properties, inherited ones included`,
    );
    return false;
  }
  return true;
}

function byName<T extends Declaration>(declarations: ReadonlyMap<string, T>): T[] {
  return [...declarations.values()].sort((a, b) => a.name.text < b.name.text ? -1 : 1);
}

function checkedInterface(
  declaration: Declaration,
  properties: Map<string, DraftProperty>,
): CheckedInterface {
  return {
    kind: "interface",
    name: declaration.name.text,
    span: placeOf(declaration.name),
    properties: checkedProperties(properties),
  };
}

function checkedNode(
  node: NodeDecl,
  properties: Map<string, DraftProperty>,
  findings: Findings,
): CheckedNode {
  const constraints = checkConstraints(node, properties, findings);
  for (const property of properties.values()) checkEmbedSource(property, properties, findings);
  return {
    kind: "node",
    name: node.name.text,
    span: placeOf(node.name),
    annotations: metadata(node.annotations),
    renameHint: renameHint(node.annotations),
    interfaces: [...new Set(node.interfaces.map((word) => word.text))].sort(),
    properties: checkedProperties(properties),
    constraints,
  };
}

function checkedEdge(
  edge: EdgeDecl,
  properties: Map<string, DraftProperty>,
  names: Names,
  findings: Findings,
): CheckedEdge {
  checkEndpoint(edge, "source", edge.from, names, findings);
  checkEndpoint(edge, "target", edge.to, names, findings);
  return {
    kind: "edge",
    name: edge.name.text,
    span: placeOf(edge.name),
    annotations: metadata(edge.annotations),
    renameHint: renameHint(edge.annotations),
    from: edge.from.text,
    to: edge.to.text,
    cardinality: checkCardinality(edge, findings),
    properties: checkedProperties(properties),
    constraints: checkConstraints(edge, properties, findings),
  };
}

/** An edge connects node types. */
function checkEndpoint(
  edge: EdgeDecl,
  side: "source" | "target",
  word: Word,
  names: Names,
  findings: Findings,
): void {
  if (names.nodes.has(word.text)) return;
  const help = names.interfaces.has(word.text)
    ? "an interface cannot be an endpoint; name a node type"
    : () => didYouMean(word.text, names.nodes.keys());
  findings.error(word, `edge \`${edge.name.text}\` has unknown ${side} type \`${word.text}\``, help);
}

function checkedProperties(properties: ReadonlyMap<string, DraftProperty>): CheckedProperty[] {
  return [...properties.values()].map(checkedProperty).sort((a, b) => a.name < b.name ? -1 : 1);
}

function checkedProperty(property: DraftProperty): CheckedProperty {
  const { annotations } = property.expr;
  const embed = annotations.find((one) => one.name.text === "embed");
  const model = embed?.kwargs.find((one) => one.name.text === "model");
  return {
    name: property.name,
    span: placeOf(property.expr.name),
    type: property.type,
    nullable: property.nullable,
    annotations: metadata(annotations),
    embed: embed === undefined ? null : { source: embed.value?.text ?? "", model: model?.value.text ?? null },
    renameHint: renameHint(annotations),
    declaredDirectly: property.declaredDirectly,
    satisfies: property.satisfies,
  };
}

function metadata(annotations: readonly AnnotationExpr[]): Annotation[] {
  return byAnnotationOrder(
    annotations.filter((one) => !FOLDED.has(one.name.text)).map(({ name, value, kwargs }) => {
      const annotation = { name: name.text, value: value?.text ?? null };
      if (kwargs.length === 0) return annotation;
      return {
        ...annotation,
        kwargs: Object.fromEntries(kwargs.map((one) => [one.name.text, one.value.text])),
      };
    }),
  );
}

function renameHint(annotations: readonly AnnotationExpr[]): RenameHint | null {
  const hint = annotations.find((one) => one.name.text === "rename_from");
  return hint === undefined ? null : { from: hint.value?.text ?? "", start: hint.start, end: hint.end };
}

function placeOf(word: Word): { start: number; end: number } {
  return { start: word.start, end: word.end };
}
