/**
 * Constraints: the one code path that load, mutation and merge run over their changes before anything is published.
 *
 * Order: values by type key; node types by name with `@key`, then `@unique` groups as declared; edge types by name with
 * `@unique`, endpoints, cardinality. Violations come lazily: load and mutation refuse with the first, a merge takes all.
 */
import { AppError } from "../../errors.ts";
import type { Catalog, EdgeType, TypeKey } from "../../schema/catalog.ts";
import type { GraphView, TableNeed } from "../read/view.ts";
import { AfterImage, headRows } from "./after_image.ts";
import type { ChangeSet } from "./change_set.ts";
import { cardinalityViolations, endpointViolations, hasCardinality } from "./edge_constraints.ts";
import { keyViolation, uniqueGroups, uniqueViolations } from "./unique_constraints.ts";
import { valueViolations } from "./value_constraints.ts";
import type { PlaceOf, Violation } from "./violation.ts";

/** What is checked. */
export interface ConstraintInput {
  /** The head, with {@linkcode constraintNeeds} prepared. */
  readonly view: GraphView;
  readonly changes: ChangeSet;
  /** Per keyed node type: the upserted row of the first key that a load gave twice. */
  readonly keyClashes?: ReadonlyMap<TypeKey, number>;
  readonly place?: PlaceOf;
}

/** What {@linkcode violations} will ask of the head; nothing of tables that are empty there. */
export function constraintNeeds(view: GraphView, changes: ChangeSet): TableNeed[] {
  const needs: TableNeed[] = [];
  const need = (table: TypeKey, columns: readonly string[], adjacency = false) => {
    if (headRows(view, table) > 0) needs.push(adjacency ? { table, columns, adjacency } : { table, columns });
  };
  for (const [key, change] of changes) {
    const type = view.catalog.byKey.get(key)!;
    const groups = uniqueGroups(type);
    if (groups.length > 0 && change.upserts !== null && !change.replaceAll) {
      need(key, [...new Set(groups.flat())]);
    }
    if (type.kind === "node") {
      if (change.deletes.length === 0) continue;
      for (const edge of incidentEdges(view.catalog, type.name)) {
        if (changes.get(edge.key)?.replaceAll !== true) need(edge.key, [], true);
      }
    } else {
      if (change.upserts !== null || hasCardinality(type)) {
        need(`node:${type.from}`, []);
        need(`node:${type.to}`, []);
      }
      if (hasCardinality(type)) need(key, ["src"], true);
    }
  }
  return needs;
}

/** Edge types that can have a node of this type as an endpoint, by name. */
export function incidentEdges(catalog: Catalog, nodeType: string): EdgeType[] {
  return [...catalog.edges.values()].filter((type) => type.from === nodeType || type.to === nodeType);
}

/** All violations of a write, in order. */
export function* violations(input: ConstraintInput): Generator<Violation, void, undefined> {
  const { view, changes, keyClashes, place = () => "" } = input;
  const { catalog } = view;
  const after = new AfterImage(view, changes);
  for (const key of [...changes.keys()].sort()) {
    const upserts = changes.get(key)!.upserts;
    if (upserts !== null) yield* valueViolations(catalog.byKey.get(key)!, upserts, place);
  }
  for (const type of catalog.nodes.values()) {
    if (!changes.has(type.key)) continue;
    const table = after.table(type.key);
    const clash = keyClashes?.get(type.key);
    if (clash !== undefined) yield keyViolation(table, clash, place(type.key, clash));
    for (const columns of uniqueGroups(type)) yield* uniqueViolations(table, columns, place);
  }
  for (const type of catalog.edges.values()) {
    const nodesChange = changes.has(`node:${type.from}`) || changes.has(`node:${type.to}`);
    if (!changes.has(type.key) && !nodesChange) continue;
    for (const columns of uniqueGroups(type)) yield* uniqueViolations(after.table(type.key), columns, place);
    yield* endpointViolations(after, type, place);
    yield* cardinalityViolations(after, type);
  }
}

/** Throws the first violation, if any, as AppError `constraint_violation`. */
export function refuseViolations(input: ConstraintInput): void {
  const first = violations(input).next();
  if (first.done !== true) throw new AppError("constraint_violation", first.value.message);
}
