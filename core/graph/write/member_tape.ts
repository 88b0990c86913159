/** The tape that a scanned object lies on: its members as byte ranges and kinds, without values. */
import { stringText } from "./byte_reader.ts";

/** Kinds of values on a tape. */
export const STRING = 1;
export const ESCAPED_STRING = 2;
export const INTEGER = 3;
/** A number with a fraction or an exponent. */
export const DECIMAL = 4;
export const TRUE = 5;
export const FALSE = 6;
export const NULL = 7;
export const ARRAY = 8;
export const OBJECT = 9;

/** What messages call a kind of value. */
export function describeKind(kind: number): string {
  if (kind <= ESCAPED_STRING) return "string";
  if (kind <= DECIMAL) return "number";
  if (kind <= FALSE) return "boolean";
  return kind === NULL ? "null" : kind === ARRAY ? "array" : "object";
}

/** The members of one object. Ranges of strings are without their quotes; the arrays have spare capacity. */
export class MemberTape {
  count = 0;
  nameStart = new Int32Array(64);
  nameEnd = new Int32Array(64);
  /** 1 when the name is spelled with escapes. */
  nameEscaped = new Uint8Array(64);
  kind = new Uint8Array(64);
  start = new Int32Array(64);
  end = new Int32Array(64);

  /** Appends a member. */
  add(name: number, nameEnd: number, escaped: boolean, kind: number, start: number, end: number): void {
    const at = this.count;
    if (at === this.kind.length) this.#grow();
    this.nameStart[at] = name;
    this.nameEnd[at] = nameEnd;
    this.nameEscaped[at] = escaped ? 1 : 0;
    this.kind[at] = kind;
    this.start[at] = start;
    this.end[at] = end;
    this.count = at + 1;
  }

  /** The name of a member. */
  name(bytes: Uint8Array, at: number): string {
    return stringText(bytes, this.nameStart[at]!, this.nameEnd[at]!, this.nameEscaped[at] === 1);
  }

  #grow(): void {
    const size = this.kind.length * 2;
    const wider = (old: Int32Array<ArrayBuffer>) => {
      const next = new Int32Array(size);
      next.set(old);
      return next;
    };
    const wideBytes = (old: Uint8Array<ArrayBuffer>) => {
      const next = new Uint8Array(size);
      next.set(old);
      return next;
    };
    this.nameStart = wider(this.nameStart);
    this.nameEnd = wider(this.nameEnd);
    this.start = wider(this.start);
    this.end = wider(this.end);
    this.nameEscaped = wideBytes(this.nameEscaped);
    this.kind = wideBytes(this.kind);
  }
}
