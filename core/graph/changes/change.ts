/**
 * What changed, as shown outside: changes of entities, the commits that cause them, and what readers may leave out.
 * Member names are the names on the wire.
 */
import type { EntityImage } from "../entity_json.ts";

/** What happened to an entity. */
export type ChangeOp = "insert" | "update" | "delete";

/** Which changes a reader wants; an absent or empty list stands for all. Types are named as of the newer commit. */
export interface ChangeFilter {
  readonly kinds?: readonly ("node" | "edge")[];
  readonly types?: readonly string[];
  readonly ops?: readonly ChangeOp[];
}

/** One entity that differs. */
export interface EntityChange {
  readonly kind: "node" | "edge";
  /** `id` is opaque and belongs to one life of one type, whatever its name is. */
  readonly type: { readonly id: string; readonly name: string };
  readonly id: string;
  readonly op: ChangeOp;
  /** On updates and deletes. */
  readonly before?: EntityImage;
  /** On inserts and updates. */
  readonly after?: EntityImage;
}

/** The commit that made changes. */
export interface ChangeCause {
  readonly graph_commit_id: string;
  readonly parent_commit_id?: string;
  readonly merged_parent_commit_id?: string;
  /** Always a name, `main` included. */
  readonly authored_branch: string;
  readonly actor_id?: string;
  /** Microseconds since the Unix epoch. */
  readonly authored_at: number;
}

/** Which page of changes a reader wants. */
export interface PageRequest extends ChangeFilter {
  /** Changes of the page at most. */
  readonly limit?: number;
  /** Continues where the page before ended. */
  readonly pageToken?: string;
}

/** Changes of one commit against its first parent: nodes, then edges, by type id, then by id. */
export interface CommitChangesOutput {
  readonly cause: ChangeCause;
  readonly changes: readonly EntityChange[];
  /** When there are more. */
  readonly next_page_token?: string;
}

/** Changes that lead from one commit to another, whatever lies between. */
export interface DiffOutput {
  readonly from: { readonly graph_commit_id: string };
  readonly to: { readonly graph_commit_id: string };
  readonly changes: readonly EntityChange[];
  /** When there are more. */
  readonly next_page_token?: string;
}

/** Where a feed is read. At most one of `cursor`, `start` and `pageToken`. */
export interface PollRequest extends PageRequest {
  readonly branch?: string;
  readonly cursor?: string;
  /** `now`, `beginning` or `after:<commit id>`. */
  readonly start?: string;
}

/** One commit of a feed. */
export interface ChangeBlock {
  readonly cause: ChangeCause;
  readonly changes: readonly EntityChange[];
}

/**
 * Commits of a branch, oldest first. A page that ends inside a commit carries only `next_page_token`, any other one
 * `cursor` and `caught_up`.
 */
export interface ChangeFeedOutput {
  readonly blocks: readonly ChangeBlock[];
  readonly next_page_token?: string;
  /** Where the next poll goes on. */
  readonly cursor?: string;
  /** False when more commits wait. */
  readonly caught_up?: boolean;
}
