import assert from "node:assert/strict";
import { ulidFactory } from "../base/ids.ts";
import { systemRandom } from "../base/ports.ts";
import { withTempDir } from "../../tests/support/process.ts";
import { openLifeSign } from "../storage/life_sign.ts";
import { createLocalStore } from "../storage/local_store.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { acquireLock, LOCK_KEY, type LockRequest, readLock } from "./lock.ts";
import { type LockBody, lockBytes, parseLock } from "./lock_file.ts";

function request(time: { nowMs: number }, extra: Partial<LockRequest> = {}): LockRequest {
  const clock = { nowMs: () => time.nowMs };
  return {
    operation: "apply",
    actor: "ida",
    runUrl: null,
    host: "quay-1",
    pid: 4242,
    lifeSign: null,
    timeoutMs: 0,
    clock,
    newId: ulidFactory(clock, systemRandom),
    signal: null,
    ...extra,
  };
}

async function storedBody(store: ObjectStore): Promise<LockBody> {
  const read = await readLock(store);
  assert.equal(read.kind, "locked");
  return read.kind === "locked" ? read.body : assert.fail();
}

Deno.test("lock: the body says who, where and when, and reads back", async () => {
  const store = createMemoryStore();
  const result = await acquireLock(store, request({ nowMs: Date.parse("2026-03-01T08:00:00Z") }));
  assert.equal(result.kind, "acquired");
  const text = new TextDecoder().decode((await store.get(LOCK_KEY))?.bytes);
  const { lock_id: _id, ...rest } = JSON.parse(text);
  assert.deepEqual(rest, {
    version: 1,
    operation: "apply",
    created_at: "2026-03-01T08:00:00.000Z",
    pid: 4242,
    host: "quay-1",
    actor: "ida",
    run_url: null,
    heartbeat_at: "2026-03-01T08:00:00.000Z",
  });
  if (result.kind === "acquired") assert.deepEqual(await result.lock.release(), []);
  assert.equal(await store.get(LOCK_KEY), null);
});

Deno.test("lock: of eight callers at once exactly one holds it", async () => {
  const store = createMemoryStore();
  const time = { nowMs: Date.now() };
  const results = await Promise.all(Array.from({ length: 8 }, () => acquireLock(store, request(time))));
  const acquired = results.filter((result) => result.kind === "acquired");
  assert.equal(acquired.length, 1);
  for (const result of acquired) if (result.kind === "acquired") await result.lock.release();
});

Deno.test("lock: of eight callers that find a dead holder exactly one takes over", async () => {
  const store = createMemoryStore();
  const time = { nowMs: Date.parse("2026-03-01T08:00:00Z") };
  const dead = await acquireLock(store, request(time));
  time.nowMs += 60_001;
  const results = await Promise.all(Array.from({ length: 8 }, () => acquireLock(store, request(time))));
  const acquired = results.filter((result) => result.kind === "acquired");
  assert.equal(acquired.length, 1);
  for (const result of acquired) {
    if (result.kind !== "acquired") continue;
    assert.equal(result.takenOver?.actor, "ida");
    // The dead one wakes up: it sees that it lost, and removes nothing.
    if (dead.kind === "acquired") {
      await dead.lock.renew();
      assert.ok(dead.lock.lost);
      await dead.lock.release();
    }
    assert.equal((await storedBody(store)).lockId, result.lock.id);
    await result.lock.release();
  }
});

Deno.test("lock: a live holder renews its sign of life and keeps the lock", async () => {
  const store = createMemoryStore();
  const time = { nowMs: Date.parse("2026-03-01T08:00:00Z") };
  const result = await acquireLock(store, request(time));
  assert.equal(result.kind, "acquired");
  if (result.kind !== "acquired") return;
  for (let minute = 0; minute < 5; minute++) {
    time.nowMs += 50_000;
    await result.lock.renew();
    assert.equal((await acquireLock(store, request(time))).kind, "refused");
  }
  assert.ok(!result.lock.lost);
  assert.equal((await storedBody(store)).heartbeatAt, "2026-03-01T08:04:10.000Z");
  await result.lock.release();
});

Deno.test("lock: a store that fails to answer a renewal does not lose the lock", async () => {
  const store = createMemoryStore();
  let fail = false;
  const flaky: Pick<ObjectStore, "get" | "putIfAbsent" | "putIfMatch" | "deleteIfMatch"> = {
    get: (key) => store.get(key),
    putIfAbsent: (key, bytes) => store.putIfAbsent(key, bytes),
    async putIfMatch(key, bytes, version) {
      const put = await store.putIfMatch(key, bytes, version);
      if (fail) throw new Error("the answer got lost");
      return put;
    },
    deleteIfMatch: (key, version) => store.deleteIfMatch(key, version),
  };
  const time = { nowMs: Date.now() };
  const result = await acquireLock(flaky, request(time));
  if (result.kind !== "acquired") return assert.fail();
  fail = true;
  await result.lock.renew();
  fail = false;
  await result.lock.renew();
  assert.ok(!result.lock.lost);
  await result.lock.release();
  assert.equal(await store.get(LOCK_KEY), null);
});

