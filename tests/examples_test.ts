/**
 * Real config repos, used as their owners would: validate, apply, apply again, load the seed, serve, ask every stored
 * read query over HTTP. The rows are compared with the naive evaluator, which knows nothing of columns or commits.
 *
 * The repos live beside the project (`../shared/examples`); without them these tests are skipped and say so.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { parseJson } from "../core/base/lossless_json.ts";
import { compileFile } from "../core/query/compile.ts";
import type { TypedQuery, TypedRead } from "../core/query/typed.ts";
import { acceptSchema } from "../core/schema/accept.ts";
import type { Catalog } from "../core/schema/catalog.ts";
import { naiveRead } from "./support/naive_evaluator.ts";
import { naiveGraph } from "./support/naive_graph.ts";
import { dataByType, plausibleParams } from "./support/plausible_params.ts";
import { omnigraph, PROJECT, withTempDir } from "./support/process.ts";
import { type ServerProcess, startServer } from "./support/server_process.ts";

const EXAMPLES = join(PROJECT, "..", "shared", "examples");
const PARAM_SETS = 6;

interface Example {
  readonly name: string;
  readonly graph: string;
  readonly token: string;
  /** Stored read queries that must be compared with the naive evaluator, and that must find rows. */
  readonly compared: number;
}

const REPOS: readonly Example[] = [
  { name: "industry-intel", graph: "spike", token: "act-analyst", compared: 30 },
  { name: "pharma-intel", graph: "pharma", token: "act-anyone", compared: 30 },
];

for (const example of REPOS) {
  const folder = join(EXAMPLES, example.name);
  Deno.test({
    name: `examples: ${example.name} applies, loads, serves and answers like the naive evaluator`,
    ignore: !exists(folder),
    fn: () => withTempDir((temp) => useExample(example, folder, temp)),
  });
}

if (!exists(EXAMPLES)) {
  console.error("SKIPPED: the sample config repos are not beside the project, see tests/examples_test.ts");
}

async function useExample(example: Example, source: string, temp: string): Promise<void> {
  const config = join(temp, "config");
  copyFolder(source, config);
  const run = async (...args: string[]) => {
    const finished = await omnigraph(args, { cwd: config });
    assert.equal(finished.code, 0, `${args.join(" ")}\n${finished.stdout}${finished.stderr}`);
    return finished.stdout;
  };
  const validated = JSON.parse(await run("cluster", "validate", "--json"));
  assert.deepEqual([
    validated.ok,
    validated.diagnostics.filter((d: { severity: string }) => d.severity === "error"),
  ], [true, []]);
  assert.equal(JSON.parse(await run("cluster", "apply", "--as", "act-owner", "--json")).converged, true);
  const before = treeDigest(config);
  const again = JSON.parse(await run("cluster", "apply", "--as", "act-owner", "--json"));
  assert.deepEqual([again.converged, again.state_written, again.changes], [true, false, []]);
  assert.deepEqual(treeDigest(config), before, "a second apply writes nothing");
  const graphUri = join("graphs", `${example.graph}.omni`);
  await run("load", graphUri, "--data", "seed.jsonl", "--mode", "overwrite");
  await roundTrip(run, config, graphUri);

  const policies = exists(join(config, "policies"));
  const tokens = JSON.stringify({ "act-analyst": "act-analyst", "act-anyone": "act-anyone" });
  const server = await startServer(["--cluster", config], {
    OMNIGRAPH_SERVER_BEARER_TOKENS_JSON: policies ? tokens : "",
    OMNIGRAPH_UNAUTHENTICATED: policies ? "" : "1",
    OMNIGRAPH_LOG: "warn",
  });
  try {
    await askEverything(example, config, server, policies ? example.token : undefined);
  } finally {
    assert.equal(await server.stop(), 0, server.stderr());
  }
}

/** An export, loaded into a new graph of the same schema, gives the same export: checklist line 41 of the graph engine. */
async function roundTrip(
  run: (...args: string[]) => Promise<string>,
  config: string,
  graphUri: string,
): Promise<void> {
  const exported = await run("export", graphUri);
  assert.equal(await run("export", graphUri), exported);
  const records = Deno.readTextFileSync(join(config, "seed.jsonl")).split("\n").filter((line) =>
    line.trim() !== ""
  );
  assert.equal(exported.split("\n").length - 1, records.length);
  const [dump, copy] = [join(config, "..", "dump.jsonl"), join(config, "..", "copy.omni")];
  Deno.writeTextFileSync(dump, exported);
  await run("init", copy, "--schema", "schema.pg");
  await run("load", copy, "--data", dump, "--mode", "overwrite");
  assert.equal(await run("export", copy), exported);
}

