/**
 * The shared suite of all object stores. Each implementation calls {@linkcode testObjectStore} from its own test file
 * and adds what is peculiar to it.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import { AppError } from "../../core/errors.ts";
import { raceOfProcesses } from "./object_store_race.ts";

/** A store made for one test. */
export interface Opened {
  readonly store: ObjectStore;
  /** Address under which other processes open the same store. */
  readonly address: string;
  /** Environment variables that they need for that. */
  readonly variables?: Readonly<Record<string, string>>;
  dispose(): Promise<void>;
}

const RACERS = 8;

type Register = (behaviour: string, body: (store: ObjectStore, opened: Opened) => Promise<void>) => void;

/** Registers the tests of the {@linkcode ObjectStore} contract for one implementation. */
export function testObjectStore(
  name: string,
  open: () => Promise<Opened>,
  /** Whether other processes can open the store, too. */
  options: {
    readonly sharedByProcesses: boolean;
    readonly ignore?: boolean;
    /** Whether what serves the store judges the condition of a removal and removes in one step; most S3 servers do not. */
    readonly removesInOneStep?: boolean;
  },
): void {
  const test: Register = (behaviour, body) =>
    Deno.test({
      name: `${name} ${behaviour}`,
      ignore: options.ignore === true,
      fn: async () => {
        const opened = await open();
        try {
          await body(opened.store, opened);
        } finally {
          await opened.dispose();
        }
      },
    });
  testObjects(test);
  testConditions(test);
  testPrefixes(test);
  testRaces(test);
  if (options.removesInOneStep !== false) testRemovalRaces(test);
  if (options.sharedByProcesses) testProcessRaces(test);
}

function testObjects(test: Register): void {
  test("get() gives null for a missing object, also many times and after others were read", async (store) => {
    assert.equal(await store.get("a/b.json"), null);
    await store.put("a/1.json", text("x"));
    assert.equal(textOf(await store.get("a/1.json")), "x");
    for (let i = 0; i < 40; i++) assert.equal(await store.get(`a/${i + 2}.json`), null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 3; i++) assert.equal(await store.get("a/2.json"), null);
    await store.put("a/2.json", text("y"));
    assert.equal(textOf(await store.get("a/2.json")), "y");
    assert.equal(await store.exists("a/2.json"), true);
    assert.equal(await store.exists("a/3.json"), false);
  });

  test("put() replaces the whole object and changes its version", async (store) => {
    const first = await store.put("k", text("a long first value"));
    const second = await store.put("k", text("short"));
    assert.notEqual(first.version, second.version);
    const stored = await store.get("k");
    assert.equal(textOf(stored), "short");
    assert.equal(stored?.version, second.version);
  });

  test("keeps any bytes, from none to several megabytes", async (store) => {
    for (const size of [0, 1, 1000, 262_144, 262_145, 3_000_001]) {
      const bytes = new Uint8Array(size);
      for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 255;
      const written = await store.putIfAbsent(`big/${size}`, bytes);
      const stored = await store.get(`big/${size}`);
      assert.equal(stored?.bytes.length, size);
      assert.ok(stored.bytes.every((byte, i) => byte === bytes[i]));
      assert.equal(stored.version, written?.version);
    }
  });

  test("does not share memory with its callers", async (store) => {
    const bytes = text("abc");
    await store.put("k", bytes);
    bytes.fill(0);
    const got = await store.get("k");
    got?.bytes.fill(1);
    assert.equal(textOf(await store.get("k")), "abc");
  });

  test("delete() removes the object and succeeds when there is none", async (store) => {
    await store.put("d/k", text("x"));
    await store.delete("d/k");
    assert.equal(await store.exists("d/k"), false);
    assert.equal(await store.get("d/k"), null);
    await store.delete("d/k");
    await store.delete("never/was");
    assert.notEqual(await store.putIfAbsent("d/k", text("y")), null);
  });

  test("refuses keys that leave the store or are reserved", async (store) => {
    const bad = [
      "",
      "/a",
      "a/",
      "a//b",
      "..",
      "a/../b",
      "./a",
      "a/.",
      "a\0b",
      "a\\b",
      ".lock~",
      "a/.x.tmp~",
      "a/.lock~/b",
    ];
    for (const key of bad) {
      for (
        const attempt of [
          () => store.get(key),
          () => store.exists(key),
          () => store.put(key, text("x")),
          () => store.putIfAbsent(key, text("x")),
          () => store.putIfMatch(key, text("x"), "v"),
          () => store.delete(key),
          () => store.deleteIfMatch(key, "v"),
        ]
      ) {
        await assert.rejects(
          attempt,
          (error) => error instanceof AppError && error.code === "invalid_input",
          key,
        );
      }
    }
    for (const prefix of bad.filter((key) => key !== "")) {
      await assert.rejects(() => store.list(prefix), AppError);
      await assert.rejects(() => store.prefixExists(prefix), AppError);
      await assert.rejects(() => store.deletePrefix(prefix), AppError);
      assert.throws(() => store.under(prefix), AppError);
    }
    for (const good of ["..a", "a..", ".hidden", "a b", "ä/ö", "%2F", "x.tmp~"]) {
      await store.put(good, text(good));
      assert.equal(textOf(await store.get(good)), good);
    }
  });
}

