/** A growing UTF-8 text. */
import { utf8 } from "./byte_reader.ts";

/** Collects text as bytes. */
export class ByteText {
  #bytes = new Uint8Array(1 << 12);
  #length = 0;

  /** Appends `source[from .. to)`. */
  slice(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from);
    this.#bytes.set(source.subarray(from, to), this.#length);
    this.#length += to - from;
  }

  /** Appends a short ASCII text. */
  ascii(text: string): void {
    this.#reserve(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** Appends any text. */
  text(text: string): void {
    const bytes = utf8(text);
    this.slice(bytes, 0, bytes.length);
  }

  /** All that was appended. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const next = new Uint8Array(Math.max(this.#length + more, this.#bytes.length * 2));
    next.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = next;
  }
}
