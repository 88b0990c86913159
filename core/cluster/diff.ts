/**
 * The diff: desired entries against applied ones.
 *
 * | desired | applied | change |
 * |---|---|---|
 * | yes | no | create |
 * | yes | yes, other digest | update |
 * | yes | yes, same digest, other bindings or profile | update with equal digests and a metadata change |
 * | no | yes | delete |
 *
 * Laws: `diffEntries(x, x)` is empty; the result is ascending by address, one change per address at most.
 */
import { type Address, parseAddress } from "./address.ts";
import type { Change, MetadataChange } from "./change.ts";
import { knownDigest, type LedgerEntry } from "./ledger.ts";
import { providerDigest } from "./digests.ts";

/** All differences, ascending by address. */
export function diffEntries(
  desired: ReadonlyMap<Address, LedgerEntry>,
  applied: ReadonlyMap<Address, LedgerEntry>,
): Change[] {
  const changes: Change[] = [];
  for (const address of [...new Set([...desired.keys(), ...applied.keys()])].sort()) {
    const change = diffEntry(address, desired.get(address) ?? null, applied.get(address) ?? null);
    if (change !== null) changes.push(change);
  }
  return changes;
}

function diffEntry(
  address: Address,
  desired: LedgerEntry | null,
  applied: LedgerEntry | null,
): Change | null {
  const kind = parseAddress(address)?.kind ?? null;
  const before = knownDigest(applied ?? undefined);
  const after = desired?.digest ?? null;
  if (desired === null) return { address, kind, operation: "delete", before, after, metadata: null };
  if (applied === null) return { address, kind, operation: "create", before, after, metadata: null };
  if (before !== after) return { address, kind, operation: "update", before, after, metadata: null };
  const metadata = metadataChange(desired, applied);
  return metadata === null ? null : { address, kind, operation: "update", before, after, metadata };
}

function metadataChange(desired: LedgerEntry, applied: LedgerEntry): MetadataChange | null {
  if (desired.appliesTo !== null && !sameList(desired.appliesTo, applied.appliesTo)) return "policy_bindings";
  if (desired.embeddingProfile !== null) {
    const profile = applied.embeddingProfile;
    if (profile === null || providerDigest(profile) !== desired.digest) return "embedding_profile";
  }
  return null;
}

function sameList(a: readonly string[], b: readonly string[] | null): boolean {
  return b !== null && a.length === b.length && a.every((item, index) => item === b[index]);
}
