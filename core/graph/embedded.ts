/**
 * The Graph interface over storage: every write asks the policy gate first, then the work is handed on.
 *
 * Reads carry no gate: a gate decides who may change the graph, reading is decided where requests come in.
 */
import { assert } from "../base/assert.ts";
import type { SourceText } from "../base/span.ts";
import { AppError } from "../errors.ts";
import type { PolicyGate, PolicyQuestion } from "../policy/actions.ts";
import type { TypedMutation, TypedQuery, TypedRead } from "../query/typed.ts";
import { bindParams } from "../query/params.ts";
import type { AcceptedSchema } from "../schema/accept.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { MAIN, parseBranchName, parseOwnBranchName } from "./branch_name.ts";
import { branchNotFound, createBranch, listBranches } from "./branches.ts";
import type { Commit } from "./commit.ts";
import { CompiledQueries } from "./compiled_queries.ts";
import { schemaConflict } from "./conflicts.ts";
import { onCurrentSchema } from "./current_schema.ts";
import type {
  ChangeOutput,
  CommitOutput,
  Graph,
  LoadMode,
  LoadOutput,
  QueryRequest,
  ReadOutput,
  ReadTarget,
  SchemaApplyOutput,
  SnapshotOutput,
} from "./graph.ts";
import type { Ports } from "./graph_ports.ts";
import { loadBatch } from "./load.ts";
import type { LoggedState } from "./logged_state.ts";
import type { OpenBranch, OpenBranches } from "./open_branches.ts";
import { pairState } from "./paired_state.ts";
import { runRead } from "./read/execute.ts";
import type { TableCache } from "./read/table_cache.ts";
import { commitOutput, snapshotOutput } from "./results.ts";
import { previewSchema, type SchemaPreview, type SchemaUpdate, updateSchema } from "./schema_update.ts";
import type { SchemaStore } from "./schemas.ts";
import type { SnapshotState } from "./snapshot_state.ts";
import { isInsertOnly, stageMutation } from "./write/stage_mutation.ts";

/** What an embedded graph is made of; see `open.ts`. */
export interface EmbeddedGraphParts {
  readonly uri: string;
  readonly store: ObjectStore;
  readonly cache: TableCache;
  readonly schemas: SchemaStore;
  readonly branches: OpenBranches;
  readonly main: OpenBranch;
  /** The schema that main's head pins. */
  readonly accepted: AcceptedSchema;
  readonly gate: PolicyGate | null;
  readonly ports: Ports;
}

/** Options of {@linkcode EmbeddedGraph.runMutation}. */
export interface MutationOptions {
  readonly branch?: string;
  /** Change only on top of this commit. */
  readonly ifCommit?: string;
  readonly actor?: string | null;
}

/** A graph opened in this process. */
export class EmbeddedGraph implements Graph {
  readonly uri: string;
  readonly #parts: EmbeddedGraphParts;
  readonly #queries = new CompiledQueries();
  /** States that were read under a schema, so that a repeated read finds its view. */
  readonly #paired = new WeakMap<SnapshotState, SnapshotState>();
  #accepted: AcceptedSchema;
  /** Sequence of the commit that taught us the schema. */
  #acceptedAt = 0;
  #closed = false;

  constructor(parts: EmbeddedGraphParts) {
    this.uri = parts.uri;
    this.#parts = parts;
    this.#accepted = parts.accepted;
  }

  /** The catalog of the newest schema of main that this process knows. */
  catalog(): Catalog {
    return this.accepted().catalog;
  }

  /** The newest schema of main that this process knows. */
  accepted(): AcceptedSchema {
    return this.#accepted;
  }

  /** Compiles one query of a source text, from cache when it was compiled before. */
  compile(source: SourceText, name?: string): TypedQuery {
    return this.#queries.compile(this.catalog(), source, name);
  }

