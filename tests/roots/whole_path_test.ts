/** From a configuration to an answer over HTTP, with real processes, on both kinds of storage roots. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { omnigraph } from "../support/process.ts";
import { type Root, rootKinds } from "../support/roots.ts";
import { FLEET_QUERIES, FLEET_SCHEMA } from "../support/served_cluster.ts";
import { startServer } from "../support/server_process.ts";

const GRAPH = "graphs/fleet.omni";

/** Writes the configuration and returns its folder. */
function writeConfig(root: Root): string {
  const config = join(root.folder, "config");
  Deno.mkdirSync(config, { recursive: true });
  const files = {
    "cluster.yaml":
      `version: 1\nstorage: ${root.address}\ngraphs:\n  fleet: { schema: fleet.pg, queries: fleet.gq }\n`,
    "fleet.pg": FLEET_SCHEMA,
    "fleet.gq": FLEET_QUERIES,
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(config, name), text);
  return config;
}

/** Runs a command that must end with `code`, and returns what it printed. */
async function run(root: Root, args: readonly string[], code = 0): Promise<string> {
  const finished = await omnigraph(args, { cwd: join(root.folder, "config"), env: root.variables });
  assert.equal(finished.code, code, `${args.join(" ")}: ${finished.stderr}${finished.stdout}`);
  return finished.stdout + finished.stderr;
}

for (const kind of await rootKinds()) {
  kind.test("plan, apply, load, serve, restart: every process finds what the others did", async (root) => {
    const config = writeConfig(root);
    assert.match(await run(root, ["cluster", "plan"]), /Create graph\.fleet/);
    assert.match(await run(root, ["cluster", "apply", "--as", "act-ana"]), /converged: true/);
    assert.match(await run(root, ["cluster", "plan"]), /no changes/);
    assert.match(await run(root, ["cluster", "status"]), /state: revision 1/);
    const graph = `${root.address}/${GRAPH}`;
    const rows = Array.from({ length: 500 }, (_, i) => `{"type":"Ship","data":{"name":"S${i}","tons":${i}}}`);
    Deno.writeTextFileSync(join(config, "ships.jsonl"), rows.join("\n"));
    await run(root, ["load", graph, "--data", "ships.jsonl", "--mode", "overwrite", "--yes"]);
    await run(root, ["mutate", "--store", graph, "-e", 'query q() { insert Ship { name: "Ark" } }']);
    const all = "query q() { match { $s: Ship } return { count($s) as n } }";
    assert.match(await run(root, ["query", "--store", graph, "-e", all, "--format", "csv"]), /^501$/m);

    const boots = [config, root.address.includes("://") ? root.address : `file://${root.address}`];
    for (const [round, cluster] of boots.entries()) {
      const server = await startServer(["--cluster", cluster, "--unauthenticated"], root.variables);
      const launched = await server.ask("POST", "/graphs/fleet/queries/launch", {
        json: { params: { name: `Boat ${round}` } },
      });
      assert.equal(launched.status, 200, launched.text);
      const read = await server.ask("POST", "/graphs/fleet/query", { json: { query: all } });
      assert.match(read.text, new RegExp(`"n":${502 + round}\\b`));
      assert.equal(await server.stop(), 0);
    }
    assert.match(await run(root, ["commit", "list", graph]), /graph_manifest_version=5/);
    Deno.writeTextFileSync(
      join(config, "fleet.pg"),
      FLEET_SCHEMA.replace("tons: I64?", "tons: I64?\n  flag: String?"),
    );
    assert.match(await run(root, ["cluster", "apply", "--as", "act-ana"]), /converged: true/);
    await run(root, [
      "mutate",
      "--store",
      graph,
      "-e",
      'query q() { update Ship set { flag: "FI" } where name = "S7" }',
    ]);
    const flagged = 'query q() { match { $s: Ship { flag: "FI" } } return { $s.name, $s.tons } }';
    assert.match(await run(root, ["query", "--store", graph, "-e", flagged, "--format", "csv"]), /^S7,7$/m);
    assert.deepEqual([...Deno.readDirSync(config)].map(({ name }) => name).sort(), [
      "cluster.yaml",
      "fleet.gq",
      "fleet.pg",
      "ships.jsonl",
    ]);
  });

  kind.test("graph commands: init, branches and commits by direct storage", async (root) => {
    const config = writeConfig(root);
    const graph = `${root.address}/alone.omni`;
    await run(root, ["init", graph, "--schema", "fleet.pg"]);
    assert.match(await run(root, ["init", graph, "--schema", "fleet.pg"], 1), /already/);
    Deno.writeTextFileSync(join(config, "ship.jsonl"), '{"type":"Ship","data":{"name":"Ark","tons":1}}');
    await run(root, ["load", graph, "--data", "ship.jsonl", "--mode", "append"]);
    Deno.writeTextFileSync(join(config, "refit.jsonl"), '{"type":"Ship","data":{"name":"Ark","tons":9}}');
    const fork = ["--branch", "yard", "--from", "main", "--mode", "merge"];
    await run(root, ["load", graph, "--data", "refit.jsonl", ...fork]);
    const tons = "query q() { match { $s: Ship } return { $s.tons as tons } }";
    const read = (branch: string) =>
      run(root, ["query", "--store", graph, "--branch", branch, "-e", tons, "--format", "csv"]);
    assert.match(await read("main"), /^1$/m);
    assert.match(await read("yard"), /^9$/m);
    assert.match(await run(root, ["branch", "list", "--store", graph]), /main\s+yard/);
  });

  kind.test("two applies at the same time: one holds the lock, the other is refused or finds nothing to do", async (root) => {
    writeConfig(root);
    const options = { cwd: join(root.folder, "config"), env: root.variables };
    const both = await Promise.all([1, 2].map(() => omnigraph(["cluster", "apply", "--json"], options)));
    const codes = both.map(({ code }) => code).sort();
    assert.ok(codes[0] === 0 && (codes[1] === 0 || codes[1] === 5), JSON.stringify(both));
    assert.equal(await root.store().get("__cluster/lock.json"), null);
    assert.match(await run(root, ["cluster", "plan"]), /no changes/);
  });
}
