/**
 * The cluster commands as the outside calls them. Each takes everything it needs as options, reads no arguments, prints
 * nothing and never ends the process; expected failures are diagnostics of the result, with the exit code beside it.
 */
import { type Env, systemEnv } from "../base/ports.ts";
import { type Ports, systemPorts } from "../graph/graph_ports.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { openObjectStore, openTableStore } from "../storage/open.ts";
import type { StorageUri } from "../storage/uri.ts";
import { VERSION } from "../version.ts";
import type { ClusterContext, GitReader } from "./context.ts";
import type { LockOptions } from "./lock_scope.ts";
import type {
  ApplyResult,
  ApproveResult,
  DriftResult,
  ForceUnlockResult,
  GcResult,
  Outcome,
  PlanResult,
  RefreshResult,
  StatusResult,
  ValidateResult,
} from "./results.ts";
import { openLifeSign } from "../storage/life_sign.ts";
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
  /** Reads the repository of the configuration. */
  readonly git?: GitReader;
  /** Opens the storage root. */
  readonly openStore?: (uri: StorageUri) => ObjectStore;
  /** Opens the tables of one graph. */
  readonly openTables?: (graphRoot: StorageUri) => TableStore;
  readonly ports?: Ports;
}

/** Options of commands that can read the configuration from a commit. */
export interface RefOptions extends ClusterOptions {
  /** A branch, tag or commit whose tree holds the configuration; absent: the working tree. */
  readonly ref?: string;
}

/** Options of `cluster plan`. */
export interface PlanOptions extends RefOptions {
  /** Exit with 2 instead of 0 when there are changes. */
  readonly detailedExitCode?: boolean;
}

/** Options of every command that takes the lock. */
export interface LockedOptions extends ClusterOptions {
  /** How long to wait for a held lock, milliseconds; default 0. */
  readonly lockTimeoutMs?: number;
  /** Stops before the next step and gives the lock back. */
  readonly signal?: AbortSignal;
}

/** Options of `cluster apply`. */
export interface ApplyOptions extends LockedOptions, RefOptions {
  /** Apply although files of the configuration differ from the commit. */
  readonly allowDirty?: boolean;
}

/** Options of `cluster approve`. */
export interface ApproveOptions extends LockedOptions {
  /** The resource whose change is approved, e.g. `graph.fleet`. */
  readonly address: string;
  /** How long the approval holds, milliseconds; default 7 days. */
  readonly expiresInMs?: number;
  /** Approve only while the plan has this digest. */
  readonly planDigest?: string;
}

/** How long an approval holds unless told otherwise, milliseconds. */
const APPROVAL_MS = 7 * 24 * 60 * 60 * 1000;

/** Options of `cluster gc`. */
export interface GcOptions extends LockedOptions {
  /** Newest revisions whose blobs stay; default 20. */
  readonly keepRevisions?: number;
  /** Remove; otherwise only say what would be removed. */
  readonly confirm?: boolean;
}

/** Revisions whose blobs stay unless told otherwise. */
const KEPT_REVISIONS = 20;

/** Options of `cluster force-unlock`. */
export interface ForceUnlockOptions extends ClusterOptions {
  readonly lockId: string;
}

/** `cluster validate`. */
export async function clusterValidate(options: RefOptions): Promise<Outcome<ValidateResult>> {
  const { runValidate } = await import("./validate.ts");
  const { configDir, files = systemFiles } = await atRef(options);
  return await runValidate({ configDir, files });
}

/** `cluster plan`. */
export async function clusterPlan(options: PlanOptions): Promise<Outcome<PlanResult>> {
  const { runPlan } = await import("./run_plan.ts");
  return await runPlan(contextOf(await atRef(options)), {
    detailedExitCode: options.detailedExitCode ?? false,
  });
}

/** `cluster apply`. */
export async function clusterApply(options: ApplyOptions): Promise<Outcome<ApplyResult>> {
  const { runApply } = await import("./apply.ts");
  return await runApply(contextOf(await atRef(options)), {
    ...lockOptions(options),
    allowDirty: options.allowDirty ?? false,
  });
}

