/**
 * What is being served, behind one reference.
 *
 * Invariant: a {@linkcode LiveRevision} never changes. A reload builds the next one beside it and swaps the reference;
 * a request keeps the graph it was routed to.
 */
import type { SourceText } from "../core/base/span.ts";
import type { ChangeOutput, Graph, ReadOutput, ReadTarget } from "../core/graph/graph.ts";
import type { PolicyGate } from "../core/policy/actions.ts";
import type { TypedMutation, TypedQuery, TypedRead } from "../core/query/typed.ts";
import type { Catalog } from "../core/schema/catalog.ts";
import type { RuntimeState } from "./runtime_state.ts";
import type { StoredQuery } from "./stored_queries.ts";

/** What the server uses of an embedded graph. */
export interface ServableGraph extends Omit<Graph, "query" | "mutate" | "applySchema"> {
  /** The current schema of `main`. */
  catalog(): Catalog;
  /** Looks whether another process has changed the schema of `main`. */
  refreshSchema(): Promise<void>;
  /** Compiles one query of a source text against the current schema. */
  compile(source: SourceText, name?: string): TypedQuery;
  runRead(query: TypedRead, params: unknown, target: ReadTarget): Promise<ReadOutput>;
  runMutation(
    query: TypedMutation,
    params: unknown,
    options: { readonly branch?: string; readonly ifCommit?: string; readonly actor?: string | null },
  ): Promise<ChangeOutput>;
  /** The branch a commit was authored on. Throws `commit_not_found`. */
  branchOfCommit(id: string): Promise<string>;
  /** The branch that decides who may read a branch or commit, as `diff` names it. Throws `commit_not_found`. */
  branchOfRevision(text: string): Promise<string>;
  /** Whether a load would make the branch. */
  wouldFork(branch: string, from?: string): Promise<boolean>;
}

/** A served graph. */
export interface LiveGraph {
  readonly graphId: string;
  readonly graph: ServableGraph;
  /** The bundle bound to the graph; null when none is. */
  readonly gate: PolicyGate | null;
  readonly queries: ReadonlyMap<string, StoredQuery>;
  /** Body of `GET queries`. */
  readonly catalogText: string;
}

/** Everything a request can reach. */
export interface LiveRevision {
  /** Revision number of the ledger. */
  readonly revision: number;
  readonly state: RuntimeState;
  /** By graph id, ascending. */
  readonly graphs: ReadonlyMap<string, LiveGraph>;
  /** The bundle bound to the cluster; null when none is. */
  readonly serverGate: PolicyGate | null;
}

/** The reference. */
export class Registry {
  #current: LiveRevision;

  constructor(first: LiveRevision) {
    this.#current = first;
  }

  /** The revision that new requests are served from. */
  get current(): LiveRevision {
    return this.#current;
  }

  /** Serves another revision from now on; returns the one before. */
  swap(next: LiveRevision): LiveRevision {
    const previous = this.#current;
    this.#current = next;
    return previous;
  }
}
