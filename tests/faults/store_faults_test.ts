/**
 * The object store behind a proxy that damages requests: every call succeeds truthfully, fails without effect, or says that
 * its outcome is unknown.
 */
import assert from "node:assert/strict";
import { runJobs } from "../../core/cluster/parallel.ts";
import { AppError } from "../../core/errors.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import type { S3Pace } from "../../core/storage/s3_attempts.ts";
import { readS3Settings } from "../../core/storage/s3_settings.ts";
import { createS3Store } from "../../core/storage/s3_store.ts";
import { openObjectStore } from "../../core/storage/open.ts";
import { type Fault, FAULTS, type FaultyProxy, startFaultyProxy } from "../support/faulty_proxy.ts";
import { envOf, s3ForTests, variablesFor } from "../support/s3_server.ts";

const PACE: S3Pace = { patienceMs: 1500, attemptsMax: 4, pauseMs: 5 };
/** Longer than the client's patience. */
const SLOW_MS = 2000;
/** Cases at the same time; more would take each other's time and look like faults. */
const TOGETHER = 36;

const s3 = await s3ForTests();

/** Runs `body` with a store behind a proxy and one straight to the server, on one empty bucket. */
async function behindProxy(
  body: (store: ObjectStore, straight: ObjectStore, proxy: FaultyProxy) => Promise<void>,
): Promise<void> {
  const { endpoint, env, makeBucket } = s3.server();
  const proxy = startFaultyProxy(endpoint, { slowMs: SLOW_MS });
  try {
    const uri = { kind: "s3", bucket: makeBucket(), prefix: "root" } as const;
    const settings = readS3Settings(envOf(variablesFor(proxy.endpoint)), uri.bucket);
    await body(createS3Store(uri, settings, PACE), openObjectStore(uri, env), proxy);
  } finally {
    await proxy.stop();
  }
}

/** What came of a call. */
type Outcome = { readonly result: unknown } | { readonly failed: "storage_error" | "outcome_unknown" };

async function outcomeOf(call: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { result: await call() };
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.ok(error.code === "storage_error" || error.code === "outcome_unknown", error.message);
    assert.ok(!error.message.includes("test-secret-key"));
    return { failed: error.code };
  }
}

/** Damages the requests that name a key, each key as it is told; all cases can then run at the same time. */
class MischiefByKey {
  readonly #byKey = new Map<string, { fault: Fault; left: number }>();

  constructor(proxy: FaultyProxy) {
    proxy.setMischief(({ path }) => {
      const key = /case-\d+/.exec(path)?.[0];
      const planned = key === undefined ? undefined : this.#byKey.get(key);
      return planned !== undefined && planned.left-- > 0 ? planned.fault : null;
    });
  }

  /** The next `left` requests with this key meet the fault. */
  plan(key: string, fault: Fault, left = Infinity): void {
    this.#byKey.set(key, { fault, left });
  }

  /** Requests with this key pass again. */
  end(key: string): void {
    this.#byKey.delete(key);
  }
}

