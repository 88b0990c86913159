/**
 * Reads `cluster.yaml` strictly: unknown keys, wrong types and missing members are all collected in one pass. The text
 * is looked at in two stages, each of which stops the reading when it finds something: keys, then form.
 */
import { isScalar, isSeq } from "@std/yaml";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { SourceText, Span } from "../base/span.ts";
import { nearestName } from "../base/suggest.ts";
import { type YamlEntry, YamlReader, type YamlValue } from "../policy/yaml_reader.ts";
import type {
  BlobBaseConfig,
  ClusterConfig,
  GraphConfig,
  PlacedText,
  PolicyConfig,
  ProviderConfig,
  QueriesConfig,
} from "./config.ts";
import { checkKeys } from "./config_keys.ts";

/** Name of the configuration file, and the path of diagnostics about its form. */
export const CONFIG_FILE = "cluster.yaml";

/** Parses the file; `config` is null exactly when a diagnostic says why. Never throws for bad input. */
export function readConfig(
  source: SourceText,
): { readonly config: ClusterConfig | null; readonly diagnostics: readonly Diagnostic[] } {
  const yaml = new YamlReader(source, "invalid_cluster_yaml");
  if (yaml.readable) {
    const keyFindings = checkKeys(yaml.root().node, source);
    if (keyFindings.length > 0) return { config: null, diagnostics: keyFindings };
  }
  const config = yaml.readable ? new ConfigReader(yaml, source).read() : null;
  const diagnostics = yaml.diagnostics().map((diagnostic) => ({ ...diagnostic, path: CONFIG_FILE }));
  return { config: diagnostics.length === 0 ? config : null, diagnostics };
}

type Fields<Key extends string> = Partial<Record<Key, YamlValue>>;

class ConfigReader {
  readonly #yaml: YamlReader;
  readonly #source: SourceText;
  /** Paths of fields that an unknown field was probably meant to be: they are not missed, too. */
  readonly #meant = new Set<string>();

  constructor(yaml: YamlReader, source: SourceText) {
    this.#yaml = yaml;
    this.#source = source;
  }

