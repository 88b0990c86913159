import assert from "node:assert/strict";
import { join } from "@std/path";
import { commitFiles } from "../tests/support/git_checkout.ts";
import { omnigraph, withTempDir } from "../tests/support/process.ts";

const SCHEMA = "node Port { code: String @key }\n";
const CLUSTER = "version: 1\ngraphs:\n  sea: { schema: sea.pg, queries: queries }\n";

async function withCluster(query: string, run: (folder: string) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    Deno.mkdirSync(join(folder, "queries"));
    Deno.writeTextFileSync(join(folder, "cluster.yaml"), CLUSTER);
    Deno.writeTextFileSync(join(folder, "sea.pg"), SCHEMA);
    Deno.writeTextFileSync(join(folder, "queries/ports.gq"), query);
    await run(folder);
  });
}

Deno.test("github: validate annotates each finding and writes its exit code", async () => {
  await withCluster("query ports() { match { $p: Prot } return { $p.code } }\n", async (folder) => {
    const env = { GITHUB_OUTPUT: join(folder, "output") };
    const { code, stdout } = await omnigraph(["cluster", "validate", "--github"], { cwd: folder, env });
    assert.equal(code, 6);
    assert.equal(
      stdout.trimEnd().split("\n").at(-1),
      "::error file=queries/ports.gq,line=1,col=29,endLine=1,endColumn=33,title=query_typecheck_error::" +
        "type error: T1: unknown node type `Prot`%0Adid you mean `Port`?",
    );
    assert.equal(Deno.readTextFileSync(env.GITHUB_OUTPUT), "exitcode=6\n");
  });
});

Deno.test("github: plan and apply append what they would change, and whether they converged", async () => {
  await withCluster("query ports() { match { $p: Port } return { $p.code } }\n", async (folder) => {
    const env = { GITHUB_OUTPUT: join(folder, "output") };
    const run = async (...args: string[]) => {
      Deno.writeTextFileSync(env.GITHUB_OUTPUT, "kept=1\n");
      const { stdout } = await omnigraph(["cluster", ...args, "--github"], { cwd: folder, env });
      assert.doesNotMatch(stdout, /^::/m);
      return Deno.readTextFileSync(env.GITHUB_OUTPUT).replace(/[0-9a-f]{64}/, "DIGEST");
    };
    const changes = "plan_digest=DIGEST\ncreates=3\nupdates=0\ndeletes=0\n";
    assert.equal(await run("plan", "--detailed-exitcode"), `kept=1\nexitcode=2\n${changes}converged=false\n`);
    assert.equal(await run("apply"), `kept=1\nexitcode=0\n${changes}converged=true\n`);
    assert.equal(
      await run("plan"),
      "kept=1\nexitcode=0\nplan_digest=DIGEST\ncreates=0\nupdates=0\ndeletes=0\nconverged=true\n",
    );
  });
});

Deno.test("github: outputs that cannot be written warn, and the exit code stays that of the command", async () => {
  await withCluster("query ports() { match { $p: Port } return { $p.code } }\n", async (folder) => {
    const env = { GITHUB_OUTPUT: join(folder, "missing/output") };
    const args = ["cluster", "plan", "--detailed-exitcode", "--github"];
    const { code, stdout, stderr } = await omnigraph(args, { cwd: folder, env });
    assert.equal(code, 2);
    assert.equal(stderr, "");
    assert.match(
      stdout,
      /^::warning .*the outputs of this step are not written to `.*missing\/output`: No such file/m,
    );
  });
});

