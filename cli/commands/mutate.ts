/** `omnigraph mutate`. */
import { AppError } from "../../core/errors.ts";
import type { ChangeOutput } from "../../core/graph/graph.ts";
import type { Context } from "../context.ts";
import { askedQuery } from "../source.ts";
import { withGraph, withStoredQueries, writeActor } from "../target.ts";
import { prettyOutput } from "../views/json.ts";

/** Runs a mutation, ad hoc or stored, and prints what it changed. A lost `--if-commit` exits 4. */
export async function runMutate(context: Context): Promise<number> {
  const { values, switches } = context.args;
  const asked = askedQuery(context);
  const actor = await writeActor(context);
  const branch = values.get("branch");
  const ifCommit = readCondition(values.get("if-commit"));
  const options = {
    ...(branch === undefined ? {} : { branch }),
    ...(ifCommit === undefined ? {} : { ifCommit }),
  };
  try {
    const result = await withGraph(
      context,
      {},
      (graph) =>
        asked.kind === "source"
          ? graph.mutate({ ...asked.request, ...options, actor })
          : withStoredQueries(graph, asked.name).invokeMutation(asked.name, {
            params: asked.params,
            ...options,
          }),
    );
    context.output.out(switches.has("json") ? prettyOutput(result) : changedText(result));
    return 0;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "precondition_failed" || !switches.has("json")) {
      throw error;
    }
    context.output.out(prettyOutput({ error: error.message, ...error.detail }));
    return error.facts.exit;
  }
}

/** One raw commit id; forms of HTTP conditions, which mean something else there, are refused embedded and served alike. */
function readCondition(value: string | undefined): string | undefined {
  const id = value?.trim();
  if (id === "" || (id !== undefined && /^\*$|[",\s]|^W\//.test(id))) {
    throw new AppError("usage", `flag \`--if-commit\` is \`${id}\`: it takes exactly one commit id`);
  }
  return id;
}

function changedText(result: ChangeOutput): string {
  const line =
    `changed ${result.branch} via ${result.query_name}: ${result.affected_nodes} nodes, ${result.affected_edges} edges\n`;
  return result.actor_id === null ? line : `${line}actor_id: ${result.actor_id}\n`;
}
