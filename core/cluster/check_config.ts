/** Checks the parts of the configuration that stand alone: the header and the embedding providers. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { didYouMean } from "../base/suggest.ts";
import { AppError } from "../errors.ts";
import { parseStorageUri, type StorageUri } from "../storage/uri.ts";
import { type Address, isResourceName, NAME_RULE, providerAddress } from "./address.ts";
import { type ClusterConfig, type PlacedText, profileOf, type ProviderConfig } from "./config.ts";
import { providerDigest } from "./digests.ts";
import { finding } from "./findings.ts";
import { type LedgerEntry, ledgerEntry } from "./ledger.ts";

/** Version of `cluster.yaml` that this build reads. */
export const CONFIG_VERSION = 1;

const PROVIDER_KINDS = ["openai-compatible", "openai", "gemini", "mock"];
const KEY_REFERENCE = /^\$\{[A-Za-z_][A-Za-z0-9_]*\}$/;

/** Version, label, backend and storage address. */
export function checkHeader(config: ClusterConfig, baseDir: string): Diagnostic[] {
  const { source } = config;
  const findings: Diagnostic[] = [];
  if (config.version.value !== CONFIG_VERSION) {
    const message =
      `version ${config.version.value} is not supported: this build reads version ${CONFIG_VERSION}`;
    const options = { span: config.version.span, source };
    findings.push(finding("unsupported_cluster_config_version", "version", message, options));
  }
  if (config.metadataName?.text.trim() === "") {
    const options = { span: config.metadataName.span, source };
    findings.push(finding("empty_metadata_name", "metadata.name", "the name must not be blank", options));
  }
  if (config.stateBackend !== null && config.stateBackend.text !== "cluster") {
    const message = `state backend \`${config.stateBackend.text}\` is not supported: only \`cluster\` is`;
    const options = { span: config.stateBackend.span, source };
    findings.push(finding("unsupported_state_backend", "state.backend", message, options));
  }
  const storage = storageRootOf(config, baseDir);
  if ("code" in storage) findings.push(storage);
  return findings;
}

/** The storage root: `storage:`, else the config directory. A wrong address is a finding. */
export function storageRootOf(config: ClusterConfig, baseDir: string): StorageUri | Diagnostic {
  if (config.storage === null) return { kind: "local", path: baseDir };
  try {
    return parseStorageUri(config.storage.text, baseDir);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return finding("invalid_storage_root", "storage", error.message, {
      span: config.storage.span,
      source: config.source,
    });
  }
}

/** A name that is no resource name is a finding at the key that declares it. */
export function checkName(
  kind: string,
  name: PlacedText,
  path: string,
  config: ClusterConfig,
): Diagnostic[] {
  if (isResourceName(name.text)) return [];
  const message = `${kind} name \`${name.text}\` is not allowed: it must be ${NAME_RULE}`;
  return [finding("invalid_resource_id", path, message, { span: name.span, source: config.source })];
}

/** The entries of all providers, and what is wrong with them. */
export function checkProviders(
  config: ClusterConfig,
): { readonly entries: ReadonlyMap<Address, LedgerEntry>; readonly diagnostics: readonly Diagnostic[] } {
  const entries = new Map<Address, LedgerEntry>();
  const diagnostics: Diagnostic[] = [];
  for (const provider of config.providers) {
    diagnostics.push(...checkProvider(provider, config));
    const profile = profileOf(provider);
    const entry = ledgerEntry(providerDigest(profile), { embeddingProfile: profile });
    entries.set(providerAddress(provider.name.text), entry);
  }
  return { entries, diagnostics };
}

function checkProvider(provider: ProviderConfig, config: ClusterConfig): Diagnostic[] {
  const path = `providers.embedding.${provider.name.text}`;
  const { source } = config;
  const findings = checkName("provider", provider.name, path, config);
  const kind = provider.kind;
  if (kind !== null && !PROVIDER_KINDS.includes(kind.text)) {
    const message = `embedding provider kind \`${kind.text}\` is unknown: accepted are ${
      PROVIDER_KINDS.join(", ")
    }`;
    const help = didYouMean(kind.text, PROVIDER_KINDS);
    const options = { span: kind.span, source, ...(help === undefined ? {} : { help }) };
    findings.push(finding("invalid_embedding_provider", path, message, options));
  }
  if (provider.apiKey === null) {
    if (kind?.text === "mock") return findings;
    const message =
      "the provider needs an `api_key` of the form `${NAME}`, the environment variable with the key";
    findings.push(
      finding("embedding_api_key_required", `${path}.api_key`, message, { span: provider.name.span, source }),
    );
  } else if (!KEY_REFERENCE.test(provider.apiKey.text)) {
    // No span and no source: the key itself must not show up in a terminal or a build log.
    const message =
      "the `api_key` must be `${NAME}`, the environment variable with the key, never the key itself";
    findings.push(finding("embedding_api_key_inline", `${path}.api_key`, message));
  }
  return findings;
}