/** One way to write, on an object of which it is known what it holds. */
interface Way {
  readonly name: string;
  /** The text before; null when there is no object. */
  readonly before: string | null;
  /** Writes `after`. */
  write(store: ObjectStore, key: string, version: string): Promise<unknown>;
  /** The text afterwards; null when there is no object. */
  readonly after: string | null;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const WAYS: readonly Way[] = [
  { name: "put", before: "old", write: (store, key) => store.put(key, bytes("new")), after: "new" },
  {
    name: "putIfAbsent",
    before: null,
    write: (store, key) => store.putIfAbsent(key, bytes("new")),
    after: "new",
  },
  {
    name: "putIfMatch",
    before: "old",
    write: (store, key, version) => store.putIfMatch(key, bytes("new"), version),
    after: "new",
  },
  { name: "delete", before: "old", write: (store, key) => store.delete(key), after: null },
  {
    name: "deleteIfMatch",
    before: "old",
    write: (store, key, version) => store.deleteIfMatch(key, version),
    after: null,
  },
];

async function textAt(store: ObjectStore, key: string): Promise<string | null> {
  const found = await store.get(key);
  return found === null ? null : new TextDecoder().decode(found.bytes);
}

/** Faults that say for sure that nothing was done. */
const HARMLESS: readonly Fault[] = ["503", "409"];

s3.test("S3 faults: a fault at the first attempts is overcome, and the outcome is told truly", () =>
  behindProxy(async (store, straight, proxy) => {
    // The proof that the server honours conditions is given beforehand.
    const one = await store.putIfAbsent("proof", bytes("1"));
    await store.putIfMatch("proof", bytes("2"), one!.version);
    const mischief = new MischiefByKey(proxy);
    const cases = FAULTS.flatMap((fault) =>
      WAYS.flatMap((way) => [1, 2].map((damaged) => ({ fault, way, damaged })))
    );
    await runJobs(
      cases.map(({ fault, way, damaged }, number) => async () => {
        const key = `case-${number}`;
        const version = way.before === null ? "" : (await straight.put(key, bytes(way.before))).version;
        mischief.plan(key, fault, damaged);
        const outcome = await outcomeOf(() => way.write(store, key, version));
        const label = `${way.name}, ${damaged} x ${fault}: ${JSON.stringify(outcome)}`;
        assert.ok("result" in outcome && outcome.result !== null && outcome.result !== false, label);
        assert.equal(await textAt(straight, key), way.after, label);
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
        assert.equal(await textAt(straight, key), way.after, `${label}, later`);
      }),
      TOGETHER,
    );
  }));

s3.test("S3 faults: a fault at every attempt ends in a failure that says what is known", () =>
  behindProxy(async (store, straight, proxy) => {
    const mischief = new MischiefByKey(proxy);
    const cases = FAULTS.filter((fault) => fault !== "repeat").flatMap((fault) =>
      WAYS.map((way) => ({ fault, way }))
    );
    await runJobs(
      cases.map(({ fault, way }, number) => async () => {
        const key = `case-${number}`;
        const version = way.before === null ? "" : (await straight.put(key, bytes(way.before))).version;
        mischief.plan(key, fault);
        const outcome = await outcomeOf(() => way.write(store, key, version));
        mischief.end(key);
        await new Promise((resolve) => setTimeout(resolve, SLOW_MS * 2));
        const now = await textAt(straight, key);
        const label = `${way.name}, always ${fault}: ${JSON.stringify(outcome)}, then ${now}`;
        assert.ok("failed" in outcome, label);
        if (HARMLESS.includes(fault)) {
          assert.deepEqual([outcome.failed, now], ["storage_error", way.before], label);
        } else if (way.name.startsWith("put")) assert.equal(outcome.failed, "outcome_unknown", label);
        assert.ok(now === way.before || now === way.after, label);
        // Trying again repairs it.
        const again = await straight.get(key);
        const retried = await outcomeOf(() => way.write(store, key, again?.version ?? version));
        assert.ok("result" in retried, label);
        assert.equal(await textAt(straight, key), way.after, label);
      }),
      TOGETHER,
    );
  }));

s3.test("S3 faults: reading and listing overcome what they can and never give half of something", () =>
  behindProxy(async (store, straight, proxy) => {
    const large = new Uint8Array(300_000).map((_, i) => i * 7);
    const mischief = new MischiefByKey(proxy);
    const reads: Readonly<Record<string, (folder: string) => Promise<unknown>>> = {
      get: (folder) => store.get(`${folder}/large`).then((found) => found?.bytes.length),
      missing: (folder) => store.get(`${folder}/none`),
      exists: (folder) => store.exists(`${folder}/large`),
      list: (folder) => store.list(folder),
      prefixExists: (folder) => store.prefixExists(folder),
    };
    const expected: Readonly<Record<string, unknown>> = {
      get: large.length,
      missing: null,
      exists: true,
      list: ["large"],
      prefixExists: true,
    };
    const cases = FAULTS.filter((fault) => fault !== "409").flatMap((fault) =>
      Object.entries(reads).map(([name, read]) => ({ fault, name, read }))
    );
    await runJobs(
      cases.map(({ fault, name, read }, number) => async () => {
        const folder = `case-${number}`;
        await straight.put(`${folder}/large`, large);
        mischief.plan(folder, fault, 2);
        assert.deepEqual(await read(folder), expected[name], `${name}, 2 x ${fault}`);
        mischief.plan(folder, fault);
        const outcome = await outcomeOf(() => read(folder));
        if (fault === "repeat") assert.deepEqual(outcome, { result: expected[name] });
        else assert.deepEqual(outcome, { failed: "storage_error" }, `${name}, always ${fault}`);
      }),
      TOGETHER,
    );
  }));

s3.test("S3 faults: of racing writers behind faults at most one is told that it won", () =>
  behindProxy(async (store, straight, proxy) => {
    const mischief = new MischiefByKey(proxy);
    await Promise.all(FAULTS.map(async (fault, number) => {
      const key = `case-${number}`;
      mischief.plan(key, fault, 4);
      const outcomes = await Promise.all(
        Array.from({ length: 6 }, (_, i) => outcomeOf(() => store.putIfAbsent(key, bytes(`racer ${i}`)))),
      );
      mischief.end(key);
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
      const told = (won: boolean) =>
        outcomes.flatMap((outcome, i) => "result" in outcome && (outcome.result !== null) === won ? [i] : []);
      const text = await textAt(straight, key);
      assert.ok(told(true).length <= 1, fault);
      for (const winner of told(true)) assert.equal(text, `racer ${winner}`, fault);
      assert.ok(!told(false).some((i) => text === `racer ${i}`), `${fault}: a loser's write is there`);
    }));
  }));
