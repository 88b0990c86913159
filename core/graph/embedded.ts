/**
 * The Graph interface over storage: every write asks the policy gate first, then the work is handed on.
 *
 * Reads carry no gate: a gate decides who may change the graph, reading is decided where requests come in.
 */
import type { SourceText } from "../base/span.ts";
import { AppError } from "../errors.ts";
import type { TypedMutation, TypedQuery, TypedRead } from "../query/typed.ts";
import { bindParams } from "../query/params.ts";
import type { AcceptedSchema } from "../schema/accept.ts";
import type { Catalog } from "../schema/catalog.ts";
import { MAIN, parseBranchName } from "./branch_name.ts";
import { listBranches } from "./branches.ts";
import { openBaseline } from "./changes/baseline.ts";
import type {
  ChangeFeedOutput,
  CommitChangesOutput,
  DiffOutput,
  PageRequest,
  PollRequest,
} from "./changes/change.ts";
import { branchOfRevision, commitChanges, diffCommits } from "./changes/commit_changes.ts";
import { Comparisons } from "./changes/comparisons.ts";
import { pollChanges } from "./changes/feed.ts";
import type { Commit } from "./commit.ts";
import { CompiledQueries } from "./compiled_queries.ts";
import { createBranch } from "./create_branch.ts";
import { onCurrentSchema } from "./current_schema.ts";
import { deleteBranch } from "./delete_branch.ts";
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
  SchemaApplyOutput,
  SnapshotOutput,
} from "./graph.ts";
import { readEntity } from "./entity.ts";
import { openExport } from "./export.ts";
import { GraphContext, type GraphParts } from "./graph_context.ts";
import { loadBatch } from "./load.ts";
import { deleteMerged } from "./merge/delete_source.ts";
import { mergeBranches } from "./merge/merge.ts";
import { revertCommit } from "./merge/revert.ts";
import { mutateBranch, type MutationOptions } from "./mutate.ts";
import { runRead } from "./read/execute.ts";
import { commitOutput, snapshotOutput } from "./results.ts";
import { previewSchema, type SchemaPreview, type SchemaUpdate, updateSchema } from "./schema_update.ts";

/** A graph opened in this process. */
export class EmbeddedGraph implements Graph {
  readonly uri: string;
  readonly #context: GraphContext;
  readonly #comparisons: Comparisons;
  readonly #queries = new CompiledQueries();

  constructor(parts: GraphParts) {
    this.uri = parts.uri;
    this.#context = new GraphContext(parts);
    this.#comparisons = new Comparisons(parts.cache);
  }

  /** The catalog of the newest schema of main that this process knows. */
  catalog(): Catalog {
    return this.#context.catalog();
  }

  /** The newest schema of main that this process knows. */
  accepted(): AcceptedSchema {
    return this.#context.accepted;
  }

  /** Compiles one query of a source text, from cache when it was compiled before. */
  compile(source: SourceText, name?: string): TypedQuery {
    return this.#queries.compile(this.catalog(), source, name);
  }

  /** Looks whether another process has changed the schema of main. */
  async refreshSchema(): Promise<void> {
    await this.#context.refreshSchema();
  }

  async query(request: QueryRequest & ReadTarget): Promise<ReadOutput> {
    return await onCurrentSchema(this, async () => {
      const query = this.#compileRequest(request);
      if (query.kind === "read") return await this.runRead(query, request.params, request);
      throw new AppError(
        "invalid_input",
        `'${query.name}' is a mutation: run it as one, with POST /mutate or \`mutate\``,
      );
    });
  }

