/**
 * Tables on LanceDB.
 *
 *   pin { table: "nodes/12", branch, version }   <graph root>/nodes/12.lance, lineage of that Lance branch, that version
 *
 * Invariants:
 * - A version that a pin names is never changed; a write adds versions on top, one after the other.
 * - A write only counts when every version it made follows the previous one by exactly 1. Lance rebases a commit onto
 *   whatever is newest, so a gap means that another writer's rows are underneath.
 * - What lies on top of the base in a lineage (left over by a dead writer, or unpublished work of a live one) is covered
 *   by restoring the base as a new version; abandoned versions stay below, unpinned.
 * - Everything a returned pin needs is synced.
 *
 * What LanceDB 0.31 does, as far as this file builds on it (tried out, the tests repeat it):
 * - A fork starts with the version number it was forked at and continues counting from there.
 * - Creating a branch writes its first manifest, then the ref; without the ref (a crash in between) creating it again fails
 *   but it can be checked out and written. A failed create changes nothing.
 * - `overwrite` takes the rows and the schema of the given batch, in one version; primary key and stable row ids remain.
 * - A scan without a filter gives the rows of the fragments in order, whatever the columns; updated rows move to the end.
 * - `delete` in SQL compares byte by byte; quoting the quote is all that is needed, NUL and line breaks included.
 * - With stable row ids the library caches the row ids of a fragment by the fragment's number alone. Overwriting a table, or
 *   making it again at the same place, starts the numbers anew: later upserts then fail or hit the wrong rows. So tables are
 *   made without stable row ids, and rows are known by `id` only.
 * - A fork inherits the names of its parent's indexes, and looks for their files in the wrong place when the parent is not
 *   main: every look-up then fails. Without their names it works, so the first write of such a fork drops them.
 * - `IN` of a filter compares byte by byte too, and costs a scan of the one column.
 * - Reading or restoring a version needs none of the versions, transactions or hints in between, but a torn manifest
 *   anywhere in the lineage keeps it from being opened.
 */
