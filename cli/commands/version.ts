/** `omnigraph version`. */
import { STORAGE_FORMAT, VERSION } from "../../core/version.ts";
import type { Context } from "../context.ts";

/** Prints the version and the number of the storage format. */
export function runVersion(context: Context): Promise<number> {
  context.output.out(`omnigraph ${VERSION}\ninternal-schema ${STORAGE_FORMAT}\n`);
  return Promise.resolve(0);
}
