/** Whole commits as NDJSON. */
import { parseExportRequest } from "../../core/api/requests.ts";
import type { Call } from "../call.ts";
import { ndjsonResponse } from "../ndjson_response.ts";

/** `POST export`. */
export async function exportGraph(call: Call): Promise<Response> {
  const { type_names: types = [], ...requested } = parseExportRequest(await call.jsonBody());
  const target = await call.authorizeRead(requested, "export");
  return await ndjsonResponse(call, await call.served.graph.export({ ...target, types }));
}
