/** Everything a command may touch besides its arguments, in one value. */
import type { Env } from "../base/ports.ts";
import type { FileChanges, UsedFile } from "../git/read_git.ts";
import type { GitProvenance, Provenance } from "../git/provenance.ts";
import type { Ports } from "../graph/graph_ports.ts";
import type { LifeSign } from "../storage/life_sign.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import type { StorageUri } from "../storage/uri.ts";
import type { ConfigFiles } from "./sources.ts";

/** Reads the repository that holds the configuration. */
export interface GitReader {
  /** null outside a repository; throws when there is one that cannot be read. */
  readProvenance(configDir: string, files: readonly UsedFile[]): Promise<GitProvenance | null>;
  readFileChanges(configDir: string, paths: readonly string[]): Promise<FileChanges>;
}

/** The world of one command. */
export interface ClusterContext {
  /** As the user wrote it. */
  readonly configDir: string;
  readonly files: ConfigFiles;
  readonly git: GitReader;
  readonly openStore: (uri: StorageUri) => ObjectStore;
  /** The life sign of the control plane's folder; null where there is no local disk. */
  readonly openLifeSign: (uri: StorageUri) => LifeSign | null;
  readonly openTables: (graphRoot: StorageUri) => TableStore;
  readonly ports: Ports;
  readonly env: Env;
  /** Who asks; null when nobody said. */
  readonly actor: string | null;
  readonly build: Provenance["build"];
  readonly host: string | null;
  readonly pid: number;
}
