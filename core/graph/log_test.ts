import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { BranchRef } from "./branches.ts";
import { BranchLog, logKey, type LogStore } from "./log.ts";
import { createTestBranch, MAIN_REF, testPorts } from "../../tests/support/graph_protocol.ts";

const BYTES = new TextEncoder().encode("{}");

async function filledLog(slots: number): Promise<{ log: BranchLog; probes: string[] }> {
  const store = createMemoryStore();
  const probes: string[] = [];
  for (let slot = 1; slot <= slots; slot++) await store.put(logKey(MAIN_REF.incarnation, slot), BYTES);
  const spied: LogStore = {
    get: (key) => store.get(key),
    put: (key, bytes) => store.put(key, bytes),
    putIfAbsent: (key, bytes) => store.putIfAbsent(key, bytes),
    exists: (key) => (probes.push(key), store.exists(key)),
  };
  return { log: new BranchLog(spied, MAIN_REF), probes };
}

Deno.test("findHead() finds the newest slot of every length of log", async () => {
  for (let slots = 0; slots <= 70; slots++) {
    const { log } = await filledLog(slots);
    assert.equal(await log.findHead(), slots);
    if (slots > 3) assert.equal(await log.findHead(slots - 3), slots);
  }
});

Deno.test("findHead() needs few probes in a log of 10,000 slots, and fewer with a hint", async () => {
  const { log, probes } = await filledLog(10_000);
  assert.equal(await log.findHead(), 10_000);
  assert.ok(probes.length <= 30, `${probes.length} probes`);
  await log.putHint(9_984);
  probes.length = 0;
  assert.equal(await log.findHead(), 10_000);
  assert.ok(probes.length <= 12, `${probes.length} probes`);
});

Deno.test("findHead() is right when the hint is too high, damaged or missing", async () => {
  const { log } = await filledLog(20);
  await log.putHint(5000);
  assert.equal(await log.findHead(), 20);
});

Deno.test("append() lets exactly one of many writers fill a slot", async () => {
  const { log } = await filledLog(3);
  const won = await Promise.all(
    Array.from({ length: 8 }, (_, i) => log.append(4, new TextEncoder().encode(`{"writer":${i}}`), `op${i}`)),
  );
  assert.equal(won.filter((each) => each).length, 1);
});

Deno.test("append() asks the slot itself when the put fails with an unknown outcome", async () => {
  const store = createMemoryStore();
  let mode: "after" | "before" | "other" = "after";
  const log = new BranchLog({
    get: (key) => store.get(key),
    put: (key, bytes) => store.put(key, bytes),
    exists: (key) => store.exists(key),
    putIfAbsent: async (key, bytes) => {
      if (mode === "after") await store.putIfAbsent(key, bytes);
      if (mode === "other") await store.putIfAbsent(key, BYTES);
      throw new Error("connection lost");
    },
  }, MAIN_REF);
  const own = new TextEncoder().encode('{"own":1}');
  assert.equal(await log.append(1, own, "op"), true, "the put had arrived");
  mode = "other";
  assert.equal(await log.append(2, own, "op"), false, "someone else was first");
  mode = "before";
  await assert.rejects(log.append(3, own, "op"), /connection lost/);
});

Deno.test("append() does not call a commit published whose folder cannot be synced", async () => {
  const store = createMemoryStore();
  const log = new BranchLog({
    get: (key) => store.get(key),
    put: () => Promise.reject(new Error("disk failed")),
    exists: (key) => store.exists(key),
    putIfAbsent: async (key, bytes) => {
      await store.putIfAbsent(key, bytes);
      throw new Error("cannot sync");
    },
  }, MAIN_REF);
  await assert.rejects(log.append(1, BYTES, "op"), { code: "outcome_unknown" });
});

Deno.test("append() takes a lost race against its own repeated request for won", async () => {
  const store = createMemoryStore();
  const log = new BranchLog({
    get: (key) => store.get(key),
    put: (key, bytes) => store.put(key, bytes),
    exists: (key) => store.exists(key),
    putIfAbsent: async (key, bytes) => {
      await store.putIfAbsent(key, bytes);
      return null;
    },
  }, MAIN_REF);
  assert.equal(await log.append(1, new TextEncoder().encode('{"own":1}'), "op"), true);
});

