/**
 * The policy bundle: parsing and the rules that need no Cedar.
 *
 * A bundle only allows: every rule permits some actions to the actors of one group, all else is denied. So a key or
 * word that is not understood is refused, never skipped: a misspelled scope must not widen access.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText, Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import { ACTIONS } from "./actions.ts";
import { checkRule, readActions, type RuleDraft } from "./bundle_rules.ts";
import { BUNDLE_KINDS, type BundleKind, type PolicyBundle, type Rule, SCOPES } from "./model.ts";
import { type YamlEntry, YamlReader, type YamlText, type YamlValue } from "./yaml_reader.ts";

/** The outcome of {@linkcode parseBundle}: the bundle, or null with at least one error. */
export interface ParsedBundle {
  readonly bundle: PolicyBundle | null;
  /** In document order, all with code `policy_invalid`. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Parses a policy file and checks everything that needs no Cedar; all problems are collected. `options.kind` is the
 * kind the binding demands, null when the file is looked at on its own: then the file's `kind` decides, else its first
 * action. Never throws for bad input.
 *
 * @example
 * ```ts
 * import { parseBundle } from "./bundle.ts";
 * const text = "version: 1\ngroups: { crew: [act-ida] }\nrules: []\n";
 * const { bundle, diagnostics } = parseBundle(text, { path: "crew.policy.yaml", kind: "graph" });
 * console.assert(diagnostics.length === 0 && bundle?.groups.get("crew")?.length === 1);
 * ```
 */
export function parseBundle(
  text: string,
  options: { readonly path: string; readonly kind: BundleKind | null },
): ParsedBundle {
  const source = { path: options.path, text };
  const yaml = new YamlReader(source, "policy_invalid");
  const bundle = yaml.readable ? readBundle(yaml, source, options.kind) : null;
  const diagnostics = yaml.diagnostics();
  return { bundle: diagnostics.length === 0 ? bundle : null, diagnostics };
}

function readBundle(yaml: YamlReader, source: SourceText, bound: BundleKind | null): PolicyBundle | null {
  const root = yaml.root();
  const fields = yaml.fields(root, "policy", ["version", "kind", "groups", "protected_branches", "rules"]);
  if (fields === null) return null;
  if (fields.version === undefined) yaml.problem(root.span, "policy version must be 1, found none");
  else {
    const version = yaml.integer(fields.version, "policy version must be 1");
    if (version !== null && version !== 1) {
      yaml.problem(fields.version.span, `policy version must be 1, found ${version}`);
    }
  }
  const declared = readKind(yaml, fields.kind, bound);
  const groups = readGroups(yaml, fields.groups);
  const protectedBranches = readProtectedBranches(yaml, fields.protected_branches);
  const drafts = readRules(yaml, fields.rules);
  const kind = declared ?? bound ?? kindOfFirstAction(drafts);
  const ids = new Set<string>();
  for (const draft of drafts) checkRule(yaml, draft, groups, ids, kind);
  return { kind, groups, protectedBranches, rules: drafts.flatMap(finishRule), source };
}

function readKind(
  yaml: YamlReader,
  value: YamlValue | undefined,
  bound: BundleKind | null,
): BundleKind | null {
  if (value === undefined || yaml.isEmpty(value)) return null;
  const kind = readWord(yaml, value, "policy kind", BUNDLE_KINDS);
  if (kind !== null && bound !== null && kind !== bound) {
    const place = bound === "server" ? "the cluster" : "graphs";
    yaml.problem(
      value.span,
      `policy kind '${kind}' contradicts its binding: bound to ${place}, so '${bound}'`,
    );
  }
  return kind;
}

function kindOfFirstAction(drafts: readonly RuleDraft[]): BundleKind {
  const first = drafts.flatMap((draft) => draft.actions)[0];
  return first === undefined ? "graph" : ACTIONS[first.action].resource;
}

function readWord<Word extends string>(
  yaml: YamlReader,
  value: YamlValue,
  what: string,
  words: readonly Word[],
): Word | null {
  const text = yaml.text(value, what);
  if (text === null) return null;
  const word = words.find((known) => known === text.text);
  if (word === undefined) {
    const help = didYouMean(text.text, words) ?? `use one of ${words.join(", ")}`;
    yaml.problem(value.span, `${what}: unknown word '${text.text}'`, help);
  }
  return word ?? null;
}

function readGroups(yaml: YamlReader, value: YamlValue | undefined): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  if (value === undefined || yaml.isEmpty(value)) return groups;
  for (const entry of yaml.entries(value, "groups") ?? []) {
    if (isBlank(entry.key)) yaml.problem(entry.keySpan, "group names must not be blank");
    groups.set(entry.key, readMembers(yaml, entry));
  }
  return groups;
}