async function askEverything(
  example: Example,
  config: string,
  server: ServerProcess,
  token?: string,
): Promise<void> {
  const catalog = acceptSchema(sourceText(join(config, "schema.pg")), { domain: "test" }).catalog;
  const seed = Deno.readTextFileSync(join(config, "seed.jsonl"));
  const graph = naiveGraph(catalog, seed);
  const data = dataByType(seed);
  let compared = 0;
  let withRows = 0;
  for (const query of storedReads(catalog, config)) {
    const needsEmbedding = /"kind":"(nearest|rrf)"/.test(JSON.stringify(query.order));
    const searches = query.clauses.some((clause) => clause.kind === "search");
    let found = 0;
    for (const params of plausibleParams(query, data, PARAM_SETS)) {
      const path = `/graphs/${example.graph}/queries/${query.name}`;
      const answer = await server.ask("POST", path, {
        json: { params },
        ...(token === undefined ? {} : { token }),
      });
      if (needsEmbedding) {
        assert.equal(answer.status, 400, `${query.name}: a query that needs an embedding says so`);
        continue;
      }
      assert.equal(answer.status, 200, `${query.name}: ${answer.text}`);
      const body = parseJson(answer.text) as { rows: readonly Record<string, unknown>[]; row_count: number };
      assert.equal(body.row_count, body.rows.length);
      found += body.rows.length;
      if (searches) checkSearch(query, params, body.rows);
      else compareRows(query, body.rows, naiveRead(catalog, graph, query, params, Date.now()));
    }
    if (found > 0) withRows++;
    if (!searches && !needsEmbedding) compared++;
  }
  assert.ok(compared >= example.compared, `${compared} stored queries were compared`);
  assert.ok(withRows >= compared * 0.8, `${withRows} stored queries found rows`);
}

/** Ordered rows must come in order; other rows are a multiset. */
function compareRows(query: TypedRead, actual: readonly object[], expected: readonly object[]): void {
  const texts = (rows: readonly object[]) =>
    rows.map((row) => JSON.stringify(row, (_key, value) => typeof value === "bigint" ? `${value}n` : value));
  const [ours, theirs] = [texts(actual), texts(expected)];
  if (query.order.length === 0) {
    ours.sort();
    theirs.sort();
  }
  assert.deepEqual(ours, theirs, `rows of ${query.name}`);
}

/** Every hit of a word search shows the word, in some inflection, in one of its texts. */
function checkSearch(query: TypedRead, params: Record<string, unknown>, rows: readonly object[]): void {
  const word = String(Object.values(params)[0]).toLowerCase();
  assert.ok(rows.length > 0, `${query.name} finds \`${word}\`, which was taken from the data`);
  for (const row of rows) {
    const text = JSON.stringify(row).toLowerCase();
    assert.ok(text.includes(word.slice(0, 3)), `${query.name}: ${text} is a hit for \`${word}\``);
  }
}

function storedReads(catalog: Catalog, config: string): TypedRead[] {
  const isRead = (query: TypedQuery): query is TypedRead => query.kind === "read";
  return [...Deno.readDirSync(join(config, "queries"))].flatMap((entry) => {
    const { queries, diagnostics } = compileFile(catalog, sourceText(join(config, "queries", entry.name)));
    assert.deepEqual(diagnostics, []);
    return queries.filter(isRead);
  });
}

function sourceText(path: string) {
  return { path, text: Deno.readTextFileSync(path) };
}

function treeDigest(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory ? treeDigest(path) : [`${path} ${Deno.readTextFileSync(path)}`];
  }).sort();
}

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const entry of Deno.readDirSync(from)) {
    if (entry.isDirectory) copyFolder(join(from, entry.name), join(to, entry.name));
    else Deno.writeFileSync(join(to, entry.name), Deno.readFileSync(join(from, entry.name)));
  }
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
