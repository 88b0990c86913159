/** What `--branch`, `--snapshot` and `--as-of` address inside a graph. */
import type { ReadTarget } from "../core/graph/graph.ts";
import type { Context } from "./context.ts";

/** The target of a read as the flags name it. */
export function readTarget({ args: { values } }: Context): ReadTarget {
  const branch = values.get("branch");
  const snapshot = values.get("snapshot");
  const asOf = values.get("as-of");
  return {
    ...(branch === undefined ? {} : { branch }),
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(asOf === undefined ? {} : { asOf }),
  };
}
