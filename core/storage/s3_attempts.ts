/**
 * Trying a request to S3 again, and what is known when it does not help.
 *
 * | answer                                                   | try again | may have been carried out |
 * | none, half of one, or one that is no S3                  | yes       | yes                       |
 * | 5xx                                                      | yes       | yes                       |
 * | 429, 409 ConditionalRequestConflict, a request that came | yes       | no                        |
 * | damaged or too slowly                                    |           |                           |
 * | any other                                                | no        | no                        |
 */
import { S3ConnectionError } from "./s3_http.ts";

/** How patiently requests are made. */
export interface S3Pace {
  /** How long to wait for an answer, and for each further piece of it, milliseconds. */
  readonly patienceMs: number;
  readonly attemptsMax: number;
  /** The first pause is at most this long and doubles from then on, milliseconds. */
  readonly pauseMs: number;
}

/** What the product uses: gives up after about half a minute. */
export const USUAL_PACE: S3Pace = { patienceMs: 5000, attemptsMax: 5, pauseMs: 200 };

/** Longest pause between two attempts, milliseconds. */
const PAUSE_MS_MAX = 5000;

/** All attempts failed in a way that trying again could have helped. */
export class AttemptsExhausted extends Error {
  override readonly name = "AttemptsExhausted";
  /** The last failure. */
  readonly last: unknown;
  /** Whether one of the requests may have been carried out. */
  readonly uncertain: boolean;

  constructor(last: unknown, uncertain: boolean) {
    super("all attempts failed");
    this.last = last;
    this.uncertain = uncertain;
  }
}

/** An object was there a moment ago and is not any more: ask again. */
export class VanishedError extends Error {
  override readonly name = "VanishedError";
}

/** Codes of refused requests that are fine when they are sent again. */
const SEND_AGAIN = new Set([
  "ConditionalRequestConflict",
  "OperationAborted",
  "RequestTimeout",
  "IncompleteBody",
  "BadDigest",
  "XAmzContentSHA256Mismatch",
  "XAmzContentChecksumMismatch",
  "SlowDown",
  // The client corrects its clock by the answer.
  "RequestTimeTooSkewed",
  "VanishedError",
]);

/**
 * Runs `request` until it does not fail, or not in a way that trying again may help. It is told whether an earlier
 * attempt may have been carried out. Throws {@linkcode AttemptsExhausted}, or what `request` threw.
 */
export async function withAttempts<T>(
  pace: S3Pace,
  request: (uncertain: boolean) => Promise<T>,
): Promise<T> {
  let uncertain = false;
  for (let attempt = 1;; attempt++) {
    try {
      return await request(uncertain);
    } catch (error) {
      if (error instanceof AttemptsExhausted) throw error;
      const failure = judge(error);
      if (!failure.again) throw uncertain ? new AttemptsExhausted(error, true) : error;
      uncertain ||= failure.uncertain;
      if (attempt >= pace.attemptsMax) throw new AttemptsExhausted(error, uncertain);
      const limit = Math.min(pace.pauseMs * 2 ** (attempt - 1), PAUSE_MS_MAX);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * limit));
    }
  }
}

/** HTTP status of an answer that the S3 client made an error of; null for other errors. */
export function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !("$metadata" in error)) return null;
  const metadata = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return null;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : null;
}

function judge(error: unknown): { readonly again: boolean; readonly uncertain: boolean } {
  if (!(error instanceof Error)) return { again: false, uncertain: false };
  if (error instanceof S3ConnectionError) return { again: true, uncertain: true };
  if (SEND_AGAIN.has(error.name)) return { again: true, uncertain: false };
  const status = statusOf(error);
  // The client could not make sense of the answer: it has a status but no error, or it is not known at all.
  if (status === null) return { again: "$response" in error, uncertain: "$response" in error };
  if (status === 429) return { again: true, uncertain: false };
  const strange = status >= 500 || status < 300;
  return { again: strange && status !== 501, uncertain: strange };
}
