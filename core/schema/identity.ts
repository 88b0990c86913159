/**
 * Stable identities: every type, property and table incarnation of a graph has a number from one counter that starts at
 * 1 and never gives a number twice.
 *
 * What an accepted schema already numbered keeps its number as long as its name, or a rename hint, leads back to it.
 * New numbers are assigned in three passes: types by (interface < node < edge, name), properties by (owner type id,
 * name), table incarnations by type id.
 */
import { must } from "../base/assert.ts";
import type { CheckedSchema, CheckedType } from "./checked.ts";

/** Kinds of types, in the order in which they are numbered. */
export type TypeKind = CheckedType["kind"];

/** The numbers of one schema. Lookups of unknown names are programmer mistakes. */
export interface Identities {
  readonly domain: string;
  /** The number that the next new type, property or incarnation gets. */
  readonly next: number;
  typeId(kind: TypeKind, name: string): number;
  propertyId(kind: TypeKind, owner: string, name: string): number;
  tableId(kind: TypeKind, name: string): number;
}

/** Numbers that an accepted schema assigned before, looked up by the names of the desired schema; undefined is new. */
export interface KnownIdentities {
  readonly next: number;
  typeId(kind: TypeKind, name: string): number | undefined;
  propertyId(kind: TypeKind, owner: string, name: string): number | undefined;
  tableId(kind: TypeKind, name: string): number | undefined;
}

/** Nothing is numbered yet: a new graph. */
export const NOTHING_KNOWN: KnownIdentities = {
  next: 1,
  typeId: () => undefined,
  propertyId: () => undefined,
  tableId: () => undefined,
};

/** Numbers a schema inside its identity domain. */
export function assignIdentities(schema: CheckedSchema, domain: string, known: KnownIdentities): Identities {
  let next = known.next;
  const types = [...schema.interfaces, ...schema.nodes, ...schema.edges];
  const typeIds = new Map<string, number>();
  for (const { kind, name } of types) typeIds.set(typeKey(kind, name), known.typeId(kind, name) ?? next++);
  const typeId = (kind: TypeKind, name: string) =>
    must(typeIds.get(typeKey(kind, name)), `${kind} ${name} is known`);

  const byTypeId = types.toSorted((a, b) => typeId(a.kind, a.name) - typeId(b.kind, b.name));
  const propertyIds = new Map<string, number>();
  for (const { kind, name, properties } of byTypeId) {
    for (const property of properties) {
      const id = known.propertyId(kind, name, property.name) ?? next++;
      propertyIds.set(propertyKey(kind, name, property.name), id);
    }
  }

  const tableIds = new Map<string, number>();
  for (const { kind, name } of byTypeId) {
    if (kind !== "interface") tableIds.set(typeKey(kind, name), known.tableId(kind, name) ?? next++);
  }
  return {
    domain,
    next,
    typeId,
    propertyId: (kind, owner, name) =>
      must(propertyIds.get(propertyKey(kind, owner, name)), `${kind} ${owner}.${name} is known`),
    tableId: (kind, name) => must(tableIds.get(typeKey(kind, name)), `${kind} ${name} has a table`),
  };
}

function typeKey(kind: TypeKind, name: string): string {
  return `${kind}:${name}`;
}

function propertyKey(kind: TypeKind, owner: string, name: string): string {
  return `${kind}:${owner}.${name}`;
}
