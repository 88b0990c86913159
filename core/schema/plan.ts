/**
 * The migration planner: an accepted schema and a desired text to the steps between them.
 *
 *   desired text -> check -> carry identities over -> new contract -> differ -> steps
 *
 * A plan says everything it would change; what it cannot change is a step as well, so that one reading shows it all.
 */
import { type Diagnostic, inSourceOrder } from "../base/diagnostic.ts";
import type { SourceText } from "../base/span.ts";
import { acceptChecked, compileSchema, schemaError } from "./accept.ts";
import type { AcceptedSchema } from "./contract.ts";
import { Findings } from "./findings.ts";
import { typeSteps } from "./plan_types.ts";
import { knownIdentities } from "./rename_hints.ts";
import { firstRefusal, refusal, type SchemaStep } from "./steps.ts";

/** A plan that can be shown; only a supported one can be applied. */
export interface MigrationPlan {
  /** Whether no step is an unsupported change. */
  readonly supported: boolean;
  /** In the order in which they are shown and applied. */
  readonly steps: readonly SchemaStep[];
  /** The new accepted schema, identities carried over; null when the plan is not supported. */
  readonly next: AcceptedSchema | null;
  /** Without errors: warnings, such as hints that are ignored. With errors there are no steps. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Options of {@linkcode planMigration}. */
export interface PlanOptions {
  /** Makes all drops hard: old versions of their tables are purged after publishing. */
  readonly allowDataLoss: boolean;
}

/**
 * Plans the way from an accepted schema to a desired text. Never throws for bad input: a text with errors, rename hints
 * included, gives an unsupported plan without steps and the errors as diagnostics. Equal meaning gives no steps, and
 * with `next` the same identities under the new text.
 *
 * @example
 * ```ts
 * import { acceptSchema } from "./accept.ts";
 * import { planMigration } from "./plan.ts";
 * const accepted = acceptSchema({ path: "port.pg", text: "node Port { code: String @key }" }, {
 *   domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B",
 * });
 * const desired = { path: "port.pg", text: 'node Harbour @rename_from("Port") { code: String @key }' };
 * const { steps, next } = planMigration(accepted, desired, { allowDataLoss: false });
 * console.assert(steps[0]?.kind === "rename_type" && next?.catalog.nodes.get("Harbour")?.typeId === 1);
 * ```
 */
export function planMigration(
  accepted: AcceptedSchema,
  desired: SourceText,
  options: PlanOptions,
): MigrationPlan {
  const { schema, diagnostics: found } = compileSchema(desired);
  if (schema === null) return { supported: false, steps: [], next: null, diagnostics: found };

  const before = accepted.contract.ir;
  const findings = new Findings(desired);
  const known = knownIdentities(before, schema, findings);
  const diagnostics = inSourceOrder([...found, ...findings.inOrder()]);
  if (diagnostics.some(isError)) return { supported: false, steps: [], next: null, diagnostics };

  const next = acceptChecked(schema, desired.text, before.schema_identity_domain, known);
  const steps = typeSteps(before, next.contract.ir, options.allowDataLoss ? "hard" : "soft");
  if (steps.length === 0 && next.digests.shape !== accepted.digests.shape) {
    steps.push(refusal("schema", "the schema has an unclassified change, which no step can make"));
  }
  const supported = firstRefusal(steps) === null;
  return { supported, steps, next: supported ? next : null, diagnostics };
}

/** Like {@linkcode planMigration}, but throws `AppError("schema_error")` with all errors instead of returning them. */
export function requirePlan(
  accepted: AcceptedSchema,
  desired: SourceText,
  options: PlanOptions,
): MigrationPlan {
  const plan = planMigration(accepted, desired, options);
  const errors = plan.diagnostics.filter(isError);
  if (errors.length > 0) throw schemaError(errors);
  return plan;
}

function isError(diagnostic: Diagnostic): boolean {
  return diagnostic.severity === "error";
}
