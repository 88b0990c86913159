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
  return answer(server, await send(server, "GET", "/graphs"), { graphs: "array" });
}

/** Opens a served graph; nothing is sent until the first call. */
export function openRemoteGraph(options: RemoteOptions): RemoteGraph {
  const base = `/graphs/${encodeURIComponent(options.graph)}`;
  const get = (path: string) => send(options, "GET", base + path);
  const post = (path: string, body: unknown, headers: HeadersInit = {}) =>
    send(options, "POST", base + path, { body: jsonText(body), contentType: "application/json", headers });
  const expect = <Body>(body: unknown, members: Members): Body => answer(options, body, members);
  const read = (body: unknown) => readOutput(expect(body, { rows: "array" }));
  const changed = (body: unknown) =>
    expect<ChangeOutput>(body, { branch: "string", affected_nodes: "number", affected_edges: "number" });
  const query = (branch?: string) => branch === undefined ? "" : `?branch=${encodeURIComponent(branch)}`;
  return {
    uri: options.baseUrl + base,
    query: async (request) => read(await post("/query", readBody(request))),
    mutate: async ({ ifCommit, actor: _actor, ...request }) => {
      const body = readBody(request);
      if (ifCommit === undefined) return changed(await post("/mutate", body));
      return changed(await post("/mutate/if-graph-commit", body, { [CONDITION_HEADER]: ifCommit }));
    },
    load: async ({ data, mode, branch, from }) => {
      const search = new URLSearchParams({ mode });
      if (branch !== undefined) search.set("branch", branch);
      if (from !== undefined) search.set("from", from);
      const result = await send(options, "POST", `${base}/load/ndjson?${search}`, {
        body: data as Uint8Array<ArrayBuffer>,
        contentType: "application/x-ndjson",
      });
      const members: Members = { nodes: "array", edges: "array", total_entities: "number" };
      return { ...expect<LoadOutput>(result, members), uri: options.baseUrl + base };
    },
    snapshot: async (branch) =>
      expect<SnapshotOutput>(await get(`/snapshot${query(branch)}`), { datasets: "array" }),
    schema: async () => expect(await get("/schema"), { schema_source: "string" }),
    applySchema: async ({ source, allowDataLoss = false }) => {
      const body = { schema_source: source.text, allow_data_loss: allowDataLoss };
      return expect<SchemaApplyOutput>(await post("/schema/apply", body), { steps: "array" });
    },
    branches: async () => expect(await get("/branches"), { branches: "array" }),
    commits: async (branch) => expect(await get(`/commits${query(branch)}`), { commits: "array" }),
    commit: async (id) =>
      expect<CommitOutput>(await get(`/commits/${encodeURIComponent(id)}`), { graph_commit_id: "string" }),
    close: () => Promise.resolve(),
    invokeRead: async (name, { params, ...target }) =>
      read(await post(`/queries/${encodeURIComponent(name)}`, { params, ...target, expect_mutation: false })),
    invokeMutation: async (name, { params, branch, ifCommit }) => {
      const body = { params, expect_mutation: true, ...(branch === undefined ? {} : { branch }) };
      const path = `/queries/${encodeURIComponent(name)}`;
      if (ifCommit === undefined) return changed(await post(path, body));
      return changed(await post(`${path}/if-graph-commit`, body, { [CONDITION_HEADER]: ifCommit }));
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

/** Members that an answer must have, with the kind of their value. */
type Members = Readonly<Record<string, "string" | "number" | "array">>;

/** The body of an answer; another program may be listening where a server was expected. */
function answer<Body>(server: RemoteServer, body: unknown, members: Members): Body {
  for (const [name, kind] of Object.entries(members)) {
    const value = typeof body === "object" && body !== null
      ? (body as Readonly<Record<string, unknown>>)[name]
      : undefined;
    const found = Array.isArray(value) ? "array" : typeof value;
    if (found === kind) continue;
    throw new AppError(
      "storage_error",
      `\`${server.baseUrl}\` does not answer like an omnigraph server: its answer lacks \`${name}\``,
    );
  }
  return body as Body;
}

function readOutput(wire: WireRead): ReadOutput {
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
      redirect: "manual", // a token is never carried to another place
      ...(sent && { body: sent.body }),
    });
  } catch (cause) {
    throw new AppError("storage_error", `server \`${server.baseUrl}\` cannot be reached`, { cause });
  }
  const to = response.headers.get("Location");
  if (response.status >= 300 && response.status < 400 && to !== null) {
    await response.body?.cancel();
    throw new AppError(
      "storage_error",
      `server \`${server.baseUrl}\` redirects to \`${to}\`: address that one`,
    );
  }
  const text = await response.text().catch((cause) => {
    throw new AppError("storage_error", `server \`${server.baseUrl}\` broke off while it answered`, {
      cause,
    });
  });
  if (!response.ok) throw remoteError(response.status, text);
  try {
    return parseJson(text);
  } catch (cause) {
    const message = `\`${server.baseUrl}\` does not answer like an omnigraph server: its answer is not JSON`;
    throw new AppError("storage_error", message, { cause });
  }
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
  const shown = text.trim() === "" ? "an empty answer" : text.slice(0, 500);
  const message = typeof error === "string" ? error : `server returned ${status}: ${shown}`;
  return new AppError(code, message, { detail: detail as ErrorDetail });
}