function testConditions(test: Register): void {
  test("putIfAbsent() writes once and leaves the first object alone", async (store) => {
    const first = await store.putIfAbsent("log/a/1.json", text("first"));
    assert.ok(first !== null);
    assert.equal(await store.putIfAbsent("log/a/1.json", text("second")), null);
    const stored = await store.get("log/a/1.json");
    assert.equal(textOf(stored), "first");
    assert.equal(stored?.version, first.version);
  });

  test("putIfMatch() writes only over the version it names", async (store) => {
    assert.equal(await store.putIfMatch("s.json", text("x"), "no such version"), null);
    assert.equal(await store.exists("s.json"), false);
    const one = await store.put("s.json", text("1"));
    const two = await store.putIfMatch("s.json", text("2"), one.version);
    assert.ok(two !== null);
    assert.equal(await store.putIfMatch("s.json", text("3"), one.version), null);
    assert.equal(textOf(await store.get("s.json")), "2");
    await store.delete("s.json");
    assert.equal(await store.putIfMatch("s.json", text("3"), two.version), null);
    assert.equal(await store.exists("s.json"), false);
  });

  test("deleteIfMatch() removes only the version it names", async (store) => {
    assert.equal(await store.deleteIfMatch("d.json", '"no-such-version"'), true);
    const one = await store.put("d.json", text("1"));
    const two = await store.put("d.json", text("2"));
    assert.equal(await store.deleteIfMatch("d.json", one.version), false);
    assert.equal(textOf(await store.get("d.json")), "2");
    assert.equal(await store.deleteIfMatch("d.json", two.version), true);
    assert.equal(await store.exists("d.json"), false);
    assert.equal(await store.deleteIfMatch("d.json", two.version), true);
  });

  test("behaves like a map of keys to values under any sequence of calls", async (store) => {
    const key = fc.constantFrom("a", "b/c", "b/d", "e/f/g");
    const value = fc.string({ maxLength: 4 });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("put" as const), key, value }),
      fc.record({ kind: fc.constant("absent" as const), key, value }),
      fc.record({ kind: fc.constant("match" as const), key, value, stale: fc.boolean() }),
      fc.record({ kind: fc.constant("delete" as const), key, value }),
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const mine = store.under(`run${run++}`);
        const model = new Map<string, string>();
        for (const { kind, key, value, ...rest } of steps) {
          const old = model.get(key);
          if (kind === "delete") {
            await mine.delete(key);
            model.delete(key);
            continue;
          }
          const current = await mine.get(key);
          assert.equal(current === null ? undefined : textOf(current), old);
          const stale = "stale" in rest && rest.stale === true;
          const result = kind === "put"
            ? await mine.put(key, text(value))
            : kind === "absent"
            ? await mine.putIfAbsent(key, text(value))
            : await mine.putIfMatch(key, text(value), stale || current === null ? "stale" : current.version);
          const expected = kind === "put" ||
            (kind === "absent" ? old === undefined : old !== undefined && !stale);
          assert.equal(result !== null, expected);
          if (result !== null) model.set(key, value);
        }
        for (const [key, value] of model) assert.equal(textOf(await mine.get(key)), value);
        assert.equal(await mine.prefixExists("b") || !model.has("b/c"), true);
      }),
      { numRuns: 25 },
    );
  });
}

