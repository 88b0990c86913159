/**
 * A hash index from the UTF-8 bytes of a string column to row numbers: how ids, keys and edge endpoints are resolved.
 *
 *   slots: [ hash, row + 1 ] [ hash, row + 1 ] …    open addressing, linear probing, at most half full; row + 1 = 0 is free
 *
 * Invariants: the index holds at most one row per distinct byte sequence (the first one added); indexed rows never change;
 * the column may grow behind the index, `add` takes the new rows in. Bulk paths read bytes only and make no strings.
 */
import { assert } from "../base/assert.ts";
import type { Utf8Column } from "./columns.ts";

/** Two rows with equal bytes: `row` was not indexed because `first` was there before. */
export interface Duplicate {
  readonly row: number;
  readonly first: number;
}

/** Keys that are hashed before any of them is probed: lets the memory accesses of a block overlap. */
const BLOCK = 64;
const ENCODER = new TextEncoder();

/** The probe text of {@linkcode IdIndex.find}, as bytes. One is enough: finding is synchronous. */
let scratch = new Uint8Array(256);

/** Rows of a string column by their bytes. Null rows are indexed like empty strings; callers keep them out. */
export class IdIndex {
  /** The indexed column. */
  readonly column: Utf8Column;
  #slots: Int32Array<ArrayBuffer>;
  #mask: number;
  #size = 0;
  #duplicates: Duplicate[] = [];

  /** An empty index over `column` with room for `capacity` rows; {@linkcode add} fills it. */
  constructor(column: Utf8Column, capacity = 8) {
    this.column = column;
    const slots = slotCount(capacity);
    this.#slots = new Int32Array(slots * 2);
    this.#mask = slots - 1;
  }

  /** Indexes the first `length` rows of a column in one pass. */
  static build(column: Utf8Column, length: number = column.length): IdIndex {
    assert(length <= column.length, "cannot index rows that do not exist");
    const index = new IdIndex(column, length);
    const { offsets, bytes } = column;
    for (let row = 0; row < length; row++) {
      index.#insert(hashBytes(bytes, offsets[row]!, offsets[row + 1]!), row);
    }
    return index;
  }

  /** Distinct values in the index. */
  get size(): number {
    return this.#size;
  }

  /** Rows that repeat an earlier row's bytes, in the order they were added. */
  get duplicates(): readonly Duplicate[] {
    return this.#duplicates;
  }

  /** Memory held by the index itself, bytes. */
  get byteLength(): number {
    return this.#slots.byteLength;
  }

  /** Takes a row of the column in; returns the row that already has the same bytes, or -1. */
  add(row: number): number {
    assert(row < this.column.length, "cannot index a row that does not exist");
    if ((this.#size + 1) * 2 > this.#mask + 1) this.#grow();
    const { offsets, bytes } = this.column;
    return this.#insert(hashBytes(bytes, offsets[row]!, offsets[row + 1]!), row);
  }

  /** The row whose text is `text`, or -1. */
  find(text: string): number {
    const length = encode(text);
    return this.#probe(hashBytes(scratch, 0, length), scratch, 0, length);
  }

  /** The row whose bytes are `bytes[from .. to)`, or -1. */
  findBytes(bytes: Uint8Array, from: number, to: number): number {
    return this.#probe(hashBytes(bytes, from, to), bytes, from, to);
  }

  /** The row whose bytes equal those of `row` in another column, or -1. */
  findRowOf(other: Utf8Column, row: number): number {
    return this.findBytes(other.bytes, other.offsets[row]!, other.offsets[row + 1]!);
  }

  /**
   * Resolves rows `0 .. length` of another column: `into[i]` becomes the row here with the same bytes, or -1.
   * Returns how many were not found. Neighbouring equal values are looked up once.
   */
  findAll(other: Utf8Column, length: number, into: Int32Array): number {
    const hashes = new Int32Array(BLOCK);
    const { offsets, bytes } = other;
    let missing = 0;
    for (let from = 0; from < length; from += BLOCK) {
      const to = Math.min(length, from + BLOCK);
      for (let row = from; row < to; row++) {
        const hash = hashBytes(bytes, offsets[row]!, offsets[row + 1]!);
        hashes[row - from] = hash;
        into[row] = this.#slots[(hash & this.#mask) * 2 + 1]!; // overwritten below; read here to fetch the line early
      }
      for (let row = from; row < to; row++) {
        const start = offsets[row]!;
        const end = offsets[row + 1]!;
        const hash = hashes[row - from]!;
        const same = row > from && hash === hashes[row - from - 1] &&
          equalBytes(bytes, start, end, bytes, offsets[row - 1]!, start);
        const found = same ? into[row - 1]! : this.#probe(hash, bytes, start, end);
        if (found === -1) missing++;
        into[row] = found;
      }
    }
    return missing;
  }

  #probe(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const entry = slots[at * 2 + 1]!;
      if (entry === 0) return -1;
      if (slots[at * 2] !== hash) continue;
      const { offsets, bytes: own } = this.column;
      if (equalBytes(own, offsets[entry - 1]!, offsets[entry]!, bytes, from, to)) return entry - 1;
    }
  }

