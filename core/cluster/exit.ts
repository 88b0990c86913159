/** From what a command found to its exit code. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { type FindingCode, isOk } from "./findings.ts";
import { EXIT } from "./results.ts";

/** Errors with an exit code of their own, the most telling first. */
const TELLING: readonly (readonly [FindingCode, number])[] = [
  ["state_lock_held", EXIT.lockHeld],
  ["policy_invalid", EXIT.invalidConfig],
  ["config_dirty", EXIT.preconditionFailed],
  ["state_cas_mismatch", EXIT.preconditionFailed],
  ["state_lock_lost", EXIT.preconditionFailed],
  ["plan_stale", EXIT.preconditionFailed],
  ["graph_create_incomplete", EXIT.unrecovered],
];

/** The exit code of a run with these findings; `otherwise` is the code when none is an error. */
export function exitCodeOf(diagnostics: readonly Diagnostic[], otherwise: number = EXIT.done): number {
  if (isOk(diagnostics)) return otherwise;
  const errors = new Set(diagnostics.filter(({ severity }) => severity === "error").map(({ code }) => code));
  return TELLING.find(([code]) => errors.has(code))?.[1] ?? EXIT.error;
}
