/** The configuration as a value: what `cluster.yaml` says, with the place of everything a later check may complain about. */
import type { SourceText, Span } from "../base/span.ts";

/** A string of the file with its place. */
export interface PlacedText {
  readonly text: string;
  readonly span: Span;
}

/** `providers.embedding.<name>`; null members are absent. */
export interface ProviderConfig {
  readonly name: PlacedText;
  readonly kind: PlacedText | null;
  readonly baseUrl: PlacedText | null;
  readonly model: PlacedText | null;
  readonly apiKey: PlacedText | null;
}

/** The three ways to say which stored queries a graph has. */
export type QueriesConfig =
  | { readonly kind: "none" }
  | { readonly kind: "path"; readonly path: PlacedText }
  | { readonly kind: "list"; readonly paths: readonly PlacedText[] }
  | {
    readonly kind: "map";
    readonly files: readonly { readonly name: PlacedText; readonly file: PlacedText }[];
  };

/** One entry of `external_blobs.allow`. */
export interface BlobBaseConfig {
  readonly base: PlacedText;
  readonly scope: "server_safe" | "embedded_only";
}

/** `graphs.<id>`. */
export interface GraphConfig {
  readonly id: PlacedText;
  readonly schema: PlacedText;
  readonly queries: QueriesConfig;
  readonly embeddingProvider: PlacedText | null;
  /** Empty means deny. */
  readonly externalBlobs: readonly BlobBaseConfig[];
}

/** `policies.<name>`. */
export interface PolicyConfig {
  readonly name: PlacedText;
  readonly file: PlacedText;
  readonly appliesTo: readonly PlacedText[];
}

/** A strictly parsed `cluster.yaml`. Lists are ascending by name. */
export interface ClusterConfig {
  readonly source: SourceText;
  readonly version: { readonly value: number; readonly span: Span };
  readonly metadataName: PlacedText | null;
  readonly storage: PlacedText | null;
  readonly stateBackend: PlacedText | null;
  readonly stateLock: boolean | null;
  readonly providers: readonly ProviderConfig[];
  readonly graphs: readonly GraphConfig[];
  readonly policies: readonly PolicyConfig[];
}

/** The given members of an embedding provider, in digest order. */
export interface EmbeddingProfile {
  readonly kind?: string;
  readonly base_url?: string;
  readonly model?: string;
  readonly api_key?: string;
}

/** The profile of a provider: given members only, defaults not filled. */
export function profileOf(provider: ProviderConfig): EmbeddingProfile {
  return {
    ...(provider.kind === null ? {} : { kind: provider.kind.text }),
    ...(provider.baseUrl === null ? {} : { base_url: provider.baseUrl.text }),
    ...(provider.model === null ? {} : { model: provider.model.text }),
    ...(provider.apiKey === null ? {} : { api_key: provider.apiKey.text }),
  };
}

/** The name a provider reference means: `<name>` or `provider.embedding.<name>`; null for any other dotted text. */
export function providerNameOf(reference: string): string | null {
  const name = reference.replace(/^provider\.embedding\./, "");
  return name.includes(".") ? null : name;
}

/**
 * The configuration as compact JSON: the part of the config digest that covers `cluster.yaml` itself. Absent scalars are
 * null, comments and formatting do not show.
 */
export function configJson(config: ClusterConfig): string {
  return JSON.stringify({
    version: config.version.value,
    metadata: { name: config.metadataName?.text ?? null },
    storage: config.storage?.text ?? null,
    state: { backend: config.stateBackend?.text ?? null, lock: config.stateLock },
    providers: {
      embedding: Object.fromEntries(
        config.providers.map((provider) => [provider.name.text, profileOf(provider)]),
      ),
    },
    graphs: Object.fromEntries(config.graphs.map((graph) => [graph.id.text, graphJson(graph)])),
    policies: Object.fromEntries(config.policies.map((policy) => [policy.name.text, {
      file: policy.file.text,
      applies_to: policy.appliesTo.map((target) => target.text),
    }])),
  });
}

function graphJson(graph: GraphConfig): unknown {
  return {
    schema: graph.schema.text,
    queries: queriesJson(graph.queries),
    embedding_provider: graph.embeddingProvider?.text ?? null,
    ...(graph.externalBlobs.length === 0 ? {} : {
      external_blobs: { allow: graph.externalBlobs.map(({ base, scope }) => ({ base: base.text, scope })) },
    }),
  };
}

function queriesJson(queries: QueriesConfig): unknown {
  switch (queries.kind) {
    case "none":
      return {};
    case "path":
      return queries.path.text;
    case "list":
      return queries.paths.map((path) => path.text);
    case "map":
      return Object.fromEntries(queries.files.map(({ name, file }) => [name.text, { file: file.text }]));
  }
}