  /**
   * Runs a compiled read query. `raw` are parameter values as they arrive.
   *
   * @throws AppError `write_conflict` with the member `schema_digest` when the query was checked against another schema
   * than main's newest: nothing was read, compile it again.
   */
  async runRead(query: TypedRead, raw: unknown, target: ReadTarget): Promise<ReadOutput> {
    const params = bindParams(query.params, raw);
    const state = await this.#context.readState(query.schemaDigest, target);
    const nowMs = this.#context.parts.ports.clock.nowMs();
    const rows = await runRead(query, params, this.#context.parts.cache.view(state), nowMs);
    const { branch = null, snapshot = null, asOf } = target;
    return {
      query_name: query.name,
      target: {
        branch: snapshot === null ? branch ?? MAIN : null,
        snapshot,
        ...(asOf === undefined ? {} : { as_of: asOf }),
      },
      row_count: rows.length,
      columns: rows.columns,
      rows,
      graph_commit_id: state.commit.id,
    };
  }

  async mutate(request: QueryRequest & MutationOptions): Promise<ChangeOutput> {
    this.#context.require(request.actor, {
      action: "change",
      branch: parseBranchName(request.branch ?? MAIN),
    });
    return await onCurrentSchema(this, async () => {
      const query = this.#compileRequest(request);
      if (query.kind === "mutation") return await mutateBranch(this.#context, query, request.params, request);
      throw new AppError(
        "invalid_input",
        `'${query.name}' is a read: run it as one, with POST /query or \`query\``,
      );
    });
  }

