/**
 * One NDJSON line as a tape: the members of its object and of the object under `data`, each as byte ranges into the
 * batch. Every byte is looked at once and checked to be strict JSON; no value is made and nothing is allocated while
 * lines stay alike.
 */
import { hasWord, scanNumber, scanString, skipSpace, stringText, utf8 } from "./byte_reader.ts";
import {
  ARRAY,
  DECIMAL,
  ESCAPED_STRING,
  FALSE,
  INTEGER,
  MemberTape,
  NULL,
  OBJECT,
  STRING,
  TRUE,
} from "./member_tape.ts";

const TRUE_WORD = utf8("true");
const FALSE_WORD = utf8("false");
const NULL_WORD = utf8("null");
const DATA_WORD = utf8("data");

/** Members of objects nested in values, which no property accepts but which the batch rules still look at. */
export interface NestedFacts {
  /** First name that one nested object repeats. */
  duplicate: string | null;
  /** All names, in order. */
  readonly names: string[];
}

/** Scans lines of one batch. Its public fields describe the line scanned last. */
export class LineScanner {
  readonly bytes: Uint8Array;
  /** Members of the line's object. */
  readonly top = new MemberTape();
  /** Members of the object under the last `data`. */
  readonly data = new MemberTape();
  /** Whether the line is an object. */
  isObject = false;
  /** What deeper objects hold; null when there are none. */
  nested: NestedFacts | null = null;
  /** Why the line is not strict JSON, and at which byte; meaningful after a scan that returned false. */
  faultReason = "";
  faultAt = 0;

  #end = 0;
  #kind = 0;
  #start = 0;
  #stop = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Scans `bytes[from .. to)`. Returns false when it is not exactly one JSON value. */
  scan(from: number, to: number): boolean {
    this.#end = to;
    this.top.count = 0;
    this.data.count = 0;
    this.nested = null;
    let at = skipSpace(this.bytes, from, to);
    this.isObject = this.bytes[at] === 0x7b;
    at = this.isObject ? this.#object(at, this.top) : this.#value(at);
    if (at === -1) return false;
    at = skipSpace(this.bytes, at, to);
    return at === to || this.#fault(at, "unexpected text after the value") !== -1;
  }

  /** Scans the object that begins at `at` onto a tape; returns its end or -1. */
  #object(at: number, tape: MemberTape): number {
    const { bytes } = this;
    const end = this.#end;
    at = skipSpace(bytes, at + 1, end);
    if (bytes[at] === 0x7d && at < end) return at + 1;
    while (true) {
      if (at >= end || bytes[at] !== 0x22) return this.#fault(at, "expected a member name");
      const nameStart = at + 1;
      const scanned = scanString(bytes, nameStart, end);
      if (scanned === -1) return this.#fault(at, "bad string");
      const nameEnd = scanned < 0 ? ~scanned : scanned;
      at = this.#colon(nameEnd + 1);
      if (at === -1) return -1;
      if (bytes[at] === 0x7b && tape === this.top && this.#isData(nameStart, nameEnd, scanned < 0)) {
        const start = at;
        this.data.count = 0;
        at = this.#object(at, this.data);
        if (at === -1) return -1;
        tape.add(nameStart, nameEnd, scanned < 0, OBJECT, start, at);
      } else {
        at = this.#value(at);
        if (at === -1) return -1;
        tape.add(nameStart, nameEnd, scanned < 0, this.#kind, this.#start, this.#stop);
      }
      at = skipSpace(bytes, at, end);
      if (at >= end) return this.#fault(at, "the object does not end");
      if (bytes[at] === 0x7d) return at + 1;
      if (bytes[at] !== 0x2c) return this.#fault(at, "expected ',' or '}'");
      at = skipSpace(bytes, at + 1, end);
    }
  }

