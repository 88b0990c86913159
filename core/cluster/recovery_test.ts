import assert from "node:assert/strict";
import {
  decideRecovery,
  parseRecovery,
  recoveryBytes,
  type RecoveryRecord,
  type RootState,
} from "./recovery.ts";

function record(kind: RecoveryRecord["kind"]): RecoveryRecord {
  return {
    operationId: "01J",
    startedAt: "2026-03-01T08:00:00Z",
    actor: null,
    kind,
    graphId: "fleet",
    graphUri: "/quay/graphs/fleet.omni",
    observedVersion: 41,
    expectedVersion: null,
    desiredSchemaDigest: "new",
    stateCasBase: null,
    approvalId: null,
    provenance: { commit: "abc" },
  };
}

const live = (schemaDigest: string): RootState => ({ kind: "open", schemaDigest, version: 42 });
const ABSENT: RootState = { kind: "absent" };
const HALF_MADE: RootState = { kind: "uncommitted", foreign: false };
const JUNK: RootState = { kind: "uncommitted", foreign: true };
const BROKEN: RootState = { kind: "broken", message: "damaged" };

Deno.test("decideRecovery() follows its table", () => {
  const rows: readonly [RecoveryRecord["kind"], RootState, string | null, boolean, string][] = [
    ["graph_create", ABSENT, null, true, "retire"],
    ["graph_create", HALF_MADE, null, true, "resume"],
    ["graph_create", HALF_MADE, null, false, "keep graph_create_incomplete"],
    ["graph_create", JUNK, null, true, "keep graph_create_incomplete"],
    ["graph_create", BROKEN, null, true, "keep graph_create_incomplete"],
    ["graph_create", live("new"), null, true, "roll_forward"],
    ["graph_create", live("new"), "new", true, "retire"],
    ["graph_create", live("other"), null, true, "keep actual_applied_state_pending"],
    ["schema_apply", live("old"), "old", true, "retire"],
    ["schema_apply", live("new"), "old", true, "roll_forward"],
    ["schema_apply", live("other"), "old", true, "keep actual_applied_state_pending"],
    ["schema_apply", BROKEN, "old", true, "keep"],
    ["schema_apply", ABSENT, "old", true, "keep"],
    ["schema_apply", HALF_MADE, "old", true, "keep"],
    ["graph_delete", ABSENT, "old", false, "deleted"],
    ["graph_delete", ABSENT, "old", true, "deleted"],
    ["graph_delete", ABSENT, null, false, "retire"],
    ["graph_delete", live("old"), "old", false, "retry_delete"],
    ["graph_delete", JUNK, "old", false, "retry_delete"],
    ["graph_delete", live("old"), "old", true, "retire"],
    ["graph_delete", JUNK, "old", true, "keep"],
    ["graph_delete", JUNK, null, false, "retire"],
  ];
  for (const [kind, root, ledgerDigest, desired, expected] of rows) {
    const outcome = decideRecovery(record(kind), root, ledgerDigest, desired);
    const words = outcome.kind === "keep" && outcome.condition !== null
      ? `keep ${outcome.condition}`
      : outcome.kind;
    assert.equal(words, expected, `${kind}, ${root.kind}`);
  }
});

Deno.test("a recovery record reads back; nullable members may be missing; nothing but provenance is extra", () => {
  const full = record("schema_apply");
  assert.deepEqual(parseRecovery(recoveryBytes(full)), full);
  const parse = (value: unknown) => parseRecovery(new TextEncoder().encode(JSON.stringify(value)));
  const least = {
    schema_version: 1,
    operation_id: "01J",
    started_at: "2026-03-01T08:00:00Z",
    kind: "graph_create",
    graph_id: "fleet",
    graph_uri: "/quay/graphs/fleet.omni",
    desired_schema_digest: "aa",
  };
  const read = parse(least);
  assert.deepEqual([read.actor, read.observedVersion, read.provenance], [null, null, null]);
  assert.throws(() => parse({ ...least, more: 1 }), /unknown member `more`/);
  assert.throws(() => parse({ ...least, kind: "graph_rename" }), /`kind` must be one of/);
  assert.throws(() => parse({ ...least, schema_version: 2 }), /version 2/);
  assert.throws(() => parse({ ...least, graph_id: "../fleet" }), /`graph_id` must be the id of a graph/);
});
