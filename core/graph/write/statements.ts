/** What statements are about: their types, the columns of their predicates, the head rows these match. */
import { must, unreachable } from "../../base/assert.ts";
import type { MutationPredicate, Statement, TypedMutation } from "../../query/typed.ts";
import type { AnyType, NodeType } from "../../schema/catalog.ts";
import { deriveId } from "../../schema/keys.ts";
import { columnNames, columnType } from "../../storage/columns.ts";
import type { GraphView, TableNeed } from "../read/view.ts";
import { headRows, headTable } from "./after_image.ts";
import { type CellTest, cellTest, type ValueSource } from "./cell_values.ts";
import { incidentEdges } from "./constraints.ts";

/** The type a statement is about. */
export function statementType(view: GraphView, statement: Statement): AnyType {
  const kind = statement.kind === "update" ? "node" : statement.target;
  return must(view.catalog.byKey.get(`${kind}:${statement.typeName}`), "a typed mutation names known types");
}

/** The column a predicate is about. */
export function predicateColumn(type: AnyType, where: MutationPredicate): string {
  if (type.kind === "node") return where.property;
  return where.property === "from" ? "src" : where.property === "to" ? "dst" : where.property;
}

/** The only key property that `where` pins to one value, so that the id answers it; null when there is none. */
export function keyLookup(type: AnyType, where: MutationPredicate): NodeType | null {
  if (type.kind !== "node" || where.op !== "=" || type.keyProperties === null) return null;
  return type.keyProperties.length === 1 && type.keyProperties[0] === where.property ? type : null;
}

/** What the statements will ask of the head; nothing of tables that are empty there. */
export function statementNeeds(view: GraphView, query: TypedMutation): TableNeed[] {
  const needs: TableNeed[] = [];
  for (const statement of query.statements) {
    const type = statementType(view, statement);
    if (headRows(view, type.key) === 0) continue;
    switch (statement.kind) {
      case "insert":
        if (type.kind === "node" && type.keyProperties !== null) needs.push({ table: type.key, columns: [] });
        break;
      case "update":
        needs.push({ table: type.key, columns: columnNames(type).slice(1) });
        break;
      case "delete":
        needs.push(...deleteNeeds(view, type, statement.where));
        break;
      default:
        unreachable(statement);
    }
  }
  return needs;
}

function deleteNeeds(view: GraphView, type: AnyType, where: MutationPredicate): TableNeed[] {
  const column = predicateColumn(type, where);
  if (type.kind === "edge") {
    const adjacency = where.op === "=" && (column === "src" || column === "dst");
    return [adjacency ? { table: type.key, columns: [], adjacency } : { table: type.key, columns: [column] }];
  }
  const own = { table: type.key, columns: keyLookup(type, where) === null ? [column] : [] };
  const edges = incidentEdges(view.catalog, type.name).filter((edge) => headRows(view, edge.key) > 0);
  return [own, ...edges.map((edge) => ({ table: edge.key, columns: [], adjacency: true }))];
}

/** The test that a predicate makes; null when a null operand keeps it from ever matching. */
export function predicateTest(type: AnyType, where: MutationPredicate, source: ValueSource): CellTest | null {
  const column = predicateColumn(type, where);
  return cellTest(column, columnType(type, column), where, source);
}

/** Rows of the head that satisfy a test, without a scan where an index answers. */
export function matchingRows(
  view: GraphView,
  type: AnyType,
  where: MutationPredicate,
  test: CellTest,
): number[] {
  if (headRows(view, type.key) === 0) return [];
  const head = headTable(view, type);
  if (test.op !== "=") return scan(head.liveRows(), (row) => test.accepts(head.cell(row, test.column)));
  const { exact, column } = test;
  if (exact === null) return [];
  const keyed = keyLookup(type, where);
  if (keyed !== null) {
    const row = head.find(deriveId(keyed, () => exact));
    return row === -1 ? [] : [row];
  }
  if (type.kind === "edge" && (column === "src" || column === "dst")) {
    const edges = view.edge(type.name);
    return [...(column === "src" ? edges.rowsFrom(exact as string) : edges.rowsTo(exact as string))];
  }
  return [...head.lookup([column], [exact])];
}

function scan(rows: Int32Array, accepts: (row: number) => boolean): number[] {
  const matching: number[] = [];
  for (const row of rows) if (accepts(row)) matching.push(row);
  return matching;
}