  read(): ClusterConfig | null {
    const keys = ["version", "metadata", "storage", "state", "providers", "graphs", "policies"] as const;
    const root = this.#yaml.root();
    const top = this.#fields(root, "", keys);
    if (top === null) return null;
    if (top.version === undefined) this.#missing({ start: 0, end: 0 }, "", "version");
    const version = top.version === undefined ? null : this.#yaml.integer(top.version, "version");
    const metadata = this.#optionalFields(top.metadata, "metadata", ["name"]);
    const state = this.#optionalFields(top.state, "state", ["backend", "lock"]);
    const providers = this.#optionalFields(top.providers, "providers", ["embedding"]);
    return {
      source: this.#source,
      version: { value: version ?? 1, span: top.version?.span ?? root.span },
      metadataName: this.#text(metadata.name, "metadata.name"),
      storage: this.#text(top.storage, "storage"),
      stateBackend: this.#text(state.backend, "state.backend"),
      stateLock: this.#boolean(state.lock, "state.lock"),
      providers: this.#named(
        providers.embedding,
        "providers.embedding",
        (entry, path) => this.#provider(entry, path),
      ),
      graphs: this.#named(top.graphs, "graphs", (entry, path) => this.#graph(entry, path)),
      policies: this.#named(top.policies, "policies", (entry, path) => this.#policy(entry, path)),
    };
  }

  #provider(entry: YamlEntry, path: string): ProviderConfig | null {
    const keys = ["kind", "provider", "base_url", "model", "api_key"] as const;
    const fields = this.#fields(entry.value, path, keys);
    if (fields === null) return null;
    const alias = this.#text(fields.provider, `${path}.provider`);
    if (fields.kind !== undefined && fields.provider !== undefined) {
      this.#yaml.problem(
        fields.provider.span,
        `${path}: \`provider\` is another word for \`kind\``,
        "keep `kind`",
      );
    }
    return {
      name: nameOf(entry),
      kind: this.#text(fields.kind, `${path}.kind`) ?? alias,
      baseUrl: this.#text(fields.base_url, `${path}.base_url`),
      model: this.#text(fields.model, `${path}.model`),
      apiKey: this.#text(fields.api_key, `${path}.api_key`),
    };
  }

  #graph(entry: YamlEntry, path: string): GraphConfig | null {
    const keys = ["schema", "queries", "embedding_provider", "external_blobs"] as const;
    const fields = this.#fields(entry.value, path, keys);
    if (fields === null) return null;
    const schema = this.#requiredText(fields.schema, entry, path, "schema");
    const queries = this.#queries(fields.queries, `${path}.queries`);
    const embeddingProvider = this.#text(fields.embedding_provider, `${path}.embedding_provider`);
    const externalBlobs = this.#externalBlobs(fields.external_blobs, `${path}.external_blobs`);
    if (schema === null) return null;
    return { id: nameOf(entry), schema, queries, embeddingProvider, externalBlobs };
  }

  #queries(value: YamlValue | undefined, path: string): QueriesConfig {
    if (value === undefined || this.#yaml.isEmpty(value)) return { kind: "none" };
    if (isScalar(value.node)) {
      const file = this.#text(value, path);
      return file === null ? { kind: "none" } : { kind: "path", path: file };
    }
    if (isSeq(value.node)) {
      const paths = (this.#yaml.items(value, path) ?? []).map((item) => this.#yaml.text(item, `${path}[]`));
      return { kind: "list", paths: paths.filter((item) => item !== null) };
    }
    const files = this.#named(value, path, (entry, entryPath) => {
      const fields = this.#fields(entry.value, entryPath, ["file"]);
      const file = fields === null ? null : this.#requiredText(fields.file, entry, entryPath, "file");
      return file === null ? null : { name: nameOf(entry), file };
    });
    return { kind: "map", files };
  }

  #externalBlobs(value: YamlValue | undefined, path: string): BlobBaseConfig[] {
    const { allow } = this.#optionalFields(value, path, ["allow"]);
    if (allow === undefined || this.#yaml.isEmpty(allow)) return [];
    const bases: BlobBaseConfig[] = [];
    for (const item of this.#yaml.items(allow, `${path}.allow`) ?? []) {
      const itemPath = `${path}.allow[]`;
      const fields = this.#fields(item, itemPath, ["base", "scope"]);
      if (fields === null) continue;
      const base = this.#requiredText(fields.base, { value: item }, itemPath, "base");
      const scope = this.#requiredText(fields.scope, { value: item }, itemPath, "scope");
      if (base === null || scope === null) continue;
      if (scope.text === "server_safe" || scope.text === "embedded_only") {
        bases.push({ base, scope: scope.text });
      } else {
        const message =
          `${itemPath}.scope: must be \`server_safe\` or \`embedded_only\`, found \`${scope.text}\``;
        this.#yaml.problem(scope.span, message);
      }
    }
    return bases;
  }

  #policy(entry: YamlEntry, path: string): PolicyConfig | null {
    const fields = this.#fields(entry.value, path, ["file", "applies_to"]);
    if (fields === null) return null;
    const file = this.#requiredText(fields.file, entry, path, "file");
    const list = fields.applies_to;
    // A policy without targets has a diagnostic of its own, so an absent list is an empty one here.
    const items = list === undefined || this.#yaml.isEmpty(list)
      ? []
      : this.#yaml.items(list, `${path}.applies_to`);
    const appliesTo = (items ?? []).map((item) => this.#yaml.text(item, `${path}.applies_to[]`));
    return file === null
      ? null
      : { name: nameOf(entry), file, appliesTo: appliesTo.filter((item) => item !== null) };
  }

  /** The readable entries of an optional mapping, ascending by name. */
  #named<Item>(
    value: YamlValue | undefined,
    path: string,
    read: (entry: YamlEntry, path: string) => Item | null,
  ): Item[] {
    if (value === undefined || this.#yaml.isEmpty(value)) return [];
    const entries = this.#yaml.entries(value, path) ?? [];
    return entries.toSorted((a, b) => a.key < b.key ? -1 : 1)
      .map((entry) => read(entry, `${path}.${entry.key}`)).filter((item) => item !== null);
  }

  #optionalFields<Key extends string>(
    value: YamlValue | undefined,
    path: string,
    keys: readonly Key[],
  ): Fields<Key> {
    return value === undefined || this.#yaml.isEmpty(value) ? {} : this.#fields(value, path, keys) ?? {};
  }

  #fields<Key extends string>(value: YamlValue, path: string, keys: readonly Key[]): Fields<Key> | null {
    const entries = this.#yaml.entries(value, path === "" ? "the file" : path);
    if (entries === null) return null;
    const fields: Fields<Key> = {};
    for (const entry of entries) {
      const key = keys.find((known) => known === entry.key);
      if (key !== undefined) fields[key] = entry.value;
      else {
        const where = path === "" ? "" : ` in \`${path}\``;
        const near = nearestName(entry.key, keys);
        if (near !== null) this.#meant.add(`${path}.${near}`);
        const help = near === null ? `known fields are ${keys.join(", ")}` : `did you mean \`${near}\`?`;
        this.#yaml.problem(entry.keySpan, `unknown field \`${entry.key}\`${where}`, help);
      }
    }
    return fields;
  }

  #text(value: YamlValue | undefined, path: string): PlacedText | null {
    return value === undefined || this.#yaml.isEmpty(value) ? null : this.#yaml.text(value, path);
  }

  #requiredText(
    value: YamlValue | undefined,
    owner: { readonly keySpan?: Span; readonly value: YamlValue },
    path: string,
    key: string,
  ): PlacedText | null {
    if (value !== undefined && !this.#yaml.isEmpty(value)) return this.#yaml.text(value, `${path}.${key}`);
    this.#missing(owner.keySpan ?? owner.value.span, path, key);
    return null;
  }

  #boolean(value: YamlValue | undefined, path: string): boolean | null {
    if (value === undefined || this.#yaml.isEmpty(value)) return null;
    if (isScalar(value.node) && typeof value.node.value === "boolean") return value.node.value;
    const found = isScalar(value.node) ? `, found \`${String(value.node.value)}\`` : "";
    this.#yaml.problem(value.span, `${path}: must be \`true\` or \`false\`${found}`);
    return null;
  }

  #missing(span: Span, path: string, key: string): void {
    if (this.#meant.has(`${path}.${key}`)) return;
    this.#yaml.problem(
      span,
      path === "" ? `missing field \`${key}\`` : `missing field \`${key}\` in \`${path}\``,
      key === "version" ? "start the file with `version: 1`" : undefined,
    );
  }
}

function nameOf(entry: YamlEntry): PlacedText {
  return { text: entry.key, span: entry.keySpan };
}