  /** Looks whether another process has changed the schema of main. */
  async refreshSchema(): Promise<void> {
    await this.#stateOf({});
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
    const state = await this.#readState(query, target);
    const nowMs = this.#parts.ports.clock.nowMs();
    const rows = await runRead(query, params, this.#parts.cache.view(state), nowMs);
    const { branch = null, snapshot = null } = target;
    return {
      query_name: query.name,
      target: { branch: snapshot === null ? branch ?? MAIN : null, snapshot },
      row_count: rows.length,
      columns: rows.columns,
      rows,
      graph_commit_id: state.commit.id,
    };
  }

  async mutate(request: QueryRequest & MutationOptions): Promise<ChangeOutput> {
    this.#require(request.actor, { action: "change", branch: parseBranchName(request.branch ?? MAIN) });
    return await onCurrentSchema(this, async () => {
      const query = this.#compileRequest(request);
      if (query.kind === "mutation") return await this.#runMutation(query, request.params, request);
      throw new AppError(
        "invalid_input",
        `'${query.name}' is a read: run it as one, with POST /query or \`query\``,
      );
    });
  }

  /** Runs a compiled mutation. `raw` are parameter values as they arrive. Throws like {@linkcode runRead} and publishing. */
  async runMutation(query: TypedMutation, raw: unknown, options: MutationOptions): Promise<ChangeOutput> {
    this.#require(options.actor, { action: "change", branch: parseBranchName(options.branch ?? MAIN) });
    return await this.#runMutation(query, raw, options);
  }

  async #runMutation(query: TypedMutation, raw: unknown, options: MutationOptions): Promise<ChangeOutput> {
    const { actor = null, ifCommit } = options;
    const name = parseBranchName(options.branch ?? MAIN);
    const params = bindParams(query.params, raw);
    const branch = await this.#branch(name);
    const { clock, newId } = this.#parts.ports;
    const env = { nowMs: clock.nowMs(), newId };
    let affected = { affectedNodes: 0, affectedEdges: 0 };
    const commit = await branch.writer.publish({
      operation: "mutation",
      actor,
      retry: isInsertOnly(query) ? "redo" : "fail",
      ...(ifCommit === undefined ? {} : { ifCommit }),
      stage: async (view) => {
        const { digest } = view.catalog;
        if (digest !== query.schemaDigest) throw schemaConflict(query.schemaDigest, digest);
        const staged = await stageMutation(view, query, params, env);
        affected = staged;
        return staged.changes;
      },
    });
    return {
      branch: name,
      query_name: query.name,
      affected_nodes: affected.affectedNodes,
      affected_edges: affected.affectedEdges,
      actor_id: actor,
      commit: commit === null ? null : commitOutput(commit),
    };
  }

  async load(request: {
    readonly data: Uint8Array;
    readonly mode: LoadMode;
    readonly branch?: string;
    readonly from?: string;
    readonly actor?: string | null;
  }): Promise<LoadOutput> {
    const { data, mode, actor = null } = request;
    const branch = parseBranchName(request.branch ?? MAIN);
    const from = request.from === undefined ? null : parseBranchName(request.from);
    this.#require(actor, { action: "change", branch });
    this.#refuseClosed();
    const { store, branches, ports } = this.#parts;
    return await loadBatch({
      uri: this.uri,
      store,
      branches,
      ports,
      data,
      mode,
      branch,
      from,
      actor,
      allowFork: () =>
        this.#require(actor, { action: "branch_create", branch: from ?? MAIN, targetBranch: branch }),
    });
  }

  /** Whether a load into `branch` with `from` would create the branch. */
  async wouldFork(branch: string, from?: string): Promise<boolean> {
    return from !== undefined && await this.#parts.branches.find(parseBranchName(branch)) === null;
  }

  /** Creates a branch at the head of another one; writes no commit and copies no data. */
  async createBranch(request: {
    readonly name: string;
    readonly from?: string;
    readonly actor?: string | null;
  }): Promise<
    { readonly uri: string; readonly from: string; readonly name: string; readonly actor_id: string | null }
  > {
    const { actor = null } = request;
    const name = parseOwnBranchName(request.name);
    const from = parseBranchName(request.from ?? MAIN);
    this.#require(actor, { action: "branch_create", branch: from, targetBranch: name });
    const { store, branches } = this.#parts;
    const source = await this.#branch(from);
    const branch = branches.fork({ name, source: source.ref, head: await source.head.latest(), actor });
    await createBranch(store, branch.ref);
    branches.register(branch);
    return { uri: this.uri, from, name, actor_id: actor };
  }

