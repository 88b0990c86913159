/**
 * JSON without silent losses: integers beyond ±(2^53 − 1) keep all digits as bigints, repeated members are refused,
 * and every complaint names its line and column.
 *
 * The platform's parser does the work for ordinary texts. One scan beside it looks for the two things that parser
 * hides (long integers, repeated members); only then, or to explain a failure, the slow parser below reads the text.
 */
import { AppError } from "../errors.ts";
import { JSON_NESTING_MAX } from "./limits.ts";
import { positionAt } from "./span.ts";

/** What {@linkcode parseJson} returns. */
export type LosslessJson =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly LosslessJson[]
  | { readonly [member: string]: LosslessJson };

/**
 * Parses one JSON text. Integer tokens (no fraction, no exponent) outside ±(2^53 − 1) become bigints.
 *
 * @throws AppError `invalid_input` with line and column for anything that is not strict JSON, repeats a member of one
 * object, or nests deeper than {@linkcode JSON_NESTING_MAX}.
 *
 * @example
 * ```ts
 * import { parseJson } from "./lossless_json.ts";
 * const value = parseJson('{"id": 9007199254740993}') as { id: bigint };
 * console.assert(value.id === 9007199254740993n);
 * ```
 */
export function parseJson(text: string): LosslessJson {
  const facts = scan(text);
  if (facts.plain) {
    let value: LosslessJson | undefined;
    try {
      value = JSON.parse(text) as LosslessJson;
    } catch {
      // explained below, with a position
    }
    if (value !== undefined && countMembers(value) === facts.members) return value;
  }
  return new CarefulParser(text).parse();
}

/**
 * Compact JSON of plain values. Bigints are written with all digits, non-finite numbers as the strings `NaN`,
 * `Infinity` and `-Infinity`, typed arrays as arrays; members that are `undefined` are left out.
 */
export function jsonText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case "bigint":
      return String(value);
    case "boolean":
      return value ? "true" : "false";
    case "object":
      return value === null
        ? "null"
        : Array.isArray(value) || ArrayBuffer.isView(value)
        ? arrayText(value as unknown as ArrayLike<unknown>)
        : objectText(value as Record<string, unknown>);
    default:
      throw new TypeError(`JSON has no form for a value of type ${typeof value}`);
  }
}

function arrayText(items: ArrayLike<unknown>): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) text += (i === 0 ? "" : ",") + jsonText(items[i]);
  return text + "]";
}

function objectText(members: Record<string, unknown>): string {
  let text = "{";
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value === undefined) continue;
    text += `${text.length === 1 ? "" : ","}${JSON.stringify(name)}:${jsonText(value)}`;
  }
  return text + "}";
}

/** What the scan learned about a text that may or may not be JSON. */
interface ScanFacts {
  /** False when the platform's parser might lose digits or the nesting is too deep for a recursive walk. */
  readonly plain: boolean;
  /** Colons outside strings: the number of members if the text is JSON. */
  readonly members: number;
}

const QUOTE = 34;
const POINT = 46;
const COLON = 58;
const BACKSLASH = 92;
/** The longest run of digits that always is a safe integer. */
const SAFE_DIGITS = 15;

function scan(text: string): ScanFacts {
  let members = 0;
  let depth = 0;
  let plain = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = closingQuote(text, at + 1);
    } else if (code === COLON) {
      members++;
    } else if (code >= 48 && code <= 57) {
      const start = at;
      while (isDigit(text.charCodeAt(at + 1))) at++;
      if (at - start >= SAFE_DIGITS && text.charCodeAt(start - 1) !== POINT) plain = false;
    } else if (code === 91 || code === 123) {
      if (++depth > JSON_NESTING_MAX) return { plain: false, members };
    } else if (code === 93 || code === 125) depth--;
  }
  return { plain, members };
}

