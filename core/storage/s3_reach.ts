/**
 * What a process must be able to reach for S3: hosts, files and variables, so that a sandbox can allow these alone.
 *
 * | credentials from                  | hosts besides the bucket's      | files                             |
 * | keys in variables                 |                                 |                                   |
 * | AWS_WEB_IDENTITY_TOKEN_FILE       | the token service of the region | that file                         |
 * | AWS_CONTAINER_CREDENTIALS_…       | the one it names                | AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE |
 * | a profile                         | the token service of the region | the shared files                  |
 * | none of these: the machine itself | its metadata service            | the shared files                  |
 */
import { join } from "@std/path";
import type { Env } from "../base/ports.ts";
import { s3Host, type S3Settings } from "./s3_settings.ts";

/** What to allow. */
export interface S3Reach {
  /** `host:port` */
  readonly hosts: readonly string[];
  /** Absolute or as given; they may be missing. */
  readonly files: readonly string[];
  /** Variables that are read. */
  readonly variables: readonly string[];
  /** Variables the libraries look at in vain. */
  readonly ignoredVariables: readonly string[];
  /** Whether credentials are fetched anew from time to time, so that all of this is needed for good. */
  readonly renews: boolean;
}

const ALWAYS_READ = [
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
];

const FOR_OTHER_CREDENTIALS = [
  "AWS_PROFILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_CONFIG_FILE",
  "AWS_ROLE_ARN",
  "AWS_ROLE_SESSION_NAME",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN",
  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "AWS_EC2_METADATA_DISABLED",
  "HOME",
];

const IN_VAIN = ["AWS_*", "HOME", "HOMEDRIVE", "HOMEPATH", "USERPROFILE", "_X_AMZN_TRACE_ID"];

/** Where the agents of containers and machines listen. */
const CONTAINER_HOST = "169.254.170.2:80";
const MACHINE_HOST = "169.254.169.254:80";

/** What the settings need. */
export function s3Reach(settings: S3Settings, bucket: string, env: Env): S3Reach {
  const host = s3Host(settings, bucket);
  if (settings.keys !== null) {
    const variables = { variables: ALWAYS_READ, ignoredVariables: IN_VAIN };
    return { hosts: [host], files: [], ...variables, renews: false };
  }
  const variables = [...ALWAYS_READ, ...FOR_OTHER_CREDENTIALS];
  const ignoredVariables = IN_VAIN.filter((name) => !variables.includes(name));
  const { hosts, files } = sourceOf(settings, env);
  return { hosts: [host, ...hosts], files, variables, ignoredVariables, renews: true };
}

/** The source of credentials that the chain of sources comes to. */
function sourceOf({ region }: S3Settings, env: Env): { readonly hosts: string[]; readonly files: string[] } {
  const tokenService = `sts.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}:443`;
  const token = env.get("AWS_WEB_IDENTITY_TOKEN_FILE");
  if (token !== undefined && env.get("AWS_PROFILE") === undefined) {
    return { hosts: [tokenService], files: [token, ...sharedFiles(env)] };
  }
  const full = env.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  const relative = env.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (full !== undefined || relative !== undefined) {
    const file = env.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const host = relative !== undefined ? CONTAINER_HOST : hostOf(full ?? "");
    return {
      hosts: host === null ? [] : [host],
      files: [...(file === undefined ? [] : [file]), ...sharedFiles(env)],
    };
  }
  const host = env.get("AWS_PROFILE") === undefined ? MACHINE_HOST : tokenService;
  return { hosts: [host], files: sharedFiles(env) };
}

/** The files with profiles. */
function sharedFiles(env: Env): string[] {
  const home = env.get("HOME");
  const inHome = (name: string) => home === undefined ? undefined : join(home, ".aws", name);
  return [
    env.get("AWS_SHARED_CREDENTIALS_FILE") ?? inHome("credentials"),
    env.get("AWS_CONFIG_FILE") ?? inHome("config"),
  ].filter((path) => path !== undefined);
}

function hostOf(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { hostname, port, protocol } = new URL(text);
  return `${hostname}:${port === "" ? (protocol === "http:" ? 80 : 443) : port}`;
}
