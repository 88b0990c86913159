import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import { type Action, ACTIONS, type PolicyQuestion } from "./actions.ts";
import { parseBundle } from "./bundle.ts";
import { cedarPolicies, cedarString } from "./compile.ts";
import { checkWithCedar, openGate } from "./gate.ts";
import { type PolicyBundle, type Rule, type Scope, SCOPES } from "./model.ts";

const REELS = { kind: "graph", graphId: "reels" } as const;
const NO_PLACE = { span: { start: 0, end: 0 } };

function bundleOf(text: string): PolicyBundle {
  const { bundle, diagnostics } = parseBundle(text, { path: "p.yaml", kind: null });
  assert.ok(bundle !== null, diagnostics.map((diagnostic) => diagnostic.message).join("\n"));
  return bundle;
}

const ARCHIVE = bundleOf(`
version: 1
groups:
  archivists: [act-ida, act-noor]
  public: ["act-web", "act-kiosk"]
protected_branches: [main]
rules:
  - { id: everyone-browses, allow: { actors: { group: public }, actions: [read], branch_scope: protected } }
  - id: archivists-edit-drafts
    allow: { actors: { group: archivists }, actions: [read, export, change], branch_scope: unprotected }
  - id: archivists-publish
    allow: { actors: { group: archivists }, actions: [branch_merge], target_branch_scope: protected }
`);

Deno.test("cedarPolicies() writes the documented permit", () => {
  assert.equal(
    cedarPolicies(ARCHIVE, REELS)["archivists-publish:branch_merge"],
    `permit (principal in Omnigraph::Group::"archivists", action == Omnigraph::Action::"branch_merge", ` +
      `resource == Omnigraph::Graph::"reels")
when { context.has_target_branch && context.target_branch_is_protected };`,
  );
});

Deno.test("cedarString() escapes what Cedar does not read raw", () => {
  assert.equal(cedarString(`a"b\\c\b\u0001\u007f`), `"a\\"b\\\\c\\u{8}\\u{1}\\u{7f}"`);
});

Deno.test("policy 1: empty rules deny all", async () => {
  const bundle = bundleOf("version: 1\ngroups: { crew: [act-a] }\nrules: []\n");
  assert.deepEqual(await checkWithCedar(bundle, REELS), []);
  const gate = await openGate(bundle, REELS);
  for (const action of Object.keys(ACTIONS).filter((name) => name !== "graph_list")) {
    assert.equal(gate.decide("act-a", { action: action as Action, branch: "main" }).allowed, false);
  }
});

Deno.test("policy 12: act-noor may change drafts, not main", async () => {
  const gate = await openGate(ARCHIVE, REELS);
  assert.deepEqual(gate.decide("act-noor", { action: "change", branch: "draft" }), {
    allowed: true,
    matchedRuleId: "archivists-edit-drafts",
    message: "policy allowed action 'change' for actor 'act-noor'",
  });
  assert.deepEqual(gate.decide("act-noor", { action: "change", branch: "main" }), {
    allowed: false,
    matchedRuleId: null,
    message: "policy denied action 'change' on branch 'main' for actor 'act-noor'",
  });
});

Deno.test("policy 13: merging into main is allowed, from main into a draft denied", async () => {
  const gate = await openGate(ARCHIVE, REELS);
  const publish = gate.decide("act-noor", { action: "branch_merge", branch: "draft", targetBranch: "main" });
  assert.equal(publish.matchedRuleId, "archivists-publish");
  assert.deepEqual(
    gate.decide("act-noor", { action: "branch_merge", branch: "main", targetBranch: "draft" }),
    {
      allowed: false,
      matchedRuleId: null,
      message:
        "policy denied action 'branch_merge' on branch 'main' targeting branch 'draft' for actor 'act-noor'",
    },
  );
});

Deno.test("policy 14: a protected-only grant reads main, and nothing without a branch", async () => {
  const gate = await openGate(ARCHIVE, REELS);
  assert.equal(gate.decide("act-kiosk", { action: "read", branch: "main" }).allowed, true);
  assert.equal(gate.decide("act-kiosk", { action: "read" }).allowed, false);
});

