/** Opens the storage root of a cluster. */
import { AppError } from "../errors.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { StorageUri } from "../storage/uri.ts";
import type { ClusterContext } from "./context.ts";
import { ClusterFailure } from "./failure.ts";
import { finding } from "./findings.ts";

/** The store at the root. Throws {@linkcode ClusterFailure} with `storage_root_invalid` when it cannot be opened. */
export function openRoot(context: Pick<ClusterContext, "openStore">, root: StorageUri): ObjectStore {
  try {
    return context.openStore(root);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new ClusterFailure(finding("storage_root_invalid", "storage", error.message), error);
  }
}
