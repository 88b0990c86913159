/** What changed: commits, differences, the feed and its baseline. Failures say nothing of the inside. */
import {
  parseBaselineRequest,
  parseCommitChangesParameters,
  parseDiffParameters,
  parsePollParameters,
} from "../../core/api/change_requests.ts";
import { changeError, changeFeedText, commitChangesText, diffText } from "../../core/api/change_wire.ts";
import { type Call, jsonResponse } from "../call.ts";
import { ndjsonResponse } from "../ndjson_response.ts";

/** `GET commits/{commit_id}/changes`. Who may not read the commit's branch learns nothing of the commit. */
export async function getCommitChanges(call: Call, id: string): Promise<Response> {
  return await reading(call, async () => {
    const request = parseCommitChangesParameters(call.search());
    call.authorizeCommit(id, await call.served.graph.branchOfCommit(id));
    return jsonResponse(commitChangesText(await call.served.graph.commitChanges(id, request)));
  });
}

/** `GET diff`. */
export async function getDiff(call: Call): Promise<Response> {
  return await reading(call, async () => {
    const request = parseDiffParameters(call.search());
    for (const text of [request.from, request.to]) {
      const branch = await call.served.graph.branchOfRevision(text);
      if (branch === text) call.authorize({ action: "read", branch });
      else call.authorizeCommit(text, branch);
    }
    return jsonResponse(diffText(await call.served.graph.diff(request)));
  });
}

/** `GET changes`. */
export async function pollChanges(call: Call): Promise<Response> {
  return await reading(call, async () => {
    const request = parsePollParameters(call.search());
    call.authorize({ action: "read", branch: request.branch ?? "main" });
    return jsonResponse(changeFeedText(await call.served.graph.pollChanges(request)));
  });
}

/** `POST changes/baseline`. */
export async function captureChangeBaseline(call: Call): Promise<Response> {
  const text = await call.jsonBody();
  return await reading(call, async () => {
    const request = parseBaselineRequest(text);
    call.authorize({ action: "export", branch: request.branch ?? "main" });
    return await ndjsonResponse(call, await call.served.graph.baseline(request));
  });
}

async function reading(call: Call, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    const shown = changeError(error);
    if (shown.code === "internal") call.log.error("changes were not read", { error: stackOf(error) });
    throw shown;
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
