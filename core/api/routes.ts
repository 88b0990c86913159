/**
 * The routes of the HTTP API: one table. `{graph}` stands for `/graphs/{graph_id}`.
 */

/** HTTP methods in use. */
export type Method = "GET" | "POST" | "DELETE";

/** One route. */
export interface Route {
  readonly method: Method;
  /** Path with `{name}` segments. */
  readonly path: string;
  /** Tag of the documentation. */
  readonly group: string;
  /** Path, relative to this one, of the route that replaces it. */
  readonly successor?: string;
}

const GRAPH = "/graphs/{graph_id}";

/** Every route by operation id (without the prefix `cluster_` that the document adds to graph routes). */
export const ROUTES = {
  health: { method: "GET", path: "/healthz", group: "health" },
  listGraphs: { method: "GET", path: "/graphs", group: "management" },
  getSnapshot: { method: "GET", path: `${GRAPH}/snapshot`, group: "snapshots" },
  getEntity: { method: "GET", path: `${GRAPH}/entity`, group: "snapshots" },
  getSchema: { method: "GET", path: `${GRAPH}/schema`, group: "schema" },
  applySchema: { method: "POST", path: `${GRAPH}/schema/apply`, group: "schema" },
  query: { method: "POST", path: `${GRAPH}/query`, group: "queries" },
  read: { method: "POST", path: `${GRAPH}/read`, group: "queries", successor: "query" },
  export: { method: "POST", path: `${GRAPH}/export`, group: "queries" },
  list_queries: { method: "GET", path: `${GRAPH}/queries`, group: "queries" },
  invoke_query: { method: "POST", path: `${GRAPH}/queries/{name}`, group: "queries" },
  invoke_query_if_graph_commit: {
    method: "POST",
    path: `${GRAPH}/queries/{name}/if-graph-commit`,
    group: "queries",
  },
  mutate: { method: "POST", path: `${GRAPH}/mutate`, group: "mutations" },
  mutate_if_graph_commit: { method: "POST", path: `${GRAPH}/mutate/if-graph-commit`, group: "mutations" },
  change: { method: "POST", path: `${GRAPH}/change`, group: "mutations", successor: "mutate" },
  load: { method: "POST", path: `${GRAPH}/load`, group: "mutations" },
  loadNdjson: { method: "POST", path: `${GRAPH}/load/ndjson`, group: "mutations" },
  ingest: { method: "POST", path: `${GRAPH}/ingest`, group: "mutations", successor: "load" },
  listBranches: { method: "GET", path: `${GRAPH}/branches`, group: "branches" },
  createBranch: { method: "POST", path: `${GRAPH}/branches`, group: "branches" },
  deleteBranch: { method: "DELETE", path: `${GRAPH}/branches/{branch}`, group: "branches" },
  mergeBranches: { method: "POST", path: `${GRAPH}/branches/merge`, group: "branches" },
  listCommits: { method: "GET", path: `${GRAPH}/commits`, group: "commits" },
  getCommit: { method: "GET", path: `${GRAPH}/commits/{commit_id}`, group: "commits" },
  revertCommit: { method: "POST", path: `${GRAPH}/commits/{commit_id}/revert`, group: "commits" },
  getCommitChanges: { method: "GET", path: `${GRAPH}/commits/{commit_id}/changes`, group: "changes" },
  getDiff: { method: "GET", path: `${GRAPH}/diff`, group: "changes" },
  pollChanges: { method: "GET", path: `${GRAPH}/changes`, group: "changes" },
  captureChangeBaseline: { method: "POST", path: `${GRAPH}/changes/baseline`, group: "changes" },
} as const satisfies Record<string, Route>;

/** Operation id of a route. */
export type OperationId = keyof typeof ROUTES;

/** The request header that carries the condition of a conditional write. */
export const CONDITION_HEADER = "Omnigraph-If-Graph-Commit";
