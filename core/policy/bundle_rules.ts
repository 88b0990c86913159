/** The laws about one policy rule: its id, its group, its actions, and which scope may stand beside which action. */
import type { Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import { type Action, ACTIONS } from "./actions.ts";
import type { BundleKind, Scope } from "./model.ts";
import type { YamlReader, YamlText, YamlValue } from "./yaml_reader.ts";

/** An action as written. */
export interface WrittenAction {
  readonly action: Action;
  readonly span: Span;
}

/** A scope as written; `word` is null when it was not understood. */
export interface WrittenScope {
  readonly word: Scope | null;
  readonly span: Span;
}

/** A rule as read, before the laws are checked. Null parts are already noted as problems. */
export interface RuleDraft {
  /** How messages call it: `rule 'x'`, or by position. */
  readonly name: string;
  readonly span: Span;
  readonly id: YamlText | null;
  readonly group: YamlText | null;
  readonly actions: readonly WrittenAction[];
  readonly branchScope: WrittenScope | null;
  readonly targetBranchScope: WrittenScope | null;
}

const REMOVED: ReadonlyMap<string, string> = new Map([
  ["run_publish", "removed, use `change`"],
  ["run_abort", "removed, use `change`"],
  ["graph_create", "reserved"],
  ["graph_delete", "reserved"],
]);

/** Reads the actions of a rule. Law: at least one, all of them known. */
export function readActions(
  yaml: YamlReader,
  value: YamlValue | undefined,
  name: string,
  around: Span,
): readonly WrittenAction[] {
  const empty = value === undefined || yaml.isEmpty(value);
  const items = empty ? [] : yaml.items(value, `${name}.allow.actions`);
  if (items?.length === 0) yaml.problem(value?.span ?? around, `${name} needs at least one action`);
  const actions: WrittenAction[] = [];
  for (const item of items ?? []) {
    const word = yaml.text(item, `action of ${name}`);
    if (word === null) continue;
    if (Object.hasOwn(ACTIONS, word.text)) {
      actions.push({ action: word.text as Action, span: word.span });
      continue;
    }
    const reason = REMOVED.get(word.text);
    const suffix = reason === undefined ? "" : `: ${reason}`;
    const help = reason === undefined ? didYouMean(word.text, Object.keys(ACTIONS)) : undefined;
    yaml.problem(word.span, `${name}: unknown policy action '${word.text}'${suffix}`, help);
  }
  return actions;
}

/**
 * Checks one rule against the bundle. `ids` holds the ids of the rules before it and gains this one's.
 *
 * | law | broken when |
 * |---|---|
 * | ids | blank, or used before |
 * | group | blank, or not declared |
 * | one resource | server-scoped and per-graph actions stand together |
 * | place | an action belongs to the other kind of bundle |
 * | scopes | both; any beside a server-scoped action; one beside an action it does not fit |
 */
export function checkRule(
  yaml: YamlReader,
  rule: RuleDraft,
  groups: ReadonlyMap<string, unknown>,
  ids: Set<string>,
  kind: BundleKind,
): void {
  if (rule.id !== null) {
    if (rule.id.text.trim() === "") yaml.problem(rule.id.span, "rule ids must not be blank");
    else if (ids.has(rule.id.text)) yaml.problem(rule.id.span, `duplicate policy rule id '${rule.id.text}'`);
    ids.add(rule.id.text);
  }
  if (rule.group !== null) checkGroup(yaml, rule, rule.group, groups);
  checkResource(yaml, rule, kind);
  checkScopes(yaml, rule);
}

function checkGroup(
  yaml: YamlReader,
  rule: RuleDraft,
  group: YamlText,
  groups: ReadonlyMap<string, unknown>,
): void {
  if (group.text.trim() === "") yaml.problem(group.span, `${rule.name} needs a non-blank group`);
  else if (!groups.has(group.text)) {
    const help = () => didYouMean(group.text, groups.keys()) ?? "declare it under `groups`";
    yaml.problem(group.span, `${rule.name} references unknown group '${group.text}'`, help);
  }
}

function checkResource(yaml: YamlReader, rule: RuleDraft, kind: BundleKind): void {
  const server = rule.actions.find((written) => ACTIONS[written.action].resource === "server");
  const graph = rule.actions.find((written) => ACTIONS[written.action].resource === "graph");
  if (server !== undefined && graph !== undefined) {
    const names = `server-scoped '${server.action}' and per-graph '${graph.action}'`;
    yaml.problem(rule.span, `${rule.name} mixes ${names}: split into separate rules`);
    return;
  }
  for (const { action, span } of rule.actions) {
    const resource = ACTIONS[action].resource;
    if (resource === kind) continue;
    const message = resource === "server"
      ? `action '${action}' is server-scoped and belongs into a bundle bound to \`cluster\``
      : `action '${action}' is per-graph and belongs into a bundle bound to a graph`;
    yaml.problem(span, `${rule.name}: ${message}`);
  }
}

function checkScopes(yaml: YamlReader, rule: RuleDraft): void {
  const { branchScope, targetBranchScope } = rule;
  const written = branchScope ?? targetBranchScope;
  if (written === null) return;
  const server = rule.actions.find((action) => ACTIONS[action.action].resource === "server");
  if (server !== undefined) {
    const message = `action '${server.action}' is server-scoped and has no branch context, remove the scope`;
    yaml.problem(written.span, `${rule.name}: ${message}`);
    return;
  }
  if (branchScope !== null && targetBranchScope !== null) {
    const message = "may carry branch_scope or target_branch_scope, not both";
    yaml.problem(targetBranchScope.span, `${rule.name} ${message}`);
    return;
  }
  const key = branchScope !== null ? "branch_scope" : "target_branch_scope";
  for (const { action, span } of rule.actions) {
    const wanted = ACTIONS[action].scope;
    if (wanted === key) continue;
    const help = wanted === null ? "the action takes no scope" : `the action takes ${wanted}`;
    yaml.problem(span, `${rule.name} uses ${key} with unsupported action '${action}'`, help);
  }
}
