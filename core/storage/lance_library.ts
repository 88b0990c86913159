/**
 * Loads LanceDB's native library, and names the part of it that we use.
 *
 * The classes behind `@lancedb/lancedb` are used without its wrapper: they take and give Arrow IPC buffers, which our own
 * columns are written to and read from directly. Loading takes 30 ms instead of 80 with the wrapper, which brings
 * apache-arrow along.
 */

/** An open table: a branch at a version, or following the newest one. */
export interface NativeTable {
  version(): Promise<number>;
  countRows(filter: string | null): Promise<number>;
  stats(): Promise<NativeStats>;
  query(): NativeQuery;
  /** `data` is an Arrow IPC file with at least one batch, which may be empty. */
  add(data: Uint8Array, mode: "append" | "overwrite"): Promise<{ readonly version: number }>;
  delete(predicate: string): Promise<{ readonly version: number; readonly numDeletedRows: number }>;
  mergeInsert(on: readonly string[]): NativeMerge;
  /** Pins this handle to a version of its branch. */
  checkout(version: number): Promise<void>;
  /** Commits the checked-out version again as the newest one and follows the newest one from then on. */
  restore(): Promise<void>;
  branches(): Promise<NativeBranches>;
  listIndices(): Promise<readonly { readonly name: string }[]>;
  /** Forgets an index, which makes a version; its files are not touched. */
  dropIndex(name: string): Promise<void>;
}

/** What a version consists of. */
export interface NativeStats {
  readonly totalBytes: number;
  readonly numRows: number;
  readonly fragmentStats: { readonly numFragments: number };
}

/** A scan to be configured and run. */
export interface NativeQuery {
  selectColumns(columns: readonly string[]): void;
  /** Keeps the rows that satisfy an SQL predicate. */
  onlyIf(predicate: string): void;
  execute(maxBatchLength: number): Promise<{ next(): Promise<Uint8Array<ArrayBuffer> | null> }>;
}

/** An upsert to be configured and run. Source rows without a match are dropped unless told otherwise. */
export interface NativeMerge {
  whenMatchedUpdateAll(condition: null): NativeMerge;
  execute(data: Uint8Array): Promise<{ readonly version: number; readonly numUpdatedRows: number }>;
}

/** The branches of one table. Handles they give are of the branch. */
export interface NativeBranches {
  /** Forks; the new branch starts with the version number of its parent. Fails when the branch exists. */
  create(name: string, fromBranch: string | null, fromVersion: number): Promise<NativeTable>;
  checkout(name: string, version: number | null): Promise<NativeTable>;
  list(): Promise<Record<string, { readonly parentBranch?: string | null; readonly parentVersion: number }>>;
}

/** A folder of tables. */
export interface NativeConnection {
  openTable(
    name: string,
    namespace: readonly string[],
    storageOptions: Record<string, string>,
    indexCacheSize: null,
  ): Promise<NativeTable>;
  /** Fails when the table exists. */
  createTable(
    name: string,
    data: Uint8Array,
    mode: "create",
    namespace: readonly string[],
    storageOptions: Record<string, string>,
  ): Promise<NativeTable>;
}

interface NativeModule {
  Connection: { new: (uri: string, options: Record<string, unknown>) => Promise<NativeConnection> };
  Session: new (indexCacheBytes: bigint, metadataCacheBytes: bigint) => object;
}

/** The library, with its one session. */
export interface LanceLibrary {
  /** Connects to a folder of tables, with what its store needs to be told. Touches nothing. */
  connect(uri: string, storageOptions: Readonly<Record<string, string>>): Promise<NativeConnection>;
}

/** Lance's own cache limits are 6 GB and 1 GB; ours leave the memory to the column cache. */
const INDEX_CACHE_BYTES = 1n << 30n;
const METADATA_CACHE_BYTES = 256n << 20n;
/** With fewer compute threads, building a full-text index over 100,000 documents never ends. */
const CPU_THREADS_MIN = 4;

let library: Promise<LanceLibrary> | null = null;

/** Loads the library on the first call. */
export function loadLance(): Promise<LanceLibrary> {
  return library ??= load();
}

async function load(): Promise<LanceLibrary> {
  const { createRequire } = await import("node:module");
  const require = createRequire(import.meta.resolve("@lancedb/lancedb"));
  prepareEnvironment();
  // The loader otherwise looks at /usr/bin/ldd, or runs it, to find out which C library there is. Naming the file
  // ourselves keeps both out of the permissions. Other packages read the same variable: it does not stay.
  const named = setVariable("NAPI_RS_NATIVE_LIBRARY_PATH", () => require.resolve(nativeFile()));
  let native: NativeModule;
  try {
    native = require("./native.js") as NativeModule;
  } finally {
    if (named) Deno.env.delete("NAPI_RS_NATIVE_LIBRARY_PATH");
  }
  const session = new native.Session(INDEX_CACHE_BYTES, METADATA_CACHE_BYTES);
  return {
    connect: (uri, storageOptions) =>
      native.Connection.new(uri, {
        session,
        storageOptions,
        // Without this every connect makes a `__manifest` table of tables beside ours; we know our tables.
        namespaceClientProperties: { manifest_enabled: "false" },
      }),
  };
}

/** The library reads these when it is loaded; later is too late. */
function prepareEnvironment(): void {
  const cores = navigator.hardwareConcurrency;
  setVariable("LANCE_CPU_THREADS", () => String(Math.max(cores, CPU_THREADS_MIN)));
  // It would warn on the error stream about every table that is created.
  setVariable("LANCEDB_LOG", () => "error");
}

/**
 * Sets an environment variable unless the operator did, or unless the process may not: then what the operator
 * set outside (or the default) holds.
 */
function setVariable(name: string, value: () => string): boolean {
  try {
    if (Deno.env.get(name) !== undefined) return false;
    Deno.env.set(name, value());
    return true;
  } catch {
    return false;
  }
}

/** Absolute path of the file with the native code for this platform: what `--allow-ffi` must name. Loads nothing. */
export async function lanceLibraryPath(): Promise<string> {
  const { createRequire } = await import("node:module");
  return createRequire(import.meta.resolve("@lancedb/lancedb")).resolve(nativeFile());
}

/** The file with the native code for this platform, as a module path. */
function nativeFile(): string {
  const [machine, , system, abi] = Deno.build.target.split("-");
  const arch = machine === "x86_64" ? "x64" : "arm64";
  const platform = Deno.build.os === "windows"
    ? `win32-${arch}-msvc`
    : Deno.build.os === "darwin"
    ? `darwin-${arch}`
    : `${system}-${arch}-${abi}`;
  return `@lancedb/lancedb-${platform}/lancedb.${platform}.node`;
}
