/** Where the tables of one graph lie, and what their store needs from us around LanceDB's own work. */
import { type Env } from "../base/ports.ts";
import { type LineagePlace, type Names, namesAt, removeTornManifests, syncSince } from "./lance_files.ts";
import type { LanceLibrary, NativeConnection } from "./lance_library.ts";
import { ensureFolder } from "./local_files.ts";
import { lanceStorageOptions, readS3Settings } from "./s3_settings.ts";
import { showUri, type StorageUri } from "./uri.ts";

/** One lineage of one table. */
export interface Lineage {
  /** `nodes/12` */
  readonly table: string;
  /** Lance branch, or null for the main lineage. */
  readonly branch: string | null;
}

/** The root of a graph as its tables need it. */
export interface LanceRoot {
  /** How often to try what LanceDB could not do. It gives up at once where it cannot know whether a request arrived. */
  readonly attemptsMax: number;
  /** Connects to a folder of tables, e.g. `nodes`. Touches nothing. */
  connect(library: LanceLibrary, folder: string): Promise<NativeConnection>;
  /** Makes the folder ready to hold tables. */
  prepare(folder: string): Promise<void>;
  /** What is there before a write. `isDurable` says that a pin names what is in the lineage. */
  look(lineage: Lineage, isDurable: boolean): Names;
  /** Makes durable what came since. */
  settle(lineage: Lineage, before: Names): Promise<void>;
  /** Removes traces of a power loss that keep the lineage from being opened; returns whether there were any. */
  mend(lineage: Lineage): boolean;
}

/** The tables' root at an address. `limits` are storage options that take precedence, for S3. */
export function lanceRoot(
  uri: StorageUri,
  env: Env,
  limits: Readonly<Record<string, string>> = {},
): LanceRoot {
  return uri.kind === "local" ? new LocalRoot(uri.path) : new S3Root(uri, env, limits);
}

/** A folder of this machine: LanceDB neither syncs nor survives manifests that a power loss cut off. */
export class LocalRoot implements LanceRoot {
  readonly attemptsMax = 1;
  readonly #path: string;
  /** Folders known to exist durably. */
  readonly #folders = new Set<string>();

  /** @param path absolute path of the graph root */
  constructor(path: string) {
    this.#path = path;
  }

  connect(library: LanceLibrary, folder: string): Promise<NativeConnection> {
    return library.connect(`${this.#path}/${folder}`, {});
  }

  prepare(folder: string): Promise<void> {
    return ensureFolder(this.#path, `${this.#path}/${folder}`, this.#folders);
  }

  look(lineage: Lineage, isDurable: boolean): Names {
    // What a dead writer left may not be synced.
    return isDurable ? namesAt(this.#place(lineage)) : new Map();
  }

  settle(lineage: Lineage, before: Names): Promise<void> {
    return syncSince(this.#place(lineage), before);
  }

  mend(lineage: Lineage): boolean {
    const place = this.#place(lineage);
    return [...new Set([place.table, place.lineage])].filter(removeTornManifests).length > 0;
  }

  #place({ table: name, branch }: Lineage): LineagePlace {
    const table = `${this.#path}/${name}.lance`;
    return { table, lineage: branch === null ? table : `${table}/tree/${branch}` };
  }
}

/** LanceDB's own limits let a request that gets no answer wait for minutes. The time is for a whole request, its body too. */
const S3_LIMITS = {
  connect_timeout: "5s",
  timeout: "60s",
  client_max_retries: "5",
  client_retry_timeout: "90",
};

/** A prefix of a bucket: what was answered is durable, objects are whole, folders need no making. */
class S3Root implements LanceRoot {
  readonly attemptsMax = 4;
  readonly #uri: string;
  readonly #options: Readonly<Record<string, string>>;

  constructor(uri: StorageUri & { readonly kind: "s3" }, env: Env, limits: Readonly<Record<string, string>>) {
    this.#uri = showUri(uri);
    this.#options = { ...S3_LIMITS, ...lanceStorageOptions(readS3Settings(env, uri.bucket)), ...limits };
  }

  connect(library: LanceLibrary, folder: string): Promise<NativeConnection> {
    return library.connect(`${this.#uri}/${folder}`, this.#options);
  }

  async prepare(): Promise<void> {}

  look(): Names {
    return new Map();
  }

  async settle(): Promise<void> {}

  mend(): boolean {
    return false;
  }
}
