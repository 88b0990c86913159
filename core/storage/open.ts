/** Opens the storage that an address names. */
import { AppError } from "../errors.ts";
import { LanceTables } from "./lance_tables.ts";
import { createLocalStore } from "./local_store.ts";
import type { ObjectStore } from "./object_store.ts";
import type { TableStore } from "./table_store.ts";
import { showUri, type StorageUri } from "./uri.ts";

/** The object store at an address. Touches nothing yet. Throws `AppError("unsupported")` for S3. */
export function openObjectStore(uri: StorageUri): ObjectStore {
  return createLocalStore(localPath(uri));
}

/**
 * The tables of the graph whose root is `graphRoot`. Touches nothing yet and loads LanceDB on first use. Throws
 * `AppError("unsupported")` for S3.
 */
export function openTableStore(graphRoot: StorageUri): TableStore {
  return new LanceTables(localPath(graphRoot));
}

function localPath(uri: StorageUri): string {
  if (uri.kind === "local") return uri.path;
  throw new AppError(
    "unsupported",
    `storage address "${showUri(uri)}": S3 is not supported yet, use a folder`,
  );
}
