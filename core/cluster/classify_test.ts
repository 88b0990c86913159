import assert from "node:assert/strict";
import { type LedgerEntry, ledgerEntry, withComposites } from "./ledger.ts";
import { type ClusterPlan, demoteFailed, planCluster, planDigest, withMigrations } from "./plan.ts";

type Entries = Readonly<Record<string, Partial<LedgerEntry> & { readonly digest?: string }>>;

function entriesOf(entries: Entries): Map<string, LedgerEntry> {
  return withComposites(
    new Map(
      Object.entries(entries).map((
        [address, { digest = "d", ...parts }],
      ) => [address, ledgerEntry(digest, parts)]),
    ),
  );
}

interface Situation {
  readonly desired?: Entries;
  readonly applied?: Entries;
  readonly pending?: readonly string[];
  readonly approved?: readonly string[];
}

function plan({ desired = {}, applied = {}, pending = [], approved = [] }: Situation): ClusterPlan {
  return planCluster({
    desired: entriesOf(desired),
    applied: entriesOf(applied),
    pending: new Set(pending),
    approved: new Set(approved),
  });
}

function fates(situation: Situation): Record<string, string> {
  return Object.fromEntries(
    plan(situation).changes.map(({ address, disposition, reason }) => [
      address,
      reason === null ? disposition : `${disposition} ${reason}`,
    ]),
  );
}

const PENDING = "blocked cluster_recovery_pending";
const WAITING = "blocked approval_required";
const DEPENDENT = "blocked dependency_not_applied";
const UNSUPPORTED = "deferred apply_unsupported_kind";
const GRAPH: Entries = { "graph.a": {}, "schema.a": {}, "query.a.q": {} };

Deno.test("planCluster() applies the create of a graph with its schema and queries", () => {
  assert.deepEqual(fates({ desired: GRAPH }), {
    "graph.a": "applied",
    "query.a.q": "applied",
    "schema.a": "applied",
  });
});

Deno.test("planCluster() blocks everything of a graph with an unsettled record, and policies bound to it", () => {
  const desired = {
    ...GRAPH,
    "policy.p": { appliesTo: ["graph.a"] },
    "policy.s": { appliesTo: ["cluster"] },
  };
  assert.deepEqual(fates({ desired, pending: ["a"] }), {
    "graph.a": PENDING,
    "policy.p": PENDING,
    "policy.s": "applied",
    "query.a.q": PENDING,
    "schema.a": PENDING,
  });
  assert.deepEqual(
    fates({ desired: { ...GRAPH, "schema.a": { digest: "e" } }, applied: GRAPH, pending: ["a"] }),
    {
      "graph.a": PENDING,
      "schema.a": PENDING,
    },
  );
  assert.deepEqual(fates({ applied: GRAPH, pending: ["a"] }), {
    "graph.a": PENDING,
    "query.a.q": WAITING,
    "schema.a": PENDING,
  });
});

Deno.test("planCluster() derives a composite and applies its parts", () => {
  const desired = { ...GRAPH, "schema.a": { digest: "e" }, "query.a.q": { digest: "e" } };
  assert.deepEqual(fates({ desired, applied: GRAPH }), {
    "graph.a": "derived",
    "query.a.q": "applied",
    "schema.a": "applied",
  });
  assert.deepEqual(fates({ desired: { "graph.a": {}, "schema.a": {} }, applied: GRAPH }), {
    "graph.a": "derived",
    "query.a.q": "applied",
  });
});

Deno.test("planCluster() waits with a schema that the ledger lost while its graph is there", () => {
  assert.deepEqual(fates({ desired: GRAPH, applied: { "graph.a": {} } }), {
    "graph.a": UNSUPPORTED,
    "query.a.q": DEPENDENT,
    "schema.a": PENDING,
  });
});

