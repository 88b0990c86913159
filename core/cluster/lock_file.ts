/**
 * The stored form of the state lock, `__cluster/lock.json`, version 1. Members are strict: nothing unknown is allowed,
 * and what this version adds (`host` and later) may be missing.
 */
import { prettyJson } from "../base/json.ts";
import { parseObject, StoredJsonError } from "./strict_json.ts";

/** Version of the file. */
export const LOCK_VERSION = 1;

/** A held lock. Times are RFC 3339 UTC. */
export interface LockBody {
  readonly lockId: string;
  /** Name of the command. */
  readonly operation: string;
  readonly createdAt: string;
  readonly pid: number;
  readonly host: string | null;
  readonly actor: string | null;
  /** Address of the run of continuous integration. */
  readonly runUrl: string | null;
  /** Renewed while the holder lives; null in locks that are never taken over. */
  readonly heartbeatAt: string | null;
  /** Whether the holder also holds the life sign of the folder, which its end gives back at once. */
  readonly lifeSign: boolean;
}

/** A lock of a version that this build does not read. */
export class LockVersionError extends Error {
  override readonly name = "LockVersionError";
}

/** Reads a stored lock. Throws {@linkcode StoredJsonError} or {@linkcode LockVersionError}. */
export function parseLock(bytes: Uint8Array): LockBody {
  const file = parseObject(bytes);
  const version = file.raw("version");
  if (version !== LOCK_VERSION) {
    throw new LockVersionError(`lock version ${JSON.stringify(version) ?? "none"} is not supported`);
  }
  const body = {
    lockId: file.text("lock_id"),
    operation: file.text("operation"),
    createdAt: file.text("created_at"),
    pid: file.count("pid"),
    host: file.textOrNull("host"),
    actor: file.textOrNull("actor"),
    runUrl: file.textOrNull("run_url"),
    heartbeatAt: file.textOrNull("heartbeat_at"),
    lifeSign: file.raw("life_sign") === true,
  };
  file.end();
  if (body.lockId === "") throw new StoredJsonError("`lock_id` must not be empty");
  return body;
}

/** The stored bytes of a lock. */
export function lockBytes(body: LockBody): Uint8Array {
  return new TextEncoder().encode(prettyJson({
    version: LOCK_VERSION,
    lock_id: body.lockId,
    operation: body.operation,
    created_at: body.createdAt,
    pid: body.pid,
    host: body.host,
    actor: body.actor,
    run_url: body.runUrl,
    heartbeat_at: body.heartbeatAt,
    ...(body.lifeSign ? { life_sign: true } : {}),
  }));
}
