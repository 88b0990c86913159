/**
 * The object store: whole objects under `/`-separated keys, with compare-and-swap.
 *
 * Every object has an opaque version token. Writes are atomic: a reader sees the whole old object or the whole new one.
 * A write that returned is durable (on a local disk: synced, with its directory). The loser of a race gets a result,
 * never an exception, and holds nothing: it reads again and decides anew.
 */

/** An object's bytes and the token of exactly this content. */
export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly version: string;
}

/** Result of a conditional put: the new version, or `null` when the condition did not hold. */
export type PutResult = { readonly version: string } | null;

/**
 * A line of writers before they race for objects, so that races are rarely lost. A courtesy: it guards nothing, and
 * correctness never depends on it.
 */
export interface Line {
  /**
   * Waits for the place at the front, no longer than `patienceMs`; then, or when it has the place already, it goes on.
   * Returns whether somebody else was there.
   */
  enter(patienceMs: number): Promise<boolean>;
  /** Lets the next one have the place; does nothing without it. */
  leave(): void;
  /** Leaves, and lets go of what lining up needs; entering again is possible. */
  close(): void;
}

/** Whole-object storage with compare-and-swap. Keys are relative, without leading `/`, `.` or `..` segments. */
export interface ObjectStore {
  /** Where the store is, as shown to people: an absolute path or a URI. */
  readonly uri: string;
  /** The object, or null when missing. */
  get(key: string): Promise<StoredObject | null>;
  /** Whether the object exists. */
  exists(key: string): Promise<boolean>;
  /** Writes unconditionally. */
  put(key: string, bytes: Uint8Array): Promise<{ readonly version: string }>;
  /** Writes only if no object has this key. Of any number of racing callers exactly one wins. */
  putIfAbsent(key: string, bytes: Uint8Array): Promise<PutResult>;
  /** Writes only if the object's current version is `version`. */
  putIfMatch(key: string, bytes: Uint8Array, version: string): Promise<PutResult>;
  /** Removes the object; succeeds when it is missing. */
  delete(key: string): Promise<void>;
  /** Removes the object unless it has another version than `version`; returns whether it is gone, succeeds when it was. */
  deleteIfMatch(key: string, version: string): Promise<boolean>;
  /** Names (not keys) of the objects directly under `prefix` (no trailing `/`), ascending by code unit; a missing prefix is empty. */
  list(prefix: string): Promise<string[]>;
  /** Names of the folders directly under `prefix`, ascending by code unit: what comes before the next `/` of longer keys. */
  folders(prefix: string): Promise<string[]>;
  /** Keys, relative to `prefix`, of all objects under it however deep, ascending by code unit; a missing prefix is empty. */
  listTree(prefix: string): Promise<string[]>;
  /** Whether anything exists at or under the prefix; on a local disk also an empty folder. */
  prefixExists(prefix: string): Promise<boolean>;
  /** Removes everything under the prefix; idempotent. */
  deletePrefix(prefix: string): Promise<void>;
  /** A view of the same store whose keys are under `prefix`. */
  under(prefix: string): ObjectStore;
  /** The line at a prefix, shared by all processes of this machine. Only where lining up costs no requests. */
  line?(prefix: string): Line;
}
