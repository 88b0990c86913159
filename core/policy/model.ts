/** The policy bundle as a value. */
import type { SourceText, Span } from "../base/span.ts";
import type { Action } from "./actions.ts";

/** Kinds of bundles: one that decides about the data of graphs, one about the server itself. */
export const BUNDLE_KINDS = ["graph", "server"] as const;

/** What a bundle decides about. */
export type BundleKind = (typeof BUNDLE_KINDS)[number];

/** Words of `branch_scope` and `target_branch_scope`. */
export const SCOPES = ["any", "protected", "unprotected"] as const;

/** One scope word. */
export type Scope = (typeof SCOPES)[number];

/** One rule: a permit for each of its actions. */
export interface Rule {
  readonly id: string;
  readonly group: string;
  /** Distinct, in written order. */
  readonly actions: readonly Action[];
  readonly branchScope: Scope | null;
  readonly targetBranchScope: Scope | null;
  /** Where the id stands in the file. */
  readonly span: Span;
}

/** A valid bundle. */
export interface PolicyBundle {
  readonly kind: BundleKind;
  /** Actor ids by group name, distinct, in written order. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Trimmed branch names. */
  readonly protectedBranches: ReadonlySet<string>;
  readonly rules: readonly Rule[];
  readonly source: SourceText;
}

/** What one compiled bundle decides about. */
export type PolicyResource = { readonly kind: "graph"; readonly graphId: string } | {
  readonly kind: "server";
};

/** Distinct actors of all groups, ascending by code unit. */
export function bundleActors(bundle: PolicyBundle): string[] {
  return [...new Set([...bundle.groups.values()].flat())].sort();
}
