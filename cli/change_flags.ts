/** The flags that choose changes, and the pages they come in. */
import { AppError } from "../core/errors.ts";
import type { ChangeFilter, ChangeOp, PageRequest } from "../core/graph/changes/change.ts";
import type { Context } from "./context.ts";

/** `--kind`, `--type` and `--op`. */
export function changeFilter({ args: { lists } }: Context): ChangeFilter {
  return {
    kinds: (lists.get("kind") ?? []) as readonly ("node" | "edge")[],
    types: lists.get("type") ?? [],
    ops: (lists.get("op") ?? []) as readonly ChangeOp[],
  };
}

/** The filter and `--limit`. */
export function pageFlags(context: Context): PageRequest {
  const text = context.args.values.get("limit");
  if (text === undefined) return changeFilter(context);
  if (/^[0-9]{1,15}$/.test(text)) return { ...changeFilter(context), limit: Number(text) };
  throw new AppError("usage", `flag \`--limit\` is \`${text}\`: it takes a whole number`);
}
