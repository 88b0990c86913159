/** Reads stored control-plane JSON member by member; the first wrong member ends the reading with its path. */
import type { Json } from "../base/json.ts";
import { parseJson } from "../base/lossless_json.ts";
import { AppError } from "../errors.ts";
import type { JsonObject } from "./ledger.ts";

/** A stored file that is not what it should be. The message names the member. */
export class StoredJsonError extends Error {
  override readonly name = "StoredJsonError";
}

/** Parses bytes as one JSON object. */
export function parseObject(bytes: Uint8Array): StrictObject {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new StoredJsonError("not JSON: the file is not UTF-8 text");
  }
  try {
    parseJson(text); // refuses what the platform's parser takes silently, and says where
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new StoredJsonError(error.message);
  }
  return new StrictObject(JSON.parse(text) as Json, "");
}

/** One object being read: what was not asked for is left over. */
export class StrictObject {
  readonly #path: string;
  readonly #members: JsonObject;
  readonly #known = new Set<string>();

  constructor(value: Json | undefined, path: string) {
    if (value === null || value === undefined || typeof value !== "object" || Array.isArray(value)) {
      throw new StoredJsonError(`${path === "" ? "the file" : `\`${path}\``} must be an object`);
    }
    this.#members = value as JsonObject;
    this.#path = path;
  }

  /** A string. */
  text(key: string): string {
    const value = this.raw(key);
    return typeof value === "string" ? value : this.#fail(key, "a string");
  }

  /** A string; null when null or absent. */
  textOrNull(key: string): string | null {
    return this.raw(key) == null ? null : this.text(key);
  }

  /** A whole number from 0 up. */
  count(key: string): number {
    const value = this.raw(key);
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.#fail(key, "a whole number");
  }

  /** A whole number; null when null or absent. */
  countOrNull(key: string): number | null {
    return this.raw(key) == null ? null : this.count(key);
  }

  /** A list of strings; null when null or absent. */
  textsOrNull(key: string): string[] | null {
    const value = this.raw(key);
    if (value == null) return null;
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.#fail(key, "a list of strings");
  }

  /** A list of objects. */
  objects(key: string): StrictObject[] {
    const value = this.raw(key);
    if (!Array.isArray(value)) return this.#fail(key, "a list");
    return value.map((item: Json, index) => new StrictObject(item, `${this.#pathOf(key)}[${index}]`));
  }

  /** A nested object; null when null or absent. */
  objectOrNull(key: string): StrictObject | null {
    const value = this.raw(key);
    return value == null ? null : new StrictObject(value, this.#pathOf(key));
  }

  /** A map of objects; empty when absent. */
  map<Item>(key: string, read: (object: StrictObject) => Item): Map<string, Item> {
    const object = this.objectOrNull(key);
    const items = new Map<string, Item>();
    if (object === null) return items;
    for (const name of Object.keys(object.#members).sort()) {
      items.set(name, read(new StrictObject(object.#members[name], `${this.#pathOf(key)}.${name}`)));
    }
    return items;
  }

  /** One word of a closed list. */
  word<Word extends string>(key: string, words: readonly Word[]): Word {
    const value = this.text(key);
    return words.find((word) => word === value) ?? this.#fail(key, `one of ${words.join(", ")}`);
  }

  /** The member as it stands; undefined when absent. */
  raw(key: string): Json | undefined {
    this.#known.add(key);
    return Object.hasOwn(this.#members, key) ? this.#members[key] : undefined;
  }

  /** All members as they stand. */
  whole(): JsonObject {
    return this.#members;
  }

  /** Members nobody asked for. */
  rest(): JsonObject {
    return Object.fromEntries(Object.entries(this.#members).filter(([key]) => !this.#known.has(key)));
  }

  /** Refuses members nobody asked for. */
  end(): void {
    const [unknown] = Object.keys(this.rest());
    if (unknown !== undefined) throw new StoredJsonError(`unknown member \`${this.#pathOf(unknown)}\``);
  }

  #pathOf(key: string): string {
    return this.#path === "" ? key : `${this.#path}.${key}`;
  }

  #fail(key: string, wanted: string): never {
    throw new StoredJsonError(`\`${this.#pathOf(key)}\` must be ${wanted}`);
  }
}
