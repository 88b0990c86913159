/**
 * Arrow IPC files with record batches to columns. One batch becomes columns that view its memory; several are
 * concatenated, one copy each. The types in the file are checked against the expected ones.
 */
import type { AnyType } from "../schema/catalog.ts";
import type { Scalar, ValueType } from "../schema/value_type.ts";
import { assert, must, unreachable } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import { arrowName, arrowNameOfField, itemType, RECORD_BATCH_MESSAGE } from "./arrow_types.ts";
import {
  BigColumn,
  BoolColumn,
  type Column,
  columnType,
  ListColumn,
  NumberColumn,
  type RecordColumns,
  Utf8Column,
  VectorColumn,
} from "./columns.ts";
import { FlatReader } from "./flat_buffers.ts";

/** Offsets are 32-bit integers. */
const TEXT_BYTES_MAX = 2 ** 31 - 1;

/** One column in one batch, as it lies in memory. */
interface Chunk {
  readonly length: number;
  readonly nulls: number;
  readonly buffers: readonly Uint8Array<ArrayBuffer>[];
  readonly items: Chunk | null;
}

/**
 * The named columns of all batches in the files, in order. The files stay in use by the result. Throws
 * `AppError("integrity_error")` when a column is missing or has another type than the catalog says.
 */
export function decodeRecords(
  type: AnyType,
  columns: readonly string[],
  files: readonly Uint8Array<ArrayBuffer>[],
): RecordColumns {
  const chunks = new Map<string, Chunk[]>(columns.map((name) => [name, []]));
  let length = 0;
  for (const file of files) length += readFile(file, type, chunks);
  const decoded = new Map<string, Column>();
  for (const [name, parts] of chunks) decoded.set(name, assemble(columnType(type, name), parts));
  return { length, columns: decoded };
}

/** Appends the chunks of one file; returns its rows. */
function readFile(
  file: Uint8Array<ArrayBuffer>,
  type: AnyType,
  chunks: ReadonlyMap<string, Chunk[]>,
): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const footerSize = view.getUint32(file.length - 10, true);
  const footer = FlatReader.root(part(view, file.length - 10 - footerSize, footerSize));
  const fields = must(footer.table(1), "an Arrow file has a schema").tables(1);
  checkFields(type, fields, chunks);
  const blocks = footer.structs(3, 3);
  let rows = 0;
  for (let at = 0; at < blocks.length; at += 3) {
    // The second member is a 32-bit size; what fills up the struct is not defined.
    const metadataSize = blocks[at + 1]! % 2 ** 32;
    const message = FlatReader.root(part(view, blocks[at]! + 8, metadataSize - 8));
    if (message.u8(1) !== RECORD_BATCH_MESSAGE) throw damaged(type, "an Arrow block is no record batch");
    const batch = must(message.table(2), "a message has a header");
    if (batch.table(3) !== null) throw damaged(type, "an Arrow batch is compressed");
    const cursor = new Cursor(
      file.subarray(blocks[at]! + metadataSize),
      batch.structs(1, 2),
      batch.structs(2, 2),
    );
    for (const field of fields) {
      const chunk = cursor.next(field);
      chunks.get(field.text(0))?.push(chunk);
    }
    rows += batch.i64(0);
  }
  return rows;
}

function part(view: DataView, offset: number, size: number): DataView {
  return new DataView(view.buffer, view.byteOffset + offset, size);
}

function checkFields(
  type: AnyType,
  fields: readonly FlatReader[],
  wanted: ReadonlyMap<string, unknown>,
): void {
  const found = new Map(fields.map((field) => [field.text(0), arrowNameOfField(field)]));
  for (const name of wanted.keys()) {
    const expected = arrowName(columnType(type, name));
    const stored = found.get(name);
    if (stored !== expected) {
      throw damaged(
        type,
        `column \`${name}\` is stored as ${stored ?? "nothing"}, the schema needs ${expected}`,
      );
    }
  }
}

