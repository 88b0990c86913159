import assert from "node:assert/strict";
import fc from "fast-check";
import type { EdgeType } from "../schema/catalog.ts";
import { columnNames } from "./columns.ts";
import { LanceTables } from "./lance_tables.ts";
import { ALL_TYPES, arbitraryRecord, recordOf, rowsOf } from "../../tests/support/records.ts";
import {
  change,
  contentOf,
  NOTHING,
  sorted,
  THING,
  things,
  UNWRITTEN,
  withTables,
  written,
} from "../../tests/support/thing_tables.ts";

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
