/**
 * The Deno permissions of a server process: the storage root (a folder, or the host of a bucket), one socket, named
 * variables, and the two files of native code that it loads. Nothing is allowed as a whole, and no module may come over the network: Deno would fetch some
 * hosts' and install npm packages without asking.
 */

import { AppError } from "../core/errors.ts";
import type { S3Reach } from "../core/storage/s3_reach.ts";

/** Variables the server reads, besides those of its storage. */
export const SERVER_VARIABLES: readonly string[] = [
  "OMNIGRAPH_CLUSTER",
  "OMNIGRAPH_BIND",
  "OMNIGRAPH_UNAUTHENTICATED",
  "OMNIGRAPH_REQUIRE_ALL_GRAPHS",
  "OMNIGRAPH_TARGET_URI",
  "OMNIGRAPH_CONFIG",
  "OMNIGRAPH_TARGET",
  "OMNIGRAPH_LOG",
  "OMNIGRAPH_SHUTDOWN_GRACE_MS",
  "OMNIGRAPH_SOURCE_VERSION",
  "OMNIGRAPH_SERVER_BEARER_TOKENS_AWS_SECRET",
  "OMNIGRAPH_SERVER_BEARER_TOKENS_FILE",
  "OMNIGRAPH_SERVER_BEARER_TOKENS_JSON",
  "OMNIGRAPH_SERVER_BEARER_TOKEN",
  "OMNIGRAPH_PER_ACTOR_INFLIGHT_MAX",
  "OMNIGRAPH_PER_ACTOR_BYTES_MAX",
  // The table engine's loader and settings.
  "NAPI_RS_NATIVE_LIBRARY_PATH",
  "NAPI_RS_FORCE_WASI",
  "LANCE_CPU_THREADS",
  "LANCEDB_LOG",
];

/** Variables that libraries look at; they are told that these are unset. */
const IGNORED_VARIABLES = ["LOG_TOKENS", "LOG_STREAM"];

/** What a server process must be able to reach. */
export interface Reach {
  /** Folder of the storage root; null when it is not on this machine. */
  readonly root: string | null;
  /** What a storage root on S3 takes; null when it is on this machine. */
  readonly s3: S3Reach | null;
  /** `host:port` to listen on; IPv6 hosts in brackets. */
  readonly bind: string;
  /** File with bearer tokens; null when there is none. */
  readonly tokensFile: string | null;
  /** The wasm of the policy engine. */
  readonly policyWasm: string;
  /** The native library of the table engine, or the folder that holds it. */
  readonly tableLibrary: string;
}

/** The permission flags of `deno run`. Throws `AppError("invalid_input")` for a path that no flag can express. */
export function permissionFlags(reach: Reach): string[] {
  const { s3 } = reach;
  const readable = [reach.root, reach.tokensFile, reach.policyWasm].filter((path) => path !== null);
  return [
    "--no-prompt",
    "--no-remote",
    "--cached-only",
    pathFlag("--allow-read", [...readable, ...s3?.files ?? []]),
    ...(reach.root === null ? [] : [pathFlag("--allow-write", [reach.root])]),
    `--allow-net=${[reach.bind, ...s3?.hosts ?? []].join(",")}`,
    `--allow-env=${[...SERVER_VARIABLES, ...s3?.variables ?? []].join(",")}`,
    `--ignore-env=${[...IGNORED_VARIABLES, ...s3?.ignoredVariables ?? []].join(",")}`,
    // The home folder, where profiles are, is kept by user.
    ...(s3?.renews === true ? ["--allow-sys=uid"] : []),
    pathFlag("--allow-ffi", [reach.tableLibrary]),
  ];
}

/** Paths in a flag are separated by commas, which cannot be escaped. */
function pathFlag(flag: string, paths: readonly string[]): string {
  const comma = paths.find((path) => path.includes(","));
  if (comma !== undefined) {
    throw new AppError(
      "invalid_input",
      `path '${comma}' holds a comma, which ${flag} cannot express: rename it`,
    );
  }
  return `${flag}=${paths.join(",")}`;
}
