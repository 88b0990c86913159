/**
 * What a server serves, from the storage root alone: the applied revision, every blob verified. No lock, no sweep, no
 * write; the desired configuration is never looked at.
 *
 *   recovery records -> ledger -> providers -> policies -> blobs
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { sha256Hex } from "../base/digest.ts";
import type { Env } from "../base/ports.ts";
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { type Address, graphRootKey, parseAddress, policyAddress } from "./address.ts";
import { graphIds } from "./digests.ts";
import { ClusterFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";
import type { Ledger } from "./ledger.ts";
import { LEDGER_KEY, readLedger } from "./ledger_store.ts";
import { runJobs } from "./parallel.ts";
import { payloadKey } from "./payload_keys.ts";
import {
  judgeLedger,
  judgePolicies,
  judgeProvider,
  judgeRecoveries,
  type ScopePolicies,
  unroutableGraphs,
} from "./readiness.ts";
import { readRecoveries } from "./recovery_store.ts";
import type { Quarantine, ServedGraph, ServedQuery, ServingRevision } from "./serving_revision.ts";

/** A cluster that must not be served: every finding as one line `[code] path: message`. */
export class ReadinessError extends AppError {
  constructor(findings: readonly Diagnostic[]) {
    super(
      "integrity_error",
      findings.map(({ code, path, message, help }) =>
        `[${code}] ${path}: ${message}${help === undefined ? "" : `; ${help}`}`
      ).join("\n"),
      {
        diagnostics: findings,
      },
    );
  }
}

/** What the loader needs of a store. */
type ServingStore = Pick<ObjectStore, "get" | "list" | "prefixExists">;

/**
 * Loads the applied revision. `env` resolves the keys of embedding providers; without it they are not looked at.
 *
 * @throws ReadinessError when the cluster as a whole must not be served
 */
export async function loadServingRevision(
  store: ServingStore,
  options: { readonly env?: Env } = {},
): Promise<ServingRevision> {
  const recoveries = await readRecoveries(store);
  const judged = judgeRecoveries(recoveries.files);
  const findings: Diagnostic[] = [...judged.findings];
  if (recoveries.problem !== null) findings.push({ ...recoveries.problem, severity: "error" });
  const ledger = await readAppliedLedger(store, findings);
  findings.push(...judgeLedger(ledger));
  const ids = graphIds(ledger.entries.keys());
  const quarantined: Quarantine[] = [
    ...judged.quarantined.filter(({ graphId }) => ids.includes(graphId)),
    ...unroutableGraphs(ids),
  ];
  const healthy = new Set(ids.filter((id) => quarantined.every(({ graphId }) => graphId !== id)));
  for (const id of [...healthy]) {
    const provider = judgeProvider(ledger, id, options.env ?? null);
    if (provider.finding !== null) findings.push(provider.finding);
    if (provider.quarantine === null) continue;
    quarantined.push(provider.quarantine);
    healthy.delete(id);
  }
  const { policies, findings: policyFindings } = judgePolicies(ledger, healthy);
  findings.push(...policyFindings);
  const served = await loadBlobs(store, ledger, healthy, policies, findings);
  if (healthy.size === 0 && ids.length > 0) {
    findings.push(
      ...quarantined.map(({ graphId, code, message }) => refusal(code, `graph.${graphId}`, message)),
    );
    const message = "every graph of the applied revision is kept out: settle each of them";
    findings.push(finding("cluster_no_healthy_graphs", LEDGER_KEY, message));
  }
  if (findings.length > 0) throw new ReadinessError(findings);
  return {
    revision: ledger.revision,
    configDigest: ledger.configDigest,
    commit: commitOf(ledger),
    quarantined,
    ...served,
  };
}

async function readAppliedLedger(store: ServingStore, findings: readonly Diagnostic[]): Promise<Ledger> {
  try {
    const { ledger, cas } = await readLedger(store);
    if (cas !== null) return ledger;
    const message = "there is no ledger: run `cluster apply` against this storage root first";
    throw new ClusterFailure(finding("cluster_state_missing", LEDGER_KEY, message));
  } catch (error) {
    if (error instanceof ClusterFailure) throw new ReadinessError([...findings, error.diagnostic]);
    throw error;
  }
}

async function loadBlobs(
  store: ServingStore,
  ledger: Ledger,
  healthy: ReadonlySet<string>,
  policies: ScopePolicies,
  findings: Diagnostic[],
): Promise<Pick<ServingRevision, "graphs" | "serverPolicy">> {
  const bound = new Set([
    ...policies.byGraph.values(),
    ...(policies.server === null ? [] : [policies.server]),
  ]);
  const wanted = [...ledger.entries].filter(([address]) => {
    const parsed = parseAddress(address);
    return parsed?.kind === "query"
      ? healthy.has(parsed.graph)
      : parsed?.kind === "policy" && bound.has(parsed.name);
  });
  const texts = new Map<Address, string>();
  const verified = await runJobs(
    wanted.map(([address, { digest }]) => () => verifiedBlob(store, address, digest)),
  );
  wanted.forEach(([address], index) => {
    const blob = verified[index]!;
    if (typeof blob === "string") texts.set(address, blob);
    else findings.push(blob);
  });
  const policyOf = (name: string | null | undefined) =>
    name == null ? null : { name, text: texts.get(policyAddress(name)) ?? "" };
  const graphs = [...healthy].map((graphId): ServedGraph => {
    const queries = wanted.flatMap(([address, { digest }]): ServedQuery[] => {
      const parsed = parseAddress(address);
      if (parsed?.kind !== "query" || parsed.graph !== graphId) return [];
      return [{ name: parsed.name, source: texts.get(address) ?? "", digest }];
    });
    return {
      graphId,
      rootKey: graphRootKey(graphId),
      queries,
      policy: policyOf(policies.byGraph.get(graphId)),
    };
  });
  return { graphs, serverPolicy: policyOf(policies.server) };
}

/** The text of a blob whose bytes have the recorded digest, or what is wrong with it. */
async function verifiedBlob(
  store: ServingStore,
  address: Address,
  digest: string,
): Promise<string | Diagnostic> {
  if (digest === "") {
    const message = "what the policy says is lost: run `cluster apply`, which stores it again";
    return refusal("catalog_payload_missing", address, message);
  }
  const key = payloadKey(address, digest) ?? address;
  try {
    const stored = await store.get(key);
    if (stored === null) {
      return refusal("catalog_payload_missing", address, `blob \`${key}\` is missing: run \`cluster apply\``);
    }
    if (sha256Hex(stored.bytes) !== digest) {
      const message =
        `blob \`${key}\` was tampered with: its bytes do not have the applied digest, run \`cluster apply\``;
      return refusal("catalog_payload_digest_mismatch", address, message);
    }
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(stored.bytes);
  } catch (error) {
    const message = `blob \`${key}\` cannot be read: ${causeText(error)}`;
    return refusal("catalog_payload_missing", address, message);
  }
}

function refusal(code: string, path: string, message: string): Diagnostic {
  return { code, severity: "error", path, message };
}

/** The commit that was applied, as the ledger recorded it. */
function commitOf({ provenance }: Ledger): string | null {
  if (typeof provenance !== "object" || provenance === null || Array.isArray(provenance)) return null;
  const commit = (provenance as Readonly<Record<string, unknown>>)["commit"];
  return typeof commit === "string" ? commit : null;
}