Deno.test("github: lint annotates every error at its place", async () => {
  const text =
    "query a($l: String) { update Port set { code: $l } where code = $l }\nquery b() { match { } }\n";
  await withCluster(text, async (folder) => {
    const args = ["lint", "--schema", "sea.pg", "--query", "queries/ports.gq", "--github"];
    const { code, stdout } = await omnigraph(args, { cwd: folder });
    assert.equal(code, 1);
    const annotations = stdout.split("\n").filter((line) => line.startsWith("::"));
    assert.deepEqual(annotations.map((line) => /line=\d+.*title=\w+/.exec(line)?.[0]), [
      "line=1,col=41,endLine=1,endColumn=45,title=type_error",
      "line=2,col=21,endLine=2,endColumn=22,title=Q000",
      "line=2,col=23,endLine=2,endColumn=24,title=Q000",
    ]);
  });
});

Deno.test("github: lint annotates warnings about a file, and the errors of its schema", async () => {
  const text = "query a($l: String) { update Port set { depth: 1.5 } where code = $l }\n";
  await withCluster(text, async (folder) => {
    const args = ["lint", "--schema", "sea.pg", "--query", "queries/ports.gq", "--github"];
    Deno.writeTextFileSync(
      join(folder, "sea.pg"),
      "node Port { code: String @key depth: F64? name: String? }\n",
    );
    const warned = await omnigraph(args, { cwd: folder });
    assert.equal(warned.code, 0);
    assert.match(warned.stdout, /^::warning file=queries\/ports.gq,title=L201::Port.name exists in schema/m);
    Deno.writeTextFileSync(join(folder, "sea.pg"), "node Port { code: Strng @key }\n");
    const refused = await omnigraph(args, { cwd: folder });
    assert.equal(refused.code, 1);
    assert.match(
      refused.stdout,
      /^::error file=sea.pg,line=1,col=19,endLine=1,endColumn=24,title=parse_error::/,
    );
  });
});

Deno.test("github: JSON and annotations do not go together", async () => {
  const { code, stderr } = await omnigraph(["cluster", "plan", "--json", "--github"]);
  assert.equal(code, 64);
  assert.match(stderr, /flags `--github` and `--json` are mutually exclusive/);
});

Deno.test("github: files that the pull request changes are annotated first, with paths from the top of the checkout", async () => {
  await withTempDir(async (folder) => {
    const wrong = "query q() { match { $p: Prot } return { $p.code } }\n";
    const names = Array.from({ length: 12 }, (_, i) => `q${i + 10}.gq`);
    const queries = names.map((name, i) => [`deploy/queries/${name}`, wrong.replace("q()", `q${i}()`)]);
    const files = { "deploy/cluster.yaml": CLUSTER, "deploy/sea.pg": SCHEMA, ...Object.fromEntries(queries) };
    const base = await commitFiles(folder, { ...files, "deploy/queries/q21.gq": "query q11() { }" });
    const head = await commitFiles(folder, { "deploy/queries/q21.gq": files["deploy/queries/q21.gq"] });
    const validate = async (event: unknown) => {
      const env = {
        GITHUB_ACTIONS: "true",
        GITHUB_EVENT_PATH: join(folder, "event.json"),
        GITHUB_WORKSPACE: folder,
      };
      Deno.writeTextFileSync(env.GITHUB_EVENT_PATH, JSON.stringify(event));
      const { stdout } = await omnigraph(["cluster", "validate", "--github"], {
        cwd: join(folder, "deploy"),
        env,
      });
      return stdout.split("\n").flatMap((line) => /^::error file=([^,]+),/.exec(line)?.[1] ?? []);
    };
    const path = (name: string) => `deploy/queries/${name}`;
    assert.deepEqual(
      await validate({ pull_request: { number: 7, base: { sha: base }, head: { sha: head } } }),
      ["q21.gq", ...names.slice(0, 9)].map(path),
    );
    // A base that is not in this clone, or an event of another kind: the order stays.
    const unknown = { pull_request: { number: 7, base: { sha: "0".repeat(40) }, head: { sha: head } } };
    for (const event of [unknown, { push: {} }]) {
      assert.deepEqual(await validate(event), names.slice(0, 10).map(path));
    }
  });
});
