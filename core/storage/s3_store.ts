/**
 * The object store on S3 and servers that speak its language.
 *
 * Invariants:
 * - Conditions are the server's: put-if-absent is `If-None-Match: *`, put-if-match is `If-Match`. An object's version is
 *   its ETag.
 * - A request is tried again as long as that may help, and what lies between may repeat it, too. So a condition may have
 *   failed against one's own write: every write carries a token of its own, which tells.
 * - What cannot be told is said to be unknown: a request on its way may arrive after everything we could still read.
 */
import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { must } from "../base/assert.ts";
import { checkKey, checkPrefix, joinKey } from "./keys.ts";
import type { ObjectStore, PutResult, StoredObject } from "./object_store.ts";
import { AttemptsExhausted, type S3Pace, statusOf, USUAL_PACE } from "./s3_attempts.ts";
import { outcomeUnknown, s3Failure } from "./s3_failure.ts";
import { putObject } from "./s3_put.ts";
import { isMissing, S3Requests } from "./s3_requests.ts";
import type { S3Settings } from "./s3_settings.ts";
import { showUri } from "./uri.ts";

/** Objects that one request may delete. */
const DELETED_TOGETHER = 1000;

/** The objects of a bucket under a prefix (which may be empty). Connects to nothing yet. */
export function createS3Store(
  place: { readonly bucket: string; readonly prefix: string },
  settings: S3Settings,
  pace: S3Pace = USUAL_PACE,
): ObjectStore {
  return new S3Store(new S3Requests(place.bucket, settings, pace), place.prefix);
}

/** Which keys a listing asks for. */
interface ListingInput {
  readonly Prefix: string;
  readonly Delimiter?: "/";
  readonly MaxKeys?: number;
}

class S3Store implements ObjectStore {
  readonly #requests: S3Requests;
  readonly #prefix: string;
  readonly uri: string;

  constructor(requests: S3Requests, prefix: string) {
    this.#requests = requests;
    this.#prefix = prefix;
    this.uri = showUri({ kind: "s3", bucket: requests.bucket, prefix });
  }

  async get(key: string): Promise<StoredObject | null> {
    const Key = this.#key(key);
    return await this.#requests.run("read", Key, async ({ client, library }) => {
      try {
        const object = await client.send(
          new library.GetObjectCommand({ Bucket: this.#requests.bucket, Key }),
        );
        const bytes = await must(object.Body, "an answer has a body").transformToByteArray();
        return { bytes, version: must(object.ETag, "an object has an ETag") };
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  async exists(key: string): Promise<boolean> {
    const Key = this.#key(key);
    return await this.#requests.run("look at", Key, async ({ client, library }) => {
      try {
        await client.send(new library.HeadObjectCommand({ Bucket: this.#requests.bucket, Key }));
        return true;
      } catch (error) {
        // An answer to HEAD has no body that could say what is missing.
        if (statusOf(error) === 404) return false;
        throw error;
      }
    });
  }

  async put(key: string, bytes: Uint8Array): Promise<{ readonly version: string }> {
    const put = await putObject(this.#requests, this.#key(key), bytes, { kind: "none" });
    return must(put, "an unconditional put has no loser");
  }

  async putIfAbsent(key: string, bytes: Uint8Array): Promise<PutResult> {
    return await putObject(this.#requests, this.#key(key), bytes, { kind: "absent" });
  }

  async putIfMatch(key: string, bytes: Uint8Array, version: string): Promise<PutResult> {
    const target = this.#key(key);
    return isVersion(version)
      ? await putObject(this.#requests, target, bytes, { kind: "match", version })
      : null;
  }

  async delete(key: string): Promise<void> {
    const Key = this.#key(key);
    await this.#requests.run(
      "delete",
      Key,
      ({ client, library }) =>
        client.send(new library.DeleteObjectCommand({ Bucket: this.#requests.bucket, Key })),
    );
  }

  async deleteIfMatch(key: string, version: string): Promise<boolean> {
    const Key = this.#key(key);
    if (!isVersion(version)) return !await this.exists(key);
    const { bucket, place } = this.#requests;
    try {
      return await this.#requests.attempts(async ({ client, library }) => {
        try {
          // Amazon judges and removes in one step; other servers may let a write in between, or not know the condition.
          await client.send(new library.DeleteObjectCommand({ Bucket: bucket, Key, IfMatch: version }));
          return true;
        } catch (error) {
          if (isMissing(error)) return true;
          if (statusOf(error) === 412) return false;
          throw error;
        }
      });
    } catch (error) {
      const where = this.#requests.show(Key);
      const uncertain = error instanceof AttemptsExhausted && error.uncertain;
      throw uncertain
        ? outcomeUnknown("deleted", where, place, error)
        : s3Failure("delete", where, place, error);
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
    return new S3Store(this.#requests, joinKey(this.#prefix, checkPrefix(prefix)));
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
      const page = await this.#requests.run(
        action,
        joinKey(this.#prefix, prefix),
        ({ client, library }) =>
          client.send(new library.ListObjectsV2Command({ Bucket: this.#requests.bucket, ...input, ...from })),
      );
      yield page;
      token = page.IsTruncated === true && input.MaxKeys === undefined
        ? page.NextContinuationToken
        : undefined;
    } while (token !== undefined);
  }

  async #deleteAll(prefix: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#requests.run("delete", joinKey(this.#prefix, prefix), async ({ client, library }) => {
      const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
      const { Errors } = await client.send(
        new library.DeleteObjectsCommand({ Bucket: this.#requests.bucket, Delete }),
      );
      const first = Errors?.[0];
      if (first === undefined) return;
      const httpStatusCode = first.Code === "AccessDenied" ? 403 : 500;
      const name = first.Code ?? "InternalError";
      throw Object.assign(new Error("not all objects were deleted"), { name, $metadata: { httpStatusCode } });
    });
  }

  #key(key: string): string {
    return joinKey(this.#prefix, checkKey(key));
  }

  /** What the keys under a prefix begin with. */
  #folder(prefix: string): string {
    const folder = joinKey(this.#prefix, checkPrefix(prefix));
    return folder === "" ? "" : `${folder}/`;
  }
}

/** Whether this can be an ETag. Versions of other stores, or of none, match nothing; servers would refuse to read them. */
function isVersion(text: string): boolean {
  return /^"[\x21\x23-\x7e]+"$/.test(text);
}
