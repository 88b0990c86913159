/**
 * Judges whether an applied revision can be served: what refuses the whole cluster, what only keeps one graph out.
 * Looks at the ledger alone; the blobs are verified in `serving.ts`.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Env } from "../base/ports.ts";
import {
  type Address,
  CLUSTER_SCOPE,
  graphAddress,
  graphOf,
  isServableGraphId,
  parseAddress,
  policyAddress,
} from "./address.ts";
import { graphIds, providerDigest } from "./digests.ts";
import { finding } from "./findings.ts";
import { brokenComposites, type Ledger } from "./ledger.ts";
import { LEDGER_KEY } from "./ledger_store.ts";
import type { StoredRecovery } from "./recovery_store.ts";
import type { Quarantine } from "./serving_revision.ts";

/** Which policy binds which scope. */
export interface ScopePolicies {
  /** Graph id to policy name. */
  readonly byGraph: ReadonlyMap<string, string>;
  /** The policy bound to `cluster`. */
  readonly server: string | null;
}

/** Recovery records that keep graphs out, and those that refuse the cluster. */
export function judgeRecoveries(
  files: readonly StoredRecovery[],
): { readonly quarantined: readonly Quarantine[]; readonly findings: readonly Diagnostic[] } {
  const quarantined: Quarantine[] = [];
  const findings: Diagnostic[] = [];
  for (const { key, ...stored } of files) {
    if (stored.record === null) findings.push({ ...stored.problem, severity: "error" });
    else if (stored.record.graphId.trim() === "") {
      const message = "the recovery record names no graph: inspect and delete it";
      findings.push(finding("cluster_recovery_unattributed", key, message));
    } else {
      const { graphId, operationId } = stored.record;
      const message =
        `operation ${operationId} of graph \`${graphId}\` was interrupted: any mutating command settles it, ` +
        "run `cluster apply`";
      quarantined.push({ graphId, code: "cluster_recovery_pending", message });
    }
  }
  return { quarantined, findings };
}

/** What is wrong with the ledger as a whole. */
export function judgeLedger(ledger: Ledger): Diagnostic[] {
  const findings = brokenComposites(ledger).map((graph) => {
    const message =
      `the recorded digest of \`${graphAddress(graph)}\` does not follow from the ledger's own entries: ` +
      "restore the ledger";
    return finding("external_blob_policy_digest_mismatch", LEDGER_KEY, message);
  });
  if (graphIds(ledger.entries.keys()).length === 0) {
    findings.push(
      finding("cluster_empty", LEDGER_KEY, "no graph was applied: declare one and run `cluster apply`"),
    );
  }
  return findings;
}

/** Graph ids of the ledger that no route can name. */
export function unroutableGraphs(ids: readonly string[]): Quarantine[] {
  return ids.filter((id) => !isServableGraphId(id)).map((graphId) => ({
    graphId,
    code: "graph_id_not_servable",
    message: `no route can name the graph id \`${graphId}\`: it needs 1 to 64 letters, digits or \`-\``,
  }));
}

/** Checks the embedding provider of a graph; `env` resolves its key, null leaves that out. */
export function judgeProvider(
  ledger: Ledger,
  graph: string,
  env: Env | null,
): { readonly quarantine: Quarantine | null; readonly finding: Diagnostic | null } {
  const address = ledger.entries.get(graphAddress(graph))?.embeddingProvider ?? null;
  const fine = { quarantine: null, finding: null };
  if (address === null) return fine;
  const refuse = (one: Diagnostic) => ({ quarantine: null, finding: one });
  if (parseAddress(address)?.kind !== "embedding_provider") {
    const message = `\`${address}\` is no embedding provider: run \`cluster apply\``;
    return refuse(finding("wrong_kind_reference", graphAddress(graph), message));
  }
  const entry = ledger.entries.get(address);
  if (entry === undefined) {
    const message = `graph \`${graph}\` needs the provider, which was not applied: run \`cluster apply\``;
    return refuse(finding("embedding_provider_missing", address, message));
  }
  if (entry.embeddingProfile === null) {
    const message = "the ledger holds no profile of the provider: run `cluster apply`";
    return refuse(finding("embedding_provider_profile_missing", address, message));
  }
  if (providerDigest(entry.embeddingProfile) !== entry.digest) {
    const message = "the profile in the ledger does not have the recorded digest: restore the ledger";
    return refuse(finding("embedding_provider_digest_mismatch", address, message));
  }
  const variable = /^\$\{(.+)\}$/.exec(entry.embeddingProfile.api_key ?? "")?.[1];
  if (env === null || variable === undefined || (env.get(variable) ?? "").trim() !== "") return fine;
  const message = `embedding provider \`${address}\` needs the environment variable ${variable}`;
  return { quarantine: { graphId: graph, code: "graph_embedding_unresolved", message }, finding: null };
}

/** Which policies bind `cluster` and the healthy graphs. */
export function judgePolicies(
  ledger: Ledger,
  healthy: ReadonlySet<string>,
): { readonly policies: ScopePolicies; readonly findings: readonly Diagnostic[] } {
  const findings: Diagnostic[] = [];
  const byGraph = new Map<string, string>();
  let server: string | null = null;
  for (const [address, entry] of ledger.entries) {
    const parsed = parseAddress(address);
    if (parsed?.kind !== "policy") continue;
    if (entry.appliesTo === null) {
      const message = "the ledger does not say what the policy applies to: run `cluster apply`";
      findings.push(finding("policy_bindings_missing", address, message));
      continue;
    }
    for (const scope of entry.appliesTo) {
      const graph = scopeGraph(scope);
      if (graph === undefined) {
        findings.push(
          finding(
            "wrong_kind_reference",
            address,
            `\`${scope}\` is no target of a policy: run \`cluster apply\``,
          ),
        );
        continue;
      }
      const other = graph === null ? server : byGraph.get(graph) ?? null;
      if (other !== null) {
        const message = `\`${
          policyAddress(other)
        }\` and \`${address}\` both bind \`${scope}\`: merge them and run apply`;
        findings.push(finding("duplicate_policy_binding", address, message));
      } else if (graph === null) server = parsed.name;
      else if (healthy.has(graph)) byGraph.set(graph, parsed.name);
    }
  }
  return { policies: { byGraph, server }, findings };
}

/** Graph id of a binding, null for `cluster`, undefined for anything else. */
function scopeGraph(scope: Address): string | null | undefined {
  if (scope === CLUSTER_SCOPE) return null;
  return parseAddress(scope)?.kind === "graph" ? graphOf(scope) ?? undefined : undefined;
}
