/** One real graph behind the HTTP application, with and without a socket. */
import { openRemoteGraph, type RemoteGraph } from "../../core/api/remote.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createApp } from "../../server/app.ts";
import { Log } from "../../server/log.ts";
import { Admission } from "../../server/middleware/admission.ts";
import { OpenBodies } from "../../server/middleware/open_bodies.ts";
import { Registry } from "../../server/registry.ts";
import { StreamRoom } from "../../server/stream_room.ts";
import { type Answer, readAnswer } from "./http_app.ts";

/** A graph that everybody may read and write over HTTP, under the id `films`. */
export interface ServedGraph {
  /** Asks a path below the graph. */
  ask(method: string, path: string, json?: unknown): Promise<Answer>;
  /** The graph over a socket, as a command sees it. */
  readonly remote: RemoteGraph;
  /** Stops listening; the graph stays open. */
  close(): Promise<void>;
}

/** Serves a graph. */
export function serveGraph(graph: EmbeddedGraph): ServedGraph {
  const clock = { nowMs: () => 0 };
  const live = { graphId: "films", graph, gate: null, queries: new Map(), catalogText: "" };
  const app = createApp({
    registry: new Registry({
      revision: 1,
      state: "open",
      graphs: new Map([["films", live]]),
      serverGate: null,
    }),
    tokens: null,
    admission: new Admission({ inflightMax: 16, bytesMax: 2 ** 32 }),
    bodies: new OpenBodies(),
    streams: new StreamRoom(),
    log: new Log({ level: "error", clock, sink: () => {} }),
    clock,
    health: { version: "1.2.3", storageFormat: 1, sourceVersion: null },
  });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  const baseUrl = `http://127.0.0.1:${server.addr.port}`;
  return {
    ask: async (method, path, json) => {
      const headers = { "Content-Type": "application/json" };
      const init = { method, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) };
      return await readAnswer(await app.request(`/graphs/films${path}`, init));
    },
    remote: openRemoteGraph({ baseUrl, token: null, graph: "films" }),
    close: () => server.shutdown(),
  };
}
