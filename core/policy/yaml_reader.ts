/**
 * Strict YAML with places: unknown keys, repeated keys, wrong types and anything YAML itself warns about are problems.
 * Every read returns a usable value or null and notes the problem, so that one pass collects all of them.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar,
} from "@std/yaml";
import type { Diagnostic } from "../base/diagnostic.ts";
import { DIAGNOSTICS_MAX, SOURCE_CHARS_MAX } from "../base/limits.ts";
import type { SourceText, Span } from "../base/span.ts";
import { didYouMean } from "../base/suggest.ts";
import { resolveAliases, TOO_DEEP } from "./yaml_aliases.ts";

const START: Span = { start: 0, end: 0 };

/** A value of the document with its place. `node` is null for an empty value. */
export interface YamlValue {
  readonly node: Node | null;
  readonly span: Span;
}

/** One key of a mapping with its value. */
export interface YamlEntry {
  readonly key: string;
  readonly keySpan: Span;
  readonly value: YamlValue;
}

/** A string with its place. */
export interface YamlText {
  readonly text: string;
  readonly span: Span;
}

/** Reads one strict YAML document. */
export class YamlReader {
  readonly #source: SourceText;
  readonly #code: string;
  readonly #document: Document;
  readonly #problems: Diagnostic[] = [];
  readonly #textEnd: number;
  readonly #targets: ReadonlyMap<Alias, Node>;

