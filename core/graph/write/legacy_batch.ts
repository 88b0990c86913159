/**
 * The permissive batches of old releases: any JSON objects with white space between them. They are translated into the
 * strict grammar, one line for each record, so that everything else is judged by the code that judges loads.
 *
 *   in the text                                             after the translation
 *   a member nobody knows                                   left out
 *   a member that is repeated                               its last value
 *   a value of another kind, in a nullable scalar           null
 *   an item of another kind, or null, in a list             left out
 *   an edge id that is no string                            left out
 *   a node id that spells a key component in an old way     the id of that key, also where edges of the file name it
 *
 * A batch that the strict grammar accepts comes out with the same meaning. Complaints name the record, from 1.
 */
import { AppError } from "../../errors.ts";
import type { AnyType, Catalog } from "../../schema/catalog.ts";
import { type ParsedBatch, parseRecords } from "./batch.ts";
import { ByteText } from "./byte_text.ts";
import { LegacyIds } from "./legacy_ids.ts";
import { fitsScalar, fittingItems, lastMembers, splitRecords } from "./legacy_values.ts";
import { explainFault } from "./line_fault.ts";
import { LineScanner } from "./line_scanner.ts";
import { memberText, typeNamed } from "./line_shape.ts";
import { ARRAY, ESCAPED_STRING, type MemberTape, NULL, OBJECT, STRING } from "./member_tape.ts";

/** Reads a permissive batch against a catalog. Throws like `parseBatch`, with `record N`; also for ambiguous old ids. */
export function parseLegacyBatch(catalog: Catalog, data: Uint8Array): ParsedBatch {
  try {
    // Most batches need no leniency, and the strict reader is much faster.
    return parseRecords(catalog, data);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return parseRecords(catalog, new LegacyTranslator(catalog, data).translate());
  }
}

class LegacyTranslator {
  readonly #catalog: Catalog;
  readonly #bytes: Uint8Array;
  readonly #scanner: LineScanner;
  readonly #ids = new LegacyIds();
  readonly #out = new ByteText();

  constructor(catalog: Catalog, data: Uint8Array) {
    this.#catalog = catalog;
    this.#bytes = data.slice();
    this.#scanner = new LineScanner(this.#bytes);
  }

