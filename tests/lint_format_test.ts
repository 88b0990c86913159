/**
 * Lint and format as people use them: on real config repositories, through the file system and against a cluster.
 *
 * The sample repositories live beside the project (`../shared/examples`); without them their tests are skipped and say so.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { compileFile } from "../core/query/compile.ts";
import { lintFile } from "../core/query/lint.ts";
import { formatQueries } from "../core/query/printer.ts";
import { acceptSchema } from "../core/schema/accept.ts";
import { formatSchema } from "../core/schema/printer.ts";
import { commentsOf } from "./support/messy_text.ts";
import { omnigraph, PROJECT, withTempDir } from "./support/process.ts";

const EXAMPLES = join(PROJECT, "..", "shared", "examples");
const REPOS: readonly (readonly [folder: string, schema: string])[] = [
  [join(PROJECT, "fixtures", "apiary"), "honey.pg"],
  [join(EXAMPLES, "industry-intel"), "schema.pg"],
  [join(EXAMPLES, "pharma-intel"), "schema.pg"],
];

for (const [folder, schemaName] of REPOS) {
  const isMissing = !exists(folder);
  if (isMissing) {
    console.error(`SKIPPED: ${folder} is missing, its queries are not linted and formatted here`);
  }
  Deno.test({
    name: `formatting the queries of ${folder.split("/").at(-1)} keeps every typed query and every comment`,
    ignore: isMissing,
    fn: () => keepsMeaning(folder, schemaName),
  });
}

function keepsMeaning(folder: string, schemaName: string): void {
  const schema = { path: schemaName, text: Deno.readTextFileSync(join(folder, schemaName)) };
  const { catalog, digests } = acceptSchema(schema, { domain: "test" });
  const formatted = acceptSchema({ ...schema, text: formatSchema(schema) }, { domain: "test" });
  assert.equal(formatted.digests.shape, digests.shape);
  let queries = 0;
  for (const { name } of Deno.readDirSync(join(folder, "queries"))) {
    const source = { path: name, text: Deno.readTextFileSync(join(folder, "queries", name)) };
    const result = { path: name, text: formatQueries(source) };
    const compiled = compileFile(catalog, source);
    assert.deepEqual(compiled.diagnostics, []);
    assert.deepEqual(compileFile(catalog, result), compiled, name);
    assert.equal(formatQueries(result), result.text);
    assert.deepEqual(commentsOf(result.text), commentsOf(source.text));
    const report = lintFile(catalog, source, { kind: "file", path: schemaName });
    assert.deepEqual([report.status, report.queries_processed], ["ok", compiled.queries.length]);
    queries += compiled.queries.length;
  }
  assert.ok(queries > 20);
}

Deno.test("fmt --check finds nothing to do in the queries of the demo", async () => {
  const finished = await omnigraph(["fmt", "--check", "fixtures/apiary/queries"]);
  assert.deepEqual(finished, { code: 0, stdout: "", stderr: "" });
});

Deno.test("fmt searches folders for sources and leaves everything else alone", async () => {
  await withTempDir(async (folder) => {
    const messy = "query q(){delete Bed where number=3}";
    for (
      const path of ["b/z.gq", "b/a.gq", "notes.txt", ".git/x.gq", "node_modules/x.gq", "root/g.omni/x.gq"]
    ) {
      Deno.mkdirSync(join(folder, path, ".."), { recursive: true });
      Deno.writeTextFileSync(join(folder, path), messy);
    }
    const { code, stdout } = await omnigraph(["fmt", ".", "b/a.gq"], { cwd: folder });
    assert.deepEqual([code, stdout], [0, "b/a.gq\nb/z.gq\n"]);
    assert.equal(
      Deno.readTextFileSync(join(folder, "b/z.gq")),
      "query q() {\n    delete Bed where number = 3\n}\n",
    );
    assert.equal(Deno.readTextFileSync(join(folder, ".git/x.gq")), messy);
    assert.deepEqual([...Deno.readDirSync(join(folder, "b"))].map(({ name }) => name).sort(), [
      "a.gq",
      "z.gq",
    ]);
  });
});

Deno.test({
  name: "fmt keeps permissions and links",
  ignore: Deno.build.os === "windows",
  fn: () =>
    withTempDir(async (folder) => {
      const path = join(folder, "a.gq");
      Deno.writeTextFileSync(path, "query q(){delete Bed where number=3}", { mode: 0o640 });
      Deno.chmodSync(path, 0o640);
      Deno.symlinkSync("a.gq", join(folder, "link.gq"));
      const { code, stdout } = await omnigraph(["fmt", "link.gq"], { cwd: folder });
      assert.deepEqual([code, stdout], [0, "link.gq\n"]);
      assert.ok(Deno.lstatSync(join(folder, "link.gq")).isSymlink);
      assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o640);
      assert.ok(Deno.readTextFileSync(path).startsWith("query q() {\n"));
    }),
});

Deno.test("fmt drops a byte order mark and refuses what is not UTF-8, writing nothing", async () => {
  await withTempDir(async (folder) => {
    const marked = "\uFEFFquery q() {\n    delete Bed where number = 3\n}\n";
    Deno.writeTextFileSync(join(folder, "a.gq"), marked);
    Deno.writeFileSync(join(folder, "b.gq"), new Uint8Array([0x2f, 0x2f, 0xff, 0x0a]));
    const refused = await omnigraph(["fmt", "a.gq", "b.gq"], { cwd: folder });
    assert.deepEqual(refused, { code: 1, stdout: "", stderr: refused.stderr });
    assert.match(refused.stderr, /file `b\.gq` is not UTF-8 text/);
    assert.equal(Deno.readFileSync(join(folder, "a.gq"))[0], 0xef);
    assert.equal((await omnigraph(["fmt", "a.gq"], { cwd: folder })).stdout, "a.gq\n");
    assert.equal(Deno.readTextFileSync(join(folder, "a.gq")), marked.slice(1));
  });
});

Deno.test("lint takes the accepted schema of a cluster's graph, found in the ledger", async () => {
  await withTempDir(async (folder) => {
    const write = (name: string, text: string) => Deno.writeTextFileSync(join(folder, name), text);
    write("cluster.yaml", "version: 1\nstorage: ./root\ngraphs:\n  ward:\n    schema: ward.pg\n");
    write("ward.pg", "node Bed { number: I32 @key }");
    write("q.gq", "query q($n: I32) { match { $b: Bed { number: $n } } return { $b } }");
    const lint = (...scope: string[]) =>
      omnigraph(["lint", ...scope, "--query", "q.gq", "--json"], { cwd: folder });
    assert.match((await lint("--cluster", ".")).stderr, /cluster apply/);
    const applied = await omnigraph(["cluster", "apply", "--as", "act-ana"], { cwd: folder });
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    const report = await lint("--cluster", ".");
    assert.equal(report.code, 0, report.stderr);
    const { status, schema_source } = JSON.parse(report.stdout);
    assert.deepEqual([status, schema_source], ["ok", {
      kind: "graph",
      uri: join(folder, "root/graphs/ward.omni"),
    }]);
    assert.equal((await lint("--cluster", "root", "--graph", "ward")).stdout, report.stdout);
    assert.match(
      (await lint("--cluster", ".", "--graph", "nope")).stderr,
      /'nope' is not applied in cluster/,
    );
    const both = await lint("--cluster", ".", "--store", "root/graphs/ward.omni");
    assert.deepEqual([both.code, both.stderr.includes("mutually exclusive")], [2, true]);
  });
});

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
