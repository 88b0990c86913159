/**
 * The remote graph: the Graph interface over a server's HTTP routes, so that a command gives the same answer on storage
 * and on a server. Bodies are read losslessly: 64-bit integers keep every digit.
 */
import { jsonText, parseJson } from "../base/lossless_json.ts";
import { AppError, type ErrorCode, type ErrorDetail, ERRORS } from "../errors.ts";
import type {
  ChangeOutput,
  CommitOutput,
  Graph,
  LoadOutput,
  QueryRequest,
  ReadOutput,
  ReadTarget,
  RowSet,
  SchemaApplyOutput,
  SnapshotOutput,
} from "../graph/graph.ts";
import type { Cell } from "../schema/value_type.ts";

/** Where a server is and who asks. */
export interface RemoteServer {
  /** Without trailing `/`. */
  readonly baseUrl: string;
  readonly token: string | null;
}

/** A served graph. */
export interface RemoteOptions extends RemoteServer {
  readonly graph: string;
}

/** The Graph interface plus invocation of stored queries, which only servers know. */
export interface RemoteGraph extends Graph {
  invokeRead(name: string, request: { readonly params: unknown } & ReadTarget): Promise<ReadOutput>;
  invokeMutation(
    name: string,
    request: { readonly params: unknown; readonly branch?: string; readonly ifCommit?: string },
  ): Promise<ChangeOutput>;
}

const CONDITION_HEADER = "Omnigraph-If-Graph-Commit";

/** The graphs a server lists, by id. Throws the server's error as `AppError`. */
export async function listGraphs(
  server: RemoteServer,
): Promise<{ readonly graphs: readonly { readonly graph_id: string; readonly uri: string }[] }> {
  return await send(server, "GET", "/graphs") as { graphs: { graph_id: string; uri: string }[] };
}

/** Opens a served graph; nothing is sent until the first call. */
export function openRemoteGraph(options: RemoteOptions): RemoteGraph {
  const base = `/graphs/${encodeURIComponent(options.graph)}`;
  const get = (path: string) => send(options, "GET", base + path);
  const post = (path: string, body: unknown, headers: HeadersInit = {}) =>
    send(options, "POST", base + path, { body: jsonText(body), contentType: "application/json", headers });
  const query = (branch?: string) => branch === undefined ? "" : `?branch=${encodeURIComponent(branch)}`;
  return {
    uri: options.baseUrl + base,
    query: async (request) => readOutput(await post("/query", readBody(request))),
    mutate: async ({ ifCommit, actor: _actor, ...request }) => {
      const body = readBody(request);
      if (ifCommit === undefined) return await post("/mutate", body) as ChangeOutput;
      return await post("/mutate/if-graph-commit", body, { [CONDITION_HEADER]: ifCommit }) as ChangeOutput;
    },
    load: async ({ data, mode, branch, from }) => {
      const search = new URLSearchParams({ mode });
      if (branch !== undefined) search.set("branch", branch);
      if (from !== undefined) search.set("from", from);
      const result = await send(options, "POST", `${base}/load/ndjson?${search}`, {
        body: data as Uint8Array<ArrayBuffer>,
        contentType: "application/x-ndjson",
      });
      return { ...(result as LoadOutput), uri: options.baseUrl + base };
    },
    snapshot: async (branch) => await get(`/snapshot${query(branch)}`) as SnapshotOutput,
    schema: async () => await get("/schema") as { schema_source: string },
    applySchema: async ({ source, allowDataLoss = false }) => {
      const body = { schema_source: source.text, allow_data_loss: allowDataLoss };
      return await post("/schema/apply", body) as SchemaApplyOutput;
    },
    branches: async () => await get("/branches") as { branches: string[] },
    commits: async (branch) => await get(`/commits${query(branch)}`) as { commits: CommitOutput[] },
    commit: async (id) => await get(`/commits/${encodeURIComponent(id)}`) as CommitOutput,
    close: () => Promise.resolve(),
    invokeRead: async (name, { params, ...target }) =>
      readOutput(
        await post(`/queries/${encodeURIComponent(name)}`, { params, ...target, expect_mutation: false }),
      ),
    invokeMutation: async (name, { params, branch, ifCommit }) => {
      const body = { params, expect_mutation: true, ...(branch === undefined ? {} : { branch }) };
      const path = `/queries/${encodeURIComponent(name)}`;
      if (ifCommit === undefined) return await post(path, body) as ChangeOutput;
      return await post(`${path}/if-graph-commit`, body, { [CONDITION_HEADER]: ifCommit }) as ChangeOutput;
    },
  };
}

function readBody(request: QueryRequest & ReadTarget): unknown {
  const { source, name, params, branch, snapshot } = request;
  return {
    query: source,
    ...(name === undefined ? {} : { name }),
    ...(params === undefined || params === null ? {} : { params }),
    ...(branch === undefined ? {} : { branch }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
}

interface WireRead extends Omit<ReadOutput, "rows" | "columns"> {
  readonly columns?: readonly string[];
  readonly rows: readonly Record<string, unknown>[];
}

function readOutput(body: unknown): ReadOutput {
  const wire = body as WireRead;
  const columns = wire.columns ?? [];
  const rows: RowSet = {
    length: wire.rows.length,
    columns,
    cell: (row, column) => (wire.rows[row]?.[columns[column] ?? ""] ?? null) as Cell | null,
    toJsonText: () => jsonText(wire.rows),
  };
  return { ...wire, columns, rows };
}

interface SentBody {
  readonly body: string | Uint8Array<ArrayBuffer>;
  readonly contentType: string;
  readonly headers?: HeadersInit;
}

async function send(server: RemoteServer, method: string, path: string, sent?: SentBody): Promise<unknown> {
  const headers = new Headers(sent?.headers);
  if (server.token !== null) headers.set("Authorization", `Bearer ${server.token}`);
  if (sent !== undefined) headers.set("Content-Type", sent.contentType);
  let response: Response;
  try {
    response = await fetch(server.baseUrl + path, {
      method,
      headers,
      redirect: "error",
      ...(sent && { body: sent.body }),
    });
  } catch (cause) {
    throw new AppError("storage_error", `server \`${server.baseUrl}\` cannot be reached`, { cause });
  }
  const text = await response.text();
  if (response.ok) return parseJson(text);
  throw remoteError(response.status, text);
}

/** The server's error as an `AppError` with the same status, so that exit codes agree with embedded runs. */
function remoteError(status: number, text: string): AppError {
  let body: { error?: unknown; code?: unknown } & Record<string, unknown> = {};
  try {
    const parsed: unknown = parseJson(text);
    if (parsed !== null && typeof parsed === "object" && !Array.isArray(parsed)) body = { ...parsed };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause; // not JSON: shown as it is
  }
  const { error, code: _code, ...detail } = body;
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const code = codes.find((name) => ERRORS[name].status === status && ERRORS[name].exit !== 2) ?? "internal";
  const message = typeof error === "string" ? error : `server returned ${status}: ${text.slice(0, 500)}`;
  return new AppError(code, message, { detail: detail as ErrorDetail });
}
