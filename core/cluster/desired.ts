/**
 * The desired state: every resource that the configuration declares, as the ledger entry it will have once applied. A
 * pure function of the configuration and the bytes of its sources.
 */
import { isOk } from "./findings.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { PolicyBundle } from "../policy/model.ts";
import {
  type Address,
  graphAddress,
  graphOf,
  parseAddress,
  policyAddress,
  queryAddress,
  type ResourceKind,
  schemaAddress,
} from "./address.ts";
import { checkHeader, checkProviders } from "./check_config.ts";
import { type CheckedGraph, checkGraph } from "./check_graph.ts";
import { type CheckedPolicy, checkPolicies } from "./check_policies.ts";
import { type ClusterConfig, configJson } from "./config.ts";
import { configDigest } from "./digests.ts";
import { digestsOf, type LedgerEntry, ledgerEntry, withComposites } from "./ledger.ts";
import { dependenciesOf, type Dependency } from "./plan.ts";
import type { ConfigPlace, SourceFile, Sources } from "./sources.ts";

/** A declared resource. */
export interface DesiredResource {
  readonly address: Address;
  readonly kind: ResourceKind;
  /** The entry it will have; without origin. */
  readonly entry: LedgerEntry;
  /** Its source file; graphs and providers have none of their own. */
  readonly file: SourceFile | null;
}

/** A declared policy with its parsed bundle. */
export interface DesiredPolicy {
  readonly address: Address;
  readonly name: string;
  readonly bundle: PolicyBundle;
  readonly appliesTo: readonly string[];
}

/** Everything the configuration declares, checked. */
export interface Desired {
  readonly config: ClusterConfig;
  /** `metadata.name`; empty without one. */
  readonly clusterName: string;
  readonly configDigest: string;
  /** By address, ascending. */
  readonly resources: ReadonlyMap<Address, DesiredResource>;
  readonly entries: ReadonlyMap<Address, LedgerEntry>;
  readonly dependencies: readonly Dependency[];
  readonly policies: readonly DesiredPolicy[];
  /** Distinct source files, `cluster.yaml` not among them. */
  readonly files: readonly SourceFile[];
}

/** Checks everything, collecting; `desired` is null exactly when a diagnostic is an error. */
export function resolveDesired(
  config: ClusterConfig,
  place: ConfigPlace,
  sources: Sources,
): { readonly desired: Desired | null; readonly diagnostics: readonly Diagnostic[] } {
  const providers = checkProviders(config);
  const graphs = config.graphs.map((graph) => checkGraph(graph, config, sources));
  const { policies, diagnostics: policyFindings } = checkPolicies(config, sources);
  const diagnostics = [
    ...checkHeader(config, place.absolute),
    ...providers.diagnostics,
    ...graphs.flatMap((graph) => graph.diagnostics),
    ...policyFindings,
  ];
  if (!isOk(diagnostics)) return { desired: null, diagnostics };
  return { desired: assemble(config, providers.entries, graphs, policies), diagnostics };
}

function assemble(
  config: ClusterConfig,
  providers: ReadonlyMap<Address, LedgerEntry>,
  graphs: readonly CheckedGraph[],
  policies: readonly CheckedPolicy[],
): Desired {
  const entries = new Map<Address, LedgerEntry>(providers);
  const files = new Map<Address, SourceFile>();
  const add = (address: Address, file: SourceFile, parts: Partial<LedgerEntry> = {}) => {
    files.set(address, file);
    entries.set(address, ledgerEntry(file.digest, parts));
  };
  for (const { id, provider, blobPolicy, schema, queries } of graphs) {
    entries.set(graphAddress(id), ledgerEntry("", { embeddingProvider: provider, blobPolicy }));
    if (schema !== null) add(schemaAddress(id), schema);
    for (const [name, file] of queries) add(queryAddress(id, name), file);
  }
  for (const { name, file, appliesTo } of policies) {
    if (file !== null) add(policyAddress(name), file, { appliesTo });
  }
  const complete = new Map([...withComposites(entries)].sort(([a], [b]) => a < b ? -1 : 1));
  const resources = new Map<Address, DesiredResource>();
  for (const [address, entry] of complete) {
    const kind = parseAddress(address)?.kind;
    if (kind !== undefined) {
      resources.set(address, { address, kind, entry, file: files.get(address) ?? null });
    }
  }
  return {
    config,
    clusterName: config.metadataName?.text ?? "",
    configDigest: configDigest(configJson(config), digestsOf(complete)),
    resources,
    entries: complete,
    dependencies: dependenciesOf(complete),
    policies: policies.flatMap(({ name, bundle, appliesTo }) =>
      bundle === null ? [] : [{ address: policyAddress(name), name, bundle, appliesTo }]
    ),
    files: [...new Set(files.values())],
  };
}

/**
 * Source files per resource, absolute: what the last change of a resource is read from. Graphs follow their schema and
 * queries; what the configuration file itself declares counts for graphs and providers.
 */
export function filesByResource(
  desired: Desired,
  configFile: string,
): ReadonlyMap<Address, readonly string[]> {
  const byAddress = new Map<Address, string[]>();
  for (const { address, kind, file } of desired.resources.values()) {
    byAddress.set(address, file === null ? [configFile] : [file.absolutePath]);
    const graph = graphOf(address);
    if (kind === "graph" || graph === null || file === null) continue;
    byAddress.get(graphAddress(graph))?.push(file.absolutePath);
  }
  return byAddress;
}
