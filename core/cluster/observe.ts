/**
 * What graphs and blobs really are, and what the ledger should say of them. Looking is one thing, the ledger that follows
 * another: the second half is pure.
 *
 * | Declared graph | Ledger |
 * |---|---|
 * | no root | graph and schema go; both `drifted`, `graph_missing` |
 * | opens | schema as it is live, bindings as recorded; both `applied`, or `drifted`, `schema_mismatch` |
 * | does not open | entries stay; both `error`, `graph_observation_error` |
 *
 * | Blob of a query or policy | Ledger |
 * |---|---|
 * | missing, or other bytes than its digest says | the digest goes; `drifted`, `payload_missing` or `payload_mismatch` |
 * | unreadable | the digest stays; `error`, `payload_read_error` |
 * | fine again | such marks go |
 *
 * Digests of queries and policies are never made up: one that goes comes back with the next apply. The entry of a query
 * goes with its digest. The entry of a policy stays: without it, graphs that it guards would be open to every reader.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Address, graphAddress, parseAddress, schemaAddress } from "./address.ts";
import type { GraphEngine } from "./engine.ts";
import { finding } from "./findings.ts";
import {
  type Ledger,
  type LedgerEntry,
  ledgerEntry,
  type ResourceStatus,
  resourceStatus,
  withComposites,
} from "./ledger.ts";

/** One graph as it was found. Unknown members are null. */
export interface GraphObservation {
  readonly graph: string;
  readonly uri: string;
  /** RFC 3339. */
  readonly observedAt: string;
  readonly exists: boolean;
  readonly version: number | null;
  readonly schemaDigest: string | null;
  readonly desiredDigest: string | null;
  readonly error: string | null;
}

/** Looks at graphs; `desired` maps each to the digest of its declared schema. `checkStop` is asked before each. */
export async function observeGraphs(
  engine: Pick<GraphEngine, "inspect" | "rootUri">,
  desired: ReadonlyMap<string, string | null>,
  observedAt: string,
  checkStop: () => void,
): Promise<GraphObservation[]> {
  const observations: GraphObservation[] = [];
  for (const [graph, desiredDigest] of desired) {
    checkStop();
    const root = await engine.inspect(graph);
    const isOpen = root.kind === "open";
    const error = root.kind === "broken"
      ? root.message
      : root.kind === "uncommitted"
      ? "the root holds no graph"
      : null;
    observations.push({
      graph,
      uri: engine.rootUri(graph),
      observedAt,
      exists: root.kind !== "absent",
      version: isOpen ? root.version : null,
      schemaDigest: isOpen ? root.schemaDigest : null,
      desiredDigest,
      error,
    });
  }
  return observations;
}

/** The ledger after graphs were observed, and findings about those that do not open. */
export function recordGraphs(
  ledger: Ledger,
  observed: readonly GraphObservation[],
): { readonly ledger: Ledger; readonly diagnostics: readonly Diagnostic[] } {
  const entries = new Map(ledger.entries);
  const statuses = new Map(ledger.statuses);
  const observations = new Map(ledger.observations);
  for (const one of observed) {
    const graph = graphAddress(one.graph);
    const schema = schemaAddress(one.graph);
    observations.set(graph, observationJson(one));
    const status = statusOf(one);
    statuses.set(graph, status).set(schema, status);
    if (!one.exists) {
      entries.delete(graph);
      entries.delete(schema);
    } else if (one.schemaDigest !== null) {
      entries.set(graph, entries.get(graph) ?? ledgerEntry(""));
      const { origin = {}, unknown = {}, digest = null } = entries.get(schema) ?? {};
      // What is live by another hand than apply's has no commit of its own.
      const kept = digest === one.schemaDigest ? origin : {};
      entries.set(schema, ledgerEntry(one.schemaDigest, { origin: kept, unknown }));
    }
  }
  const broken = observed.filter(({ error }) => error !== null);
  const diagnostics = broken.length === 0 ? [] : [finding(
    "graph_observation_error",
    "graphs",
    `${broken.length} graph(s) do not open: ${
      broken.map(({ uri, error }) => `\`${uri}\`: ${error}`).join("; ")
    }`,
  )];
  return { ledger: { ...ledger, entries: withComposites(entries), statuses, observations }, diagnostics };
}

/** The ledger after the blobs of the catalog were checked; `problems` are the findings of that check. */
export function recordBlobs(ledger: Ledger, problems: readonly Diagnostic[]): Ledger {
  const entries = new Map(ledger.entries);
  const statuses = new Map(ledger.statuses);
  for (const [address, { conditions }] of ledger.statuses) {
    if (!conditions.includes("payload_read_error")) continue;
    if (entries.has(address)) statuses.set(address, resourceStatus("applied"));
    else statuses.delete(address);
  }
  for (const { code, path } of problems) {
    if (path === undefined) continue;
    const condition = BLOB_CONDITIONS[code];
    if (condition === undefined) continue;
    statuses.set(path, resourceStatus(condition === "payload_read_error" ? "error" : "drifted", condition));
    if (condition === "payload_read_error") continue;
    const entry = entries.get(path);
    if (entry !== undefined && parseAddress(path)?.kind === "policy") {
      entries.set(path, { ...entry, digest: "" });
    } else entries.delete(path);
  }
  return { ...ledger, entries: withComposites(entries), statuses };
}

/**
 * The ledger with the declared policies in it, their content lost: what was applied is not known, and until the next apply
 * says it again no server may take their graphs for unguarded.
 */
export function withLostPolicies(ledger: Ledger, desired: ReadonlyMap<Address, LedgerEntry>): Ledger {
  const entries = new Map(ledger.entries);
  for (const [address, { appliesTo }] of desired) {
    if (appliesTo !== null) entries.set(address, ledgerEntry("", { appliesTo }));
  }
  return { ...ledger, entries };
}

const BLOB_CONDITIONS: Readonly<Record<string, string>> = {
  catalog_payload_missing: "payload_missing",
  catalog_payload_mismatch: "payload_mismatch",
  catalog_payload_read_error: "payload_read_error",
};

function statusOf(one: GraphObservation): ResourceStatus {
  if (!one.exists) return resourceStatus("drifted", "graph_missing");
  if (one.error !== null) return resourceStatus("error", "graph_observation_error", one.error);
  return one.schemaDigest === one.desiredDigest
    ? resourceStatus("applied")
    : resourceStatus("drifted", "schema_mismatch");
}

function observationJson(one: GraphObservation) {
  return {
    kind: "graph",
    address: graphAddress(one.graph) satisfies Address,
    graph_uri: one.uri,
    observed_at: one.observedAt,
    exists: one.exists,
    graph_manifest_version: one.version,
    schema_digest: one.schemaDigest,
    desired_schema_digest: one.desiredDigest,
    schema_matches_desired: one.schemaDigest === null ? null : one.schemaDigest === one.desiredDigest,
    error: one.error,
  };
}
