/** Reads `cluster.yaml` itself, without the sources it points at. Touches no storage. */
import { join, resolve } from "@std/path";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { StorageUri } from "../storage/uri.ts";
import { checkHeader, storageRootOf } from "./check_config.ts";
import type { ClusterConfig } from "./config.ts";
import { CONFIG_FILE, readConfig } from "./config_reader.ts";
import { finding, isOk } from "./findings.ts";
import { type ConfigFiles, type ConfigPlace, type SourceFile, sourceFile } from "./sources.ts";

/** The parsed configuration file and the storage root it names. */
export interface ClusterHeader {
  readonly config: ClusterConfig;
  readonly file: SourceFile;
  readonly root: StorageUri;
}

/** A configuration directory with its parsed file. */
export interface LoadedHeader {
  readonly place: ConfigPlace;
  /** Absolute path of the configuration file. */
  readonly configFile: string;
  /** null exactly when a diagnostic is an error. */
  readonly header: ClusterHeader | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** The configuration file, strictly parsed, or why not. */
export type ParsedConfigFile =
  | { readonly config: ClusterConfig; readonly file: SourceFile; readonly diagnostics: readonly Diagnostic[] }
  | { readonly config: null; readonly diagnostics: readonly Diagnostic[] };

/** Reads the file and checks its header. */
export async function loadHeader(configDir: string, files: ConfigFiles): Promise<LoadedHeader> {
  const { place, configFile } = configPlace(configDir);
  const parsed = await readConfigFile(place, files);
  if (parsed.config === null) return { place, configFile, header: null, diagnostics: parsed.diagnostics };
  const { config, file } = parsed;
  const root = storageRootOf(config, place.absolute);
  const diagnostics = checkHeader(config, place.absolute);
  const header = "code" in root || !isOk(diagnostics) ? null : { config, file, root };
  return { place, configFile, header, diagnostics };
}

/** Where a config directory and its file are. */
export function configPlace(configDir: string): { readonly place: ConfigPlace; readonly configFile: string } {
  const place = { shown: configDir, absolute: resolve(configDir) };
  return { place, configFile: join(place.absolute, CONFIG_FILE) };
}

/** Reads and strictly parses the configuration file. */
export async function readConfigFile(place: ConfigPlace, files: ConfigFiles): Promise<ParsedConfigFile> {
  const fail = (diagnostic: Diagnostic): ParsedConfigFile => ({ config: null, diagnostics: [diagnostic] });
  const configFile = join(place.absolute, CONFIG_FILE);
  const read = await files.readFile(configFile);
  if (read.kind !== "file") {
    const help = "name the folder that holds cluster.yaml with --config";
    const folder = await files.readFolder(place.absolute);
    if (folder.kind === "missing" || folder.kind === "not_folder") {
      const message = `config directory \`${place.shown}\` is not a directory`;
      return fail(finding("config_dir_not_found", place.shown, message, { help }));
    }
    const cause = read.kind === "missing" ? "not found" : read.message;
    const message = `\`${configFile}\` cannot be read: ${cause}`;
    return fail(
      finding("cluster_config_read_error", CONFIG_FILE, message, read.kind === "missing" ? { help } : {}),
    );
  }
  const file = sourceFile(place, CONFIG_FILE, read.bytes);
  if (file.source === null) {
    return fail(finding("cluster_config_read_error", CONFIG_FILE, `\`${configFile}\` is not UTF-8`));
  }
  const { config, diagnostics } = readConfig(file.source);
  return config === null ? { config, diagnostics } : { config, file, diagnostics };
}
