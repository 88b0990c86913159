/**
 * Columns to an Arrow IPC file, in one buffer that is handed to LanceDB as it is. Every column is copied exactly once,
 * into its place.
 *
 *   "ARROW1" 00 00
 *   ffffffff, size, schema message
 *   ffffffff, size, batch message, body      per record
 *   ffffffff 00000000
 *   footer, size, "ARROW1"
 *
 * (apache-arrow's writer is not used: it merges buffers that overlap in memory, which corrupts the file when two columns
 * share one ArrayBuffer, as columns read from a table do, and it costs 45 ms to load.)
 */
import type { AnyType } from "../schema/catalog.ts";
import { assert, must, unreachable } from "../base/assert.ts";
import { METADATA_VERSION, RECORD_BATCH_MESSAGE, schemaOf } from "./arrow_types.ts";
import { type Column, columnNames, type RecordColumns } from "./columns.ts";
import { type FlatTable, flatTable, writeFlat } from "./flat_buffers.ts";

const MAGIC = new TextEncoder().encode("ARROW1");
const SCHEMA_MESSAGE = 1;
/** Where buffers start inside the body: what Arrow recommends for vector instructions. */
const ALIGNMENT = 64;

/**
 * All columns of a table as an Arrow IPC file with one batch per record. Each record must hold every column of the
 * type; there must be at least one, which may have no rows.
 */
export function encodeRecords(type: AnyType, records: readonly RecordColumns[]): Uint8Array<ArrayBuffer> {
  assert(records.length > 0, "LanceDB refuses files without batches");
  const schema = schemaOf(type);
  const schemaMessage = writeFlat(message(SCHEMA_MESSAGE, schema, 0));
  let end = 8 + 8 + schemaMessage.length;
  const batches = records.map((record) => {
    const body = new Body(type, record);
    const head = writeFlat(message(RECORD_BATCH_MESSAGE, body.header(record.length), body.size));
    const batch = { start: end, head, body };
    end += 8 + head.length + body.size;
    return batch;
  });
  const footer = writeFlat(flatTable(
    { kind: "i16", value: METADATA_VERSION },
    schema,
    { kind: "structs", width: 3, values: [] },
    {
      kind: "structs",
      width: 3,
      values: batches.flatMap(({ start, head, body }) => [start, 8 + head.length, body.size]),
    },
  ));
  const footerStart = end + 8;
  const file = new Uint8Array(footerStart + footer.length + 4 + MAGIC.length);
  const view = new DataView(file.buffer);
  file.set(MAGIC, 0);
  placeMessage(file, view, 8, schemaMessage);
  for (const { start, head, body } of batches) {
    placeMessage(file, view, start, head);
    body.writeTo(file, start + 8 + head.length);
  }
  view.setUint32(end, 0xffffffff, true);
  file.set(footer, footerStart);
  view.setUint32(footerStart + footer.length, footer.length, true);
  file.set(MAGIC, footerStart + footer.length + 4);
  return file;
}

function message(kind: number, header: FlatTable, bodySize: number): FlatTable {
  return flatTable(
    { kind: "i16", value: METADATA_VERSION },
    { kind: "u8", value: kind },
    header,
    { kind: "i64", value: bodySize },
  );
}

function placeMessage(file: Uint8Array, view: DataView, at: number, content: Uint8Array): void {
  view.setUint32(at, 0xffffffff, true);
  view.setUint32(at + 4, content.length, true);
  file.set(content, at + 8);
}

/** Writes one buffer into its place. */
type Fill = (target: Uint8Array<ArrayBuffer>) => void;

/** The buffers of a record batch: first only their sizes, so that the file is allocated once; then their bytes. */
class Body {
  size = 0;
  /** Per node: rows, nulls. */
  readonly #nodes: number[] = [];
  /** Per buffer: offset in the body, bytes. */
  readonly #buffers: number[] = [];
  readonly #fills: Fill[] = [];

