/** The object store in memory: for tests and for computing without a disk. */
import { checkKey, checkPrefix, joinKey } from "./keys.ts";
import type { ObjectStore, PutResult, StoredObject } from "./object_store.ts";

/** A new, empty store. Bytes are copied on the way in and out. */
export function createMemoryStore(): ObjectStore {
  return new MemoryStore({ objects: new Map(), nextVersion: 1 }, "");
}

interface Content {
  readonly objects: Map<string, StoredObject>;
  /** Tokens count writes, so that equal content written twice still has two versions. */
  nextVersion: number;
}

class MemoryStore implements ObjectStore {
  readonly #content: Content;
  readonly #prefix: string;

  constructor(content: Content, prefix: string) {
    this.#content = content;
    this.#prefix = prefix;
  }

  get uri(): string {
    return joinKey("memory:", this.#prefix);
  }

  get(key: string): Promise<StoredObject | null> {
    return settle(() => {
      const found = this.#content.objects.get(this.#full(key));
      return found === undefined ? null : { bytes: found.bytes.slice(), version: found.version };
    });
  }

  exists(key: string): Promise<boolean> {
    return settle(() => this.#content.objects.has(this.#full(key)));
  }

  put(key: string, bytes: Uint8Array): Promise<{ readonly version: string }> {
    return settle(() => this.#set(this.#full(key), bytes));
  }

  putIfAbsent(key: string, bytes: Uint8Array): Promise<PutResult> {
    return settle(() => {
      const full = this.#full(key);
      return this.#content.objects.has(full) ? null : this.#set(full, bytes);
    });
  }

  putIfMatch(key: string, bytes: Uint8Array, version: string): Promise<PutResult> {
    return settle(() => {
      const full = this.#full(key);
      return this.#content.objects.get(full)?.version === version ? this.#set(full, bytes) : null;
    });
  }

  delete(key: string): Promise<void> {
    return settle(() => void this.#content.objects.delete(this.#full(key)));
  }

  deleteIfMatch(key: string, version: string): Promise<boolean> {
    return settle(() => {
      const full = this.#full(key);
      const found = this.#content.objects.get(full);
      if (found !== undefined && found.version !== version) return false;
      this.#content.objects.delete(full);
      return true;
    });
  }

  list(prefix: string): Promise<string[]> {
    return settle(() => {
      const start = folderStart(joinKey(this.#prefix, checkPrefix(prefix)));
      const names: string[] = [];
      for (const key of this.#content.objects.keys()) {
        if (key.startsWith(start) && !key.includes("/", start.length)) names.push(key.slice(start.length));
      }
      return names.sort();
    });
  }

  folders(prefix: string): Promise<string[]> {
    return settle(() => {
      const names = this.#relativeKeys(prefix).filter((key) => key.includes("/")).map((key) =>
        key.split("/")[0]!
      );
      return [...new Set(names)].sort();
    });
  }

  listTree(prefix: string): Promise<string[]> {
    return settle(() => this.#relativeKeys(prefix).sort());
  }

  prefixExists(prefix: string): Promise<boolean> {
    return settle(() => this.#keysAt(prefix).length > 0);
  }

  deletePrefix(prefix: string): Promise<void> {
    return settle(() => {
      for (const key of this.#keysAt(prefix)) this.#content.objects.delete(key);
    });
  }

  under(prefix: string): ObjectStore {
    return new MemoryStore(this.#content, joinKey(this.#prefix, checkPrefix(prefix)));
  }

  #full(key: string): string {
    return joinKey(this.#prefix, checkKey(key));
  }

  #set(key: string, bytes: Uint8Array): { readonly version: string } {
    const version = String(this.#content.nextVersion++);
    this.#content.objects.set(key, { bytes: bytes.slice(), version });
    return { version };
  }

  /** Keys under a prefix, relative to it. */
  #relativeKeys(prefix: string): string[] {
    const start = folderStart(joinKey(this.#prefix, checkPrefix(prefix)));
    return [...this.#content.objects.keys()].filter((key) => key.startsWith(start)).map((key) =>
      key.slice(start.length)
    );
  }

  /** Keys at or under a prefix. */
  #keysAt(prefix: string): string[] {
    const whole = joinKey(this.#prefix, checkPrefix(prefix));
    const start = folderStart(whole);
    return [...this.#content.objects.keys()].filter((key) => key === whole || key.startsWith(start));
  }
}

function folderStart(prefix: string): string {
  return prefix === "" ? "" : `${prefix}/`;
}

/** Runs at once; a throw becomes a rejection, as with any other store. */
function settle<T>(action: () => T): Promise<T> {
  try {
    return Promise.resolve(action());
  } catch (error) {
    return Promise.reject(error);
  }
}
