/**
 * Compares two commits entity by entity: pairs their types, refuses schemas that make images incomparable, and finds the
 * changes among the ids that may differ. Pure.
 *
 *   type, told by its identity          with rows    without rows
 *   same properties, any name           compared     compared
 *   other properties                    refused      refused
 *   only in one of the two              refused      left out
 *
 * Changes are ordered: nodes, then edges; by type id; by id, bytewise as UTF-8. Ordinals number the ids in this order.
 */
import { assert, must } from "../../base/assert.ts";
import { AppError } from "../../errors.ts";
import type { Commit } from "../commit.ts";
import type { AnyType } from "../../schema/catalog.ts";
import { typeName } from "../../schema/value_type.ts";
import { sameImage } from "../entity_image.ts";
import { entityJson } from "../entity_json.ts";
import { compareText } from "../read/comparison.ts";
import type { TableView } from "../read/view.ts";
import type { SnapshotState } from "../snapshot_state.ts";
import type { TouchedIds } from "../touched.ts";
import type { ChangeOp, EntityChange } from "./change.ts";

/** A type that two commits have. */
export interface TypePair {
  readonly before: AnyType;
  readonly after: AnyType;
}

/**
 * The types of two commits, in the order of their changes.
 *
 * @throws AppError `change_diff_refused` naming the second one when their schemas do not allow a comparison.
 */
export function pairTypes(before: SnapshotState, after: SnapshotState): readonly TypePair[] {
  const pairs: TypePair[] = [];
  const boundary = (type: AnyType) => schemaBoundary(before.commit, after.commit, type);
  const old = new Map([...before.catalog.byKey.values()].map((type) => [type.typeId, type]));
  for (const type of after.catalog.byKey.values()) {
    const known = old.get(type.typeId);
    old.delete(type.typeId);
    if (known === undefined ? hasRows(after, type) : !hasSameProperties(known, type)) {
      throw boundary(type);
    }
    if (known !== undefined) pairs.push({ before: known, after: type });
  }
  for (const type of old.values()) if (hasRows(before, type)) throw boundary(type);
  return pairs.sort((a, b) => compareTypes(a.after, b.after));
}

/** The opaque id of a type. All have one length, so that they sort like numbers. */
export function opaqueTypeId({ typeId }: AnyType): string {
  return `t${String(typeId).padStart(9, "0")}`;
}

function compareTypes(a: AnyType, b: AnyType): number {
  if (a.kind !== b.kind) return a.kind === "node" ? -1 : 1;
  return compareText(opaqueTypeId(a), opaqueTypeId(b));
}

function hasRows({ commit }: SnapshotState, { key }: AnyType): boolean {
  return must(commit.tables[key], `commit ${commit.id} has a state for ${key}`).rows > 0;
}

function hasSameProperties(a: AnyType, b: AnyType): boolean {
  if (a === b) return true;
  if (a.properties.length !== b.properties.length) return false;
  return a.properties.every((property, i) => {
    const other = b.properties[i]!;
    return property.id === other.id && property.name === other.name &&
      typeName(property.type, property.nullable) === typeName(other.type, other.nullable);
  });
}

function schemaBoundary(before: Commit, after: Commit, { kind, name }: AnyType): AppError {
  const schema = `the schema of ${kind} type '${name}'`;
  const isChange = after.parent === before.id;
  return new AppError(
    "change_diff_refused",
    isChange
      ? `commit '${after.id}' changes ${schema}: entities before and after it cannot be compared, take a baseline after it`
      : `${schema} is not the same at commits '${before.id}' and '${after.id}': their entities cannot be compared`,
    {
      detail: {
        change_diff_refusal: { reason: "schema_boundary", graph_commit_id: after.id, type_name: name },
      },
    },
  );
}

/** One table at two commits, all image columns in memory, and the ids that may differ. */
export interface ComparedTable {
  readonly type: AnyType;
  readonly before: TableView;
  readonly after: TableView;
  /** Ascending bytewise, each once. */
  readonly ids: readonly string[];
}

/** All ids that may differ in a table. */
export function candidates(
  touched: TouchedIds | "all",
  before: TableView,
  after: TableView,
): readonly string[] {
  const ids = new Set<string>();
  if (touched === "all") {
    for (const view of [before, after]) for (const row of view.liveRows()) ids.add(view.idOf(row));
  } else {
    for (const id of touched.upserts) ids.add(id);
    for (const id of touched.deletes) ids.add(id);
  }
  return sortedBytewise([...ids]);
}

/** Sorts texts as their UTF-8 bytes sort. The platform's order differs only where surrogates stand. */
function sortedBytewise(texts: string[]): string[] {
  return texts.some((text) => /[\ud800-\udfff]/.test(text)) ? texts.sort(compareText) : texts.sort();
}

/** The differences between two commits, by ordinal. */
export class Comparison {
  readonly #tables: readonly ComparedTable[];
  readonly #ops: readonly ChangeOp[] | null;
  /** Ids that may differ. */
  readonly length: number;

  constructor(tables: readonly ComparedTable[], ops: readonly ChangeOp[] | null) {
    this.#tables = tables;
    this.#ops = ops;
    this.length = tables.reduce((sum, { ids }) => sum + ids.length, 0);
  }

  /** The first change at or after an ordinal, or null when there is none. */
  next(from: number): { readonly ordinal: number; readonly change: EntityChange } | null {
    let first = 0;
    for (const table of this.#tables) {
      const end = first + table.ids.length;
      for (let ordinal = Math.max(from, first); ordinal < end; ordinal++) {
        const change = this.#change(table, table.ids[ordinal - first]!);
        if (change !== null) return { ordinal, change };
      }
      first = end;
    }
    return null;
  }

  #change({ type, before, after }: ComparedTable, id: string): EntityChange | null {
    const [old, now] = [before.find(id), after.find(id)];
    if (old === -1 && now === -1) return null;
    const op = old === -1 ? "insert" : now === -1 ? "delete" : "update";
    if (this.#ops !== null && !this.#ops.includes(op)) return null;
    if (op === "update" && sameImage(type, before, old, after, now)) return null;
    assert(before.type.typeId === after.type.typeId, "both tables are of one type");
    return {
      kind: type.kind,
      type: { id: opaqueTypeId(type), name: type.name },
      id,
      op,
      ...(old === -1 ? {} : { before: entityJson(type, before, old) }),
      ...(now === -1 ? {} : { after: entityJson(type, after, now) }),
    };
  }
}
