/** Opens the storage that an address names. */
import { type Env, systemEnv } from "../base/ports.ts";
import { lanceRoot } from "./lance_root.ts";
import { LanceTables } from "./lance_tables.ts";
import { createLocalStore } from "./local_store.ts";
import type { ObjectStore } from "./object_store.ts";
import { readS3Settings } from "./s3_settings.ts";
import { createS3Store } from "./s3_store.ts";
import type { TableStore } from "./table_store.ts";
import type { StorageUri } from "./uri.ts";

/**
 * The object store at an address. Touches nothing yet. S3 is reached as the `AWS_*` variables say; throws
 * `AppError("invalid_input")` when they do not say enough.
 */
export function openObjectStore(uri: StorageUri, env: Env = systemEnv): ObjectStore {
  if (uri.kind === "local") return createLocalStore(uri.path);
  return createS3Store(uri, readS3Settings(env, uri.bucket));
}

/**
 * The tables of the graph whose root is `graphRoot`. Touches nothing yet and loads LanceDB on first use. Throws as
 * {@linkcode openObjectStore} does.
 */
export function openTableStore(graphRoot: StorageUri, env: Env = systemEnv): TableStore {
  return new LanceTables(lanceRoot(graphRoot, env));
}
