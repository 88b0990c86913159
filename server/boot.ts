/**
 * From a storage root to a revision that can be served.
 *
 *   applied revision ─> policy gates ─> tokens ─> runtime state ─> open graphs, compile queries ─> LiveRevision
 *
 * What is wrong with one graph quarantines it: the others are served, and every start says so. What is wrong with the
 * cluster refuses the start.
 */
import type { Diagnostic } from "../core/base/diagnostic.ts";
import type { Env } from "../core/base/ports.ts";
import { AppError } from "../core/errors.ts";
import { resolveClusterRoot } from "../core/cluster/resolve.ts";
import { loadServingRevision, ReadinessError } from "../core/cluster/serving.ts";
import type { Quarantine, ServedGraph, ServingRevision } from "../core/cluster/serving_revision.ts";
import { openGraph } from "../core/graph/open.ts";
import type { PolicyGate } from "../core/policy/actions.ts";
import { parseBundle } from "../core/policy/bundle.ts";
import { openGate } from "../core/policy/gate.ts";
import type { PolicyResource } from "../core/policy/model.ts";
import { loadLance } from "../core/storage/lance_library.ts";
import { openObjectStore, openTableStore } from "../core/storage/open.ts";
import { joinUri, showUri, type StorageUri } from "../core/storage/uri.ts";
import type { Log } from "./log.ts";
import type { LiveGraph, LiveRevision } from "./registry.ts";
import { decideRuntimeState, type RuntimeState } from "./runtime_state.ts";
import type { Settings } from "./settings.ts";
import { compileStoredQueries } from "./stored_queries.ts";
import { textOf } from "./text_of.ts";
import { loadTokens, type TokenTable } from "./tokens.ts";

/** Graphs that are opened at the same time. */
const OPENED_TOGETHER = 4;

/** What the server starts with. */
export interface Booted {
  readonly revision: LiveRevision;
  /** Null when no tokens are configured. */
  readonly tokens: TokenTable | null;
  /** Where all of it came from. */
  readonly root: StorageUri;
}

/**
 * Boots from the storage root of a cluster; reads only. Throws {@linkcode ReadinessError} when the cluster must not be
 * served, another `AppError` when tokens or settings forbid it.
 */
export async function boot(settings: Settings, env: Env, log: Log): Promise<Booted> {
  // A URI needs no working directory, which a sandboxed process may not ask for.
  const baseDir = settings.cluster.includes("://") ? "/" : Deno.cwd();
  const root = await resolveClusterRoot(settings.cluster, baseDir);
  const applied = await loadServingRevision(openObjectStore(root));
  const serverGate = await openServerGate(applied);
  const { table: tokens, source } = await loadTokens(env, (path) => Deno.readTextFile(path));
  if (tokens !== null) log.info("bearer tokens loaded", { source, count: tokens.size });
  const policy = applied.serverPolicy !== null || applied.graphs.some((graph) => graph.policy !== null);
  const { unauthenticated } = settings;
  const state = decideRuntimeState({ tokens: tokens !== null, policy, unauthenticated });
  warnAboutState(state, log);
  // Loaded before anybody asks: no native code may be loaded once the server answers requests.
  await loadLance();
  const graphs = await openGraphs(root, applied, settings.requireAllGraphs, log);
  return { revision: { revision: applied.revision, state, graphs, serverGate }, tokens, root };
}

/** Opens what can be served, by ascending id; closes it again and throws when that is not enough. */
async function openGraphs(
  root: StorageUri,
  applied: ServingRevision,
  requireAll: boolean,
  log: Log,
): Promise<ReadonlyMap<string, LiveGraph>> {
  const quarantined: Quarantine[] = [...applied.quarantined];
  const live: LiveGraph[] = [];
  await forEachTogether(applied.graphs, OPENED_TOGETHER, async (graph) => {
    const outcome = await openServed(root, graph, log);
    if ("code" in outcome) quarantined.push(outcome);
    else live.push(outcome);
  });
  for (const { graphId, code, message } of quarantined) {
    log.warn("graph quarantined", { graph_id: graphId, code, error: message });
  }
  if (live.length === 0 || (requireAll && quarantined.length > 0)) {
    await Promise.all(live.map(({ graph }) => graph.close()));
    throw refusalOf(quarantined, live.length === 0);
  }
  live.sort((a, b) => a.graphId < b.graphId ? -1 : 1); // ids are ASCII
  return new Map(live.map((graph) => [graph.graphId, graph]));
}

async function openServed(
  root: StorageUri,
  served: ServedGraph,
  log: Log,
): Promise<LiveGraph | Quarantine> {
  const { graphId } = served;
  const quarantine = (code: string, error: unknown) => ({ graphId, code, message: textOf(error) });
  let gate: PolicyGate | null = null;
  try {
    if (served.policy !== null) gate = await openBundle(served.policy, { kind: "graph", graphId });
  } catch (error) {
    return quarantine("graph_policy_invalid", error);
  }
  const uri = joinUri(root, served.rootKey);
  let graph;
  try {
    const store = openObjectStore(uri);
    const onBackgroundError = (error: unknown) =>
      log.warn("background work failed", { graph_id: graphId, error: textOf(error) });
    const tables = openTableStore(uri);
    graph = await openGraph({ store, tables, uri: showUri(uri), gate, onBackgroundError });
  } catch (error) {
    return quarantine("graph_open_failed", error);
  }
  try {
    const { byName, catalogText } = compileStoredQueries(graphId, served.queries, graph.catalog());
    return { graphId, graph, gate, queries: byName, catalogText };
  } catch (error) {
    await graph.close();
    return quarantine("graph_query_invalid", error);
  }
}

async function openServerGate({ serverPolicy }: ServingRevision): Promise<PolicyGate | null> {
  if (serverPolicy === null) return null;
  try {
    return await openBundle(serverPolicy, { kind: "server" });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const path = `policy.${serverPolicy.name}`;
    throw new ReadinessError([{ code: "policy_invalid", severity: "error", path, message: textOf(error) }]);
  }
}

async function openBundle(
  policy: { readonly name: string; readonly text: string },
  resource: PolicyResource,
): Promise<PolicyGate> {
  const path = `policy.${policy.name}`;
  const { bundle, diagnostics } = parseBundle(policy.text, { path, kind: resource.kind });
  if (bundle !== null) return await openGate(bundle, resource);
  throw new AppError("invalid_input", `policy bundle '${policy.name}' is invalid`, { diagnostics });
}

/** The refusal that lists the quarantined graphs. */
function refusalOf(quarantined: readonly Quarantine[], noneHealthy: boolean): ReadinessError {
  const finding = (code: string, path: string, message: string): Diagnostic => {
    return { code, severity: "error", path, message };
  };
  const findings = quarantined.map(({ graphId, code, message }) =>
    finding(code, `graph.${graphId}`, message)
  );
  if (noneHealthy) {
    const message = "no graph of the applied revision can be served: fix each of them";
    findings.push(finding("cluster_no_healthy_graphs", "__cluster/state.json", message));
  }
  return new ReadinessError(findings);
}

function warnAboutState(state: RuntimeState, log: Log): void {
  if (state === "open") log.warn("serving without authentication: anyone may read and write every graph");
  if (state === "default_deny") log.warn("no policy is bound: authenticated actors may only read");
}

/** Runs `work` over the items, at most `limit` at a time. */
async function forEachTogether<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  await Promise.all(Array.from({ length: limit }, async () => {
    for (const item of rest) await work(item);
  }));
}
