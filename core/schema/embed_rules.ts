/** The rule of `@embed` that needs the whole node. */
import { didYouMean } from "../base/suggest.ts";
import type { DraftProperty } from "./draft.ts";
import type { Findings } from "./findings.ts";
import { typeName } from "./value_type.ts";

/** The source of `@embed` is a non-list `String` property of the same node. */
export function checkEmbedSource(
  property: DraftProperty,
  properties: ReadonlyMap<string, DraftProperty>,
  findings: Findings,
): void {
  const embed = property.expr.annotations.find((one) => one.name.text === "embed");
  if (property.type.kind !== "vector" || embed?.value === undefined || embed.value === null) return;
  const { value } = embed;
  if (value.text === "" || (value.kind !== "string" && value.kind !== "word")) return;
  const subject = `\`@embed\` on \`${property.owner}.${property.name}\``;
  const source = properties.get(value.text);
  if (source === undefined) {
    const texts = () => [...properties.values()].filter(isText).map((one) => one.name);
    findings.error(
      value,
      `${subject} names unknown source property \`${value.text}\``,
      () => didYouMean(value.text, texts()),
    );
  } else if (!isText(source)) {
    const found = typeName(source.type, source.nullable);
    findings.error(value, `${subject}: source property \`${source.name}\` must be String, not ${found}`);
  }
}

function isText({ type }: DraftProperty): boolean {
  return type.kind === "scalar" && type.scalar === "String" && type.enumValues === null;
}
