/** The policy actions: one closed list with what each gates and where it may be granted. */

/** Which scope key a rule may carry for an action. */
export type ScopeKey = "branch_scope" | "target_branch_scope" | null;

/** Facts about one action. */
export interface ActionFacts {
  readonly resource: "graph" | "server";
  readonly scope: ScopeKey;
}

/** The actions, in the order of the documentation. */
export const ACTIONS = {
  read: { resource: "graph", scope: "branch_scope" },
  export: { resource: "graph", scope: "branch_scope" },
  change: { resource: "graph", scope: "branch_scope" },
  schema_apply: { resource: "graph", scope: "target_branch_scope" },
  branch_create: { resource: "graph", scope: "target_branch_scope" },
  branch_delete: { resource: "graph", scope: "target_branch_scope" },
  branch_merge: { resource: "graph", scope: "target_branch_scope" },
  invoke_query: { resource: "graph", scope: null },
  admin: { resource: "graph", scope: null },
  graph_list: { resource: "server", scope: null },
} as const satisfies Record<string, ActionFacts>;

/** A policy action. */
export type Action = keyof typeof ACTIONS;

/** One question to a policy. Branch names are trimmed. */
export interface PolicyQuestion {
  readonly action: Action;
  readonly branch?: string;
  readonly targetBranch?: string;
}

/** The answer. */
export interface Decision {
  readonly allowed: boolean;
  /** Smallest id of the rules that permit; null on deny. */
  readonly matchedRuleId: string | null;
  readonly message: string;
}

/** Decides for one resource (a graph, or the server). Throws `AppError("policy_evaluation")` when evaluation fails. */
export interface PolicyGate {
  decide(actor: string, question: PolicyQuestion): Decision;
}