  async snapshot(branch: string = MAIN): Promise<SnapshotOutput> {
    const name = parseBranchName(branch);
    const { commit, catalog } = await (await this.#branch(name)).head.latest();
    return snapshotOutput(name, commit, catalog);
  }

  async schema(): Promise<{ readonly schema_source: string }> {
    await this.refreshSchema();
    return { schema_source: this.#accepted.source };
  }

  async branches(): Promise<{ readonly branches: readonly string[] }> {
    return { branches: await listBranches(this.#parts.store) };
  }

  async commits(branch: string = MAIN): Promise<{ readonly commits: readonly CommitOutput[] }> {
    this.#refuseClosed();
    return { commits: await this.#parts.branches.commits(parseBranchName(branch)) };
  }

  async commit(id: string): Promise<CommitOutput> {
    return commitOutput(await this.#commit(id));
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
    this.#require(actor, { action: "schema_apply", targetBranch: MAIN });
    const { store, schemas, ports } = this.#parts;
    const main = await this.#branch(MAIN);
    const update = await updateSchema({ store, schemas, main, ports, source, actor, allowDataLoss });
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
    return previewSchema(this.#accepted, source, await listBranches(this.#parts.store));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#parts.branches.settle();
    this.#parts.cache.close();
  }

  #compileRequest(request: QueryRequest): TypedQuery {
    const source = { path: request.sourcePath ?? "<query>", text: request.source };
    return this.compile(source, request.name);
  }

  async #branch(name: string): Promise<OpenBranch> {
    this.#refuseClosed();
    const { main, branches } = this.#parts;
    const branch = name === MAIN ? main : await branches.find(name);
    if (branch === null) throw branchNotFound(name);
    return branch;
  }

  async #commit(id: string): Promise<Commit> {
    this.#refuseClosed();
    return await this.#parts.branches.commit(id);
  }

  /** The commit that a read sees, under the schema that its query was checked against. */
  async #readState(query: TypedRead, target: ReadTarget): Promise<SnapshotState> {
    const state = await this.#stateOf(target);
    if (target.snapshot !== undefined || state.catalog.digest !== this.#accepted.digests.contract) {
      await this.refreshSchema();
    }
    const { catalog } = this.#accepted;
    if (query.schemaDigest !== catalog.digest) throw schemaConflict(query.schemaDigest, catalog.digest);
    let paired = this.#paired.get(state);
    if (paired?.catalog !== catalog) {
      paired = pairState(state, catalog);
      this.#paired.set(state, paired);
    }
    return paired;
  }

  async #stateOf({ branch, snapshot }: ReadTarget): Promise<LoggedState> {
    if (snapshot !== undefined) {
      if (branch !== undefined) {
        throw new AppError("invalid_input", "a read takes a branch or a snapshot, not both: leave one out");
      }
      this.#refuseClosed();
      return await this.#parts.branches.snapshot(snapshot);
    }
    const name = branch === undefined ? MAIN : parseBranchName(branch);
    const state = await (await this.#branch(name)).head.latest();
    if (name === MAIN && state.commit.schemaDigest !== this.#accepted.digests.contract) {
      const accepted = await this.#parts.schemas.load(state.commit.schemaDigest);
      // A slow reader must not take back what a quicker one has learnt.
      if (state.commit.sequence > this.#acceptedAt) {
        this.#accepted = accepted;
        this.#acceptedAt = state.commit.sequence;
      }
    }
    return state;
  }

  /** The gate comes first, before anything is read; without an actor it stays shut. */
  #require(actor: string | null | undefined, question: PolicyQuestion): void {
    const { gate } = this.#parts;
    if (gate === null) return;
    if (actor === null || actor === undefined) {
      throw new AppError("policy_denied", `policy denied: no actor given for action '${question.action}'`);
    }
    const decision = gate.decide(actor, question);
    if (!decision.allowed) throw new AppError("policy_denied", `policy denied: ${decision.message}`);
  }

  #refuseClosed(): void {
    assert(!this.#closed, "the graph was closed");
  }
}
