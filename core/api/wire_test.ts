import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import type { CommitOutput, ReadOutput } from "../graph/graph.ts";
import { compileQuery } from "../query/compile.ts";
import { acceptSchema } from "../schema/accept.ts";
import { changeText, errorOutput, healthText, loadText, queriesText, readText } from "./wire.ts";

const COMMIT: CommitOutput = {
  graph_commit_id: "01J0",
  graph_branch: null,
  graph_manifest_version: 3,
  parent_commit_id: "01HZ",
  merged_parent_commit_id: null,
  actor_id: "act-a",
  created_at: 1_700_000_000_000_000,
};

function readOutput(columns: readonly string[], rows: string): ReadOutput {
  return {
    query_name: 'q"1',
    target: { branch: "main", snapshot: null },
    row_count: 1,
    columns,
    rows: { length: 1, columns, cell: () => null, toJsonText: () => rows },
    graph_commit_id: "01J0",
  };
}

Deno.test("readText() keeps the rows' own text and the documented member order", () => {
  const output = readOutput(["p.n"], '[{"p.n":9223372036854775807}]');
  assert.equal(
    readText(output, { commit: true }),
    '{"query_name":"q\\"1","target":{"branch":"main","snapshot":null},"row_count":1,"columns":["p.n"],' +
      '"rows":[{"p.n":9223372036854775807}],"graph_commit_id":"01J0"}',
  );
});

Deno.test("readText() leaves out empty columns, and the commit where it is not wanted", () => {
  assert.equal(
    readText(readOutput([], "[]"), { commit: false }),
    '{"query_name":"q\\"1","target":{"branch":"main","snapshot":null},"row_count":1,"rows":[]}',
  );
});

Deno.test("changeText() and loadText() write null for what did not happen", () => {
  const change = { branch: "main", query_name: "q", affected_nodes: 0, affected_edges: 0, actor_id: null };
  assert.deepEqual(JSON.parse(changeText({ ...change, commit: null })), { ...change, commit: null });
  assert.deepEqual(JSON.parse(changeText({ ...change, commit: COMMIT })).commit, COMMIT);
  const load = {
    uri: "/data/g",
    branch: "main",
    base_branch: null,
    branch_created: false,
    mode: "merge" as const,
    nodes: [{ name: "Person", entities_loaded: 2 }],
    edges: [],
    total_entities: 2,
    actor_id: null,
    commit: COMMIT,
  };
  assert.deepEqual(JSON.parse(loadText(load, { uri: true })), load);
  assert.equal("uri" in JSON.parse(loadText(load, { uri: false })), false);
});

Deno.test("queriesText() leaves out what a query does not say about itself", () => {
  const bare = { name: "q", description: null, instruction: null, mutation: false, params: [] };
  assert.deepEqual(JSON.parse(queriesText([bare, { ...bare, name: "r", description: "d" }])), {
    queries: [
      { name: "q", tool_name: "q", mutation: false, params: [] },
      { name: "r", tool_name: "r", description: "d", mutation: false, params: [] },
    ],
  });
});

Deno.test("healthText() names the source version only when it is known", () => {
  const health = { version: "1.2.3", storageFormat: 1, sourceVersion: null };
  assert.equal(healthText(health), '{"status":"ok","version":"1.2.3","internal_schema_version":1}');
  assert.ok(healthText({ ...health, sourceVersion: "abc" }).endsWith(',"source_version":"abc"}'));
});

Deno.test("errorOutput() shows code, details and every place with its line and caret", () => {
  const source = { path: "<query>", text: "query q() {\n  match { $p: Persn }\n}" };
  const at = source.text.indexOf("Persn");
  const error = new AppError("type_error", "unknown type", {
    detail: { manifest_conflict: { table_key: "node:Person", expected: 1, actual: 2 } },
    diagnostics: [{
      code: "T1",
      severity: "error",
      message: "unknown type `Persn`",
      path: "<query>",
      span: { start: at, end: at + 5 },
      source,
    }],
  });
  const output = errorOutput(error);
  assert.equal(output.code, "bad_request");
  assert.deepEqual(output.manifest_conflict, { table_key: "node:Person", expected: 1, actual: 2 });
  assert.match(output.error, /<query>:2:15/);
  assert.match(output.error, /\n2 \| {3}match \{ \$p: Persn \}\n {2}\| {15}\^\^\^\^\^/);
});

Deno.test("errorOutput() says a mistake once that the message only sums up", () => {
  const catalog =
    acceptSchema({ path: "a.pg", text: "node Person { slug: String @key }" }, { domain: "test" }).catalog;
  const source = {
    path: "<query>",
    text: "query q() {\n  match { $p: Persn }\n  return { $p.slug $p.age }\n}",
  };
  let failure: unknown;
  try {
    compileQuery(catalog, source);
  } catch (error) {
    failure = error;
  }
  assert.equal(
    errorOutput(failure).error,
    "type error: T1: unknown node type `Persn`\n" +
      "  --> <query>:2:15\n" +
      "  |\n" +
      "2 |   match { $p: Persn }\n" +
      "  |               ^^^^^\n" +
      "  help: did you mean `Person`?",
  );
});

Deno.test("errorOutput() carries no code where none is defined, and hides the cause of surprises", () => {
  const conflict = new AppError("precondition_failed", "head moved", {
    detail: { precondition_failure: { expected: "a", actual: "b" } },
  });
  assert.deepEqual(errorOutput(conflict), {
    error: "head moved",
    precondition_failure: { expected: "a", actual: "b" },
  });
  assert.deepEqual(errorOutput(new Error("secret path /x")), { error: "internal error", code: "internal" });
});
