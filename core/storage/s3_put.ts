/**
 * Writing an object to S3, with certainty about what came of it.
 *
 * Each write carries a token of its own as metadata of the object. What is stored tells by it whether it is this write,
 * when the answer does not:
 *
 * | the condition failed, the object carries | put-if-absent    | put-if-match                                        |
 * | our token                                | won              | won                                                 |
 * | another one                              | lost             | lost; unknown, if an earlier attempt may have won   |
 * | (it is missing)                          | lost; once more, if an earlier attempt may have won; lost for a match   |
 *
 * | every attempt failed, the object carries | any put                                                                |
 * | our token                                | won                                                                    |
 * | another one, or it is missing            | unknown, a request may still be on its way; put-if-absent: lost to it  |
 */
import { must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import type { PutResult } from "./object_store.ts";
import { AttemptsExhausted, statusOf, VanishedError } from "./s3_attempts.ts";
import type { S3Access } from "./s3_client.ts";
import { outcomeUnknown, s3Failure } from "./s3_failure.ts";
import { isMissing, type S3Requests } from "./s3_requests.ts";

/** What must hold for a write. */
export type PutCondition =
  | { readonly kind: "none" }
  | { readonly kind: "absent" }
  | { readonly kind: "match"; readonly version: string };

/** One write. */
interface Put {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly condition: PutCondition;
  readonly token: string;
}

/** Name of the metadata that holds the token. */
const TOKEN = "omnigraph-write";
/** Attempts to look at what a lost answer was about. */
const LOOKS_MAX = 3;

/** Conditions that an endpoint was seen to honour. */
const proven = new Set<string>();

/**
 * Writes an object; null when the condition does not hold.
 *
 * @throws AppError `outcome_unknown` when the write may have happened or may still happen; `storage_error` when it did not
 */
export async function putObject(
  requests: S3Requests,
  key: string,
  bytes: Uint8Array,
  condition: PutCondition,
): Promise<PutResult> {
  const put = { key, bytes, condition, token: crypto.randomUUID() };
  let result: PutResult;
  try {
    result = await requests.attempts((access, uncertain) => attempt(requests, put, access, uncertain));
  } catch (error) {
    result = await lookAfterFailure(requests, put, error);
  }
  if (result !== null) await prove(requests, put, result.version);
  return result;
}

async function attempt(
  requests: S3Requests,
  put: Put,
  access: S3Access,
  uncertain: boolean,
): Promise<PutResult> {
  try {
    return await send(requests.bucket, put, access);
  } catch (error) {
    const { kind } = put.condition;
    const failed = kind !== "none" &&
      (statusOf(error) === 412 || (kind === "match" && isMissing(error)));
    if (!failed) throw error;
    const found = await look(requests.bucket, put.key, access);
    if (found?.token === put.token) return { version: found.version };
    if (!uncertain) return null;
    if (found === null && kind === "absent") throw new VanishedError("what was in the way is gone");
    if (found !== null && kind === "match") throw new AttemptsExhausted(error, true);
    return null;
  }
}

async function send(
  bucket: string,
  { key, bytes, condition, token }: Put,
  { client, library }: S3Access,
): Promise<{ readonly version: string }> {
  const input = { Bucket: bucket, Key: key, Body: bytes, Metadata: { [TOKEN]: token } };
  const required = condition.kind === "absent"
    ? { IfNoneMatch: "*" }
    : condition.kind === "match"
    ? { IfMatch: condition.version }
    : {};
  const { ETag } = await client.send(new library.PutObjectCommand({ ...input, ...required }));
  return { version: must(ETag, "a stored object has an ETag") };
}

/** Version and token of what is stored; null when there is nothing. */
async function look(
  bucket: string,
  key: string,
  { client, library }: S3Access,
): Promise<{ readonly version: string; readonly token: string | null } | null> {
  try {
    const { ETag, Metadata } = await client.send(new library.HeadObjectCommand({ Bucket: bucket, Key: key }));
    return { version: must(ETag, "an object has an ETag"), token: Metadata?.[TOKEN] ?? null };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

async function lookAfterFailure(requests: S3Requests, put: Put, failure: unknown): Promise<PutResult> {
  const where = requests.show(put.key);
  if (!(failure instanceof AttemptsExhausted) || !failure.uncertain) {
    throw s3Failure("write", where, requests.place, failure);
  }
  const found = await requests.attempts((access) => look(requests.bucket, put.key, access), LOOKS_MAX)
    .catch(() => undefined);
  if (found !== undefined && found?.token === put.token) return { version: found.version };
  if (found && put.condition.kind === "absent") return null;
  throw outcomeUnknown("written", where, requests.place, failure);
}

/**
 * Once per endpoint and condition, repeats a write that must be refused now: a server that does not know conditions would
 * let writers overwrite each other in silence. What is written is the same, so that it does no harm there.
 */
async function prove(requests: S3Requests, put: Put, version: string): Promise<void> {
  const { endpoint } = requests.settings;
  const { condition } = put;
  const fact = `${condition.kind} ${endpoint}`;
  if (condition.kind === "none" || proven.has(fact)) return;
  // The same content again has the same version: nothing would be refused.
  if (condition.kind === "match" && condition.version === version) return;
  if (!/\.amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)) {
    const refused = await requests.attempts(async (access) => {
      try {
        await send(requests.bucket, put, access);
        return false;
      } catch (error) {
        if (statusOf(error) === 412 || isMissing(error)) return true;
        throw error;
      }
    }).catch(() => null);
    // No answer proves nothing, and takes nothing back.
    if (refused === null) return;
    if (!refused) {
      const header = condition.kind === "match" ? "If-Match" : "If-None-Match";
      throw new AppError(
        "unsupported",
        `${endpoint} ignores ${header} on PUT: writers would overwrite each other, use a server with conditional writes`,
      );
    }
  }
  proven.add(fact);
}
