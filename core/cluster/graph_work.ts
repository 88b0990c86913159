/** The graph-moving part of a run: creates first, then schema updates, one after another. The first failure ends it. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { must } from "../base/assert.ts";
import { graphOf, schemaAddress } from "./address.ts";
import type { PlannedChange } from "./change.ts";
import type { Desired } from "./desired.ts";
import { finding } from "./findings.ts";
import { createGraphStep, type GraphStep, type GraphWork, updateSchemaStep } from "./graph_ops.ts";
import type { Ledger } from "./ledger.ts";
import type { GraphFailures } from "./plan.ts";

/** What the graph work did. */
export interface GraphWorkResult {
  /** The changes, with migration steps where the engine planned some. */
  readonly changes: readonly PlannedChange[];
  readonly failed: GraphFailures["failed"];
  /** Keys of recovery records to delete once the ledger is written. */
  readonly records: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Runs all graph steps of a plan. `checkStop` is asked before each. */
export async function runGraphWork(
  work: GraphWork,
  changes: readonly PlannedChange[],
  desired: Desired,
  ledger: Ledger,
  checkStop: () => void,
): Promise<GraphWorkResult> {
  const failed = new Map<string, "graph_create_failed" | "schema_apply_failed" | null>();
  const records: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const migrations = new Map<string, GraphStep["migration"]>();
  const applied = changes.filter(({ disposition }) => disposition === "applied");
  const creates = applied.filter(({ kind, operation }) => kind === "graph" && operation === "create");
  const updates = applied.filter(({ kind, operation }) => kind === "schema" && operation === "update");
  for (const { address, kind } of [...creates, ...updates]) {
    const graph = must(graphOf(address), "graph work is about a graph");
    const creating = kind === "graph";
    if (failed.size > 0) {
      failed.set(graph, null);
      const message = "skipped after an earlier failure: run apply again";
      diagnostics.push(finding(creating ? "graph_create_skipped" : "schema_apply_skipped", address, message));
      continue;
    }
    checkStop();
    const schema = schemaAddress(graph);
    const file = must(desired.resources.get(schema)?.file, "a declared graph has a schema file");
    const step = creating
      ? await createGraphStep(work, graph, file)
      : await updateSchemaStep(work, graph, file, ledger.entries.get(schema)?.digest ?? null);
    diagnostics.push(...step.diagnostics);
    if (step.migration !== null) migrations.set(address, step.migration);
    if (step.record !== null) records.push(step.record);
    if (!step.done) failed.set(graph, creating ? "graph_create_failed" : "schema_apply_failed");
  }
  const withSteps = changes.map((change) => {
    const migration = migrations.get(change.address) ?? null;
    return migration === null ? change : { ...change, migration };
  });
  return { changes: withSteps, failed, records, diagnostics };
}
