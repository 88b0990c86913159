/** One entity at one commit, found by its id. */
import { didYouMean } from "../base/suggest.ts";
import { AppError } from "../errors.ts";
import type { AnyType, Catalog } from "../schema/catalog.ts";
import { columnNames } from "../storage/columns.ts";
import { entityJson } from "./entity_json.ts";
import type { EntityOutput, ReadTarget } from "./graph.ts";
import type { GraphContext } from "./graph_context.ts";

/**
 * Reads an entity under the newest schema of main: an earlier commit tells it by the current names of type and
 * properties, with null in properties that were added since.
 *
 * @throws AppError `invalid_input` for a type that the schema does not have, or did not have at the commit;
 * `entity_not_found`.
 */
export async function readEntity(
  graph: GraphContext,
  request: ReadTarget & { readonly kind: "node" | "edge"; readonly type: string; readonly id: string },
): Promise<EntityOutput> {
  const { kind, type: name, id } = request;
  const state = await graph.currentState(request);
  const type = typeNamed(state.catalog, kind, name);
  const view = graph.parts.cache.view(state);
  await view.prepare([{ table: type.key, columns: columnNames(type).filter((column) => column !== "id") }]);
  const table = kind === "node" ? view.node(name) : view.edge(name);
  const row = table.find(id);
  if (row === -1) throw new AppError("entity_not_found", `${kind} '${id}' of type '${name}' not found`);
  return { graph_commit_id: state.commit.id, kind, type: name, id, ...entityJson(type, table, row) };
}

function typeNamed(catalog: Catalog, kind: "node" | "edge", name: string): AnyType {
  const types: ReadonlyMap<string, AnyType> = kind === "node" ? catalog.nodes : catalog.edges;
  const type = types.get(name);
  if (type !== undefined) return type;
  const hint = didYouMean(name, types.keys());
  throw new AppError(
    "invalid_input",
    `unknown ${kind} type '${name}'${hint === undefined ? "" : `: ${hint}`}`,
  );
}
