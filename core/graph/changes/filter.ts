/** Filters of changes in one form, so that equal filters are equal texts whatever their order and repetitions. Pure. */
import { sha256Hex } from "../../base/digest.ts";
import { AppError } from "../../errors.ts";
import type { Catalog } from "../../schema/catalog.ts";
import type { ChangeFilter, ChangeOp } from "./change.ts";

/** A filter without needless parts; null stands for all. */
export interface Filter {
  readonly kinds: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly ops: readonly ChangeOp[] | null;
}

/** Brings a filter into its one form: naming all kinds or all operations is no filter. */
export function normalFilter({ kinds = [], types = [], ops = [] }: ChangeFilter): Filter {
  return {
    kinds: distinct(kinds, 2),
    types: distinct(types, Infinity),
    ops: distinct(ops, 3) as readonly ChangeOp[] | null,
  };
}

function distinct(values: readonly string[], all: number): readonly string[] | null {
  const sorted = [...new Set(values)].sort();
  return sorted.length === 0 || sorted.length === all ? null : sorted;
}

/** A short text that differs for different filters. */
export function filterDigest({ kinds, types, ops }: Filter): string {
  return sha256Hex(JSON.stringify([kinds, types, ops])).slice(0, 16);
}

/** Whether changes of a type are wanted. */
export function wantsType({ kinds, types }: Filter, type: { kind: string; name: string }): boolean {
  return (kinds === null || kinds.includes(type.kind)) && (types === null || types.includes(type.name));
}

/** Refuses names of types that none of the schemas has; a misspelled name would quietly match nothing. */
export function refuseUnknownTypes({ types }: Filter, catalogs: readonly Catalog[]): void {
  for (const name of types ?? []) {
    if (catalogs.some(({ nodes, edges }) => nodes.has(name) || edges.has(name))) continue;
    throw new AppError("invalid_input", `unknown type '${name}': it is neither a node nor an edge type`);
  }
}