Deno.test("policy 15: a rule without scope reads with and without a branch", async () => {
  const text =
    "version: 1\ngroups: { crew: [a] }\nrules: [{ id: r, allow: { actors: { group: crew }, actions: [read] } }]";
  const gate = await openGate(bundleOf(text), REELS);
  assert.equal(gate.decide("a", { action: "read" }).allowed, true);
  assert.equal(gate.decide("a", { action: "read", branch: "main" }).allowed, true);
  assert.equal(gate.decide("a", { action: "read", branch: "draft" }).allowed, true);
});

Deno.test("policy 16: an actor in no group is denied as unknown", async () => {
  const gate = await openGate(ARCHIVE, REELS);
  assert.deepEqual(gate.decide("act-nobody", { action: "read", branch: "main" }), {
    allowed: false,
    matchedRuleId: null,
    message: "policy denied action 'read' for unknown actor 'act-nobody'",
  });
  // A question that Cedar refuses to evaluate shows that Cedar is not asked.
  assert.equal(gate.decide("act-nobody", { action: "graph_list" }).allowed, false);
});

Deno.test("policy 17: of two rules that permit, the smaller id is named", async () => {
  const rule = (id: string) => `  - { id: "${id}", allow: { actors: { group: crew }, actions: [read] } }\n`;
  const bundle = bundleOf(
    `version: 1\ngroups: { crew: [a] }\nrules:\n${rule("b")}${rule("a:z")}${rule("a:b")}`,
  );
  const gate = await openGate(bundle, REELS);
  assert.equal(gate.decide("a", { action: "read" }).matchedRuleId, "a:b");
});

Deno.test("policy 18: quotes, backslashes and control characters compile and decide", async () => {
  const odd = String.raw`"we\"ird\\ \u0001\b\f\u2028*"`;
  const bundle = bundleOf(`version: 1
groups: { ${odd}: [${odd}, "plain"] }
rules: [{ id: ${odd}, allow: { actors: { group: ${odd} }, actions: [read] } }]
`);
  const name = JSON.parse(odd) as string;
  const gate = await openGate(bundle, { kind: "graph", graphId: 'g"\\\n' });
  assert.equal(gate.decide(name, { action: "read" }).matchedRuleId, name);
  assert.equal(gate.decide("plain", { action: "read", branch: name }).allowed, true);
  assert.equal(gate.decide("other", { action: "read" }).allowed, false);
});

Deno.test("policy 19: one bundle for two graphs decides with each graph's own resource", async () => {
  const reels = cedarPolicies(ARCHIVE, REELS);
  const stills = cedarPolicies(ARCHIVE, { kind: "graph", graphId: "stills" });
  assert.ok(Object.values(reels).every((text) => text.includes('Omnigraph::Graph::"reels"')));
  assert.ok(Object.values(stills).every((text) => text.includes('Omnigraph::Graph::"stills"')));
  for (const graphId of ["reels", "stills"]) {
    const gate = await openGate(ARCHIVE, { kind: "graph", graphId });
    assert.equal(gate.decide("act-web", { action: "read", branch: "main" }).allowed, true);
  }
});

Deno.test("a server bundle lets its group list graphs", async () => {
  const bundle = bundleOf(
    "version: 1\ngroups: { ops: [a], crew: [b] }\n" +
      "rules: [{ id: l, allow: { actors: { group: ops }, actions: [graph_list] } }]",
  );
  assert.deepEqual(await checkWithCedar(bundle, { kind: "server" }), []);
  const gate = await openGate(bundle, { kind: "server" });
  assert.equal(gate.decide("a", { action: "graph_list" }).allowed, true);
  assert.equal(gate.decide("b", { action: "graph_list" }).allowed, false);
});

Deno.test("checkWithCedar() accepts the example and reports Cedar's warnings with the rule's place", async () => {
  assert.deepEqual(await checkWithCedar(ARCHIVE, REELS), []);
  // Cyrillic letters among Latin ones: Cedar warns about names that look alike.
  const text = "version: 1\ngroups: { g\u0430mma: [a] }\n" +
    "rules: [{ id: r, allow: { actors: { group: g\u0430mma }, actions: [read] } }]";
  const problems = await checkWithCedar(bundleOf(text), REELS);
  assert.equal(problems.length, 1);
  assert.match(problems[0]!.message, /^policy validation failed: .*mixed scripts/);
  assert.equal(text.slice(problems[0]!.span!.start, problems[0]!.span!.end), "r");
});

