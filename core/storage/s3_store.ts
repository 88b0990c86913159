/**
 * The object store on S3 and servers that speak its language.
 *
 * Invariants:
 * - Conditions are the server's: put-if-absent is `If-None-Match: *`, put-if-match is `If-Match`. An object's version is
 *   its ETag.
 * - A request is tried again as long as that may help. A condition that fails after an attempt whose answer got lost may
 *   have failed against that attempt: then the stored bytes tell whose write it was.
 * - What cannot be told is said to be unknown: a request on its way may arrive after everything we could still read.
 * - Equal bytes are taken for one's own write. What decides a race must differ between the racers.
 */
import type { ListObjectsV2CommandOutput, S3Client } from "@aws-sdk/client-s3";
import { must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import { checkKey, checkPrefix, joinKey } from "./keys.ts";
import type { ObjectStore, PutResult, StoredObject } from "./object_store.ts";
import {
  AttemptsExhausted,
  type S3Pace,
  statusOf,
  USUAL_PACE,
  VanishedError,
  withAttempts,
} from "./s3_attempts.ts";
import { openS3, type S3Access } from "./s3_client.ts";
import { outcomeUnknown, s3Failure } from "./s3_failure.ts";
import type { S3Settings } from "./s3_settings.ts";
import { showUri } from "./uri.ts";

/** Objects that one request may delete. */
const DELETED_TOGETHER = 1000;
/** Attempts to read back what a lost answer was about. */
const LOOK_BACK_ATTEMPTS_MAX = 3;

/** What all views of one store share. */
interface Bucket {
  readonly name: string;
  readonly settings: S3Settings;
  readonly pace: S3Pace;
  /** Whether the server was seen to honour conditions; Amazon's does. */
  readonly proven: { absent: boolean; match: boolean };
}

/** A condition of a put as request members. */
type Condition = { readonly IfNoneMatch: "*" } | { readonly IfMatch: string };

/** The objects of a bucket under a prefix (which may be empty). Connects to nothing yet. */
export function createS3Store(
  place: { readonly bucket: string; readonly prefix: string },
  settings: S3Settings,
  pace: S3Pace = USUAL_PACE,
): ObjectStore {
  const isAmazon = /\.amazonaws\.com(\.cn)?$/.test(new URL(settings.endpoint).hostname);
  const proven = { absent: isAmazon, match: isAmazon };
  return new S3Store({ name: place.bucket, settings, pace, proven }, place.prefix);
}

/** Which keys a listing asks for. */
interface ListingInput {
  readonly Prefix: string;
  readonly Delimiter?: "/";
  readonly MaxKeys?: number;
}

class S3Store implements ObjectStore {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly uri: string;

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.uri = showUri({ kind: "s3", bucket: bucket.name, prefix });
  }

  async get(key: string): Promise<StoredObject | null> {
    const target = this.#target(key);
    return await this.#run("read", key, () => this.#read(target));
  }

  async exists(key: string): Promise<boolean> {
    const target = this.#target(key);
    return await this.#run("look at", key, async ({ client, library }) => {
      try {
        await client.send(new library.HeadObjectCommand(target));
        return true;
      } catch (error) {
        if (statusOf(error) === 404) return false;
        throw error;
      }
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<{ readonly version: string }> {
    const target = this.#target(key);
    try {
      return await this.#attempts(({ client, library }) =>
        sendPut(client, library, { ...target, Body: bytes })
      );
    } catch (error) {
      return must(await this.#lookBack(key, bytes, error), "an unconditional put has no loser");
    }
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<PutResult> {
    const put = await this.#putIf(key, bytes, { IfNoneMatch: "*" });
    if (put !== null && !this.#bucket.proven.absent) {
      await this.#prove(key, bytes, { IfNoneMatch: "*" });
      this.#bucket.proven.absent = true;
    }
    return put;
  }

  async putIfMatch(key: string, bytes: Uint8Array, version: string): Promise<PutResult> {
    checkKey(key);
    if (!isVersion(version)) return null;
    const put = await this.#putIf(key, bytes, { IfMatch: version });
    if (put !== null && put.version !== version && !this.#bucket.proven.match) {
      await this.#prove(key, bytes, { IfMatch: version });
      this.#bucket.proven.match = true;
    }
    return put;
  }

  async delete(key: string): Promise<void> {
    const target = this.#target(key);
    await this.#run(
      "delete",
      key,
      ({ client, library }) => client.send(new library.DeleteObjectCommand(target)),
    );
  }

  async deleteIfMatch(key: string, version: string): Promise<boolean> {
    const target = { ...this.#target(key), IfMatch: version };
    if (!isVersion(version)) return !await this.exists(key);
    try {
      return await this.#attempts(async ({ client, library }) => {
        try {
          await client.send(new library.DeleteObjectCommand(target));
          return true;
        } catch (error) {
          if (isNoBucket(error)) throw error;
          if (statusOf(error) === 404) return true;
          if (statusOf(error) === 412) return false;
          throw error;
        }
      });
    } catch (error) {
      const uncertain = error instanceof AttemptsExhausted && error.uncertain;
      if (uncertain) throw outcomeUnknown("deleted", this.#show(key), this.#place(), error);
      throw s3Failure("delete", this.#show(key), this.#place(), error);
    }
  }

  async list(prefix: string): Promise<string[]> {
    const folder = this.#folder(prefix);
    const names: string[] = [];
    for await (const page of this.#pages("list", prefix, { Prefix: folder, Delimiter: "/" })) {
      // Some programs make an empty object to stand for a folder.
      for (const key of page) if (key !== folder) names.push(key.slice(folder.length));
    }
    return names.sort();
  }

  async folders(prefix: string): Promise<string[]> {
    const folder = this.#folder(prefix);
    const names: string[] = [];
    for await (const page of this.#listing("list", prefix, { Prefix: folder, Delimiter: "/" })) {
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        names.push(must(Prefix, "a prefix").slice(folder.length, -1));
      }
    }
    return names.sort();
  }

  async listTree(prefix: string): Promise<string[]> {
    const folder = this.#folder(prefix);
    const keys: string[] = [];
    for await (const page of this.#pages("list", prefix, { Prefix: folder })) {
      for (const key of page) if (!key.endsWith("/")) keys.push(key.slice(folder.length));
    }
    return keys.sort();
  }

  async prefixExists(prefix: string): Promise<boolean> {
    const folder = this.#folder(prefix);
    for await (const page of this.#pages("list", prefix, { Prefix: folder, MaxKeys: 1 })) {
      if (page.length > 0) return true;
    }
    return prefix !== "" && await this.exists(prefix);
  }

  async deletePrefix(prefix: string): Promise<void> {
    for await (const page of this.#pages("list", prefix, { Prefix: this.#folder(prefix) })) {
      for (let at = 0; at < page.length; at += DELETED_TOGETHER) {
        await this.#deleteAll(prefix, page.slice(at, at + DELETED_TOGETHER));
      }
    }
    if (prefix !== "") await this.delete(prefix);
  }

  under(prefix: string): ObjectStore {
    return new S3Store(this.#bucket, joinKey(this.#prefix, checkPrefix(prefix)));
  }

  /** One put under a condition; null when it does not hold. */
  async #putIf(key: string, bytes: Uint8Array, condition: Condition): Promise<PutResult> {
    const target = { ...this.#target(key), ...condition, Body: bytes };
    try {
      return await this.#attempts(async (access, uncertain) => {
        try {
          return await sendPut(access.client, access.library, target);
        } catch (error) {
          const failed = statusOf(error) === 412 || ("IfMatch" in condition && statusOf(error) === 404);
          if (!failed || isNoBucket(error)) throw error;
          if (!uncertain) return null;
          const found = await this.#read(this.#target(key));
          if (found !== null && equalBytes(found.bytes, bytes)) return { version: found.version };
          if ("IfMatch" in condition) throw new AttemptsExhausted(error, true);
          if (found === null) throw new VanishedError("an object that was in the way is gone");
          return null;
        }
      });
    } catch (error) {
      return await this.#lookBack(key, bytes, error, condition);
    }
  }

  /** After a put failed for good: what the stored bytes tell. Null when a put-if-absent lost. */
  async #lookBack(
    key: string,
    bytes: Uint8Array,
    failure: unknown,
    condition?: Condition,
  ): Promise<PutResult> {
    const where = this.#show(key);
    const place = this.#place();
    if (!(failure instanceof AttemptsExhausted) || !failure.uncertain) {
      throw s3Failure("write", where, place, failure);
    }
    let found: StoredObject | null;
    try {
      const pace = { ...this.#bucket.pace, attemptsMax: LOOK_BACK_ATTEMPTS_MAX };
      found = await this.#attempts(() => this.#read(this.#target(key)), pace);
    } catch {
      throw outcomeUnknown("written", where, place, failure);
    }
    if (found !== null && equalBytes(found.bytes, bytes)) return { version: found.version };
    if (found !== null && condition !== undefined && "IfNoneMatch" in condition) return null;
    throw outcomeUnknown("written", where, place, failure);
  }

  /**
   * Repeats a conditional put that must fail now: a server that does not know conditions would let writers overwrite each
   * other in silence. The bytes are the same, so that it does no harm there.
   */
  async #prove(key: string, bytes: Uint8Array, condition: Condition): Promise<void> {
    if (await this.#putIfOnce(key, bytes, condition) === null) return;
    const header = "IfMatch" in condition ? "If-Match" : "If-None-Match";
    throw new AppError(
      "unsupported",
      `${this.#bucket.settings.endpoint} ignores ${header} on PUT: writers would overwrite each other, use another server`,
    );
  }

  #putIfOnce(key: string, bytes: Uint8Array, condition: Condition): Promise<PutResult> {
    const target = { ...this.#target(key), ...condition, Body: bytes };
    return this.#run("write", key, async ({ client, library }) => {
      try {
        return await sendPut(client, library, target);
      } catch (error) {
        if (statusOf(error) === 412 || statusOf(error) === 404) return null;
        throw error;
      }
    });
  }

  async #read(target: { readonly Bucket: string; readonly Key: string }): Promise<StoredObject | null> {
    const { client, library } = await openS3(this.#bucket.settings, this.#bucket.pace.patienceMs);
    try {
      const { Body, ETag } = await client.send(new library.GetObjectCommand(target));
      const bytes = Body === undefined ? new Uint8Array() : await Body.transformToByteArray();
      return { bytes, version: must(ETag, "an object has an ETag") };
    } catch (error) {
      if (statusOf(error) === 404 && !isNoBucket(error)) return null;
      throw error;
    }
  }

  /** Pages of whole keys. */
  async *#pages(action: string, prefix: string, input: ListingInput): AsyncGenerator<string[]> {
    for await (const page of this.#listing(action, prefix, input)) {
      yield (page.Contents ?? []).map(({ Key }) => must(Key, "a listed object has a key"));
    }
  }

  async *#listing(
    action: string,
    prefix: string,
    input: ListingInput,
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const from = token === undefined ? {} : { ContinuationToken: token };
      const page = await this.#run(
        action,
        prefix,
        ({ client, library }) =>
          client.send(new library.ListObjectsV2Command({ Bucket: this.#bucket.name, ...input, ...from })),
      );
      yield page;
      token = page.IsTruncated === true && input.MaxKeys === undefined
        ? page.NextContinuationToken
        : undefined;
    } while (token !== undefined);
  }

  async #deleteAll(prefix: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#run("delete", prefix, async ({ client, library }) => {
      const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
      const { Errors } = await client.send(
        new library.DeleteObjectsCommand({ Bucket: this.#bucket.name, Delete }),
      );
      const first = Errors?.[0];
      if (first === undefined) return;
      throw Object.assign(new Error("not all objects were deleted"), { name: first.Code ?? "InternalError" });
    });
  }

  /** Runs a request that may be repeated at will. */
  async #run<T>(action: string, key: string, request: (access: S3Access) => Promise<T>): Promise<T> {
    try {
      return await this.#attempts(request);
    } catch (error) {
      throw s3Failure(action, this.#show(key), this.#place(), error);
    }
  }

  async #attempts<T>(
    request: (access: S3Access, uncertain: boolean) => Promise<T>,
    pace = this.#bucket.pace,
  ): Promise<T> {
    const access = await openS3(this.#bucket.settings, pace.patienceMs);
    return await withAttempts(pace, (uncertain) => request(access, uncertain));
  }

  #target(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket.name, Key: joinKey(this.#prefix, checkKey(key)) };
  }

  /** What the keys under a prefix begin with. */
  #folder(prefix: string): string {
    const folder = joinKey(this.#prefix, checkPrefix(prefix));
    return folder === "" ? "" : `${folder}/`;
  }

  #show(key: string): string {
    return `"${key === "" ? this.uri : `${this.uri}/${key}`}"`;
  }

  #place() {
    const { name, settings: { endpoint, region } } = this.#bucket;
    return { bucket: name, endpoint, region };
  }
}

async function sendPut(
  client: S3Client,
  library: S3Access["library"],
  input: ConstructorParameters<S3Access["library"]["PutObjectCommand"]>[0],
): Promise<{ readonly version: string }> {
  const { ETag } = await client.send(new library.PutObjectCommand(input));
  return { version: must(ETag, "a stored object has an ETag") };
}

/** Whether this can be an ETag. Versions of other stores, or of none, match nothing; servers would refuse to read them. */
function isVersion(text: string): boolean {
  return /^"[\x21\x23-\x7e]+"$/.test(text);
}

function isNoBucket(error: unknown): boolean {
  return error instanceof Error && error.name === "NoSuchBucket";
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
