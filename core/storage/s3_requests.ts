/** Requests to one bucket: tried again while that may help, their failures told to people. */
import { type S3Pace, withAttempts } from "./s3_attempts.ts";
import { openS3, type S3Access } from "./s3_client.ts";
import { s3Failure, type S3Place } from "./s3_failure.ts";
import type { S3Settings } from "./s3_settings.ts";

/** One attempt; it is told whether an earlier one may have been carried out. */
export type S3Attempt<T> = (access: S3Access, uncertain: boolean) => Promise<T>;

/** The requests to a bucket. Connects to nothing before the first one. */
export class S3Requests {
  readonly bucket: string;
  readonly settings: S3Settings;
  readonly pace: S3Pace;

  constructor(bucket: string, settings: S3Settings, pace: S3Pace) {
    this.bucket = bucket;
    this.settings = settings;
    this.pace = pace;
  }

  /** Where requests go, for messages. */
  get place(): S3Place {
    const { endpoint, region } = this.settings;
    return { bucket: this.bucket, endpoint, region };
  }

  /** Address of a key, for messages. */
  show(key: string): string {
    return `"s3://${this.bucket}${key === "" ? "" : `/${key}`}"`;
  }

  /** Runs a request that may be repeated at will; `action` is a verb. Throws `AppError`. */
  async run<T>(action: string, key: string, request: S3Attempt<T>): Promise<T> {
    try {
      return await this.attempts(request);
    } catch (error) {
      throw s3Failure(action, this.show(key), this.place, error);
    }
  }

  /** Runs a request; throws what the last attempt threw, or `AttemptsExhausted`. */
  async attempts<T>(request: S3Attempt<T>, attemptsMax = this.pace.attemptsMax): Promise<T> {
    const access = await openS3(this.settings, this.pace.patienceMs);
    return await withAttempts({ ...this.pace, attemptsMax }, (uncertain) => request(access, uncertain));
  }
}

/**
 * Whether the store said that there is no such object. Any other 404 (no such bucket, no such user, the page of some
 * proxy) must not be taken for that: the caller would go on as with an empty root.
 */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === "NoSuchKey";
}
