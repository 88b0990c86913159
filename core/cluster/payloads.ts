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
 * Writes the blobs of applied creates and updates and of the configuration. Sources are read again: bytes that are not
 * those of the plan are `resource_content_changed`. Any finding means that the ledger must not be written.
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
  const jobs = changes.filter(({ disposition, operation }) =>
    disposition === "applied" && operation !== "delete"
  )
    .flatMap(({ address }) => {
      const resource = desired.resources.get(address);
      const key = resource === undefined ? null : payloadKey(address, resource.entry.digest);
      const file = resource?.file ?? null;
      if (key === null || file === null) return [];
      return [
        () => writePayload(store, readAgain, { address, key, digest: file.digest, path: file.absolutePath }),
      ];
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
}

async function writePayload(
  store: Pick<ObjectStore, "get" | "put">,
  readAgain: (path: string) => Promise<FileRead>,
  { address, key, digest, path }: PayloadJob,
): Promise<Diagnostic | null> {
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
  try {
    const stored = await store.get(key);
    if (stored === null || sha256Hex(stored.bytes) !== digest) await store.put(key, read.bytes);
    return null;
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
