/**
 * The HTTP application: a function of its services, without effects of its own.
 *
 * Order of a request: route (404, 405), token (401), graph id (400, 404), body (400, 413, 415), authorization (403),
 * admission (429), engine.
 */
import { type Context, Hono } from "@hono/hono";
import { type Method, type OperationId, type Route, ROUTES } from "../core/api/routes.ts";
import { graphListText, healthText } from "../core/api/wire.ts";
import { isServableGraphId } from "../core/cluster/address.ts";
import { AppError } from "../core/errors.ts";
import { authorize } from "./authorize.ts";
import { Call, jsonResponse, type Services } from "./call.ts";
import { authenticate } from "./middleware/auth.ts";
import { errorResponse } from "./middleware/errors.ts";
import type { LiveGraph } from "./registry.ts";
import { createBranch, deleteBranch, listBranches } from "./routes/branches.ts";
import { captureChangeBaseline, getCommitChanges, getDiff, pollChanges } from "./routes/changes.ts";
import { exportGraph } from "./routes/export.ts";
import { applySchema, getCommit, getEntity, getSchema, getSnapshot, listCommits } from "./routes/facts.ts";
import { mutate, mutateIfGraphCommit, query, read } from "./routes/inline.ts";
import { load, loadNdjson } from "./routes/load.ts";
import { mergeBranches, revertCommit } from "./routes/merges.ts";
import { invokeQuery, invokeQueryIfGraphCommit, listQueries } from "./routes/stored.ts";

/** Answers a request to a graph; `name` is the path segment after the route's own, empty when it has none. */
type GraphHandler = (call: Call, name: string) => Response | Promise<Response>;

type ServerOperation = "health" | "listGraphs";

const GRAPH_HANDLERS: Readonly<Record<Exclude<OperationId, ServerOperation>, GraphHandler>> = {
  getSnapshot,
  getEntity,
  getSchema,
  applySchema,
  query,
  read,
  export: exportGraph,
  list_queries: listQueries,
  invoke_query: invokeQuery,
  invoke_query_if_graph_commit: invokeQueryIfGraphCommit,
  mutate,
  mutate_if_graph_commit: mutateIfGraphCommit,
  change: mutate,
  load,
  loadNdjson,
  ingest: load,
  listBranches,
  createBranch,
  deleteBranch,
  mergeBranches,
  listCommits,
  getCommit,
  revertCommit,
  getCommitChanges,
  getDiff,
  pollChanges,
  captureChangeBaseline,
};

/** Makes the application. */
export function createApp(services: Services): Hono {
  const app = new Hono();
  const { log, clock, bodies } = services;
  app.onError((error) => errorResponse(error, log));
  app.notFound((context) => errorResponse(noRoute(context), log));
  app.use(async (context, next) => {
    const startMs = clock.nowMs();
    const { method, path, raw } = context.req;
    if (method === "POST") bodies.begin(raw);
    await next();
    bodies.end(raw);
    if (method === "HEAD") await declareLength(context);
    const { status } = context.res;
    log.info("request", { method, path: shortened(path), status, ms: clock.nowMs() - startMs });
  });
  for (const [operation, route] of Object.entries(ROUTES) as [OperationId, Route][]) {
    const path = route.path.replaceAll(/\{(\w+)\}/g, ":$1");
    if (route.successor !== undefined) addDeprecation(app, path, route.successor);
    app.on(route.method, path, handlerOf(services, operation));
  }
  for (const [path, methods] of methodsByPath()) {
    app.all(path, (context) => methodNotAllowed(context, methods, services));
  }
  return app;
}

function handlerOf(
  services: Services,
  operation: OperationId,
): (context: Context) => Response | Promise<Response> {
  if (operation === "health") return () => jsonResponse(healthText(services.health));
  if (operation === "listGraphs") return (context) => listGraphs(services, context.req.raw);
  const handler = GRAPH_HANDLERS[operation];
  return (context) => {
    const request = context.req.raw;
    const actor = authenticate(services.tokens, request.headers);
    const served = servedGraph(services, context.req.param("graph_id") ?? "");
    services.log.info("graph routed", { graph_id: served.graphId });
    const name = context.req.param("name") ?? context.req.param("commit_id") ??
      context.req.param("branch") ?? "";
    return handler(new Call(services, request, actor, served), name);
  };
}

/** `GET /graphs`: the served graphs, for those whom the cluster's own bundle lets list them. */
function listGraphs(services: Services, request: Request): Response {
  const actor = authenticate(services.tokens, request.headers);
  const { graphs, serverGate } = services.registry.current;
  authorize(serverGate, actor, { action: "graph_list" }, services.log);
  return jsonResponse(
    graphListText([...graphs.values()].map(({ graphId, graph }) => ({ graphId, uri: graph.uri }))),
  );
}

function servedGraph(services: Services, graphId: string): LiveGraph {
  const served = services.registry.current.graphs.get(graphId);
  if (served !== undefined) return served;
  if (isServableGraphId(graphId)) throw new AppError("graph_not_found", `graph '${graphId}' not found`);
  const rule = "1 to 64 letters, digits or `-`, and none of policies, healthz, openapi, graphs";
  throw new AppError("invalid_input", `graph id '${graphId}' is not valid: use ${rule}`);
}

/** Says how long the body would be that a HEAD request does not get. */
async function declareLength({ res }: Context): Promise<void> {
  const body = await res.clone().arrayBuffer();
  res.headers.set("Content-Length", String(body.byteLength));
}

function addDeprecation(app: Hono, path: string, successor: string): void {
  app.use(path, async (context, next) => {
    await next();
    context.res.headers.set("Deprecation", "true");
    context.res.headers.set("Link", `<${successor}>; rel="successor-version"`);
  });
}

function methodsByPath(): Map<string, Method[]> {
  const methods = new Map<string, Method[]>();
  for (const { path, method } of Object.values(ROUTES) as Route[]) {
    const key = path.replaceAll(/\{(\w+)\}/g, ":$1");
    methods.set(key, [...methods.get(key) ?? [], method]);
  }
  // A literal segment is also a value of a parameter in its place, and comes first.
  const literal = [...methods].sort(([a], [b]) => a.split(":").length - b.split(":").length);
  return new Map(literal.map(([path, own]) => {
    const others = literal.flatMap(([other, more]) => other !== path && covers(other, path) ? more : []);
    return [path, [...new Set([...own, ...others])]];
  }));
}

function covers(pattern: string, path: string): boolean {
  const [segments, covered] = [pattern.split("/"), path.split("/")];
  return segments.length === covered.length &&
    segments.every((segment, i) => segment === covered[i] || segment.startsWith(":"));
}

function methodNotAllowed(context: Context, methods: readonly Method[], services: Services): Response {
  // Whoever may GET may also HEAD.
  const allowed = methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]).join(", ");
  const text = `method '${context.req.method}' is not allowed on '${
    shortened(context.req.path)
  }', allowed: ${allowed}`;
  const response = errorResponse(new AppError("method_not_allowed", text), services.log);
  response.headers.set("Allow", allowed);
  return response;
}

function noRoute(context: Context): AppError {
  return new AppError(
    "route_not_found",
    `no route for ${context.req.method} '${shortened(context.req.path)}'`,
  );
}

/** Characters of a path that are shown; no route needs more. */
const PATH_CHARS_SHOWN = 512;

/** The path as logs and messages show it: nobody fills them with one request. */
function shortened(path: string): string {
  return path.length <= PATH_CHARS_SHOWN ? path : `${path.slice(0, PATH_CHARS_SHOWN)}…`;
}
