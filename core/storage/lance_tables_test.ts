import assert from "node:assert/strict";
import fc from "fast-check";
import type { EdgeType } from "../schema/catalog.ts";
import { AppError } from "../errors.ts";
import { columnNames } from "./columns.ts";
import { LanceTables } from "./lance_tables.ts";
import type { TablePin, TableWrite } from "./table_store.ts";
import {
  ALL_TYPES,
  arbitraryRecord,
  recordOf,
  type Row,
  rowsOf,
  tableType,
} from "../../tests/support/records.ts";
import { type Attempt, raceOfWriters, writerKilledAfter } from "../../tests/suites/table_race.ts";

const THING = tableType({
  n: { kind: "scalar", scalar: "I32", enumValues: null },
  text: { kind: "scalar", scalar: "String", enumValues: null },
});
const UNWRITTEN: TablePin = { table: "nodes/12", branch: null, version: 0, rows: 0 };
const NOTHING: TableWrite = { replaceAll: false, inserts: null, updates: null, deletes: [] };

async function inFolder(body: (root: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/graph.omni`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function withTables(body: (tables: LanceTables, root: string) => Promise<void>): Promise<void> {
  return inFolder((root) => body(new LanceTables(root), root));
}

function things(...ids: string[]): Row[] {
  return ids.map((id, i) => ({ id, n: i, text: `text of ${id}` }));
}

/** A write of rows of `THING`. */
function change(
  parts: { inserts?: Row[]; updates?: Row[]; deletes?: string[]; replaceAll?: boolean },
): TableWrite {
  return {
    replaceAll: parts.replaceAll ?? false,
    inserts: parts.inserts === undefined ? null : recordOf(THING, parts.inserts),
    updates: parts.updates === undefined ? null : recordOf(THING, parts.updates),
    deletes: parts.deletes ?? [],
  };
}

/** Writes, which must succeed. */
async function written(
  tables: LanceTables,
  base: TablePin,
  write: TableWrite,
  branch: string | null = base.branch,
): Promise<TablePin> {
  const pin = await tables.write(base, THING, branch, write);
  assert.ok(pin !== null);
  return pin;
}

async function contentOf(tables: LanceTables, pin: TablePin): Promise<Row[]> {
  return sorted(rowsOf(await tables.read(pin, THING, columnNames(THING))));
}

function sorted(rows: readonly Row[]): Row[] {
  return [...rows].sort((a, b) => (a.id as string) < (b.id as string) ? -1 : 1);
}

Deno.test("lance tables: every type comes back as it was written, nulls, extremes and odd texts included", () =>
  withTables(async (tables) => {
    let table = 0;
    await fc.assert(
      fc.asyncProperty(arbitraryRecord(ALL_TYPES, 30), async (rows) => {
        const base = { ...UNWRITTEN, table: `nodes/${++table}` };
        const pin = await tables.write(base, ALL_TYPES, null, {
          ...NOTHING,
          inserts: recordOf(ALL_TYPES, rows),
        });
        assert.equal(pin?.rows, rows.length);
        const read = await tables.read(pin, ALL_TYPES, columnNames(ALL_TYPES));
        assert.deepEqual(rowsOf(read), rowsOf(recordOf(ALL_TYPES, rows)));
        const updated = rows.map((row, i) => ({ ...rows[rows.length - 1 - i]!, id: row.id! }));
        const next = await tables.write(pin, ALL_TYPES, null, {
          ...NOTHING,
          updates: recordOf(ALL_TYPES, updated),
        });
        assert.ok(next !== null);
        const after = rowsOf(await tables.read(next, ALL_TYPES, columnNames(ALL_TYPES)));
        assert.deepEqual(sorted(after), sorted(rowsOf(recordOf(ALL_TYPES, updated))));
      }),
      { numRuns: 12 },
    );
  }));

Deno.test("lance tables: an edge table has its endpoints", () =>
  withTables(async (tables) => {
    const edge = {
      ...THING,
      kind: "edge",
      from: "Thing",
      to: "Thing",
      cardinality: { min: 0, max: null },
    } as unknown as EdgeType;
    assert.deepEqual(columnNames(edge), ["id", "src", "dst", "n", "text"]);
    const { columns } = recordOf(edge as never, [{ id: "e", src: "a", dst: "b", n: 1, text: null }]);
    const base = { ...UNWRITTEN, table: "edges/3" };
    const pin = await tables.write(base, edge, null, { ...NOTHING, inserts: { length: 1, columns } });
    assert.ok(pin !== null);
    assert.deepEqual(rowsOf(await tables.read(pin, edge, ["dst", "src"])), [{ dst: "b", src: "a" }]);
  }));

Deno.test("lance tables: version 0 has no rows and reading it touches nothing", () =>
  withTables(async (tables, root) => {
    const record = await tables.read(UNWRITTEN, THING, ["id", "n"]);
    assert.equal(record.length, 0);
    assert.deepEqual([...record.columns.keys()], ["id", "n"]);
    await assert.rejects(() => Deno.stat(root), Deno.errors.NotFound);
    assert.deepEqual(await tables.write(UNWRITTEN, THING, null, NOTHING), UNWRITTEN);
    assert.deepEqual(await tables.write(UNWRITTEN, THING, "b", change({ replaceAll: true })), UNWRITTEN);
    await assert.rejects(() => Deno.stat(root), Deno.errors.NotFound);
  }));

Deno.test("lance tables: a write inserts, updates and deletes, and rows are counted", () =>
  withTables(async (tables) => {
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
  }));

Deno.test("lance tables: ids with quotes, line breaks, NUL and comment signs are deleted alone", () =>
  withTables(async (tables) => {
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
  }));

Deno.test("lance tables: more deletes than fit one statement", () =>
  withTables(async (tables) => {
    const ids = Array.from({ length: 45_000 }, (_, i) => `id-${i}`);
    const first = await written(tables, UNWRITTEN, change({ inserts: things(...ids) }));
    const second = await written(tables, first, change({ deletes: ids.slice(1, -1) }));
    assert.deepEqual((await contentOf(tables, second)).map((row) => row.id), ["id-0", "id-44999"]);
  }));

Deno.test("lance tables: all reads of a pin give one order, whatever the columns", () =>
  withTables(async (tables, root) => {
    const ids = Array.from({ length: 300_000 }, (_, i) => `id-${i}`);
    const rows = ids.map((id, n) => ({ id, n, text: `text of ${id}` }));
    let pin = await written(tables, UNWRITTEN, change({ inserts: rows }));
    pin = await written(tables, pin, change({ updates: rows.filter((_, i) => i % 7 === 0) }));
    pin = await written(tables, pin, change({ deletes: ids.filter((_, i) => i % 101 === 1) }));
    for (let round = 0; round < 5; round++) {
      const more = Array.from({ length: 500 }, (_, i) => `more-${round}-${i}`);
      const updates = rows.filter((_, i) => i % 1009 === 5 && i % 101 !== 1);
      pin = await written(tables, pin, change({ inserts: things(...more), updates }));
    }
    const all = await tables.read(pin, THING, ["id", "n", "text"]);
    for (const reader of [tables, new LanceTables(root)]) {
      const [text, n, id] = await Promise.all(
        ["text", "n", "id"].map((name) => reader.read(pin, THING, [name])),
      );
      for (let row = 0; row < all.length; row++) {
        const expected = all.columns.get("id")!.get(row);
        if (id!.columns.get("id")!.get(row) !== expected) assert.fail(`id of row ${row}`);
        if (text!.columns.get("text")!.get(row) !== `text of ${expected}`) assert.fail(`text of row ${row}`);
        if (n!.columns.get("n")!.get(row) !== all.columns.get("n")!.get(row)) assert.fail(`n of row ${row}`);
      }
    }
  }));

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

Deno.test("lance tables: manifests cut off by a power loss are no obstacle to reading and writing", () =>
  withTables(async (tables, root) => {
    const first = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    const forked = await written(tables, first, change({ inserts: things("b") }), "01HFEATURE");
    const versions = (lineage: string) => `${root}/nodes/12.lance/${lineage}_versions`;
    const manifest = (version: number) => `${(1n << 64n) - 1n - BigInt(version)}.manifest`;
    const cutOff = async () => {
      await Deno.writeTextFile(`${versions("")}/${manifest(7)}`, "");
      await Deno.writeTextFile(`${versions("tree/01HFEATURE/")}/${manifest(9)}`, "half of it");
      await Deno.writeTextFile(`${versions("")}/latest_version_hint.json`, "");
    };
    await cutOff();
    assert.equal((await contentOf(new LanceTables(root), first)).length, 1);
    await cutOff();
    assert.equal((await contentOf(new LanceTables(root), forked)).length, 2);
    await cutOff();
    const next = await written(new LanceTables(root), forked, change({ inserts: things("c") }));
    assert.deepEqual((await contentOf(tables, next)).map((row) => row.id), ["a", "b", "c"]);
  }));

Deno.test("lance tables: a graph removed and made again at the same place shows nothing of the old one", () =>
  withTables(async (tables, root) => {
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
      await Deno.remove(root, { recursive: true });
      tables = new LanceTables(root);
    }
  }));

Deno.test("lance tables: missing and broken tables are reported, naming the table", () =>
  withTables(async (tables, root) => {
    await assert.rejects(
      () => tables.read({ ...UNWRITTEN, version: 3, rows: 1 }, THING, ["id"]),
      (error) =>
        error instanceof AppError && error.code === "storage_error" && error.message.includes("`nodes/12`"),
    );
    const pin = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    await assert.rejects(
      () => new LanceTables(root).read({ ...pin, rows: 5 }, THING, ["id"]),
      (error) =>
        error instanceof AppError && error.code === "integrity_error" && error.message.includes("1 rows"),
    );
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

Deno.test("lance tables: work within the permissions that the server has", () =>
  withTables(async (tables, root) => {
    const pin = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    const script = `${root}/../script.ts`;
    await Deno.writeTextFile(
      script,
      `
      import { LanceTables } from ${JSON.stringify(new URL("./lance_tables.ts", import.meta.url).href)};
      import { recordOf, tableType } from ${
        JSON.stringify(new URL("../../tests/support/records.ts", import.meta.url).href)
      };
      const type = tableType({ n: { kind: "scalar", scalar: "I32", enumValues: null },
        text: { kind: "scalar", scalar: "String", enumValues: null } });
      const tables = new LanceTables(${JSON.stringify(root)});
      const inserts = recordOf(type, [{ id: "b" }]);
      const write = { replaceAll: false, inserts, updates: null, deletes: [] };
      const pin = await tables.write(${JSON.stringify(pin)}, type, null, write);
      console.log((await tables.read(pin, type, ["id", "text"])).length);`,
    );
    const output = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        `--allow-read=${root}`,
        `--allow-write=${root}`,
        "--allow-env=NAPI_RS_NATIVE_LIBRARY_PATH,NAPI_RS_FORCE_WASI,LANCE_CPU_THREADS,LANCEDB_LOG",
        "--allow-ffi=node_modules",
        script,
      ],
      cwd: new URL("../../", import.meta.url).pathname,
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.equal(new TextDecoder().decode(output.stdout), "2\n", new TextDecoder().decode(output.stderr));
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
