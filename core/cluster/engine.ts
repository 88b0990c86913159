/**
 * The few things the control plane asks of graphs. One narrow door: commands work against the interface, tests can fail
 * any step of it, and the engine itself is loaded only when a graph is really opened.
 */
import type { SourceText } from "../base/span.ts";
import type { EmbeddedGraph } from "../graph/embedded.ts";
import type { Ports } from "../graph/graph_ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { joinUri, showUri, type StorageUri } from "../storage/uri.ts";
import { graphRootKey } from "./address.ts";
import type { GraphData } from "./approval.ts";
import type { Migration } from "./change.ts";
import { causeText } from "./findings.ts";
import type { RootState } from "./recovery.ts";

/** A graph as it is before a schema change. */
export interface SchemaPreview {
  readonly migration: Migration;
  /** Why the change is not supported; null when it is. */
  readonly refusal: string | null;
  /** Version of main. */
  readonly version: number;
}

/** Graphs of one storage root. Methods throw what the engine throws. */
export interface GraphEngine {
  /** Address of a graph root, for people. */
  rootUri(graph: string): string;
  inspect(graph: string): Promise<RootState>;
  /** Creates the graph, or completes a creation that was interrupted; the version of its main is returned. */
  create(graph: string, schema: SourceText, actor: string | null): Promise<number>;
  preview(graph: string, schema: SourceText): Promise<SchemaPreview>;
  /** Changes the schema; the version of main afterwards is returned. */
  updateSchema(graph: string, schema: SourceText, actor: string | null): Promise<number>;
  /** What the graph holds; null when it is not there or does not open. */
  dataOf(graph: string): Promise<GraphData | null>;
  /** Removes the graph with everything in it; may be repeated. */
  remove(graph: string): Promise<void>;
}

/** Where the graphs of a cluster live and what they are opened with. */
export interface EngineOptions {
  readonly root: StorageUri;
  readonly store: ObjectStore;
  readonly openTables: (graphRoot: StorageUri) => TableStore;
  readonly ports: Ports;
}

/** The real engine. */
export function graphEngine(options: EngineOptions): GraphEngine {
  return new StorageEngine(options);
}

class StorageEngine implements GraphEngine {
  readonly #options: EngineOptions;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  rootUri(graph: string): string {
    return showUri(joinUri(this.#options.root, graphRootKey(graph)));
  }

  async inspect(graph: string): Promise<RootState> {
    const key = graphRootKey(graph);
    try {
      if (!await this.#options.store.prefixExists(key)) return { kind: "absent" };
      const store = this.#options.store.under(key);
      const { graphExists } = await import("../graph/init.ts");
      if (!await graphExists(store)) {
        const { readFormat } = await import("../graph/format.ts");
        const claimed = await readFormat(store) !== null;
        return { kind: "uncommitted", foreign: !claimed && (await store.list("")).length > 0 };
      }
      return await this.#open(graph, async (opened) => ({
        kind: "open",
        schemaDigest: opened.accepted().digests.source,
        version: (await opened.snapshot()).graph_manifest_version,
      }));
    } catch (error) {
      return { kind: "broken", message: causeText(error) };
    }
  }

  async create(graph: string, schema: SourceText, actor: string | null): Promise<number> {
    const { createGraph } = await import("../graph/init.ts");
    const store = this.#options.store.under(graphRootKey(graph));
    const { commit } = await createGraph({ store, schema, actor, ports: this.#options.ports });
    return commit.sequence;
  }

  preview(graph: string, schema: SourceText): Promise<SchemaPreview> {
    return this.#open(graph, async (opened) => {
      const version = (await opened.snapshot()).graph_manifest_version;
      const { supported, steps, reason = "the change is not supported" } = await opened.previewSchemaUpdate(
        schema,
      );
      return { migration: { supported, steps }, refusal: supported ? null : reason, version };
    });
  }

  updateSchema(graph: string, schema: SourceText, actor: string | null): Promise<number> {
    return this.#open(graph, async (opened) => {
      await opened.schemaUpdate(schema, { actor });
      return (await opened.snapshot()).graph_manifest_version;
    });
  }

  async dataOf(graph: string): Promise<GraphData | null> {
    if ((await this.inspect(graph)).kind !== "open") return null;
    return await this.#open(graph, async (opened) => {
      const { branches } = await opened.branches();
      const heads = await Promise.all(
        branches.map(async (name) => [name, (await opened.head(name)).graph_commit_id] as const),
      );
      const { datasets } = await opened.snapshot();
      const rows = datasets.reduce((sum, { entity_count }) => sum + entity_count, 0);
      return { heads: Object.fromEntries(heads), rows };
    });
  }

  async remove(graph: string): Promise<void> {
    const { removeGraph } = await import("../graph/remove.ts");
    await removeGraph(this.#options.store, graphRootKey(graph));
  }

  async #open<Result>(graph: string, use: (opened: EmbeddedGraph) => Promise<Result>): Promise<Result> {
    const { openGraph } = await import("../graph/open.ts");
    const { root, store, openTables, ports } = this.#options;
    const key = graphRootKey(graph);
    const uri = joinUri(root, key);
    const opened = await openGraph({
      store: store.under(key),
      tables: openTables(uri),
      uri: showUri(uri),
      ports,
    });
    try {
      return await use(opened);
    } finally {
      await opened.close();
    }
  }
}
