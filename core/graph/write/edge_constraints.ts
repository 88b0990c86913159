/** Endpoints and cardinality of one edge type after a write. */
import { must } from "../../base/assert.ts";
import type { EdgeType } from "../../schema/catalog.ts";
import { idColumn, type Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import type { EdgeTableView } from "../read/view.ts";
import type { AfterImage, TableAfter } from "./after_image.ts";
import type { PlaceOf, Violation } from "./violation.ts";

/**
 * Edges that lack an endpoint after the write: changed edges whose source or target does not exist, then kept edges
 * whose node the write removes.
 */
export function* endpointViolations(
  after: AfterImage,
  type: EdgeType,
  place: PlaceOf,
): Generator<Violation, void, undefined> {
  const edges = after.table(type.key);
  yield* changedEdges(after, edges, type, place);
  if (edges.change?.replaceAll === true) return;
  for (const side of ["src", "dst"] as const) {
    const nodes = after.table(`node:${side === "src" ? type.from : type.to}`);
    const removed = nodes.change?.deletes ?? [];
    const head = removed.length === 0 ? null : after.headEdges(type.name);
    if (head === null) continue;
    for (const nodeId of removed) {
      for (const row of side === "src" ? head.rowsFrom(nodeId) : head.rowsTo(nodeId)) {
        const edgeId = head.idOf(row);
        if (edges.keeps(edgeId)) {
          yield orphan(type, side, nodeId, edgeId, ": the kept edge would lose its node");
        }
      }
    }
  }
}

function* changedEdges(
  after: AfterImage,
  edges: TableAfter,
  type: EdgeType,
  place: PlaceOf,
): Generator<Violation, void, undefined> {
  const rows = edges.change?.upserts ?? null;
  if (rows === null) return;
  const ids = idColumn(rows, "id");
  const missing = (side: "src" | "dst", nodeType: string) =>
    after.table(`node:${nodeType}`).missing(idColumn(rows, side)).map((row) => ({ row, side }));
  const faults = [...missing("src", type.from), ...missing("dst", type.to)];
  faults.sort((a, b) => a.row - b.row); // stable: src before dst
  for (const { row, side } of faults) {
    const nodeId = idColumn(rows, side).text(row);
    yield orphan(type, side, nodeId, ids.text(row), place(type.key, row));
  }
}

function orphan(
  type: EdgeType,
  side: "src" | "dst",
  nodeId: string,
  entityId: string,
  rest: string,
): Violation {
  const nodeType = side === "src" ? type.from : type.to;
  const message = `${side} '${nodeId}' not found in ${nodeType} for edge ${type.name} '${entityId}'${rest}`;
  return { kind: "orphan_edge", typeKey: type.key, entityId, message };
}

/** Whether a type limits the edges per source. */
export function hasCardinality(type: EdgeType): boolean {
  return type.cardinality.min > 0 || type.cardinality.max !== null;
}

/**
 * Sources with too few or too many edges after the write. Only sources are looked at whose edges the write changes:
 * new ones, and those an edge was moved away or deleted from. A source that is gone too is skipped.
 */
export function* cardinalityViolations(
  after: AfterImage,
  type: EdgeType,
): Generator<Violation, void, undefined> {
  const edges = after.table(type.key);
  if (!hasCardinality(type) || edges.change === null) return;
  const nodes = after.table(`node:${type.from}`);
  const head = after.headEdges(type.name);
  const { min, max } = type.cardinality;
  for (const { source, count } of touchedSources(edges, head)) {
    if (count >= min && (max === null || count <= max)) continue;
    const id = source();
    if (!nodes.exists(id)) continue;
    const bound = count < min ? `min ${min}` : `max ${max}`;
    const message = `@card violation on edge ${type.name}: source '${id}' has ${count} edges (${bound})`;
    yield { kind: "cardinality_violation", typeKey: type.key, entityId: id, message };
  }
}

/** A source whose edge set changes; its id is decoded only when asked for. */
interface TouchedSource {
  readonly source: () => string;
  /** Its edges of this type after the write. */
  readonly count: number;
}

function* touchedSources(edges: TableAfter, head: EdgeTableView | null): Generator<TouchedSource> {
  const rows = edges.change!.upserts;
  const sources = rows === null ? null : idColumn(rows, "src");
  const groups = sources === null ? null : groupRows(sources);
  const kept = (id: string) => head === null ? 0 : countKept(edges, head, id);
  if (sources !== null && groups !== null) {
    for (let row = 0; row < sources.length; row++) {
      const count = groups.counts[row]!;
      if (count === 0) continue; // not the first row of its source
      const source = () => sources.text(row);
      yield { source, count: head === null ? count : count + kept(source()) };
    }
  }
  if (head === null) return;
  for (const id of formerSources(edges, head)) {
    if (groups === null || groups.index.find(id) === -1) yield { source: () => id, count: kept(id) };
  }
}

/** Rows per distinct text, counted at its first row; zero at the others. */
function groupRows(column: Utf8Column): { index: IdIndex; counts: Int32Array } {
  const counts = new Int32Array(column.length);
  const index = new IdIndex(column, column.length);
  for (let row = 0; row < column.length; row++) {
    const first = index.findRowOf(column, row);
    if (first === -1) index.add(row);
    counts[first === -1 ? row : first]!++;
  }
  return { index, counts };
}

function countKept(edges: TableAfter, head: EdgeTableView, source: string): number {
  if (edges.change!.replaceAll) return 0;
  let count = 0;
  for (const row of head.rowsFrom(source)) if (edges.keeps(head.idOf(row))) count++;
  return count;
}

/** Sources of head edges that the write replaces or removes. */
function formerSources(edges: TableAfter, head: EdgeTableView): Set<string> {
  const sources = new Set<string>();
  const note = (edgeId: string) => {
    const row = head.find(edgeId);
    if (row !== -1) sources.add(must(head.cell(row, "src"), "edges have a source") as string);
  };
  const { upserts, existing, deletes } = edges.change!;
  if (upserts !== null) {
    const ids = idColumn(upserts, "id");
    for (let row = 0; row < ids.length; row++) if (existing[row] === 1) note(ids.text(row));
  }
  for (const edgeId of deletes) note(edgeId);
  return sources;
}
