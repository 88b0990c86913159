/** Deletes of one mutation: matched against the head, each entity once, nodes with all their edges. */
import { assert } from "../../base/assert.ts";
import type { Statement } from "../../query/typed.ts";
import type { NodeType, TypeKey } from "../../schema/catalog.ts";
import type { GraphView } from "../read/view.ts";
import { headRows, headTable } from "./after_image.ts";
import type { ValueSource } from "./cell_values.ts";
import type { ChangeSet, StagedMutation, TableChange } from "./change_set.ts";
import { incidentEdges } from "./constraints.ts";
import { matchingRows, predicateTest, statementType } from "./statements.ts";

/** Runs delete statements. */
export class DeleteStage {
  readonly #view: GraphView;
  readonly #source: ValueSource;
  readonly #deleted = new Map<TypeKey, Set<string>>();

  constructor(view: GraphView, source: ValueSource) {
    this.#view = view;
    this.#source = source;
  }

  /** Runs all statements; their tables must have been prepared. */
  run(statements: readonly Statement[]): StagedMutation {
    for (const statement of statements) {
      assert(statement.kind === "delete", "a mutation that deletes only deletes");
      const type = statementType(this.#view, statement);
      const test = predicateTest(type, statement.where, this.#source);
      if (test === null) continue;
      for (const row of matchingRows(this.#view, type, statement.where, test)) {
        const id = headTable(this.#view, type).idOf(row);
        if (this.#delete(type.key, id) && type.kind === "node") this.#cascade(type, id);
      }
    }
    return this.#finish();
  }

  /** Returns false when the entity was deleted before. */
  #delete(key: TypeKey, id: string): boolean {
    let ids = this.#deleted.get(key);
    if (ids === undefined) this.#deleted.set(key, ids = new Set());
    if (ids.has(id)) return false;
    ids.add(id);
    return true;
  }

  #cascade(type: NodeType, nodeId: string): void {
    for (const edge of incidentEdges(this.#view.catalog, type.name)) {
      if (headRows(this.#view, edge.key) === 0) continue;
      const table = this.#view.edge(edge.name);
      if (edge.from === type.name) {
        for (const row of table.rowsFrom(nodeId)) this.#delete(edge.key, table.idOf(row));
      }
      if (edge.to === type.name) {
        for (const row of table.rowsTo(nodeId)) this.#delete(edge.key, table.idOf(row));
      }
    }
  }

  #finish(): StagedMutation {
    const changes = new Map<TypeKey, TableChange>();
    let affectedNodes = 0;
    let affectedEdges = 0;
    for (const key of [...this.#deleted.keys()].sort()) {
      const deletes = [...this.#deleted.get(key)!];
      changes.set(key, { replaceAll: false, upserts: null, existing: new Uint8Array(0), deletes });
      if (key.startsWith("node:")) affectedNodes += deletes.length;
      else affectedEdges += deletes.length;
    }
    const result: ChangeSet | null = changes.size === 0 ? null : changes;
    return { changes: result, affectedNodes, affectedEdges };
  }
}