  translate(): Uint8Array {
    const records = splitRecords(this.#bytes);
    // Edges may stand before the nodes whose old ids they name.
    records.forEach(({ start, end }, at) => this.#noteIds(start, end, at + 1));
    for (const { start, end } of records) this.#write(start, end);
    return this.#out.bytes();
  }

  #noteIds(start: number, end: number, record: number): void {
    const scanner = this.#scanner;
    const bytes = this.#bytes;
    if (!scanner.scan(start, end)) {
      const why = explainFault(bytes, start, end, scanner.faultReason, scanner.faultAt);
      throw new AppError("batch_error", `record ${record}: invalid JSON: ${why}`);
    }
    const top = lastMembers(bytes, scanner.top);
    const type = this.#typeOf(top);
    if (type?.kind === "node" && type.keyProperties !== null && this.#hasData(top)) {
      this.#ids.note(type, bytes, scanner.data, record);
    }
  }

  #write(start: number, end: number): void {
    const scanner = this.#scanner;
    const out = this.#out;
    scanner.scan(start, end);
    if (!scanner.isObject) {
      out.slice(this.#bytes, start, end);
      return out.ascii("\n");
    }
    const top = lastMembers(this.#bytes, scanner.top);
    const type = this.#typeOf(top);
    const names = top.has("type") && !top.has("edge")
      ? ["type", "data"]
      : ["type", "edge", "from", "to", "data"];
    let separator = "{";
    for (const name of names) {
      const at = top.get(name);
      if (at === undefined) continue;
      out.ascii(`${separator}"${name}":`);
      separator = ",";
      if (name === "data" && type !== null && this.#hasData(top)) this.#writeData(type);
      else if (type?.kind === "edge" && name === "from") this.#writeEndpoint(type.from, at);
      else if (type?.kind === "edge" && name === "to") this.#writeEndpoint(type.to, at);
      else if (scanner.top.kind[at] === OBJECT) out.ascii("{}"); // of an unknown type: its content does not matter
      else this.#writeRaw(scanner.top, at);
    }
    out.ascii(separator === "{" ? "{}\n" : "}\n");
  }

  /** The type that a record names; null unless it names exactly one that exists. */
  #typeOf(top: ReadonlyMap<string, number>): AnyType | null {
    const kind = top.has("type") ? "node" : "edge";
    const at = top.get(kind === "node" ? "type" : "edge");
    const tape = this.#scanner.top;
    if (at === undefined || (top.has("type") && top.has("edge")) || !isText(tape, at)) return null;
    return typeNamed(this.#catalog, kind, memberText(this.#bytes, tape, at)) ?? null;
  }

  #hasData(top: ReadonlyMap<string, number>): boolean {
    const at = top.get("data");
    return at !== undefined && this.#scanner.top.kind[at] === OBJECT;
  }

  #writeEndpoint(nodeType: string, at: number): void {
    const tape = this.#scanner.top;
    const id = isText(tape, at)
      ? this.#ids.canonical(`node:${nodeType}`, memberText(this.#bytes, tape, at))
      : null;
    if (id === null) this.#writeRaw(tape, at);
    else this.#out.text(JSON.stringify(id));
  }

  #writeData(type: AnyType): void {
    const { data } = this.#scanner;
    const out = this.#out;
    const members = lastMembers(this.#bytes, data);
    let separator = "{";
    const id = members.get("id");
    if (id !== undefined && (type.kind === "node" || isText(data, id))) {
      out.ascii('{"id":');
      separator = ",";
      this.#writeId(type, data, id);
    }
    for (const property of type.properties) {
      const at = members.get(property.name);
      if (at === undefined) continue;
      out.ascii(`${separator}"${property.name}":`);
      separator = ",";
      const kind = data.kind[at]!;
      const [start, end] = [data.start[at]!, data.end[at]!];
      const { type: valueType, nullable } = property;
      if (valueType.kind === "list" && kind === ARRAY) {
        this.#writeItems([...fittingItems(this.#bytes, start, end, valueType.item)]);
      } else if (
        valueType.kind === "scalar" && nullable && kind !== NULL &&
        !fitsScalar(valueType.scalar, this.#bytes, kind, start, end)
      ) out.ascii("null");
      else if (kind === OBJECT) out.ascii("{}"); // refused in any case, and not for what is inside
      else this.#writeRaw(data, at);
    }
    out.ascii(separator === "{" ? "{}" : "}");
  }

  #writeId(type: AnyType, data: MemberTape, at: number): void {
    const isKeyed = type.kind === "node" && type.keyProperties !== null && isText(data, at);
    const id = isKeyed ? this.#ids.canonical(type.key, memberText(this.#bytes, data, at)) : null;
    if (id === null) this.#writeRaw(data, at);
    else this.#out.text(JSON.stringify(id));
  }

  #writeItems(items: readonly { readonly start: number; readonly end: number }[]): void {
    this.#out.ascii("[");
    items.forEach(({ start, end }, i) => {
      if (i > 0) this.#out.ascii(",");
      this.#out.slice(this.#bytes, start, end);
    });
    this.#out.ascii("]");
  }

  /** Writes a value as it was spelled. */
  #writeRaw(tape: MemberTape, at: number): void {
    const quotes = isText(tape, at) ? 1 : 0;
    this.#out.slice(this.#bytes, tape.start[at]! - quotes, tape.end[at]! + quotes);
  }
}

function isText(tape: MemberTape, at: number): boolean {
  return tape.kind[at] === STRING || tape.kind[at] === ESCAPED_STRING;
}
