/** The HTTP application over fake graphs, without sockets. */
import assert from "node:assert/strict";
import { openGate } from "../../core/policy/gate.ts";
import { parseBundle } from "../../core/policy/bundle.ts";
import type { PolicyGate } from "../../core/policy/actions.ts";
import type { PolicyResource } from "../../core/policy/model.ts";
import { createApp } from "../../server/app.ts";
import { Log } from "../../server/log.ts";
import { Admission } from "../../server/middleware/admission.ts";
import { OpenBodies } from "../../server/middleware/open_bodies.ts";
import { type LiveGraph, Registry } from "../../server/registry.ts";
import type { RuntimeState } from "../../server/runtime_state.ts";
import { StreamRoom } from "../../server/stream_room.ts";
import { compileStoredQueries } from "../../server/stored_queries.ts";
import { TokenTable } from "../../server/tokens.ts";
import { createFakeGraph, type FakeGraph } from "./fake_graph.ts";

/** Stored queries of every fake graph. */
const STORED = `query person($key: String) { match { $p: Person { key: $key } } return { $p.key } }
query find($age: I64?, $near: Vector(8), $tags: [String], $day: Date) @description("finds") @instruction("ask")
  { match { $p: Person { key: "x" } } return { $p.key } }
query add($key: String) { insert Person { key: $key } }
`;

/** What to serve. */
export interface AppOptions {
  /** Tokens by actor; none in the open state. Each token is the actor's id with `token-` before it. */
  readonly actors?: readonly string[];
  /** Policy bundle per graph id; the graphs to serve. */
  readonly graphs: Readonly<Record<string, string | null>>;
  readonly serverPolicy?: string;
  readonly inflightMax?: number;
}

/** A request in short. */
export interface Ask {
  /** Adds this actor's token. */
  readonly as?: string;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; undefined when it is no JSON. */
  readonly json: Record<string, unknown>;
}

/** The application and what happened inside. */
export interface TestApp {
  /** Answers a request, as a server's handler. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  graph(id: string): FakeGraph;
  /** Log records so far. */
  readonly records: Record<string, unknown>[];
}

/** Makes an application over fake graphs. */
export async function createTestApp(options: AppOptions): Promise<TestApp> {
  const fakes = new Map<string, FakeGraph>();
  const live = new Map<string, LiveGraph>();
  for (const [graphId, policy] of Object.entries(options.graphs)) {
    const graph = createFakeGraph(`/data/${graphId}`);
    const names = ["person", "find", "add"];
    const applied = names.map((name) => ({ name, source: STORED, digest: "one" }));
    const { byName, catalogText } = compileStoredQueries(graphId, applied, graph.catalog());
    fakes.set(graphId, graph);
    const gate = policy === null ? null : await gateOf(policy, { kind: "graph", graphId });
    live.set(graphId, { graphId, graph, gate, queries: byName, catalogText });
  }
  const records: Record<string, unknown>[] = [];
  const log = new Log({
    level: "info",
    clock: { nowMs: () => 0 },
    sink: (line) => records.push(JSON.parse(line)),
  });
  const serverGate = options.serverPolicy === undefined
    ? null
    : await gateOf(options.serverPolicy, { kind: "server" });
  const state: RuntimeState = options.actors === undefined ? "open" : "policy_enabled";
  const tokens = options.actors?.map((actor) => [actor, `token-${actor}`] as const);
  const app = createApp({
    registry: new Registry({ revision: 1, state, graphs: live, serverGate }),
    tokens: tokens === undefined ? null : new TokenTable(new Map(tokens)),
    admission: new Admission({ inflightMax: options.inflightMax ?? 16, bytesMax: 2 ** 32 }),
    bodies: new OpenBodies(),
    streams: new StreamRoom(),
    log,
    clock: { nowMs: () => 0 },
    health: { version: "1.2.3", storageFormat: 1, sourceVersion: null },
  });
  return {
    records,
    fetch: (request) => app.fetch(request),
    graph: (id) => {
      const fake = fakes.get(id);
      assert.ok(fake !== undefined);
      return fake;
    },
    ask: async (method, path, ask = {}) => {
      const headers = new Headers(ask.headers);
      if (ask.as !== undefined) headers.set("Authorization", `Bearer token-${ask.as}`);
      if (ask.json !== undefined) headers.set("Content-Type", "application/json");
      const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json);
      const init = { method, headers, ...(body === undefined ? {} : { body }) };
      return await readAnswer(await app.request(path, init));
    },
  };
}

/** Reads a response to its end. */
export async function readAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  let json: Record<string, unknown> = {};
  try {
    json = JSON.parse(text);
  } catch {
    // a body that is no JSON has no members
  }
  return { status: response.status, headers: response.headers, text, json };
}

async function gateOf(text: string, resource: PolicyResource): Promise<PolicyGate> {
  const { bundle, diagnostics } = parseBundle(text, { path: "p.yaml", kind: resource.kind });
  assert.ok(bundle !== null, diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return await openGate(bundle, resource);
}
