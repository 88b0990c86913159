import assert from "node:assert/strict";
import * as arrow from "apache-arrow";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import { decodeRecords } from "./arrow_read.ts";
import { encodeRecords } from "./arrow_write.ts";
import { columnNames, type RecordColumns, Utf8Column } from "./columns.ts";
import { ALL_TYPES, arbitraryRecord, recordOf, rowsOf, tableType } from "../../tests/support/records.ts";

/** What apache-arrow reads, as cells of ours. */
function cellsByArrow(file: Uint8Array): Record<string, unknown>[] {
  const table = arrow.tableFromIPC(file);
  return Array.from({ length: table.numRows }, (_, row) => {
    const cells: Record<string, unknown> = {};
    for (const field of table.schema.fields) {
      cells[field.name] = plain(table.getChild(field.name)?.get(row), field.type);
    }
    return cells;
  });
}

function plain(value: unknown, type: arrow.DataType): unknown {
  if (value === null || value === undefined) return null;
  if (value instanceof arrow.Vector) {
    const item = type.children[0]!.type;
    const items = Array.from(value as Iterable<unknown>, (cell) => plain(cell, item));
    return arrow.DataType.isFixedSizeList(type) ? Float32Array.from(items as number[]) : items;
  }
  if (arrow.DataType.isDate(type)) {
    const ms = Number(value);
    return type.unit === arrow.DateUnit.DAY ? ms / 86_400_000 : ms;
  }
  return value;
}

Deno.test("encodeRecords() writes what apache-arrow reads, and decodeRecords() reads it back", () => {
  fc.assert(
    fc.property(arbitraryRecord(ALL_TYPES, 40), (rows) => {
      const record = recordOf(ALL_TYPES, rows);
      const file = encodeRecords(ALL_TYPES, [record]);
      assert.deepEqual(cellsByArrow(file), rowsOf(record));
      assert.deepEqual(rowsOf(decodeRecords(ALL_TYPES, columnNames(ALL_TYPES), [file])), rowsOf(record));
    }),
    { numRuns: 150 },
  );
});

Deno.test("decodeRecords() joins any number of files and batches, and the result can be written again", () => {
  const files = fc.array(fc.array(arbitraryRecord(ALL_TYPES, 12), { minLength: 1, maxLength: 3 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(files, (contents) => {
      const parts = contents.flat();
      const written = contents.map((batches) =>
        encodeRecords(ALL_TYPES, batches.map((rows) => recordOf(ALL_TYPES, rows)))
      );
      const joined = decodeRecords(ALL_TYPES, columnNames(ALL_TYPES), written);
      const expected = rowsOf(recordOf(ALL_TYPES, parts.flat()));
      assert.deepEqual(rowsOf(joined), expected);
      assert.deepEqual(cellsByArrow(encodeRecords(ALL_TYPES, [joined])), expected);
    }),
    { numRuns: 80 },
  );
});

Deno.test("decodeRecords() reads files of several batches that apache-arrow wrote", () => {
  const type = tableType({ text: { kind: "scalar", scalar: "String", enumValues: null } });
  const batches = [["a", "b"], [], ["c", null, "é"]].map((texts, batch) =>
    new arrow.Table({
      id: arrow.vectorFromArray(texts.map((_, i) => `${batch}${i}`), new arrow.Utf8()),
      text: arrow.vectorFromArray(texts, new arrow.Utf8()),
    })
  );
  const file = arrow.tableToIPC(batches[0]!.concat(batches[1]!, batches[2]!), "file") as Uint8Array<
    ArrayBuffer
  >;
  const record = decodeRecords(type, ["text", "id"], [file]);
  assert.deepEqual(rowsOf(record), [
    { text: "a", id: "00" },
    { text: "b", id: "01" },
    { text: "c", id: "20" },
    { text: null, id: "21" },
    { text: "é", id: "22" },
  ]);
});

Deno.test("columns that share one buffer are written apart", () => {
  // What apache-arrow's own writer gets wrong: columns read from a table view one buffer.
  const type = tableType({ text: { kind: "scalar", scalar: "String", enumValues: null } });
  const first = recordOf(type, [{ id: "a", text: "x" }, { id: "b", text: "yy" }]);
  const viewed = decodeRecords(type, columnNames(type), [encodeRecords(type, [first])]);
  const id = viewed.columns.get("id");
  assert.ok(
    id instanceof Utf8Column && id.bytes.buffer === (viewed.columns.get("text") as Utf8Column).bytes.buffer,
  );
  assert.deepEqual(cellsByArrow(encodeRecords(type, [viewed])), rowsOf(first));
});

Deno.test("columns read from a file can grow without disturbing each other", () => {
  const rows = [{ id: "a", text: null, flag: true }, { id: "b", text: "t", flag: null }];
  const type = tableType({
    text: { kind: "scalar", scalar: "String", enumValues: null },
    flag: { kind: "scalar", scalar: "Bool", enumValues: null },
  });
  const record = decodeRecords(type, columnNames(type), [encodeRecords(type, [recordOf(type, rows)])]);
  for (let i = 0; i < 50; i++) {
    record.columns.get("id")!.push(`new ${i}`);
    record.columns.get("text")!.push(i % 2 === 0 ? "ü".repeat(i) : null);
    record.columns.get("flag")!.push(i % 3 === 0);
  }
  const grown: RecordColumns = { length: 52, columns: record.columns };
  assert.deepEqual(rowsOf(grown).slice(0, 2), [{ id: "a", flag: true, text: null }, {
    id: "b",
    flag: null,
    text: "t",
  }]);
  assert.equal(grown.columns.get("text")!.get(50), "ü".repeat(48));
  assert.deepEqual(cellsByArrow(encodeRecords(type, [grown])), rowsOf(grown));
});

Deno.test("decodeRecords() refuses a column that is missing or stored as another type", () => {
  const stored = tableType({ n: { kind: "scalar", scalar: "I32", enumValues: null } });
  const file = encodeRecords(stored, [recordOf(stored, [{ id: "a", n: 1 }])]);
  const wanted = tableType({
    n: { kind: "scalar", scalar: "I64", enumValues: null },
    more: { kind: "list", item: "String" },
  });
  const refusal = (column: string, message: RegExp) =>
    assert.throws(() => decodeRecords(wanted, [column], [file]), (error) => {
      assert.ok(error instanceof AppError && error.code === "integrity_error");
      assert.match(error.message, message);
      return true;
    });
  refusal("n", /column `n` is stored as Int32, the schema needs Int64/);
  refusal("more", /column `more` is stored as nothing, the schema needs List<Utf8>/);
});
