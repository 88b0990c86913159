/** How annotations change: descriptions and instructions are metadata, all others mean something to somebody. */
import { canonicalJson } from "../base/json.ts";
import type { Annotation } from "./catalog.ts";
import { annotationsText } from "./step_text.ts";
import { refusal, type SchemaStep } from "./steps.ts";

const METADATA = new Set(["description", "instruction"]);

/** Unsupported when annotations other than `@description` and `@instruction` differ. */
export function annotationProblems(
  entity: string,
  before: readonly Annotation[],
  after: readonly Annotation[],
): SchemaStep[] {
  const [was, is] = [before, after].map((all) => all.filter((one) => !METADATA.has(one.name)));
  if (same(was!, is!)) return [];
  const change = `from ${annotationsText(was!)} to ${annotationsText(is!)}`;
  return [
    refusal(entity, `annotations change ${change}: only @description and @instruction can be changed`),
  ];
}

/** The metadata from now on, or null when it stays. */
export function changedMetadata(
  before: readonly Annotation[],
  after: readonly Annotation[],
): readonly Annotation[] | null {
  const [was, is] = [before, after].map((all) => all.filter((one) => METADATA.has(one.name)));
  return same(was!, is!) ? null : is!;
}

function same(before: readonly Annotation[], after: readonly Annotation[]): boolean {
  return canonicalJson(before) === canonicalJson(after);
}
