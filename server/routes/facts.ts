/** What a graph is and what happened to it: snapshot, schema, commits. */
import {
  parseBranchParameter,
  parseEntityParameters,
  parseSchemaApplyRequest,
  parseTargetParameters,
} from "../../core/api/requests.ts";
import { commitsText, commitText, entityText, schemaText, snapshotText } from "../../core/api/wire.ts";
import { AppError } from "../../core/errors.ts";
import { type Call, jsonResponse } from "../call.ts";

/** `GET snapshot`. */
export async function getSnapshot(call: Call): Promise<Response> {
  const target = await call.authorizeRead(parseTargetParameters(call.search()));
  return jsonResponse(snapshotText(await call.served.graph.snapshot(target)));
}

/** `GET entity`. */
export async function getEntity(call: Call): Promise<Response> {
  const { entity: kind, type, id, ...requested } = parseEntityParameters(call.search());
  const target = await call.authorizeRead(requested);
  return jsonResponse(entityText(await call.served.graph.entity({ kind, type, id, ...target })));
}

/** `GET schema`. */
export async function getSchema(call: Call): Promise<Response> {
  call.authorize({ action: "read" });
  return jsonResponse(schemaText((await call.served.graph.schema()).schema_source));
}

/** `POST schema/apply`: refused, but only to those who could migrate a graph that no cluster owns. */
export async function applySchema(call: Call): Promise<Response> {
  parseSchemaApplyRequest(await call.jsonBody());
  call.authorize({ action: "schema_apply", targetBranch: "main" });
  const text = "a served graph is migrated by its cluster: change the configuration and run " +
    "`omnigraph cluster apply`";
  throw new AppError("cluster_managed", text);
}

/** `GET commits`. */
export async function listCommits(call: Call): Promise<Response> {
  const branch = authorizedBranch(call);
  return jsonResponse(commitsText((await call.served.graph.commits(branch)).commits));
}

/** `GET commits/{commit_id}`. */
export async function getCommit(call: Call, id: string): Promise<Response> {
  call.authorize({ action: "read" });
  return jsonResponse(commitText(await call.served.graph.commit(id)));
}

/** The branch of the query parameters, `main` if none, which the actor may read. */
function authorizedBranch(call: Call): string {
  const branch = parseBranchParameter(call.search()) ?? "main";
  call.authorize({ action: "read", branch });
  return branch;
}
