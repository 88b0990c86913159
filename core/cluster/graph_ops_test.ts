import assert from "node:assert/strict";
import { CONFIG_DIR, FLEET_SCHEMA, memoryFiles } from "../../tests/support/cluster_files.ts";
import { noFailpoint } from "../base/ports.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { GraphEngine } from "./engine.ts";
import { createGraphStep, type GraphWork, updateSchemaStep } from "./graph_ops.ts";
import type { RootState } from "./recovery.ts";
import { sourceFile } from "./sources.ts";

const FILE = sourceFile(
  { shown: CONFIG_DIR, absolute: CONFIG_DIR },
  "schemas/fleet.pg",
  new TextEncoder().encode(FLEET_SCHEMA),
);
const OLD = { kind: "open", schemaDigest: "old", version: 41 } as const;

/** An engine whose roots are looked at in turn and whose effects fail. */
function failingEngine(...roots: readonly RootState[]): GraphEngine {
  const states = [...roots];
  const fail = () => Promise.reject(new Error("the disk is full"));
  return {
    rootUri: (graph) => `/quay/graphs/${graph}.omni`,
    inspect: () => Promise.resolve(states.shift() ?? assert.fail("looked at once too often")),
    create: fail,
    preview: () => Promise.resolve({ migration: { supported: true, steps: [] }, refusal: null, version: 41 }),
    updateSchema: fail,
    dataOf: () => Promise.resolve(null),
    remove: fail,
  };
}

function graphWork(engine: GraphEngine, texts = { "schemas/fleet.pg": FLEET_SCHEMA }) {
  const store = createMemoryStore();
  const work: GraphWork = {
    engine,
    store,
    files: memoryFiles(texts),
    failpoint: noFailpoint,
    newId: () => "01J",
    at: "2026-03-01T08:00:00Z",
    actor: null,
    provenance: null,
    stateCas: null,
  };
  return { work, records: () => store.list("__cluster/recoveries") };
}

Deno.test("a create that fails keeps its record while something is left at the root, and drops it otherwise", async () => {
  const rows: readonly [RootState, string[]][] = [
    [{ kind: "absent" }, []],
    [{ kind: "uncommitted", foreign: false }, ["01J.json"]],
    [{ kind: "broken", message: "damaged" }, ["01J.json"]],
  ];
  for (const [after, kept] of rows) {
    const { work, records } = graphWork(failingEngine({ kind: "absent" }, after));
    const step = await createGraphStep(work, "fleet", FILE);
    assert.equal(step.done, false);
    assert.deepEqual(step.diagnostics.map(({ code }) => code), ["graph_create_failed"]);
    assert.match(step.diagnostics[0]!.message, /the disk is full/);
    assert.deepEqual(await records(), kept, after.kind);
  }
});

Deno.test("acceptance 22: a schema change that fails before movement drops its record, after movement keeps it", async () => {
  const rows: readonly [RootState, string[]][] = [
    [OLD, []],
    [{ ...OLD, version: 42 }, ["01J.json"]],
    [{ ...OLD, schemaDigest: FILE.digest }, ["01J.json"]],
    [{ kind: "broken", message: "damaged" }, ["01J.json"]],
  ];
  for (const [after, kept] of rows) {
    const { work, records } = graphWork(failingEngine(after));
    const step = await updateSchemaStep(work, "fleet", FILE, "old");
    assert.equal(step.done, false);
    assert.deepEqual(step.diagnostics.map(({ code }) => code), ["schema_apply_failed"]);
    assert.deepEqual(await records(), kept, JSON.stringify(after));
  }
});

Deno.test("a schema file that changed since the plan moves no graph and writes no record", async () => {
  const edited = { "schemas/fleet.pg": `${FLEET_SCHEMA}// more\n` };
  const create = graphWork(failingEngine(), edited);
  assert.match(
    (await createGraphStep(create.work, "fleet", FILE)).diagnostics[0]!.message,
    /changed since the plan/,
  );
  const update = graphWork(failingEngine(), edited);
  assert.match(
    (await updateSchemaStep(update.work, "fleet", FILE, "old")).diagnostics[0]!.message,
    /changed since the plan/,
  );
  assert.deepEqual([await create.records(), await update.records()], [[], []]);
});

Deno.test("a record that cannot be written stops the step before its effect", async () => {
  const { work } = graphWork({ ...failingEngine({ kind: "absent" }), create: () => assert.fail("created") });
  const store = { ...work.store, putIfAbsent: () => Promise.reject(new Error("read only")) };
  const step = await createGraphStep({ ...work, store }, "fleet", FILE);
  assert.deepEqual([step.done, step.diagnostics.map(({ code }) => code)], [false, [
    "recovery_sidecar_write_error",
  ]]);
});
