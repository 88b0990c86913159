/** Growing integer arrays: the small building blocks of tables that move forward by deltas. */

/** A list of 32-bit integers that grows at the end. Only the first `length` values mean anything. */
export class IntList {
  values: Int32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 16) {
    this.values = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.values.length) this.reserve(this.length + 1);
    this.values[this.length++] = value;
  }

  /** Appends `source[0 .. length)`. */
  append(source: Int32Array, length: number): void {
    this.reserve(this.length + length);
    if (length < 32) { for (let i = 0; i < length; i++) this.values[this.length + i] = source[i]!; }
    else this.values.set(source.subarray(0, length), this.length);
    this.length += length;
  }

  /** Makes room for `capacity` values in all. */
  reserve(capacity: number): void {
    if (capacity <= this.values.length) return;
    const next = new Int32Array(Math.max(capacity, this.values.length * 2));
    next.set(this.values.subarray(0, this.length));
    this.values = next;
  }

  /** A copy of the values, exactly as long as the list. */
  toArray(): Int32Array<ArrayBuffer> {
    return this.values.slice(0, this.length);
  }
}

/**
 * One integer per index of a large fixed range `0 .. split` and a growing range behind it; everything is 0 until set.
 * The fixed part takes no memory before its first set, and the system hands it out zeroed, so that the first set
 * does not cost a pass over it.
 */
export class SplitInts {
  readonly split: number;
  #base: Int32Array<ArrayBuffer> | null = null;
  #tail = new Int32Array(0);

  constructor(split: number) {
    this.split = split;
  }

  /** The fixed part for loops over it; null while all of it is 0. */
  get fixed(): Int32Array | null {
    return this.#base;
  }

  get(index: number): number {
    if (index < this.split) return this.#base === null ? 0 : this.#base[index]!;
    const at = index - this.split;
    return at < this.#tail.length ? this.#tail[at]! : 0;
  }

  set(index: number, value: number): void {
    if (index < this.split) {
      this.#base ??= new Int32Array(this.split);
      this.#base[index] = value;
      return;
    }
    const at = index - this.split;
    if (at >= this.#tail.length) {
      const next = new Int32Array(Math.max(at + 1, this.#tail.length * 2, 16));
      next.set(this.#tail);
      this.#tail = next;
    }
    this.#tail[at] = value;
  }

  get byteLength(): number {
    return (this.#base?.byteLength ?? 0) + this.#tail.byteLength;
  }
}
