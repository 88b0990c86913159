/**
 * What every operation of one open graph stands on: its branches and caches, the newest schema known, the gate, and the
 * states that reads see. Operations are functions over it, each in its own module; `embedded.ts` hands requests on.
 *
 * Invariant: the schema known only moves forward along main.
 */
import { assert } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { PolicyGate, PolicyQuestion } from "../policy/actions.ts";
import type { AcceptedSchema } from "../schema/accept.ts";
import type { Catalog } from "../schema/catalog.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { parseAsOf } from "./as_of.ts";
import { MAIN, parseBranchName } from "./branch_name.ts";
import { branchNotFound } from "./branches.ts";
import { schemaConflict } from "./conflicts.ts";
import type { ReadTarget } from "./graph.ts";
import type { Ports } from "./graph_ports.ts";
import type { LoggedState } from "./logged_state.ts";
import type { OpenBranch, OpenBranches } from "./open_branches.ts";
import { pairState } from "./paired_state.ts";
import type { TableCache } from "./read/table_cache.ts";
import type { SchemaStore } from "./schemas.ts";
import type { SnapshotState } from "./snapshot_state.ts";

/** What an embedded graph is made of; see `open.ts`. */
export interface GraphParts {
  readonly uri: string;
  /** The graph's identity, whatever its address. */
  readonly graphId: string;
  readonly store: ObjectStore;
  readonly cache: TableCache;
  readonly schemas: SchemaStore;
  readonly branches: OpenBranches;
  readonly main: OpenBranch;
  /** The schema that main's head pins. */
  readonly accepted: AcceptedSchema;
  readonly gate: PolicyGate | null;
  readonly ports: Ports;
}

/** One open graph, as its operations see it. */
export class GraphContext {
  readonly parts: GraphParts;
  /** States that were read under a schema, so that a repeated read finds its view. */
  readonly #paired = new WeakMap<SnapshotState, SnapshotState>();
  #accepted: AcceptedSchema;
  /** Sequence of the commit that taught us the schema. */
  #acceptedAt = 0;
  #closed = false;

  constructor(parts: GraphParts) {
    this.parts = parts;
    this.#accepted = parts.accepted;
  }

  /** The newest schema of main that this process knows. */
  get accepted(): AcceptedSchema {
    return this.#accepted;
  }

  /** The catalog of the newest schema of main that this process knows. */
  catalog(): Catalog {
    return this.#accepted.catalog;
  }

  /** Looks whether another process has changed the schema of main. */
  async refreshSchema(): Promise<void> {
    await this.stateOf({});
  }

  /** A live branch. Throws `AppError("branch_not_found")`. */
  async branch(name: string): Promise<OpenBranch> {
    this.refuseClosed();
    const { main, branches } = this.parts;
    const branch = name === MAIN ? main : await branches.find(name);
    if (branch === null) throw branchNotFound(name);
    return branch;
  }

  /** The newest commit of a branch, now or at a time, or the commit of a snapshot, under its own schema. */
  async stateOf({ branch, snapshot, asOf }: ReadTarget): Promise<LoggedState> {
    if (snapshot !== undefined) {
      if (branch !== undefined || asOf !== undefined) {
        const other = branch !== undefined ? "branch" : "time";
        throw new AppError("invalid_input", `a read takes a ${other} or a snapshot, not both: leave one out`);
      }
      this.refuseClosed();
      return await this.parts.branches.snapshot(snapshot);
    }
    const name = branch === undefined ? MAIN : parseBranchName(branch);
    if (asOf !== undefined) {
      const micros = parseAsOf(asOf);
      this.refuseClosed();
      return await this.parts.branches.stateAsOf(name, micros);
    }
    const state = await (await this.branch(name)).head.latest();
    if (name === MAIN && state.commit.schemaDigest !== this.#accepted.digests.contract) {
      const accepted = await this.parts.schemas.load(state.commit.schemaDigest);
      // A slow reader must not take back what a quicker one has learnt.
      if (state.commit.sequence > this.#acceptedAt) {
        this.#accepted = accepted;
        // The change may have dropped for good what older commits held.
        this.parts.branches.forgetSnapshots();
        this.#acceptedAt = state.commit.sequence;
      }
    }
    return state;
  }

  /**
   * The commit that a read sees, under main's newest schema.
   *
   * @throws AppError `write_conflict` with the member `schema_digest` when that is not the schema that the read was checked
   * against.
   */
  async readState(schemaDigest: string, target: ReadTarget): Promise<SnapshotState> {
    const state = await this.currentState(target);
    const { digest } = state.catalog;
    if (schemaDigest !== digest) throw schemaConflict(schemaDigest, digest);
    return state;
  }

  /** The commit that a target names, under main's newest schema. */
  async currentState(target: ReadTarget): Promise<SnapshotState> {
    const state = await this.stateOf(target);
    const isPast = target.snapshot !== undefined || target.asOf !== undefined;
    if (isPast || state.catalog.digest !== this.#accepted.digests.contract) await this.refreshSchema();
    return this.underNewestSchema(state);
  }

  /** A state under main's newest schema known, the same object each time. */
  underNewestSchema(state: LoggedState): SnapshotState {
    const { catalog } = this.#accepted;
    let paired = this.#paired.get(state);
    if (paired?.catalog !== catalog) {
      paired = pairState(state, catalog);
      this.#paired.set(state, paired);
    }
    return paired;
  }

  /** The gate comes first, before anything is read; without an actor it stays shut. */
  require(actor: string | null | undefined, question: PolicyQuestion): void {
    const { gate } = this.parts;
    if (gate === null) return;
    if (actor === null || actor === undefined) {
      throw new AppError("policy_denied", `policy denied: no actor given for action '${question.action}'`);
    }
    const decision = gate.decide(actor, question);
    if (!decision.allowed) throw new AppError("policy_denied", `policy denied: ${decision.message}`);
  }

  /** A closed graph is not used any more: that is a fault of the program. */
  refuseClosed(): void {
    assert(!this.#closed, "the graph was closed");
  }

  /** Finishes background work and releases memory and files. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.parts.branches.settle();
    this.parts.cache.close();
  }
}
