/** A running server whose graph's schema changes under it: `cluster apply` of another process. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { clusterApply } from "../../core/cluster/commands.ts";
import { createLocalApp, type LocalApp } from "../support/local_app.ts";
import { withTempDir } from "../support/process.ts";
import { applyFleet, FLEET_QUERIES, FLEET_SCHEMA } from "../support/served_cluster.ts";

interface Served {
  readonly app: LocalApp;
  /** Applies another schema, and other queries, to both graphs. */
  apply(schema: string, queries?: string): Promise<void>;
}

async function withApp(use: (served: Served) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder, { open: true });
    const app = await createLocalApp(config);
    try {
      await use({
        app,
        async apply(schema, queries = FLEET_QUERIES) {
          Deno.writeTextFileSync(join(config, "fleet.pg"), schema);
          Deno.writeTextFileSync(join(config, "fleet.gq"), queries);
          const { exitCode, result, diagnostics } = await clusterApply({ configDir: config });
          assert.deepEqual([exitCode, result.converged], [0, true], JSON.stringify(diagnostics));
        },
      });
    } finally {
      await app.close();
    }
  });
}

function post(app: LocalApp, path: string, json: unknown) {
  const headers = { "Content-Type": "application/json" };
  return app.fetch(`/graphs/fleet/${path}`, { method: "POST", headers, body: JSON.stringify(json) });
}

function invoke(app: LocalApp, name: string, params: unknown) {
  return post(app, `queries/${name}`, { params });
}

Deno.test("a running server answers from the first request on under the schema that was applied beside it", async () => {
  await withApp(async ({ app, apply }) => {
    assert.equal((await invoke(app, "launch", { name: "Ark" })).status, 200);
    await apply(FLEET_SCHEMA.replace("tons: I64?", "tons: I64?\n  flag: String?\n  built: Date?"));
    const read = await invoke(app, "ship", { name: "Ark" });
    assert.deepEqual([read.status, read.json["rows"]], [200, [{ "s.name": "Ark", "s.tons": null }]]);
    await apply(FLEET_SCHEMA.replace("tons: I64?", "tons: I64?\n  flag: String?"));
    assert.equal((await invoke(app, "refit", { name: "Ark", tons: 7 })).status, 200);
    await apply(FLEET_SCHEMA.replace("tons: I64?", 'tons: I64?\n  ensign: String? @rename_from("flag")'));
    const write = await post(app, "mutate", {
      query: 'query w() { update Ship set { ensign: "NL" } where name = "Ark" }',
    });
    assert.deepEqual([write.status, write.json["affected_nodes"]], [200, 1]);
    await apply(FLEET_SCHEMA.replace("tons: I64?", 'tons: I64?\n  colours: String? @rename_from("ensign")'));
    const inline = await post(app, "query", {
      query: "query q() { match { $s: Ship } return { $s.tons as tons, $s.colours as colours } }",
    });
    assert.deepEqual(inline.json["rows"], [{ tons: 7, colours: "NL" }]);
    await apply(`${FLEET_SCHEMA}node Port { code: String @key }\n`);
    const loaded = await app.fetch("/graphs/fleet/load/ndjson?mode=merge", {
      method: "POST",
      headers: { "Content-Type": "application/x-ndjson" },
      body: '{"type":"Port","data":{"code":"NLRTM"}}',
    });
    assert.equal(loaded.status, 200, loaded.text);
  });
});

Deno.test("a stored query that fits the new schema no more is refused until the server takes the new one over", async () => {
  await withApp(async ({ app, apply }) => {
    assert.equal((await invoke(app, "launch", { name: "Ark" })).status, 200);
    await apply(
      FLEET_SCHEMA.replace("tons: I64?", 'weight: I64? @rename_from("tons")'),
      FLEET_QUERIES.replaceAll("s.tons", "s.weight").replace("set { tons:", "set { weight:"),
    );
    for (const [name, params] of [["ship", { name: "Ark" }], ["refit", { name: "Ark", tons: 1 }]] as const) {
      const { status, json } = await invoke(app, name, params);
      assert.equal(status, 400);
      assert.match(String(json["error"]), /'?tons'?/);
    }
    assert.equal((await invoke(app, "launch", { name: "Bark" })).status, 200);
  });
});

Deno.test("requests that are under way while the schema changes all get right answers", async () => {
  await withApp(async ({ app, apply }) => {
    let busy = true;
    const launched: string[] = [];
    const statuses = new Map<number, number>();
    const clients = Array.from({ length: 6 }, async (_, client) => {
      for (let i = 0; busy; i++) {
        const name = `s${client}-${i}`;
        const write = await invoke(app, "launch", { name });
        if (write.status === 200) launched.push(name);
        const read = await invoke(app, "ship", { name });
        for (const { status } of [write, read]) statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (read.status === 200) assert.deepEqual(read.json["rows"], [{ "s.name": name, "s.tons": null }]);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    for (let turn = 0; turn < 6; turn++) {
      await apply(
        turn % 2 === 0 ? FLEET_SCHEMA.replace("tons: I64?", "tons: I64?\n  flag: String?") : FLEET_SCHEMA,
      );
    }
    busy = false;
    await Promise.all(clients);
    assert.deepEqual([...statuses.keys()], [200]);
    const { json } = await post(app, "query", {
      query: "query q() { match { $s: Ship } return { $s.name as n } }",
    });
    const found = (json["rows"] as { n: string }[]).map(({ n }) => n);
    assert.deepEqual(found.sort(), launched.sort());
  });
});
