/** A whole cluster in memory: configuration, store, tables, clock and ids, to run commands against. */
import {
  clusterApply,
  clusterApprove,
  clusterDrift,
  clusterForceUnlock,
  clusterGc,
  clusterImport,
  type ClusterOptions,
  clusterPlan,
  clusterRefresh,
  clusterStatus,
} from "../../core/cluster/commands.ts";
import { ulidFactory } from "../../core/base/ids.ts";
import { type Failpoint, noFailpoint, systemRandom } from "../../core/base/ports.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { openGraph } from "../../core/graph/open.ts";
import { createMemoryStore } from "../../core/storage/memory_store.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { CONFIG_DIR, type FileTexts, harbourFiles, memoryFiles } from "./cluster_files.ts";
import { createMemoryTables } from "./memory_tables.ts";

/** Options of {@linkcode clusterBench}. */
export interface BenchOptions {
  readonly files?: FileTexts;
  readonly store?: ObjectStore;
  readonly failpoint?: Failpoint;
}

/** Commands against one cluster in memory. Time stands still unless moved. */
export interface ClusterBench {
  /** Edit these to edit the configuration. */
  readonly files: FileTexts;
  readonly store: ObjectStore;
  readonly options: ClusterOptions;
  /** The clock, milliseconds. */
  readonly time: { nowMs: number };
  plan: () => ReturnType<typeof clusterPlan>;
  apply: (
    extra?: { readonly failpoint?: Failpoint; readonly actor?: string },
  ) => ReturnType<typeof clusterApply>;
  approve: (
    address: string,
    extra?: { readonly actor?: string | null; readonly expiresInMs?: number; readonly planDigest?: string },
  ) => ReturnType<typeof clusterApprove>;
  refresh: () => ReturnType<typeof clusterRefresh>;
  importState: () => ReturnType<typeof clusterImport>;
  drift: () => ReturnType<typeof clusterDrift>;
  gc: (
    extra?: { readonly keepRevisions?: number; readonly confirm?: boolean },
  ) => ReturnType<typeof clusterGc>;
  status: () => ReturnType<typeof clusterStatus>;
  forceUnlock: (lockId: string) => ReturnType<typeof clusterForceUnlock>;
  /** Text of a stored object; null when missing. */
  text(key: string): Promise<string | null>;
  put(key: string, text: string): Promise<void>;
}

/** A bench with the harbour configuration, nothing applied. */
export function clusterBench(bench: BenchOptions = {}): ClusterBench {
  const files = bench.files ?? harbourFiles();
  const store = bench.store ?? createMemoryStore();
  const tables = createMemoryTables();
  const time = { nowMs: Date.parse("2026-03-01T08:00:00Z") };
  const clock = { nowMs: () => time.nowMs };
  const ports = {
    clock,
    newId: ulidFactory(clock, systemRandom),
    random: systemRandom,
    failpoint: bench.failpoint ?? noFailpoint,
  };
  const options = {
    configDir: CONFIG_DIR,
    files: memoryFiles(files),
    git: {
      readProvenance: () => Promise.resolve(null),
      readFileChanges: () => Promise.resolve({ changes: new Map(), shallow: false }),
    },
    env: { get: () => undefined },
    openStore: () => store,
    openTables: () => tables,
    ports,
  };
  return {
    files,
    store,
    options,
    time,
    plan: () => clusterPlan(options),
    apply: ({ failpoint = ports.failpoint, actor } = {}) =>
      clusterApply({ ...options, ports: { ...ports, failpoint }, ...(actor === undefined ? {} : { actor }) }),
    approve: (address, extra = {}) => clusterApprove({ actor: "act-mila", ...options, address, ...extra }),
    refresh: () => clusterRefresh(options),
    importState: () => clusterImport(options),
    drift: () => clusterDrift(options),
    gc: (extra = {}) => clusterGc({ ...options, ...extra }),
    status: () => clusterStatus(options),
    forceUnlock: (lockId) => clusterForceUnlock({ ...options, lockId }),
    async text(key) {
      const found = await store.get(key);
      return found === null ? null : new TextDecoder().decode(found.bytes);
    },
    async put(key, text) {
      await store.put(key, new TextEncoder().encode(text));
    },
  };
}

/** The keys and contents of everything under `__cluster`, to compare before and after. */
export async function controlPlane(store: ObjectStore): Promise<Map<string, string>> {
  const contents = new Map<string, string>();
  for (const folder of ["__cluster", "__cluster/recoveries", "__cluster/history"]) {
    for (const name of await store.list(folder)) {
      const found = await store.get(`${folder}/${name}`);
      if (found !== null) contents.set(`${folder}/${name}`, new TextDecoder().decode(found.bytes));
    }
  }
  return contents;
}

/** A bench whose harbour was applied. */
export async function appliedHarbour(): Promise<ClusterBench> {
  const bench = clusterBench();
  await bench.apply();
  return bench;
}

/** Works on the live graph `fleet` of a bench, behind the cluster's back. */
export async function onFleet(
  bench: ClusterBench,
  work: (graph: EmbeddedGraph) => Promise<unknown>,
): Promise<void> {
  const root = "graphs/fleet.omni";
  const tables = bench.options.openTables!(parseStorageUri("/quay", "/"));
  const graph = await openGraph({ store: bench.store.under(root), tables, uri: root });
  await work(graph);
  await graph.close();
}

/** Changes the live schema of `fleet` without the cluster. */
export async function changeSchema(bench: ClusterBench, text: string): Promise<void> {
  await onFleet(bench, (graph) => graph.schemaUpdate({ path: "fleet.pg", text }));
}
