import assert from "node:assert/strict";
import { join } from "@std/path";
import { AppError } from "../core/errors.ts";
import { withTempDir } from "../tests/support/process.ts";
import { parseCommandLine } from "./args.ts";
import { withStoredGraph } from "./direct.ts";

const SERVER = "servers: { quay: { url: http://127.0.0.1:8080 } }\n";

Deno.test("withStoredGraph() refuses a server, whether URI, profile or default names it", async () => {
  const cases: [config: string, argv: string[], fragments: string[]][] = [
    ["", ["http://127.0.0.1:8080"], ["remote server", "http://127.0.0.1:8080"]],
    ["", ["--store", "HTTPS://quay"], ["remote server", "HTTPS://quay"]],
    [`${SERVER}profiles: { work: { server: quay } }`, ["--profile", "work"], ["--store", "--cluster"]],
    [`${SERVER}defaults: { server: quay }`, [], ["--store", "--cluster"]],
  ];
  for (const [config, argv, fragments] of cases) {
    const error = await failure(config, ["schema", "plan", ...argv, "--schema", "a.pg"]);
    assert.equal(error.code, "usage");
    for (
      const fragment of [
        "`schema plan` is a direct (storage-native) command and needs direct storage access",
        ...fragments,
      ]
    ) {
      assert.ok(error.message.includes(fragment), error.message);
    }
  }
});

async function failure(config: string, argv: string[]): Promise<AppError> {
  const parsed = parseCommandLine(argv);
  assert.ok(parsed.kind === "command");
  return await withTempDir(async (folder) => {
    Deno.writeTextFileSync(join(folder, "config.yaml"), config);
    const context = {
      args: parsed.args,
      output: { out: () => {}, note: () => {}, outColour: false, noteColour: false },
      env: (name: string) => name === "OMNIGRAPH_HOME" ? folder : undefined,
      cwd: folder,
    };
    const { positionals } = parsed.args;
    try {
      await withStoredGraph(context, positionals[0], () => assert.fail("it opened a graph"));
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    return assert.fail("it returned");
  });
}
