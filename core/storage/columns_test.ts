import assert from "node:assert/strict";
import fc from "fast-check";
import { columnNames, columnType, newColumn, Utf8Column } from "./columns.ts";
import { ALL_TYPES, arbitraryCell } from "../../tests/support/records.ts";

for (const name of columnNames(ALL_TYPES)) {
  const type = columnType(ALL_TYPES, name);
  Deno.test(`a column for ${name} gives back what was pushed, and appending changes no earlier row`, () => {
    fc.assert(
      fc.property(fc.array(fc.option(arbitraryCell(type), { nil: null }), { maxLength: 60 }), (cells) => {
        const column = newColumn(type);
        for (const [row, cell] of cells.entries()) {
          column.push(cell);
          assert.equal(column.length, row + 1);
        }
        assert.deepEqual(cells.map((_, row) => column.get(row)), cells);
        assert.deepEqual(cells.map((_, row) => column.isNull(row)), cells.map((cell) => cell === null));
        if (!cells.includes(null)) assert.equal(column.validity, null);
      }),
      { numRuns: 40 },
    );
  });
}

Deno.test("Utf8Column.pushBytes() appends the same as push()", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 80 })),
      fc.nat({ max: 9 }),
      (texts, pad) => {
        const [pushed, bytes] = [new Utf8Column(), new Utf8Column()];
        for (const text of texts) {
          pushed.push(text);
          const encoded = new TextEncoder().encode("x".repeat(pad) + text + "y");
          bytes.pushBytes(encoded, pad, encoded.length - 1);
        }
        assert.deepEqual(texts.map((_, row) => bytes.get(row)), texts);
        assert.deepEqual(texts.map((_, row) => pushed.text(row)), texts);
      },
    ),
  );
});
