/**
 * Writes and checks the blobs of the catalog. A blob that exists is trusted only when its bytes have the digest in its
 * name; anything else is written over.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { sha256Hex } from "../base/digest.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { Address } from "./address.ts";
import { configJson } from "./config.ts";
import type { PlannedChange } from "./change.ts";
import type { Desired } from "./desired.ts";
import { causeText, finding } from "./findings.ts";
import { digestsOf, type Ledger } from "./ledger.ts";
import { runJobs } from "./parallel.ts";
import { configPayloadKey, payloadKey } from "./payload_keys.ts";
import type { ConfigFiles, FileRead } from "./sources.ts";

/**
 * Makes sure that the catalog holds the configuration and every declared resource that is, or is about to be, applied.
 * Sources are read again before they are written: bytes that are not those of the plan are `resource_content_changed`. A
 * blob of an unchanged resource that was lost or tampered with is written again, with a warning. Any error means that the
 * ledger must not be written.
 */
export async function writePayloads(
  store: Pick<ObjectStore, "get" | "put">,
  files: ConfigFiles,
  desired: Desired,
  changes: readonly PlannedChange[],
): Promise<Diagnostic[]> {
  const reads = new Map<string, Promise<FileRead>>();
  const readAgain = (path: string) => {
    const read = reads.get(path) ?? files.readFile(path);
    reads.set(path, read);
    return read;
  };
  const changed = new Map(changes.map((change) => [change.address, change.disposition]));
  const jobs = [...desired.resources.values()].flatMap(({ address, entry, file }) => {
    const disposition = changed.get(address) ?? null;
    const key = payloadKey(address, entry.digest);
    if (key === null || file === null || (disposition !== null && disposition !== "applied")) return [];
    const job = {
      address,
      key,
      digest: file.digest,
      path: file.absolutePath,
      unchanged: disposition === null,
    };
    return [() => writePayload(store, readAgain, job)];
  });
  const findings = await runJobs([...jobs, () => writeConfigPayload(store, desired)]);
  return findings.filter((one) => one !== null);
}

/** Blobs of queries and policies in the ledger that are lost or wrong. Reads only. */
export async function checkPayloads(store: Pick<ObjectStore, "get">, ledger: Ledger): Promise<Diagnostic[]> {
  const jobs = [...ledger.entries].flatMap(([address, { digest }]) => {
    const key = address.startsWith("schema.") ? null : payloadKey(address, digest);
    return key === null ? [] : [() => checkPayload(store, address, key, digest)];
  });
  return (await runJobs(jobs)).filter((one) => one !== null);
}

interface PayloadJob {
  readonly address: Address;
  readonly key: string;
  readonly digest: string;
  readonly path: string;
  /** Whether the ledger names the blob already. */
  readonly unchanged: boolean;
}

async function writePayload(
  store: Pick<ObjectStore, "get" | "put">,
  readAgain: (path: string) => Promise<FileRead>,
  { address, key, digest, path, unchanged }: PayloadJob,
): Promise<Diagnostic | null> {
  try {
    const stored = await store.get(key);
    const trusted = stored !== null && sha256Hex(stored.bytes) === digest;
    if (trusted && unchanged) return null;
    const read = await readAgain(path);
    if (read.kind !== "file") {
      const cause = read.kind === "missing" ? "not found" : read.message;
      return finding("resource_payload_write_error", address, `\`${path}\` cannot be read: ${cause}`);
    }
    if (sha256Hex(read.bytes) !== digest) {
      return finding(
        "resource_content_changed",
        address,
        `\`${path}\` changed since the plan: run apply again`,
      );
    }
    if (trusted) return null;
    await store.put(key, read.bytes);
    // Schemas are kept for the history only: no server misses one.
    if (!unchanged || address.startsWith("schema.")) return null;
    const code = stored === null ? "catalog_payload_missing" : "catalog_payload_mismatch";
    return finding(
      code,
      address,
      `blob \`${key}\` was ${stored === null ? "lost" : "damaged"} and is written again`,
    );
  } catch (error) {
    return finding(
      "resource_payload_write_error",
      address,
      `\`${key}\` cannot be written: ${causeText(error)}`,
    );
  }
}

/** The normalized configuration and all digests: exactly what the config digest is computed from. */
async function writeConfigPayload(
  store: Pick<ObjectStore, "get" | "put">,
  desired: Desired,
): Promise<Diagnostic | null> {
  const key = configPayloadKey(desired.configDigest);
  const resources = Object.fromEntries(digestsOf(desired.entries));
  // Members keep their order here, unlike in other stored files: the digest is over exactly this text.
  const text = JSON.stringify({ config: JSON.parse(configJson(desired.config)), resources }, null, 2) + "\n";
  const bytes = new TextEncoder().encode(text);
  try {
    const stored = await store.get(key);
    if (stored === null || sha256Hex(stored.bytes) !== sha256Hex(bytes)) await store.put(key, bytes);
    return null;
  } catch (error) {
    return finding(
      "resource_payload_write_error",
      key,
      `the configuration cannot be written: ${causeText(error)}`,
    );
  }
}

async function checkPayload(
  store: Pick<ObjectStore, "get">,
  address: Address,
  key: string,
  digest: string,
): Promise<Diagnostic | null> {
  try {
    if (digest === "") {
      const message = "what the policy says is lost: servers start again once `cluster apply` has stored it";
      return finding("catalog_payload_missing", address, message);
    }
    const stored = await store.get(key);
    if (stored === null) return finding("catalog_payload_missing", address, `blob \`${key}\` is missing`);
    if (sha256Hex(stored.bytes) === digest) return null;
    return finding(
      "catalog_payload_mismatch",
      address,
      `blob \`${key}\` does not have the digest in its name`,
    );
  } catch (error) {
    return finding(
      "catalog_payload_read_error",
      address,
      `blob \`${key}\` cannot be read: ${causeText(error)}`,
    );
  }
}
