/**
 * The policy gate at the HTTP boundary.
 *
 * | bundle for this scope | actor | action | result |
 * |---|---|---|---|
 * | none | any | server-scoped | denied in every state |
 * | none | null (open) | graph action | allowed |
 * | none | present | `read` | allowed |
 * | none | present | other graph action | denied, default-deny |
 * | present | null | any | unauthorized |
 * | present | present | any | the bundle decides |
 */
import { AppError } from "../core/errors.ts";
import { ACTIONS, type PolicyGate, type PolicyQuestion } from "../core/policy/actions.ts";
import type { Log } from "./log.ts";

/** Throws `policy_denied`, `unauthorized` or, when evaluation fails, `policy_evaluation` unless the actor may. */
export function authorize(
  gate: PolicyGate | null,
  actor: string | null,
  question: PolicyQuestion,
  log: Log,
): void {
  if (gate === null) return authorizeWithoutBundle(actor, question);
  if (actor === null) throw new AppError("unauthorized", "missing bearer token");
  const decision = gate.decide(actor, question);
  log.info("policy decision", {
    actor_id: actor,
    action: question.action,
    branch: question.branch ?? "",
    target_branch: question.targetBranch ?? "",
    allowed: decision.allowed,
    matched_rule_id: decision.matchedRuleId ?? "",
  });
  if (!decision.allowed) throw new AppError("policy_denied", decision.message);
}

function authorizeWithoutBundle(actor: string | null, { action }: PolicyQuestion): void {
  if (ACTIONS[action].resource === "server") {
    const text =
      `policy denied action '${action}': it needs an applied policy bundle that is bound to \`cluster\``;
    throw new AppError("policy_denied", text);
  }
  if (actor === null || action === "read") return;
  const text =
    `policy denied action '${action}' for actor '${actor}': default-deny, no policy bundle is bound to ` +
    "this graph; bind one and run `omnigraph cluster apply`";
  throw new AppError("policy_denied", text);
}
