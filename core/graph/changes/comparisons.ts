/**
 * Comparisons of commits over tables in memory. One whose pages are being read is kept, so that reading all pages costs
 * no more than reading the whole.
 */
import { must } from "../../base/assert.ts";
import { AppError } from "../../errors.ts";
import type { AnyType } from "../../schema/catalog.ts";
import { imageNeed } from "../entity_image.ts";
import type { TableCache } from "../read/table_cache.ts";
import type { TableView } from "../read/view.ts";
import type { SnapshotState } from "../snapshot_state.ts";
import type { Touched } from "../touched.ts";
import { candidates, type ComparedTable, Comparison, pairTypes } from "./compare.ts";
import { type Filter, filterDigest, refuseUnknownTypes, wantsType } from "./filter.ts";
import { PageRoom, takeChanges, type Taken } from "./page.ts";

/** Two commits and what lies between them. */
export interface Compared {
  readonly before: SnapshotState;
  readonly after: SnapshotState;
  /** Ids that may differ, under the type keys of `after`. */
  readonly touched: Touched;
}

/** Which changes to take. */
export interface ChangesRequest {
  /** Ids of the two commits. */
  readonly from: string;
  readonly to: string;
  readonly filter: Filter;
  /** The ordinal to begin with. */
  readonly at: number;
  readonly room: PageRoom;
  /** Whether few rows of a large table are looked up in storage; who asks for many commits reads it once instead. */
  readonly looksUp: boolean;
  /** Whether types that neither commit knows are refused. */
  readonly knowsTypes: boolean;
  /** Opens the commits; not called when they are being compared already. */
  readonly find: () => Promise<Compared>;
}

/** Unfinished comparisons that are kept; each holds its tables in memory. */
const KEPT_MAX = 4;

/** Makes comparisons over the tables of one graph. */
export class Comparisons {
  readonly #cache: Pick<TableCache, "view" | "partial">;
  /** Least recently used first. */
  readonly #kept = new Map<string, Comparison>();

  constructor(cache: Pick<TableCache, "view" | "partial">) {
    this.#cache = cache;
  }

  /**
   * Takes changes between two commits into a page, reading into memory only the tables that may differ and that the filter
   * wants.
   *
   * @throws AppError `change_diff_refused` naming the newer commit, whatever the filter; `historical_version_reclaimed`.
   */
  async take(request: ChangesRequest): Promise<Taken> {
    const { from, to, filter, at, room, find } = request;
    const key = `${from}>${to}>${filterDigest(filter)}`;
    let comparison = this.#kept.get(key);
    if (comparison === undefined) {
      const compared = await find();
      comparison = await this.#compare(compared, request).catch((error: unknown) => {
        throw asGap(error, to);
      });
      if (request.knowsTypes) refuseUnknownTypes(filter, [compared.before.catalog, compared.after.catalog]);
    }
    const taken = takeChanges(comparison, at, room);
    this.#kept.delete(key);
    if (taken.next !== null) this.#keep(key, comparison);
    return taken;
  }

  async #compare(
    { before, after, touched }: Compared,
    { filter, looksUp }: ChangesRequest,
  ): Promise<Comparison> {
    const pairs = pairTypes(before, after)
      .filter((pair) => touched.has(pair.after.key) && wantsType(filter, pair.after));
    const tables = await Promise.all(pairs.map(async (pair): Promise<ComparedTable> => {
      const ids = must(touched.get(pair.after.key), "the table was touched");
      const wanted = ids === "all" || !looksUp ? null : ids.upserts.concat(ids.deletes);
      const [a, b] = await Promise.all([
        this.#open(before, pair.before, wanted),
        this.#open(after, pair.after, wanted),
      ]);
      return { type: pair.after, before: a, after: b, ids: candidates(ids, a, b) };
    }));
    return new Comparison(tables, filter.ops);
  }

  /** A table with the images of these entities, or of all when `ids` is null. */
  async #open(state: SnapshotState, type: AnyType, ids: readonly string[] | null): Promise<TableView> {
    const table = must(state.tables.get(type.key), `the state has ${type.key}`);
    const partial = ids === null ? null : this.#cache.partial(table, ids.length);
    if (partial !== null) {
      await partial.load("id", ids!);
      return partial;
    }
    const view = this.#cache.view(state);
    await view.prepare([imageNeed(type)]);
    return type.kind === "node" ? view.node(type.name) : view.edge(type.name);
  }

  #keep(key: string, comparison: Comparison): void {
    this.#kept.set(key, comparison);
    const oldest = this.#kept.keys().next().value;
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** A failure to read what was reclaimed also says which commit cannot be rebuilt. */
function asGap(error: unknown, commitId: string): unknown {
  if (!(error instanceof AppError) || error.code !== "historical_version_reclaimed") return error;
  const detail = { change_feed_gap: { first_unreadable_commit_id: commitId } };
  return new AppError(error.code, error.message, { detail, cause: error });
}
