/**
 * Admission: how much one actor may have in flight at a time, over the whole process. There is no queue: over a cap a
 * request is refused at once.
 *
 * Invariant: an actor's count and bytes are the sums over its admitted, unfinished requests; an idle actor has no entry.
 */
import type { Env } from "../../core/base/ports.ts";
import { AppError } from "../../core/errors.ts";
import type { Log } from "../log.ts";
import { given, parseCount } from "../settings.ts";

/** The caps of one actor. */
export interface AdmissionLimits {
  /** Requests. */
  readonly inflightMax: number;
  /** Sum of the estimated bytes of its requests. */
  readonly bytesMax: number;
}

/** Bucket of requests without an actor. */
const ANONYMOUS = "anonymous";
const DEFAULTS: AdmissionLimits = { inflightMax: 16, bytesMax: 4_294_967_296 };

/** Reads the caps; an invalid value is warned about and the default used. */
export function readAdmissionLimits(env: Env, log: Log): AdmissionLimits {
  const read = (name: string, fallback: number) => {
    const text = given(env, name);
    if (text === null) return fallback;
    const value = parseCount(text);
    if (value !== null && value > 0) return value;
    log.warn("invalid limit, using the default", { variable: name, default: fallback });
    return fallback;
  };
  return {
    inflightMax: read("OMNIGRAPH_PER_ACTOR_INFLIGHT_MAX", DEFAULTS.inflightMax),
    bytesMax: read("OMNIGRAPH_PER_ACTOR_BYTES_MAX", DEFAULTS.bytesMax),
  };
}

/** Counts requests in flight. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #inflight = new Map<string, { count: number; bytes: number }>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /**
   * Runs `work` as one admitted request of the actor and gives its share back when it ends in any way. Throws
   * `too_many_requests` instead of running when the actor is over a cap.
   */
  async run<T>(actor: string | null, bytes: number, work: () => Promise<T>): Promise<T> {
    const bucket = actor === null ? ANONYMOUS : `actor ${actor}`;
    const used = this.#inflight.get(bucket) ?? { count: 0, bytes: 0 };
    const { inflightMax, bytesMax } = this.#limits;
    if (used.count >= inflightMax) throw refused(`actor in-flight count cap ${inflightMax} exceeded`);
    if (used.bytes + bytes > bytesMax) {
      throw refused(
        `actor in-flight bytes cap ${bytesMax} exceeded by an attempt at ${used.bytes + bytes} bytes`,
      );
    }
    used.count++;
    used.bytes += bytes;
    this.#inflight.set(bucket, used);
    try {
      return await work();
    } finally {
      used.count--;
      used.bytes -= bytes;
      if (used.count === 0) this.#inflight.delete(bucket);
    }
  }
}

function refused(text: string): AppError {
  return new AppError("too_many_requests", text);
}