Deno.test("planCluster() executes the delete of a graph only with its approval", () => {
  assert.deepEqual(fates({ applied: GRAPH }), {
    "graph.a": WAITING,
    "query.a.q": WAITING,
    "schema.a": WAITING,
  });
  assert.deepEqual(fates({ applied: GRAPH, approved: ["graph.a"] }), {
    "graph.a": "applied",
    "query.a.q": "applied",
    "schema.a": "applied",
  });
  assert.deepEqual(plan({ applied: GRAPH }).gates.map(({ resource, satisfied }) => [resource, satisfied]), [
    ["graph.a", false],
  ]);
});

Deno.test("planCluster() does not know how to delete a schema alone, nor what it has never heard of", () => {
  assert.deepEqual(fates({ desired: { "graph.a": {} }, applied: { "graph.a": {}, "schema.a": {} } }), {
    "graph.a": "derived",
    "schema.a": UNSUPPORTED,
  });
  assert.deepEqual(fates({ applied: { "widget.x": {} } }), { "widget.x": UNSUPPORTED });
});

Deno.test("planCluster() keeps a provider while a graph that stays uses it", () => {
  const applied = { "graph.a": { embeddingProvider: "provider.embedding.p" }, "provider.embedding.p": {} };
  assert.deepEqual(fates({ applied }), { "graph.a": WAITING, "provider.embedding.p": DEPENDENT });
  assert.deepEqual(fates({ applied, approved: ["graph.a"] }), {
    "graph.a": "applied",
    "provider.embedding.p": "applied",
  });
  assert.deepEqual(fates({ applied, desired: { "graph.a": {} } }), {
    "graph.a": "derived",
    "provider.embedding.p": "applied",
  });
});

Deno.test("planCluster() never opens a graph that waits for its delete: its bundle stays", () => {
  const graphs: Entries = { "graph.a": {}, "graph.b": {} };
  const applied = { ...graphs, "policy.p": { appliesTo: ["graph.a", "graph.b"] } };
  assert.deepEqual(fates({ applied, desired: { "graph.b": {} } }), {
    "graph.a": WAITING,
    "policy.p": WAITING,
  });
  const narrowed = { "graph.b": {}, "policy.p": { appliesTo: ["graph.b"] } };
  const { changes } = plan({ applied, desired: narrowed });
  assert.deepEqual(fates({ applied, desired: narrowed }), { "graph.a": WAITING, "policy.p": WAITING });
  assert.match(changes.find(({ address }) => address === "policy.p")?.note ?? "", /graph\.a/);
  assert.deepEqual(fates({ applied, desired: narrowed, approved: ["graph.a"] }), {
    "graph.a": "applied",
    "policy.p": "applied",
  });
});

Deno.test("planCluster() never lets two bundles bind one scope, however the waiting spreads", () => {
  const applied: Entries = {
    "graph.a": {},
    "graph.b": {},
    "graph.c": {},
    "policy.p": { appliesTo: ["graph.a", "graph.b"] },
    "policy.q": { appliesTo: ["graph.c"] },
  };
  const desired: Entries = {
    "graph.b": {},
    "graph.c": {},
    "policy.q": { appliesTo: ["graph.b"] },
    "policy.r": { appliesTo: ["graph.c"] },
  };
  // p guards a; q would take b from it; r would take c from q.
  assert.deepEqual(fates({ applied, desired }), {
    "graph.a": WAITING,
    "policy.p": WAITING,
    "policy.q": DEPENDENT,
    "policy.r": DEPENDENT,
  });
});

