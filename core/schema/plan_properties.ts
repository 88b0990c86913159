/**
 * How the properties of a type change.
 *
 *   new       nullable    add_property, a column of nulls
 *             required    unsupported, OG-MF-103
 *   kept      rename -> type -> embedding -> provenance -> annotations -> metadata
 *   dropped               drop_property, without code or question: the plan says so, its reader decides
 */
import { canonicalJson } from "../base/json.ts";
import type { TypeKind } from "./identity.ts";
import type { IrInterface, IrProperty, IrPropertyType } from "./ir.ts";
import { annotationProblems, changedMetadata } from "./plan_annotations.ts";
import { propertyTypeText } from "./step_text.ts";
import { type DropMode, joinById, refusal, type SchemaStep } from "./steps.ts";

/** Steps for the properties of one surviving type: desired ones by name, then dropped ones by name. */
export function* propertySteps(
  kind: TypeKind,
  before: IrInterface,
  after: IrInterface,
  mode: DropMode,
): Generator<SchemaStep> {
  const { desired, dropped } = joinById(before.properties, after.properties, (one) => one.property_id);
  for (const { before: was, after: is } of desired) {
    const place = { type_kind: kind, type_name: after.name };
    if (was === null) yield addition(place, is);
    else yield* changes(place, was, is);
  }
  for (const { name } of dropped) {
    yield { kind: "drop_property", type_kind: kind, type_name: after.name, property_name: name, mode };
  }
}

interface Place {
  readonly type_kind: TypeKind;
  readonly type_name: string;
}

function addition(place: Place, property: IrProperty): SchemaStep {
  const { name, prop_type: type } = property;
  if (type.nullable) {
    return { kind: "add_property", ...place, property_name: name, property_type: type };
  }
  const nullable = propertyTypeText({ ...type, nullable: true });
  const reason =
    `the new property '${place.type_name}.${name}' is required, but existing rows have no value for it: ` +
    `declare it as ${nullable} and fill it by mutation or merge load`;
  return refusal(entityOf(place, name), reason, "OG-MF-103");
}

function* changes(place: Place, before: IrProperty, after: IrProperty): Generator<SchemaStep> {
  const { name } = after;
  const entity = entityOf(place, name);
  if (before.name !== name) yield { kind: "rename_property", ...place, from: before.name, to: name };
  yield* typeChange(place, name, before.prop_type, after.prop_type);
  const subject = `'${place.type_name}.${name}'`;
  if (embedOf(before) !== embedOf(after)) {
    yield refusal(
      entity,
      `@embed of ${subject} changes its source or model, which makes stored vectors wrong: ` +
        "add a new vector property instead",
    );
  }
  const provenance = provenanceChange(before, after);
  if (provenance !== null) yield refusal(entity, `property ${subject} ${provenance}`);
  yield* annotationProblems(entity, before.annotations, after.annotations);
  const annotations = changedMetadata(before.annotations, after.annotations);
  if (annotations !== null) {
    yield { kind: "update_property_metadata", ...place, property_name: name, annotations };
  }
}

/** An enum may gain values; every other change of a type would need every row looked at. */
function typeChange(place: Place, name: string, before: IrPropertyType, after: IrPropertyType): SchemaStep[] {
  if (canonicalJson(before) === canonicalJson(after)) return [];
  const added = addedValues(before, after);
  if (added !== null) {
    return [{ kind: "extend_enum", ...place, property_name: name, added_values: added }];
  }
  const change = `from ${propertyTypeText(before)} to ${propertyTypeText(after)}`;
  const reason = `property '${place.type_name}.${name}' changes its type ${change}: add a new property and ` +
    `copy the values`;
  return [refusal(entityOf(place, name), reason, "OG-MF-106")];
}

/** The values that a wider enum gains; null when it is not only wider. */
function addedValues(before: IrPropertyType, after: IrPropertyType): string[] | null {
  const { enum_values: was, nullable, list } = before;
  const { enum_values: is } = after;
  if (was === null || is === null || nullable !== after.nullable || list !== after.list) return null;
  return was.every((value) => is.includes(value)) ? is.filter((value) => !was.includes(value)) : null;
}

/** Equal texts for equal embeddings, whatever their source is called. */
function embedOf({ embed_source: embed }: IrProperty): string {
  return embed === null ? "" : canonicalJson([embed.source.property_id, embed.model]);
}

/** How the bond between a property and interfaces changes, as the end of a sentence; null when it stays. */
function provenanceChange(before: IrProperty, after: IrProperty): string | null {
  if (before.declared_directly !== after.declared_directly) {
    const [from, to] = after.declared_directly ? ["inherited", "declared"] : ["declared", "inherited"];
    return `moves from being ${from} to being ${to}, which is not supported: leave it where it is declared`;
  }
  const links = (one: IrProperty) => one.satisfies_interface_properties.map((ref) => ref.property_id);
  if (canonicalJson(links(before)) === canonicalJson(links(after))) return null;
  return "satisfies other interface properties than before, which is not supported: keep the interfaces as they are";
}

function entityOf(place: Place, name: string): string {
  return `${place.type_kind}:${place.type_name}.${name}`;
}
