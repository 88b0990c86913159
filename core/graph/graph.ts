/**
 * The Graph interface: what the command line and embedders use. The embedded and the remote implementation give the
 * same answers. Member names of results are the names on the wire (`spec` of the HTTP API).
 */
import type { Cell } from "../schema/value_type.ts";
import type { Json } from "../base/json.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import type {
  ChangeFeedOutput,
  ChangeFilter,
  CommitChangesOutput,
  DiffOutput,
  PageRequest,
  PollRequest,
} from "./changes/change.ts";
import type { EntityValue } from "./entity_json.ts";
import type { SchemaStep } from "../schema/steps.ts";

/** How a load treats ids that exist. */
export type LoadMode = "overwrite" | "append" | "merge";

/**
 * A branch (default `main`), now or as of a time, or a snapshot, which is a commit id. A snapshot goes with neither of
 * the others.
 */
export interface ReadTarget {
  readonly branch?: string;
  readonly snapshot?: string;
  /** RFC 3339 time: the newest commit of the branch that is not later. */
  readonly asOf?: string;
}

/** A commit as shown outside. */
export interface CommitOutput {
  readonly graph_commit_id: string;
  /** null on main. */
  readonly graph_branch: string | null;
  readonly graph_manifest_version: number;
  readonly parent_commit_id: string | null;
  readonly merged_parent_commit_id: string | null;
  readonly actor_id: string | null;
  /** Microseconds since the Unix epoch. */
  readonly created_at: number;
}

/** Result rows. Columnar inside; text on demand, because writing JSON straight from columns is fastest. */
export interface RowSet {
  readonly length: number;
  readonly columns: readonly string[];
  /** Value of a cell in memory form. */
  cell(row: number, column: number): Cell | null;
  /** JSON array of row objects; 64-bit integers as number tokens with all digits. */
  toJsonText(): string;
}

/** Result of a read query. */
export interface ReadOutput {
  readonly query_name: string;
  readonly target: {
    readonly branch: string | null;
    readonly snapshot: string | null;
    /** Only when a time was asked for: as it was given. */
    readonly as_of?: string;
  };
  readonly row_count: number;
  readonly columns: readonly string[];
  readonly rows: RowSet;
  /** Commit that was read. */
  readonly graph_commit_id: string;
}

/** Result of a mutation. */
export interface ChangeOutput {
  readonly branch: string;
  readonly query_name: string;
  readonly affected_nodes: number;
  readonly affected_edges: number;
  readonly actor_id: string | null;
  readonly commit: CommitOutput | null;
}

/** Records of one type in a load. */
export interface LoadedType {
  readonly name: string;
  readonly entities_loaded: number;
}

/** Result of a load. */
export interface LoadOutput {
  readonly uri: string;
  readonly branch: string;
  readonly base_branch: string | null;
  readonly branch_created: boolean;
  readonly mode: LoadMode;
  readonly nodes: readonly LoadedType[];
  readonly edges: readonly LoadedType[];
  readonly total_entities: number;
  readonly actor_id: string | null;
  readonly commit: CommitOutput | null;
}

/** How a merge came out. */
export type MergeOutcome = "already_up_to_date" | "fast_forward" | "merged";

/** Result of a branch merge. */
export interface BranchMergeOutput {
  readonly source: string;
  readonly target: string;
  readonly outcome: MergeOutcome;
  readonly actor_id: string | null;
  /** Absent unless the source was to be deleted. */
  readonly branch_deleted?: boolean;
  /** Why the source was not deleted. */
  readonly branch_delete_error?: string;
  /** null when there was nothing to merge. */
  readonly commit: CommitOutput | null;
}

/** Result of taking a commit back. */
export interface RevertOutput {
  readonly branch: string;
  readonly reverted_commit_id: string;
  readonly actor_id: string | null;
  /** null when nothing was left of the commit. */
  readonly commit: CommitOutput | null;
}

/** A branch to make; `from` (default `main`) and `fromCommit` exclude each other. */
export interface BranchCreateRequest {
  readonly name: string;
  /** The branch to start at the head of. */
  readonly from?: string;
  /** The commit to start at. */
  readonly fromCommit?: string;
  readonly actor?: string | null;
}

/** Result of making a branch. */
export interface BranchCreateOutput {
  readonly uri: string;
  /** The branch it starts at, or that the commit it starts at was written on. */
  readonly from: string;
  /** The commit it starts at, when one was named. */
  readonly from_commit?: string;
  readonly name: string;
  readonly actor_id: string | null;
}

/** Result of deleting a branch. */
export interface BranchDeleteOutput {
  readonly uri: string;
  readonly name: string;
  readonly actor_id: string | null;
}

/** Result of `snapshot`. */
export interface SnapshotOutput {
  readonly graph_branch: string;
  readonly graph_manifest_version: number;
  readonly internal_schema_version: number;
  readonly datasets: readonly {
    readonly entity_kind: "node" | "edge";
    readonly type_name: string;
    readonly dataset_path: string;
    readonly published_dataset_version: number;
    readonly native_dataset_branch: string | null;
    readonly entity_count: number;
  }[];
}

