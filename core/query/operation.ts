/** What a query does, for people and programs that decide about it: its result columns and the types it touches. */
import type { Catalog } from "../schema/catalog.ts";
import { describeType, type KindDescriptor } from "./describe.ts";
import type { Clause, Projection, ProjectionExpr, Statement, TypedQuery, TypedRead } from "./typed.ts";

/** One returned column. */
export interface ResultColumn extends KindDescriptor {
  /** The alias, else the bare property, variable, parameter, `literal`, `now` or function; not the row key. */
  readonly name: string;
  readonly nullable: boolean;
}

/** A node or edge type. */
export interface TypeReference {
  readonly kind: "node" | "edge";
  readonly type_name: string;
}

/** What a query returns, looks at and changes. */
export interface Operation {
  /** Columns in order; empty for mutations. */
  readonly result: readonly ResultColumn[];
  /** Nodes before edges, then by name; the same for `writes`. */
  readonly reads: readonly TypeReference[];
  readonly writes: readonly TypeReference[];
}

/** Describes a query that was checked against this catalog. */
export function describeOperation(catalog: Catalog, query: TypedQuery): Operation {
  if (query.kind === "read") {
    const reads = new TypeSet();
    addVariables(reads, query);
    addTraversals(reads, query.clauses);
    return { result: resultColumns(query.projections), reads: reads.sorted(), writes: [] };
  }
  const reads = new TypeSet();
  const writes = new TypeSet();
  for (const statement of query.statements) addStatement(catalog, statement, reads, writes);
  return { result: [], reads: reads.sorted(), writes: writes.sorted() };
}

function resultColumns(projections: readonly Projection[]): ResultColumn[] {
  return projections.map(({ label, expr, type, nullable }) => {
    const kind: KindDescriptor = isNode(expr, projections) ? { kind: "object" } : describeType(type);
    return { name: label, ...kind, nullable };
  });
}

/** Whether a column holds whole nodes, directly or by alias. */
function isNode(expr: ProjectionExpr, projections: readonly Projection[]): boolean {
  if (expr.kind !== "alias") return expr.kind === "id";
  const target = projections[expr.index];
  return target !== undefined && isNode(target.expr, projections);
}

/** Every variable has a type that is read; both ends of a traversal are variables, `$_` included. */
function addVariables(reads: TypeSet, query: TypedRead): void {
  for (const { kind, typeName } of query.variables) reads.add(kind, typeName);
}

function addTraversals(reads: TypeSet, clauses: readonly Clause[]): void {
  for (const clause of clauses) {
    if (clause.kind === "traverse") reads.add("edge", clause.edge);
    if (clause.kind === "not") addTraversals(reads, clause.clauses);
  }
}

function addStatement(catalog: Catalog, statement: Statement, reads: TypeSet, writes: TypeSet): void {
  const target = statement.kind === "update" ? "node" : statement.target;
  const { typeName } = statement;
  reads.add(target, typeName);
  writes.add(target, typeName);
  if (statement.kind === "insert" && target === "edge") {
    const edge = catalog.edges.get(typeName);
    for (const end of edge === undefined ? [] : [edge.from, edge.to]) reads.add("node", end);
  }
  if (statement.kind !== "delete" || target !== "node") return;
  // Deleting a node deletes the edges at it.
  for (const edge of catalog.edges.values()) {
    if (edge.from !== typeName && edge.to !== typeName) continue;
    reads.add("edge", edge.name);
    writes.add("edge", edge.name);
  }
}

/** A set of types. */
class TypeSet {
  readonly #names = { node: new Set<string>(), edge: new Set<string>() };

  add(kind: TypeReference["kind"], name: string): void {
    this.#names[kind].add(name);
  }

  sorted(): TypeReference[] {
    return (["node", "edge"] as const).flatMap((kind) =>
      [...this.#names[kind]].sort().map((name) => ({ kind, type_name: name }))
    );
  }
}
