/**
 * A bundle and its resource as Cedar: one schema for all bundles, one permit per (rule, action), and the entities
 * that a question needs. Pure text and values; nothing here knows the Cedar engine.
 */
import { assert, must } from "../base/assert.ts";
import { type Action, ACTIONS, type PolicyQuestion } from "./actions.ts";
import type { PolicyBundle, PolicyResource, Rule, Scope } from "./model.ts";

const NAMESPACE = "Omnigraph";

/** Type and id of a Cedar entity. */
export interface CedarUid {
  readonly type: string;
  readonly id: string;
}

/** A Cedar entity; ours have no attributes. */
export interface CedarEntity {
  readonly uid: CedarUid;
  readonly attrs: Record<string, never>;
  readonly parents: readonly CedarUid[];
}

/** The Cedar context of a request. Missing branch names are empty, their flags false. */
export interface CedarContext {
  readonly has_branch: boolean;
  readonly branch: string;
  readonly branch_is_protected: boolean;
  readonly has_target_branch: boolean;
  readonly target_branch: string;
  readonly target_branch_is_protected: boolean;
}

/** Cedar policies by id: `<rule id>:<action>` to policy text. */
export type CedarPolicies = Readonly<Record<string, string>>;

/** The Cedar schema, in Cedar's own language. The same for every bundle. */
export function cedarSchema(): string {
  const context = "{ has_branch: Bool, branch: String, branch_is_protected: Bool, " +
    "has_target_branch: Bool, target_branch: String, target_branch_is_protected: Bool }";
  const actions = Object.entries(ACTIONS).map(([action, facts]) => {
    const resource = facts.resource === "server" ? "Server" : "Graph";
    return `  action ${cedarString(action)} appliesTo ` +
      `{ principal: [Actor], resource: [${resource}], context: RequestContext };`;
  });
  return [
    `namespace ${NAMESPACE} {`,
    "  entity Group;",
    "  entity Actor in [Group];",
    "  entity Graph;",
    "  entity Server;",
    `  type RequestContext = ${context};`,
    ...actions,
    "}",
    "",
  ].join("\n");
}

/** The permits of a bundle for one resource. */
export function cedarPolicies(bundle: PolicyBundle, resource: PolicyResource): CedarPolicies {
  assert(bundle.kind === resource.kind, "a bundle is compiled for the kind of resource it was checked for");
  const policies: Record<string, string> = {};
  for (const rule of bundle.rules) {
    for (const action of rule.actions) policies[`${rule.id}:${action}`] = permit(rule, action, resource);
  }
  return policies;
}

/** The rule id inside a policy id; actions hold no colon. */
export function ruleIdOf(policyId: string): string {
  const end = policyId.lastIndexOf(":");
  assert(end >= 0, `policy id ${policyId} names rule and action`);
  return policyId.slice(0, end);
}

/** The entity that the bundle decides about. */
export function resourceUid(resource: PolicyResource): CedarUid {
  return resource.kind === "server"
    ? { type: `${NAMESPACE}::Server`, id: "root" }
    : { type: `${NAMESPACE}::Graph`, id: resource.graphId };
}

/** The entity of an actor. */
export function actorUid(actor: string): CedarUid {
  return { type: `${NAMESPACE}::Actor`, id: actor };
}

/** The entity of an action. */
export function actionUid(action: Action): CedarUid {
  return { type: `${NAMESPACE}::Action`, id: action };
}

/**
 * What a decision about each actor needs to know: by actor, the actor with its groups as parents, those groups, and
 * the resource. Handing over only these keeps a decision's cost independent of the size of the bundle.
 */
export function actorEntities(
  bundle: PolicyBundle,
  resource: PolicyResource,
): ReadonlyMap<string, readonly CedarEntity[]> {
  const groupsOf = new Map<string, CedarUid[]>();
  for (const [group, actors] of bundle.groups) {
    for (const actor of actors) {
      const groups = groupsOf.get(actor) ?? [];
      groupsOf.set(actor, groups);
      groups.push({ type: `${NAMESPACE}::Group`, id: group });
    }
  }
  const target = entity(resourceUid(resource), []);
  const entities = new Map<string, readonly CedarEntity[]>();
  for (const actor of groupsOf.keys()) {
    const groups = must(groupsOf.get(actor), "the actor was just collected");
    const parents = groups.map((group) => entity(group, []));
    entities.set(actor, [entity(actorUid(actor), groups), ...parents, target]);
  }
  return entities;
}

/** The context of a question under a bundle's protected branches. */
export function cedarContext(bundle: PolicyBundle, question: PolicyQuestion): CedarContext {
  const { branch, targetBranch } = question;
  return {
    has_branch: branch !== undefined,
    branch: branch ?? "",
    branch_is_protected: branch !== undefined && bundle.protectedBranches.has(branch),
    has_target_branch: targetBranch !== undefined,
    target_branch: targetBranch ?? "",
    target_branch_is_protected: targetBranch !== undefined && bundle.protectedBranches.has(targetBranch),
  };
}

/**
 * A Cedar string literal. Cedar does not read JSON's `\u0001`, `\b` or `\f`, so control characters (and the line
 * separators of Unicode) are written as `\u{hex}`.
 */
export function cedarString(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what this escapes
  const escaped = text.replace(/["\\\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (char) => {
    if (char === '"' || char === "\\") return `\\${char}`;
    return `\\u{${char.charCodeAt(0).toString(16)}}`;
  });
  return `"${escaped}"`;
}

function permit(rule: Rule, action: Action, resource: PolicyResource): string {
  const head = `permit (principal in ${NAMESPACE}::Group::${cedarString(rule.group)}, ` +
    `action == ${cedarUidText(actionUid(action))}, resource == ${cedarUidText(resourceUid(resource))})`;
  const condition = scopeCondition(rule.branchScope, "branch") ??
    scopeCondition(rule.targetBranchScope, "target_branch");
  return condition === null ? `${head};` : `${head}\nwhen { ${condition} };`;
}

function scopeCondition(scope: Scope | null, name: "branch" | "target_branch"): string | null {
  if (scope === null || scope === "any") return null;
  const test = scope === "protected" ? "" : " == false";
  return `context.has_${name} && context.${name}_is_protected${test}`;
}

function cedarUidText(uid: CedarUid): string {
  return `${uid.type}::${cedarString(uid.id)}`;
}

function entity(uid: CedarUid, parents: readonly CedarUid[]): CedarEntity {
  return { uid, attrs: {}, parents };
}