function readMembers(yaml: YamlReader, entry: YamlEntry): string[] {
  const group = `group '${entry.key}'`;
  const items = yaml.isEmpty(entry.value) ? [] : yaml.items(entry.value, group);
  if (items?.length === 0) yaml.problem(entry.keySpan, `${group} must not be empty`);
  const actors = new Set<string>();
  for (const item of items ?? []) {
    const actor = yaml.text(item, `actor of ${group}`);
    if (actor === null) continue;
    if (isBlank(actor.text)) yaml.problem(actor.span, `${group} holds a blank actor id`);
    else actors.add(actor.text);
  }
  return [...actors];
}

function readProtectedBranches(yaml: YamlReader, value: YamlValue | undefined): ReadonlySet<string> {
  const branches = new Set<string>();
  if (value === undefined || yaml.isEmpty(value)) return branches;
  for (const item of yaml.items(value, "protected_branches") ?? []) {
    const branch = yaml.text(item, "protected branch");
    if (branch === null) continue;
    if (isBlank(branch.text)) yaml.problem(branch.span, "protected branch names must not be blank");
    else branches.add(branch.text.trim());
  }
  return branches;
}

function readRules(yaml: YamlReader, value: YamlValue | undefined): RuleDraft[] {
  if (value === undefined || yaml.isEmpty(value)) return [];
  const items = yaml.items(value, "rules") ?? [];
  return items.map((item, index) => readRule(yaml, item, index)).filter((draft) => draft !== null);
}

function readRule(yaml: YamlReader, value: YamlValue, index: number): RuleDraft | null {
  const fields = yaml.fields(value, `rules[${index}]`, ["id", "allow"]);
  if (fields === null) return null;
  let id: YamlText | null = null;
  if (fields.id === undefined) yaml.problem(value.span, `rules[${index}]: missing key 'id'`);
  else id = yaml.text(fields.id, `rules[${index}].id`);
  const name = id === null || isBlank(id.text) ? `rules[${index}]` : `rule '${id.text}'`;
  if (fields.allow === undefined) {
    yaml.problem(value.span, `${name}: missing key 'allow'`);
    return null;
  }
  const keys = ["actors", "actions", "branch_scope", "target_branch_scope"] as const;
  const allow = yaml.fields(fields.allow, `${name}.allow`, keys);
  if (allow === null) return null;
  const scope = (key: "branch_scope" | "target_branch_scope") => {
    const written = allow[key];
    // An empty scope is refused, not read as absent: absent is the widest scope.
    return written === undefined ? null : {
      word: readWord(yaml, written, `${name}.allow.${key}`, SCOPES),
      span: written.span,
    };
  };
  return {
    name,
    span: value.span,
    id,
    group: readGroupReference(yaml, allow.actors, name, fields.allow.span),
    actions: readActions(yaml, allow.actions, name, fields.allow.span),
    branchScope: scope("branch_scope"),
    targetBranchScope: scope("target_branch_scope"),
  };
}

function readGroupReference(
  yaml: YamlReader,
  value: YamlValue | undefined,
  name: string,
  around: Span,
): YamlText | null {
  if (value === undefined) {
    yaml.problem(around, `${name} needs a non-blank group: missing key 'actors'`);
    return null;
  }
  const actors = yaml.fields(value, `${name}.allow.actors`, ["group"]);
  if (actors === null) return null;
  if (actors.group === undefined || yaml.isEmpty(actors.group)) {
    yaml.problem(value.span, `${name} needs a non-blank group`);
    return null;
  }
  return yaml.text(actors.group, `${name}.allow.actors.group`);
}

/** The rule of a draft; none when a part is missing, which is a noted problem then. */
function finishRule(draft: RuleDraft): Rule[] {
  if (draft.id === null || draft.group === null) return [];
  return [{
    id: draft.id.text,
    group: draft.group.text,
    actions: [...new Set(draft.actions.map((written) => written.action))],
    branchScope: draft.branchScope?.word ?? null,
    targetBranchScope: draft.targetBranchScope?.word ?? null,
    span: draft.id.span,
  }];
}

/** Whether nothing is left after trimming. */
function isBlank(text: string): boolean {
  return text.trim() === "";
}
