/**
 * How to reach S3: the standard `AWS_*` variables and nothing else. Both clients, ours for objects and LanceDB's for
 * tables, are told the same, so that they never disagree about where a bucket is.
 *
 * | variable                                                              | meaning                                 |
 * | AWS_REGION, else AWS_DEFAULT_REGION                                   | required, unless an endpoint is set     |
 * | AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL                            | another server than Amazon's            |
 * | AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN           | keys                                    |
 * | AWS_PROFILE, AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_… | without keys: the usual chain of sources |
 */
import type { Env } from "../base/ports.ts";
import { AppError } from "../errors.ts";

/** Where S3 is and who asks. */
export interface S3Settings {
  readonly region: string;
  /** Absolute URL without path. */
  readonly endpoint: string;
  /** Whether the bucket goes into the path instead of the host name. */
  readonly pathStyle: boolean;
  /** Null: from a profile, a role or the machine. */
  readonly keys: S3Keys | null;
}

/** Static credentials. */
export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

/** Region that servers other than Amazon's expect when nobody says one. */
const REGION_ELSEWHERE = "us-east-1";

/** Reads the variables. Throws `AppError("invalid_input")` naming the one that is missing or wrong. */
export function readS3Settings(env: Env, bucket: string): S3Settings {
  const endpoint = given(env, "AWS_ENDPOINT_URL_S3") ?? given(env, "AWS_ENDPOINT_URL");
  const region = given(env, "AWS_REGION") ?? given(env, "AWS_DEFAULT_REGION") ??
    (endpoint === null ? null : REGION_ELSEWHERE);
  if (region === null) {
    throw new AppError(
      "invalid_input",
      `bucket \`${bucket}\`: the region is unknown, set AWS_REGION (or AWS_ENDPOINT_URL for another server than Amazon's)`,
    );
  }
  if (!/^[a-z0-9-]{1,64}$/i.test(region)) {
    throw new AppError("invalid_input", `AWS_REGION: ${JSON.stringify(region)} is not a region`);
  }
  return {
    region,
    endpoint: endpoint === null ? amazonEndpoint(region) : checkedEndpoint(endpoint),
    // A dot in the bucket would make a host name that no certificate covers.
    pathStyle: endpoint !== null || bucket.includes("."),
    keys: readKeys(env),
  };
}

/** `host:port` of all requests for the bucket. */
export function s3Host(settings: S3Settings, bucket: string): string {
  const { hostname, port, protocol } = new URL(settings.endpoint);
  const host = settings.pathStyle ? hostname : `${bucket}.${hostname}`;
  return `${host}:${port === "" ? (protocol === "http:" ? 80 : 443) : port}`;
}

/**
 * What LanceDB is told, under the names that take precedence over variables it reads itself. Credentials from anywhere but
 * keys it finds in the same places.
 */
export function lanceStorageOptions(settings: S3Settings): Record<string, string> {
  const { region, endpoint, pathStyle, keys } = settings;
  return {
    aws_region: region,
    aws_endpoint: endpoint,
    allow_http: String(endpoint.startsWith("http:")),
    aws_virtual_hosted_style_request: String(!pathStyle),
    ...(keys === null ? {} : {
      aws_access_key_id: keys.accessKeyId,
      aws_secret_access_key: keys.secretAccessKey,
      ...(keys.sessionToken === null ? {} : { aws_session_token: keys.sessionToken }),
    }),
  };
}

function readKeys(env: Env): S3Keys | null {
  const accessKeyId = given(env, "AWS_ACCESS_KEY_ID");
  const secretAccessKey = given(env, "AWS_SECRET_ACCESS_KEY");
  if (accessKeyId === null && secretAccessKey === null) return null;
  if (accessKeyId === null || secretAccessKey === null) {
    const missing = accessKeyId === null ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY";
    throw new AppError("invalid_input", `${missing} is not set, but the other half of the key is: set both`);
  }
  return { accessKeyId, secretAccessKey, sessionToken: given(env, "AWS_SESSION_TOKEN") };
}

function amazonEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}`;
}

function checkedEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.username === "" &&
    url.password === "" &&
    url.pathname === "/" && url.search === "" && url.hash === "";
  // The text itself is not repeated: it may hold a password.
  if (!isPlain) {
    throw new AppError("invalid_input", "AWS_ENDPOINT_URL: write it as `https://host` or `http://host:port`");
  }
  return url.origin;
}

/** A variable that is set and not blank. */
function given(env: Env, name: string): string | null {
  const value = env.get(name)?.trim() ?? "";
  return value === "" ? null : value;
}
