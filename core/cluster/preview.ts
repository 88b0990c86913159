/** The migration steps of a plan, asked of the live graphs. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Address, graphOf } from "./address.ts";
import type { Migration } from "./change.ts";
import type { Desired } from "./desired.ts";
import type { GraphEngine } from "./engine.ts";
import { causeText, finding } from "./findings.ts";
import { type ClusterPlan, withMigrations } from "./plan.ts";

/** Adds the engine's migration steps to schema updates; a preview that fails is a warning. */
export async function previewSchemas(
  engine: Pick<GraphEngine, "preview">,
  desired: Desired,
  plan: ClusterPlan,
): Promise<{ readonly plan: ClusterPlan; readonly diagnostics: readonly Diagnostic[] }> {
  const migrations = new Map<Address, Migration>();
  const diagnostics: Diagnostic[] = [];
  for (const { address, kind, operation } of plan.changes) {
    const graph = graphOf(address);
    const source = desired.resources.get(address)?.file?.source ?? null;
    if (kind !== "schema" || operation !== "update" || graph === null || source === null) continue;
    try {
      const { migration, refusal } = await engine.preview(graph, source);
      migrations.set(address, migration);
      if (refusal !== null) diagnostics.push(finding("schema_preview_unavailable", address, refusal));
    } catch (error) {
      diagnostics.push(finding("schema_preview_unavailable", address, causeText(error)));
    }
  }
  return { plan: migrations.size === 0 ? plan : withMigrations(plan, migrations), diagnostics };
}
