/** Requests over a schema that may move: compiled anew when another process has changed it. */
import { AppError } from "../errors.ts";
import type { Catalog } from "../schema/catalog.ts";

/** A graph that knows a schema and can look for a newer one. */
export interface SchemaFollower {
  /** The newest schema of main that this process knows. */
  catalog(): Catalog;
  /** Looks whether the schema moved. */
  refreshSchema(): Promise<void>;
}

/**
 * Compiles and runs a request; when it failed because it was checked against a schema that is not the newest any more, or
 * because a schema change took a table away under it, it is compiled and run again. A request that failed so has done
 * nothing.
 */
export async function onCurrentSchema<T>(graph: SchemaFollower, run: () => Promise<T>): Promise<T> {
  while (true) {
    const { digest } = graph.catalog();
    try {
      return await run();
    } catch (error) {
      if (!mayBeOutdated(error)) throw error;
      await graph.refreshSchema();
      if (graph.catalog().digest === digest) throw error;
    }
  }
}

function mayBeOutdated(error: unknown): boolean {
  return error instanceof AppError &&
    (error.code === "type_error" || error.code === "historical_version_reclaimed" ||
      error.detail.read_set_conflict?.member === "schema_digest");
}
