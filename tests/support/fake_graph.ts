/**
 * A served graph without an engine: it compiles queries against a real schema, remembers what it was asked and answers
 * with constants. For tests of what HTTP does around an engine.
 */
import type { ChangeOutput, CommitOutput, LoadOutput, ReadTarget } from "../../core/graph/graph.ts";
import { exportedTypes } from "../../core/graph/export.ts";
import { compileQuery } from "../../core/query/compile.ts";
import { acceptSchema } from "../../core/schema/accept.ts";
import type { Catalog } from "../../core/schema/catalog.ts";
import { AppError } from "../../core/errors.ts";
import type { ServableGraph } from "../../server/registry.ts";

/** Schema of every fake graph. */
export const FAKE_SCHEMA = `node Person {
  key: String @key
  age: I64?
  tags: [String]?
  face: Vector(8)?
}
edge Knows: Person -> Person
`;

/** The head commit of every fake graph. */
export const FAKE_HEAD: CommitOutput = {
  graph_commit_id: "01JA0000000000000000000000",
  graph_branch: null,
  graph_manifest_version: 2,
  parent_commit_id: "01J90000000000000000000000",
  merged_parent_commit_id: null,
  actor_id: null,
  created_at: 1_700_000_000_000_000,
};

/** A snapshot that was authored on the branch `draft`. */
export const DRAFT_SNAPSHOT = "01JB0000000000000000000000";

