/** Checks the policies of the configuration: targets, bindings, bundles. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { didYouMean } from "../base/suggest.ts";
import { parseBundle } from "../policy/bundle.ts";
import type { PolicyBundle } from "../policy/model.ts";
import { CLUSTER_SCOPE, graphAddress } from "./address.ts";
import { checkName } from "./check_config.ts";
import type { ClusterConfig, PolicyConfig } from "./config.ts";
import { finding } from "./findings.ts";
import type { SourceFile, Sources } from "./sources.ts";

/** A checked policy. */
export interface CheckedPolicy {
  readonly name: string;
  readonly file: SourceFile | null;
  /** `cluster` or `graph.<id>`, sorted, distinct. */
  readonly appliesTo: readonly string[];
  readonly bundle: PolicyBundle | null;
}

/** All policies in name order, and what is wrong with them. */
export function checkPolicies(
  config: ClusterConfig,
  sources: Sources,
): { readonly policies: readonly CheckedPolicy[]; readonly diagnostics: readonly Diagnostic[] } {
  const diagnostics: Diagnostic[] = [];
  const binder = new Map<string, string>();
  const policies = config.policies.map((policy) => {
    const name = policy.name.text;
    diagnostics.push(...checkName("policy", policy.name, `policies.${name}`, config));
    const appliesTo = checkTargets(policy, config, diagnostics);
    for (const scope of appliesTo) {
      const first = binder.get(scope);
      if (first === undefined) {
        binder.set(scope, name);
        continue;
      }
      const message = `policies \`${first}\` and \`${name}\` both bind \`${scope}\`: a scope has one bundle`;
      const options = { span: policy.name.span, source: config.source, help: "merge the two bundles" };
      diagnostics.push(finding("duplicate_policy_binding", `policies.${name}.applies_to`, message, options));
    }
    return checkBundle(policy, appliesTo, config, sources, diagnostics);
  });
  return { policies, diagnostics };
}

function checkTargets(policy: PolicyConfig, config: ClusterConfig, diagnostics: Diagnostic[]): string[] {
  const path = `policies.${policy.name.text}.applies_to`;
  const scopes = new Set<string>();
  const ids = config.graphs.map((graph) => graph.id.text);
  policy.appliesTo.forEach((target, index) => {
    const options = { span: target.span, source: config.source };
    if (target.text === CLUSTER_SCOPE) {
      scopes.add(CLUSTER_SCOPE);
      return;
    }
    const graph = target.text.replace(/^graph\./, "");
    if (graph.includes(".")) {
      const message =
        `\`${target.text}\` is no target of a policy: write \`cluster\`, \`<graph>\` or \`graph.<graph>\``;
      diagnostics.push(finding("wrong_kind_reference", `${path}[${index}]`, message, options));
    } else if (!ids.includes(graph)) {
      const help = didYouMean(graph, ids) ?? "declare it under `graphs`";
      const message = `graph \`${graph}\` is not declared`;
      diagnostics.push(
        finding("dangling_graph_reference", `${path}[${index}]`, message, { ...options, help }),
      );
    } else scopes.add(graphAddress(graph));
  });
  const place = { span: policy.name.span, source: config.source };
  if (policy.appliesTo.length === 0) {
    const message = "the policy applies to nothing: list graphs, or `cluster` for the server bundle";
    diagnostics.push(finding("policy_missing_applies_to", path, message, place));
  }
  if (scopes.has(CLUSTER_SCOPE) && scopes.size > 1) {
    const message = "`cluster` and graphs cannot share a bundle: split it into two policies";
    diagnostics.push(finding("policy_mixed_binding_kinds", path, message, place));
  }
  return [...scopes].sort();
}

function checkBundle(
  policy: PolicyConfig,
  appliesTo: readonly string[],
  config: ClusterConfig,
  sources: Sources,
  diagnostics: Diagnostic[],
): CheckedPolicy {
  const name = policy.name.text;
  const path = `policies.${name}.file`;
  const entry = sources.get(policy.file.text);
  const options = { span: policy.file.span, source: config.source };
  if (entry.kind !== "file" || entry.file.source === null) {
    const cause = entry.kind === "folder"
      ? "is a folder"
      : entry.kind === "file"
      ? "is not UTF-8"
      : entry.file.cause;
    const message = `policy file \`${policy.file.text}\` cannot be read: ${cause}`;
    diagnostics.push(finding("policy_file_missing", path, message, options));
    return { name, file: null, appliesTo, bundle: null };
  }
  const { text, path: shown } = entry.file.source;
  const graphs = appliesTo.filter((scope) => scope !== CLUSTER_SCOPE).length;
  // A mixed binding is a finding of its own; the bundle is then read without one.
  const kind = graphs === appliesTo.length ? (graphs === 0 ? null : "graph") : graphs === 0 ? "server" : null;
  const parsed = parseBundle(text, { path: shown, kind });
  for (const diagnostic of parsed.diagnostics) {
    diagnostics.push({ ...diagnostic, code: "policy_invalid", path });
  }
  return { name, file: entry.file, appliesTo, bundle: parsed.bundle };
}
