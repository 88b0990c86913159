/** The digests of the cluster: lower-case SHA-256 hex over the bytes drawn beside each function, `·` being a zero byte. */
import { sha256Hex } from "../base/digest.ts";
import { type Address, graphAddress, queryAddress, schemaAddress } from "./address.ts";
import type { EmbeddingProfile } from "./config.ts";
import type { BlobPolicy } from "./external_blobs.ts";

/** What the composite digest of a graph covers. */
export interface GraphParts {
  readonly graph: string;
  /** null when the graph has no schema entry. */
  readonly schemaDigest: string | null;
  /** Query name to digest. */
  readonly queries: ReadonlyMap<string, string>;
  /** Bound provider; its digest is null when the provider has no entry. */
  readonly provider: { readonly address: Address; readonly digest: string | null } | null;
  /** null means deny. */
  readonly blobPolicy: BlobPolicy | null;
}

/** `embedding-provider·<compact JSON of the given members of {kind, base_url, model, api_key}>` */
export function providerDigest(profile: EmbeddingProfile): string {
  const { kind, base_url, model, api_key } = profile;
  return sha256Hex(`embedding-provider\0${JSON.stringify({ kind, base_url, model, api_key })}`);
}

/**
 * ```text
 * graph·<g>·schema·<digest or "">·
 * query·<n>·<digest>·                                 per query by name
 * embedding_provider·<address>·<digest or "">·        if bound
 * external_blob_policy·<compact JSON>·                if not deny
 * ```
 */
export function graphDigest(parts: GraphParts): string {
  let text = `graph\0${parts.graph}\0schema\0${parts.schemaDigest ?? ""}\0`;
  for (const name of [...parts.queries.keys()].sort()) text += `query\0${name}\0${parts.queries.get(name)}\0`;
  if (parts.provider !== null) {
    text += `embedding_provider\0${parts.provider.address}\0${parts.provider.digest ?? ""}\0`;
  }
  if (parts.blobPolicy !== null) text += `external_blob_policy\0${JSON.stringify(parts.blobPolicy)}\0`;
  return sha256Hex(text);
}

/** `cluster-config·<compact JSON>·` then `<address>·<digest>·` per resource by address. */
export function configDigest(configJson: string, resources: ReadonlyMap<Address, string>): string {
  let text = `cluster-config\0${configJson}\0`;
  for (const address of [...resources.keys()].sort()) text += `${address}\0${resources.get(address)}\0`;
  return sha256Hex(text);
}

/** A graph with its bindings, as the ledger records it. */
export interface GraphBindings {
  readonly embeddingProvider: Address | null;
  readonly blobPolicy: BlobPolicy | null;
}

/** The composite of a graph from the digests of a whole set of resources, and its bindings. */
export function graphDigestFrom(
  digests: ReadonlyMap<Address, string>,
  graph: string,
  bindings: GraphBindings,
): string {
  const prefix = queryAddress(graph, "");
  const queries = new Map<string, string>();
  for (const [address, digest] of digests) {
    if (address.startsWith(prefix)) queries.set(address.slice(prefix.length), digest);
  }
  const provider = bindings.embeddingProvider;
  return graphDigest({
    graph,
    schemaDigest: digests.get(schemaAddress(graph)) ?? null,
    queries,
    provider: provider === null ? null : { address: provider, digest: digests.get(provider) ?? null },
    blobPolicy: bindings.blobPolicy,
  });
}

/** Graph ids of a set of addresses, ascending. */
export function graphIds(addresses: Iterable<Address>): string[] {
  const prefix = graphAddress("");
  return [...addresses].filter((address) => address.startsWith(prefix)).map((address) =>
    address.slice(prefix.length)
  )
    .sort();
}
