import assert from "node:assert/strict";
import { join } from "@std/path";
import { omnigraph, withTempDir } from "../tests/support/process.ts";

Deno.test("acceptance 29: --as beats operator.actor, which beats nothing; an omnigraph.yaml says nothing", () =>
  withTempDir(async (folder) => {
    const write = (path: string, text: string) => Deno.writeTextFileSync(join(folder, path), text);
    const run = (...args: string[]) =>
      omnigraph(["cluster", ...args], { cwd: folder, env: { OMNIGRAPH_HOME: join(folder, "home") } });
    const approve = async (...args: string[]) => {
      const { code, stdout } = await run("approve", "graph.fleet", "--json", ...args);
      return [code, JSON.parse(stdout).approved_by ?? null];
    };
    write("fleet.pg", "node Ship {\n  name: String @key\n}\n");
    write("cluster.yaml", "version: 1\ngraphs:\n  fleet: { schema: fleet.pg }\n");
    write("omnigraph.yaml", "operator: { actor: act-nobody }\nactor: act-nobody\n");
    assert.equal((await run("apply")).code, 0);
    write("cluster.yaml", "version: 1\n");
    const { code, stdout, stderr } = await run("approve", "graph.fleet");
    assert.equal(code, 1);
    assert.match(stdout + stderr, /--as.*operator\.actor/);
    Deno.mkdirSync(join(folder, "home"));
    write("home/config.yaml", "operator: { actor: act-ida }\n");
    assert.deepEqual(await approve(), [0, "act-ida"]);
    assert.deepEqual(await approve("--as", "act-mila"), [0, "act-mila"]);
    assert.equal((await run("approve")).code, 64);
    assert.equal((await run("approve", "graph.fleet", "--expires", "0")).code, 64);
    assert.equal((await run("refresh", "--as", "act-mila")).code, 64, "only apply and approve take it");
    assert.equal((await run("refresh")).code, 0);
    const record = JSON.parse(Deno.readTextFileSync(join(folder, "__cluster/history/00000002.json")));
    assert.deepEqual([record.operation, record.actor], ["refresh", "act-ida"]);
  }));