/** A whole commit as NDJSON; see `export.ts`. */
export interface ExportOutput {
  /** The commit that is exported. */
  readonly graph_commit_id: string;
  /** At most 64 KiB each, made when they are asked for. Leaving the loop early ends the export. */
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** One entity at one commit. */
export interface EntityOutput {
  readonly graph_commit_id: string;
  readonly kind: "node" | "edge";
  readonly type: string;
  readonly id: string;
  /** All properties by name, nulls included; values as in an export. */
  readonly properties: Readonly<Record<string, EntityValue>>;
  /** On edges only. */
  readonly endpoints?: { readonly from: string; readonly to: string };
}

/** Result of a schema change. */
export interface SchemaApplyOutput {
  readonly uri: string;
  readonly supported: boolean;
  /** False when the bytes are those of the accepted schema. */
  readonly applied: boolean;
  readonly step_count: number;
  /** Version of main after the change. */
  readonly graph_manifest_version: number;
  readonly steps: readonly SchemaStep[];
}

/** A query to run: source text with an optional name to choose from it. */
export interface QueryRequest {
  readonly source: string;
  /** Label of the source in diagnostics, e.g. a path. */
  readonly sourcePath?: string;
  readonly name?: string;
  readonly params?: unknown;
}

/** One graph, embedded or remote. Every method may throw `AppError`. */
export interface Graph {
  readonly uri: string;
  query(request: QueryRequest & ReadTarget): Promise<ReadOutput>;
  mutate(
    request: QueryRequest & {
      readonly branch?: string;
      readonly ifCommit?: string;
      readonly actor?: string | null;
    },
  ): Promise<ChangeOutput>;
  load(request: {
    readonly data: Uint8Array;
    readonly mode: LoadMode;
    readonly branch?: string;
    readonly from?: string;
    readonly actor?: string | null;
    /** Read the data with the permissive parser of the deprecated ingest. */
    readonly legacy?: boolean;
  }): Promise<LoadOutput>;
  snapshot(target?: ReadTarget): Promise<SnapshotOutput>;
  /** Exports all types, or those with one of these names. Throws `invalid_input` for a name that no type has. */
  export(request: ReadTarget & { readonly types?: readonly string[] }): Promise<ExportOutput>;
  /** Throws `invalid_input` for an unknown type, `entity_not_found`. */
  entity(
    request: ReadTarget & { readonly kind: "node" | "edge"; readonly type: string; readonly id: string },
  ): Promise<EntityOutput>;
  schema(): Promise<{ readonly schema_source: string }>;
  /** Changes the schema of main by one commit. */
  applySchema(request: {
    readonly source: SourceText;
    readonly allowDataLoss?: boolean;
    readonly actor?: string | null;
    /** Hears of hints that are ignored. */
    readonly onWarning?: (warning: Diagnostic) => void;
  }): Promise<SchemaApplyOutput>;
  branches(): Promise<{ readonly branches: readonly string[] }>;
  commits(branch?: string): Promise<{ readonly commits: readonly CommitOutput[] }>;
  commit(id: string): Promise<CommitOutput>;
  /** Makes a branch at the head of another one (`main` by default), or at a commit. */
  createBranch(request: BranchCreateRequest): Promise<BranchCreateOutput>;
  /** Deletes a branch that nothing depends on. */
  deleteBranch(
    request: { readonly name: string; readonly actor?: string | null },
  ): Promise<BranchDeleteOutput>;
  /** Brings what a branch has into another one (`main` by default) as one commit. */
  mergeBranch(request: {
    readonly source: string;
    readonly target?: string;
    /** Delete the source once the merge has succeeded; failing to do so is no failure of the merge. */
    readonly deleteBranch?: boolean;
    readonly actor?: string | null;
  }): Promise<BranchMergeOutput>;
  /** Takes one commit back by a new commit on a branch (`main` by default). */
  revertCommit(request: {
    readonly commitId: string;
    readonly branch?: string;
    readonly actor?: string | null;
  }): Promise<RevertOutput>;
  /** One page of what a commit changed. */
  commitChanges(id: string, request?: PageRequest): Promise<CommitChangesOutput>;
  /** One page of the differences between two commits, each a branch or a commit id. */
  diff(request: PageRequest & { readonly from: string; readonly to: string }): Promise<DiffOutput>;
  /** One page of the change feed of a branch, by default of main from now on. */
  pollChanges(request?: PollRequest): Promise<ChangeFeedOutput>;
  /** Everything a branch holds, as an export; the last line holds the cursor of the feed after it. */
  baseline(request?: ChangeFilter & { readonly branch?: string }): Promise<ExportOutput>;
  /** Finishes background work and releases memory and files. */
  close(): Promise<void>;
}

/** Parameter values as they arrive: a JSON object, or null. */
export type RawParams = { readonly [name: string]: Json } | null;
