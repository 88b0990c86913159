/**
 * The remote graph: the Graph interface over a server's HTTP routes, so that a command gives the same answer on storage
 * and on a server. Bodies are read losslessly: 64-bit integers keep every digit.
 */
import { jsonText } from "../base/lossless_json.ts";
import { AppError, type ErrorCode } from "../errors.ts";
import type {
  ChangeFeedOutput,
  ChangeFilter,
  CommitChangesOutput,
  DiffOutput,
  PageRequest,
  PollRequest,
} from "../graph/changes/change.ts";
import { parseBranchName } from "../graph/branch_name.ts";
import type {
  BranchCreateOutput,
  BranchCreateRequest,
  BranchDeleteOutput,
  BranchMergeOutput,
  ChangeOutput,
  CommitOutput,
  EntityOutput,
  ExportOutput,
  Graph,
  LoadOutput,
  QueryRequest,
  ReadOutput,
  ReadTarget,
  RevertOutput,
  RowSet,
  SchemaApplyOutput,
  SnapshotOutput,
} from "../graph/graph.ts";
import type { Cell } from "../schema/value_type.ts";
import { answer, type Members, type RemoteServer, send, sendForStream } from "./remote_http.ts";

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
  return new ServedGraph(options);
}

type BaselineRequest = ChangeFilter & { readonly branch?: string };

/** One graph behind HTTP routes. */
class ServedGraph implements RemoteGraph {
  readonly uri: string;
  readonly #server: RemoteServer;
  /** Path of the graph. */
  readonly #base: string;

  constructor(options: RemoteOptions) {
    this.#server = options;
    this.#base = `/graphs/${encodeURIComponent(options.graph)}`;
    this.uri = options.baseUrl + this.#base;
  }

  async query(request: QueryRequest & ReadTarget): Promise<ReadOutput> {
    return this.#read(await this.#post("/query", readBody(request)));
  }

  async mutate({ ifCommit, ...request }: Parameters<Graph["mutate"]>[0]): Promise<ChangeOutput> {
    return await this.#changed("/mutate", readBody(request), ifCommit);
  }

  async load(request: Parameters<Graph["load"]>[0]): Promise<LoadOutput> {
    const { data, mode, branch, from } = request;
    const members: Members = { nodes: "array", edges: "array", total_entities: "number" };
    const target = { mode, branch, from };
    const answer = request.legacy
      ? await this.#post("/ingest", { ...target, data: decoded(data) })
      : await send(this.#server, "POST", `${this.#base}/load/ndjson${search(target)}`, {
        body: data as Uint8Array<ArrayBuffer>,
        contentType: "application/x-ndjson",
      });
    return { ...this.#expect<LoadOutput>(answer, members), uri: this.uri };
  }

  async snapshot(target: ReadTarget = {}): Promise<SnapshotOutput> {
    return this.#expect(await this.#get(`/snapshot${search(wireTarget(target))}`), { datasets: "array" });
  }

  async export({ types, ...target }: Parameters<Graph["export"]>[0]): Promise<ExportOutput> {
    return await this.#stream("/export", jsonText({ ...wireTarget(target), type_names: types }));
  }

  async entity({ kind, type, id, ...target }: Parameters<Graph["entity"]>[0]): Promise<EntityOutput> {
    const selector = search({ entity: kind, type, id, ...wireTarget(target) });
    return this.#expect(await this.#get(`/entity${selector}`), { graph_commit_id: "string" });
  }

  async schema(): Promise<{ readonly schema_source: string }> {
    return this.#expect(await this.#get("/schema"), { schema_source: "string" });
  }

  async applySchema(request: Parameters<Graph["applySchema"]>[0]): Promise<SchemaApplyOutput> {
    const { source, allowDataLoss = false } = request;
    const body = { schema_source: source.text, allow_data_loss: allowDataLoss };
    return this.#expect(await this.#post("/schema/apply", body), { steps: "array" });
  }

  async branches(): Promise<{ readonly branches: readonly string[] }> {
    return this.#expect(await this.#get("/branches"), { branches: "array" });
  }

