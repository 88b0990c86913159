/**
 * What kind of record a scanned line is, and, when it is none, which rule of the batch grammar it breaks first.
 *
 *   line = { "type": string [, "data": object] } | { "edge": string, "from": string, "to": string [, "data": object] }
 */
import { didYouMean } from "../../base/suggest.ts";
import { AppError } from "../../errors.ts";
import type { AnyType, Catalog } from "../../schema/catalog.ts";
import { isWord, stringText, utf8 } from "./byte_reader.ts";
import type { LineScanner } from "./line_scanner.ts";
import { describeKind, ESCAPED_STRING, type MemberTape, OBJECT, STRING } from "./member_tape.ts";

const RESERVED: ReadonlySet<string> = new Set([
  "_tombstone",
  "_rowid",
  "_rowaddr",
  "_rowoffset",
  "_row_created_at_version",
  "_row_last_updated_at_version",
]);

/** Names of top members; a shape keeps their tape positions under the same numbers. */
const TYPE = 0;
const EDGE = 1;
const FROM = 2;
const TO = 3;
const DATA = 4;
const TEXTS = ["type", "edge", "from", "to", "data"];
const NAMES = TEXTS.map(utf8);

/** Tape positions of the top members; -1 when missing. */
export class LineShape {
  readonly #at = [-1, -1, -1, -1, -1];

  get type(): number {
    return this.#at[TYPE]!;
  }

  get edge(): number {
    return this.#at[EDGE]!;
  }

  get from(): number {
    return this.#at[FROM]!;
  }

  get to(): number {
    return this.#at[TO]!;
  }

  get data(): number {
    return this.#at[DATA]!;
  }

  /** Places the members of a line. Returns false unless the line is a well-formed node or edge record. */
  place(bytes: Uint8Array, top: MemberTape): boolean {
    this.#at.fill(-1);
    for (let member = 0; member < top.count; member++) {
      const name = topName(bytes, top, member);
      if (name === -1 || this.#at[name] !== -1) return false;
      this.#at[name] = member;
    }
    if (this.data !== -1 && top.kind[this.data] !== OBJECT) return false;
    if (this.type === -1) {
      return isString(top, this.edge) && isString(top, this.from) && isString(top, this.to);
    }
    return this.edge === -1 && this.from === -1 && this.to === -1 && isString(top, this.type);
  }
}

/** The number of a top member's name, or -1. */
function topName(bytes: Uint8Array, top: MemberTape, member: number): number {
  if (top.nameEscaped[member] === 1) return TEXTS.indexOf(top.name(bytes, member));
  const start = top.nameStart[member]!;
  const end = top.nameEnd[member]!;
  for (let name = 0; name < NAMES.length; name++) if (isWord(bytes, start, end, NAMES[name]!)) return name;
  return -1;
}

function isString(top: MemberTape, at: number): boolean {
  return at !== -1 && (top.kind[at] === STRING || top.kind[at] === ESCAPED_STRING);
}

/** The text of a string member. */
export function memberText(bytes: Uint8Array, tape: MemberTape, at: number): string {
  return stringText(bytes, tape.start[at]!, tape.end[at]!, tape.kind[at] === ESCAPED_STRING);
}

/** The type that a well-formed record names, or undefined. Edge names match in any case, node names exactly. */
export function typeNamed(catalog: Catalog, kind: "node" | "edge", name: string): AnyType | undefined {
  return kind === "node" ? catalog.nodes.get(name) : catalog.edgeByWord.get(name.toLowerCase());
}

/** A refusal of the whole batch that names the place, like `line 3`. */
export function refusal(place: string, message: string): AppError {
  return new AppError("batch_error", `${place}: ${message}`);
}

/**
 * Throws the refusal of the first rule that the scanned line breaks, in the order of the specification; returns when
 * the line breaks none (its values may still be wrong).
 */
export function checkLine(catalog: Catalog, scanner: LineScanner, place: string): void {
  const { bytes, top, data, nested } = scanner;
  const topNames = namesOf(bytes, top);
  const dataNames = namesOf(bytes, data);
  const repeated = repeatedName(topNames) ?? repeatedName(dataNames) ?? nested?.duplicate ?? null;
  if (repeated !== null) throw refusal(place, `duplicate JSON member '${repeated}'`);
  if (!scanner.isObject) throw refusal(place, "must be one JSON object");

  const at = new Map(topNames.map((name, index) => [name, index]));
  if (at.has("type") === at.has("edge")) throw refusal(place, "must have exactly one of 'type' or 'edge'");
  const kind = at.has("type") ? "node" : "edge";
  const allowed = kind === "node" ? ["type", "data"] : ["edge", "from", "to", "data"];
  for (const name of topNames) {
    if (allowed.includes(name)) continue;
    const reason = RESERVED.has(name) ? "reserved physical state" : `a ${kind} record has ${quoted(allowed)}`;
    throw refusal(place, `unknown top-level graph batch field '${name}': ${reason}`);
  }
  for (const name of [...dataNames, ...(nested?.names ?? [])]) {
    if (RESERVED.has(name)) throw refusal(place, `field '${name}' is reserved physical state`);
  }
  for (const field of allowed) {
    const member = at.get(field);
    if (field === "data") {
      if (member !== undefined && top.kind[member] !== OBJECT) {
        throw refusal(place, `field 'data' must be an object, got ${describeKind(top.kind[member]!)}`);
      }
    } else if (member === undefined) throw refusal(place, `the ${kind} record requires field '${field}'`);
    else if (!isString(top, member)) {
      throw refusal(place, `field '${field}' must be a string, got ${describeKind(top.kind[member]!)}`);
    }
  }
  if (kind === "edge") {
    const structural = dataNames.find((name) => name === "src" || name === "dst");
    if (structural !== undefined) {
      const remedy = `use '${structural === "src" ? "from" : "to"}' beside 'edge'`;
      throw refusal(place, `field '${structural}' of edge data is reserved structural state: ${remedy}`);
    }
  }
  const name = memberText(bytes, top, at.get(kind === "node" ? "type" : "edge")!);
  if (typeNamed(catalog, kind, name) !== undefined) return;
  const hint = didYouMean(name, (kind === "node" ? catalog.nodes : catalog.edges).keys());
  throw refusal(place, `unknown ${kind} type '${name}'${hint === undefined ? "" : `: ${hint}`}`);
}

function namesOf(bytes: Uint8Array, tape: MemberTape): string[] {
  return Array.from({ length: tape.count }, (_, at) => tape.name(bytes, at));
}

function repeatedName(names: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return null;
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}
