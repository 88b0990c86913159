/**
 * Graph batches: strict NDJSON to columns, in one pass over the bytes.
 *
 * A batch is taken whole or refused with the first complaint: lines in file order for everything about their form, then
 * records (nodes before edges, by type name, in file order) for their values. Every refusal names the physical line.
 */
import { must } from "../../base/assert.ts";
import { BATCH_LINE_BYTES_MAX, BATCH_LINE_STRUCTURE_MAX } from "../../base/limits.ts";
import { AppError } from "../../errors.ts";
import type { AnyType, Catalog, TypeKey } from "../../schema/catalog.ts";
import type { RecordColumns } from "../../storage/columns.ts";
import { TypeBuilder } from "./batch_builder.ts";
import { isWord, skipSpace } from "./byte_reader.ts";
import { explainFault } from "./line_fault.ts";
import { LineScanner } from "./line_scanner.ts";
import { checkLine, LineShape, memberText, refusal, typeNamed } from "./line_shape.ts";
import { type MemberTape, STRING } from "./member_tape.ts";

/** The records of one type, in file order. */
export interface ParsedTable {
  readonly type: AnyType;
  /** All columns of the table. `id` is null where the record has none: unkeyed nodes and edges without `data.id`. */
  readonly records: RecordColumns;
  /** 1-based physical line of every record. */
  readonly lines: Int32Array;
}

/** A batch whose lines and values are fine; constraints and ids are not looked at yet. */
export interface ParsedBatch {
  /** Types with at least one record, type keys ascending. */
  readonly tables: ReadonlyMap<TypeKey, ParsedTable>;
  /** Records of all types. */
  readonly records: number;
  /** What complaints count. */
  readonly unit: BatchUnit;
}

/** What a complaint names: a physical line, or in permissive batches a record. */
export type BatchUnit = "line" | "record";

/**
 * Reads a batch against a catalog.
 *
 * @throws AppError `batch_error` with `line N` for a batch that breaks a rule, `resource_limit` for a line that is too
 * long or too deep in structure.
 */
export function parseBatch(catalog: Catalog, data: Uint8Array): ParsedBatch {
  return new BatchParser(catalog, data, "line").parse();
}

/** Reads a batch likewise, but complaints count records and not lines. Throws alike. */
export function parseRecords(catalog: Catalog, data: Uint8Array): ParsedBatch {
  return new BatchParser(catalog, data, "record").parse();
}

/** A name as it stood in the batch and the builder it led to. */
interface KnownName {
  readonly bytes: Uint8Array;
  readonly builder: TypeBuilder;
}

class BatchParser {
  readonly #catalog: Catalog;
  readonly #bytes: Uint8Array;
  readonly #unit: BatchUnit;
  readonly #scanner: LineScanner;
  readonly #shape = new LineShape();
  readonly #builders = new Map<TypeKey, TypeBuilder>();
  /** The last name of each kind: most lines repeat the type of the line before. */
  #lastNode: KnownName | null = null;
  #lastEdge: KnownName | null = null;

  constructor(catalog: Catalog, bytes: Uint8Array, unit: BatchUnit) {
    this.#catalog = catalog;
    this.#bytes = bytes;
    this.#unit = unit;
    this.#scanner = new LineScanner(bytes);
  }

