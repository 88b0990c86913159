import assert from "node:assert/strict";
import { MAIN_REF, testPorts } from "../../tests/support/graph_protocol.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { type BranchRef, createBranch, forkRef, listBranches, putRef, readRef } from "./branches.ts";
import { genesisCommit } from "./plan_commit.ts";
import { CATALOG } from "../../tests/support/graph_protocol.ts";

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

async function storeWithMain(): Promise<ObjectStore> {
  const store = createMemoryStore();
  await putRef(store, MAIN_REF);
  return store;
}

Deno.test("readRef() gives back what createBranch() stored", async () => {
  const store = await storeWithMain();
  const ref = newRef("Review/May");
  await createBranch(store, ref);
  assert.deepEqual(await readRef(store, "Review/May"), ref);
  assert.deepEqual(ref.forkedFrom, {
    incarnation: MAIN_REF.incarnation,
    slot: 5,
    commit: commit.id,
    sequence: 1,
  });
  assert.equal(await readRef(store, "review/may"), null);
  assert.deepEqual(await listBranches(store), ["Review/May", "main"]);
});

Deno.test("forkRef() remembers the whole ancestry", () => {
  const child = newRef("a");
  const grandchild = newRef("b", child, 9);
  assert.deepEqual(grandchild.ancestry, [
    { incarnation: child.incarnation, slot: 9 },
    { incarnation: MAIN_REF.incarnation, slot: 5 },
  ]);
});

Deno.test("26: createBranch() refuses a taken name and a path inside another branch, or around it", async () => {
  const store = await storeWithMain();
  await createBranch(store, newRef("review/may"));
  for (const name of ["review/may", "review", "review/may/draft"]) {
    await assert.rejects(createBranch(store, newRef(name)), {
      code: "branch_exists",
      message: /review\/may/,
    });
  }
  await createBranch(store, newRef("review/june"));
  assert.deepEqual(await listBranches(store), ["main", "review/june", "review/may"]);
});

Deno.test("of racing creates of one name exactly one wins; a path and its parent never both live", async () => {
  for (let round = 0; round < 20; round++) {
    const store = await storeWithMain();
    const same = await Promise.allSettled(["x", "x", "x"].map((name) => createBranch(store, newRef(name))));
    assert.equal(same.filter(({ status }) => status === "fulfilled").length, 1);
    await Promise.allSettled(["a", "a/b", "a/b/c"].map((name) => createBranch(store, newRef(name))));
    const live = (await listBranches(store)).filter((name) => name.startsWith("a"));
    assert.ok(live.length <= 1, live.join());
  }
});

Deno.test("readRef() names a damaged ref", async () => {
  const store = await storeWithMain();
  for (
    const text of ["", "{}", '{"name":"b","incarnation":1}', "null", '{"name":"other","incarnation":"X"}']
  ) {
    await store.put("__manifest/branches/b.json", new TextEncoder().encode(text));
    await assert.rejects(readRef(store, "b"), { code: "integrity_error", message: /branches\/b\.json/ });
  }
});
