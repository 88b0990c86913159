import assert from "node:assert/strict";
import fc from "fast-check";
import { parseBundle } from "./bundle.ts";
import { bundleActors, type BundleKind } from "./model.ts";

/** The example of the policy documentation. */
const ARCHIVE = `
version: 1
kind: graph
groups:
  archivists: [act-ida, act-noor]
  public: ["act-web", "act-kiosk"]
protected_branches: [main]
rules:
  - id: everyone-browses
    allow:
      actors: { group: public }
      actions: [read]
      branch_scope: protected
  - id: archivists-edit-drafts
    allow:
      actors: { group: archivists }
      actions: [read, export, change]
      branch_scope: unprotected
  - id: archivists-publish
    allow:
      actors: { group: archivists }
      actions: [branch_merge]
      target_branch_scope: protected
`;

/** Asserts that the text is refused, one message per fragment list, in this order. */
function expectProblems(
  text: string,
  fragments: readonly (readonly string[])[],
  kind: BundleKind | null = "graph",
) {
  const { bundle, diagnostics } = parseBundle(text, { path: "crew.policy.yaml", kind });
  const messages = diagnostics.map((diagnostic) => diagnostic.message);
  assert.equal(messages.length, fragments.length, messages.join("\n"));
  assert.equal(bundle, null);
  for (const [index, expected] of fragments.entries()) {
    for (const fragment of expected) {
      assert.ok(messages[index]!.includes(fragment), `\`${messages[index]}\` should contain \`${fragment}\``);
    }
  }
  for (const diagnostic of diagnostics) {
    assert.equal(diagnostic.code, "policy_invalid");
    assert.ok(diagnostic.span !== undefined && diagnostic.source !== undefined);
  }
}

/** A bundle with one group `crew` and one rule `r` whose `allow` holds these lines beside the group. */
function withRule(...lines: string[]): string {
  const allow = ["actors: { group: crew }", ...lines].map((line) => `      ${line}`).join("\n");
  return `version: 1\ngroups: { crew: [act-a] }\nrules:\n  - id: r\n    allow:\n${allow}\n`;
}

Deno.test("policy 1: the documented example validates with 4 actors", () => {
  const { bundle, diagnostics } = parseBundle(ARCHIVE, { path: "p.yaml", kind: "graph" });
  assert.deepEqual(diagnostics, []);
  assert.ok(bundle !== null);
  assert.deepEqual(bundleActors(bundle), ["act-ida", "act-kiosk", "act-noor", "act-web"]);
  assert.deepEqual(bundle.rules.map((rule) => rule.id), [
    "everyone-browses",
    "archivists-edit-drafts",
    "archivists-publish",
  ]);
  assert.deepEqual(bundle.rules[1]!.actions, ["read", "export", "change"]);
  assert.equal(bundle.rules[2]!.targetBranchScope, "protected");
});

Deno.test("policy 1: empty and absent rules are valid", () => {
  for (const text of ["version: 1\nrules: []\n", "version: 1\n", "version: 1\nrules:\ngroups:\n"]) {
    const { bundle } = parseBundle(text, { path: "p.yaml", kind: "graph" });
    assert.deepEqual(bundle?.rules, []);
  }
});

Deno.test("policy 2: kind server with only graph_list fits the cluster; bound to a graph both kinds are named", () => {
  const text = `version: 1
kind: server
groups: { admins: [act-a] }
rules:
  - { id: list, allow: { actors: { group: admins }, actions: [graph_list] } }
`;
  assert.deepEqual(parseBundle(text, { path: "p.yaml", kind: "server" }).diagnostics, []);
  assert.equal(parseBundle(text, { path: "p.yaml", kind: null }).bundle?.kind, "server");
  expectProblems(text, [["'server'", "'graph'", "binding"]], "graph");
});

Deno.test("policy 3: a misspelled scope key is named and refused", () => {
  expectProblems(withRule("actions: [read]", "branch_scpoe: protected"), [["unknown key 'branch_scpoe'"]]);
});

Deno.test("policy 4: duplicate id, unknown group, empty group, blank actor, no actions", () => {
  expectProblems(
    `version: 1
groups:
  ghosts: []
  crew: [act-a, "  "]
rules:
  - { id: r, allow: { actors: { group: crew }, actions: [read] } }
  - { id: r, allow: { actors: { group: crow }, actions: [] } }
`,
    [
      ["group 'ghosts'", "must not be empty"],
      ["group 'crew'", "blank actor id"],
      ["duplicate policy rule id", "'r'"],
      ["rule 'r'", "references unknown group", "'crow'"],
      ["rule 'r'", "at least one action"],
    ],
  );
});

Deno.test("policy 5: removed and reserved actions say so", () => {
  expectProblems(withRule("actions: [run_publish, graph_create, fly]"), [
    ["unknown policy action", "'run_publish'", "removed, use `change`"],
    ["unknown policy action", "'graph_create'", "reserved"],
    ["unknown policy action", "'fly'"],
  ]);
});

Deno.test("policy 6: a scope beside an action that it does not fit names key and action", () => {
  expectProblems(withRule("actions: [invoke_query]", "branch_scope: any"), [
    ["branch_scope with unsupported action", "'invoke_query'"],
  ]);
  expectProblems(withRule("actions: [read, branch_merge]", "branch_scope: protected"), [
    ["branch_scope with unsupported action", "'branch_merge'"],
  ]);
  expectProblems(withRule("actions: [change]", "target_branch_scope: protected"), [
    ["target_branch_scope with unsupported action", "'change'"],
  ]);
});

