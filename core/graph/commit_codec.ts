/**
 * Log objects as bytes, and the checks on reading them.
 *
 *   { "format": 1, "commits": [ first, second, … ] }
 *
 * The first commit lists all tables; each further commit of one object lists only the tables whose state differs from
 * the commit before it, so that grouping does not repeat the whole manifest.
 */
import { assert } from "../base/assert.ts";
import { isUlid } from "../base/ids.ts";
import { AppError } from "../errors.ts";
import type { TypeKey } from "../schema/catalog.ts";
import type { TablePin } from "../storage/table_store.ts";
import type {
  ChangeCounts,
  Commit,
  LogPlace,
  Operation,
  PendingDeltas,
  TableDelta,
  TableState,
} from "./commit.ts";

const FORMAT = 1;
const ENCODER = new TextEncoder();

/** Encoded rows of one commit: the JSON text of its `delta` member, or null for a commit without. */
export type DeltaText = string | null;

/** The bytes of a log object. `commit.delta` is ignored: the rows come as text that was encoded once for measuring. */
export function encodeLogObject(
  commits: readonly { readonly commit: Commit; readonly deltaText: DeltaText }[],
): Uint8Array {
  assert(commits.length > 0, "a log object has at least one commit");
  const texts: string[] = [];
  let before: Commit | null = null;
  for (const { commit, deltaText } of commits) {
    const tables = before === null ? commit.tables : changedTables(before.tables, commit.tables);
    const head = JSON.stringify({ ...commit, tables, delta: undefined });
    texts.push(deltaText === null ? head : `${head.slice(0, -1)},"delta":${deltaText}}`);
    before = commit;
  }
  return ENCODER.encode(`{"format":${FORMAT},"commits":[${texts.join(",")}]}`);
}

function changedTables(
  before: Readonly<Record<TypeKey, TableState>>,
  after: Readonly<Record<TypeKey, TableState>>,
): Record<TypeKey, TableState> {
  const changed: Record<TypeKey, TableState> = {};
  for (const [key, table] of Object.entries(after)) if (before[key] !== table) changed[key] = table;
  return changed;
}

/**
 * The commits of a log object, oldest first.
 *
 * @throws AppError `integrity_error` naming `key` when the object is damaged, `unsupported` when its format is newer.
 */
export function decodeLogObject(bytes: Uint8Array, key: string): readonly Commit[] {
  const reader = new Reader(key);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw reader.damaged("is not JSON", cause);
  }
  const object = reader.record(value, "the object");
  const format = reader.count(object, "format");
  if (format > FORMAT) {
    throw new AppError(
      "unsupported",
      `\`${key}\` has format ${format}: upgrade omnigraph, this release reads ${FORMAT}`,
    );
  }
  const commits: Commit[] = [];
  for (const item of reader.list(object, "commits")) {
    commits.push(reader.commit(item, commits.at(-1) ?? null));
  }
  if (commits.length === 0) throw reader.damaged("has no commits");
  return commits;
}

const OPERATIONS: ReadonlySet<string> = new Set(
  [
    "init",
    "load",
    "mutation",
    "merge",
    "revert",
    "schema_apply",
    "fold",
    "optimize",
    "end",
  ] satisfies Operation[],
);

type Fields = { readonly [name: string]: unknown };

/** Reads members and complains about the object they are in. */
class Reader {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  damaged(what: string, cause?: unknown): AppError {
    return new AppError(
      "integrity_error",
      `\`${this.#key}\` ${what}: the object is damaged, restore it from a copy`,
      { cause },
    );
  }