/** `cluster approve`. */
export async function clusterApprove(options: ApproveOptions): Promise<Outcome<ApproveResult>> {
  const { runApprove } = await import("./run_approve.ts");
  return await runApprove(contextOf(options), {
    ...lockOptions(options),
    address: options.address,
    expiresInMs: options.expiresInMs ?? APPROVAL_MS,
    planDigest: options.planDigest ?? null,
  });
}

/** `cluster refresh`. */
export async function clusterRefresh(options: LockedOptions): Promise<Outcome<RefreshResult>> {
  const { runRefresh } = await import("./run_refresh.ts");
  return await runRefresh(contextOf(options), "refresh", lockOptions(options));
}

/** `cluster import`. */
export async function clusterImport(options: LockedOptions): Promise<Outcome<RefreshResult>> {
  const { runRefresh } = await import("./run_refresh.ts");
  return await runRefresh(contextOf(options), "import", lockOptions(options));
}

/** `cluster drift`. */
export async function clusterDrift(options: ClusterOptions): Promise<Outcome<DriftResult>> {
  const { runDrift } = await import("./run_drift.ts");
  return await runDrift(contextOf(options));
}

/** `cluster gc`. */
export async function clusterGc(options: GcOptions): Promise<Outcome<GcResult>> {
  const { runGc } = await import("./run_gc.ts");
  return await runGc(contextOf(options), {
    ...lockOptions(options),
    keepRevisions: options.keepRevisions ?? KEPT_REVISIONS,
    confirm: options.confirm ?? false,
  });
}

/** `cluster status`. */
export async function clusterStatus(options: ClusterOptions): Promise<Outcome<StatusResult>> {
  const { runStatus } = await import("./status.ts");
  return await runStatus(contextOf(options));
}

/** `cluster force-unlock`. */
export async function clusterForceUnlock(options: ForceUnlockOptions): Promise<Outcome<ForceUnlockResult>> {
  const { runForceUnlock } = await import("./force_unlock.ts");
  return await runForceUnlock(contextOf(options), options.lockId);
}

/** The repository on disk; the Git library is loaded when it is first asked for. */
const systemGit: GitReader = {
  async readProvenance(configDir, files) {
    const { readProvenance } = await import("../git/read_git.ts");
    return await readProvenance(configDir, files);
  },
  async readFileChanges(configDir, paths) {
    const { readFileChanges } = await import("../git/read_git.ts");
    return await readFileChanges(configDir, paths);
  },
};

/** The options with files and provenance of the commit that they name. */
async function atRef(options: RefOptions): Promise<RefOptions> {
  const { configDir, ref, files = systemFiles } = options;
  if (ref === undefined) return options;
  const { openCommitWorld } = await import("./commit_world.ts");
  return { ...options, ...await openCommitWorld(configDir, ref, files) };
}

function lockOptions({ lockTimeoutMs = 0, signal }: LockedOptions): LockOptions {
  return { lockTimeoutMs, signal: signal ?? null };
}

function contextOf(options: ClusterOptions): ClusterContext {
  return {
    configDir: options.configDir,
    files: options.files ?? systemFiles,
    git: options.git ?? systemGit,
    openStore: options.openStore ?? openObjectStore,
    // Another store than the disk's has nothing that a life sign on disk could speak for.
    openLifeSign: options.openStore === undefined ? (root) => openLifeSign(root, "__cluster") : () => null,
    openTables: options.openTables ?? openTableStore,
    ports: options.ports ?? systemPorts(),
    env: options.env ?? systemEnv,
    actor: options.actor ?? null,
    build: { product: VERSION, deno: Deno.version.deno },
    host: hostName(),
    pid: Deno.pid,
  };
}

/** Name of this machine; null when the process may not ask. */
function hostName(): string | null {
  try {
    return Deno.hostname();
  } catch {
    return null;
  }
}