  async createBranch({ name, from, fromCommit }: BranchCreateRequest): Promise<BranchCreateOutput> {
    const answer = await this.#post("/branches", { name, from, from_commit: fromCommit });
    return { ...this.#expect<BranchCreateOutput>(answer, { name: "string" }), uri: this.uri };
  }

  async deleteBranch({ name }: { readonly name: string }): Promise<BranchDeleteOutput> {
    const path = `${this.#base}/branches/${pathPart(parseBranchName(name))}`;
    const answer = await send(this.#server, "DELETE", path);
    return { ...this.#expect<BranchDeleteOutput>(answer, { name: "string" }), uri: this.uri };
  }

  async commits(branch?: string): Promise<{ readonly commits: readonly CommitOutput[] }> {
    return this.#expect(await this.#get(`/commits${search({ branch })}`), { commits: "array" });
  }

  async commit(id: string): Promise<CommitOutput> {
    return this.#expect(await this.#get(`/commits/${pathPart(id)}`), { graph_commit_id: "string" });
  }

  async commitChanges(id: string, request: PageRequest = {}): Promise<CommitChangesOutput> {
    const path = `/commits/${pathPart(id)}/changes${pageSearch(request)}`;
    return this.#expect(await this.#get(path), { changes: "array" });
  }

  async diff({ from, to, ...page }: Parameters<Graph["diff"]>[0]): Promise<DiffOutput> {
    return this.#expect(await this.#get(`/diff${pageSearch(page, { from, to })}`), { changes: "array" });
  }

  async pollChanges({ branch, cursor, start, ...page }: PollRequest = {}): Promise<ChangeFeedOutput> {
    const path = `/changes${pageSearch(page, { branch, cursor, start })}`;
    return this.#expect(await this.#get(path), { blocks: "array" });
  }

  async baseline({ branch, kinds, types, ops }: BaselineRequest = {}): Promise<ExportOutput> {
    const body = jsonText({ branch, kind: kinds, type: types, op: ops });
    return await this.#stream("/changes/baseline", body);
  }

  async mergeBranch(request: Parameters<Graph["mergeBranch"]>[0]): Promise<BranchMergeOutput> {
    const { source, target, deleteBranch } = request;
    const body = { source, target, delete_branch: deleteBranch };
    return this.#expect(await this.#post("/branches/merge", body), { outcome: "string" });
  }

  async revertCommit({ commitId, branch }: Parameters<Graph["revertCommit"]>[0]): Promise<RevertOutput> {
    const path = `/commits/${pathPart(commitId)}/revert`;
    return this.#expect(await this.#post(path, { branch }), { reverted_commit_id: "string" });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async invokeRead(name: string, request: Parameters<RemoteGraph["invokeRead"]>[1]): Promise<ReadOutput> {
    const { params, ...target } = request;
    const body = { params, ...wireTarget(target), expect_mutation: false };
    return this.#read(
      await this.#post(`/queries/${pathPart(name, "query_not_found", "stored query")}`, body),
    );
  }

  async invokeMutation(
    name: string,
    request: Parameters<RemoteGraph["invokeMutation"]>[1],
  ): Promise<ChangeOutput> {
    const { params, branch, ifCommit } = request;
    const body = { params, expect_mutation: true, branch };
    return await this.#changed(
      `/queries/${pathPart(name, "query_not_found", "stored query")}`,
      body,
      ifCommit,
    );
  }

  #get(path: string): Promise<unknown> {
    return send(this.#server, "GET", this.#base + path);
  }

  /** Members of the body that are undefined are left out. */
  #post(path: string, body: unknown, headers: HeadersInit = {}): Promise<unknown> {
    const sent = { body: jsonText(body), contentType: "application/json", headers };
    return send(this.#server, "POST", this.#base + path, sent);
  }

  /** Posts a JSON text and takes the answer as a stream. */
  async #stream(path: string, body: string): Promise<ExportOutput> {
    const sent = { body, contentType: "application/json" };
    const { headers, chunks } = await sendForStream(this.#server, "POST", this.#base + path, sent);
    const output = { graph_commit_id: headers.get("Omnigraph-Snapshot-Id"), chunks };
    return this.#expect(output, { graph_commit_id: "string" });
  }

  async #changed(path: string, body: unknown, ifCommit: string | undefined): Promise<ChangeOutput> {
    const answer = ifCommit === undefined
      ? await this.#post(path, body)
      : await this.#post(`${path}/if-graph-commit`, body, { [CONDITION_HEADER]: ifCommit });
    return this.#expect(answer, { branch: "string", affected_nodes: "number", affected_edges: "number" });
  }

  #read(answer: unknown): ReadOutput {
    return readOutput(this.#expect(answer, { rows: "array" }));
  }

  #expect<Body>(body: unknown, members: Members): Body {
    return answer(this.#server, body, members);
  }
}

/** The target of a read as it goes over the wire. */
function wireTarget({ branch, snapshot, asOf }: ReadTarget): Record<string, string | undefined> {
  return { branch, snapshot, as_of: asOf };
}

/** Query parameters that have a value, with the question mark. */
function search(parameters: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
}

/** Query parameters of a page of changes, with the question mark. */
function pageSearch(page: PageRequest, more: Readonly<Record<string, string | undefined>> = {}): string {
  const { kinds = [], types = [], ops = [], limit, pageToken } = page;
  const lists = { kind: kinds, type: types, op: ops };
  const parameters = new URLSearchParams(
    search({ ...more, limit: limit === undefined ? undefined : String(limit), page_token: pageToken }),
  );
  for (const [name, values] of Object.entries(lists)) {
    for (const value of values) parameters.append(name, value);
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

/** The text of data that goes inside a JSON body. */
function decoded(data: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data);
  } catch (cause) {
    throw new AppError("invalid_input", "the data is not valid UTF-8", { cause });
  }
}

function readBody(request: QueryRequest & ReadTarget): unknown {
  const { source, name, params, ...target } = request;
  return { query: source, name, params: params ?? undefined, ...wireTarget(target) };
}

interface WireRead extends Omit<ReadOutput, "rows" | "columns"> {
  readonly columns?: readonly string[];
  readonly rows: readonly Record<string, unknown>[];
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

/** A name as one part of a path. No URL has an empty part, or one of dots alone: there is nothing to ask a server for. */
function pathPart(name: string, code: ErrorCode = "commit_not_found", what = "commit"): string {
  if (!/^\.{0,2}$/.test(name)) return encodeURIComponent(name);
  throw new AppError(code, `${what} '${name}' not found`);
}
