/**
 * The cluster commands as the outside calls them: `clusterValidate`, `clusterPlan`, `clusterApply`, `clusterStatus` and
 * `clusterForceUnlock`. Each takes everything it needs as options, reads no arguments, prints nothing and never ends the
 * process; expected failures are diagnostics of the result, with the exit code beside it.
 */
import type { Env } from "../base/ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { StorageUri } from "../storage/uri.ts";
import type {
  ApplyResult,
  ForceUnlockResult,
  Outcome,
  PlanResult,
  StatusResult,
  ValidateResult,
} from "./results.ts";
import type { ConfigFiles } from "./sources.ts";
import { systemFiles } from "./system_files.ts";

/** Options of every cluster command. Only `configDir` is required: the rest defaults to this machine. */
export interface ClusterOptions {
  /** Folder that holds `cluster.yaml`, as the user wrote it; relative to the working directory. */
  readonly configDir: string;
  /** Who asks (`--as`, else `operator.actor`); null or absent: nobody said. */
  readonly actor?: string | null;
  readonly env?: Env;
  /** Where configuration files come from; default: the working tree. */
  readonly files?: ConfigFiles;
  /** Opens the storage root. */
  readonly openStore?: (uri: StorageUri) => ObjectStore;
}

/** Options of `cluster plan`. */
export interface PlanOptions extends ClusterOptions {
  /** Exit with 2 instead of 0 when there are changes. */
  readonly detailedExitCode?: boolean;
}

/** Options of `cluster apply`. */
export interface ApplyOptions extends ClusterOptions {
  /** Apply although files of the configuration differ from the commit. */
  readonly allowDirty?: boolean;
  /** How long to wait for a held lock, milliseconds; default 0. */
  readonly lockTimeoutMs?: number;
  /** Stops before the next step and releases the lock. */
  readonly signal?: AbortSignal;
}

/** Options of `cluster force-unlock`. */
export interface ForceUnlockOptions extends ClusterOptions {
  readonly lockId: string;
}

/** `cluster validate`. */
export async function clusterValidate(options: ClusterOptions): Promise<Outcome<ValidateResult>> {
  const { runValidate } = await import("./validate.ts");
  return await runValidate({ configDir: options.configDir, files: options.files ?? systemFiles });
}

/** The commands and what they answer. */
export interface ClusterCommands {
  clusterValidate(options: ClusterOptions): Promise<Outcome<ValidateResult>>;
  clusterPlan(options: PlanOptions): Promise<Outcome<PlanResult>>;
  clusterApply(options: ApplyOptions): Promise<Outcome<ApplyResult>>;
  clusterStatus(options: ClusterOptions): Promise<Outcome<StatusResult>>;
  clusterForceUnlock(options: ForceUnlockOptions): Promise<Outcome<ForceUnlockResult>>;
}