  /** Runs a compiled mutation. `raw` are parameter values as they arrive. Throws like {@linkcode runRead} and publishing. */
  async runMutation(query: TypedMutation, raw: unknown, options: MutationOptions): Promise<ChangeOutput> {
    this.#context.require(options.actor, {
      action: "change",
      branch: parseBranchName(options.branch ?? MAIN),
    });
    return await mutateBranch(this.#context, query, raw, options);
  }

  async load(request: Parameters<Graph["load"]>[0]): Promise<LoadOutput> {
    const { data, mode, legacy = false, actor = null } = request;
    const branch = parseBranchName(request.branch ?? MAIN);
    const from = request.from === undefined ? null : parseBranchName(request.from);
    this.#context.require(actor, { action: "change", branch });
    this.#context.refuseClosed();
    const { store, branches, ports } = this.#context.parts;
    const allowFork = () =>
      this.#context.require(actor, { action: "branch_create", branch: from ?? MAIN, targetBranch: branch });
    return await onCurrentSchema(this, () =>
      loadBatch({
        ...{ uri: this.uri, store, branches, ports },
        ...{ data, legacy, mode, branch, from, actor, allowFork },
      }));
  }

  /** Whether a load into `branch` with `from` would create the branch. */
  async wouldFork(branch: string, from?: string): Promise<boolean> {
    return from !== undefined && await this.#context.parts.branches.find(parseBranchName(branch)) === null;
  }

  async createBranch(request: BranchCreateRequest): Promise<BranchCreateOutput> {
    return await createBranch(this.#context, request);
  }

  async deleteBranch(
    request: { readonly name: string; readonly actor?: string | null },
  ): Promise<BranchDeleteOutput> {
    return await deleteBranch(this.#context, request);
  }

  async mergeBranch(request: Parameters<Graph["mergeBranch"]>[0]): Promise<BranchMergeOutput> {
    const merged = await mergeBranches(this.#context, request);
    if (request.deleteBranch !== true) return merged;
    const { actor = null } = request;
    return await deleteMerged(merged, () => this.deleteBranch({ name: merged.source, actor }));
  }

  async revertCommit(request: Parameters<Graph["revertCommit"]>[0]): Promise<RevertOutput> {
    return await revertCommit(this.#context, request);
  }

  async snapshot(target: ReadTarget = {}): Promise<SnapshotOutput> {
    const { commit, catalog } = await this.#context.stateOf(target);
    const branch = target.snapshot === undefined ? parseBranchName(target.branch ?? MAIN) : commit.branch;
    return snapshotOutput(branch, commit, catalog);
  }

  async export(request: Parameters<Graph["export"]>[0]): Promise<ExportOutput> {
    return await openExport(this.#context, request);
  }

  async entity(request: Parameters<Graph["entity"]>[0]): Promise<EntityOutput> {
    return await readEntity(this.#context, request);
  }

  async schema(): Promise<{ readonly schema_source: string }> {
    await this.refreshSchema();
    return { schema_source: this.#context.accepted.source };
  }

  async branches(): Promise<{ readonly branches: readonly string[] }> {
    return { branches: await listBranches(this.#context.parts.store) };
  }

  async commits(branch: string = MAIN): Promise<{ readonly commits: readonly CommitOutput[] }> {
    this.#context.refuseClosed();
    return { commits: await this.#context.parts.branches.commits(parseBranchName(branch)) };
  }

  /** The newest commit of a branch. */
  async head(branch: string = MAIN): Promise<CommitOutput> {
    return commitOutput((await this.#context.stateOf({ branch })).commit);
  }

  async commit(id: string): Promise<CommitOutput> {
    return commitOutput(await this.#commit(id));
  }

  async commitChanges(id: string, request: PageRequest = {}): Promise<CommitChangesOutput> {
    return await commitChanges(this.#context, this.#comparisons, id, request);
  }

  async diff(request: Parameters<Graph["diff"]>[0]): Promise<DiffOutput> {
    return await diffCommits(this.#context, this.#comparisons, request);
  }

  /** Name of the branch that a reader of a branch or commit, as `diff` names it, must be allowed to read. */
  async branchOfRevision(text: string): Promise<string> {
    return await branchOfRevision(this.#context, text);
  }

  async pollChanges(request: PollRequest = {}): Promise<ChangeFeedOutput> {
    return await pollChanges(this.#context, this.#comparisons, request);
  }

  async baseline(request: Parameters<Graph["baseline"]>[0] = {}): Promise<ExportOutput> {
    return await openBaseline(this.#context, request);
  }

  /** Name of the branch a commit was written on. Throws `AppError("commit_not_found")`. */
  async branchOfCommit(id: string): Promise<string> {
    return (await this.#commit(id)).branch;
  }

  /**
   * Replaces the schema of main by one commit that also holds every table under the new schema. `applied` is false, and
   * there is no commit, when the bytes are those of the accepted schema.
   *
   * @throws AppError `schema_error`; `unsupported` with the first step that cannot be made, or for hard drops;
   * `branch_in_use` when there are other branches; `write_conflict`. Nothing has changed then.
   */
  async schemaUpdate(
    source: SourceText,
    options: { readonly actor?: string | null; readonly allowDataLoss?: boolean } = {},
  ): Promise<SchemaUpdate & { readonly applied: boolean }> {
    const { actor = null, allowDataLoss = false } = options;
    this.#context.require(actor, { action: "schema_apply", targetBranch: MAIN });
    const { store, schemas, branches, ports } = this.#context.parts;
    const main = await this.#context.branch(MAIN);
    const forgetSnapshots = () => branches.forgetSnapshots();
    const update = await updateSchema({
      ...{ store, schemas, main, ports },
      ...{ source, actor, allowDataLoss, forgetSnapshots },
    });
    await this.refreshSchema();
    return { applied: update.commit !== null, ...update };
  }

  async applySchema(request: Parameters<Graph["applySchema"]>[0]): Promise<SchemaApplyOutput> {
    const { applied, steps, diagnostics } = await this.schemaUpdate(request.source, request);
    for (const warning of diagnostics) request.onWarning?.(warning);
    const { graph_manifest_version } = await this.snapshot();
    const { uri } = this;
    return { uri, supported: true, applied, step_count: steps.length, graph_manifest_version, steps };
  }

  /** What {@linkcode schemaUpdate} would do. Throws `AppError("schema_error")`. */
  async previewSchemaUpdate(source: SourceText): Promise<SchemaPreview> {
    await this.refreshSchema();
    return previewSchema(this.#context.accepted, source, await listBranches(this.#context.parts.store));
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  #compileRequest(request: QueryRequest): TypedQuery {
    const source = { path: request.sourcePath ?? "<query>", text: request.source };
    return this.compile(source, request.name);
  }

  async #commit(id: string): Promise<Commit> {
    this.#context.refuseClosed();
    return await this.#context.parts.branches.commit(id);
  }
}
