/** What people read about schema changes. */
import { stepText } from "../../core/schema/step_text.ts";
import type { SchemaStep } from "../../core/schema/steps.ts";

/** The report of `schema plan`: whether the change is supported, then one line for each step. */
export function schemaPlanText(
  plan: { readonly uri: string; readonly supported: boolean; readonly steps: readonly SchemaStep[] },
): string {
  const { uri, supported, steps } = plan;
  const lines = [`schema plan for ${uri}`, `supported: ${supported ? "yes" : "no"}`];
  if (steps.length === 0) lines.push("no schema changes");
  lines.push(...steps.map((step) => `- ${stepText(step)}`));
  return lines.map((line) => line + "\n").join("");
}
