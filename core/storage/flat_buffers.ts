/**
 * The small part of FlatBuffers (https://flatbuffers.dev/internals/) that Arrow's metadata needs: tables, strings, vectors
 * of tables and vectors of structs made of 64-bit integers. Little endian.
 *
 *   table    i32 distance back to its vtable, then the inline fields
 *   vtable   u16 size of itself, u16 size of the table, per slot a u16 offset into the table (0 = absent)
 *   string   u32 length, bytes, NUL          vector   u32 count, elements
 *   A field that holds a table, string or vector holds the u32 distance from itself to it.
 */
import { assert } from "../base/assert.ts";

/** One value to write. The fields of a table are listed by slot; null leaves a slot out. */
export type Flat =
  | { readonly kind: "u8" | "i16" | "i32" | "i64"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }
  | FlatTable
  | { readonly kind: "tables"; readonly items: readonly FlatTable[] }
  /** Structs of `width` 64-bit integers each, one after the other. */
  | { readonly kind: "structs"; readonly width: number; readonly values: readonly number[] };

/** A table to write. */
export interface FlatTable {
  readonly kind: "table";
  readonly slots: readonly (Flat | null)[];
}

/** A table value. */
export function flatTable(...slots: readonly (Flat | null)[]): FlatTable {
  return { kind: "table", slots };
}

/** Encodes a root table; the length of the result is a multiple of 8. */
export function writeFlat(root: FlatTable): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  const start = writer.reserve(4, 4);
  writer.pointTo(start, writer.table(root));
  return writer.finish();
}

const INLINE_SIZE = { u8: 1, i16: 2, i32: 4, i64: 8, text: 4, table: 4, tables: 4, structs: 4 } as const;

/** Writes front to back: a parent first, then what it points to. */
class Writer {
  #view = new DataView(new ArrayBuffer(1024));
  #end = 0;

