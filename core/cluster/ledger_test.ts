import assert from "node:assert/strict";
import fc from "fast-check";
import type { Json } from "../base/json.ts";
import { diffEntries } from "./diff.ts";
import { graphDigest, providerDigest } from "./digests.ts";
import {
  brokenComposites,
  compositeOf,
  EMPTY_LEDGER,
  type Ledger,
  ledgerEntry,
  withComposites,
} from "./ledger.ts";
import { ledgerBytes, LedgerVersionError, parseLedger } from "./ledger_file.ts";
import { StoredJsonError } from "./strict_json.ts";

/** Objects as they come out of JSON. */
const PLAIN = { noNullPrototype: true };
const digest = fc.stringMatching(/^[0-9a-f]{64}$/);
const name = fc.stringMatching(/^[a-z_][a-z0-9_-]{0,5}$/);
/** Members that no version knows, `later…`, with any JSON. */
const unknown = fc.dictionary(
  fc.stringMatching(/^later_[a-z]{1,4}$/),
  fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json),
  { maxKeys: 2, noNullPrototype: true },
);
const profile = fc.record(
  {
    kind: fc.constantFrom("openai", "gemini"),
    base_url: fc.webUrl(),
    model: fc.string(),
    api_key: fc.constant("${K}"),
  },
  { requiredKeys: ["kind"], noNullPrototype: true },
);
const blobPolicy = fc.array(
  fc.record(
    { uri: fc.webUrl(), scope: fc.constantFrom("server_safe" as const, "embedded_only" as const) },
    PLAIN,
  ),
  { minLength: 1, maxLength: 2 },
).map((bases) => ({ mode: "allow" as const, bases }));
const origin = fc.record(
  {
    appliedCommit: fc.option(digest),
    changedCommit: fc.option(digest),
    appliedAt: fc.constant("2026-03-01T08:00:00Z"),
  },
  { requiredKeys: [], noNullPrototype: true },
);
const entry = fc.record({
  digest,
  appliesTo: fc.option(fc.array(name.map((graph) => `graph.${graph}`), { maxLength: 3 })),
  embeddingProfile: fc.option(profile),
  embeddingProvider: fc.option(name.map((provider) => `provider.embedding.${provider}`)),
  blobPolicy: fc.option(blobPolicy),
  origin,
  unknown,
}, PLAIN);
const address = fc.oneof(
  name.map((graph) => `graph.${graph}`),
  name.map((graph) => `schema.${graph}`),
  fc.tuple(name, name).map(([graph, query]) => `query.${graph}.${query}`),
  name.map((policy) => `policy.${policy}`),
  name.map((provider) => `provider.embedding.${provider}`),
);
const entries = fc.array(fc.tuple(address, entry), { maxLength: 8 }).map((list) => new Map(list));
const status = fc.record({
  status: fc.constantFrom("applied" as const, "blocked" as const, "drifted" as const, "error" as const),
  conditions: fc.array(name, { maxLength: 2 }),
  message: fc.option(fc.string()),
  unknown,
}, PLAIN);
const ledger: fc.Arbitrary<Ledger> = fc.record({
  revision: fc.nat(),
  configDigest: fc.option(digest),
  provenance: fc.option(fc.record({ commit: digest }, PLAIN)),
  entries,
  statuses: fc.array(fc.tuple(address, status), { maxLength: 4 }).map((list) => new Map(list)),
  approvalRecords: fc.constant(new Map()),
  recoveryRecords: fc.array(
    fc.tuple(
      name,
      unknown.map((more) => ({
        kind: "graph_create",
        graph_id: "fleet",
        outcome: "rolled_forward",
        recovered_at: "2026-03-01T08:00:00Z",
        actor: null,
        ...more,
      })),
    ),
    { maxLength: 2 },
  ).map((list) => new Map(list)),
  observations: fc.array(fc.tuple(address, unknown), { maxLength: 2 }).map((list) => new Map(list)),
  unknown,
  unknownApplied: unknown,
}, PLAIN);

/** Reads what was written; maps come back in key order. */
function reread(value: Ledger): Ledger {
  return parseLedger(ledgerBytes(value));
}

Deno.test("ledger: what is written reads back equal, unknown members included", () => {
  fc.assert(fc.property(ledger, (value) => {
    const read = reread(value);
    assert.deepEqual(read, value);
    assert.deepEqual(ledgerBytes(read), ledgerBytes(value));
  }));
});

Deno.test("diffEntries(x, x) is empty, for any x", () => {
  // A desired profile always has the digest that belongs to it.
  const consistent = entries.map((map) =>
    new Map([...map].map(([at, one]) => [
      at,
      one.embeddingProfile === null ? one : { ...one, digest: providerDigest(one.embeddingProfile) },
    ]))
  );
  fc.assert(fc.property(consistent, (value) => assert.deepEqual(diffEntries(value, value), [])));
});

