/** A view of a commit of which some tables are partial, because a few rows of them are enough. */
import { assert } from "../../base/assert.ts";
import type { Catalog, TypeKey } from "../../schema/catalog.ts";
import type { Commit } from "../commit.ts";
import { PartialEdges, type PartialTable } from "./partial_table.ts";
import type { EdgeTableView, GraphView, TableNeed, TableView } from "./view.ts";

/** A graph view whose partial tables need no preparing: whoever made them has loaded what will be asked. */
export class PartialView implements GraphView {
  readonly catalog: Catalog;
  readonly commit: Commit;
  readonly #whole: GraphView;
  readonly #partial: ReadonlyMap<TypeKey, PartialTable>;

  constructor(whole: GraphView, partial: ReadonlyMap<TypeKey, PartialTable>) {
    this.catalog = whole.catalog;
    this.commit = whole.commit;
    this.#whole = whole;
    this.#partial = partial;
  }

  prepare(needs: readonly TableNeed[]): Promise<void> {
    return this.#whole.prepare(needs.filter(({ table }) => !this.#partial.has(table)));
  }

  node(typeName: string): TableView {
    return this.#partial.get(`node:${typeName}`) ?? this.#whole.node(typeName);
  }

  edge(typeName: string): EdgeTableView {
    const partial = this.#partial.get(`edge:${typeName}`);
    if (partial === undefined) return this.#whole.edge(typeName);
    assert(partial instanceof PartialEdges, `${typeName} is an edge type`);
    return partial;
  }
}