Deno.test("planCluster() keeps a bundle until the one that takes its place is applied", () => {
  const applied = {
    "graph.a": {},
    "graph.b": {},
    "policy.old": { appliesTo: ["graph.b"] },
    "policy.p": { appliesTo: ["graph.a"] },
    "policy.s": { appliesTo: ["cluster"] },
  };
  // `a` waits for its approval, so `p` still guards it and cannot move to `b`: `old` must not go.
  const moved = {
    "graph.b": {},
    "policy.p": { appliesTo: ["graph.b"] },
    "policy.s": { appliesTo: ["cluster"] },
  };
  assert.deepEqual(fates({ applied, desired: moved }), {
    "graph.a": WAITING,
    "policy.old": DEPENDENT,
    "policy.p": WAITING,
  });
  assert.deepEqual(fates({ applied, desired: moved, approved: ["graph.a"] }), {
    "graph.a": "applied",
    "policy.old": "applied",
    "policy.p": "applied",
  });
  // The same while `p` waits for an interrupted step, and when `old` is narrowed instead of deleted.
  const narrowed = {
    "graph.a": {},
    "graph.b": {},
    "graph.c": {},
    "policy.old": { appliesTo: ["graph.c"] },
    "policy.p": { appliesTo: ["graph.a", "graph.b"] },
    "policy.s": { appliesTo: ["cluster"] },
  };
  const wide = { ...applied, "graph.c": {}, "policy.old": { appliesTo: ["graph.b", "graph.c"] } };
  assert.deepEqual(fates({ applied: wide, desired: narrowed, pending: ["a"] }), {
    "policy.old": DEPENDENT,
    "policy.p": PENDING,
  });
});

Deno.test("planCluster() creates no graph before its bundle", () => {
  const applied = { "graph.a": {}, "policy.p": { appliesTo: ["graph.a"] } };
  const desired = {
    "graph.b": {},
    "schema.b": {},
    "query.b.q": {},
    "graph.c": {},
    "policy.p": { appliesTo: ["graph.b"] },
  };
  assert.deepEqual(fates({ applied, desired }), {
    "graph.a": WAITING,
    "graph.b": DEPENDENT,
    "graph.c": "applied",
    "policy.p": WAITING,
    "query.b.q": DEPENDENT,
    "schema.b": DEPENDENT,
  });
  assert.deepEqual(
    Object.values(fates({ applied, desired, approved: ["graph.a"] })),
    Array(6).fill("applied"),
  );
});

Deno.test("demoteFailed() blocks what depended on a failed graph and nothing else", () => {
  const desired = entriesOf({
    ...GRAPH,
    "graph.b": {},
    "schema.b": {},
    "policy.p": { appliesTo: ["graph.a", "graph.b"] },
    "policy.s": { appliesTo: ["cluster"] },
  });
  const sides = { desired, applied: new Map() };
  const { changes } = planCluster({ ...sides, pending: new Set(), approved: new Set() });
  const demoted = demoteFailed(changes, { failed: new Map([["a", "graph_create_failed"]]) }, sides);
  assert.deepEqual(demoted.map(({ address, disposition, reason }) => [address, reason ?? disposition]), [
    ["graph.a", "graph_create_failed"],
    ["graph.b", "applied"],
    ["policy.p", "dependency_not_applied"],
    ["policy.s", "applied"],
    ["query.a.q", "dependency_not_applied"],
    ["schema.a", "dependency_not_applied"],
    ["schema.b", "applied"],
  ]);
});

Deno.test("planDigest() is bound to cluster, content, steps and gates", () => {
  const digests = new Set<string>();
  const first = plan({ desired: GRAPH });
  digests.add(planDigest(first, "north"));
  digests.add(planDigest(first, "south"));
  digests.add(planDigest(plan({ desired: { ...GRAPH, "query.a.q": { digest: "e" } } }), "north"));
  const steps = [{ kind: "add_property" }];
  digests.add(
    planDigest(withMigrations(first, new Map([["schema.a", { supported: true, steps }]])), "north"),
  );
  digests.add(planDigest(plan({ applied: GRAPH }), "north"));
  assert.equal(digests.size, 5);
  assert.equal(planDigest(plan({ desired: GRAPH }), "north"), planDigest(first, "north"));
});

Deno.test("planCluster() says what each change reaches, deleted dependents included", () => {
  assert.deepEqual(plan({ applied: { ...GRAPH, "policy.p": { appliesTo: ["graph.a"] } } }).blastRadius, [
    { resource: "graph.a", affected: ["policy.p", "query.a.q", "schema.a"] },
    { resource: "schema.a", affected: ["query.a.q"] },
  ]);
});