  record(value: unknown, what: string): Fields {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw this.damaged(`holds no object where ${what} belongs`);
    }
    return value as Fields;
  }

  list(fields: Fields, name: string): readonly unknown[] {
    const value = fields[name];
    if (!Array.isArray(value)) throw this.damaged(`holds no list in \`${name}\``);
    return value;
  }

  string(fields: Fields, name: string): string {
    const value = fields[name];
    if (typeof value !== "string") throw this.damaged(`holds no text in \`${name}\``);
    return value;
  }

  ulid(fields: Fields, name: string): string {
    const value = this.string(fields, name);
    if (!isUlid(value)) throw this.damaged(`holds no id in \`${name}\``);
    return value;
  }

  optional<T>(fields: Fields, name: string, read: (fields: Fields, name: string) => T): T | null {
    return fields[name] === null ? null : read.call(this, fields, name);
  }

  count(fields: Fields, name: string): number {
    const value = fields[name];
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw this.damaged(`holds no count in \`${name}\``);
    }
    return value as number;
  }

  strings(fields: Fields, name: string): readonly string[] {
    const list = this.list(fields, name);
    if (!list.every((item) => typeof item === "string")) throw this.damaged(`holds no texts in \`${name}\``);
    return list as readonly string[];
  }

  commit(value: unknown, before: Commit | null): Commit {
    const fields = this.record(value, "a commit");
    const operation = this.string(fields, "operation");
    if (!OPERATIONS.has(operation)) throw this.damaged(`names an unknown operation "${operation}"`);
    const commit: Commit = {
      id: this.ulid(fields, "id"),
      parent: this.optional(fields, "parent", this.ulid),
      mergedParent: this.optional(fields, "mergedParent", this.ulid),
      ...(fields.mergeBase === undefined ? {} : { mergeBase: this.ulid(fields, "mergeBase") }),
      ...(fields.mergedFrom === undefined ? {} : { mergedFrom: this.#place(fields.mergedFrom) }),
      branch: this.string(fields, "branch"),
      sequence: this.count(fields, "sequence"),
      actor: this.optional(fields, "actor", this.string),
      createdAt: this.count(fields, "createdAt"),
      operation: operation as Operation,
      schemaDigest: this.string(fields, "schemaDigest"),
      changes: this.#mapped(fields, "changes", (item) => this.#changes(item)),
      ...(fields.touched === undefined ? {} : { touched: this.strings(fields, "touched") }),
      tables: { ...before?.tables, ...this.#mapped(fields, "tables", (item) => this.#table(item)) },
      ...(fields.deletion === undefined ? {} : { deletion: this.ulid(fields, "deletion") }),
      ...(fields.purge === undefined ? {} : { purge: this.ulid(fields, "purge") }),
      ...(fields.purged === undefined ? {} : { purged: this.strings(fields, "purged") }),
    };
    if (before !== null && (commit.parent !== before.id || commit.sequence !== before.sequence + 1)) {
      throw this.damaged("holds commits that do not follow each other");
    }
    if (fields.delta === undefined) return commit;
    return { ...commit, delta: this.#mapped(fields, "delta", (item) => this.#delta(item)) };
  }

  #place(value: unknown): LogPlace {
    const fields = this.record(value, "`mergedFrom`");
    const ancestry = this.list(fields, "ancestry").map((item) => {
      const ancestor = this.record(item, "an ancestor");
      const sequence = this.count(ancestor, "sequence");
      return {
        incarnation: this.ulid(ancestor, "incarnation"),
        slot: this.count(ancestor, "slot"),
        sequence,
      };
    });
    return { incarnation: this.ulid(fields, "incarnation"), slot: this.count(fields, "slot"), ancestry };
  }

  #mapped<T>(fields: Fields, name: string, read: (value: Fields) => T): Record<string, T> {
    const target: Record<string, T> = {};
    for (const [key, value] of Object.entries(this.record(fields[name], `\`${name}\``))) {
      target[key] = read(this.record(value, `\`${key}\``));
    }
    return target;
  }

  #changes(fields: Fields): ChangeCounts {
    return {
      inserted: this.count(fields, "inserted"),
      updated: this.count(fields, "updated"),
      deleted: this.count(fields, "deleted"),
    };
  }

  #table(fields: Fields): TableState {
    return {
      pin: this.#pin(this.record(fields.pin, "`pin`")),
      rows: this.count(fields, "rows"),
      foldedThrough: this.count(fields, "foldedThrough"),
      ...(fields.pending === undefined
        ? {}
        : { pending: this.#pending(this.record(fields.pending, "`pending`")) }),
      ...(fields.changedAt === undefined ? {} : { changedAt: this.count(fields, "changedAt") }),
    };
  }

  #pin(fields: Fields): TablePin {
    return {
      table: this.string(fields, "table"),
      branch: this.optional(fields, "branch", this.string),
      version: this.count(fields, "version"),
      rows: this.count(fields, "rows"),
    };
  }

  #pending(fields: Fields): PendingDeltas {
    return {
      commits: this.count(fields, "commits"),
      rows: this.count(fields, "rows"),
      bytes: this.count(fields, "bytes"),
    };
  }

  #delta(fields: Fields): TableDelta {
    const rows = this.list(fields, "rows");
    if (!rows.every((row) => Array.isArray(row))) throw this.damaged("holds no lists in `rows`");
    return {
      columns: this.strings(fields, "columns"),
      rows: rows as readonly (readonly unknown[])[],
      deletes: this.strings(fields, "deletes"),
    };
  }
}
