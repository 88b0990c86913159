/**
 * The ledger as a value: what was applied. The stored form is in `ledger_file.ts`, its keeper in `ledger_store.ts`.
 *
 * Invariant: the digest of every graph entry is the composite of the ledger's own entries (`withComposites`).
 */
import type { Json } from "../base/json.ts";
import { type Address, graphAddress } from "./address.ts";
import type { EmbeddingProfile } from "./config.ts";
import { graphDigestFrom, graphIds } from "./digests.ts";
import type { BlobPolicy } from "./external_blobs.ts";

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** One applied resource. Members that a kind does not use are null. */
export interface LedgerEntry {
  /** Empty: a policy whose content is lost. Its bindings stay, so that nobody takes its graphs for unguarded. */
  readonly digest: string;
  /** Policies: `cluster` or `graph.<id>`, sorted; null in ledgers of old. */
  readonly appliesTo: readonly string[] | null;
  /** Providers; null in ledgers of old. */
  readonly embeddingProfile: EmbeddingProfile | null;
  /** Graphs: bound provider. */
  readonly embeddingProvider: Address | null;
  /** Graphs: null means deny. */
  readonly blobPolicy: BlobPolicy | null;
  readonly origin: EntryOrigin;
  /** Members this version does not know, kept on rewrite. */
  readonly unknown: JsonObject;
}

/** Which commit brought an entry; members are absent in entries of other writers, null outside a repository. */
export interface EntryOrigin {
  /** HEAD when it was last applied. */
  readonly appliedCommit?: string | null;
  /** Last commit that touched its source files. */
  readonly changedCommit?: string | null;
  /** RFC 3339. */
  readonly appliedAt?: string;
}

/** Words of a resource status. */
export const STATUS_WORDS = [
  "pending",
  "planned",
  "applying",
  "applied",
  "drifted",
  "blocked",
  "error",
] as const;

/** Status of a resource. */
export interface ResourceStatus {
  readonly status: (typeof STATUS_WORDS)[number];
  readonly conditions: readonly string[];
  readonly message: string | null;
  readonly unknown: JsonObject;
}

/** The whole ledger. */
export interface Ledger {
  /** Counts writes; 0 before the first. */
  readonly revision: number;
  /** Digest of the configuration that last converged fully. */
  readonly configDigest: string | null;
  /** Provenance of the applied revision, as recorded. */
  readonly provenance: Json;
  readonly entries: ReadonlyMap<Address, LedgerEntry>;
  readonly statuses: ReadonlyMap<Address, ResourceStatus>;
  readonly approvalRecords: ReadonlyMap<string, JsonObject>;
  readonly recoveryRecords: ReadonlyMap<string, JsonObject>;
  readonly observations: ReadonlyMap<Address, JsonObject>;
  /** Unknown members of the file and of `applied_revision`. */
  readonly unknown: JsonObject;
  readonly unknownApplied: JsonObject;
}

/** The ledger of a cluster to which nothing was applied yet. */
export const EMPTY_LEDGER: Ledger = {
  revision: 0,
  configDigest: null,
  provenance: null,
  entries: new Map(),
  statuses: new Map(),
  approvalRecords: new Map(),
  recoveryRecords: new Map(),
  observations: new Map(),
  unknown: {},
  unknownApplied: {},
};

/** A plain entry. */
export function ledgerEntry(digest: string, parts: Partial<LedgerEntry> = {}): LedgerEntry {
  return {
    digest,
    appliesTo: null,
    embeddingProfile: null,
    embeddingProvider: null,
    blobPolicy: null,
    origin: {},
    unknown: {},
    ...parts,
  };
}

/** A plain status. */
export function resourceStatus(
  status: ResourceStatus["status"],
  condition: string | null = null,
  message: string | null = null,
): ResourceStatus {
  return { status, conditions: condition === null ? [] : [condition], message, unknown: {} };
}

/** The digest of an entry; null without one, and when its content is lost. */
export function knownDigest(entry: LedgerEntry | undefined): string | null {
  return entry === undefined || entry.digest === "" ? null : entry.digest;
}

/** Digests by address. */
export function digestsOf(entries: ReadonlyMap<Address, LedgerEntry>): Map<Address, string> {
  return new Map([...entries].map(([address, entry]) => [address, entry.digest]));
}

/** The composite that a graph entry must have. */
export function compositeOf(entries: ReadonlyMap<Address, LedgerEntry>, graph: string): string {
  const entry = entries.get(graphAddress(graph));
  const bindings = {
    embeddingProvider: entry?.embeddingProvider ?? null,
    blobPolicy: entry?.blobPolicy ?? null,
  };
  return graphDigestFrom(digestsOf(entries), graph, bindings);
}

/** The entries with every graph digest computed anew, declared or not. */
export function withComposites(entries: ReadonlyMap<Address, LedgerEntry>): Map<Address, LedgerEntry> {
  const next = new Map(entries);
  for (const graph of graphIds(entries.keys())) {
    const address = graphAddress(graph);
    const entry = next.get(address)!;
    next.set(address, { ...entry, digest: compositeOf(entries, graph) });
  }
  return next;
}

/** Graphs whose recorded digest is not the composite of the ledger's own entries. */
export function brokenComposites(ledger: Ledger): string[] {
  return graphIds(ledger.entries.keys()).filter((graph) =>
    ledger.entries.get(graphAddress(graph))!.digest !== compositeOf(ledger.entries, graph)
  );
}
