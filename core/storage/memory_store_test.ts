import assert from "node:assert/strict";
import { testObjectStore } from "../../tests/suites/object_store_suite.ts";
import { createMemoryStore } from "./memory_store.ts";

testObjectStore(
  "memory store:",
  () => Promise.resolve({ store: createMemoryStore(), address: "", dispose: () => Promise.resolve() }),
  { sharedByProcesses: false },
);

Deno.test("memory store: equal content written twice has two versions", async () => {
  const store = createMemoryStore();
  const first = await store.put("k", new Uint8Array([1]));
  const second = await store.put("k", new Uint8Array([1]));
  assert.notEqual(first.version, second.version);
  assert.equal(await store.putIfMatch("k", new Uint8Array([2]), first.version), null);
});
