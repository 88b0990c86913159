/** `__manifest/format.json`: {format, graph_id, created_at}, created once by init; the format number of a graph's storage. */
import { prettyJson } from "../base/json.ts";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";

/** Number of the storage format this release reads and writes: the `internal_schema_version` of the outside. */
export const STORAGE_FORMAT = 1;

const KEY = "__manifest/format.json";

/** The claim of a root by one graph. */
export interface GraphFormat {
  /** ULID, the identity of the graph. */
  readonly graphId: string;
}

/** Claims a root, or returns the claim that stands there already. */
export async function claimRoot(store: ObjectStore, graphId: string, nowMs: number): Promise<GraphFormat> {
  const claim = { format: STORAGE_FORMAT, graph_id: graphId, created_at: new Date(nowMs).toISOString() };
  if (await store.putIfAbsent(KEY, new TextEncoder().encode(prettyJson(claim))) !== null) return { graphId };
  const found = await readFormat(store);
  if (found === null) {
    throw new AppError("storage_error", `\`${KEY}\` was taken and is missing now: check the storage`);
  }
  return found;
}

/**
 * The claim of a root, or null when there is none.
 *
 * @throws AppError `unsupported` for another format, `integrity_error` when the object is damaged.
 */
export async function readFormat(store: ObjectStore): Promise<GraphFormat | null> {
  const found = await store.get(KEY);
  if (found === null) return null;
  let value: Record<string, unknown> | null = null;
  try {
    value = JSON.parse(new TextDecoder().decode(found.bytes)) as Record<string, unknown>;
  } catch {
    // Judged below.
  }
  const format = value?.format;
  const graphId = value?.graph_id;
  if (!Number.isSafeInteger(format) || typeof graphId !== "string") {
    throw new AppError("integrity_error", `\`${KEY}\` is damaged: restore it from a copy`);
  }
  if (format === STORAGE_FORMAT) return { graphId };
  const remedy = (format as number) < STORAGE_FORMAT
    ? "export with the old release, re-import with this one"
    : "upgrade omnigraph";
  throw new AppError(
    "unsupported",
    `the graph has storage format ${format}, this release reads ${STORAGE_FORMAT}: ${remedy}`,
  );
}
