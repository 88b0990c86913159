import assert from "node:assert/strict";
import type { LockBody } from "./lock_file.ts";
import { pendingFinding } from "./pending.ts";
import { parseRecovery } from "./recovery.ts";

const RECORD = parseRecovery(new TextEncoder().encode(JSON.stringify({
  schema_version: 1,
  operation_id: "01JZ0000000000000000000000",
  started_at: "2026-03-01T08:00:00Z",
  kind: "graph_create",
  graph_id: "fleet",
  graph_uri: "root/graphs/fleet.omni",
  desired_schema_digest: "aa30",
  state_cas_base: "",
})));

Deno.test("a recovery record is called interrupted only when nobody holds the lock", () => {
  const stored = { key: "__cluster/recoveries/01J.json", record: RECORD };
  assert.match(
    pendingFinding(stored, { kind: "free" }).message,
    /^an interrupted `graph_create`.*: run apply$/,
  );
  const body: LockBody = {
    lockId: "01JZ0000000000000000000001",
    operation: "apply",
    createdAt: "2026-03-01T08:00:00Z",
    pid: 7,
    host: null,
    actor: null,
    runUrl: null,
    heartbeatAt: null,
    lifeSign: false,
  };
  assert.match(
    pendingFinding(stored, { kind: "locked", body, version: "v1" }).message,
    /^a `graph_create` of graph `fleet` is under way, or was interrupted: wait for the lock/,
  );
});