function testPrefixes(test: Register): void {
  test("list() names only the objects directly under the prefix, by code unit", async (store) => {
    for (const key of ["p/b", "p/a", "p/B", "p/10", "p/9", "p/ü", "p/deep/x", "p/deep/er/y", "pq/z", "top"]) {
      await store.put(key, text(key));
    }
    assert.deepEqual(await store.list("p"), ["10", "9", "B", "a", "b", "ü"]);
    assert.deepEqual(await store.list("p/deep"), ["x"]);
    assert.deepEqual(await store.list(""), ["top"]);
    assert.deepEqual(await store.list("none/such"), []);
    assert.deepEqual(await store.list("top"), []);
    assert.equal(await store.get("p"), null);
    assert.equal(await store.exists("p/deep"), false);
  });

  test("folders() and listTree() see what is directly under a prefix, and all that is", async (store) => {
    for (const key of ["p/b", "p/ü/x", "p/deep/x", "p/deep/er/y", "pq/z", "top"]) {
      await store.put(key, text(key));
    }
    assert.deepEqual(await store.folders("p"), ["deep", "ü"]);
    assert.deepEqual(await store.folders(""), ["p", "pq"]);
    assert.deepEqual(await store.folders("none/such"), []);
    assert.deepEqual(await store.folders("top"), []);
    assert.deepEqual(await store.listTree("p"), ["b", "deep/er/y", "deep/x", "ü/x"]);
    assert.deepEqual(await store.listTree("p/deep"), ["er/y", "x"]);
    assert.deepEqual(await store.listTree("none/such"), []);
    assert.deepEqual(await store.under("p").listTree("deep"), ["er/y", "x"]);
    assert.equal((await store.listTree("")).length, 6);
  });

  test("list() shows no temporary file and no lock", async (store) => {
    const one = await store.put("p/k", text("1"));
    await store.putIfMatch("p/k", text("2"), one.version);
    await store.putIfMatch("p/k", text("3"), one.version);
    await store.putIfAbsent("p/k", text("4"));
    assert.deepEqual(await store.list("p"), ["k"]);
  });

  test("prefixExists() and deletePrefix() take the prefix as a folder, not as a part of a name", async (store) => {
    for (const key of ["g/a", "g/sub/b", "g/sub/deep/c", "ga/x", "h"]) await store.put(key, text(key));
    for (const present of ["g", "g/sub", "g/sub/deep", "g/a", "ga", "h", ""]) {
      assert.equal(await store.prefixExists(present), true, present);
    }
    for (const missing of ["g/s", "x", "g/sub/deep/c/d"]) {
      assert.equal(await store.prefixExists(missing), false, missing);
    }
    await store.deletePrefix("g");
    await store.deletePrefix("g");
    assert.equal(await store.prefixExists("g"), false);
    assert.equal(await store.get("g/sub/deep/c"), null);
    assert.equal(textOf(await store.get("ga/x")), "ga/x");
    assert.notEqual(await store.putIfAbsent("g/sub/b", text("again")), null);
    await store.deletePrefix("h");
    assert.equal(await store.exists("h"), false);
  });

  test("under() is a view whose keys are below the prefix", async (store) => {
    const inner = store.under("graphs/a.omni");
    const deeper = inner.under("log");
    const put = await deeper.putIfAbsent("1.json", text("x"));
    assert.equal((await store.get("graphs/a.omni/log/1.json"))?.version, put?.version);
    assert.deepEqual(await inner.list("log"), ["1.json"]);
    assert.equal(await deeper.putIfAbsent("1.json", text("y")), null);
    assert.ok(deeper.uri.startsWith(store.uri) && deeper.uri.endsWith("graphs/a.omni/log"));
    await store.put("graphs/b.omni/k", text("z"));
    await inner.deletePrefix("");
    assert.equal(await inner.prefixExists(""), false);
    assert.equal(textOf(await store.get("graphs/b.omni/k")), "z");
  });
}

