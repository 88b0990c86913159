/**
 * Stored queries. Whoever may not invoke queries cannot learn which exist: a denied invocation and an unknown name get
 * the same answer.
 */
import { type Invocation, parseInvocation } from "../../core/api/requests.ts";
import { changeText, readText } from "../../core/api/wire.ts";
import { jsonText } from "../../core/base/lossless_json.ts";
import { AppError } from "../../core/errors.ts";
import { onCurrentSchema } from "../../core/graph/current_schema.ts";
import type { TypedMutation, TypedQuery } from "../../core/query/typed.ts";
import { type Call, jsonResponse } from "../call.ts";

/** `GET queries`. */
export function listQueries(call: Call): Response {
  call.authorize({ action: "read", branch: "main" });
  return jsonResponse(call.served.catalogText);
}

/** `POST queries/{name}`. */
export async function invokeQuery(call: Call, name: string): Promise<Response> {
  call.refuseCondition(`queries/${name}`);
  const request = await readInvocation(call);
  const { graph } = call.served;
  return await onCurrentSchema(graph, async () => {
    const typed = lookUp(call, name, request);
    if (typed.kind === "mutation") return await runStoredMutation(call, typed, request, undefined);
    const target = await call.authorizeRead(request);
    logInvocation(call, typed);
    const output = await graph.runRead(typed, request.params ?? null, target);
    return jsonResponse(readText(output, { commit: true }));
  });
}

/** `POST queries/{name}/if-graph-commit`. */
export async function invokeQueryIfGraphCommit(call: Call, name: string): Promise<Response> {
  const ifCommit = call.condition();
  const request = await readInvocation(call);
  return await onCurrentSchema(call.served.graph, async () => {
    const typed = lookUp(call, name, request);
    if (typed.kind === "mutation") return await runStoredMutation(call, typed, request, ifCommit);
    throw new AppError("invalid_input", `'${name}' is a read: only mutations can be conditional`);
  });
}

/** The invocation in a body that may be absent and of any media type. */
async function readInvocation(call: Call): Promise<Invocation> {
  return parseInvocation(await call.textBody());
}

function lookUp(call: Call, name: string, request: Invocation): TypedQuery {
  try {
    call.authorize({ action: "invoke_query" });
  } catch (error) {
    if (error instanceof AppError && error.code === "policy_denied") throw hidden();
    throw error;
  }
  const stored = call.served.queries.get(name);
  if (stored === undefined) throw hidden();
  const typed = stored.typed(call.served.graph.catalog());
  const mutation = typed.kind === "mutation";
  if (request.expect_mutation !== undefined && request.expect_mutation !== mutation) {
    const [kind, verb] = mutation ? ["mutation", "mutate"] : ["read", "query"];
    throw new AppError("invalid_input", `'${name}' is a ${kind} — use omnigraph ${verb} ${name}`);
  }
  const past = request.snapshot !== undefined
    ? "a snapshot"
    : request.as_of !== undefined
    ? "the past"
    : null;
  if (mutation && past !== null) {
    throw new AppError("invalid_input", `'${name}' is a mutation: ${past} cannot be written, give a branch`);
  }
  return typed;
}

async function runStoredMutation(
  call: Call,
  typed: TypedMutation,
  request: Invocation,
  ifCommit: string | undefined,
): Promise<Response> {
  const branch = request.branch ?? "main";
  call.authorize({ action: "change", branch });
  logInvocation(call, typed);
  const params = request.params ?? null;
  const options = { branch, actor: call.actor, ...(ifCommit === undefined ? {} : { ifCommit }) };
  const run = () => call.served.graph.runMutation(typed, params, options);
  return jsonResponse(changeText(await call.admit(jsonText(params).length, run)));
}

function logInvocation(call: Call, typed: TypedQuery): void {
  const { graphId } = call.served;
  call.log.info("stored query invoked", {
    graph: graphId,
    actor: call.actor,
    query: typed.name,
    kind: typed.kind,
  });
}

function hidden(): AppError {
  return new AppError("query_not_found", "stored query not found");
}
