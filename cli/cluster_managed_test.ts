import assert from "node:assert/strict";
import { join } from "@std/path";
import { omnigraph, withTempDir } from "../tests/support/process.ts";

Deno.test("acceptance 40: init and schema apply inside a cluster are refused without effect, elsewhere they work", async () => {
  await withTempDir(async (folder) => {
    const write = (path: string, text: string) => Deno.writeTextFileSync(join(folder, path), text);
    write("fleet.pg", "node Ship {\n  name: String @key\n}\n");
    write("wider.pg", "node Ship {\n  name: String @key\n  tons: I32?\n}\n");
    write("cluster.yaml", "version: 1\ngraphs:\n  fleet: { schema: fleet.pg }\n");
    const run = (...args: string[]) => omnigraph(args, { cwd: folder });
    const init = (uri: string) => run("init", uri, "--schema", "fleet.pg");
    assert.equal((await init("graphs/early.omni")).code, 0, "there is no cluster yet");
    assert.equal((await run("cluster", "apply")).code, 0);
    for (const uri of ["graphs/new.omni", join(folder, "graphs/new.omni"), "./x/../graphs/new.omni"]) {
      const { code, stderr } = await init(uri);
      assert.equal(code, 1, uri);
      assert.match(stderr, /belongs to the cluster at `.*omnigraph cluster apply/);
    }
    assert.throws(() => Deno.statSync(join(folder, "graphs/new.omni")), Deno.errors.NotFound);
    const { code, stderr } = await run("schema", "apply", "graphs/fleet.omni", "--schema", "wider.pg");
    assert.deepEqual([code, /omnigraph cluster apply/.test(stderr)], [1, true]);
    const shown = await run("schema", "show", "graphs/fleet.omni");
    assert.equal(shown.stdout.includes("tons"), false);
    assert.equal((await init("plain.omni")).code, 0);
    assert.equal((await init("graphs/deep/er.omni")).code, 0, "another shape");
    assert.equal((await run("schema", "apply", "plain.omni", "--schema", "wider.pg")).code, 0);
  });
});
