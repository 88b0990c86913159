/**
 * The state lock: at most one command changes a cluster at a time, across machines.
 *
 * Invariants: a lock is created if absent or taken over by compare-and-swap, so of any number of callers one holds it; a
 * live holder renews its heartbeat every 10 s; a holder deletes the lock only while it is its own. The ledger's own
 * compare-and-swap stays the last word: a holder that lost its lock can publish nothing over its successor.
 *
 * | a lock is taken over when …                                                                  |
 * | its heartbeat is older than 60 s (a lock without heartbeat never)                            |
 * | its holder took the life sign, ran on this host, and the caller could take the life sign now |
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Clock, NewId } from "../base/ports.ts";
import { formatDateTime } from "../base/temporal.ts";
import type { LifeSign } from "../storage/life_sign.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { causeText, finding } from "./findings.ts";
import { type LockBody, lockBytes, LockVersionError, parseLock } from "./lock_file.ts";
import { StoredJsonError } from "./strict_json.ts";

/** Key of the lock, and the path of diagnostics about it. */
export const LOCK_KEY = "__cluster/lock.json";
/** A live holder renews its heartbeat this often, milliseconds. */
export const HEARTBEAT_MS = 10_000;
/** A lock whose heartbeat is older than this belongs to nobody alive, milliseconds. */
export const STALE_MS = 60_000;
/** How often a waiting command looks again, milliseconds. */
const POLL_MS = 250;
/** How often in a row a lock may be neither there nor creatable: other commands come and go, but not that fast. */
const VANISHED_MAX = 100;

type LockStore = Pick<ObjectStore, "get" | "putIfAbsent" | "putIfMatch" | "deleteIfMatch">;

/** What stands at the lock's key. */
export type LockRead =
  | { readonly kind: "free" }
  | { readonly kind: "locked"; readonly body: LockBody; readonly version: string }
  | { readonly kind: "unreadable"; readonly problem: Diagnostic };

/** Who wants the lock. */
export interface LockRequest {
  readonly operation: string;
  readonly actor: string | null;
  readonly runUrl: string | null;
  readonly host: string | null;
  readonly pid: number;
  /** Told apart from other holders of this host by the operating system; null where there is no local disk. */
  readonly lifeSign: LifeSign | null;
  /** How long to wait for a held lock, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Ends the waiting. */
  readonly signal: AbortSignal | null;
}

/** The lock, or why not. `takenOver` is the dead holder's lock. */
export type LockResult =
  | { readonly kind: "acquired"; readonly lock: HeldLock; readonly takenOver: LockBody | null }
  | { readonly kind: "refused"; readonly read: LockRead; readonly problem: Diagnostic };

/** Reads the lock without touching it. */
export async function readLock(store: Pick<ObjectStore, "get">): Promise<LockRead> {
  try {
    const found = await store.get(LOCK_KEY);
    if (found === null) return { kind: "free" };
    return { kind: "locked", body: parseLock(found.bytes), version: found.version };
  } catch (error) {
    const code = error instanceof LockVersionError
      ? "unsupported_state_lock_version"
      : error instanceof StoredJsonError
      ? "invalid_state_lock"
      : "state_lock_read_error";
    const help = "make sure that no apply is running, then delete the file";
    const isFile = code !== "state_lock_read_error";
    const message = `the lock cannot be read: ${causeText(error)}`;
    const problem = finding(code, LOCK_KEY, message, isFile ? { help } : {});
    return { kind: "unreadable", problem };
  }
}

/** Takes the lock, waiting up to the timeout. Throws only what the store or the disk throws. */
export async function acquireLock(store: LockStore, request: LockRequest): Promise<LockResult> {
  const { lifeSign } = request;
  let result: LockResult | null = null;
  try {
    return result = await waitForLock(store, request);
  } finally {
    if (result?.kind !== "acquired") lifeSign?.release();
  }
}

