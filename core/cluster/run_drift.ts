/**
 * `cluster drift`: how the storage root differs from what the ledger says. Reads only, takes no lock; exits with 2 when
 * there is drift. Refresh and apply are the cure, or taking the change into the configuration.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import { type Address, graphAddress, schemaAddress } from "./address.ts";
import type { ClusterContext } from "./context.ts";
import { graphIds } from "./digests.ts";
import { type GraphEngine, graphEngine } from "./engine.ts";
import { exitCodeOf } from "./exit.ts";
import { collectFailure } from "./failure.ts";
import { finding, isOk } from "./findings.ts";
import { loadHeader } from "./header.ts";
import type { Ledger } from "./ledger.ts";
import { integrityWarnings, LEDGER_KEY, readLedger } from "./ledger_store.ts";
import { checkPayloads } from "./payloads.ts";
import { diagnosticOutputs, type DriftOutput, type DriftResult, EXIT, type Outcome } from "./results.ts";
import { openRoot } from "./root.ts";

/** Looks; expected failures are diagnostics of the result. */
export async function runDrift(context: ClusterContext): Promise<Outcome<DriftResult>> {
  const loaded = await loadHeader(context.configDir, context.files);
  const diagnostics: Diagnostic[] = [...loaded.diagnostics];
  let drifts: readonly DriftOutput[] = [];
  if (loaded.header === null) return outcome(loaded.place.absolute, drifts, diagnostics, EXIT.invalidConfig);
  const { root } = loaded.header;
  await collectFailure(diagnostics, async () => {
    const store = openRoot(context, root);
    const { ledger, cas } = await readLedger(store);
    if (cas === null) {
      const message = "there is no ledger: nothing was applied here yet, run `cluster apply`";
      diagnostics.push(finding("state_missing", LEDGER_KEY, message));
      return;
    }
    diagnostics.push(...integrityWarnings(ledger));
    const engine = graphEngine({ root, store, openTables: context.openTables, ports: context.ports });
    drifts = [
      ...await graphDrifts(engine, ledger),
      ...await unmanagedGraphs(store, engine, ledger),
      ...await blobDrifts(store, ledger, diagnostics),
    ];
  });
  const exit = exitCodeOf(diagnostics, drifts.length > 0 ? EXIT.changes : EXIT.done);
  return outcome(loaded.place.absolute, drifts, diagnostics, exit);
}

async function graphDrifts(engine: GraphEngine, ledger: Ledger): Promise<DriftOutput[]> {
  const drifts: DriftOutput[] = [];
  for (const graph of graphIds(ledger.entries.keys())) {
    const root = await engine.inspect(graph);
    const uri = engine.rootUri(graph);
    const recorded = ledger.entries.get(schemaAddress(graph))?.digest ?? null;
    const drift = (address: Address, kind: DriftOutput["kind"], message: string) =>
      drifts.push({ resource: address, kind, message });
    if (root.kind === "absent") drift(graphAddress(graph), "graph_missing", `\`${uri}\` is gone`);
    else if (root.kind === "broken") {
      drift(graphAddress(graph), "graph_broken", `\`${uri}\` does not open: ${root.message}`);
    } else if (root.kind === "uncommitted") {
      drift(graphAddress(graph), "graph_broken", `\`${uri}\` holds no graph`);
    } else if (root.schemaDigest !== recorded) {
      const message = `\`${uri}\` has the schema ${root.schemaDigest}, the ledger says ${recorded ?? "none"}`;
      drift(schemaAddress(graph), "schema_mismatch", message);
    }
  }
  return drifts;
}

/** Folders of graphs that the ledger does not know. */
async function unmanagedGraphs(
  store: ObjectStore,
  engine: GraphEngine,
  ledger: Ledger,
): Promise<DriftOutput[]> {
  const known = new Set(graphIds(ledger.entries.keys()));
  const found = (await store.folders("graphs")).flatMap((name) => /^(.+)\.omni$/.exec(name)?.[1] ?? []);
  return found.filter((graph) => !known.has(graph)).map((graph) => ({
    resource: graphAddress(graph),
    kind: "graph_unmanaged",
    message: `\`${engine.rootUri(graph)}\` is there and the ledger does not know it`,
  }));
}

/** Lost and damaged blobs; one that cannot be read is an error of the command. */
async function blobDrifts(
  store: ObjectStore,
  ledger: Ledger,
  diagnostics: Diagnostic[],
): Promise<DriftOutput[]> {
  const problems = await checkPayloads(store, ledger);
  diagnostics.push(...problems.filter(({ severity }) => severity === "error"));
  return problems.filter(({ severity }) => severity !== "error").map(({ code, path = "", message }) => ({
    resource: path,
    kind: code === "catalog_payload_missing" ? "payload_missing" : "payload_mismatch",
    message,
  }));
}

function outcome(
  configDir: string,
  drifts: readonly DriftOutput[],
  diagnostics: readonly Diagnostic[],
  exitCode: number,
): Outcome<DriftResult> {
  const result: DriftResult = {
    ok: isOk(diagnostics),
    config_dir: configDir,
    drifts,
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode, result, diagnostics };
}