/** A {@linkcode ServableGraph} that records its calls. */
export interface FakeGraph extends ServableGraph {
  /** Calls of the engine, as `verb argument…`. */
  readonly calls: string[];
  /** Holds loads back until it resolves. */
  gate: Promise<void>;
  /** What exports give, piece by piece. */
  chunks: () => AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Makes a fake graph with the branches `main` and `draft`. */
export function createFakeGraph(uri: string): FakeGraph {
  const source = { path: "fake.pg", text: FAKE_SCHEMA };
  const catalog: Catalog = acceptSchema(source, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" }).catalog;
  const calls: string[] = [];
  const known = (branch: string) => {
    if (branch !== "main" && branch !== "draft") {
      throw new AppError("branch_not_found", `branch '${branch}' not found`);
    }
    return branch;
  };
  const graph: FakeGraph = {
    uri,
    calls,
    gate: Promise.resolve(),
    chunks: async function* () {
      yield new TextEncoder().encode('{"data":{"id":"ada","key":"ada"},"type":"Person"}\n');
    },
    catalog: () => catalog,
    refreshSchema: () => Promise.resolve(),
    compile: (text, name) => compileQuery(catalog, text, name),
    runRead(query, params, target) {
      calls.push(`read ${query.name} ${JSON.stringify(params)} ${JSON.stringify(target)}`);
      if (target.branch !== undefined) known(target.branch);
      return Promise.resolve({
        query_name: query.name,
        target: shownTarget(target),
        row_count: 1,
        columns: ["p.key"],
        rows: { length: 1, columns: ["p.key"], cell: () => "ada", toJsonText: () => '[{"p.key":"ada"}]' },
        graph_commit_id: FAKE_HEAD.graph_commit_id,
      });
    },
    runMutation(query, params, options) {
      calls.push(`mutate ${query.name} ${JSON.stringify(params)} ${JSON.stringify(options)}`);
      const branch = known(options.branch ?? "main");
      return Promise.resolve<ChangeOutput>({
        branch,
        query_name: query.name,
        affected_nodes: 1,
        affected_edges: 0,
        actor_id: options.actor ?? null,
        commit: FAKE_HEAD,
      });
    },
    async load({ data, mode, branch = "main", from, actor = null, legacy = false }) {
      calls.push(`load ${data.length} ${mode} ${branch} ${from ?? "-"}${legacy ? " legacy" : ""}`);
      await graph.gate;
      if (from === undefined) known(branch);
      return {
        uri,
        branch,
        base_branch: from ?? null,
        branch_created: from !== undefined && branch !== "main" && branch !== "draft",
        mode,
        nodes: [],
        edges: [],
        total_entities: 0,
        actor_id: actor,
        commit: null,
      } satisfies LoadOutput;
    },
    snapshot({ branch = "main", ...past } = {}) {
      calls.push(`snapshot ${branch}${Object.entries(past).map((entry) => ` ${entry.join("=")}`).join("")}`);
      return Promise.resolve({
        graph_branch: known(branch),
        graph_manifest_version: 2,
        internal_schema_version: 1,
        datasets: [],
      });
    },
    async export({ branch = "main", types = [], ...past }) {
      calls.push(`export ${branch} [${types}] ${JSON.stringify(past)}`);
      known(branch);
      exportedTypes(catalog, types);
      await graph.gate;
      return { graph_commit_id: FAKE_HEAD.graph_commit_id, chunks: graph.chunks() };
    },
    entity({ kind, type, id, ...target }) {
      calls.push(`entity ${kind} ${type} ${id} ${JSON.stringify(target)}`);
      const properties = { key: id, age: 9007199254740993n };
      return Promise.resolve({ graph_commit_id: FAKE_HEAD.graph_commit_id, kind, type, id, properties });
    },
    schema: () => Promise.resolve({ schema_source: FAKE_SCHEMA }),
    branches: () => Promise.resolve({ branches: ["draft", "main"] }),
    createBranch({ name, from = "main", fromCommit, actor = null }) {
      calls.push(`create ${name} ${fromCommit ?? known(from)}`);
      return Promise.resolve({ uri, from, name, actor_id: actor });
    },
    deleteBranch({ name, actor = null }) {
      calls.push(`delete ${name}`);
      return Promise.resolve({ uri, name: known(name), actor_id: actor });
    },
    mergeBranch({ source, target = "main", deleteBranch = false, actor = null }) {
      calls.push(`merge ${known(source)} into ${known(target)}${deleteBranch ? " and delete" : ""}`);
      return Promise.resolve({ source, target, outcome: "merged", actor_id: actor, commit: FAKE_HEAD });
    },
    revertCommit({ commitId, branch = "main", actor = null }) {
      calls.push(`revert ${commitId} on ${known(branch)}`);
      return Promise.resolve({ branch, reverted_commit_id: commitId, actor_id: actor, commit: null });
    },
    commits(branch = "main") {
      calls.push(`commits ${branch}`);
      known(branch);
      return Promise.resolve({ commits: [FAKE_HEAD] });
    },
    commit(id) {
      if (id === FAKE_HEAD.graph_commit_id) return Promise.resolve(FAKE_HEAD);
      return Promise.reject(new AppError("commit_not_found", `commit '${id}' not found`));
    },
    branchOfCommit(id) {
      if (id === DRAFT_SNAPSHOT) return Promise.resolve("draft");
      if (id === FAKE_HEAD.graph_commit_id) return Promise.resolve("main");
      return Promise.reject(new AppError("commit_not_found", `commit '${id}' not found`));
    },
    async branchOfRevision(text) {
      return text.startsWith("01J") ? await graph.branchOfCommit(text) : text;
    },
    async commitChanges(id) {
      calls.push(`changes ${id}`);
      const { graph_commit_id, created_at: authored_at } = await graph.commit(id);
      return { cause: { graph_commit_id, authored_branch: "main", authored_at }, changes: [] };
    },
    diff({ from, to }) {
      calls.push(`diff ${from} ${to}`);
      const at = { graph_commit_id: FAKE_HEAD.graph_commit_id };
      return Promise.resolve({ from: at, to: at, changes: [] });
    },
    pollChanges({ branch = "main" } = {}) {
      calls.push(`poll ${branch}`);
      known(branch);
      return Promise.resolve({ blocks: [], cursor: "cursor", caught_up: true });
    },
    baseline({ branch = "main" } = {}) {
      calls.push(`baseline ${branch}`);
      known(branch);
      return Promise.resolve({ graph_commit_id: FAKE_HEAD.graph_commit_id, chunks: oneChunk("{}\n") });
    },
    wouldFork: (branch, from) =>
      Promise.resolve(from !== undefined && branch !== "main" && branch !== "draft"),
    close: () => Promise.resolve(),
  };
  return graph;
}

function shownTarget(target: ReadTarget): { branch: string | null; snapshot: string | null } {
  return { branch: target.branch ?? null, snapshot: target.snapshot ?? null };
}

async function* oneChunk(text: string): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  yield await Promise.resolve(new TextEncoder().encode(text));
}
