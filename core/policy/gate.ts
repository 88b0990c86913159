/**
 * The gate: asks Cedar, once per distinct question.
 *
 * Invariants: a gate's policy set never changes, so a cached decision never expires; every input of a decision (actor,
 * action, branch, target branch) is part of its cache key; an actor in no group is denied without asking Cedar.
 */
import { fileURLToPath } from "node:url";
import type { Diagnostic } from "../base/diagnostic.ts";
import { sha256Hex } from "../base/digest.ts";
import { AppError } from "../errors.ts";
import type { Decision, PolicyGate, PolicyQuestion } from "./actions.ts";
import {
  actionUid,
  actorEntities,
  actorUid,
  cedarContext,
  type CedarEntity,
  cedarPolicies,
  cedarSchema,
  resourceUid,
  ruleIdOf,
} from "./compile.ts";
import type { PolicyBundle, PolicyResource } from "./model.ts";

type Cedar = typeof import("@cedar-policy/cedar-wasm/nodejs");

/** Name of the schema inside Cedar; one schema serves all bundles. */
const SCHEMA = "omnigraph";
/** Decisions a gate remembers. Branch names come from requests, so the number of questions has no natural bound. */
const CACHED_DECISIONS_MAX = 10_000;

let loading: Promise<Cedar> | null = null;

/** Loads Cedar on first use (a few milliseconds and 4 MB of wasm) and hands it the schema. */
function loadCedar(): Promise<Cedar> {
  loading ??= import("@cedar-policy/cedar-wasm/nodejs").then((cedar) => {
    refuse(cedar.preparseSchema(SCHEMA, cedarSchema()));
    return cedar;
  });
  return loading;
}

/** Absolute path of the wasm file that Cedar reads when it is loaded: what `--allow-read` must name. Loads nothing. */
export function cedarWasmPath(): string {
  return fileURLToPath(new URL("cedar_wasm_bg.wasm", import.meta.resolve("@cedar-policy/cedar-wasm/nodejs")));
}

/**
 * Compiles a bundle for one resource. Throws `AppError("policy_evaluation")` when Cedar does not read the compiled
 * policies.
 */
export async function openGate(bundle: PolicyBundle, resource: PolicyResource): Promise<PolicyGate> {
  const cedar = await loadCedar();
  const policies = cedarPolicies(bundle, resource);
  // Cedar keeps preparsed sets for the life of the process: naming them by content makes reopening one free.
  const policySet = sha256Hex(JSON.stringify(policies));
  refuse(cedar.preparsePolicySet(policySet, { staticPolicies: { ...policies } }));
  return new CedarGate(cedar, policySet, bundle, resource);
}

/**
 * Asks Cedar's strict validator about the compiled policies; warnings count as errors. Empty when Cedar accepts them.
 */
export async function checkWithCedar(bundle: PolicyBundle, resource: PolicyResource): Promise<Diagnostic[]> {
  const cedar = await loadCedar();
  const answer = cedar.validate({
    validationSettings: { mode: "strict" },
    schema: cedarSchema(),
    policies: { staticPolicies: { ...cedarPolicies(bundle, resource) } },
  });
  if (answer.type === "failure") {
    return [...answer.errors, ...answer.warnings].map(({ message }) => refusal(bundle, message, null));
  }
  const aboutPolicies = [...answer.validationErrors, ...answer.validationWarnings];
  return [
    ...aboutPolicies.map(({ policyId, error }) => refusal(bundle, error.message, ruleIdOf(policyId))),
    ...answer.otherWarnings.map(({ message }) => refusal(bundle, message, null)),
  ];
}

class CedarGate implements PolicyGate {
  readonly #cedar: Cedar;
  readonly #policySet: string;
  readonly #bundle: PolicyBundle;
  readonly #resource: PolicyResource;
  readonly #entities: ReadonlyMap<string, readonly CedarEntity[]>;
  readonly #decisions = new Map<string, Decision>();

  constructor(cedar: Cedar, policySet: string, bundle: PolicyBundle, resource: PolicyResource) {
    this.#cedar = cedar;
    this.#policySet = policySet;
    this.#bundle = bundle;
    this.#resource = resource;
    this.#entities = actorEntities(bundle, resource);
  }

  decide(actor: string, question: PolicyQuestion): Decision {
    const entities = this.#entities.get(actor);
    if (entities === undefined) {
      const message = `policy denied action '${question.action}' for unknown actor '${actor}'`;
      return { allowed: false, matchedRuleId: null, message };
    }
    const key = cacheKey(actor, question);
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = this.#ask(actor, question, entities);
    if (this.#decisions.size >= CACHED_DECISIONS_MAX) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision;
  }

  #ask(actor: string, question: PolicyQuestion, entities: readonly CedarEntity[]): Decision {
    const answer = this.#cedar.statefulIsAuthorized({
      principal: { ...actorUid(actor) },
      action: { ...actionUid(question.action) },
      resource: { ...resourceUid(this.#resource) },
      context: { ...cedarContext(this.#bundle, question) },
      preparsedSchemaName: SCHEMA,
      validateRequest: true,
      preparsedPolicySetId: this.#policySet,
      entities: entities.map(({ uid, attrs, parents }) => ({ uid, attrs, parents: [...parents] })),
    });
    if (answer.type === "failure") throw evaluationError(answer.errors.map((error) => error.message));
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) {
      throw evaluationError(diagnostics.errors.map(({ policyId, error }) => `${policyId}: ${error.message}`));
    }
    if (decision === "deny") return denied(actor, question);
    const ids = diagnostics.reason.map(ruleIdOf);
    const message = `policy allowed action '${question.action}' for actor '${actor}'`;
    return { allowed: true, matchedRuleId: ids.reduce(smallerId), message };
  }
}

function denied(actor: string, { action, branch, targetBranch }: PolicyQuestion): Decision {
  const on = branch === undefined ? "" : ` on branch '${branch}'`;
  const targeting = targetBranch === undefined ? "" : ` targeting branch '${targetBranch}'`;
  const message = `policy denied action '${action}'${on}${targeting} for actor '${actor}'`;
  return { allowed: false, matchedRuleId: null, message };
}

/** A text that no two different questions share: names that may hold anything are preceded by their lengths. */
function cacheKey(actor: string, { action, branch, targetBranch }: PolicyQuestion): string {
  const on = branch === undefined ? "-" : `+${branch.length} ${branch}`;
  const target = targetBranch === undefined ? "-" : `+${targetBranch}`;
  return `${action} ${actor.length} ${actor}${on}${target}`;
}

/** The smaller of two rule ids by code point, which is also their order as UTF-8 bytes. */
function smallerId(a: string, b: string): string {
  for (let at = 0;; at++) {
    const left = a.codePointAt(at) ?? -1;
    const right = b.codePointAt(at) ?? -1;
    if (left !== right) return left < right ? a : b;
    if (left === -1) return a;
  }
}

function refusal(bundle: PolicyBundle, text: string, ruleId: string | null): Diagnostic {
  const rule = bundle.rules.find((known) => known.id === ruleId);
  return {
    code: "policy_invalid",
    severity: "error",
    message: `policy validation failed: ${text}`,
    path: bundle.source.path,
    ...(rule === undefined ? {} : { span: rule.span, source: bundle.source }),
  };
}

function refuse(answer: ReturnType<Cedar["checkParseSchema"]>): void {
  if (answer.type === "failure") throw evaluationError(answer.errors.map((error) => error.message));
}

function evaluationError(messages: readonly string[]): AppError {
  return new AppError("policy_evaluation", `policy evaluation failed: ${messages.join("; ")}`);
}