Deno.test("diffEntries() creates from nothing, deletes to nothing, and is sorted with one change per address", () => {
  fc.assert(fc.property(entries, entries, (a, b) => {
    const changes = diffEntries(a, b);
    const addresses = changes.map((change) => change.address);
    assert.deepEqual(addresses, [...new Set(addresses)].sort());
    assert.ok(diffEntries(a, new Map()).every(({ operation }) => operation === "create"));
    assert.ok(diffEntries(new Map(), b).every(({ operation }) => operation === "delete"));
  }));
});

Deno.test("withComposites() gives every graph the digest of its parts and settles in one pass", () => {
  fc.assert(fc.property(entries, (value) => {
    const settled = withComposites(value);
    assert.deepEqual(brokenComposites({ ...EMPTY_LEDGER, entries: settled }), []);
    assert.deepEqual(withComposites(settled), settled);
  }));
});

Deno.test("a graph's digest covers its own queries only, and its provider's digest", () => {
  const parts = new Map([
    ["graph.fleet", ledgerEntry("", { embeddingProvider: "provider.embedding.cargo" })],
    ["graph.fleet-2", ledgerEntry("")],
    ["schema.fleet", ledgerEntry("aa")],
    ["query.fleet.b", ledgerEntry("bb")],
    ["query.fleet.a", ledgerEntry("cc")],
    ["query.fleet-2.z", ledgerEntry("dd")],
  ]);
  const expected = (provider: string | null) =>
    graphDigest({
      graph: "fleet",
      schemaDigest: "aa",
      queries: new Map([["a", "cc"], ["b", "bb"]]),
      provider: { address: "provider.embedding.cargo", digest: provider },
      blobPolicy: null,
    });
  assert.equal(compositeOf(parts, "fleet"), expected(null));
  parts.set("provider.embedding.cargo", ledgerEntry("ee"));
  assert.equal(compositeOf(parts, "fleet"), expected("ee"));
});

Deno.test("parseLedger() names the member that is wrong", () => {
  const parse = (value: unknown) => () => parseLedger(new TextEncoder().encode(JSON.stringify(value)));
  const revision = (resources: unknown) => ({
    version: 1,
    applied_revision: { config_digest: null, resources },
  });
  const cases: readonly [unknown, RegExp][] = [
    [[], /the file must be an object/],
    [{ version: 1 }, /applied_revision/],
    [{ version: 1, applied_revision: {}, state_revision: -1 }, /`state_revision` must be a whole number/],
    [revision({ "graph.a": {} }), /`applied_revision.resources.graph.a.digest` must be a string/],
    [revision({ "policy.a": { digest: "", applies_to: [1] } }), /applies_to` must be a list of strings/],
    [
      revision({ "provider.embedding.a": { digest: "", embedding_profile: { kid: "x" } } }),
      /unknown member .*kid/,
    ],
    [
      revision({ "graph.a": { digest: "", external_blob_policy: { mode: "deny", bases: [] } } }),
      /mode` must be one of/,
    ],
    [{ ...revision({}), resource_statuses: { "graph.a": { status: "fine" } } }, /status` must be one of/],
  ];
  for (const [value, message] of cases) {
    assert.throws(parse(value), (error) => error instanceof StoredJsonError && message.test(error.message));
  }
  assert.throws(parse({ version: 2 }), LedgerVersionError);
  assert.throws(() => parseLedger(new TextEncoder().encode("{")), StoredJsonError);
});

Deno.test("parseLedger() reads the example of the specification, and one with the required members only", () => {
  const text = `{ "version": 1, "state_revision": 7,
    "applied_revision": { "config_digest": "91c0", "resources": {
      "graph.fleet": { "digest": "4fe2", "embedding_provider": "provider.embedding.cargo",
        "external_blob_policy": { "mode": "allow", "bases": [{ "uri": "s3://scans/manifests/", "scope": "server_safe" }] } },
      "policy.crew": { "digest": "c811", "applies_to": ["graph.fleet"] },
      "provider.embedding.cargo": { "digest": "07ab", "embedding_profile": { "kind": "openai", "api_key": "\${KEY}" } },
      "schema.fleet": { "digest": "aa30" } } },
    "resource_statuses": { "schema.fleet": { "status": "drifted", "conditions": ["schema_mismatch"], "message": "…" } },
    "approval_records": {}, "recovery_records": {}, "observations": {} }`;
  const read = parseLedger(new TextEncoder().encode(text));
  assert.deepEqual([read.revision, read.configDigest, read.entries.size], [7, "91c0", 4]);
  assert.deepEqual(read.entries.get("policy.crew")?.appliesTo, ["graph.fleet"]);
  assert.deepEqual(read.statuses.get("schema.fleet")?.conditions, ["schema_mismatch"]);
  const least = parseLedger(new TextEncoder().encode('{"version":1,"applied_revision":{"resources":{}}}'));
  assert.deepEqual([least.revision, least.configDigest, least.entries.size], [0, null, 0]);
});
