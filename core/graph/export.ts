/**
 * A whole commit as NDJSON, piece by piece: types by type key (edges first), entities by id bytewise, each line as
 * `read/entity_lines.ts` writes it. Equal content gives equal bytes.
 *
 * The commit is said under its own schema, so that nothing it held is left out, whatever happened to the schema since.
 * Lines are made when somebody takes them: what exists as text at any time is about one piece and the longest line.
 */
import { assert } from "../base/assert.ts";
import { EXPORT_CHUNK_BYTES_MAX } from "../base/limits.ts";
import { didYouMean } from "../base/suggest.ts";
import { AppError } from "../errors.ts";
import type { AnyType, Catalog } from "../schema/catalog.ts";
import { columnNames } from "../storage/columns.ts";
import type { ExportOutput, ReadTarget } from "./graph.ts";
import type { GraphContext } from "./graph_context.ts";
import { reclaimed } from "./purged_tables.ts";
import { EntityLines } from "./read/entity_lines.ts";
import { MemoryGraphView } from "./read/graph_view.ts";
import { JsonBytes } from "./read/json_bytes.ts";
import { sortByText } from "./read/text_order.ts";
import type { GraphView } from "./read/view.ts";

/** Pieces of an export. Whoever stops taking them gives up: call `return`, or leave the `for await`. */
export type ExportChunks = AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;

/** Opens an export of the commit that a target names. Throws what {@linkcode exportedTypes} and finding it throw. */
export async function openExport(
  graph: GraphContext,
  request: ReadTarget & { readonly types?: readonly string[] },
): Promise<ExportOutput> {
  const state = await graph.stateOf(request);
  const types = exportedTypes(state.catalog, request.types);
  for (const { key, kind, name } of types) {
    if (state.tables.get(key)?.isReclaimed !== true) continue;
    throw reclaimed(`${kind} type '${name}' of commit '${state.commit.id}'`);
  }
  const { cache } = graph.parts;
  return { graph_commit_id: state.commit.id, chunks: exportChunks(() => cache.view(state), types) };
}

/**
 * The types to export, by type key: all, or those with one of these names, node and edge types alike.
 *
 * @throws AppError `invalid_input` for a name that no type has.
 */
export function exportedTypes(catalog: Catalog, names: readonly string[] = []): AnyType[] {
  for (const name of names) {
    if (catalog.nodes.has(name) || catalog.edges.has(name)) continue;
    const hint = didYouMean(name, [...catalog.nodes.keys(), ...catalog.edges.keys()]);
    throw new AppError(
      "invalid_input",
      `unknown export type '${name}'${hint === undefined ? "" : `: ${hint}`}`,
    );
  }
  const types = [...catalog.byKey.values()].sort((a, b) => a.key < b.key ? -1 : 1);
  return names.length === 0 ? types : types.filter(({ name }) => names.includes(name));
}

/**
 * The lines of all entities of these types, in pieces of at most 64 KiB. `view` gives the view of the commit; it is asked
 * for each table anew, so that tables that are done can leave the memory. Throws what reading tables throws.
 */
export async function* exportChunks(view: () => GraphView, types: readonly AnyType[]): ExportChunks {
  const json = new JsonBytes("entity");
  for (const type of types) {
    const opened = view();
    assert(opened instanceof MemoryGraphView, "exports run over views of the table cache");
    await opened.prepare([{ table: type.key, columns: columnNames(type).filter((name) => name !== "id") }]);
    const table = opened.table(type.key);
    const lines = new EntityLines(table);
    for (const row of sortByText(table.column("id"), table.liveRows().slice() as Int32Array<ArrayBuffer>)) {
      lines.write(json, row);
      if (json.length >= EXPORT_CHUNK_BYTES_MAX) yield* json.pieces(EXPORT_CHUNK_BYTES_MAX);
    }
  }
  if (json.length > 0) yield json.rest();
}