  parse(): ParsedBatch {
    const bytes = this.#bytes;
    const isByLine = this.#unit === "line";
    for (let start = 0, line = 1; start < bytes.length;) {
      const feed = bytes.indexOf(0x0a, start);
      const next = feed === -1 ? bytes.length : feed;
      const end = next > start && bytes[next - 1] === 0x0d ? next - 1 : next;
      if (end - start > BATCH_LINE_STRUCTURE_MAX) checkSize(bytes, start, end, this.#place(line));
      const isBlank = skipSpace(bytes, start, end) === end;
      if (!isBlank) this.#readLine(start, end, line);
      if (isByLine || !isBlank) line++;
      start = next + 1;
    }
    return this.#finish();
  }

  #readLine(start: number, end: number, line: number): void {
    const scanner = this.#scanner;
    const bytes = this.#bytes;
    if (!scanner.scan(start, end)) {
      const why = explainFault(bytes, start, end, scanner.faultReason, scanner.faultAt);
      throw new AppError("batch_error", `invalid strict JSON at ${this.#place(line)}: ${why}`);
    }
    const { top, data, nested } = scanner;
    const shape = this.#shape;
    const fine = scanner.isObject && nested === null && shape.place(bytes, top);
    if (!fine) {
      checkLine(this.#catalog, scanner, this.#place(line)); // returns when a property's value holds objects
      shape.place(bytes, top);
    }
    if (shape.data === -1) data.count = 0;
    const builder = shape.type === -1 ? this.#edgeBuilder(top, line) : this.#nodeBuilder(top, line);
    if (!builder.resolve(bytes, data)) checkLine(this.#catalog, scanner, this.#place(line));
    if (builder.add(bytes, data, line) && shape.edge !== -1) {
      builder.addEndpoints(bytes, top, shape.from, shape.to);
    }
  }

  #nodeBuilder(top: MemberTape, line: number): TypeBuilder {
    const at = this.#shape.type;
    if (!this.#isSame(this.#lastNode, top, at)) this.#lastNode = this.#known("node", top, at, line);
    return this.#lastNode!.builder;
  }

  #edgeBuilder(top: MemberTape, line: number): TypeBuilder {
    const at = this.#shape.edge;
    if (!this.#isSame(this.#lastEdge, top, at)) this.#lastEdge = this.#known("edge", top, at, line);
    return this.#lastEdge!.builder;
  }

  #isSame(last: KnownName | null, top: MemberTape, at: number): boolean {
    return last !== null && top.kind[at] === STRING &&
      isWord(this.#bytes, top.start[at]!, top.end[at]!, last.bytes);
  }

  #known(kind: "node" | "edge", top: MemberTape, at: number, line: number): KnownName {
    const type = typeNamed(this.#catalog, kind, memberText(this.#bytes, top, at));
    if (type === undefined) checkLine(this.#catalog, this.#scanner, this.#place(line));
    const { key } = must(type, "an unknown type was refused");
    let builder = this.#builders.get(key);
    if (builder === undefined) this.#builders.set(key, builder = new TypeBuilder(type!));
    return { bytes: this.#bytes.slice(top.start[at]!, top.end[at]!), builder };
  }

  #place(line: number): string {
    return `${this.#unit} ${line}`;
  }

  #finish(): ParsedBatch {
    const builders = [...this.#builders.values()];
    const failed = builders.filter((builder) => builder.failure !== null).sort(byRecordOrder)[0];
    if (failed !== undefined) throw refusal(this.#place(failed.failure!.line), failed.failure!.message);
    const tables = new Map<TypeKey, ParsedTable>();
    let records = 0;
    for (const key of [...this.#builders.keys()].sort()) {
      const builder = this.#builders.get(key)!;
      tables.set(key, { type: builder.type, ...builder.finish() });
      records += builder.count;
    }
    return { tables, records, unit: this.#unit };
  }
}

/** Nodes before edges, then by type name. */
function byRecordOrder(a: TypeBuilder, b: TypeBuilder): number {
  if (a.type.kind !== b.type.kind) return a.type.kind === "node" ? -1 : 1;
  return a.type.name < b.type.name ? -1 : 1;
}

/** Refuses a line that is too long, or that has too many structural characters outside its strings. */
function checkSize(bytes: Uint8Array, start: number, end: number, place: string): void {
  if (end - start > BATCH_LINE_BYTES_MAX) {
    throw tooMuch("graph_batch_line_bytes", BATCH_LINE_BYTES_MAX, end - start, place);
  }
  let slots = 0;
  let inString = false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22) inString = !inString;
    else if (inString) {
      if (byte === 0x5c) at++;
    } else if (isStructural(byte)) slots++;
  }
  if (slots <= BATCH_LINE_STRUCTURE_MAX) return;
  throw tooMuch("graph_batch_json_structural_slots", BATCH_LINE_STRUCTURE_MAX, slots, place);
}

/** One of `{}[],:`. */
function isStructural(byte: number): boolean {
  return byte === 0x2c || byte === 0x3a || byte === 0x5b || byte === 0x5d || byte === 0x7b || byte === 0x7d;
}

function tooMuch(resource: string, limit: number, actual: number, place: string): AppError {
  return new AppError(
    "resource_limit",
    `${place}: ${resource} is ${actual}, at most ${limit} are allowed`,
    {
      detail: { resource_limit: { resource, limit, actual } },
    },
  );
}
