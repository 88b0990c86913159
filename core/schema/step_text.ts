/** The words of migration steps for people, and the safety codes behind them. */
import { unreachable } from "../base/assert.ts";
import type { Annotation } from "./catalog.ts";
import { columnName } from "./build_catalog.ts";
import type { IrConstraint, IrPropertyType } from "./ir.ts";
import type { Refusal, RefusalCode, SchemaStep } from "./steps.ts";

/** Code of a change that loses data, by what is dropped. */
export type DropCode = "OG-DS-102" | "OG-DS-103" | "OG-DS-104";

/** A safety code with how much it endangers: `destructive` loses data, `validated` needs data that is not there. */
export interface SafetyLabel {
  readonly code: DropCode | RefusalCode;
  readonly tier: "destructive" | "validated";
}

const TIERS = {
  "OG-DS-102": "destructive",
  "OG-DS-103": "destructive",
  "OG-DS-104": "destructive",
  "OG-MF-103": "validated",
  "OG-MF-106": "destructive",
} as const satisfies Record<SafetyLabel["code"], SafetyLabel["tier"]>;

/** The label of a step: unsupported changes carry their own code, drops one when they are hard; others none. */
export function safetyLabel(step: SchemaStep): SafetyLabel | null {
  const code = codeOf(step);
  return code === null ? null : { code, tier: TIERS[code] };
}

function codeOf(step: SchemaStep): SafetyLabel["code"] | null {
  switch (step.kind) {
    case "unsupported_change":
      return step.code ?? null;
    case "drop_property":
      return step.mode === "hard" ? "OG-DS-104" : null;
    case "drop_type":
      if (step.mode === "soft" || step.type_kind === "interface") return null;
      return step.type_kind === "node" ? "OG-DS-102" : "OG-DS-103";
    default:
      return null;
  }
}

/** One line about a step, e.g. `add property 'Ship.tons' (I32?) on node 'Ship'`. */
export function stepText(step: SchemaStep): string {
  switch (step.kind) {
    case "add_type":
      return `add ${step.type_kind} type '${step.name}'`;
    case "rename_type":
      return `rename ${step.type_kind} type '${step.from}' -> '${step.to}'`;
    case "add_property": {
      const type = propertyTypeText(step.property_type);
      return `add property '${step.type_name}.${step.property_name}' (${type}) on ${owner(step)}`;
    }
    case "rename_property": {
      const { type_name: type, from, to } = step;
      return `rename property '${type}.${from}' -> '${type}.${to}' on ${owner(step)}`;
    }
    case "add_constraint":
      return `add constraint @index(${step.constraint.Index.join(", ")}) on ${owner(step)}`;
    case "extend_enum": {
      const added = step.added_values.map((value) => `+${value}`).join(", ");
      return `extend enum '${step.type_name}.${step.property_name}' (${added}) on ${owner(step)}`;
    }
    case "update_type_metadata":
      return `update metadata on ${step.type_kind} '${step.name}' (${annotationsText(step.annotations)})`;
    case "update_property_metadata": {
      const property = `'${step.type_name}.${step.property_name}'`;
      return `update metadata on property ${property} of ${owner(step)} (${
        annotationsText(step.annotations)
      })`;
    }
    case "drop_property": {
      const property = `'${step.type_name}.${step.property_name}'`;
      return `drop property ${property} of ${owner(step)} (${step.mode} mode)${labelText(step)}`;
    }
    case "drop_type":
      return `drop ${step.type_kind} type '${step.name}' (${step.mode} mode)${labelText(step)}`;
    case "unsupported_change":
      return `unsupported change on ${step.entity}${labelText(step)}: ${step.reason}`;
    default:
      return unreachable(step);
  }
}

/** Why a plan cannot be applied: `[CODE] reason`, without a code the reason alone. */
export function refusalText(refusal: Refusal): string {
  return refusal.code === undefined ? refusal.reason : `[${refusal.code}] ${refusal.reason}`;
}

/** A property type as in `.pg`, enums as `Enum(a|b)`. */
export function propertyTypeText(type: IrPropertyType): string {
  const suffix = type.nullable ? "?" : "";
  if (type.enum_values !== null) return `Enum(${type.enum_values.join("|")})${suffix}`;
  if (typeof type.scalar !== "string") return `Vector(${type.scalar.Vector})${suffix}`;
  return (type.list ? `[${type.scalar}]` : type.scalar) + suffix;
}

/** A constraint as in `.pg`; `nameOf` may give columns other names than they had when the constraint was accepted. */
export function constraintText(
  constraint: IrConstraint,
  nameOf: (column: Parameters<typeof columnName>[0]) => string = columnName,
): string {
  switch (constraint.kind) {
    case "range":
      return `@range(${nameOf(constraint.field)}, ${constraint.min ?? ""}..${constraint.max ?? ""})`;
    case "check":
      return `@check(${nameOf(constraint.field)}, ${quoted(constraint.pattern)})`;
    default:
      return `@${constraint.kind}(${constraint.fields.map(nameOf).sort().join(", ")})`;
  }
}

/** Annotations as in `.pg`, separated by commas; `none` when there are none. */
export function annotationsText(annotations: readonly Annotation[]): string {
  return annotations.length === 0 ? "none" : annotations.map(annotationText).join(", ");
}

function annotationText({ name, value, kwargs = {} }: Annotation): string {
  const named = Object.entries(kwargs).map(([key, text]) => `${key}=${quoted(text)}`);
  const all = [...(value === null ? [] : [quoted(value)]), ...named];
  return all.length === 0 ? `@${name}` : `@${name}(${all.join(", ")})`;
}

/** A string literal of `.pg` that stays on one line. */
function quoted(text: string): string {
  const escapes: Record<string, string> = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
  };
  return `"${text.replace(/["\\\n\r\t]/g, (one) => escapes[one] ?? one)}"`;
}

function owner(step: { readonly type_kind: string; readonly type_name: string }): string {
  return `${step.type_kind} '${step.type_name}'`;
}

function labelText(step: SchemaStep): string {
  const label = safetyLabel(step);
  return label === null ? "" : ` [${label.code}, ${label.tier}]`;
}