import type { AnyType } from "../schema/catalog.ts";
import { assert, InvariantError, must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import { decodeRecords } from "./arrow_read.ts";
import { encodeRecords } from "./arrow_write.ts";
import { columnNames, newTableColumns, type RecordColumns } from "./columns.ts";
import { loadLance, type NativeConnection, type NativeTable } from "./lance_library.ts";
import { type LanceRoot, LocalRoot } from "./lance_root.ts";
import {
  isInPieces,
  PIECES_MAX,
  planChange,
  planReplace,
  sqlTexts,
  type Start,
  type Step,
  wholeParts,
} from "./lance_steps.ts";
import type { RowFilter, TablePin, TableStore, TableWrite, TableWriteResult } from "./table_store.ts";

/** Rows per batch of a scan. Smaller ones cost calls, larger ones are slower for strings. */
const SCAN_ROWS = 131_072;
/** Values of a filter that are looked for in one scan. */
const FILTER_VALUES_MAX = 4096;
/** Open tables kept for further reads of the same pin. */
const OPEN_PINS_MAX = 64;

/** Longest pause before the first repetition, milliseconds. */
const RETRY_PAUSE_MS = 200;

/** The tables of one graph. Loads LanceDB on first use. */
export class LanceTables implements TableStore {
  readonly #root: LanceRoot;
  readonly #connections = new Map<string, Promise<NativeConnection>>();
  /** By pin; least recently used first. */
  readonly #pinned = new Map<string, Promise<NativeTable>>();

  /** @param root root of the graph; a text is the absolute path of a folder */
  constructor(root: LanceRoot | string) {
    this.#root = typeof root === "string" ? new LocalRoot(root) : root;
  }

  async read(
    pin: TablePin,
    type: AnyType,
    columns: readonly string[],
    filter?: RowFilter,
  ): Promise<RecordColumns> {
    if (pin.version === 0 || columns.length === 0) {
      const empty = newTableColumns(type);
      const named = columns.map((name) => [name, empty.get(name)!] as const);
      return { length: pin.version === 0 ? 0 : pin.rows, columns: new Map(named) };
    }
    return await this.#attempts("read", pin.table, async () => {
      const table = await this.#openPin(pin);
      if (filter !== undefined) return decodeRecords(type, columns, await scanRows(table, columns, filter));
      const record = decodeRecords(type, columns, await scan(table, columns));
      if (record.length === pin.rows) return record;
      throw new AppError(
        "integrity_error",
        `table \`${pin.table}\` version ${pin.version}: has ${record.length} rows instead of ${pin.rows}`,
      );
    });
  }

  async write(
    base: TablePin,
    type: AnyType,
    branch: string | null,
    write: TableWrite,
  ): Promise<TableWriteResult> {
    checkWrite(base, branch, write);
    const added = (write.inserts?.length ?? 0) + (write.updates?.length ?? 0);
    const changesNothing = !write.replaceAll && added === 0 && write.deletes.length === 0;
    if (changesNothing || (base.version === 0 && added === 0)) return base;
    return await this.#attempts("write", base.table, () => this.#write(base, type, branch, write));
  }

  /** What a failed attempt left in a table is for the next one what a dead writer leaves. */
  async #attempts<T>(action: string, table: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1;; attempt++) {
      try {
        return await work();
      } catch (error) {
        const told = failure(action, table, error);
        if (told === error || attempt >= this.#root.attemptsMax) throw told;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * RETRY_PAUSE_MS * attempt));
      }
    }
  }

  async #write(
    base: TablePin,
    type: AnyType,
    branch: string | null,
    write: TableWrite,
  ): Promise<TableWriteResult> {
    const lineage = { table: base.table, branch };
    await this.#root.prepare(folderOf(base.table));
    // A base in the same lineage was published, so what is there is durable.
    const before = this.#root.look(lineage, base.version > 0 && branch === base.branch);
    const start = base.version === 0
      ? await this.#startNew(base.table, type, branch, write)
      : await this.#startOn(base, branch);
    const steps = write.replaceAll || base.version === 0
      ? planReplace(start, type, write)
      : planChange(start, type, write, {
        version: base.version,
        wholeBase: start.holds === "other" || await isWornOut(start)
          ? await this.read(base, type, columnNames(type))
          : null,
        strayIndexes: await this.#strayIndexes(base, branch),
      });
    const version = await this.#run(start, steps, base.table, branch);
    if (version === null) return null;
    const rows = await start.table.countRows(null);
    assert(
      rows === rowsAfter(base, write),
      `the table ${base.table} has the rows of its base and of the write`,
    );
    await this.#root.settle(lineage, before);
    return { table: base.table, branch, version, rows };
  }

  /** Runs the steps; the version of the last one, or null when another writer got in between. */
  async #run(
    start: Start,
    steps: readonly Step[],
    name: string,
    branch: string | null,
  ): Promise<number | null> {
    let version = start.version;
    for (const step of steps) {
      let result: Awaited<ReturnType<Step["run"]>>;
      try {
        result = await step.run(start.table);
      } catch (error) {
        // Lance tells conflicts from other failures only in words; what counts is whether somebody else wrote.
        const newest = await (await this.#openNewest(name, branch)).version();
        if (newest > version) return null;
        throw error;
      }
      if (result.version !== version + 1) return null;
      version = result.version;
      assert(
        result.touched === step.touches,
        `${step.name} meets ${step.touches} rows, not ${result.touched}`,
      );
    }
    return version;
  }

  /** Opens the lineage to change, forking it first where needed. */
  async #startOn(base: TablePin, branch: string | null): Promise<Start> {
    if (branch !== base.branch) return await this.#startFork(base, must(branch, "main is never forked to"));
    const table = await this.#openNewest(base.table, branch);
    const version = await table.version();
    assert(
      version >= base.version,
      `${base.table} is at version ${version}, before the pinned ${base.version}`,
    );
    return { table, version, holds: version === base.version ? "base" : "later" };
  }

  /** For the first write of a table: what is there already is no part of the base. */
  async #startNew(name: string, type: AnyType, branch: string | null, write: TableWrite): Promise<Start> {
    const connection = await this.#connection(name);
    const first = branch === null ? wholeParts(type, write) : [{ length: 0, columns: newTableColumns(type) }];
    let table: NativeTable;
    try {
      table = await connection.createTable(tableOf(name), encodeRecords(type, first), "create", [], {});
      if (branch === null) return { table, version: await table.version(), holds: "write" };
    } catch (creating) {
      table = await this.#openNewest(name, null).catch(() => Promise.reject(creating));
    }
    if (branch !== null) ({ table } = await this.#fork(name, branch, null, await table.version()));
    return { table, version: await table.version(), holds: "other" };
  }

  async #startFork(base: TablePin, branch: string): Promise<Start> {
    const { table, isNew } = await this.#fork(base.table, branch, base.branch, base.version);
    const version = await table.version();
    if (isNew) return { table, version, holds: "base" };
    // Somebody forked it before. The names of branches are made once, so it was from the same base unless something
    // went badly wrong; then the base is copied.
    const ref = (await (await table.branches()).list())[branch];
    const sameBase = ref === undefined
      ? await holdsVersion(table, branch, base.version)
      : (ref.parentBranch ?? null) === base.branch && ref.parentVersion === base.version;
    return { table, version, holds: !sameBase ? "other" : version === base.version ? "base" : "later" };
  }

  /** A handle on the newest version of a branch, which is forked from the given version when it does not exist. */
  async #fork(
    name: string,
    branch: string,
    from: string | null,
    version: number,
  ): Promise<{ table: NativeTable; isNew: boolean }> {
    try {
      return { table: await this.#openNewest(name, branch), isNew: false };
    } catch {
      const main = await this.#openNewest(name, null);
      try {
        return { table: await (await main.branches()).create(branch, from, version), isNew: true };
      } catch (creating) {
        // Another writer may have been quicker.
        const table = await this.#openNewest(name, branch).catch(() => Promise.reject(creating));
        return { table, isNew: false };
      }
    }
  }

  /** The indexes that a fork of another branch than main inherits, without their files. */
  async #strayIndexes(base: TablePin, branch: string | null): Promise<readonly string[]> {
    if (branch === base.branch || base.branch === null) return [];
    return (await (await this.#openPin(base)).listIndices()).map(({ name }) => name);
  }

  #openPin(pin: TablePin): Promise<NativeTable> {
    const key = `${pin.table} ${pin.branch ?? ""} ${pin.version}`;
    let opening = this.#pinned.get(key);
    this.#pinned.delete(key);
    if (opening === undefined) {
      opening = this.#openVersion(pin);
      opening.catch(() => this.#pinned.delete(key));
    }
    this.#pinned.set(key, opening);
    if (this.#pinned.size > OPEN_PINS_MAX) this.#pinned.delete(this.#pinned.keys().next().value!);
    return opening;
  }

  async #openVersion(pin: TablePin): Promise<NativeTable> {
    const main = await this.#openNewest(pin.table, null);
    if (pin.branch !== null) return await (await main.branches()).checkout(pin.branch, pin.version);
    await main.checkout(pin.version);
    return main;
  }

  /** A handle on the newest version of a lineage, free of the traces of a power loss. */
  async #openNewest(name: string, branch: string | null): Promise<NativeTable> {
    const open = async () => {
      const main = await (await this.#connection(name)).openTable(tableOf(name), [], {}, null);
      return branch === null ? main : await (await main.branches()).checkout(branch, null);
    };
    try {
      return await open();
    } catch (error) {
      if (!this.#root.mend({ table: name, branch })) throw error;
      return await open();
    }
  }

  #connection(name: string): Promise<NativeConnection> {
    const folder = folderOf(name);
    let connection = this.#connections.get(folder);
    if (connection === undefined) {
      connection = loadLance().then((library) => this.#root.connect(library, folder));
      connection.catch(() => this.#connections.delete(folder));
      this.#connections.set(folder, connection);
    }
    return connection;
  }
}

/** The Arrow IPC files of a scan for some rows. */
async function scanRows(
  table: NativeTable,
  columns: readonly string[],
  { column, values }: RowFilter,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const files: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0; start < values.length; start += FILTER_VALUES_MAX) {
    const predicate = `${column} IN (${sqlTexts(values.slice(start, start + FILTER_VALUES_MAX))})`;
    files.push(...await scan(table, columns, predicate));
  }
  return files;
}

/** The Arrow IPC files of a scan, in order. */
async function scan(
  table: NativeTable,
  columns: readonly string[],
  predicate?: string,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const query = table.query();
  query.selectColumns(columns);
  if (predicate !== undefined) query.onlyIf(predicate);
  const batches = await query.execute(SCAN_ROWS);
  const files: Uint8Array<ArrayBuffer>[] = [];
  for (let file = await batches.next(); file !== null; file = await batches.next()) files.push(file);
  return files;
}

/** Whether a lineage is better written whole; each fragment took a version, so young ones need no look. */
async function isWornOut({ table, version }: Start): Promise<boolean> {
  return version >= PIECES_MAX && isInPieces(await table.stats());
}

async function holdsVersion(table: NativeTable, branch: string, version: number): Promise<boolean> {
  try {
    await (await table.branches()).checkout(branch, version);
    return true;
  } catch {
    return false;
  }
}

function checkWrite(base: TablePin, branch: string | null, write: TableWrite): void {
  assert(/^[a-z]+\/[0-9A-Za-z_-]+$/.test(base.table), `a table is named \`folder/name\`, not ${base.table}`);
  assert(
    branch === null || (/^[0-9A-Za-z_-]+$/.test(branch) && branch !== "main"),
    `${branch} can name a branch`,
  );
  assert(branch !== null || base.branch === null, "a branch is never written to the main lineage");
  if (base.version !== 0 && !write.replaceAll) return;
  assert(
    write.replaceAll || write.updates === null || write.updates.length === 0,
    "an empty table has no row to update",
  );
  assert(write.deletes.length === 0 || write.replaceAll, "an empty table has no row to delete");
}

function rowsAfter(base: TablePin, write: TableWrite): number {
  const inserts = write.inserts?.length ?? 0;
  if (write.replaceAll) return inserts + (write.updates?.length ?? 0);
  return base.rows + inserts - write.deletes.length;
}

/** `nodes` of `nodes/12`. */
function folderOf(name: string): string {
  return name.slice(0, name.indexOf("/"));
}

/** `12` of `nodes/12`. */
function tableOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

function failure(action: string, name: string, error: unknown): Error {
  if (error instanceof AppError || error instanceof InvariantError) return error;
  // Lance appends places in its own source and repeats itself as the cause: the first part says it all.
  const message = (error instanceof Error ? error.message : String(error)).split(/, \/|\n/, 1)[0]!;
  return new AppError("storage_error", `cannot ${action} table \`${name}\`: ${message}`, { cause: error });
}
