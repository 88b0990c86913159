/** Loads the configuration: the one way in for every command. Touches no storage and no lock. */
import { join, resolve } from "@std/path";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { StorageUri } from "../storage/uri.ts";
import { CLUSTER_SCOPE, graphOf } from "./address.ts";
import { checkHeader, storageRootOf } from "./check_config.ts";
import type { ClusterConfig } from "./config.ts";
import { CONFIG_FILE, readConfig } from "./config_reader.ts";
import { type Desired, type DesiredPolicy, resolveDesired } from "./desired.ts";
import { finding } from "./findings.ts";
import { isOk } from "./results.ts";
import { type ConfigFiles, type ConfigPlace, gatherSources, type SourceFile, sourceFile } from "./sources.ts";

/** A configuration directory with its parsed file. */
export interface LoadedHeader {
  readonly place: ConfigPlace;
  /** Absolute path of the configuration file. */
  readonly configFile: string;
  /** null exactly when a diagnostic is an error. */
  readonly header:
    | { readonly config: ClusterConfig; readonly file: SourceFile; readonly root: StorageUri }
    | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** A fully loaded configuration. */
export interface LoadedConfig extends LoadedHeader {
  /** null exactly when a diagnostic is an error. */
  readonly desired: Desired | null;
}

/** Reads `cluster.yaml` and its header, not the sources. */
export async function loadHeader(configDir: string, files: ConfigFiles): Promise<LoadedHeader> {
  const { base, parsed } = await loadFile(configDir, files);
  if (parsed.config === null) return { ...base, header: null, diagnostics: parsed.diagnostics };
  const root = storageRootOf(parsed.config, base.place.absolute);
  const diagnostics = checkHeader(parsed.config, base.place.absolute);
  if ("code" in root || !isOk(diagnostics)) return { ...base, header: null, diagnostics };
  return { ...base, header: { config: parsed.config, file: parsed.file, root }, diagnostics };
}

/** Reads and checks the whole configuration. */
export async function loadConfig(configDir: string, files: ConfigFiles): Promise<LoadedConfig> {
  const { base, parsed } = await loadFile(configDir, files);
  if (parsed.config === null) {
    return { ...base, header: null, desired: null, diagnostics: parsed.diagnostics };
  }
  const { config, file } = parsed;
  const sources = await gatherSources(config, base.place, files);
  const { desired, diagnostics } = resolveDesired(config, base.place, sources);
  const root = storageRootOf(config, base.place.absolute);
  const header = "code" in root || desired === null ? null : { config, file, root };
  return { ...base, header, desired, diagnostics };
}

/** Asks Cedar's strict validator about policies; loads Cedar only when there is one. */
export async function checkPoliciesStrictly(policies: readonly DesiredPolicy[]): Promise<Diagnostic[]> {
  if (policies.length === 0) return [];
  const { checkWithCedar } = await import("../policy/gate.ts");
  const findings: Diagnostic[] = [];
  for (const { name, bundle, appliesTo } of policies) {
    const [scope = CLUSTER_SCOPE] = appliesTo;
    const graph = graphOf(scope);
    // The graph id is a plain literal in the compiled text, so one graph speaks for all that are bound.
    const resource = graph === null
      ? { kind: "server" as const }
      : { kind: "graph" as const, graphId: graph };
    for (const diagnostic of await checkWithCedar(bundle, resource)) {
      findings.push({ ...diagnostic, code: "policy_invalid", path: `policies.${name}.file` });
    }
  }
  return findings;
}

type ParsedConfigFile =
  | { readonly config: ClusterConfig; readonly file: SourceFile; readonly diagnostics: readonly Diagnostic[] }
  | { readonly config: null; readonly diagnostics: readonly Diagnostic[] };

async function loadFile(configDir: string, files: ConfigFiles) {
  const place = { shown: configDir, absolute: resolve(configDir) };
  const base = { place, configFile: join(place.absolute, CONFIG_FILE) };
  return { base, parsed: await readConfigFile(place, base.configFile, files) };
}

async function readConfigFile(
  place: ConfigPlace,
  configFile: string,
  files: ConfigFiles,
): Promise<ParsedConfigFile> {
  const fail = (diagnostic: Diagnostic): ParsedConfigFile => ({ config: null, diagnostics: [diagnostic] });
  const read = await files.readFile(configFile);
  if (read.kind !== "file") {
    const folder = await files.readFolder(place.absolute);
    if (folder.kind === "missing" || folder.kind === "not_folder") {
      const message = `config directory \`${place.shown}\` is not a directory`;
      const help = "name the folder that holds cluster.yaml with --config";
      return fail(finding("config_dir_not_found", place.shown, message, { help }));
    }
    const cause = read.kind === "missing" ? "not found" : read.message;
    return fail(
      finding("cluster_config_read_error", CONFIG_FILE, `\`${configFile}\` cannot be read: ${cause}`),
    );
  }
  const file = sourceFile(place, CONFIG_FILE, read.bytes);
  if (file.source === null) {
    return fail(finding("cluster_config_read_error", CONFIG_FILE, `\`${configFile}\` is not UTF-8`));
  }
  const { config, diagnostics } = readConfig(file.source);
  return config === null ? { config, diagnostics } : { config, file, diagnostics };
}
