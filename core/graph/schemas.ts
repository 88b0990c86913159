/** Accepted schemas of a graph: `__manifest/schemas/<contract digest hex>.json`, content-addressed, cached. */
import { AppError } from "../errors.ts";
import type { AcceptedSchema } from "../schema/accept.ts";
import { readContract, writeContract } from "../schema/contract.ts";
import type { ObjectStore } from "../storage/object_store.ts";

/** Reads and stores the accepted schemas of one graph. */
export class SchemaStore {
  readonly #store: ObjectStore;
  readonly #loaded = new Map<string, Promise<AcceptedSchema>>();

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** The schema that commits pin by this digest. Throws `AppError("integrity_error")` when it is missing or damaged. */
  load(digest: string): Promise<AcceptedSchema> {
    let loading = this.#loaded.get(digest);
    if (loading === undefined) {
      loading = this.#read(digest);
      this.#loaded.set(digest, loading);
      loading.catch(() => this.#loaded.delete(digest));
    }
    return loading;
  }

  /** Stores a schema under its digest. Such objects are never removed: a commit may come to pin them at any time. */
  async save(accepted: AcceptedSchema): Promise<void> {
    const bytes = new TextEncoder().encode(writeContract(accepted));
    await this.#store.putIfAbsent(schemaKey(accepted.digests.contract), bytes);
    this.#loaded.set(accepted.digests.contract, Promise.resolve(accepted));
  }

  async #read(digest: string): Promise<AcceptedSchema> {
    const key = schemaKey(digest);
    const found = await this.#store.get(key);
    if (found === null) {
      throw new AppError(
        "integrity_error",
        `\`${key}\` is missing: the graph has no schema, restore it from a copy`,
      );
    }
    try {
      return readContract(new TextDecoder("utf-8", { ignoreBOM: true }).decode(found.bytes));
    } catch (cause) {
      throw new AppError("integrity_error", `\`${key}\` is no accepted schema: restore it from a copy`, {
        cause,
      });
    }
  }
}

/** Key of a schema object; digests are spelled with or without `sha256:`. */
function schemaKey(digest: string): string {
  return `__manifest/schemas/${digest.replace(/^sha256:/, "")}.json`;
}