  finish(): Uint8Array<ArrayBuffer> {
    this.reserve(0, 8);
    return new Uint8Array(this.#view.buffer as ArrayBuffer, 0, this.#end);
  }

  /** Zeroed room at the next multiple of `align`; returns its position. */
  reserve(size: number, align: number): number {
    const at = Math.ceil(this.#end / align) * align;
    this.#end = at + size;
    if (this.#end > this.#view.byteLength) {
      const grown = new Uint8Array(Math.max(this.#end, this.#view.byteLength * 2));
      grown.set(new Uint8Array(this.#view.buffer));
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }

  pointTo(field: number, target: number): void {
    this.#view.setUint32(field, target - field, true);
  }

  table(table: FlatTable): number {
    const { slots } = table;
    const vtable = this.reserve(4 + 2 * slots.length, 2);
    // Tables start at multiples of 8, so that aligning a field inside is aligning it at all.
    const start = this.reserve(4, 8);
    const fields = slots.map((slot) =>
      slot === null ? 0 : this.reserve(INLINE_SIZE[slot.kind], INLINE_SIZE[slot.kind])
    );
    this.#view.setInt32(start, start - vtable, true);
    this.#view.setUint16(vtable, 4 + 2 * slots.length, true);
    this.#view.setUint16(vtable + 2, this.#end - start, true);
    for (const [i, field] of fields.entries()) {
      if (field !== 0) this.#view.setUint16(vtable + 4 + 2 * i, field - start, true);
    }
    for (const [i, slot] of slots.entries()) if (slot !== null) this.#field(fields[i]!, slot);
    return start;
  }

  #field(at: number, flat: Flat): void {
    switch (flat.kind) {
      case "u8":
        return this.#view.setUint8(at, flat.value);
      case "i16":
        return this.#view.setInt16(at, flat.value, true);
      case "i32":
        return this.#view.setInt32(at, flat.value, true);
      case "i64":
        return this.#long(at, flat.value);
      case "text":
        return this.pointTo(at, this.#text(flat.value));
      case "table":
        return this.pointTo(at, this.table(flat));
      case "tables":
        return this.pointTo(at, this.#tables(flat.items));
      case "structs":
        return this.pointTo(at, this.#structs(flat.width, flat.values));
    }
  }

  #long(at: number, value: number): void {
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
  }

  #text(value: string): number {
    const bytes = new TextEncoder().encode(value);
    const at = this.reserve(4 + bytes.length + 1, 4);
    this.#view.setUint32(at, bytes.length, true);
    new Uint8Array(this.#view.buffer).set(bytes, at + 4);
    return at;
  }

  #tables(items: readonly FlatTable[]): number {
    const at = this.reserve(4 + 4 * items.length, 4);
    this.#view.setUint32(at, items.length, true);
    for (const [i, item] of items.entries()) this.pointTo(at + 4 + 4 * i, this.table(item));
    return at;
  }

  #structs(width: number, values: readonly number[]): number {
    // The count stands right before the first element, which is a multiple of 8.
    const at = this.reserve(8 + 8 * values.length, 8) + 4;
    this.#view.setUint32(at, values.length / width, true);
    for (const [i, value] of values.entries()) this.#long(at + 4 + 8 * i, value);
    return at;
  }
}

/** A table inside a buffer, to read. Absent fields give 0, "" or nothing. */
export class FlatReader {
  readonly #view: DataView;
  readonly #table: number;
  readonly #vtable: number;
  readonly #vtableSize: number;

  private constructor(view: DataView, table: number) {
    this.#view = view;
    this.#table = table;
    this.#vtable = table - view.getInt32(table, true);
    this.#vtableSize = view.getUint16(this.#vtable, true);
  }

  /** The root table of a buffer. */
  static root(view: DataView): FlatReader {
    return new FlatReader(view, view.getUint32(0, true));
  }

  u8(slot: number): number {
    const at = this.#field(slot);
    return at === 0 ? 0 : this.#view.getUint8(at);
  }

  /** A 16-bit integer; `absent` is the default of the schema. */
  i16(slot: number, absent = 0): number {
    const at = this.#field(slot);
    return at === 0 ? absent : this.#view.getInt16(at, true);
  }

  i32(slot: number): number {
    const at = this.#field(slot);
    return at === 0 ? 0 : this.#view.getInt32(at, true);
  }

  i64(slot: number): number {
    const at = this.#field(slot);
    return at === 0 ? 0 : this.#long(at);
  }

  text(slot: number): string {
    const at = this.#target(slot);
    if (at === 0) return "";
    const bytes = new Uint8Array(
      this.#view.buffer,
      this.#view.byteOffset + at + 4,
      this.#view.getUint32(at, true),
    );
    return new TextDecoder().decode(bytes);
  }

  table(slot: number): FlatReader | null {
    const at = this.#target(slot);
    return at === 0 ? null : new FlatReader(this.#view, at);
  }

  tables(slot: number): FlatReader[] {
    const at = this.#target(slot);
    const count = at === 0 ? 0 : this.#view.getUint32(at, true);
    return Array.from({ length: count }, (_, i) => {
      const item = at + 4 + 4 * i;
      return new FlatReader(this.#view, item + this.#view.getUint32(item, true));
    });
  }

  /** Structs of `width` 64-bit integers each, one after the other. */
  structs(slot: number, width: number): number[] {
    const at = this.#target(slot);
    const count = at === 0 ? 0 : this.#view.getUint32(at, true) * width;
    return Array.from({ length: count }, (_, i) => this.#long(at + 4 + 8 * i));
  }

  #field(slot: number): number {
    const entry = 4 + 2 * slot;
    if (entry >= this.#vtableSize) return 0;
    const offset = this.#view.getUint16(this.#vtable + entry, true);
    return offset === 0 ? 0 : this.#table + offset;
  }

  #target(slot: number): number {
    const at = this.#field(slot);
    return at === 0 ? 0 : at + this.#view.getUint32(at, true);
  }

  #long(at: number): number {
    const value = this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true);
    assert(Number.isSafeInteger(value), "64-bit metadata fits a double");
    return value;
  }
}
