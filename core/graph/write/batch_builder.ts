/**
 * Collects the records of one type of a batch straight into columns.
 *
 * Invariants: until the first complaint every column has one row per record, in input order; after it the columns are
 * garbage and only `failure` counts, because a batch is taken as a whole or not at all.
 */
import { assert, must } from "../../base/assert.ts";
import { didYouMean } from "../../base/suggest.ts";
import type { AnyType, NodeType } from "../../schema/catalog.ts";
import { deriveId } from "../../schema/keys.ts";
import type { Cell } from "../../schema/value_type.ts";
import { type Column, columnNames, type RecordColumns, Utf8Column } from "../../storage/columns.ts";
import { isWord, unescaped, utf8 } from "./byte_reader.ts";
import { ESCAPED_STRING, type MemberTape, NULL, STRING } from "./member_tape.ts";
import { describeJson, type ValueReader } from "./scalar_reader.ts";
import { readerOf } from "./value_reader.ts";

/** Where a member name leads: a property by its index, or one of these. */
const ID_SLOT = -1;
const UNKNOWN_SLOT = -2;

/** The first record of a type that breaks a rule of values. */
export interface RecordFailure {
  /** 1-based physical line. */
  readonly line: number;
  readonly message: string;
}

/** Builds the columns of one type. */
export class TypeBuilder {
  readonly type: AnyType;
  failure: RecordFailure | null = null;
  count = 0;

  readonly #names: readonly Uint8Array[];
  readonly #slotByName: ReadonlyMap<string, number>;
  readonly #readers: readonly ValueReader[];
  /** Per position in a record: the slot that the member there had last time. Members usually keep their order. */
  readonly #expected: number[] = [];
  /** Per property: the tape position of its member if `#stamp` says so. */
  readonly #memberOf: Int32Array;
  readonly #stampOf: Int32Array;
  #stamp = 0;
  #idMember = -1;
  #unknownMember = -1;

  readonly #ids = new Utf8Column();
  readonly #sources = new Utf8Column();
  readonly #targets = new Utf8Column();
  readonly #keyReaders: readonly ValueReader[] | null;
  #lines = new Int32Array(64);

