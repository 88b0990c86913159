/**
 * The shared suite of tables, run on each kind of root: {@linkcode testTables} is called from the test file of each.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../core/errors.ts";
import type { LanceTables } from "../../core/storage/lance_tables.ts";
import type { TablePin } from "../../core/storage/table_store.ts";
import { columnNames } from "../../core/storage/columns.ts";
import { recordOf, type Row, rowsOf } from "../support/records.ts";
import {
  change,
  contentOf,
  NOTHING,
  sorted,
  THING,
  things,
  UNWRITTEN,
  written,
} from "../support/thing_tables.ts";
import { type Attempt, raceOfWriters, writerKilledAfter } from "./table_race.ts";

/** A graph root that does not exist yet, for one test. */
export interface TablePlace {
  /** Address under which any process opens it. */
  readonly address: string;
  /** Environment variables that this takes. */
  readonly variables: Readonly<Record<string, string>>;
  /** Its tables, with nothing known of before. */
  open(): LanceTables;
  /** Removes the graph. */
  clear(): Promise<void>;
  /** Another one of this kind. */
  another(): Promise<TablePlace>;
}

type Body = (tables: LanceTables, place: TablePlace) => Promise<void>;
type Register = (behaviour: string, body: Body) => void;

/** Registers the tests of the {@linkcode LanceTables} contract for one kind of root. */
export function testTables(
  name: string,
  makePlace: () => Promise<TablePlace>,
  options: { readonly ignore?: boolean } = {},
): void {
  const test: Register = (behaviour, body) =>
    Deno.test({
      name: `${name} ${behaviour}`,
      ignore: options.ignore === true,
      fn: async () => {
        await inPlace(await makePlace(), body);
      },
    });
  testWrites(test);
  testHistories(test);
  testHistoryModel(test);
  testWriterRaces(test);
}

async function inPlace(place: TablePlace, body: Body): Promise<void> {
  try {
    await body(place.open(), place);
  } finally {
    await place.clear();
  }
}

