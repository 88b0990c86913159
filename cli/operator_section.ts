/** One map of the operator config: typed members, and what nobody asked for. */
import { AppError } from "../core/errors.ts";

/** Reads members of one map and remembers which; a wrong type throws `AppError` naming the file and the member. */
export class ConfigSection {
  /** The file, for messages. */
  readonly path: string;
  readonly #name: string;
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();
  readonly #sections: ConfigSection[] = [];

  /** `name` is where the map stands, `""` for the whole file. An absent or empty map has no members. */
  constructor(value: unknown, path: string, name: string) {
    this.path = path;
    this.#name = name;
    const isMap = typeof value === "object" && !Array.isArray(value);
    if (value !== undefined && !isMap) {
      throw this.error(`${name === "" ? "the file" : `\`${name}\``} must be a map`);
    }
    this.#members = (value ?? {}) as Readonly<Record<string, unknown>>;
  }

  /** The member as it stands; undefined when absent. */
  raw(key: string): unknown {
    this.#asked.add(key);
    return Object.hasOwn(this.#members, key) ? this.#members[key] : undefined;
  }

  /** A string; null when absent. */
  text(key: string): string | null {
    const value = this.raw(key) ?? null;
    return value === null || typeof value === "string" ? value : this.fail(key, "a string");
  }

  /** One word of a closed list; null when absent. */
  word<Word extends string>(key: string, words: readonly Word[]): Word | null {
    const value = this.text(key);
    if (value === null) return null;
    return words.find((word) => word === value) ?? this.fail(key, `one of ${words.join(", ")}`);
  }

  /** A whole number from 1 up; null when absent. */
  count(key: string): number | null {
    const value = this.raw(key) ?? null;
    if (value === null || (typeof value === "number" && Number.isSafeInteger(value) && value >= 1)) {
      return value;
    }
    return this.fail(key, "a whole number from 1 up");
  }

  /** A map inside this one, empty when absent. */
  section(key: string): ConfigSection {
    const section = new ConfigSection(this.raw(key), this.path, this.#nameOf(key));
    this.#sections.push(section);
    return section;
  }

  /** A map of maps under free names. */
  each<Item>(key: string, read: (section: ConfigSection) => Item): Map<string, Item> {
    const names = this.section(key);
    return new Map(Object.keys(names.#members).map((name) => [name, read(names.section(name))]));
  }

  /** Full names of the members that nobody asked for, here and in the maps inside. */
  unknownKeys(): string[] {
    const own = Object.keys(this.#members).filter((key) => !this.#asked.has(key));
    return [
      ...own.map((key) => this.#nameOf(key)),
      ...this.#sections.flatMap((section) => section.unknownKeys()),
    ];
  }

  /** Refuses a member. */
  fail(key: string, wanted: string): never {
    throw this.error(`\`${this.#nameOf(key)}\` must be ${wanted}`);
  }

  /** An error about the file. */
  error(what: string): AppError {
    return new AppError("invalid_input", `operator config \`${this.path}\`: ${what}`);
  }

  #nameOf(key: string): string {
    return this.#name === "" ? key : `${this.#name}.${key}`;
  }
}
