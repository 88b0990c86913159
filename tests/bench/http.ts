/**
 * Requests per second of a stored point query: the sandboxed server in one process, the client in another, tokens,
 * policy and logs on.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { fileURLToPath } from "node:url";
import { clusterApply } from "../../core/cluster/commands.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { startServer } from "../support/server_process.ts";
import { makeSocialGraph, SCHEMA, toNdjson } from "./data.ts";
import type { LoadJob, LoadResult } from "./http_load.ts";

const PEOPLE = 10_000;
const CONNECTIONS = [1, 16];
const ROUNDS = 3;

const CLUSTER = `version: 1
storage: root
graphs:
  social: { schema: social.pg, queries: social.gq }
policies:
  members: { file: members.policy.yaml, applies_to: [social] }
`;
const QUERIES = `query point($key: String) { match { $p: Person { key: $key } }
  return { $p.key, $p.name, $p.age, $p.city, $p.score, $p.joined } }
`;
const POLICY = `version: 1
groups: { members: [act-bench] }
rules:
  - { id: use, allow: { actors: { group: members }, actions: [invoke_query, read, change] } }
`;
const TOKEN = "bench-token";

/** Measures a server over a graph of 10,000 people; returns a Markdown table. `work` is an empty or missing folder. */
export async function measureHttp(work: string): Promise<string> {
  const config = join(work, "http");
  Deno.mkdirSync(config, { recursive: true });
  const files = {
    "cluster.yaml": CLUSTER,
    "social.pg": SCHEMA,
    "social.gq": QUERIES,
    "members.policy.yaml": POLICY,
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(config, name), text);
  const { exitCode, diagnostics } = await clusterApply({ configDir: config });
  assert.equal(exitCode, 0, JSON.stringify(diagnostics));
  const people = makeSocialGraph(PEOPLE);
  const uri = { kind: "local", path: join(config, "root", "graphs", "social.omni") } as const;
  const graph = await openGraph({ store: openObjectStore(uri), tables: openTableStore(uri), uri: uri.path });
  await graph.load({ data: toNdjson(people), mode: "overwrite" });
  await graph.close();
  const server = await startServer(["--cluster", config], {
    OMNIGRAPH_SERVER_BEARER_TOKENS_JSON: JSON.stringify({ "act-bench": TOKEN }),
  });
  try {
    return await measure(server.port, people.starts);
  } finally {
    await server.stop();
  }
}

async function measure(port: number, keys: readonly string[]): Promise<string> {
  const requests = keys.map((key) => ({
    method: "POST",
    path: "/graphs/social/queries/point",
    token: TOKEN,
    body: JSON.stringify({ params: { key } }),
  }));
  const lines = ["| stored point query over HTTP | requests/s | p50 | p99 |", "|---|---|---|---|"];
  for (const connections of CONNECTIONS) {
    const job = {
      hostname: "127.0.0.1",
      port,
      connections,
      count: connections === 1 ? 10_000 : 60_000,
      requests,
    };
    const results: LoadResult[] = [];
    for (let round = 0; round < ROUNDS; round++) results.push(await runClient(job));
    assert.ok(results.every((result) => result.failures === 0), "every answer is 200");
    results.sort((a, b) => a.seconds - b.seconds);
    const middle = results[Math.floor(ROUNDS / 2)]!;
    const rate = Math.round(job.count / middle.seconds).toLocaleString("en");
    lines.push(`| ${connections} connection(s) | ${rate} | ${middle.p50Us} µs | ${middle.p99Us} µs |`);
  }
  return lines.join("\n") + "\n";
}

/** Runs the load client in a process of its own. */
async function runClient(job: LoadJob): Promise<LoadResult> {
  const script = fileURLToPath(new URL("./http_load.ts", import.meta.url));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", `--allow-net=${job.hostname}:${job.port}`, script],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(job)));
  await writer.close();
  const { success, stdout } = await child.output();
  assert.ok(success, "the load client succeeds");
  return JSON.parse(new TextDecoder().decode(stdout));
}

if (import.meta.main) {
  const work = Deno.makeTempDirSync({ prefix: "omnigraph-http-" });
  try {
    console.log(await measureHttp(work));
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}
