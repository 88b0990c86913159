/** `cluster gc`: removes blobs of the catalog that no recent revision needs. Shows them first; removes when told to. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { ClusterContext } from "./context.ts";
import { exitCodeOf } from "./exit.ts";
import { ClusterFailure, collectFailure } from "./failure.ts";
import { causeText, finding, isOk } from "./findings.ts";
import { type ConfigResources, neededBlobs } from "./garbage.ts";
import { loadHeader } from "./header.ts";
import { readHistory } from "./history_read.ts";
import { integrityFindings, LEDGER_KEY, readLedger } from "./ledger_store.ts";
import { type LockOptions, type RunReport, underLock } from "./lock_scope.ts";
import { NOTHING_OBSERVED } from "./observations.ts";
import { runJobs } from "./parallel.ts";
import { configPayloadKey, RESOURCES } from "./payload_keys.ts";
import { diagnosticOutputs, EXIT, type GcResult, type Outcome } from "./results.ts";
import { openRoot } from "./root.ts";
import { parseObject } from "./strict_json.ts";

/** Options of a collection. */
export interface RunGcOptions extends LockOptions {
  /** Revisions whose blobs stay, the applied one among them. */
  readonly keepRevisions: number;
  /** Remove; otherwise only say what would be removed. */
  readonly confirm: boolean;
}

/** Collects; expected failures are diagnostics of the result. */
export async function runGc(context: ClusterContext, options: RunGcOptions): Promise<Outcome<GcResult>> {
  const loaded = await loadHeader(context.configDir, context.files);
  const report: GcReport = {
    options,
    configDir: loaded.place.absolute,
    diagnostics: [...loaded.diagnostics],
    observed: NOTHING_OBSERVED,
    found: null,
  };
  if (loaded.header === null) return outcome(report, EXIT.invalidConfig);
  const { header } = loaded;
  if (options.confirm) {
    const { actor } = context;
    const scope = { context, header, operation: "gc", actor, runUrl: null, options };
    await underLock(scope, report, (store, checkStop) => collect(store, report, checkStop));
  } else {
    await collectFailure(report.diagnostics, () => collect(openRoot(context, header.root), report, () => {}));
  }
  return outcome(report, exitCodeOf(report.diagnostics));
}

interface GcReport extends RunReport {
  readonly options: RunGcOptions;
  readonly configDir: string;
  found: { readonly kept: number; readonly garbage: readonly string[]; readonly removed: number } | null;
}

async function collect(store: ObjectStore, report: GcReport, checkStop: () => void): Promise<void> {
  const { keepRevisions, confirm } = report.options;
  const { ledger, cas } = await readLedger(store);
  if (cas === null) {
    const message = "there is no ledger: what is needed is unknown, nothing is removed";
    report.diagnostics.push(finding("state_missing", LEDGER_KEY, message));
    return;
  }
  const broken = integrityFindings(ledger);
  report.diagnostics.push(...broken);
  if (broken.length > 0) return;
  const { records, diagnostics } = await readHistory(store, ledger.revision, keepRevisions);
  // Without a record it is unknown what a revision needs: better too much is kept than too little.
  // Records are newest first: those before the first gap are the revisions that can be kept.
  const sound = records.filter(({ revision }, index) => revision === ledger.revision - index).length;
  const help = sound === 0
    ? "what it needs is unknown and nothing is removed: restore the record, or delete it and run apply"
    : `what it needs is unknown and nothing is removed: restore the record, or pass --keep ${sound}`;
  report.diagnostics.push(...diagnostics.map((one): Diagnostic => ({ ...one, severity: "error", help })));
  if (diagnostics.length > 0) return;
  const digests = [
    ...new Set(records.map((record) => record.config_digest).filter((digest) => digest !== null)),
  ];
  const configs = new Map<string, ConfigResources>();
  for (const digest of digests) {
    const config = await readConfig(store, digest);
    if (config !== null) configs.set(digest, config);
  }
  const needed = neededBlobs(ledger, records, configs);
  const all = (await store.listTree(RESOURCES)).map((name) => `${RESOURCES}/${name}`);
  const garbage = all.filter((key) => !needed.has(key));
  report.found = { kept: all.length - garbage.length, garbage, removed: 0 };
  if (!confirm || garbage.length === 0) return;
  checkStop();
  const failures = await runJobs(garbage.map((key) => () => remove(store, key)));
  const failed = failures.filter((one) => one !== null);
  report.diagnostics.push(...failed);
  report.found = { ...report.found, removed: garbage.length - failed.length };
}

async function remove(store: ObjectStore, key: string): Promise<Diagnostic | null> {
  try {
    await store.delete(key);
    return null;
  } catch (error) {
    return finding("catalog_payload_delete_error", key, `the blob cannot be removed: ${causeText(error)}`);
  }
}

/** The resources of a stored configuration; null when it is not there, as in catalogs of older releases. */
async function readConfig(store: ObjectStore, digest: string): Promise<ConfigResources | null> {
  const key = configPayloadKey(digest);
  try {
    const found = await store.get(key);
    if (found === null) return null;
    const resources = parseObject(found.bytes).objectOrNull("resources")?.whole() ?? {};
    return new Map(Object.entries(resources).map(([address, value]) => [address, String(value)]));
  } catch (error) {
    const message = `what this configuration needs cannot be read: ${causeText(error)}`;
    throw new ClusterFailure(finding("catalog_payload_read_error", key, message), error);
  }
}

function outcome(report: GcReport, exitCode: number): Outcome<GcResult> {
  const { options, configDir, diagnostics, found } = report;
  const result: GcResult = {
    ok: isOk(diagnostics),
    config_dir: configDir,
    keep_revisions: options.keepRevisions,
    confirmed: options.confirm,
    kept_count: found?.kept ?? 0,
    garbage: found?.garbage ?? [],
    removed_count: found?.removed ?? 0,
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode, result, diagnostics };
}
