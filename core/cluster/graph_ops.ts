/**
 * The steps that move a graph, each behind a recovery record: all checks first, then the record, then the effect. A run
 * that dies after the record was written leaves enough behind for the next one to settle it.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { sha256Hex } from "../base/digest.ts";
import type { Json } from "../base/json.ts";
import type { Failpoint, NewId } from "../base/ports.ts";
import type { SourceText } from "../base/span.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { graphAddress, schemaAddress } from "./address.ts";
import type { Migration } from "./change.ts";
import type { GraphEngine } from "./engine.ts";
import { passFailpoint } from "./failpoint.ts";
import { causeText, finding } from "./findings.ts";
import { recoveryBytes, recoveryKey, type RecoveryRecord } from "./recovery.ts";
import type { ConfigFiles, SourceFile } from "./sources.ts";

/** What graph steps need. */
export interface GraphWork {
  readonly engine: GraphEngine;
  readonly store: Pick<ObjectStore, "putIfAbsent" | "put" | "delete">;
  readonly files: ConfigFiles;
  readonly failpoint: Failpoint;
  readonly newId: NewId;
  /** RFC 3339. */
  readonly at: string;
  readonly actor: string | null;
  readonly provenance: Json;
  readonly stateCas: string | null;
}

/** How a step ended. */
export interface GraphStep {
  readonly done: boolean;
  /** Key of the record to delete once the ledger says what happened; null when there is none to delete. */
  readonly record: string | null;
  readonly migration: Migration | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Creates a graph, or completes a half-made root. */
export async function createGraphStep(work: GraphWork, graph: string, file: SourceFile): Promise<GraphStep> {
  const address = graphAddress(graph);
  const uri = work.engine.rootUri(graph);
  const fail = (message: string): GraphStep => ({
    done: false,
    record: null,
    migration: null,
    diagnostics: [finding("graph_create_failed", address, message)],
  });
  const schema = await verifiedSource(work.files, file);
  if (typeof schema === "string") return fail(schema);
  const root = await work.engine.inspect(graph);
  if (root.kind === "open") {
    if (root.schemaDigest === file.digest) return adopted(address, uri);
    return fail(`\`${uri}\` holds a graph with another schema that the ledger does not know: move it away`);
  }
  if (root.kind === "broken") return fail(`\`${uri}\` holds something that does not open: ${root.message}`);
  const record = await armRecord(work, "graph_create", graph, file.digest, null);
  if ("code" in record) return { done: false, record: null, migration: null, diagnostics: [record] };
  await passFailpoint(work.failpoint, "before_graph_create");
  let version: number;
  try {
    version = await work.engine.create(graph, schema, work.actor);
  } catch (error) {
    const failed = fail(`\`${uri}\` was not created: ${causeText(error)}`);
    if ((await work.engine.inspect(graph)).kind !== "absent") return failed;
    return { ...failed, diagnostics: [...failed.diagnostics, ...await dropRecord(work, record, address)] };
  }
  await passFailpoint(work.failpoint, "after_graph_create");
  const diagnostics = await noteVersion(work, record, version);
  return { done: true, record: recoveryKey(record.operationId), migration: null, diagnostics };
}

/** Changes a graph's schema. `ledgerDigest` is the schema that the ledger records. */
export async function updateSchemaStep(
  work: GraphWork,
  graph: string,
  file: SourceFile,
  ledgerDigest: string | null,
): Promise<GraphStep> {
  const address = schemaAddress(graph);
  const fail = (message: string, migration: Migration | null = null): GraphStep => ({
    done: false,
    record: null,
    migration,
    diagnostics: [finding("schema_apply_failed", address, message)],
  });
  const schema = await verifiedSource(work.files, file);
  if (typeof schema === "string") return fail(schema);
  let preview: Awaited<ReturnType<GraphEngine["preview"]>>;
  try {
    preview = await work.engine.preview(graph, schema);
  } catch (error) {
    return fail(causeText(error));
  }
  const { migration, refusal } = preview;
  if (refusal !== null) return fail(refusal, migration);
  const record = await armRecord(work, "schema_apply", graph, file.digest, preview.version);
  if ("code" in record) return { done: false, record: null, migration, diagnostics: [record] };
  await passFailpoint(work.failpoint, "before_schema_apply");
  let version: number;
  try {
    version = await work.engine.updateSchema(graph, schema, work.actor);
  } catch (error) {
    const failed = fail(causeText(error), migration);
    const root = await work.engine.inspect(graph);
    const untouched = root.kind === "open" && root.version === preview.version &&
      root.schemaDigest === ledgerDigest;
    if (!untouched) return failed;
    return { ...failed, diagnostics: [...failed.diagnostics, ...await dropRecord(work, record, address)] };
  }
  await passFailpoint(work.failpoint, "after_schema_apply");
  const diagnostics = await noteVersion(work, record, version);
  return { done: true, record: recoveryKey(record.operationId), migration, diagnostics };
}

/** A root that already is the graph we want: recorded, nothing created. */
function adopted(address: string, uri: string): GraphStep {
  const message = `\`${uri}\` exists already with this schema: recorded as it is`;
  return {
    done: true,
    record: null,
    migration: null,
    diagnostics: [finding("cluster_recovery_rolled_forward", address, message)],
  };
}

/** The schema text, read again; a string says why it is not what was planned. */
async function verifiedSource(files: ConfigFiles, file: SourceFile): Promise<SourceText | string> {
  const read = await files.readFile(file.absolutePath);
  if (read.kind !== "file") return `schema file \`${file.path}\` cannot be read any more`;
  if (file.source === null || sha256Hex(read.bytes) !== file.digest) {
    return `schema file \`${file.path}\` changed since the plan: run apply again`;
  }
  return file.source;
}

/** Writes the record, or says why it could not. */
export async function armRecord(
  work: GraphWork,
  kind: RecoveryRecord["kind"],
  graph: string,
  desiredSchemaDigest: string,
  observedVersion: number | null,
  approvalId: string | null = null,
): Promise<RecoveryRecord | Diagnostic> {
  const record: RecoveryRecord = {
    operationId: work.newId(),
    startedAt: work.at,
    actor: work.actor,
    kind,
    graphId: graph,
    graphUri: work.engine.rootUri(graph),
    observedVersion,
    expectedVersion: null,
    desiredSchemaDigest,
    stateCasBase: work.stateCas,
    approvalId,
    provenance: work.provenance,
  };
  const key = recoveryKey(record.operationId);
  try {
    await work.store.putIfAbsent(key, recoveryBytes(record));
    return record;
  } catch (error) {
    const message = `the recovery record cannot be written: ${causeText(error)}`;
    return finding("recovery_sidecar_write_error", key, message);
  }
}

/** Notes the version that was reached; for people only, so a store that fails is a warning. */
async function noteVersion(work: GraphWork, record: RecoveryRecord, version: number): Promise<Diagnostic[]> {
  const key = recoveryKey(record.operationId);
  try {
    await work.store.put(key, recoveryBytes({ ...record, expectedVersion: version }));
    return [];
  } catch (error) {
    const message = `the reached version was not noted: ${causeText(error)}`;
    return [finding("recovery_sidecar_write_error", key, message, { severity: "warning" })];
  }
}

/** Deletes the record of a step that had no effect. */
async function dropRecord(work: GraphWork, record: RecoveryRecord, address: string): Promise<Diagnostic[]> {
  return await retireRecord(work.store, recoveryKey(record.operationId), address);
}

/** Deletes a settled record; one that cannot be deleted keeps its graph from being served until the next run. */
export async function retireRecord(
  store: Pick<ObjectStore, "delete">,
  key: string,
  path: string = key,
): Promise<Diagnostic[]> {
  try {
    await store.delete(key);
    return [];
  } catch (error) {
    const message = `the recovery record \`${key}\` cannot be deleted: ${causeText(error)}`;
    return [finding("recovery_sidecar_cleanup_failed", path, message)];
  }
}
