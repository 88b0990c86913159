/**
 * Omnigraph as a library: open a graph in storage, run queries, mutations and loads.
 *
 * @example
 * ```ts
 * import { createGraph, createMemoryStore, openGraph, openTableStore, parseStorageUri } from "./mod.ts";
 * const store = createMemoryStore();
 * await createGraph({ store, schema: { path: "a.pg", text: "node Hive { tag: String @key }" } });
 * const folder = Deno.makeTempDirSync();
 * const graph = await openGraph({ store, tables: openTableStore(parseStorageUri(folder, folder)), uri: "memory" });
 * await graph.mutate({ source: `query add($tag: String) { insert Hive { tag: $tag } }`, params: { tag: "h-1" } });
 * const result = await graph.query({ source: `query all() { match { $h: Hive } return { $h.tag } }` });
 * console.assert(result.rows.toJsonText() === `[{"h.tag":"h-1"}]`);
 * await graph.close();
 * ```
 *
 * @module
 */
export { AppError, type ErrorCode, type ErrorDetail, ERRORS } from "./errors.ts";
export { createGraph, graphExists, openGraph } from "./graph/open.ts";
export type {
  ChangeOutput,
  CommitOutput,
  EntityOutput,
  ExportOutput,
  Graph,
  LoadMode,
  LoadOutput,
  ReadOutput,
  ReadTarget,
  RowSet,
  SnapshotOutput,
} from "./graph/graph.ts";
export type {
  ChangeBlock,
  ChangeCause,
  ChangeFeedOutput,
  ChangeFilter,
  CommitChangesOutput,
  DiffOutput,
  EntityChange,
  PageRequest,
  PollRequest,
} from "./graph/changes/change.ts";
export type { EntityImage, EntityValue } from "./graph/entity_json.ts";
export { openRemoteGraph } from "./api/remote.ts";
export type { ObjectStore } from "./storage/object_store.ts";
export { createMemoryStore } from "./storage/memory_store.ts";
export { openObjectStore, openTableStore } from "./storage/open.ts";
export { parseStorageUri } from "./storage/uri.ts";
export { formatQueries } from "./query/printer.ts";
export { lintFile, type LintReport } from "./query/lint.ts";
export { formatSchema } from "./schema/printer.ts";
export { VERSION } from "./version.ts";
