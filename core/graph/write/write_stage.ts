/** Inserts and updates of one mutation, each statement on top of what the earlier ones wrote. */
import { assert, must, unreachable } from "../../base/assert.ts";
import type { NewId } from "../../base/ports.ts";
import { AppError } from "../../errors.ts";
import type { Assignment, Statement } from "../../query/typed.ts";
import type { AnyType, EdgeType, NodeType, Property, TypeKey } from "../../schema/catalog.ts";
import { deriveId } from "../../schema/keys.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { GraphView } from "../read/view.ts";
import { headRows, headTable } from "./after_image.ts";
import { type CellTest, evaluate, storedCell, type ValueSource } from "./cell_values.ts";
import type { StagedMutation, TableChange } from "./change_set.ts";
import { PendingTable } from "./pending_table.ts";
import { keyLookup, matchingRows, predicateTest, statementType } from "./statements.ts";
import { checkEntityBytes, checkEntityCount } from "./write_limits.ts";

type UpdateStatement = Statement & { readonly kind: "update" };

/** Runs insert and update statements. */
export class WriteStage {
  readonly #view: GraphView;
  readonly #source: ValueSource;
  readonly #newId: NewId;
  readonly #pending = new Map<TypeKey, PendingTable>();
  #affectedNodes = 0;
  #affectedEdges = 0;

  constructor(view: GraphView, source: ValueSource, newId: NewId) {
    this.#view = view;
    this.#source = source;
    this.#newId = newId;
  }

  /** Runs all statements; their tables must have been prepared. */
  run(statements: readonly Statement[]): StagedMutation {
    for (const statement of statements) {
      const type = statementType(this.#view, statement);
      switch (statement.kind) {
        case "insert":
          if (type.kind === "node") this.#insertNode(type, statement.assignments);
          else this.#insertEdge(type, statement.assignments);
          break;
        case "update":
          assert(type.kind === "node", "updates are about nodes");
          this.#update(type, statement);
          break;
        case "delete":
          assert(false, "a mutation that writes does not delete");
          break;
        default:
          unreachable(statement);
      }
    }
    return this.#finish();
  }

  #insertNode(type: NodeType, assignments: readonly Assignment[]): void {
    const values = this.#values(assignments);
    const cells = new Map<string, Cell | null>();
    for (const property of type.properties) cells.set(property.name, insertedCell(type, property, values));
    const id = type.keyProperties === null
      ? this.#newId()
      : deriveId(type, (name) => must(cells.get(name), "key properties are required"));
    this.#write(type, id, this.#headRow(type, id) !== -1, (name) => cells.get(name)!);
    this.#affectedNodes++;
  }

  #insertEdge(type: EdgeType, assignments: readonly Assignment[]): void {
    const values = this.#values(assignments);
    const cells = new Map<string, Cell | null>();
    for (const [column, name] of [["src", "from"], ["dst", "to"]] as const) {
      const value = values.get(name) ?? null;
      if (value === null) {
        throw new AppError(
          "constraint_violation",
          `missing required edge endpoint '${name}' of ${type.name}: give the id of a node`,
        );
      }
      cells.set(column, value);
    }
    for (const property of type.properties) cells.set(property.name, insertedCell(type, property, values));
    this.#write(type, this.#newId(), false, (name) => cells.get(name)!);
    this.#affectedEdges++;
  }

  #update(type: NodeType, { assignments, where }: UpdateStatement): void {
    const sets = this.#values(assignments);
    for (const [name, value] of sets) {
      if (type.keyProperties?.includes(name)) {
        throw new AppError("invalid_input", `cannot update @key property '${name}' of ${type.name}`);
      }
      sets.set(name, storedCell(must(type.propertyByName.get(name), "sets name properties"), value));
    }
    const test = predicateTest(type, where, this.#source);
    if (test === null) return;
    const pending = this.#pendingTable(type);
    const written = this.#matchingPending(type, pending, where, test);
    const fresh = matchingRows(this.#view, type, where, test).filter((row) =>
      !pending.has(this.#head(type).idOf(row))
    );
    checkEntityCount(type.key, pending.written + written.length + fresh.length);
    for (const id of written) {
      this.#write(
        type,
        id,
        pending.isExisting(id),
        (name) => sets.has(name) ? sets.get(name)! : pending.cell(id, name),
      );
    }
    for (const row of fresh) {
      const head = this.#head(type);
      this.#write(
        type,
        head.idOf(row),
        true,
        (name) => sets.has(name) ? sets.get(name)! : head.cell(row, name),
      );
    }
    this.#affectedNodes += written.length + fresh.length;
  }

  /** Ids written before whose pending image satisfies the test. */
  #matchingPending(
    type: NodeType,
    pending: PendingTable,
    where: UpdateStatement["where"],
    test: CellTest,
  ): string[] {
    const keyed = keyLookup(type, where);
    if (keyed === null) return pending.ids().filter((id) => test.accepts(pending.cell(id, test.column)));
    const { exact } = test;
    const id = exact === null ? null : deriveId(keyed, () => exact);
    return id !== null && pending.has(id) ? [id] : [];
  }

  #values(assignments: readonly Assignment[]): Map<string, Cell | null> {
    return new Map(assignments.map(({ property, value }) => [property, evaluate(value, this.#source)]));
  }

  #write(type: AnyType, id: string, existing: boolean, cellOf: (column: string) => Cell | null): void {
    const pending = this.#pendingTable(type);
    checkEntityCount(type.key, pending.written + 1);
    pending.write(id, existing, cellOf);
  }

  #pendingTable(type: AnyType): PendingTable {
    let pending = this.#pending.get(type.key);
    if (pending === undefined) this.#pending.set(type.key, pending = new PendingTable(type));
    return pending;
  }

  #head(type: AnyType) {
    return headTable(this.#view, type);
  }

  #headRow(type: AnyType, id: string): number {
    const unkeyed = type.kind === "edge" || type.keyProperties === null;
    // New ULIDs are not looked up: their table may not even be in memory.
    if (headRows(this.#view, type.key) === 0 || unkeyed) return -1;
    return this.#head(type).find(id);
  }

  #finish(): StagedMutation {
    const changes = new Map<TypeKey, TableChange>();
    for (const key of [...this.#pending.keys()].sort()) {
      const pending = this.#pending.get(key)!;
      if (pending.written === 0) continue;
      checkEntityBytes(key, pending.everything());
      changes.set(key, pending.finish());
    }
    return {
      changes: changes.size === 0 ? null : changes,
      affectedNodes: this.#affectedNodes,
      affectedEdges: this.#affectedEdges,
    };
  }
}

/** What an insert stores in a property. */
function insertedCell(
  type: AnyType,
  property: Property,
  values: ReadonlyMap<string, Cell | null>,
): Cell | null {
  const { name } = property;
  const value = values.get(name) ?? null;
  if (value === null && type.kind === "node" && type.keyProperties?.includes(name)) {
    throw new AppError("constraint_violation", `insert missing @key property '${name}' of ${type.name}`);
  }
  if (!values.has(name) && !property.nullable) {
    throw new AppError("constraint_violation", `missing required property '${name}' of ${type.name}`);
  }
  return storedCell(property, value);
}
