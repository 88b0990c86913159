/** Stored queries of one graph, compiled against its live schema. */
import { AppError } from "../core/errors.ts";
import type { SourceText } from "../core/base/span.ts";
import { queriesText } from "../core/api/wire.ts";
import type { ServedQuery } from "../core/cluster/serving_revision.ts";
import { compileFile, compileQuery } from "../core/query/compile.ts";
import { describeParams } from "../core/query/describe.ts";
import type { TypedQuery } from "../core/query/typed.ts";
import type { Catalog } from "../core/schema/catalog.ts";

/** One stored query. Immutable but for what it remembers about the newest schema. */
export class StoredQuery {
  readonly name: string;
  readonly #source: SourceText;
  #typed: TypedQuery;
  #catalogDigest: string;

  constructor(source: SourceText, typed: TypedQuery, catalog: Catalog) {
    this.name = typed.name;
    this.#source = source;
    this.#typed = typed;
    this.#catalogDigest = catalog.digest;
  }

  /**
   * The query under a schema. A graph's schema may move while it is served (another process applied a configuration);
   * the query is compiled again then, and fails with `type_error` if it no longer fits.
   */
  typed(catalog: Catalog): TypedQuery {
    if (catalog.digest !== this.#catalogDigest) {
      this.#typed = this.#compile(catalog);
      this.#catalogDigest = catalog.digest;
    }
    return this.#typed;
  }

  #compile(catalog: Catalog): TypedQuery {
    try {
      return compileQuery(catalog, this.#source, this.name);
    } catch (cause) {
      if (!(cause instanceof AppError) || cause.code !== "type_error") throw cause;
      const message = `stored query '${this.name}' does not fit the graph's schema any more: ` +
        "restart the server, which serves the queries that were applied when it started";
      throw new AppError("type_error", message, { diagnostics: cause.diagnostics, cause });
    }
  }
}

/** The stored queries of a graph and their catalog as it goes over the wire. */
export interface StoredQueries {
  readonly byName: ReadonlyMap<string, StoredQuery>;
  /** Body of `GET queries`. */
  readonly catalogText: string;
}

/**
 * Compiles the applied queries of a graph. Throws `AppError("type_error")` that names graph and query for the first
 * query that does not pass the schema check.
 */
export function compileStoredQueries(
  graphId: string,
  applied: readonly ServedQuery[],
  catalog: Catalog,
): StoredQueries {
  const files = new Map<string, ReturnType<typeof compileFile>>();
  const queries = applied.map((query) => {
    const source = { path: `${query.name}.gq`, text: query.source };
    let file = files.get(query.digest);
    if (file === undefined) files.set(query.digest, file = compileFile(catalog, source));
    const typed = file.queries.find((candidate) => candidate.name === query.name);
    if (typed !== undefined) return new StoredQuery(source, typed, catalog);
    const message = `graph '${graphId}': stored query '${query.name}' does not pass the schema check`;
    throw new AppError("type_error", message, { diagnostics: file.diagnostics });
  });
  queries.sort((a, b) => a.name < b.name ? -1 : 1); // names are ASCII
  const catalogText = queriesText(queries.map((query) => {
    const typed = query.typed(catalog);
    return {
      name: query.name,
      description: typed.description,
      instruction: typed.instruction,
      mutation: typed.kind === "mutation",
      params: describeParams(typed.params),
    };
  }));
  return { byName: new Map(queries.map((query) => [query.name, query])), catalogText };
}