function testRaces(test: Register): void {
  test(`putIfAbsent() lets exactly one of ${RACERS} racing callers win each round`, async (store) => {
    const rounds = Array.from({ length: 20 }, (_, i) => `race/${i}`);
    for (const key of rounds) {
      const results = await Promise.all(
        Array.from({ length: RACERS }, (_, racer) => store.putIfAbsent(key, text(`racer ${racer}`))),
      );
      const winners = results.flatMap((result, racer) => result === null ? [] : [racer]);
      assert.equal(winners.length, 1);
      assert.equal(textOf(await store.get(key)), `racer ${winners[0]}`);
    }
  });

  test(`putIfMatch() lets exactly one of ${RACERS} racing callers win each round`, async (store) => {
    let version = (await store.put("state", text("start"))).version;
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all(
        Array.from(
          { length: RACERS },
          (_, racer) => store.putIfMatch("state", text(`${round}/${racer}`), version),
        ),
      );
      const winners = results.flatMap((result) => result ?? []);
      assert.equal(winners.length, 1);
      version = winners[0]!.version;
      assert.equal((await store.get("state"))?.version, version);
    }
  });
}

function testRemovalRaces(test: Register): void {
  test(`of racing puts and removals of one version one put or the removals win each round`, async (store) => {
    for (let round = 0; round < 20; round++) {
      const { version } = await store.put("one", text(`start ${round}`));
      const results = await Promise.all(
        Array.from(
          { length: RACERS },
          async (_, racer) =>
            racer % 2 === 0
              ? await store.deleteIfMatch("one", version)
              : await store.putIfMatch("one", text(`${round}/${racer}`), version) !== null,
        ),
      );
      const puts = results.flatMap((won, racer) => won && racer % 2 === 1 ? [racer] : []);
      const removed = results.some((won, racer) => won && racer % 2 === 0);
      assert.equal(puts.length, removed ? 0 : 1);
      assert.equal(textOf(await store.get("one")), removed ? null : `${round}/${puts[0]}`);
    }
  });
}

function testProcessRaces(test: Register): void {
  test(
    `${RACERS} processes racing have exactly one winner per round`,
    async (store, { address, variables = {} }) => {
      await store.put("counter", text("0"));
      const rounds = 60;
      const wins = await raceOfProcesses(RACERS, { address, rounds, variables });
      const perRound = new Map<number, number>();
      for (const round of wins.flatMap((win) => win.absent)) {
        perRound.set(round, (perRound.get(round) ?? 0) + 1);
      }
      assert.deepEqual(
        [...perRound].sort(([a], [b]) => a - b),
        Array.from({ length: rounds }, (_, i) => [i, 1]),
      );
      for (const [racer, win] of wins.entries()) {
        for (const round of win.absent) {
          assert.equal(textOf(await store.get(`absent/${round}`)), `racer ${racer}`);
        }
      }
      const steps = wins.flatMap((win) => win.match).sort((a, b) => a - b);
      assert.deepEqual(steps, Array.from({ length: rounds }, (_, i) => i + 1));
      assert.equal(textOf(await store.get("counter")), String(rounds));
      assert.equal((await store.list("absent")).length, rounds);
    },
  );
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function textOf(stored: { readonly bytes: Uint8Array } | null): string | null {
  return stored === null ? null : new TextDecoder().decode(stored.bytes);
}
