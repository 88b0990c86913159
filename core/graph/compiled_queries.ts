/** Compiled queries by schema, source and name, so that a repeated request costs one look-up. */
import type { SourceText } from "../base/span.ts";
import { compileQuery } from "../query/compile.ts";
import type { TypedQuery } from "../query/typed.ts";
import type { Catalog } from "../schema/catalog.ts";

/** Queries remembered; the one used longest ago goes first. */
const QUERIES_MAX = 512;
/** Longer sources are compiled every time. */
const SOURCE_CHARS_MAX = 64 * 1024;

/** A bounded cache of compiled queries. */
export class CompiledQueries {
  readonly #queries = new Map<string, TypedQuery>();

  /** Compiles or finds a query. Throws what `compileQuery` throws. */
  compile(catalog: Catalog, source: SourceText, name?: string): TypedQuery {
    if (source.text.length > SOURCE_CHARS_MAX) return compileQuery(catalog, source, name);
    const key = `${catalog.digest}\n${name ?? ""}\n${source.text}`;
    const known = this.#queries.get(key);
    if (known !== undefined) {
      // Map order is the order of use, kept loosely: only crowded caches pay for it.
      if (this.#queries.size > QUERIES_MAX / 2) {
        this.#queries.delete(key);
        this.#queries.set(key, known);
      }
      return known;
    }
    const query = compileQuery(catalog, source, name);
    this.#queries.set(key, query);
    const oldest = this.#queries.keys().next().value;
    if (this.#queries.size > QUERIES_MAX && oldest !== undefined) this.#queries.delete(oldest);
    return query;
  }
}
