/**
 * What a server serves: the applied revision of a cluster, verified against the catalog. Built from the storage root
 * alone; the desired configuration is never read.
 */

/** One stored query of the applied revision. */
export interface ServedQuery {
  readonly name: string;
  /** Whole source file that declares it. */
  readonly source: string;
  readonly digest: string;
}

/** One graph of the applied revision. */
export interface ServedGraph {
  readonly graphId: string;
  /** Graph root under the storage root, e.g. `graphs/fleet.omni`. */
  readonly rootKey: string;
  readonly queries: readonly ServedQuery[];
  /** The policy bundle bound to the graph: its YAML text; null when none is bound. */
  readonly policy: { readonly name: string; readonly text: string } | null;
}

/** Why a graph of the ledger is not served. */
export interface Quarantine {
  readonly graphId: string;
  readonly code: string;
  readonly message: string;
}

/** The applied revision. */
export interface ServingRevision {
  readonly revision: number;
  readonly configDigest: string | null;
  /** Config repo commit that was applied, when known. */
  readonly commit: string | null;
  readonly graphs: readonly ServedGraph[];
  readonly quarantined: readonly Quarantine[];
  /** Bundle bound to `cluster`. */
  readonly serverPolicy: { readonly name: string; readonly text: string } | null;
}
