/** Effects that deciding code asks for as parameters instead of reaching for globals. */

/** Wall clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

/** Source of random bytes. */
export interface Random {
  /** Fills `target` with random bytes. */
  fill(target: Uint8Array<ArrayBuffer>): void;
}

/** Read access to environment variables; blank counts as unset for the callers that say so. */
export interface Env {
  get(name: string): string | undefined;
}

/** Named crash points; a no-op outside tests. May throw, exit the process or wait. */
export type Failpoint = (name: string) => void | Promise<void>;

/** Makes new ULIDs. */
export interface NewId {
  /** One ULID as text. */
  (): string;
  /**
   * Writes `count` ULIDs as 26 ASCII bytes each, one after another, into `target` from offset `at`: for bulk loads.
   * Absent where nobody makes ids in bulk, e.g. in the sources of tests.
   */
  readonly write?: (target: Uint8Array, at: number, count: number) => void;
}

/** The failpoint that does nothing. */
export const noFailpoint: Failpoint = () => {};

/** The clock of this machine. */
export const systemClock: Clock = { nowMs: () => Date.now() };

/** The random source of this process. */
export const systemRandom: Random = { fill: (target) => void crypto.getRandomValues(target) };

/** The environment of this process. */
export const systemEnv: Env = { get: (name) => Deno.env.get(name) };