  #isData(start: number, end: number, escaped: boolean): boolean {
    if (escaped) return stringText(this.bytes, start, end, true) === "data";
    return end - start === 4 && hasWord(this.bytes, start, end, DATA_WORD);
  }

  #colon(at: number): number {
    at = skipSpace(this.bytes, at, this.#end);
    if (at >= this.#end || this.bytes[at] !== 0x3a) return this.#fault(at, "expected ':'");
    return skipSpace(this.bytes, at + 1, this.#end);
  }

  /** Scans any value; sets its kind and range and returns its end, or -1. */
  #value(at: number): number {
    const { bytes } = this;
    const end = this.#end;
    this.#start = at;
    const byte = at < end ? bytes[at]! : 0;
    if (byte === 0x22) {
      const scanned = scanString(bytes, at + 1, end);
      if (scanned === -1) return this.#fault(at, "bad string");
      this.#start = at + 1;
      this.#stop = scanned < 0 ? ~scanned : scanned;
      this.#kind = scanned < 0 ? ESCAPED_STRING : STRING;
      return this.#stop + 1;
    }
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
      const scanned = scanNumber(bytes, at, end);
      if (scanned === -1) return this.#fault(at, "bad number");
      this.#kind = scanned < 0 ? DECIMAL : INTEGER;
      return this.#stop = scanned < 0 ? ~scanned : scanned;
    }
    if (byte === 0x5b || byte === 0x7b) {
      this.#kind = byte === 0x5b ? ARRAY : OBJECT;
      const kind = this.#kind;
      let stop = kind === ARRAY ? this.#flatArray(at) : -1;
      if (stop === -1) stop = this.#tree(at);
      this.#start = at;
      this.#kind = kind;
      return this.#stop = stop;
    }
    if (hasWord(bytes, at, end, NULL_WORD)) return this.#word(NULL, at + 4);
    if (hasWord(bytes, at, end, TRUE_WORD)) return this.#word(TRUE, at + 4);
    if (hasWord(bytes, at, end, FALSE_WORD)) return this.#word(FALSE, at + 5);
    return this.#fault(at, "expected a value");
  }

  #word(kind: number, stop: number): number {
    this.#kind = kind;
    return this.#stop = stop;
  }

  /** Scans an array of scalars; returns its end, or -1 when it holds a container or is malformed. */
  #flatArray(at: number): number {
    const { bytes } = this;
    const end = this.#end;
    at = skipSpace(bytes, at + 1, end);
    if (at < end && bytes[at] === 0x5d) return at + 1;
    while (at < end && bytes[at] !== 0x5b && bytes[at] !== 0x7b) {
      at = this.#value(at);
      if (at === -1) return -1;
      at = skipSpace(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === 0x5d) return at + 1;
      if (bytes[at] !== 0x2c) return -1;
      at = skipSpace(bytes, at + 1, end);
    }
    return -1;
  }

  /** Scans a container with anything in it, without recursion; notes the member names of its objects. */
  #tree(at: number): number {
    const { bytes } = this;
    const end = this.#end;
    const facts = this.nested ??= { duplicate: null, names: [] };
    const stack: (Set<string> | null)[] = [];
    while (true) {
      // At a value.
      const open = at < end ? bytes[at] : 0;
      if (open === 0x5b || open === 0x7b) {
        stack.push(open === 0x7b ? new Set() : null);
        at = skipSpace(bytes, at + 1, end);
        const empty = at < end && bytes[at] === (open === 0x7b ? 0x7d : 0x5d);
        if (!empty) {
          if (open === 0x7b) at = this.#nestedName(at, stack.at(-1)!, facts);
          if (at === -1) return -1;
          continue;
        }
      } else {
        at = this.#value(at);
        if (at === -1) return -1;
        at = skipSpace(bytes, at, end);
      }
      // After a value, or at the end of an empty container.
      while (stack.length > 0) {
        const names = stack.at(-1)!;
        if (at < end && bytes[at] === 0x2c) break;
        if (at >= end || bytes[at] !== (names === null ? 0x5d : 0x7d)) {
          return this.#fault(at, names === null ? "expected ',' or ']'" : "expected ',' or '}'");
        }
        stack.pop();
        at++;
        if (stack.length > 0) at = skipSpace(bytes, at, end);
      }
      if (stack.length === 0) return at;
      at = skipSpace(bytes, at + 1, end);
      const names = stack.at(-1)!;
      if (names !== null) at = this.#nestedName(at, names, facts);
      if (at === -1) return -1;
    }
  }

  #nestedName(at: number, names: Set<string>, facts: NestedFacts): number {
    if (at >= this.#end || this.bytes[at] !== 0x22) return this.#fault(at, "expected a member name");
    const scanned = scanString(this.bytes, at + 1, this.#end);
    if (scanned === -1) return this.#fault(at, "bad string");
    const stop = scanned < 0 ? ~scanned : scanned;
    const name = stringText(this.bytes, at + 1, stop, scanned < 0);
    if (names.has(name)) facts.duplicate ??= name;
    names.add(name);
    facts.names.push(name);
    return this.#colon(stop + 1);
  }

  #fault(at: number, reason: string): -1 {
    this.faultAt = at;
    this.faultReason = reason;
    return -1;
  }
}
