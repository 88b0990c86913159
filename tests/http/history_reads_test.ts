/** A real server: exports, entities and reads of the past are the same over HTTP as in storage. */
import assert from "node:assert/strict";
import { openRemoteGraph } from "../../core/api/remote.ts";
import { jsonText, parseJson } from "../../core/base/lossless_json.ts";
import { AppError } from "../../core/errors.ts";
import type { Graph, ReadTarget } from "../../core/graph/graph.ts";
import { answersBothWays } from "../support/both_ways.ts";
import { withTempDir } from "../support/process.ts";
import { applyFleet } from "../support/served_cluster.ts";
import { startServer } from "../support/server_process.ts";

const SHIPS = "query ships() { match { $s: Ship } return { $s.name, $s.tons } order { $s.name } }";

function data(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The result of a call, or what kind of error it ended with. */
async function attempt(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AppError) return { status: error.facts.status, message: error.message };
    throw error;
  }
}

async function exported(
  graph: Graph,
  request: ReadTarget & { types?: readonly string[] } = {},
): Promise<string> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of (await graph.export(request)).chunks) pieces.push(piece);
  return await new Blob(pieces).text();
}

/** Works on a graph and looks back; every answer, with ids and times told apart only by order. */
async function walk(graph: Graph): Promise<unknown[]> {
  const answers: unknown[] = [];
  const ask = async (call: Promise<unknown>) => void answers.push(await attempt(call));
  const rows = async (target: ReadTarget) => {
    const { rows, target: shown } = await graph.query({ source: SHIPS, ...target });
    return [JSON.parse(rows.toJsonText()), Object.keys(shown)];
  };
  const lines =
    '{"type":"Ship","data":{"name":"Ark","tons":9007199254740993}}\n{"type":"Ship","data":{"name":"Bee"}}\n' +
    '{"edge":"Escorts","from":"Ark","to":"Bee","data":{"id":"e"}}\n';
  await ask(graph.load({ data: data(lines), mode: "append" }));
  const [{ graph_commit_id: snapshot, created_at }] = (await graph.commits()).commits as [never];
  const micros = created_at as number;
  const asOf = `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${
    String(micros % 1000).padStart(3, "0")
  }Z`;
  // What only the permissive parser of old releases takes.
  const legacy =
    '{"type":"Ship",\n "data":{"name":"Bee","tons":"heavy","colour":"red"}} {"type":"Ship","data":{"name":"Cat","tons":7}}';
  await ask(graph.load({ data: data(legacy), mode: "merge" }));
  await ask(graph.load({ data: data(legacy), mode: "merge", branch: "old", from: "main", legacy: true }));
  await ask(graph.load({ data: data("{"), mode: "merge", legacy: true }));
  await ask(graph.load({ data: data(legacy), mode: "merge", legacy: true }));
  for (const target of [{}, { snapshot }, { asOf }, { branch: "old" }, { branch: "old", asOf }]) {
    await ask(rows(target));
    await ask(exported(graph, target));
    await ask(exported(graph, { ...target, types: ["Escorts"] }));
    await ask(graph.snapshot(target));
    await ask(graph.entity({ kind: "node", type: "Ship", id: "Bee", ...target }));
    await ask(graph.entity({ kind: "node", type: "Ship", id: "Cat", ...target }));
  }
  await ask(graph.entity({ kind: "edge", type: "Escorts", id: "e" }));
  await ask(graph.entity({ kind: "edge", type: "Escort", id: "e" }));
  await ask(exported(graph, { types: ["Shop"] }));
  await ask(exported(graph, { branch: "nope" }));
  await ask(exported(graph, { snapshot: "01J00000000000000000000000" }));
  await ask(graph.snapshot({ asOf: "1999-12-31" }));
  await ask(graph.snapshot({ asOf: "soon" }));
  return parseJson(
    jsonText(answers)
      .replaceAll(/\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g, "<id>")
      .replaceAll(/"created_at":\d+/g, '"created_at":0')
      .replaceAll(/"uri":"[^"]*"/g, '"uri":""'),
  ) as unknown[];
}

