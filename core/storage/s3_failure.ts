/** What a failed request to S3 means for the operator, without a word of credentials. */
import { AppError } from "../errors.ts";
import { AttemptsExhausted, statusOf } from "./s3_attempts.ts";
import { S3ConnectionError } from "./s3_http.ts";

/** Where a request went. */
export interface S3Place {
  readonly bucket: string;
  readonly endpoint: string;
  readonly region: string;
}

/** The error for people. `action` is a verb, `where` the address of the object or folder. */
export function s3Failure(action: string, where: string, place: S3Place, error: unknown): Error {
  if (error instanceof AppError) return error;
  const last = error instanceof AttemptsExhausted ? error.last : error;
  // Errors of the S3 client carry whole requests along; ours carry nothing.
  const options = last instanceof S3ConnectionError ? { cause: last } : {};
  return new AppError("storage_error", `cannot ${action} ${where}: ${reasonOf(last, place)}`, options);
}

/** The failure of a change that may have happened all the same: `where` may be "written" or "deleted" by now. */
export function outcomeUnknown(done: string, where: string, place: S3Place, error: unknown): AppError {
  const last = error instanceof AttemptsExhausted ? error.last : error;
  const message = `cannot tell whether ${where} was ${done}: ${reasonOf(last, place)}`;
  return new AppError("outcome_unknown", message);
}

/** Reasons by error code, each with what to do. */
const REASONS: Readonly<Record<string, (place: S3Place) => string>> = {
  NoSuchBucket: ({ bucket, endpoint }) =>
    `there is no bucket \`${bucket}\` at ${endpoint}, create it or correct the storage address`,
  AccessDenied: denied,
  Forbidden: denied,
  AllAccessDisabled: denied,
  InvalidAccessKeyId: () => "the access key is not known there, check AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL",
  SignatureDoesNotMatch: () => "the secret key is wrong, check AWS_SECRET_ACCESS_KEY",
  InvalidToken: () => "the session token is wrong, check AWS_SESSION_TOKEN",
  ExpiredToken: () => "the credentials have expired, get new ones",
  RequestTimeTooSkewed: () => "the clock of this machine is wrong, set it",
  PermanentRedirect: elsewhere,
  AuthorizationHeaderMalformed: elsewhere,
  IllegalLocationConstraintException: elsewhere,
  CredentialsProviderError: () =>
    "no credentials were found, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
  NotImplemented: ({ endpoint }) => `${endpoint} cannot do that, use a server with conditional writes`,
  SlowDown: () => "the bucket asked for fewer requests, try again later",
};

function denied({ bucket }: S3Place): string {
  return `access was denied, allow s3:ListBucket on \`${bucket}\` and s3:GetObject, s3:PutObject, s3:DeleteObject on its objects`;
}

function elsewhere({ bucket, region }: S3Place): string {
  return `bucket \`${bucket}\` is not in region ${region}, set AWS_REGION to its region`;
}

function reasonOf(error: unknown, place: S3Place): string {
  if (!(error instanceof Error)) return "of an unknown failure";
  if (error instanceof S3ConnectionError) {
    return `${error.message} from ${place.endpoint}, check AWS_ENDPOINT_URL and the network`;
  }
  if (error instanceof Deno.errors.NotCapable) return `this process may not do that: ${error.message}`;
  const known = Object.hasOwn(REASONS, error.name) ? REASONS[error.name] : undefined;
  if (known !== undefined) return known(place);
  const status = statusOf(error);
  if (status === 403) return denied(place);
  if (status === 301) return elsewhere(place);
  // Codes are words; anything else might be a page of some proxy.
  const code = /^[A-Za-z]{1,64}$/.test(error.name) ? error.name : "an unknown error";
  return `${place.endpoint} answered ${code}${status === null ? "" : ` (${status})`}`;
}
