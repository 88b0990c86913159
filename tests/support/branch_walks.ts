/** The branches of a graph as the engine holds them, for tests below the facade. */
import { OpenBranches } from "../../core/graph/open_branches.ts";
import { createTableCache, type TableCache } from "../../core/graph/read/table_cache.ts";
import { SchemaStore } from "../../core/graph/schemas.ts";
import type { GraphWorld } from "./embedded_graphs.ts";
import { testPorts } from "./graph_protocol.ts";

/** Opens the branches of a stored graph over a cache of their own. */
export function openBranchesOf(world: GraphWorld): {
  readonly branches: OpenBranches;
  readonly cache: TableCache;
} {
  const { store, tables } = world;
  const cache = createTableCache({ tables });
  const schemas = new SchemaStore(store);
  const ports = testPorts();
  return {
    branches: new OpenBranches({ store, tables, cache, schemas, ports, onBackgroundError: () => {} }),
    cache,
  };
}