function testWrites(test: Register): void {
  test("a write inserts, updates and deletes, and rows are counted", async (tables) => {
    const first = await written(tables, UNWRITTEN, change({ inserts: things("a", "b", "c", "d") }));
    assert.deepEqual(first, { table: "nodes/12", branch: null, version: 1, rows: 4 });
    const second = await written(
      tables,
      first,
      change({
        inserts: things("e", "f"),
        updates: [{ id: "b", n: null, text: "new" }],
        deletes: ["a", "d"],
      }),
    );
    assert.equal(second.rows, 4);
    assert.deepEqual(
      (await contentOf(tables, second)).map((row) => [row.id, row.n, row.text]),
      [["b", null, "new"], ["c", 2, "text of c"], ["e", 0, "text of e"], ["f", 1, "text of f"]],
    );
    const third = await written(tables, second, change({ replaceAll: true, inserts: things("z") }));
    assert.deepEqual((await contentOf(tables, third)).map((row) => row.id), ["z"]);
    const fourth = await written(tables, third, change({ replaceAll: true }));
    assert.equal(fourth.rows, 0);
    const fifth = await written(tables, fourth, change({ inserts: things("y") }));
    assert.equal(fifth.rows, 1);
    const sixth = await written(
      tables,
      fifth,
      change({ replaceAll: true, inserts: things("p"), updates: things("q"), deletes: ["y"] }),
    );
    assert.deepEqual((await contentOf(tables, sixth)).map((row) => row.id), ["p", "q"]);
    assert.deepEqual(await tables.write(sixth, THING, null, NOTHING), sixth);
    // All the versions before are what they were.
    assert.deepEqual((await contentOf(tables, first)).map((row) => row.id), ["a", "b", "c", "d"]);
    assert.deepEqual((await contentOf(tables, fourth)).length, 0);
  });

  test("ids with quotes, line breaks, NUL and comment signs are deleted alone", async (tables) => {
    const odd = [
      "",
      "'",
      "''",
      "a'b",
      "a\\",
      "\n",
      "\0",
      "x\0y",
      "--",
      "/*",
      "%",
      "_",
      "é",
      "e\u0301",
      "😀",
      '"',
      "A",
      "a",
    ];
    const first = await written(tables, UNWRITTEN, change({ inserts: things(...odd) }));
    for (const id of odd) {
      const pin = await written(tables, first, change({ deletes: [id] }));
      assert.deepEqual(
        (await contentOf(tables, pin)).map((row) => row.id),
        odd.filter((other) => other !== id).sort(),
      );
    }
  });

  test("some rows are read by their ids, at every version, whatever the ids are", async (tables) => {
    const ids = ["", "'", "a'b", "a\\", "\n", "\0", "--", "%", "é", "e\u0301", "😀", '"', "A", "a"];
    const first = await written(tables, UNWRITTEN, change({ inserts: things(...ids) }));
    const second = await written(
      tables,
      first,
      change({ inserts: things("b"), updates: [{ id: "a", n: 7, text: "new" }], deletes: ["A"] }),
    );
    const read = async (pin: TablePin, ...values: string[]) =>
      sorted(rowsOf(await tables.read(pin, THING, columnNames(THING), { column: "id", values })));
    for (const id of ids) assert.deepEqual((await read(first, id)).map((row) => row.id), [id]);
    assert.deepEqual(await read(second, "A", "missing"), []);
    assert.deepEqual(await read(second), []);
    assert.deepEqual((await read(second, "a", "b", "😀")).map((row) => [row.id, row.n]), [
      ["a", 7],
      ["b", 0],
      ["😀", 10],
    ]);
    assert.deepEqual(await read(UNWRITTEN, "a"), []);
    const many = Array.from({ length: 9000 }, (_, i) => `no-${i}`);
    assert.deepEqual((await read(second, ...many, "b")).map((row) => row.id), ["b"]);
  });

  test(
    "a graph removed and made again at the same place shows nothing of the old one",
    async (tables, place) => {
      for (const ids of [["old"], ["new", "newer"], ["newest"]]) {
        const first = await written(tables, UNWRITTEN, change({ inserts: things(...ids) }));
        const updates = ids.map((id) => ({ id, n: 7, text: "updated" }));
        const second = await written(tables, first, change({ updates }));
        assert.deepEqual(await contentOf(tables, first), sorted(things(...ids).map((row) => ({ ...row }))));
        assert.deepEqual(
          (await contentOf(tables, second)).map((row) => [row.id, row.n]),
          ids.sort().map((id) => [id, 7]),
        );
        assert.equal(first.version, 1);
        await place.clear();
        tables = place.open();
      }
    },
  );

  test("missing and broken tables are reported, naming the table", async (tables, place) => {
    await assert.rejects(
      () => tables.read({ ...UNWRITTEN, version: 3, rows: 1 }, THING, ["id"]),
      (error) =>
        error instanceof AppError && error.code === "storage_error" && error.message.includes("`nodes/12`"),
    );
    const pin = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    await assert.rejects(
      () => place.open().read({ ...pin, rows: 5 }, THING, ["id"]),
      (error) =>
        error instanceof AppError && error.code === "integrity_error" && error.message.includes("1 rows"),
    );
  });
}