Deno.test("cli 49: exports, entities, snapshots, times and permissive loads are the same over HTTP as in storage", async () => {
  const remote = await answersBothWays(walk);
  const statuses = remote.map((each) => (each as { status?: number }).status ?? 200);
  const past = [200, 200, 200, 200, 200];
  assert.deepEqual(statuses, [
    ...[200, 400, 200, 400, 200],
    ...[...past, 200, ...past, 404, ...past, 404, ...past, 200, ...past, 404],
    ...[200, 400, 400, 404, 404, 404, 400],
  ]);
  assert.equal(
    remote[6],
    '{"data":{"id":"e"},"edge":"Escorts","from":"Ark","to":"Bee"}\n' +
      '{"data":{"id":"Ark","name":"Ark","tons":9007199254740993},"type":"Ship"}\n' +
      '{"data":{"id":"Bee","name":"Bee","tons":null},"type":"Ship"}\n' +
      '{"data":{"id":"Cat","name":"Cat","tons":7},"type":"Ship"}\n',
  );
  assert.deepEqual(remote[7], '{"data":{"id":"e"},"edge":"Escorts","from":"Ark","to":"Bee"}\n');
});

Deno.test("a stored query reads a branch as of a time", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder, { open: true });
    const server = await startServer(["--cluster", config, "--unauthenticated"]);
    try {
      const baseUrl = `http://127.0.0.1:${server.port}`;
      const graph = openRemoteGraph({ baseUrl, token: null, graph: "fleet" });
      await graph.invokeMutation("launch", { params: { name: "Ark" } });
      const asOf = new Date().toISOString();
      await new Promise((done) => setTimeout(done, 5));
      await graph.invokeMutation("refit", { params: { name: "Ark", tons: 7 } });
      const tons = async (target: ReadTarget) => {
        const { rows } = await graph.invokeRead("ship", { params: { name: "Ark" }, ...target });
        return JSON.parse(rows.toJsonText())[0]["s.tons"];
      };
      assert.deepEqual([await tons({ asOf }), await tons({})], [null, 7]);
      const wrong = await server.ask("POST", "/graphs/fleet/queries/launch", {
        json: { params: { name: "Bee" }, as_of: asOf },
      });
      assert.deepEqual([wrong.status, wrong.json["error"]], [
        400,
        "'launch' is a mutation: the past cannot be written, give a branch",
      ]);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
});

Deno.test("server 38: SIGTERM during an export lets it finish and exits 0", async () => {
  await withTempDir(async (folder) => {
    const { config } = await applyFleet(folder, { open: true });
    const server = await startServer(["--cluster", config, "--unauthenticated"]);
    const url = `http://127.0.0.1:${server.port}/graphs/fleet`;
    const ships = Array.from(
      { length: 200_000 },
      (_, i) => `{"type":"Ship","data":{"name":"a rather long name ${i}"}}`,
    );
    const headers = { "Content-Type": "application/x-ndjson" };
    const loaded = await fetch(`${url}/load/ndjson?mode=overwrite`, {
      method: "POST",
      headers,
      body: ships.join("\n"),
    });
    assert.equal(loaded.status, 200, await loaded.text());
    const response = await fetch(`${url}/export`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    const reader = response.body!.getReader();
    let lines = countLines((await reader.read()).value!);
    const stopped = server.stop();
    while (!server.stderr().includes("shutdown signal received")) {
      await new Promise((done) => setTimeout(done, 5));
    }
    await assert.rejects(fetch(`${url}/schema`), "nobody new gets in");
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      lines += countLines(piece.value);
    }
    assert.equal(lines, ships.length);
    assert.equal(await stopped, 0);
  });
});

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x0a) count++;
  return count;
}
