/** `cluster validate`: everything that can be said about a configuration without looking at storage. */
import { isOk } from "./findings.ts";
import type { ConfigFiles } from "./sources.ts";
import { checkPoliciesStrictly, loadConfig } from "./load.ts";
import { diagnosticOutputs, EXIT, type Outcome, type ValidateResult } from "./results.ts";

/** Checks a config directory; never throws for bad input. */
export async function runValidate(
  options: { readonly configDir: string; readonly files: ConfigFiles },
): Promise<Outcome<ValidateResult>> {
  const loaded = await loadConfig(options.configDir, options.files);
  const diagnostics = [...loaded.diagnostics, ...await checkPoliciesStrictly(loaded.desired?.policies ?? [])];
  const ok = isOk(diagnostics);
  const desired = ok ? loaded.desired : null;
  const resources = [...desired?.resources.values() ?? []];
  const result: ValidateResult = {
    ok,
    config_dir: loaded.place.absolute,
    config_file: loaded.configFile,
    resource_digests: Object.fromEntries(resources.map(({ address, entry }) => [address, entry.digest])),
    resources: resources.map(({ address, kind, entry, file }) => ({
      address,
      kind,
      digest: entry.digest,
      ...(file === null ? {} : { path: file.path }),
    })),
    dependencies: desired?.dependencies ?? [],
    diagnostics: diagnosticOutputs(diagnostics),
  };
  return { exitCode: ok ? EXIT.done : EXIT.invalidConfig, result, diagnostics };
}