Deno.test("a question about the wrong kind of resource is a failure, not a denial", async () => {
  const gate = await openGate(ARCHIVE, REELS);
  assert.throws(
    () => gate.decide("act-ida", { action: "graph_list" }),
    (error) => error instanceof AppError && error.code === "policy_evaluation",
  );
});

/** The rules read naively: smallest id of the rules that permit, or null. */
function naive(bundle: PolicyBundle, actor: string, question: PolicyQuestion): string | null {
  const inScope = (scope: Scope | null, name: string | undefined) =>
    scope === null || scope === "any" ||
    (name !== undefined && bundle.protectedBranches.has(name) === (scope === "protected"));
  const ids = bundle.rules.filter((rule) =>
    bundle.groups.get(rule.group)!.includes(actor) && rule.actions.includes(question.action) &&
    inScope(rule.branchScope, question.branch) && inScope(rule.targetBranchScope, question.targetBranch)
  ).map((rule) => rule.id);
  return ids.sort()[0] ?? null;
}

const NAMES = ["a", "b", 'c"\\', "d\u0001", "e é"];
const BRANCHES = ["main", "draft", "", "main "];
const GRAPH_ACTIONS = (Object.keys(ACTIONS) as Action[]).filter((action) =>
  ACTIONS[action].resource === "graph"
);

function ruleArbitrary(groups: readonly string[]): fc.Arbitrary<Rule> {
  return fc.record({
    id: fc.string({ minLength: 1, maxLength: 3 }).filter((id) => id.trim() !== ""),
    group: fc.constantFrom(...groups),
    key: fc.constantFrom("branch_scope", "target_branch_scope", null),
    scope: fc.constantFrom(...SCOPES),
    picks: fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 4 }),
  }).map(({ id, group, key, scope, picks }) => {
    const fitting = GRAPH_ACTIONS.filter((action) => key === null || ACTIONS[action].scope === key);
    return {
      ...NO_PLACE,
      id,
      group,
      actions: [...new Set(picks.map((pick) => fitting[pick % fitting.length]!))],
      branchScope: key === "branch_scope" ? scope : null,
      targetBranchScope: key === "target_branch_scope" ? scope : null,
    };
  });
}

const bundleArbitrary: fc.Arbitrary<PolicyBundle> = fc
  .dictionary(
    fc.constantFrom("g", "h", 'k"\\'),
    fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1 }),
    {
      minKeys: 1,
    },
  )
  .chain((groups) =>
    fc.record({
      kind: fc.constant("graph" as const),
      groups: fc.constant(new Map(Object.entries(groups))),
      protectedBranches: fc.uniqueArray(fc.constantFrom("main", "draft")).map((names) => new Set(names)),
      rules: fc.uniqueArray(ruleArbitrary(Object.keys(groups)), {
        selector: (rule) => rule.id,
        maxLength: 6,
      }),
      source: fc.constant({ path: "p.yaml", text: "" }),
    })
  );

const questionArbitrary: fc.Arbitrary<PolicyQuestion> = fc.record({
  action: fc.constantFrom(...GRAPH_ACTIONS),
  branch: fc.option(fc.constantFrom(...BRANCHES), { nil: undefined }),
  targetBranch: fc.option(fc.constantFrom(...BRANCHES), { nil: undefined }),
}).map(({ action, branch, targetBranch }) => ({
  action,
  ...(branch === undefined ? {} : { branch }),
  ...(targetBranch === undefined ? {} : { targetBranch }),
}));

Deno.test("the gate agrees with a naive reading of the rules on random bundles and questions", async () => {
  const property = fc.asyncProperty(
    bundleArbitrary,
    fc.array(fc.tuple(fc.constantFrom(...NAMES, "nobody"), questionArbitrary), {
      minLength: 1,
      maxLength: 20,
    }),
    async (bundle, questions) => {
      const gate = await openGate(bundle, REELS);
      for (const [actor, question] of [...questions, ...questions]) {
        const expected = naive(bundle, actor, question);
        const decision = gate.decide(actor, question);
        assert.equal(decision.matchedRuleId, expected, JSON.stringify({ actor, question }));
        assert.equal(decision.allowed, expected !== null);
      }
    },
  );
  await fc.assert(property, { numRuns: 60 });
});
