/** Makes the S3 client: the library is loaded on first use, and one client serves all stores with the same settings. */
import type { S3Client } from "@aws-sdk/client-s3";
import { S3Http } from "./s3_http.ts";
import type { S3Settings } from "./s3_settings.ts";

/** The library and a client of it. */
export interface S3Access {
  readonly client: S3Client;
  readonly library: typeof import("@aws-sdk/client-s3");
}

const opened = new Map<string, Promise<S3Access>>();

/** The client for these settings. Connects to nothing yet. */
export function openS3(settings: S3Settings, patienceMs: number): Promise<S3Access> {
  const key = JSON.stringify([settings, patienceMs]);
  let access = opened.get(key);
  if (access === undefined) {
    access = makeClient(settings, patienceMs);
    access.catch(() => opened.delete(key));
    opened.set(key, access);
  }
  return access;
}

/** Everything the library would otherwise look up in variables, files and the system is said here. */
async function makeClient(settings: S3Settings, patienceMs: number): Promise<S3Access> {
  const library = await import("@aws-sdk/client-s3");
  const { region, endpoint, pathStyle, keys } = settings;
  const client = new library.S3Client({
    region,
    endpoint,
    forcePathStyle: pathStyle,
    ...(keys === null ? {} : {
      credentials: {
        accessKeyId: keys.accessKeyId,
        secretAccessKey: keys.secretAccessKey,
        ...(keys.sessionToken === null ? {} : { sessionToken: keys.sessionToken }),
      },
    }),
    requestHandler: new S3Http(patienceMs),
    // Attempts are ours: only who sees each of them knows whether a condition failed against one's own first attempt.
    maxAttempts: 1,
    retryMode: "standard",
    defaultsMode: "standard",
    authSchemePreference: [],
    disableClockSkewCorrection: false,
    disableS3ExpressSessionAuth: false,
    // Bodies are signed; further checksums are not understood everywhere.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    sigv4aSigningRegionSet: [],
    useArnRegion: false,
    useDualstackEndpoint: false,
    useFipsEndpoint: false,
    userAgentAppId: "omnigraph",
    defaultUserAgentProvider: () => Promise.resolve([["omnigraph", "1"]]),
  });
  return { client, library };
}
