/**
 * Results as the JSON text of HTTP bodies and of `--json` output: one writer per shape, members in documented order.
 * Rows are written by their own columns, so a result is never rebuilt as objects.
 */
import { frameLines, PLAIN, renderDiagnostic } from "../base/report.ts";
import { jsonText } from "../base/lossless_json.ts";
import { AppError, type ErrorDetail, type WireCode } from "../errors.ts";
import type {
  BranchCreateOutput,
  BranchDeleteOutput,
  BranchMergeOutput,
  ChangeOutput,
  CommitOutput,
  EntityOutput,
  LoadOutput,
  ReadOutput,
  RevertOutput,
  SnapshotOutput,
} from "../graph/graph.ts";
import type { ParamDescriptor } from "../query/describe.ts";

/** One stored query as a catalog lists it. */
export interface CatalogQuery {
  readonly name: string;
  readonly description: string | null;
  readonly instruction: string | null;
  readonly mutation: boolean;
  readonly params: readonly ParamDescriptor[];
}

/** What is known about a process from outside. */
export interface Health {
  readonly version: string;
  readonly storageFormat: number;
  /** Version of the sources the build was made from; left out when null. */
  readonly sourceVersion: string | null;
}

/** The members of an error body. */
export interface ErrorOutput extends ErrorDetail {
  readonly error: string;
  readonly code?: WireCode;
}

/** ReadOutput. The deprecated `read` route leaves `graph_commit_id` out. */
export function readText(output: ReadOutput, options: { readonly commit: boolean }): string {
  const target = {
    branch: output.target.branch,
    snapshot: output.target.snapshot,
    as_of: output.target.as_of,
  };
  const columns = output.columns.length === 0 ? "" : `,"columns":${JSON.stringify(output.columns)}`;
  const commit = options.commit ? `,"graph_commit_id":${JSON.stringify(output.graph_commit_id)}` : "";
  return `{"query_name":${JSON.stringify(output.query_name)}` +
    `,"target":${jsonText(target)}` +
    `,"row_count":${output.row_count}${columns},"rows":${output.rows.toJsonText()}${commit}}`;
}

/** ChangeOutput. */
export function changeText(output: ChangeOutput): string {
  return jsonText({
    branch: output.branch,
    query_name: output.query_name,
    affected_nodes: output.affected_nodes,
    affected_edges: output.affected_edges,
    actor_id: output.actor_id,
    commit: commitMembers(output.commit),
  });
}

/** IngestOutput; `load/ndjson` leaves `uri` out. */
export function loadText(output: LoadOutput, options: { readonly uri: boolean }): string {
  return jsonText({
    uri: options.uri ? output.uri : undefined,
    branch: output.branch,
    base_branch: output.base_branch,
    branch_created: output.branch_created,
    mode: output.mode,
    nodes: output.nodes,
    edges: output.edges,
    total_entities: output.total_entities,
    actor_id: output.actor_id,
    commit: commitMembers(output.commit),
  });
}

/** BranchCreateOutput. */
export function branchCreateText(output: BranchCreateOutput): string {
  return jsonText({
    uri: output.uri,
    from: output.from,
    from_commit: output.from_commit,
    name: output.name,
    actor_id: output.actor_id,
  });
}

/** BranchDeleteOutput. */
export function branchDeleteText(output: BranchDeleteOutput): string {
  return jsonText({ uri: output.uri, name: output.name, actor_id: output.actor_id });
}

/** BranchMergeOutput. */
export function mergeText(output: BranchMergeOutput): string {
  return jsonText({
    source: output.source,
    target: output.target,
    outcome: output.outcome,
    actor_id: output.actor_id,
    commit: commitMembers(output.commit),
    branch_deleted: output.branch_deleted,
    branch_delete_error: output.branch_delete_error,
  });
}

/** CommitRevertOutput. */
export function revertText(output: RevertOutput): string {
  return jsonText({
    branch: output.branch,
    reverted_commit_id: output.reverted_commit_id,
    actor_id: output.actor_id,
    commit: commitMembers(output.commit),
  });
}

/** CommitOutput. */
export function commitText(output: CommitOutput): string {
  return jsonText(commitMembers(output));
}

/** CommitListOutput. */
export function commitsText(commits: readonly CommitOutput[]): string {
  return jsonText({ commits: commits.map(commitMembers) });
}

/** SnapshotOutput. */
export function snapshotText(output: SnapshotOutput): string {
  return jsonText({
    graph_branch: output.graph_branch,
    graph_manifest_version: output.graph_manifest_version,
    internal_schema_version: output.internal_schema_version,
    datasets: output.datasets,
  });
}

/** EntityOutput. */
export function entityText(output: EntityOutput): string {
  return jsonText({
    graph_commit_id: output.graph_commit_id,
    kind: output.kind,
    type: output.type,
    id: output.id,
    properties: output.properties,
    endpoints: output.endpoints,
  });
}

/** SchemaOutput. */
export function schemaText(source: string): string {
  return jsonText({ schema_source: source });
}

/** BranchListOutput. */
export function branchesText(branches: readonly string[]): string {
  return jsonText({ branches });
}

/** GraphListResponse. */
export function graphListText(
  graphs: readonly { readonly graphId: string; readonly uri: string }[],
): string {
  return jsonText({ graphs: graphs.map(({ graphId, uri }) => ({ graph_id: graphId, uri })) });
}

/** QueriesCatalogOutput; `queries` ascending by name. */
export function queriesText(queries: readonly CatalogQuery[]): string {
  return jsonText({
    queries: queries.map((query) => ({
      name: query.name,
      tool_name: query.name,
      description: query.description ?? undefined,
      instruction: query.instruction ?? undefined,
      mutation: query.mutation,
      params: query.params,
    })),
  });
}

/** HealthOutput. */
export function healthText(health: Health): string {
  return jsonText({
    status: "ok",
    version: health.version,
    internal_schema_version: health.storageFormat,
    source_version: health.sourceVersion ?? undefined,
  });
}

/**
 * ErrorOutput of a failure. Places in source text follow the message, each with its line and a caret, so that a caller
 * who sees only this text can mend the query. What is no expected failure says nothing about its cause.
 */
export function errorOutput(error: unknown): ErrorOutput {
  if (!(error instanceof AppError)) return { error: "internal error", code: "internal" };
  const { wire } = error.facts;
  return { error: errorMessage(error), ...(wire === null ? {} : { code: wire }), ...error.detail };
}

/**
 * The message of an expected failure and the places it is about; a message that only sums its diagnostics up is not said
 * twice.
 */
export function errorMessage({ message, diagnostics }: AppError): string {
  const [first] = diagnostics;
  if (first !== undefined && message.includes(first.message)) {
    return diagnostics.flatMap((one) => [one.message, ...frameLines(one, PLAIN)]).join("\n");
  }
  return [message, ...diagnostics.map(renderDiagnostic)].join("\n");
}

function commitMembers(commit: CommitOutput | null): CommitOutput | null {
  return commit === null ? null : {
    graph_commit_id: commit.graph_commit_id,
    graph_branch: commit.graph_branch,
    graph_manifest_version: commit.graph_manifest_version,
    parent_commit_id: commit.parent_commit_id,
    merged_parent_commit_id: commit.merged_parent_commit_id,
    actor_id: commit.actor_id,
    created_at: commit.created_at,
  };
}
