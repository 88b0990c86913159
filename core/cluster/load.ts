/** Loads and checks the whole configuration: the one way in for validate, plan and apply. Touches no storage. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { CLUSTER_SCOPE, graphOf } from "./address.ts";
import { storageRootOf } from "./check_config.ts";
import { type Desired, type DesiredPolicy, resolveDesired } from "./desired.ts";
import { configPlace, type LoadedHeader, readConfigFile } from "./header.ts";
import type { ClusterPlan } from "./plan.ts";
import { type ConfigFiles, gatherSources } from "./sources.ts";

/** A fully loaded configuration. */
export interface LoadedConfig extends LoadedHeader {
  /** null exactly when a diagnostic is an error. */
  readonly desired: Desired | null;
}

/** Reads and checks the whole configuration. */
export async function loadConfig(configDir: string, files: ConfigFiles): Promise<LoadedConfig> {
  const { place, configFile } = configPlace(configDir);
  const parsed = await readConfigFile(place, files);
  if (parsed.config === null) {
    return { place, configFile, header: null, desired: null, diagnostics: parsed.diagnostics };
  }
  const { config, file } = parsed;
  const sources = await gatherSources(config, place, files);
  const { desired, diagnostics } = resolveDesired(config, place, sources);
  const root = storageRootOf(config, place.absolute);
  const header = "code" in root || desired === null ? null : { config, file, root };
  return { place, configFile, header, desired, diagnostics };
}

/** Asks Cedar's strict validator about policies; loads Cedar only when there is one. */
export async function checkPoliciesStrictly(policies: readonly DesiredPolicy[]): Promise<Diagnostic[]> {
  if (policies.length === 0) return [];
  const { checkWithCedar } = await import("../policy/gate.ts");
  const findings: Diagnostic[] = [];
  for (const { name, bundle, appliesTo } of policies) {
    const [scope = CLUSTER_SCOPE] = appliesTo;
    const graph = graphOf(scope);
    // The graph id is a plain literal in the compiled text, so one graph speaks for all that are bound.
    const resource = graph === null
      ? { kind: "server" as const }
      : { kind: "graph" as const, graphId: graph };
    for (const diagnostic of await checkWithCedar(bundle, resource)) {
      findings.push({ ...diagnostic, code: "policy_invalid", path: `policies.${name}.file` });
    }
  }
  return findings;
}

/** Strict Cedar findings of the policies that a plan would create or update. */
export async function checkChangedPolicies(desired: Desired, plan: ClusterPlan): Promise<Diagnostic[]> {
  const changed = new Set(
    plan.changes.filter(({ kind, operation, metadata }) =>
      kind === "policy" && operation !== "delete" && metadata === null
    ).map(({ address }) => address),
  );
  return await checkPoliciesStrictly(desired.policies.filter(({ address }) => changed.has(address)));
}