  constructor(type: AnyType, record: RecordColumns) {
    for (const name of columnNames(type)) {
      const column = must(record.columns.get(name), `a row image of ${type.key} has the column ${name}`);
      this.#column(column, record.length);
    }
  }

  /** The `RecordBatch` that describes this body. */
  header(rows: number): FlatTable {
    return flatTable(
      { kind: "i64", value: rows },
      { kind: "structs", width: 2, values: this.#nodes },
      { kind: "structs", width: 2, values: this.#buffers },
    );
  }

  writeTo(file: Uint8Array<ArrayBuffer>, start: number): void {
    for (const [i, fill] of this.#fills.entries()) {
      const offset = start + this.#buffers[2 * i]!;
      fill(file.subarray(offset, offset + this.#buffers[2 * i + 1]!));
    }
  }

  /** Adds the first `rows` rows of a column. */
  #column(column: Column, rows: number): void {
    this.#node(rows, column.validity);
    switch (column.kind) {
      case "utf8":
        this.#copy(column.offsets.subarray(0, rows + 1));
        return this.#copy(column.bytes.subarray(0, column.offsets[rows]));
      case "number":
        if (column.scalar !== "DateTime") return this.#copy(column.values.subarray(0, rows));
        return this.#buffer(rows * 8, (target) => fillLongs(target, column.values, rows));
      case "big":
        return this.#copy(column.values.subarray(0, rows));
      case "bool":
        return this.#bits(column.values, rows);
      case "vector":
        this.#node(rows * column.dimensions, null);
        return this.#copy(column.values.subarray(0, rows * column.dimensions));
      case "list":
        this.#copy(column.offsets.subarray(0, rows + 1));
        return this.#column(column.items, column.offsets[rows]!);
      default:
        unreachable(column);
    }
  }

  #node(rows: number, validity: Uint8Array | null): void {
    let valid = rows;
    if (validity !== null) {
      valid = 0;
      for (let row = 0; row < rows; row++) valid += validity[row]!;
    }
    this.#nodes.push(rows, rows - valid);
    if (validity === null || valid === rows) this.#buffer(0, () => {});
    else this.#bits(validity, rows);
  }

  #copy(source: ArrayBufferView): void {
    this.#buffer(source.byteLength, (target) => {
      target.set(new Uint8Array(source.buffer, source.byteOffset, source.byteLength));
    });
  }

  #bits(bytes: Uint8Array, rows: number): void {
    this.#buffer((rows + 7) >> 3, (target) => packBits(bytes, rows, target));
  }

  #buffer(bytes: number, fill: Fill): void {
    this.#buffers.push(this.size, bytes);
    this.#fills.push(fill);
    this.size = Math.ceil((this.size + bytes) / ALIGNMENT) * ALIGNMENT;
  }
}

/** Bytes 0 and 1 to bits, least significant first. */
function packBits(bytes: Uint8Array, rows: number, target: Uint8Array): void {
  const whole = rows >> 3;
  for (let i = 0, at = 0; i < whole; i++, at += 8) {
    target[i] = bytes[at]! | bytes[at + 1]! << 1 | bytes[at + 2]! << 2 | bytes[at + 3]! << 3 |
      bytes[at + 4]! << 4 | bytes[at + 5]! << 5 | bytes[at + 6]! << 6 | bytes[at + 7]! << 7;
  }
  for (let row = whole << 3; row < rows; row++) target[whole]! |= bytes[row]! << (row & 7);
}

/** Integers in doubles to 64-bit integers, without making a bigint of each. */
function fillLongs(target: Uint8Array, values: ArrayLike<number>, rows: number): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  for (let row = 0; row < rows; row++) {
    const value = values[row]!;
    const high = Math.floor(value / 2 ** 32);
    view.setUint32(row * 8, value - high * 2 ** 32, true);
    view.setInt32(row * 8 + 4, high, true);
  }
}