Deno.test("append() knows its commit again after a purge took rows out of it, and no fold of another process", async () => {
  const store = createMemoryStore();
  const object = (operation: string, more: object) =>
    new TextEncoder().encode(JSON.stringify({ format: 1, commits: [{ id: "01OP", operation, ...more }] }));
  let found = object("load", { purged: ["node:Film"] });
  const log = new BranchLog({
    get: (key) => store.get(key),
    put: (key, bytes) => store.put(key, bytes),
    exists: (key) => store.exists(key),
    putIfAbsent: async (key) => {
      await store.putIfAbsent(key, found);
      throw new Error("connection lost");
    },
  }, MAIN_REF);
  assert.equal(await log.append(1, object("load", { delta: {} }), "01OP"), true);
  found = object("fold", { tables: "theirs" });
  assert.equal(await log.append(2, object("fold", { tables: "ours" }), "01OP"), false);
});

Deno.test("append() reports outcome_unknown with the commit id when the slot cannot be read either", async () => {
  const down = () => Promise.reject(new Error("down"));
  const log = new BranchLog({ get: down, put: down, exists: down, putIfAbsent: down }, MAIN_REF);
  await assert.rejects(log.append(1, BYTES, "01OP"), {
    code: "outcome_unknown",
    detail: { recovery_required: { operation_id: "01OP" } },
  });
});

Deno.test("append() reports outcome_unknown when the put may still be on its way, although the slot is empty", async () => {
  const store = createMemoryStore();
  const log = new BranchLog({
    get: (key) => store.get(key),
    put: (key, bytes) => store.put(key, bytes),
    exists: (key) => store.exists(key),
    putIfAbsent: () => Promise.reject(new AppError("outcome_unknown", "no answer")),
  }, MAIN_REF);
  await assert.rejects(log.append(1, BYTES, "01OP"), {
    code: "outcome_unknown",
    detail: { recovery_required: { operation_id: "01OP" } },
  });
});

Deno.test("a forked branch reads inherited slots from its sources and goes on counting", async () => {
  const parent: BranchRef = {
    ...MAIN_REF,
    name: "a",
    incarnation: "A",
    forkedFrom: { incarnation: MAIN_REF.incarnation, slot: 3, commit: "c", sequence: 3 },
    ancestry: [{ incarnation: MAIN_REF.incarnation, slot: 3, sequence: 3 }],
  };
  const child: BranchRef = {
    ...parent,
    name: "b",
    incarnation: "B",
    forkedFrom: { incarnation: "A", slot: 5, commit: "d", sequence: 5 },
    ancestry: [{ incarnation: "A", slot: 5, sequence: 5 }, ...parent.ancestry],
  };
  const store = createMemoryStore();
  const log = new BranchLog(store, child);
  const keys = [1, 3, 4, 5, 6].map((slot) => log.keyOf(slot));
  const main = MAIN_REF.incarnation;
  assert.deepEqual(keys, [logKey(main, 1), logKey(main, 3), logKey("A", 4), logKey("A", 5), logKey("B", 6)]);
  assert.equal(await log.findHead(), 5, "without own commits the head is the fork point");
  await store.put(logKey("A", 5), BYTES);
  await log.append(6, BYTES, "op");
  assert.equal(await log.findHead(), 6);
});

Deno.test("readRange() names the missing object of a log with a gap", async () => {
  const store = createMemoryStore();
  await createTestBranch(store, testPorts());
  const log = new BranchLog(store, MAIN_REF);
  assert.equal((await log.readRange(1, 1)).length, 1);
  await assert.rejects(log.readRange(1, 2), { code: "integrity_error", message: /2\.json/ });
});

Deno.test("append() does not go on with a log whose beginning somebody removed", async () => {
  const store = createMemoryStore();
  const log = new BranchLog(store, MAIN_REF);
  await assert.rejects(
    log.append(7, BYTES, "op"),
    (error) =>
      error instanceof AppError && error.code === "integrity_error" && /was removed/.test(error.message),
  );
  assert.equal(await store.exists(logKey(MAIN_REF.incarnation, 7)), false);
});
