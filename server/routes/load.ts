/** Loads: one request, one commit. */
import { type LoadRequest, parseLoadParameters, parseLoadRequest } from "../../core/api/requests.ts";
import { loadText } from "../../core/api/wire.ts";
import { LOAD_BODY_BYTES_MAX } from "../../core/base/limits.ts";
import type { LoadOutput } from "../../core/graph/graph.ts";
import { type Call, jsonResponse } from "../call.ts";
import { requireMediaType } from "../middleware/body.ts";

/** `POST load` and the deprecated `POST ingest`: text inside a JSON body, read as old releases read it. */
export async function load(call: Call): Promise<Response> {
  const request = parseLoadRequest(await call.jsonBody(LOAD_BODY_BYTES_MAX));
  await authorizeLoad(call, request);
  const output = await run(call, request, new TextEncoder().encode(request.data), true);
  return jsonResponse(loadText(output, { uri: true }));
}

/** `POST load/ndjson`: the body is the batch, and is not read before the actor may load it. */
export async function loadNdjson(call: Call): Promise<Response> {
  const request = parseLoadParameters(call.search());
  await authorizeLoad(call, request);
  requireMediaType(call.request.headers, "application/x-ndjson");
  const data = await call.body({ limit: LOAD_BODY_BYTES_MAX, resource: "graph_batch_request_bytes" });
  return jsonResponse(loadText(await run(call, request, data, false), { uri: false }));
}

type LoadTarget = Omit<LoadRequest, "data">;

async function authorizeLoad(call: Call, { branch = "main", from }: LoadTarget): Promise<void> {
  if (from !== undefined && await call.served.graph.wouldFork(branch, from)) {
    call.authorize({ action: "branch_create", branch: from, targetBranch: branch });
  }
  call.authorize({ action: "change", branch });
}

function run(call: Call, request: LoadTarget, data: Uint8Array, legacy: boolean): Promise<LoadOutput> {
  const { branch = "main", from, mode = "merge" } = request;
  const { graph } = call.served;
  const fork = from === undefined ? {} : { from };
  return call.admit(
    data.length,
    () => graph.load({ data, legacy, mode, branch, actor: call.actor, ...fork }),
  );
}
