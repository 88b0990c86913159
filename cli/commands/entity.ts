/** `omnigraph entity`. */
import { jsonText } from "../../core/base/lossless_json.ts";
import { AppError } from "../../core/errors.ts";
import type { EntityOutput } from "../../core/graph/graph.ts";
import type { Context } from "../context.ts";
import { readTarget } from "../read_target.ts";
import { withGraph } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Shows one node or edge. */
export async function runEntity(context: Context): Promise<number> {
  const { positionals, switches } = context.args;
  const [entity, type, id] = positionals as [string, string, string];
  const request = { kind: entityKind(entity), type, id, ...readTarget(context) };
  const result = await withGraph(context, {}, (graph) => graph.entity(request));
  context.output.out(switches.has("json") ? prettyOutput(result) : entityLines(result));
  return 0;
}

function entityKind(word: string): "node" | "edge" {
  if (word === "node" || word === "edge") return word;
  throw new AppError("usage", `ENTITY is \`${word}\`: use one of node, edge`);
}

function entityLines(result: EntityOutput): string {
  const { kind, type, id, graph_commit_id, endpoints, properties } = result;
  const lines = Object.entries({ kind, type, id, ...endpoints, graph_commit_id });
  const values = Object.entries(properties).map(([name, value]) =>
    `  ${name}: ${typeof value === "string" ? value : jsonText(value)}`
  );
  return [...lines.map(([name, value]) => `${name}: ${value}`), "properties:", ...values]
    .map((line) => line.replaceAll("\n", "\\n") + "\n").join("");
}
