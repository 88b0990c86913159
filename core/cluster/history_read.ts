/** Reads history records back. A record that cannot be read is a finding and hides no other. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { causeText, finding } from "./findings.ts";
import { HISTORY_VERSION, type HistoryChange, historyKey, type HistoryRecord } from "./history.ts";
import { runJobs } from "./parallel.ts";
import { parseObject, StoredJsonError, type StrictObject } from "./strict_json.ts";

const RESULTS = ["applied", "blocked", "deferred", "failed"] as const;
const OUTCOMES = ["converged", "partial", "failed", "unknown"] as const;

/** The records of revisions `newest`, `newest - 1`, …, at most `count`, newest first; each that is not there is a finding. */
export async function readHistory(
  store: Pick<ObjectStore, "get">,
  newest: number,
  count: number,
): Promise<{ readonly records: readonly HistoryRecord[]; readonly diagnostics: readonly Diagnostic[] }> {
  const revisions = Array.from({ length: Math.max(0, Math.min(count, newest)) }, (_, i) => newest - i);
  const read = await runJobs(revisions.map((revision) => () => readRecord(store, revision)));
  return {
    records: read.filter((one) => "revision" in one),
    diagnostics: read.filter((one) => "code" in one),
  };
}

async function readRecord(
  store: Pick<ObjectStore, "get">,
  revision: number,
): Promise<HistoryRecord | Diagnostic> {
  const key = historyKey(revision);
  try {
    const found = await store.get(key);
    if (found === null) return finding("history_read_error", key, `revision ${revision} has no record`);
    return parseRecord(found.bytes);
  } catch (error) {
    return finding("history_read_error", key, `revision ${revision} cannot be read: ${causeText(error)}`);
  }
}

/** One stored record. Throws {@linkcode StoredJsonError}. Members of newer versions are passed over. */
function parseRecord(bytes: Uint8Array): HistoryRecord {
  const file = parseObject(bytes);
  const version = file.raw("version");
  if (version !== HISTORY_VERSION) {
    throw new StoredJsonError(`history version ${JSON.stringify(version) ?? "none"} is not supported`);
  }
  const notes = file.textsOrNull("notes");
  return {
    ...(notes === null ? {} : { notes }),
    revision: file.count("revision"),
    previous: file.countOrNull("previous"),
    operation: file.text("operation"),
    outcome: file.word("outcome", OUTCOMES),
    at: file.textOrNull("at"),
    actor: file.textOrNull("actor"),
    config_digest: file.textOrNull("config_digest"),
    plan_digest: file.textOrNull("plan_digest"),
    provenance: file.raw("provenance") ?? null,
    approvals: file.textsOrNull("approvals") ?? [],
    changes: file.objects("changes").map(readChange),
  };
}

function readChange(object: StrictObject): HistoryChange {
  const message = object.textOrNull("message");
  return {
    address: object.text("address"),
    operation: object.textOrNull("operation"),
    before: object.textOrNull("before"),
    after: object.textOrNull("after"),
    disposition: object.text("disposition"),
    result: object.word("result", RESULTS),
    changed_commit: object.textOrNull("changed_commit"),
    ...(message === null ? {} : { message }),
  };
}