function damaged(type: AnyType, why: string): AppError {
  return new AppError("integrity_error", `table of \`${type.name}\`: ${why}`);
}

/** Walks nodes and buffers in the order of the fields, depth first. */
class Cursor {
  #node = 0;
  #buffer = 0;

  constructor(
    readonly body: Uint8Array<ArrayBuffer>,
    readonly nodes: readonly number[],
    readonly buffers: readonly number[],
  ) {}

  next(field: FlatReader): Chunk {
    const name = arrowNameOfField(field);
    const length = this.nodes[this.#node]!;
    const nulls = this.nodes[this.#node + 1]!;
    this.#node += 2;
    const count = name === "Utf8" ? 3 : name.startsWith("FixedSizeList") ? 1 : 2;
    const buffers = Array.from({ length: count }, () => this.#take());
    const child = field.tables(5)[0];
    return { length, nulls, buffers, items: child === undefined ? null : this.next(child) };
  }

  #take(): Uint8Array<ArrayBuffer> {
    const offset = this.buffers[this.#buffer]!;
    const size = this.buffers[this.#buffer + 1]!;
    this.#buffer += 2;
    return this.body.subarray(offset, offset + size);
  }
}

function assemble(type: ValueType, chunks: readonly Chunk[]): Column {
  const rows = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const validity = joinValidity(chunks, rows);
  switch (type.kind) {
    case "scalar":
      return assembleScalar(type.scalar, chunks, rows, validity);
    case "vector": {
      const items = chunks.map((chunk) => must(chunk.items, "vectors have items"));
      const values = joinArrays(items.map((item) => item.buffers[1]!), rows * type.dimensions, Float32Array);
      return new VectorColumn(type.dimensions, values, rows, validity);
    }
    case "list": {
      // Lance hands out exactly the items that the rows use; other items would shift the ones of later chunks.
      const exact = chunks.every((chunk) => valueRange(chunk).join() === `0,${chunk.items?.length}`);
      assert(exact, "the items of a chunk are the ones its rows use");
      const items = assemble(itemType(type)!, chunks.map((chunk) => must(chunk.items, "lists have items")));
      if (items.kind === "list" || items.kind === "vector") throw new TypeError("lists hold scalars");
      return new ListColumn(items, joinOffsets(chunks, rows), rows, validity);
    }
    default:
      return unreachable(type);
  }
}

function assembleScalar(
  scalar: Scalar,
  chunks: readonly Chunk[],
  rows: number,
  validity: Uint8Array<ArrayBuffer> | null,
): Utf8Column | NumberColumn | BigColumn | BoolColumn {
  const data = chunks.map((chunk) => chunk.buffers[1]!);
  switch (scalar) {
    case "String":
    case "Blob": {
      const texts = chunks.map((chunk) => chunk.buffers[2]!.subarray(...valueRange(chunk)));
      const size = texts.reduce((sum, text) => sum + text.length, 0);
      if (size > TEXT_BYTES_MAX) {
        const detail = {
          resource_limit: { resource: "string_column_bytes", limit: TEXT_BYTES_MAX, actual: size },
        };
        throw new AppError("resource_limit", `a string column of ${size} bytes does not fit in memory`, {
          detail,
        });
      }
      const bytes = joinArrays(texts, size, Uint8Array);
      return new Utf8Column(joinOffsets(chunks, rows), bytes, rows, validity);
    }
    case "Bool": {
      const values = new Uint8Array(rows);
      let at = 0;
      for (const chunk of chunks) at = unpackBits(chunk.buffers[1]!, chunk.length, values, at);
      return new BoolColumn(values, rows, validity);
    }
    case "I64":
      return new BigColumn(scalar, joinArrays(data, rows, BigInt64Array), rows, validity);
    case "U64":
      return new BigColumn(scalar, joinArrays(data, rows, BigUint64Array), rows, validity);
    case "DateTime": {
      const values = new Float64Array(rows);
      let at = 0;
      for (const chunk of chunks) at = readLongs(chunk.buffers[1]!, chunk.length, values, at);
      return new NumberColumn(scalar, values, rows, validity);
    }
    case "I32":
    case "Date":
      return new NumberColumn(scalar, joinArrays(data, rows, Int32Array), rows, validity);
    case "U32":
      return new NumberColumn(scalar, joinArrays(data, rows, Uint32Array), rows, validity);
    case "F32":
      return new NumberColumn(scalar, joinArrays(data, rows, Float32Array), rows, validity);
    case "F64":
      return new NumberColumn(scalar, joinArrays(data, rows, Float64Array), rows, validity);
    default:
      return unreachable(scalar);
  }
}

/** What the typed array classes have in common here. */
interface ArrayClass<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): T;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): T;
}

/** `count` elements from the buffers one after the other: a view when there is only one, which lies aligned. */
function joinArrays<T extends ArrayBufferView>(
  buffers: readonly Uint8Array<ArrayBuffer>[],
  count: number,
  make: ArrayClass<T>,
): T {
  const width = make.BYTES_PER_ELEMENT;
  const first = buffers[0];
  if (
    buffers.length === 1 && first !== undefined && first.byteOffset % width === 0 &&
    first.length >= count * width
  ) {
    return new make(first.buffer, first.byteOffset, count);
  }
  const joined = new make(count);
  const bytes = new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
  let at = 0;
  for (const buffer of buffers) {
    const size = Math.min(buffer.length, bytes.length - at);
    bytes.set(buffer.subarray(0, size), at);
    at += size;
  }
  return joined;
}

/** The offsets of a chunk of texts or lists; a chunk without rows may have none. */
function offsetsOf(chunk: Chunk): Int32Array<ArrayBuffer> {
  if (chunk.length === 0) return new Int32Array(1);
  return joinArrays([chunk.buffers[1]!], chunk.length + 1, Int32Array);
}

/** The first and the last offset: the part of the values that the rows of a chunk use. */
function valueRange(chunk: Chunk): [number, number] {
  const offsets = offsetsOf(chunk);
  return [offsets[0]!, offsets[chunk.length]!];
}

/** Offsets into the used parts of the values, joined. */
function joinOffsets(chunks: readonly Chunk[], rows: number): Int32Array<ArrayBuffer> {
  const only = chunks.length === 1 ? offsetsOf(chunks[0]!) : null;
  if (only !== null && only[0] === 0) return only;
  const joined = new Int32Array(rows + 1);
  let row = 0;
  for (const chunk of chunks) {
    const offsets = offsetsOf(chunk);
    const shift = joined[row]! - offsets[0]!;
    for (let k = 1; k <= chunk.length; k++) joined[row + k] = offsets[k]! + shift;
    row += chunk.length;
  }
  return joined;
}

function joinValidity(chunks: readonly Chunk[], rows: number): Uint8Array<ArrayBuffer> | null {
  if (chunks.every((chunk) => chunk.nulls === 0)) return null;
  const validity = new Uint8Array(rows);
  let at = 0;
  for (const chunk of chunks) {
    if (chunk.nulls === 0) validity.fill(1, at, at += chunk.length);
    else at = unpackBits(chunk.buffers[0]!, chunk.length, validity, at);
  }
  return validity;
}

/** Bits to bytes 0 and 1, from `at` on; returns the position after them. */
function unpackBits(bits: Uint8Array, rows: number, target: Uint8Array, at: number): number {
  for (let row = 0; row < rows; row++) target[at + row] = bits[row >> 3]! >> (row & 7) & 1;
  return at + rows;
}

/** 64-bit integers to doubles, without making a bigint of each; returns the position after them. */
function readLongs(source: Uint8Array, rows: number, target: Float64Array, at: number): number {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let row = 0; row < rows; row++) {
    target[at + row] = view.getInt32(row * 8 + 4, true) * 2 ** 32 + view.getUint32(row * 8, true);
  }
  return at + rows;
}