  /** `code` is the code of every diagnostic of this reader; at most `DIAGNOSTICS_MAX` are kept. */
  constructor(source: SourceText, code: string) {
    this.#source = source;
    this.#code = code;
    this.#textEnd = source.text.trimEnd().length;
    const isTooLong = source.text.length > SOURCE_CHARS_MAX;
    if (isTooLong) this.problem(START, `the file exceeds ${SOURCE_CHARS_MAX} characters`);
    this.#document = parseDocument(isTooLong ? "" : source.text, {
      version: "1.2",
      uniqueKeys: false, // repeated keys are reported here, by name
      prettyErrors: false,
      logLevel: "error", // "silent" would also silence the error about a second document
    });
    const { errors, warnings } = this.#document;
    // The library recurses; how deep it gets depends on the machine, so that its own complaints mean nothing then.
    if (errors.some(({ message }) => message.includes("call stack"))) this.problem(START, TOO_DEEP);
    else for (const problem of [...errors, ...warnings]) this.#noteForm(problem);
    const aliases = errors.length > 0 ? null : resolveAliases(this.#document.contents);
    for (const { span, message } of aliases?.problems ?? []) this.problem(span, message);
    this.#targets = aliases?.targets ?? new Map();
    this.readable = !isTooLong && errors.length === 0 && aliases?.problems.length === 0;
  }

  /** Whether the text is YAML at all; when false, its values must not be read. */
  readonly readable: boolean;

  /** Everything found so far, in document order. */
  diagnostics(): Diagnostic[] {
    return this.#problems.toSorted((a, b) => (a.span?.start ?? 0) - (b.span?.start ?? 0));
  }

  /** Notes a problem. */
  problem(span: Span, message: string, help?: string | (() => string | undefined)): void {
    if (this.#problems.length >= DIAGNOSTICS_MAX) return;
    const remedy = typeof help === "function" ? help() : help;
    // What is missing at the end, or behind it in the eyes of the library, is missing behind the last word.
    const start = Math.min(span.start, this.#textEnd);
    this.#problems.push({
      code: this.#code,
      severity: "error",
      message,
      path: this.#source.path,
      span: { start, end: Math.max(start, Math.min(span.end, this.#source.text.length)) },
      source: this.#source,
      ...(remedy === undefined ? {} : { help: remedy }),
    });
  }

  /** A complaint of the library, in our words where its own speak to programmers. */
  #noteForm({ code, message, pos }: { code: string; message: string; pos: readonly [number, number] }): void {
    const span = { start: pos[0], end: pos[1] };
    if (code === "MULTIPLE_DOCS") {
      this.problem(span, "yaml: the file holds more than one document", "remove this line and what follows");
    } else {
      const help = code === "TAB_AS_INDENT" ? "indent with spaces" : undefined;
      this.problem(span, `yaml: ${lowerFirst(message)}`, help);
    }
  }

  /** The top of the document. */
  root(): YamlValue {
    return this.#value(this.#document.contents, { start: 0, end: 0 });
  }

  /** Whether the value is empty or `null`. */
  isEmpty(value: YamlValue): boolean {
    return value.node === null || (isScalar(value.node) && value.node.value === null);
  }

  /** The entries of a mapping, in order, the first of repeated keys only; null when it is none. */
  entries(value: YamlValue, what: string): YamlEntry[] | null {
    if (!isMap(value.node)) return this.#wrongType(value, what, "a mapping");
    const seen = new Map<string, YamlEntry>();
    for (const pair of value.node.items) {
      const key = this.#value(pair.key, value.span);
      const name = isScalar(key.node) ? key.node.value : null;
      if (typeof name !== "string" || !name.isWellFormed()) {
        this.problem(key.span, `${what}: keys must be strings`, "put the key in quotes");
      } else if (seen.has(name)) {
        this.problem(key.span, `${what}: duplicate key '${name}'`, "keep one of the two");
      } else {
        seen.set(name, { key: name, keySpan: key.span, value: this.#value(pair.value, key.span) });
      }
    }
    return [...seen.values()];
  }

  /** The values of a mapping with a closed set of keys; null when it is no mapping. */
  fields<Key extends string>(
    value: YamlValue,
    what: string,
    keys: readonly Key[],
  ): Partial<Record<Key, YamlValue>> | null {
    const entries = this.entries(value, what);
    if (entries === null) return null;
    const fields: Partial<Record<Key, YamlValue>> = {};
    for (const entry of entries) {
      const key = keys.find((known) => known === entry.key);
      if (key !== undefined) fields[key] = entry.value;
      else {
        const help = () => didYouMean(entry.key, keys) ?? `known keys are ${keys.join(", ")}`;
        this.problem(entry.keySpan, `${what}: unknown key '${entry.key}'`, help);
      }
    }
    return fields;
  }

  /** The members of a list; null when it is none. */
  items(value: YamlValue, what: string): YamlValue[] | null {
    if (!isSeq(value.node)) return this.#wrongType(value, what, "a list");
    return value.node.items.map((item) => this.#value(item, value.span));
  }

  /** A string; null when it is none. */
  text(value: YamlValue, what: string): YamlText | null {
    const text = this.#scalar(value)?.value;
    if (typeof text !== "string") return this.#wrongType(value, what, "a string");
    if (!text.isWellFormed()) {
      this.problem(value.span, `${what}: the text holds half of a surrogate pair`, "write whole characters");
      return null;
    }
    return { text, span: value.span };
  }

  /** An integer; null when it is none. */
  integer(value: YamlValue, what: string): number | null {
    const number = this.#scalar(value)?.value;
    if (typeof number === "number" && Number.isSafeInteger(number)) return number;
    return this.#wrongType(value, what, "an integer");
  }

  #scalar(value: YamlValue): Scalar | null {
    return isScalar(value.node) ? value.node : null;
  }

  #value(raw: unknown, around: Span): YamlValue {
    if (isAlias(raw)) {
      return { ...this.#value(this.#targets.get(raw), around), span: spanOf(raw, around) };
    }
    if (!isNode(raw)) return { node: null, span: around };
    return { node: raw, span: spanOf(raw, around) };
  }

  #wrongType(value: YamlValue, what: string, wanted: string): null {
    this.problem(value.span, `${what}: must be ${wanted}, found ${describe(value.node)}`);
    return null;
  }
}

function spanOf(node: Node, around: Span): Span {
  return node.range ? { start: node.range[0], end: node.range[1] } : around;
}

function describe(node: Node | null): string {
  if (isMap(node)) return "a mapping";
  if (isSeq(node)) return "a list";
  if (!isScalar(node) || node.value === null) return "nothing";
  return typeof node.value === "string" ? "a string" : `\`${String(node.value)}\``;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
