/** What holds in every IR that was accepted; a stored one that breaks a law is damaged. One function per law. */
import type { Annotation } from "./catalog.ts";
import { byAnnotationOrder, constraintOrder } from "./checked.ts";
import { brokenContract } from "./contract_fault.ts";
import type {
  Ir,
  IrColumnRef,
  IrEdge,
  IrInterface,
  IrNode,
  IrProperty,
  IrPropertyRef,
  IrTypeRef,
} from "./ir.ts";
import { checkedConstraint, columnName } from "./build_catalog.ts";
import { compilePattern } from "./pattern.ts";

/** Throws `AppError("integrity_error")` at the first broken law. */
export function verifyIr(ir: Ir): void {
  verifyIdentities(ir);
  for (const kind of ["interfaces", "nodes", "edges"] as const) {
    const types: readonly IrInterface[] = ir[kind];
    verifyAscending(types.map((type) => type.name), `ir.${kind}`);
    for (const [at, type] of types.entries()) verifyProperties(ir, type, `ir.${kind}[${at}]`);
  }
  for (const [at, node] of ir.nodes.entries()) {
    const path = `ir.nodes[${at}]`;
    verifyEntity(node, [], path);
    verifyAscending(node.implements.map((ref) => ref.type_name), `${path}.implements`);
    for (const ref of node.implements) verifyTypeRef(ref, ir.interfaces, `${path}.implements`);
  }
  for (const [at, edge] of ir.edges.entries()) {
    const path = `ir.edges[${at}]`;
    verifyEntity(edge, ["src", "dst"], path);
    verifyTypeRef(edge.from_type, ir.nodes, `${path}.from_type`);
    verifyTypeRef(edge.to_type, ir.nodes, `${path}.to_type`);
  }
}

/** One counter numbers everything: all ids differ and lie below `next_identity_id`. */
function verifyIdentities(ir: Ir): void {
  const entities = [...ir.nodes, ...ir.edges];
  const ids = [...ir.interfaces, ...entities].flatMap((type) => [
    type.type_id,
    ...type.properties.map((property) => property.property_id),
  ]).concat(entities.map((type) => type.table_incarnation_id));
  if (new Set(ids).size !== ids.length) brokenContract("ir", "gives one identity twice");
  for (const id of ids) {
    if (id < 1 || id >= ir.next_identity_id) {
      brokenContract("ir.next_identity_id", `does not cover identity ${id}`);
    }
  }
}

/** Texts are distinct and sorted by code unit. */
function verifyAscending(texts: readonly string[], path: string): void {
  for (const [at, text] of texts.entries()) {
    if (at > 0 && text <= (texts[at - 1] ?? "")) brokenContract(path, "is not in order");
  }
}

function verifyProperties(ir: Ir, type: IrInterface, path: string): void {
  verifyAscending(type.properties.map((property) => property.name), `${path}.properties`);
  for (const [at, property] of type.properties.entries()) {
    const place = `${path}.properties[${at}]`;
    verifyAscending(property.prop_type.enum_values ?? [], `${place}.prop_type.enum_values`);
    verifyAnnotationOrder(property.annotations, `${place}.annotations`);
    if (property.embed_source !== null) {
      verifyOwnRef(type, property.embed_source.source, `${place}.embed_source`);
    }
    verifySatisfies(ir, type, property, `${place}.satisfies_interface_properties`);
  }
}

/** A property satisfies properties of the same name and type in interfaces that its node implements. */
function verifySatisfies(ir: Ir, type: IrInterface, property: IrProperty, path: string): void {
  const refs = property.satisfies_interface_properties;
  verifyAscending(refs.map((ref) => ref.owner_type_name), path);
  for (const ref of refs) {
    const owner = ir.interfaces.find((one) => one.type_id === ref.owner_type_id);
    const node = ir.nodes.find((one) => one.type_id === type.type_id);
    const implemented = node?.implements.some((one) => one.type_id === ref.owner_type_id);
    if (owner === undefined || !implemented || ref.property_name !== property.name) {
      brokenContract(
        path,
        `refers to '${ref.owner_type_name}.${ref.property_name}', which it cannot satisfy`,
      );
    }
    verifyOwnRef(owner, ref, path);
  }
}

function verifyEntity(type: IrNode | IrEdge, system: readonly string[], path: string): void {
  verifyAnnotationOrder(type.annotations, `${path}.annotations`);
  verifyAscending(
    type.constraints.map((one) => constraintOrder(checkedConstraint(one))),
    `${path}.constraints`,
  );
  for (const [at, constraint] of type.constraints.entries()) {
    const place = `${path}.constraints[${at}]`;
    const columns = "fields" in constraint ? constraint.fields : [constraint.field];
    if (columns.length === 0) brokenContract(place, "names no column");
    verifyAscending(columns.map(columnName), place);
    for (const column of columns) verifyColumn(type, column, system, place);
    if (constraint.kind === "check" && compilePattern(constraint.pattern).kind === "invalid") {
      brokenContract(place, "holds an invalid pattern");
    }
  }
}

function verifyColumn(type: IrInterface, ref: IrColumnRef, system: readonly string[], path: string): void {
  if (!("system" in ref)) verifyOwnRef(type, ref, path);
  else if (!system.includes(ref.system)) brokenContract(path, `refers to column '${ref.system}'`);
}

/** A reference names a property of exactly this type, with equal ids and names. */
function verifyOwnRef(type: IrInterface, ref: IrPropertyRef, path: string): void {
  const property = type.properties.find((one) => one.property_id === ref.property_id);
  const isOwn = ref.owner_type_id === type.type_id && ref.owner_type_name === type.name;
  if (!isOwn || property?.name !== ref.property_name) {
    brokenContract(path, `refers to '${ref.owner_type_name}.${ref.property_name}', which does not exist`);
  }
}

function verifyTypeRef(ref: IrTypeRef, types: readonly IrInterface[], path: string): void {
  const type = types.find((one) => one.type_id === ref.type_id);
  if (type?.name !== ref.type_name) {
    brokenContract(path, `refers to '${ref.type_name}', which does not exist`);
  }
}

function verifyAnnotationOrder(annotations: readonly Annotation[], path: string): void {
  const ordered = byAnnotationOrder(annotations);
  if (annotations.some((one, at) => one !== ordered[at])) brokenContract(path, "is not in order");
}