Deno.test("policy 7: graph_list beside read, or with a scope, is refused as server-scoped", () => {
  expectProblems(withRule("actions: [graph_list, read]"), [["server-scoped", "split into separate rules"]]);
  const scoped = withRule("actions: [graph_list]", "branch_scope: any");
  expectProblems(scoped, [["server-scoped", "no branch context"]], "server");
});

Deno.test("policy 8: actions of the other kind of bundle are refused", () => {
  expectProblems(
    withRule("actions: [read]"),
    [["rule 'r'", "per-graph", "'read'", "bound to a graph"]],
    "server",
  );
  expectProblems(withRule("actions: [graph_list]"), [[
    "rule 'r'",
    "server-scoped",
    "'graph_list'",
    "cluster",
  ]]);
});

Deno.test("policy 9: both scopes on one rule", () => {
  const text = withRule("actions: [read]", "branch_scope: any", "target_branch_scope: any");
  expectProblems(text, [["rule 'r'", "not both"]]);
});

Deno.test("parseBundle() checks version, blanks and words", () => {
  expectProblems("version: 2\n", [["policy version must be 1"]]);
  expectProblems("rules: []\n", [["policy version must be 1"]]);
  expectProblems('version: "1"\n', [["policy version must be 1"]]);
  expectProblems("version: 1\ngroups: { '  ': [a] }\n", [["group names must not be blank"]]);
  expectProblems("version: 1\nprotected_branches: [' ']\n", [["protected branch names must not be blank"]]);
  expectProblems(withRule("actions: [read]").replace("id: r", "id: ' '"), [["rule ids must not be blank"]]);
  expectProblems(withRule("actions: [read]").replace("group: crew", "group: ' '"), [["non-blank group"]]);
  expectProblems(withRule("actions: [read]", "branch_scope: always"), [["unknown word 'always'"]]);
  expectProblems(withRule("actions: [read]", "branch_scope:"), [["branch_scope", "must be a string"]]);
  expectProblems("version: 1\nkind: cluster\n", [["unknown word 'cluster'"]]);
});

Deno.test("parseBundle() refuses what YAML lets pass: repeated keys, second documents, unknown tags, merge keys", () => {
  expectProblems("version: 1\nrules: []\nrules: []\n", [["duplicate key 'rules'"]]);
  expectProblems("version: 1\n---\nversion: 1\n", [["yaml"]]);
  expectProblems("version: 1\nrules: !all []\n", [["yaml", "!all"]]);
  expectProblems("version: 1\n<<: { rules: [] }\n", [["unknown key '<<'"]]);
  expectProblems("version: 1\nrules: [\n", [["yaml"]]);
  expectProblems("", [["must be a mapping"]]);
  expectProblems("version: 1\nrules: { id: r }\n", [["rules", "must be a list"]]);
  expectProblems("version: 1\ngroups: { crew: [1] }\n", [["must be a string", "`1`"]]);
  expectProblems('version: 1\ngroups: { crew: ["\\uD800"] }\n', [["surrogate"]]);
});

Deno.test("parseBundle() survives deep nesting", () => {
  const { bundle, diagnostics } = parseBundle("[".repeat(50_000), { path: "p.yaml", kind: null });
  assert.equal(bundle, null);
  assert.ok(diagnostics.length > 0);
});

Deno.test("parseBundle() answers damaged texts with a bundle or with problems, never by throwing", () => {
  const damage = fc.tuple(fc.nat(ARCHIVE.length), fc.nat(12), fc.string({ unit: "binary", maxLength: 4 }));
  fc.assert(fc.property(fc.array(damage, { maxLength: 3 }), (damages) => {
    let text = ARCHIVE;
    for (const [at, cut, insert] of damages) text = text.slice(0, at) + insert + text.slice(at + cut);
    const { bundle, diagnostics } = parseBundle(text, { path: "p.yaml", kind: null });
    assert.equal(bundle === null, diagnostics.length > 0);
  }));
});

Deno.test("parseBundle() counts repeated members once and trims protected branches", () => {
  const { bundle } = parseBundle(
    `version: 1
groups: { crew: [act-a, act-a, act-b] }
protected_branches: [" main ", main]
rules:
  - { id: r, allow: { actors: { group: crew }, actions: [read, read] } }
`,
    { path: "p.yaml", kind: null },
  );
  assert.deepEqual(bundle?.groups.get("crew"), ["act-a", "act-b"]);
  assert.deepEqual([...bundle!.protectedBranches], ["main"]);
  assert.deepEqual(bundle!.rules[0]!.actions, ["read"]);
});

Deno.test("parseBundle() reads aliases like what they stand for", () => {
  const text = withRule("actions: &all [read]").replace("crew: [act-a]", "crew: &who [act-a], spare: *who");
  const { bundle } = parseBundle(text, { path: "p.yaml", kind: null });
  assert.deepEqual(bundle?.groups.get("spare"), ["act-a"]);
});

Deno.test("a policy beyond the size limit, or beyond the depth limit, is refused at once", () => {
  const messages = (text: string) =>
    parseBundle(text, { path: "p.yaml", kind: "graph" }).diagnostics.map(({ message }) => message);
  assert.deepEqual(messages(`version: 1\n#${"x".repeat(4 * 1024 * 1024)}\n`), [
    "the file exceeds 4194304 characters",
  ]);
  assert.deepEqual(messages("[".repeat(100_000)), ["yaml: the document nests deeper than 64 levels"]);
  const laughs = Array.from(
    { length: 30 },
    (_, i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(i === 0 ? 0 : 9)}x]\n`,
  );
  assert.deepEqual(messages(laughs.join("")), ["yaml: aliases repeat more than 100000 values"]);
});
