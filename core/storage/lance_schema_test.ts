/** Tables whose columns change: a write that replaces everything also replaces the columns. */
import assert from "node:assert/strict";
import { columnNames } from "./columns.ts";
import { LanceTables } from "./lance_tables.ts";
import { recordOf, type Row, rowsOf, tableType } from "../../tests/support/records.ts";
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
import type { TablePin, TableWrite } from "./table_store.ts";

/** `THING` with other columns: one kept, one gone, one of another type, one in front of the others. */
const OTHER = tableType({
  a: { kind: "vector", dimensions: 2 },
  n: { kind: "scalar", scalar: "String", enumValues: null },
  text: { kind: "scalar", scalar: "String", enumValues: null },
});

function others(ids: readonly string[]): Row[] {
  return ids.map((id) => ({ id, a: null, n: `n of ${id}`, text: null }));
}

function otherChange(parts: Partial<Record<"inserts" | "updates", Row[]>>, replaceAll = false): TableWrite {
  const { inserts = null, updates = null } = parts;
  return {
    replaceAll,
    inserts: inserts && recordOf(OTHER, inserts),
    updates: updates && recordOf(OTHER, updates),
    deletes: [],
  };
}

async function otherContent(tables: LanceTables, pin: TablePin): Promise<Row[]> {
  return sorted(rowsOf(await tables.read(pin, OTHER, columnNames(OTHER))));
}

Deno.test("lance tables: replacing all rows may replace the columns; every pin keeps its own", () =>
  withTables(async (tables, root) => {
    const before = await written(tables, UNWRITTEN, change({ inserts: things("a", "b") }));
    const rows = others(["a", "b"]);
    const after = await tables.write(before, OTHER, null, otherChange({ inserts: rows }, true));
    assert.ok(after !== null);
    const grown = await tables.write(after, OTHER, null, otherChange({ inserts: others(["c"]) }));
    assert.ok(grown !== null);
    const updates = Array.from({ length: 600 }, (_, i) => `u${i}`);
    const many = await tables.write(grown, OTHER, null, otherChange({ inserts: others(updates) }));
    assert.ok(many !== null);
    // More updates than are done by delete and insert.
    const merged = await tables.write(many, OTHER, null, otherChange({ updates: others(updates) }));
    assert.ok(merged !== null);
    for (const reader of [tables, new LanceTables(root)]) {
      assert.deepEqual(await contentOf(reader, before), things("a", "b"));
      assert.deepEqual(await otherContent(reader, after), rows);
      assert.deepEqual(await otherContent(reader, grown), others(["a", "b", "c"]));
      assert.deepEqual(await otherContent(reader, merged), sorted(others(["a", "b", "c", ...updates])));
    }
  }));

Deno.test("lance tables: replacing all rows by none leaves an empty table with the new columns", () =>
  withTables(async (tables) => {
    const before = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    const empty = await tables.write(before, OTHER, null, otherChange({}, true));
    assert.deepEqual([empty?.rows, await otherContent(tables, empty!)], [0, []]);
    const next = await tables.write(empty!, OTHER, null, otherChange({ inserts: others(["z"]) }));
    assert.deepEqual(await otherContent(tables, next!), others(["z"]));
  }));

Deno.test("lance tables: columns that nobody published are gone with the next write", () =>
  withTables(async (tables, root) => {
    const before = await written(tables, UNWRITTEN, change({ inserts: things("a", "b") }));
    // A schema change that died before its commit.
    await tables.write(before, OTHER, null, otherChange({ inserts: others(["a", "b"]) }, true));
    const updates = [{ id: "b", n: 9, text: null }];
    const writer = new LanceTables(root);
    const after = await written(writer, before, change({ inserts: things("c"), updates }));
    assert.deepEqual(
      await contentOf(writer, after),
      sorted([...things("a"), ...updates, ...things("c")]),
    );
  }));

Deno.test("lance tables: of two writers on one base one loses, also when the other changes the columns", () =>
  withTables(async (tables, root) => {
    let pin = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    for (let round = 0; round < 6; round++) {
      const [left, right] = [new LanceTables(root), new LanceTables(root)];
      const ids = (await contentOf(tables, pin)).map((row) => row.id as string);
      const [changed, grown] = await Promise.all([
        left.write(pin, OTHER, null, otherChange({ inserts: others(ids) }, true)),
        right.write(pin, THING, null, change({ inserts: things(`r${round}`) })),
      ]);
      // Each outcome that claims success holds exactly what it should.
      if (changed !== null) assert.deepEqual(await otherContent(tables, changed), others(ids));
      if (grown !== null) {
        assert.deepEqual((await contentOf(tables, grown)).map(({ id }) => id), [...ids, `r${round}`].sort());
        pin = grown;
      }
    }
  }));
