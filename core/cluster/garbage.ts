/**
 * Which blobs of the catalog nobody needs any more. Pure.
 *
 * Kept is what the applied revision names, what any of the newest revisions was made of, and what any of their changes went
 * from or to: a server that starts during an apply may read the revision before, and a rollback reads an older one.
 */
import { type Address, parseAddress } from "./address.ts";
import type { HistoryRecord } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { configPayloadKey, payloadKey } from "./payload_keys.ts";

/** The resources of one configuration: address to digest. */
export type ConfigResources = ReadonlyMap<Address, string>;

/** Keys that stay. `configs` are the configurations of the records by their digests, as far as they can be read. */
export function neededBlobs(
  ledger: Ledger,
  records: readonly HistoryRecord[],
  configs: ReadonlyMap<string, ConfigResources>,
): Set<string> {
  const needed = new Set<string>();
  const need = (address: Address, digest: string | null) => {
    const key = digest === null || parseAddress(address) === null ? null : payloadKey(address, digest);
    if (key !== null) needed.add(key);
  };
  for (const [address, { digest }] of ledger.entries) need(address, digest);
  if (ledger.configDigest !== null) needed.add(configPayloadKey(ledger.configDigest));
  for (const { config_digest: config, changes } of records) {
    if (config !== null) needed.add(configPayloadKey(config));
    for (const [address, digest] of configs.get(config ?? "") ?? []) need(address, digest);
    for (const { address, before, after } of changes) {
      need(address, before);
      need(address, after);
    }
  }
  return needed;
}