function testHistories(test: Register): void {
  test(
    "a crash between write and publish leaves no foreign rows for the next writer",
    async (tables, place) => {
      const lost = await written(tables, UNWRITTEN, change({ inserts: things("lost") }));
      const first = await written(place.open(), UNWRITTEN, change({ inserts: things("a", "b") }));
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
    },
  );

  test(
    "many updates at once are exact after overwriting, restoring and forking, too",
    async (tables, place) => {
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
        await written(place.open(), pin, change({ updates: numbered(700, 99) }));
        pin = await written(tables, pin, change({ updates: numbered(900, n) }));
        await check(pin, 900, n);
        pin = await written(tables, pin, change({ updates: numbered(1500, 0) }));
        await check(pin, 1500, 0);
        pin = await written(tables, pin, change({ updates: numbered(600, n), deletes: [], inserts: [] }));
        await check(pin, 600, n);
      }
    },
  );

  test(
    "a fork is isolated from its parent, also after a crash of the forking writer",
    async (tables, place) => {
      const main = await written(tables, UNWRITTEN, change({ inserts: things("a", "b") }));
      await written(tables, main, change({ inserts: things("lost") }), "01HFEATURE");
      const later = await written(tables, main, change({ inserts: things("later") }));
      const feature = await written(place.open(), main, change({ deletes: ["a"] }), "01HFEATURE");
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
    },
  );

  test("the first write of a table may be on a branch", async (tables, place) => {
    const feature = await written(tables, UNWRITTEN, change({ inserts: things("f") }), "01HFEATURE");
    const main = await written(place.open(), UNWRITTEN, change({ inserts: things("m") }));
    const other = await written(tables, UNWRITTEN, change({ inserts: things("o") }), "01HOTHER");
    const second = await written(tables, feature, change({ inserts: things("f2") }));
    assert.deepEqual((await contentOf(tables, feature)).map((row) => row.id), ["f"]);
    assert.deepEqual((await contentOf(tables, second)).map((row) => row.id), ["f", "f2"]);
    assert.deepEqual((await contentOf(tables, main)).map((row) => row.id), ["m"]);
    assert.deepEqual((await contentOf(tables, other)).map((row) => row.id), ["o"]);
  });

  test("a fork that was made from another version is filled with the base", async (tables) => {
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
  });

  test("a writer killed at any moment is no obstacle to the next one", async (tables, place) => {
    const base = await written(tables, UNWRITTEN, change({ inserts: things("a", "b", "c") }));
    for (const delayMs of [0, 3, 7, 13, 21, 30]) {
      await writerKilledAfter(delayMs, { place, base, branch: null, writes: 1000 });
      const pin = await written(
        place.open(),
        base,
        change({ inserts: things("d"), deletes: ["b"] }),
      );
      assert.deepEqual((await contentOf(tables, pin)).map((row) => row.id), ["a", "c", "d"]);
      assert.deepEqual((await contentOf(place.open(), base)).map((row) => row.id), ["a", "b", "c"]);
    }
  });
}

/** A branch of the model: its Lance branch, its head and what the head holds. */
interface Head {
  readonly branch: string | null;
  readonly pin: TablePin;
  readonly content: ReadonlyMap<string, Row>;
}

function testHistoryModel(test: Register): void {
  test(
    "after any history with crashes and forks every published pin holds what it held",
    async (_, { another }) => {
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
          async (steps) =>
            await inPlace(await another(), async (tables, place) => {
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
                const store = crash ? place.open() : tables;
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
    },
  );
}

/** What every attempt must show: no result, or exactly the base with the own rows. */
async function checkAttempts(place: TablePlace, base: TablePin, attempts: readonly Attempt[]): Promise<void> {
  const tables = place.open();
  const before = base.version === 0 ? [] : (await contentOf(tables, base)).map((row) => row.id as string);
  for (const { pin, inserted, deleted } of attempts) {
    if (pin === null) continue;
    const expected = [...before.filter((id) => !deleted.includes(id)), ...inserted].sort();
    assert.deepEqual((await contentOf(tables, pin)).map((row) => row.id), expected);
  }
}

function testWriterRaces(test: Register): void {
  for (const branch of [null, "01HFEATURE"]) {
    test(
      `two processes writing on one base (${branch ?? "main"}) never see rows of each other`,
      async (tables, place) => {
        for (
          const base of [
            UNWRITTEN,
            await written(tables, UNWRITTEN, change({ inserts: things("a", "b", "c") })),
          ]
        ) {
          const attempts = await raceOfWriters({ place, base, branch, writes: 12 });
          assert.equal(attempts.length, 24);
          await checkAttempts(place, base, attempts);
          const pins = attempts.flatMap(({ pin }) => pin === null ? [] : [pin.version]);
          assert.equal(new Set(pins).size, pins.length, "no version is returned twice");
          assert.ok(pins.length > 0, "some attempt goes through");
        }
      },
    );
  }
}
