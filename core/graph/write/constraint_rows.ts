/**
 * Which rows of the head a check of constraints asks for, so that they can be looked up when their tables are not in
 * memory. Pure.
 *
 *   a changed edge                 its ends: nodes by id
 *   … of a type with `@card`       all edges from the sources it has and had: edges by source; these sources: nodes by id
 *   a deleted node                 the edges it had: edges by source and by target
 *   an upsert under `@unique`      any row: there the whole table is needed ({@linkcode looksUpValues})
 */
import type { Catalog, EdgeType, TypeKey } from "../../schema/catalog.ts";
import { idColumn } from "../../storage/columns.ts";
import type { ChangeSet, TableChange } from "./change_set.ts";
import { incidentEdges } from "./constraints.ts";
import { hasCardinality } from "./edge_constraints.ts";
import { uniqueGroups } from "./unique_constraints.ts";

/** Rows of one table, by what they are found by. */
export interface RowsAsked {
  readonly id: Set<string>;
  readonly src: Set<string>;
  readonly dst: Set<string>;
}

/** Whether a table is searched for values when such a change of it is checked. */
export function looksUpValues(catalog: Catalog, key: TypeKey, change: TableChange | undefined): boolean {
  return change !== undefined && change.upserts !== null && !change.replaceAll &&
    uniqueGroups(catalog.byKey.get(key)!).length > 0;
}

/** The rows asked for, by type key. `sourceAtHead` tells the source of an edge that the changes replace or remove. */
export function constraintRows(
  catalog: Catalog,
  changes: ChangeSet,
  sourceAtHead: (type: EdgeType, id: string) => string,
): Map<TypeKey, RowsAsked> {
  const asked = new Map<TypeKey, RowsAsked>();
  const rowsOf = (key: TypeKey): RowsAsked => {
    let rows = asked.get(key);
    if (rows === undefined) asked.set(key, rows = { id: new Set(), src: new Set(), dst: new Set() });
    return rows;
  };
  for (const [key, change] of changes) {
    const type = catalog.byKey.get(key)!;
    if (type.kind === "edge") {
      askEnds(rowsOf(`node:${type.from}`).id, change, "src");
      askEnds(rowsOf(`node:${type.to}`).id, change, "dst");
      if (hasCardinality(type)) {
        const sources = new Set<string>();
        askEnds(sources, change, "src");
        for (const id of touchedIds(change)) sources.add(sourceAtHead(type, id));
        for (const id of touchedIds(change)) rowsOf(key).id.add(id);
        for (const source of sources) {
          rowsOf(key).src.add(source);
          rowsOf(`node:${type.from}`).id.add(source);
        }
      }
    } else if (change.deletes.length > 0) {
      for (const edge of incidentEdges(catalog, type.name)) {
        if (edge.from === type.name) { for (const id of change.deletes) rowsOf(edge.key).src.add(id); }
        if (edge.to === type.name) { for (const id of change.deletes) rowsOf(edge.key).dst.add(id); }
      }
    }
  }
  return asked;
}

function askEnds(into: Set<string>, { upserts }: TableChange, end: "src" | "dst"): void {
  if (upserts === null) return;
  const column = idColumn(upserts, end);
  for (let row = 0; row < upserts.length; row++) into.add(column.text(row));
}

/** Ids of the head that are replaced or removed. */
function touchedIds({ upserts, existing, deletes }: TableChange): string[] {
  const ids = [...deletes];
  if (upserts === null) return ids;
  const column = idColumn(upserts, "id");
  for (let row = 0; row < upserts.length; row++) if (existing[row] === 1) ids.push(column.text(row));
  return ids;
}