/** Offset of the quote that ends the string whose content starts at `from`; the text's end if there is none. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return at;
  }
  return text.length;
}

function countMembers(value: LosslessJson): number {
  if (value === null || typeof value !== "object") return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") count += countMembers(item);
    return count;
  }
  const members = value as { readonly [member: string]: LosslessJson };
  for (const name in members) {
    count++;
    const item = members[name]!;
    if (typeof item === "object") count += countMembers(item);
  }
  return count;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// deno-lint-ignore no-control-regex
const PLAIN_STRING = /^[^\\\u0000-\u001f]*$/;
const BLANK = /[ \t\r\n]*/y;
function addMember(members: Record<string, LosslessJson>, name: string, value: LosslessJson): void {
  // Assigning to this name would call a setter instead of making a member.
  if (name === "__proto__") {
    Object.defineProperty(members, name, { value, enumerable: true, writable: true, configurable: true });
  } else members[name] = value;
}

const WORDS: readonly (readonly [string, null | boolean])[] = [["null", null], ["true", true], [
  "false",
  false,
]];

/** Strict recursive-descent JSON, RFC 8259. */
class CarefulParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): LosslessJson {
    this.#blank();
    const value = this.#value();
    this.#blank();
    if (this.#at < this.#text.length) this.#fail("expected the end of the text");
    return value;
  }

  #value(): LosslessJson {
    const char = this.#text[this.#at];
    if (char === "{") return this.#nested(() => this.#object());
    if (char === "[") return this.#nested(() => this.#array());
    if (char === '"') return this.#string();
    if (char === "-" || isDigit(this.#text.charCodeAt(this.#at))) return this.#number();
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#fail("expected a JSON value");
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > JSON_NESTING_MAX) this.#fail(`nesting exceeds ${JSON_NESTING_MAX} levels`);
    this.#at++;
    this.#blank();
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): LosslessJson {
    const members: Record<string, LosslessJson> = {};
    if (this.#take("}")) return members;
    do {
      this.#blank();
      const start = this.#at;
      if (this.#text[start] !== '"') this.#fail("expected a member name in double quotes");
      const name = this.#string();
      if (Object.hasOwn(members, name)) this.#fail(`duplicate member ${JSON.stringify(name)}`, start);
      this.#blank();
      if (!this.#take(":")) this.#fail("expected `:`");
      this.#blank();
      addMember(members, name, this.#value());
      this.#blank();
    } while (this.#take(","));
    if (!this.#take("}")) this.#fail("expected `,` or `}`");
    return members;
  }

  #array(): LosslessJson {
    const items: LosslessJson[] = [];
    if (this.#take("]")) return items;
    do {
      this.#blank();
      items.push(this.#value());
      this.#blank();
    } while (this.#take(","));
    if (!this.#take("]")) this.#fail("expected `,` or `]`");
    return items;
  }

  #string(): string {
    const start = this.#at;
    const end = closingQuote(this.#text, start + 1);
    if (end === this.#text.length) this.#fail("unterminated string");
    this.#at = end + 1;
    const literal = this.#text.slice(start, end + 1);
    if (PLAIN_STRING.test(literal)) return literal.slice(1, -1);
    try {
      return JSON.parse(literal) as string;
    } catch {
      return this.#fail("a string holds a control character or an unknown escape", start);
    }
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return this.#fail("expected digits after `-`");
    const value = Number(match[0]);
    this.#at += match[0].length;
    if (isDigit(this.#text.charCodeAt(this.#at))) this.#fail("a number must not start with `0`");
    const integer = match[1] === undefined && match[2] === undefined;
    return integer && !Number.isSafeInteger(value) ? BigInt(match[0]) : value;
  }

  #blank(): void {
    BLANK.lastIndex = this.#at;
    BLANK.exec(this.#text);
    this.#at = BLANK.lastIndex;
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #fail(reason: string, at = this.#at): never {
    const { line, column } = positionAt(this.#text, at);
    const place = at >= this.#text.length ? "at the end of the text" : `at line ${line}, column ${column}`;
    throw new AppError("invalid_input", `invalid JSON ${place}: ${reason}`);
  }
}
