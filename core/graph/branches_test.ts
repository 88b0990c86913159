import assert from "node:assert/strict";
import { CATALOG, MAIN_REF, testPorts } from "../../tests/support/graph_protocol.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import {
  type BranchRef,
  forkParent,
  forkRef,
  listBranches,
  putRef,
  readRef,
  readRefs,
  removeRef,
} from "./branches.ts";
import { genesisCommit } from "./plan_commit.ts";

const ports = testPorts();
const commit = genesisCommit({
  id: ports.newId(),
  branch: "main",
  actor: null,
  createdAt: 0,
  operation: "init",
  schemaDigest: "d",
  catalog: CATALOG,
});

function newRef(name: string, source: BranchRef = MAIN_REF, slot = 5): BranchRef {
  return forkRef({
    name,
    incarnation: ports.newId(),
    source,
    head: { slot, commit },
    actor: "act-lena",
    clock: ports.clock,
  });
}

async function storeWith(...refs: readonly BranchRef[]): Promise<ObjectStore> {
  const store = createMemoryStore();
  for (const ref of [MAIN_REF, ...refs]) assert.ok(await putRef(store, ref));
  return store;
}

Deno.test("readRef() gives back what putRef() stored, and only under its own name", async () => {
  const ref = newRef("Review/May");
  const store = await storeWith(ref);
  assert.deepEqual(await readRef(store, "Review/May"), ref);
  assert.deepEqual(ref.forkedFrom, {
    incarnation: MAIN_REF.incarnation,
    slot: 5,
    commit: commit.id,
    sequence: 1,
  });
  assert.equal(await readRef(store, "review/may"), null);
  assert.deepEqual(await listBranches(store), ["Review/May", "main"]);
  assert.deepEqual(await readRefs(store), [ref, MAIN_REF]);
});

Deno.test("forkRef() remembers the whole ancestry, forkParent() tells the log it came from", () => {
  const child = newRef("a");
  const grandchild = newRef("b", child, 9);
  assert.deepEqual(grandchild.ancestry, [
    { incarnation: child.incarnation, slot: 9, sequence: 1 },
    { incarnation: MAIN_REF.incarnation, slot: 5, sequence: 1 },
  ]);
  const parent = forkParent(grandchild);
  assert.equal(parent?.incarnation, child.incarnation);
  assert.equal(parent?.forkedFrom?.slot, 5);
  assert.deepEqual(parent?.ancestry, child.ancestry);
  assert.equal(forkParent(child)?.forkedFrom, null);
  assert.equal(forkParent(MAIN_REF), null);
});

Deno.test("removeRef() leaves a name alone that belongs to another life", async () => {
  const old = newRef("x");
  const store = await storeWith(old);
  await removeRef(store, old);
  assert.deepEqual(await listBranches(store), ["main"]);
  const young = newRef("x");
  assert.ok(await putRef(store, young));
  await removeRef(store, old);
  assert.deepEqual(await readRef(store, "x"), young);
  await removeRef(store, young);
  await removeRef(store, young);
  assert.equal(await readRef(store, "x"), null);
});

Deno.test("readRef() names a damaged ref", async () => {
  const store = await storeWith();
  const noSequence = JSON.stringify({
    ...newRef("b"),
    forked_from: {},
    created_at: 1,
    ancestry: [{ incarnation: "X", slot: 1 }],
  });
  for (
    const text of [
      "",
      "{}",
      '{"name":"b","incarnation":1}',
      "null",
      '{"name":"other","incarnation":"X"}',
      noSequence,
    ]
  ) {
    await store.put("__manifest/branches/b.json", new TextEncoder().encode(text));
    await assert.rejects(readRef(store, "b"), { code: "integrity_error", message: /branches\/b\.json/ });
  }
});

Deno.test("putRef() takes a lost race against its own repeated request for won", async () => {
  const store = await storeWith();
  const ref = newRef("x");
  assert.ok(await putRef(store, ref));
  assert.ok(await putRef(store, ref));
  assert.equal(await putRef(store, newRef("x")), false);
});