  constructor(type: AnyType) {
    this.type = type;
    this.#names = type.properties.map((property) => utf8(property.name));
    this.#slotByName = new Map([
      ["id", ID_SLOT],
      ...type.properties.map((property, slot) => [property.name, slot] as const),
    ]);
    this.#readers = type.properties.map(readerOf);
    this.#memberOf = new Int32Array(type.properties.length);
    this.#stampOf = new Int32Array(type.properties.length);
    const keys = type.kind === "node" ? type.keyProperties : null;
    this.#keyReaders = keys?.map((name) => this.#readers[this.#slotByName.get(name)!]!) ?? null;
  }

  /**
   * Finds the slot of every member under `data`. Returns false when a name is repeated or is neither a property nor
   * `id`: the caller looks closer then.
   */
  resolve(bytes: Uint8Array, data: MemberTape): boolean {
    const stamp = ++this.#stamp;
    this.#idMember = -1;
    this.#unknownMember = -1;
    for (let at = 0; at < data.count; at++) {
      const slot = this.#slotOf(bytes, data, at);
      if (slot >= 0) {
        if (this.#stampOf[slot] === stamp) return false;
        this.#stampOf[slot] = stamp;
        this.#memberOf[slot] = at;
      } else if (slot === UNKNOWN_SLOT) {
        if (this.#unknownMember === -1) this.#unknownMember = at;
      } else {
        if (this.#idMember !== -1) return false;
        this.#idMember = at;
      }
    }
    return this.#unknownMember === -1;
  }

  #slotOf(bytes: Uint8Array, data: MemberTape, at: number): number {
    const start = data.nameStart[at]!;
    const end = data.nameEnd[at]!;
    const expected = at < this.#expected.length ? this.#expected[at]! : UNKNOWN_SLOT;
    if (expected >= 0) {
      if (isWord(bytes, start, end, this.#names[expected]!)) return expected;
    } else if (expected === ID_SLOT && isId(bytes, start, end)) return ID_SLOT;
    const slot = this.#slotByName.get(data.name(bytes, at)) ?? UNKNOWN_SLOT;
    if (at <= this.#expected.length) this.#expected[at] = slot;
    return slot;
  }

  /**
   * Appends the record whose members were resolved last, or notes the first complaint of the type. `ends` are the byte
   * ranges of an edge's endpoints.
   */
  add(bytes: Uint8Array, data: MemberTape, line: number): boolean {
    if (this.failure !== null) return false;
    const message = this.#unknownComplaint(bytes, data) ?? this.#readValues(bytes, data) ??
      this.#readId(bytes, data);
    if (message !== null) {
      this.failure = { line, message };
      return false;
    }
    if (this.count === this.#lines.length) {
      const next = new Int32Array(this.count * 2);
      next.set(this.#lines);
      this.#lines = next;
    }
    this.#lines[this.count++] = line;
    return true;
  }

  /** Appends the endpoints of the edge added last. */
  addEndpoints(bytes: Uint8Array, top: MemberTape, from: number, to: number): void {
    pushString(this.#sources, bytes, top, from);
    pushString(this.#targets, bytes, top, to);
  }

  /** The finished columns; `id` is null where an id is yet to be made. */
  finish(): { records: RecordColumns; lines: Int32Array } {
    assert(this.failure === null, "a refused batch has no columns");
    const columns = new Map<string, Column>();
    for (const name of columnNames(this.type)) {
      const slot = this.#slotByName.get(name)!;
      if (name === "id") columns.set(name, this.#ids);
      else if (slot !== undefined) columns.set(name, this.#readers[slot]!.column);
      else columns.set(name, name === "src" ? this.#sources : this.#targets);
    }
    return { records: { length: this.count, columns }, lines: this.#lines.subarray(0, this.count) };
  }

  #unknownComplaint(bytes: Uint8Array, data: MemberTape): string | null {
    if (this.#unknownMember === -1) return null;
    const name = data.name(bytes, this.#unknownMember);
    const hint = didYouMean(name, this.#slotByName.keys());
    return `unknown input field '${name}' for '${this.type.key}'${hint === undefined ? "" : `: ${hint}`}`;
  }

  #readValues(bytes: Uint8Array, data: MemberTape): string | null {
    const readers = this.#readers;
    for (let slot = 0; slot < readers.length; slot++) {
      const reader = readers[slot]!;
      const at = this.#stampOf[slot] === this.#stamp ? this.#memberOf[slot]! : -1;
      if (at === -1 || data.kind[at] === NULL) reader.column.push(null);
      else {
        const fault = reader.read(bytes, data.kind[at]!, data.start[at]!, data.end[at]!);
        if (fault !== null) return fault;
      }
    }
    return null;
  }

  #readId(bytes: Uint8Array, data: MemberTape): string | null {
    const at = this.#idMember;
    if (at !== -1 && data.kind[at] !== STRING && data.kind[at] !== ESCAPED_STRING) {
      const got = describeJson(bytes, data.kind[at]!, data.start[at]!, data.end[at]!);
      return `field 'id' must be a string, got ${got}`;
    }
    if (this.#keyReaders !== null) return this.#deriveId(this.type as NodeType, bytes, data);
    if (at === -1) this.#ids.push(null);
    else pushString(this.#ids, bytes, data, at);
    return null;
  }

  #deriveId(type: NodeType, bytes: Uint8Array, data: MemberTape): string | null {
    const readers = this.#keyReaders!;
    const row = this.count;
    for (let i = 0; i < readers.length; i++) {
      if (!readers[i]!.column.isNull(row)) continue;
      return `missing a non-null @key value: property '${
        type.keyProperties![i]
      }' of ${type.key} is missing or null`;
    }
    const single = readers.length === 1 ? readers[0]!.column : null;
    if (single instanceof Utf8Column) {
      this.#ids.pushBytes(single.bytes, single.offsets[row]!, single.offsets[row + 1]!);
    } else this.#ids.push(deriveId(type, (name) => this.#cell(name, row)));
    const at = this.#idMember;
    if (at === -1) return null;
    const given = data.kind[at] === STRING
      ? bytes.subarray(data.start[at]!, data.end[at]!)
      : unescaped(bytes, data.start[at]!, data.end[at]!);
    const { offsets } = this.#ids;
    if (isWord(this.#ids.bytes, offsets[row]!, offsets[row + 1]!, given)) return null;
    const text = describeJson(bytes, data.kind[at]!, data.start[at]!, data.end[at]!);
    return `field 'id' with ${text} does not match its canonical @key id '${this.#ids.text(row)}'`;
  }

  #cell(property: string, row: number): Cell {
    const slot = must(this.#slotByName.get(property), "a key names properties");
    return must(this.#readers[slot]!.column.get(row), "key values are not null");
  }
}

function isId(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start === 2 && bytes[start] === 0x69 && bytes[start + 1] === 0x64;
}

function pushString(column: Utf8Column, bytes: Uint8Array, tape: MemberTape, at: number): void {
  if (tape.kind[at] === STRING) column.pushBytes(bytes, tape.start[at]!, tape.end[at]!);
  else {
    const decoded = unescaped(bytes, tape.start[at]!, tape.end[at]!);
    column.pushBytes(decoded, 0, decoded.length);
  }
}
