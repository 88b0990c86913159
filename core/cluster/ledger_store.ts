/**
 * Keeps the ledger in the store. The ledger is the only publish point of the control plane: a write happens against the
 * exact bytes the run started from, or not at all.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { sha256Hex } from "../base/digest.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { graphAddress } from "./address.ts";
import { ClusterFailure } from "./failure.ts";
import { causeText, finding } from "./findings.ts";
import { brokenComposites, EMPTY_LEDGER, type Ledger } from "./ledger.ts";
import { ledgerBytes, LedgerVersionError, parseLedger } from "./ledger_file.ts";
import { StoredJsonError } from "./strict_json.ts";

/** Key of the ledger, and the path of diagnostics about it. */
export const LEDGER_KEY = "__cluster/state.json";

/** What to do about a ledger that is not as it was written. */
const RESTORE_HELP =
  "restore it from a copy, or move it away and run apply, which records the graphs it finds";

/** The ledger as it was read. */
export interface LedgerSnapshot {
  readonly ledger: Ledger;
  /** `sha256:` and the digest of the stored bytes; null when there is no ledger, which then reads as an empty one. */
  readonly cas: string | null;
}

/**
 * Reads the ledger. Throws {@linkcode ClusterFailure} with `state_read_error`, `invalid_state_json` or
 * `unsupported_state_version`.
 */
export async function readLedger(store: Pick<ObjectStore, "get" | "prefixExists">): Promise<LedgerSnapshot> {
  let bytes: Uint8Array | null;
  try {
    bytes = (await store.get(LEDGER_KEY))?.bytes ?? null;
    // "Nothing was applied yet" must be sure: something else in the ledger's place would be passed over.
    if (bytes === null && await store.prefixExists(LEDGER_KEY)) throw new Error("a folder is in its place");
  } catch (error) {
    throw new ClusterFailure(
      finding("state_read_error", LEDGER_KEY, `the ledger cannot be read: ${causeText(error)}`),
      error,
    );
  }
  if (bytes === null) return { ledger: EMPTY_LEDGER, cas: null };
  try {
    return { ledger: parseLedger(bytes), cas: casOf(bytes) };
  } catch (error) {
    if (error instanceof LedgerVersionError) {
      const help = "a newer version of omnigraph wrote it: use that one";
      const problem = finding("unsupported_state_version", "state.version", error.message, { help });
      throw new ClusterFailure(problem, error);
    }
    if (!(error instanceof StoredJsonError)) throw error;
    const message = `the ledger is damaged: ${error.message}`;
    throw new ClusterFailure(
      finding("invalid_state_json", LEDGER_KEY, message, { help: RESTORE_HELP }),
      error,
    );
  }
}

/** Throws {@linkcode ClusterFailure} with `state_cas_mismatch` when somebody wrote the ledger since it was read. */
export async function requireUnchanged(store: Pick<ObjectStore, "get">, read: LedgerSnapshot): Promise<void> {
  const current = await store.get(LEDGER_KEY);
  if ((current === null ? null : casOf(current.bytes)) !== read.cas) throw lostRace();
}

/**
 * Publishes `next` over the ledger that was read. Throws {@linkcode ClusterFailure}: `state_cas_mismatch` when somebody
 * else wrote in between (nothing is written then), `state_write_error` when the store failed.
 */
export async function writeLedger(
  store: Pick<ObjectStore, "get" | "putIfAbsent" | "putIfMatch">,
  read: LedgerSnapshot,
  next: Ledger,
): Promise<LedgerSnapshot> {
  const bytes = ledgerBytes(next);
  let won: boolean;
  try {
    const current = await store.get(LEDGER_KEY);
    if ((current === null ? null : casOf(current.bytes)) !== read.cas) throw lostRace();
    const result = current === null
      ? await store.putIfAbsent(LEDGER_KEY, bytes)
      : await store.putIfMatch(LEDGER_KEY, bytes, current.version);
    won = result !== null;
  } catch (error) {
    if (error instanceof ClusterFailure) throw error;
    const message = `the ledger cannot be written: ${causeText(error)}`;
    throw new ClusterFailure(finding("state_write_error", LEDGER_KEY, message), error);
  }
  if (!won) throw lostRace();
  return { ledger: next, cas: casOf(bytes) };
}

/** Graph entries that do not follow from the ledger's own entries. */
export function integrityFindings(ledger: Ledger): Diagnostic[] {
  return brokenComposites(ledger).map((graph) => {
    const message =
      `the recorded digest of \`${graphAddress(graph)}\` does not follow from the ledger's own entries: ` +
      "the file was edited by hand";
    return finding("external_blob_policy_digest_mismatch", LEDGER_KEY, message, { help: RESTORE_HELP });
  });
}

/** The same for commands that only look: apply will refuse this ledger. */
export function integrityWarnings(ledger: Ledger): Diagnostic[] {
  return integrityFindings(ledger).map((one): Diagnostic => ({ ...one, severity: "warning" }));
}

function lostRace(): ClusterFailure {
  const message = "the ledger changed since this run read it: nothing was written, run it again";
  return new ClusterFailure(finding("state_cas_mismatch", LEDGER_KEY, message));
}

function casOf(bytes: Uint8Array): string {
  return `sha256:${sha256Hex(bytes)}`;
}
