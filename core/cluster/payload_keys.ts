/**
 * Keys of the content-addressed catalog: what an applied revision is made of, each blob under its digest.
 *
 *   resources/query/<graph>/<name>/<digest>.gq     a stored query: the whole file that declares it
 *   resources/policy/<name>/<digest>.yaml          a policy bundle
 *   resources/schema/<graph>/<digest>.pg           a schema
 *   resources/config/<config digest>.json          what a config digest covers
 *
 * Blobs are written before the ledger points at them; only `cluster gc` deletes them, when no recent revision needs them.
 */
import { type Address, parseAddress } from "./address.ts";

/** Folder of the catalog. */
export const RESOURCES = "__cluster/resources";

/** Key of a resource's blob; null for kinds without one. */
export function payloadKey(address: Address, digest: string): string | null {
  const parsed = parseAddress(address);
  switch (parsed?.kind) {
    case "query":
      return `${RESOURCES}/query/${parsed.graph}/${parsed.name}/${digest}.gq`;
    case "policy":
      return `${RESOURCES}/policy/${parsed.name}/${digest}.yaml`;
    case "schema":
      return `${RESOURCES}/schema/${parsed.graph}/${digest}.pg`;
    case "graph":
    case "embedding_provider":
    case undefined:
      return null;
  }
}

/** Key of the normalized configuration of a config digest. */
export function configPayloadKey(configDigest: string): string {
  return `${RESOURCES}/config/${configDigest}.json`;
}
