/**
 * Who may talk to the server at all.
 *
 * | tokens | policy | unauthenticated | state |
 * |---|---|---|---|
 * | no  | no  | no  | refused |
 * | no  | no  | yes | open: every graph action is allowed, there is no actor |
 * | yes | no  | any | default deny: authenticated actors may only read |
 * | no  | yes | any | refused: every request would be unauthorized |
 * | yes | yes | any | policy enabled |
 */
import { AppError } from "../core/errors.ts";

/** A state in which the server runs. */
export type RuntimeState = "open" | "default_deny" | "policy_enabled";

/** Decides the state. `policy` says whether a bundle is bound to the cluster or to any served graph. */
export function decideRuntimeState(
  facts: { readonly tokens: boolean; readonly policy: boolean; readonly unauthenticated: boolean },
): RuntimeState {
  if (facts.tokens) return facts.policy ? "policy_enabled" : "default_deny";
  if (facts.policy) {
    const text = "policy file is configured but no bearer tokens, so every request would be unauthorized: " +
      "set OMNIGRAPH_SERVER_BEARER_TOKENS_JSON or OMNIGRAPH_SERVER_BEARER_TOKENS_FILE";
    throw new AppError("invalid_input", text);
  }
  if (facts.unauthenticated) return "open";
  const text =
    "neither bearer tokens nor a policy are configured: set tokens, or start with --unauthenticated " +
    "(or OMNIGRAPH_UNAUTHENTICATED=1) to let anyone read and write";
  throw new AppError("invalid_input", text);
}
