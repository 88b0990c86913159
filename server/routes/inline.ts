/** Inline reads and writes: the query comes with the request. */
import {
  type InlineChange,
  type InlineRead,
  parseChangeRequest,
  parseQueryRequest,
  parseReadRequest,
} from "../../core/api/requests.ts";
import { changeText, readText } from "../../core/api/wire.ts";
import { jsonText } from "../../core/base/lossless_json.ts";
import { AppError } from "../../core/errors.ts";
import { onCurrentSchema } from "../../core/graph/current_schema.ts";
import type { TypedQuery } from "../../core/query/typed.ts";
import { type Call, jsonResponse } from "../call.ts";

/** `POST query`. */
export async function query(call: Call): Promise<Response> {
  return await runInlineRead(call, parseQueryRequest(await call.jsonBody()), true);
}

/** `POST read`, deprecated: other member names, no commit in the answer. */
export async function read(call: Call): Promise<Response> {
  return await runInlineRead(call, parseReadRequest(await call.jsonBody()), false);
}

/** `POST mutate` and the deprecated `POST change`. */
export async function mutate(call: Call): Promise<Response> {
  call.refuseCondition("mutate");
  return await runInlineChange(call, undefined);
}

/** `POST mutate/if-graph-commit`. */
export async function mutateIfGraphCommit(call: Call): Promise<Response> {
  return await runInlineChange(call, call.condition());
}

async function runInlineRead(call: Call, request: InlineRead, commit: boolean): Promise<Response> {
  const target = await call.authorizeRead(request);
  const { graph } = call.served;
  const output = await onCurrentSchema(graph, async () => {
    const typed = compileInline(call, request);
    if (typed.kind === "mutation") {
      throw new AppError("invalid_input", `query '${typed.name}' is a mutation: send it to POST /mutate`);
    }
    return await graph.runRead(typed, request.params ?? null, target);
  });
  return jsonResponse(readText(output, { commit }));
}

async function runInlineChange(call: Call, ifCommit: string | undefined): Promise<Response> {
  const request = parseChangeRequest(await call.jsonBody());
  const branch = request.branch ?? "main";
  call.authorize({ action: "change", branch });
  const bytes = request.source.length + jsonText(request.params ?? null).length;
  const { graph } = call.served;
  const run = async () => {
    const typed = compileInline(call, request);
    if (typed.kind === "read") {
      throw new AppError("invalid_input", `query '${typed.name}' is a read: send it to POST /query`);
    }
    const options = { branch, actor: call.actor, ...(ifCommit === undefined ? {} : { ifCommit }) };
    return await graph.runMutation(typed, request.params ?? null, options);
  };
  const output = await call.admit(bytes, () => onCurrentSchema(graph, run));
  return jsonResponse(changeText(output));
}

/** Compiles the query of a request. A name that its text does not declare is the request's fault, not a missing page. */
function compileInline(call: Call, { source, name }: Pick<InlineChange, "source" | "name">): TypedQuery {
  try {
    return call.served.graph.compile({ path: "<query>", text: source }, name);
  } catch (error) {
    if (error instanceof AppError && error.code === "query_not_found") {
      throw new AppError("invalid_input", error.message, { cause: error });
    }
    throw error;
  }
}