Deno.test("lock: a waiting caller gets the lock once it is free, and gives up when told to", async () => {
  const store = createMemoryStore();
  const clock = { nowMs: () => performance.now() };
  const first = await acquireLock(store, request({ nowMs: 0 }, { clock }));
  const second = acquireLock(store, request({ nowMs: 0 }, { clock, timeoutMs: 60_000 }));
  if (first.kind === "acquired") await first.lock.release();
  const result = await second;
  assert.equal(result.kind, "acquired");
  const stopped = AbortSignal.abort();
  const third = await acquireLock(
    store,
    request({ nowMs: 0 }, { clock, timeoutMs: 60_000, signal: stopped }),
  );
  assert.equal(third.kind, "refused");
  if (result.kind === "acquired") await result.lock.release();
});

Deno.test("lock: the shape of the specification is read, anything more is not", () => {
  const parse = (value: unknown) => parseLock(new TextEncoder().encode(JSON.stringify(value)));
  const plain = {
    version: 1,
    lock_id: "01J",
    operation: "apply",
    created_at: "2026-03-01T08:00:00Z",
    pid: 4242,
  };
  const body = parse(plain);
  assert.deepEqual([body.lockId, body.heartbeatAt, body.host], ["01J", null, null]);
  assert.deepEqual(parseLock(lockBytes(body)), body);
  assert.throws(() => parse({ ...plain, provenance: {} }), /unknown member `provenance`/);
  assert.throws(() => parse({ ...plain, pid: "4242" }), /`pid` must be/);
  assert.throws(() => parse({ ...plain, version: 2 }), /version 2/);
});

Deno.test("lock: a holder that died on this machine is followed at once, a living one is not", async () => {
  await withTempDir(async (folder) => {
    const store = createLocalStore(folder);
    const time = { nowMs: Date.now() };
    const sign = () => openLifeSign({ kind: "local", path: folder }, "__cluster");
    const [first, second] = [sign(), sign()];
    const holder = await acquireLock(store, request(time, { lifeSign: first }));
    assert.equal(holder.kind, "acquired");
    assert.equal((await acquireLock(store, request(time, { lifeSign: second }))).kind, "refused");
    first?.release(); // what the operating system does when a process is killed
    assert.equal(
      (await acquireLock(store, request(time, { lifeSign: second, host: "quay-2" }))).kind,
      "refused",
    );
    const next = await acquireLock(store, request(time, { lifeSign: second }));
    assert.equal(next.kind === "acquired" && next.takenOver?.actor, "ida");
    assert.equal((await acquireLock(store, request(time, { lifeSign: first }))).kind, "refused");
    if (holder.kind === "acquired") await holder.lock.release();
    if (next.kind === "acquired") await next.lock.release();
    assert.equal(await store.get(LOCK_KEY), null);
    assert.deepEqual(await store.list("__cluster"), []);
  });
});

Deno.test("lock: a lock without life sign is not taken over before its heartbeat is old", async () => {
  await withTempDir(async (folder) => {
    const store = createLocalStore(folder);
    const time = { nowMs: Date.now() };
    const plain = await acquireLock(store, request(time));
    const lifeSign = openLifeSign({ kind: "local", path: folder }, "__cluster");
    assert.equal((await acquireLock(store, request(time, { lifeSign }))).kind, "refused");
    if (plain.kind === "acquired") await plain.lock.release();
  });
});

Deno.test("a release whose removal is repeated leaves the lock alone that somebody took in between", async () => {
  const store = createMemoryStore();
  const time = { nowMs: Date.parse("2026-03-01T08:00:00Z") };
  const repeating: Pick<ObjectStore, "get" | "putIfAbsent" | "putIfMatch" | "deleteIfMatch"> = {
    get: (key) => store.get(key),
    putIfAbsent: (key, bytes) => store.putIfAbsent(key, bytes),
    putIfMatch: (key, bytes, version) => store.putIfMatch(key, bytes, version),
    async deleteIfMatch(key, version) {
      await store.deleteIfMatch(key, version);
      next = await acquireLock(store, request(time));
      return await store.deleteIfMatch(key, version);
    },
  };
  let next: Awaited<ReturnType<typeof acquireLock>> | null = null;
  const first = await acquireLock(repeating, request(time));
  assert.ok(first.kind === "acquired");
  assert.deepEqual(await first.lock.release(), []);
  const read = await readLock(store);
  assert.ok(next !== null && (next as { kind: string }).kind === "acquired");
  const { lock } = next as { lock: { id: string; release(): Promise<unknown> } };
  assert.ok(read.kind === "locked" && read.body.lockId === lock.id);
  await lock.release();
});

Deno.test("lock: something else in its place is an error at once, never a wait without end", () =>
  withTempDir(async (folder) => {
    const store = createLocalStore(folder);
    Deno.mkdirSync(`${folder}/${LOCK_KEY}`, { recursive: true });
    await assert.rejects(
      acquireLock(store, request({ nowMs: Date.now() }, { timeoutMs: 60_000 })),
      /neither be created nor read: something else is in its place/,
    );
  }));