async function waitForLock(store: LockStore, request: LockRequest): Promise<LockResult> {
  const giveUpAt = request.clock.nowMs() + request.timeoutMs;
  for (let vanished = 0;;) {
    // Taken before the lock, so that a lock with a life sign never stands without it while its holder lives.
    const alive = await request.lifeSign?.tryHold() ?? false;
    const body = bodyOf(request, alive);
    const created = await store.putIfAbsent(LOCK_KEY, lockBytes(body));
    if (created !== null) return held(store, request, body, created.version, null);
    const read = await readLock(store);
    if (read.kind === "free") {
      if (++vanished < VANISHED_MAX) continue;
      throw new Error("it can neither be created nor read: something else is in its place");
    }
    vanished = 0;
    if (read.kind === "unreadable") return { kind: "refused", read, problem: read.problem };
    const orphaned = alive && read.body.lifeSign && request.host !== null && read.body.host === request.host;
    if (orphaned || isStale(read.body, request.clock)) {
      const taken = await store.putIfMatch(LOCK_KEY, lockBytes(body), read.version);
      if (taken !== null) return held(store, request, body, taken.version, read.body);
      continue;
    }
    request.lifeSign?.release();
    if (request.clock.nowMs() >= giveUpAt || request.signal?.aborted) {
      return { kind: "refused", read, problem: heldFinding(read.body, request.clock) };
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function bodyOf(request: LockRequest, lifeSign: boolean): LockBody {
  const { operation, pid, host, actor, runUrl, clock, newId } = request;
  const now = formatDateTime(clock.nowMs());
  return { lockId: newId(), operation, createdAt: now, pid, host, actor, runUrl, heartbeatAt: now, lifeSign };
}

/** Whole seconds since an RFC 3339 time; null when it does not parse. */
export function ageSeconds(time: string, clock: Clock): number | null {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? null : Math.max(0, Math.floor((clock.nowMs() - ms) / 1000));
}

function held(
  store: LockStore,
  request: LockRequest,
  body: LockBody,
  version: string,
  takenOver: LockBody | null,
): LockResult {
  const lock = new HeldLock(store, { clock: request.clock, lifeSign: request.lifeSign, body, version });
  return { kind: "acquired", lock, takenOver };
}

function isStale(body: LockBody, clock: Clock): boolean {
  if (body.heartbeatAt === null) return false;
  const beat = Date.parse(body.heartbeatAt);
  return !Number.isNaN(beat) && clock.nowMs() - beat > STALE_MS;
}

function heldFinding(body: LockBody, clock: Clock): Diagnostic {
  const who = [body.actor === null ? null : `by ${body.actor}`, body.host === null ? null : `on ${body.host}`]
    .filter((part) => part !== null).join(" ");
  const beat = body.heartbeatAt === null ? null : ageSeconds(body.heartbeatAt, clock);
  const sign = beat === null ? "" : `, last sign of life ${beat} s ago`;
  const message =
    `\`${body.operation}\` holds the lock${who === "" ? "" : ` ${who}`} since ${body.createdAt}` +
    ` (process ${body.pid}${sign}): wait with --lock-timeout, or \`cluster force-unlock ${body.lockId}\` if it is gone`;
  return finding("state_lock_held", LOCK_KEY, message);
}

/** What a {@linkcode HeldLock} starts with: the stored body and its version. */
interface LockGrant {
  readonly clock: Clock;
  readonly lifeSign: LifeSign | null;
  readonly body: LockBody;
  readonly version: string;
}

/** A lock that this process holds. Renews itself until released. */
export class HeldLock {
  readonly id: string;
  readonly #store: LockStore;
  readonly #clock: Clock;
  readonly #lifeSign: LifeSign | null;
  readonly #body: LockBody;
  readonly #timer: ReturnType<typeof setInterval>;
  #version: string;
  #lost = false;
  #renewing: Promise<void> = Promise.resolve();

  constructor(store: LockStore, grant: LockGrant) {
    this.id = grant.body.lockId;
    this.#store = store;
    this.#clock = grant.clock;
    this.#lifeSign = grant.lifeSign;
    this.#body = grant.body;
    this.#version = grant.version;
    this.#timer = setInterval(() => void this.renew(), HEARTBEAT_MS);
  }

  /** Whether somebody else took the lock away. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Renews the heartbeat. A store that fails is tried again at the next beat. */
  renew(): Promise<void> {
    this.#renewing = this.#renewing.then(async () => {
      if (this.#lost) return;
      const body = { ...this.#body, heartbeatAt: formatDateTime(this.#clock.nowMs()) };
      const put = await this.#store.putIfMatch(LOCK_KEY, lockBytes(body), this.#version).catch(() =>
        undefined
      );
      if (put === null) this.#lost = await this.#isForeign();
      else if (put !== undefined) this.#version = put.version;
    });
    return this.#renewing;
  }

  /** Deletes the lock if it is still ours; a store that fails is a finding, the lock then goes stale by itself. */
  async release(): Promise<Diagnostic[]> {
    clearInterval(this.#timer);
    await this.#renewing;
    try {
      const read = await readLock(this.#store);
      // A store may repeat a removal whose answer got lost: by then the lock may be somebody else's.
      if (read.kind === "locked" && read.body.lockId === this.id) {
        await this.#store.deleteIfMatch(LOCK_KEY, read.version);
      }
      return [];
    } catch (error) {
      const message = `the lock ${this.id} could not be removed: ${causeText(error)}`;
      return [finding("state_lock_error", LOCK_KEY, message)];
    } finally {
      this.#lifeSign?.release();
    }
  }

  /** After a lost swap: whether the lock is somebody else's, not our own write whose answer got lost. */
  async #isForeign(): Promise<boolean> {
    const read = await readLock(this.#store);
    if (read.kind === "locked" && read.body.lockId === this.id) {
      this.#version = read.version;
      return false;
    }
    return read.kind !== "unreadable" || read.problem.code !== "state_lock_read_error";
  }
}
