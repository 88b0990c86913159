import assert from "node:assert/strict";
import fc from "fast-check";
import { LanceTables } from "./lance_tables.ts";
import type { TablePin } from "./table_store.ts";
import { recordOf, type Row, rowsOf } from "../../tests/support/records.ts";
import { type Attempt, raceOfWriters, writerKilledAfter } from "../../tests/suites/table_race.ts";
import {
  change,
  contentOf,
  sorted,
  THING,
  things,
  UNWRITTEN,
  withTables,
  written,
} from "../../tests/support/thing_tables.ts";

Deno.test("lance tables: a crash between write and publish leaves no foreign rows for the next writer", () =>
  withTables(async (tables, root) => {
    const lost = await written(tables, UNWRITTEN, change({ inserts: things("lost") }));
    const first = await written(new LanceTables(root), UNWRITTEN, change({ inserts: things("a", "b") }));
    assert.deepEqual((await contentOf(tables, first)).map((row) => row.id), ["a", "b"]);
    for (let crash = 0; crash < 3; crash++) {
      await written(
        tables,
        first,
        change({ inserts: things(`lost ${crash}`), updates: things("a"), deletes: ["b"] }),
      );
    }
    const second = await written(tables, first, change({ inserts: things("c") }));
    assert.deepEqual((await contentOf(tables, second)).map((row) => row.id), ["a", "b", "c"]);
    assert.deepEqual((await contentOf(tables, first)).map((row) => row.id), ["a", "b"]);
    assert.deepEqual((await contentOf(tables, lost)).map((row) => row.id), ["lost"]);
  }));

Deno.test("lance tables: many updates at once are exact after overwriting, restoring and forking, too", () =>
  withTables(async (tables, root) => {
    const ids = Array.from({ length: 1500 }, (_, i) => `id-${i}`);
    const numbered = (count: number, n: number) => ids.slice(0, count).map((id) => ({ id, n, text: id }));
    const check = async (pin: TablePin, updated: number, n: number) => {
      const rows = await contentOf(tables, pin);
      assert.equal(rows.length, 1500);
      assert.equal(rows.filter((row) => row.n === n).length, updated);
      assert.ok(rows.every((row) => (row.n === n) === (Number((row.id as string).slice(3)) < updated)));
    };
    let pin = await written(tables, UNWRITTEN, change({ inserts: numbered(20, 0) }));
    for (const [branch, n] of [[null, 1], ["01HA", 2], ["01HB", 3]] as const) {
      pin = await written(tables, pin, change({ replaceAll: true, inserts: numbered(1500, 0) }), branch);
      await written(new LanceTables(root), pin, change({ updates: numbered(700, 99) }));
      pin = await written(tables, pin, change({ updates: numbered(900, n) }));
      await check(pin, 900, n);
      pin = await written(tables, pin, change({ updates: numbered(1500, 0) }));
      await check(pin, 1500, 0);
      pin = await written(tables, pin, change({ updates: numbered(600, n), deletes: [], inserts: [] }));
      await check(pin, 600, n);
    }
  }));

Deno.test("lance tables: a fork is isolated from its parent, also after a crash of the forking writer", () =>
  withTables(async (tables, root) => {
    const main = await written(tables, UNWRITTEN, change({ inserts: things("a", "b") }));
    await written(tables, main, change({ inserts: things("lost") }), "01HFEATURE");
    const later = await written(tables, main, change({ inserts: things("later") }));
    const feature = await written(new LanceTables(root), main, change({ deletes: ["a"] }), "01HFEATURE");
    assert.equal(feature.branch, "01HFEATURE");
    const deeper = await written(
      tables,
      feature,
      change({ inserts: things("d"), updates: things("b") }),
      "01HDEEPER",
    );
    const more = await written(tables, feature, change({ inserts: things("more") }));
    assert.deepEqual((await contentOf(tables, main)).map((row) => row.id), ["a", "b"]);
    assert.deepEqual((await contentOf(tables, later)).map((row) => row.id), ["a", "b", "later"]);
    assert.deepEqual((await contentOf(tables, feature)).map((row) => row.id), ["b"]);
    assert.deepEqual((await contentOf(tables, more)).map((row) => row.id), ["b", "more"]);
    assert.deepEqual((await contentOf(tables, deeper)).map((row) => row.id), ["b", "d"]);
    // The name of the graph branch can be used again: its Lance branch is named after the incarnation.
    const again = await written(tables, later, change({ inserts: things("x") }), "01HFEATURE2");
    assert.deepEqual((await contentOf(tables, again)).map((row) => row.id), ["a", "b", "later", "x"]);
  }));

Deno.test("lance tables: the first write of a table may be on a branch", () =>
  withTables(async (tables, root) => {
    const feature = await written(tables, UNWRITTEN, change({ inserts: things("f") }), "01HFEATURE");
    const main = await written(new LanceTables(root), UNWRITTEN, change({ inserts: things("m") }));
    const other = await written(tables, UNWRITTEN, change({ inserts: things("o") }), "01HOTHER");
    const second = await written(tables, feature, change({ inserts: things("f2") }));
    assert.deepEqual((await contentOf(tables, feature)).map((row) => row.id), ["f"]);
    assert.deepEqual((await contentOf(tables, second)).map((row) => row.id), ["f", "f2"]);
    assert.deepEqual((await contentOf(tables, main)).map((row) => row.id), ["m"]);
    assert.deepEqual((await contentOf(tables, other)).map((row) => row.id), ["o"]);
  }));