  #insert(hash: number, row: number): number {
    const { offsets, bytes } = this.column;
    const first = this.#probe(hash, bytes, offsets[row]!, offsets[row + 1]!);
    if (first !== -1) {
      if (first !== row) this.#duplicates.push({ row, first });
      return first;
    }
    this.#place(hash, row + 1);
    this.#size++;
    return -1;
  }

  #place(hash: number, entry: number): void {
    let at = hash & this.#mask;
    while (this.#slots[at * 2 + 1] !== 0) at = (at + 1) & this.#mask;
    this.#slots[at * 2] = hash;
    this.#slots[at * 2 + 1] = entry;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Int32Array(old.length * 2);
    this.#mask = old.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at + 1] !== 0) this.#place(old[at]!, old[at + 1]!);
    }
  }
}

/** A power of two that is at least twice `rows`. */
function slotCount(rows: number): number {
  let slots = 16;
  while (slots < rows * 2) slots *= 2;
  return slots;
}

/** A 32-bit hash of `bytes[from .. to)`, four bytes per step (the mixing steps are those of MurmurHash3). */
export function hashBytes(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const mixed = Math.imul(word, 0xcc9e2d51);
    hash ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let rest = 0;
  for (let shift = 0; at < to; at++, shift += 8) rest |= bytes[at]! << shift;
  const mixed = Math.imul(rest, 0xcc9e2d51);
  hash ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Whether two byte ranges are equal. */
export function equalBytes(
  a: Uint8Array,
  aFrom: number,
  aTo: number,
  b: Uint8Array,
  bFrom: number,
  bTo: number,
): boolean {
  if (aTo - aFrom !== bTo - bFrom) return false;
  for (let i = aFrom, j = bFrom; i < aTo; i++, j++) if (a[i] !== b[j]) return false;
  return true;
}

/** Compares two byte ranges; for UTF-8 text this is code point order. */
export function compareBytes(
  a: Uint8Array,
  aFrom: number,
  aTo: number,
  b: Uint8Array,
  bFrom: number,
  bTo: number,
): number {
  const length = Math.min(aTo - aFrom, bTo - bFrom);
  for (let i = 0; i < length; i++) {
    const difference = a[aFrom + i]! - b[bFrom + i]!;
    if (difference !== 0) return difference;
  }
  return (aTo - aFrom) - (bTo - bFrom);
}

/** Writes `text` as UTF-8 into the scratch buffer and returns its length in bytes. */
function encode(text: string): number {
  if (scratch.length < text.length * 3) scratch = new Uint8Array(text.length * 4);
  const length = text.length;
  if (length > 64) return ENCODER.encodeInto(text, scratch).written;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return ENCODER.encodeInto(text, scratch).written;
    scratch[i] = code;
  }
  return length;
}
