/** What people read about schema changes. */
import { stepText } from "../../core/schema/step_text.ts";
import type { SchemaApplyOutput } from "../../core/graph/graph.ts";
import type { SchemaStep } from "../../core/schema/steps.ts";

/** The report of `schema plan`: whether the change is supported, then one line for each step. */
export function schemaPlanText(
  plan: { readonly uri: string; readonly supported: boolean; readonly steps: readonly SchemaStep[] },
): string {
  return linesOf([
    `schema plan for ${plan.uri}`,
    `supported: ${yesNo(plan.supported)}`,
    ...stepLines(plan.steps),
  ]);
}

/** The report of `schema apply`. */
export function schemaApplyText(result: SchemaApplyOutput): string {
  return linesOf([
    `schema apply for ${result.uri}`,
    `supported: ${yesNo(result.supported)}`,
    `applied: ${yesNo(result.applied)}`,
    `graph_manifest_version: ${result.graph_manifest_version}`,
    ...stepLines(result.steps),
  ]);
}

function stepLines(steps: readonly SchemaStep[]): string[] {
  return steps.length === 0 ? ["no schema changes"] : steps.map((step) => `- ${stepText(step)}`);
}

function yesNo(answer: boolean): string {
  return answer ? "yes" : "no";
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => line + "\n").join("");
}
