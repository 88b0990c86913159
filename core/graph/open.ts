/** The way into a graph: create, look, open. */
import { AppError } from "../errors.ts";
import type { PolicyGate } from "../policy/actions.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { MAIN } from "./branch_name.ts";
import { EmbeddedGraph } from "./embedded.ts";
import { readFormat } from "./format.ts";
import { type Ports, systemPorts } from "./graph_ports.ts";
import { settleLeftPurges } from "./hard_drops.ts";
import { OpenBranches } from "./open_branches.ts";
import { tablesBesidePurges } from "./purged_tables.ts";
import { createTableCache } from "./read/table_cache.ts";
import { SchemaStore } from "./schemas.ts";

export { createGraph, graphExists } from "./init.ts";
export type { Ports } from "./graph_ports.ts";

/** What {@linkcode openGraph} takes. */
export interface OpenGraphOptions {
  /** Rooted at the graph root. */
  readonly store: ObjectStore;
  readonly tables: TableStore;
  /** Address of the graph as shown to people. */
  readonly uri: string;
  /** Asked before every write; null or absent allows everything. */
  readonly gate?: PolicyGate | null;
  readonly ports?: Ports;
  /** Memory that tables may occupy, bytes. */
  readonly cacheBytes?: number;
  /** Rows of a table up to which it is read whole for the sake of a few of them. */
  readonly wholeRowsMax?: number;
  /** Hears of failures of background work (folds, hints), which break nothing; ignored by default. */
  readonly onBackgroundError?: (error: unknown) => void;
}

/**
 * Opens a graph: a few small reads, no table. Finishes the purge of a schema change whose process died.
 *
 * @throws AppError `graph_not_found`, `unsupported` for another storage format, `integrity_error` for damaged objects.
 */
export async function openGraph(options: OpenGraphOptions): Promise<EmbeddedGraph> {
  const { store, uri, gate = null, ports = systemPorts(), onBackgroundError = () => {} } = options;
  const { cacheBytes, wholeRowsMax } = options;
  const tables = tablesBesidePurges(options.tables, store);
  const cache = createTableCache({
    tables,
    ...(cacheBytes === undefined ? {} : { maxBytes: cacheBytes }),
    ...(wholeRowsMax === undefined ? {} : { wholeRowsMax }),
  });
  const schemas = new SchemaStore(store);
  const branches = new OpenBranches({ store, tables, cache, schemas, ports, onBackgroundError });
  const [format, main] = await Promise.all([readFormat(store), branches.find(MAIN)]);
  if (format === null || main === null) {
    throw new AppError(
      "graph_not_found",
      `no graph at \`${uri}\`: check the address, or create one with init`,
    );
  }
  // What a dead process was to purge must not be readable any longer; that it cannot be done now is no reason not to open.
  await settleLeftPurges({ store, main, ports }).catch(onBackgroundError);
  const { graphId } = format;
  const accepted = await schemas.load(main.head.known.commit.schemaDigest);
  return new EmbeddedGraph({ uri, graphId, store, cache, schemas, branches, main, accepted, gate, ports });
}
