import assert from "node:assert/strict";
import type { TablePin } from "./table_store.ts";
import type { Row } from "../../tests/support/records.ts";
import {
  change,
  contentOf,
  sorted,
  things,
  UNWRITTEN,
  withTables,
  written,
} from "../../tests/support/thing_tables.ts";
import { isInPieces, PIECES_MAX } from "./lance_steps.ts";

function inPieces(numFragments: number, numRows: number, totalBytes = 0): boolean {
  return isInPieces({ totalBytes, numRows, fragmentStats: { numFragments } });
}

Deno.test("isInPieces() asks for many pieces that are small, in a table that fits into memory", () => {
  assert.ok(!inPieces(PIECES_MAX - 1, 10));
  assert.ok(inPieces(PIECES_MAX, 10));
  assert.ok(inPieces(PIECES_MAX, PIECES_MAX * 4096));
  assert.ok(!inPieces(PIECES_MAX, PIECES_MAX * 4096 + 1));
  assert.ok(inPieces(PIECES_MAX * 2, PIECES_MAX * 4096 + 1));
  assert.ok(!inPieces(PIECES_MAX, 10, 2 ** 30));
});

Deno.test("lance tables: a table of many small writes is written whole again, and every pin keeps its rows", () =>
  withTables(async (tables, root) => {
    const manifests = `${root}/${UNWRITTEN.table}.lance/_versions`;
    let pin = UNWRITTEN;
    let rows: readonly Row[] = [];
    const known: [TablePin, readonly Row[]][] = [];
    const sizes: number[] = [];
    for (let i = 0; i < PIECES_MAX + 30; i++) {
      // A piece that loses its last row is gone, so most rows stay.
      const updates = i % 10 === 9 ? things(`id ${i - 2}`).map((row) => ({ ...row, text: `at ${i}` })) : [];
      const deletes = i % 17 === 16 ? [`id ${i - 4}`] : [];
      const inserts = things(`id ${i}`);
      pin = await written(tables, pin, change({ inserts, updates, deletes }));
      const gone = new Set([...deletes, ...updates.map((row: Row) => row.id)]);
      rows = [...rows.filter(({ id }) => !gone.has(id as string)), ...updates, ...inserts];
      known.push([pin, rows]);
      let newest = "";
      for (const { name } of Deno.readDirSync(manifests)) {
        // Newer versions have smaller numbers in their names.
        if (name.endsWith(".manifest") && (newest === "" || name < newest)) newest = name;
      }
      sizes.push(Deno.statSync(`${manifests}/${newest}`).size);
    }
    assert.ok(sizes.at(-1)! < Math.max(...sizes) / 2, `${sizes}`);
    for (const [pin, rows] of known.filter((_, i) => i % 9 === 0 || i > PIECES_MAX - 10)) {
      assert.deepEqual(sorted(await contentOf(tables, pin)), sorted(rows as Row[]));
    }
  }));