Deno.test("lance tables: a fork whose creator died between manifest and ref goes on", () =>
  withTables(async (tables, root) => {
    const main = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    await written(tables, main, change({ inserts: things("lost") }), "01HFEATURE");
    await Deno.remove(`${root}/nodes/12.lance/_refs/branches/01HFEATURE.json`);
    const feature = await written(
      new LanceTables(root),
      main,
      change({ inserts: things("f") }),
      "01HFEATURE",
    );
    assert.deepEqual((await contentOf(tables, feature)).map((row) => row.id), ["a", "f"]);
  }));

Deno.test("lance tables: a fork that was made from another version is filled with the base", () =>
  withTables(async (tables) => {
    const one = await written(tables, UNWRITTEN, change({ inserts: things("a", "b") }));
    const two = await written(tables, one, change({ inserts: things("c") }));
    await written(tables, one, change({ inserts: things("lost") }), "01HFEATURE");
    const feature = await written(
      tables,
      two,
      change({ inserts: things("f"), deletes: ["a"] }),
      "01HFEATURE",
    );
    assert.deepEqual((await contentOf(tables, feature)).map((row) => row.id), ["b", "c", "f"]);
    assert.deepEqual((await contentOf(tables, two)).map((row) => row.id), ["a", "b", "c"]);
  }));

/** A branch of the model: its Lance branch, its head and what the head holds. */
interface Head {
  readonly branch: string | null;
  readonly pin: TablePin;
  readonly content: ReadonlyMap<string, Row>;
}

Deno.test("lance tables: after any history with crashes and forks every published pin holds what it held", async () => {
  const step = fc.record({
    head: fc.nat(),
    fork: fc.boolean(),
    crash: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    replaceAll: fc.integer({ min: 0, max: 6 }).map((n) => n === 0),
    inserts: fc.nat({ max: 3 }),
    touched: fc.array(fc.record({ pick: fc.nat(), remove: fc.boolean() }), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 10 }),
      (steps) =>
        withTables(async (tables, root) => {
          const published: Head[] = [{ branch: null, pin: UNWRITTEN, content: new Map() }];
          const heads = [...published];
          for (const [i, { head, fork, crash, replaceAll, inserts, touched }] of steps.entries()) {
            const at = head % heads.length;
            const from = heads[at]!;
            const branch = fork ? `01H${i}` : from.branch;
            const content = new Map(replaceAll ? [] : from.content);
            const rows = things(...Array.from({ length: inserts }, (_, k) => `${i}-${k}`));
            const updates = new Map<string, Row>();
            const deletes = new Set<string>();
            const ids = [...content.keys()];
            for (const { pick, remove } of ids.length === 0 ? [] : touched) {
              const id = ids[pick % ids.length]!;
              if (updates.has(id) || deletes.has(id)) continue;
              if (remove) deletes.add(id);
              else updates.set(id, { id, n: i, text: `updated by ${i}` });
            }
            for (const row of [...rows, ...updates.values()]) content.set(row.id as string, row);
            for (const id of deletes) content.delete(id);
            const write = change({
              replaceAll,
              inserts: rows,
              updates: [...updates.values()],
              deletes: [...deletes],
            });
            const store = crash ? new LanceTables(root) : tables;
            const pin = await store.write(from.pin, THING, branch, write);
            assert.ok(pin !== null);
            if (crash) continue;
            const next = { branch, pin, content };
            published.push(next);
            if (fork) heads.push(next);
            else heads[at] = next;
          }
          for (const { pin, content } of published) {
            assert.equal(pin.rows, content.size);
            assert.deepEqual(
              await contentOf(tables, pin),
              sorted(rowsOf(recordOf(THING, [...content.values()]))),
            );
          }
        }),
    ),
    { numRuns: 15 },
  );
});

Deno.test("lance tables: a writer killed at any moment is no obstacle to the next one", () =>
  withTables(async (tables, root) => {
    const base = await written(tables, UNWRITTEN, change({ inserts: things("a", "b", "c") }));
    for (const delayMs of [0, 3, 7, 13, 21, 30]) {
      await writerKilledAfter(delayMs, { root, base, branch: null, writes: 1000 });
      const pin = await written(
        new LanceTables(root),
        base,
        change({ inserts: things("d"), deletes: ["b"] }),
      );
      assert.deepEqual((await contentOf(tables, pin)).map((row) => row.id), ["a", "c", "d"]);
      assert.deepEqual((await contentOf(new LanceTables(root), base)).map((row) => row.id), ["a", "b", "c"]);
    }
  }));

/** What every attempt must show: no result, or exactly the base with the own rows. */
async function checkAttempts(root: string, base: TablePin, attempts: readonly Attempt[]): Promise<void> {
  const tables = new LanceTables(root);
  const before = base.version === 0 ? [] : (await contentOf(tables, base)).map((row) => row.id as string);
  for (const { pin, inserted, deleted } of attempts) {
    if (pin === null) continue;
    const expected = [...before.filter((id) => !deleted.includes(id)), ...inserted].sort();
    assert.deepEqual((await contentOf(tables, pin)).map((row) => row.id), expected);
  }
}

for (const branch of [null, "01HFEATURE"]) {
  Deno.test(`lance tables: two processes writing on one base (${branch ?? "main"}) never see rows of each other`, () =>
    withTables(async (tables, root) => {
      for (
        const base of [
          UNWRITTEN,
          await written(tables, UNWRITTEN, change({ inserts: things("a", "b", "c") })),
        ]
      ) {
        const attempts = await raceOfWriters({ root, base, branch, writes: 12 });
        assert.equal(attempts.length, 24);
        await checkAttempts(root, base, attempts);
        const pins = attempts.flatMap(({ pin }) => pin === null ? [] : [pin.version]);
        assert.equal(new Set(pins).size, pins.length, "no version is returned twice");
        assert.ok(pins.length > 0, "some attempt goes through");
      }
    }));
}
