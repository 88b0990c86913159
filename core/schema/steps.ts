/**
 * The steps of a migration plan: what changes between two accepted schemas, one value per change. Member names and their
 * order are those of the JSON that plans print.
 *
 *   steps -> step_text.ts: the words for people
 *         -> the graph: what it does to tables
 */
import type { Annotation } from "./catalog.ts";
import type { TypeKind } from "./identity.ts";
import type { IrPropertyType } from "./ir.ts";

/** Codes that unsupported changes carry in the JSON of a plan. */
export type RefusalCode = "OG-MF-103" | "OG-MF-106";

/** `soft`: older commits still show the data until cleanup; `hard`: their versions are purged after publishing. */
export type DropMode = "soft" | "hard";

/** One step. Surviving types and properties go by their desired names. */
export type SchemaStep =
  | { readonly kind: "add_type"; readonly type_kind: TypeKind; readonly name: string }
  | { readonly kind: "rename_type"; readonly type_kind: TypeKind; readonly from: string; readonly to: string }
  | {
    readonly kind: "add_property";
    readonly type_kind: TypeKind;
    readonly type_name: string;
    readonly property_name: string;
    readonly property_type: IrPropertyType;
  }
  | {
    readonly kind: "rename_property";
    readonly type_kind: TypeKind;
    readonly type_name: string;
    readonly from: string;
    readonly to: string;
  }
  | {
    readonly kind: "add_constraint";
    readonly type_kind: TypeKind;
    readonly type_name: string;
    /** Column names, ascending. Index intent is the only constraint that can be added to existing rows. */
    readonly constraint: { readonly Index: readonly string[] };
  }
  | {
    readonly kind: "extend_enum";
    readonly type_kind: TypeKind;
    readonly type_name: string;
    readonly property_name: string;
    /** Ascending. */
    readonly added_values: readonly string[];
  }
  | {
    readonly kind: "update_type_metadata";
    readonly type_kind: TypeKind;
    readonly name: string;
    /** The description and instruction from now on. */
    readonly annotations: readonly Annotation[];
  }
  | {
    readonly kind: "update_property_metadata";
    readonly type_kind: TypeKind;
    readonly type_name: string;
    readonly property_name: string;
    readonly annotations: readonly Annotation[];
  }
  | {
    readonly kind: "drop_property";
    readonly type_kind: TypeKind;
    readonly type_name: string;
    readonly property_name: string;
    readonly mode: DropMode;
  }
  | {
    readonly kind: "drop_type";
    readonly type_kind: TypeKind;
    readonly name: string;
    readonly mode: DropMode;
  }
  | {
    readonly kind: "unsupported_change";
    /** `kind:Type`, `kind:Type.property` or `schema`. */
    readonly entity: string;
    readonly reason: string;
    readonly code?: RefusalCode;
  };

/** An unsupported change. */
export type Refusal = Extract<SchemaStep, { kind: "unsupported_change" }>;

/** Makes an unsupported change; without a code the member is absent. */
export function refusal(entity: string, reason: string, code?: RefusalCode): Refusal {
  return { kind: "unsupported_change", entity, reason, ...(code === undefined ? {} : { code }) };
}

/** The first unsupported change, which is the one that an attempt to apply the plan reports; null when there is none. */
export function firstRefusal(steps: readonly SchemaStep[]): Refusal | null {
  return steps.find((step) => step.kind === "unsupported_change") ?? null;
}

/** What two versions of a list have in common, by stable id. Both lists keep their order. */
export interface Joined<T> {
  /** Everything desired; `before` is null for what is new. */
  readonly desired: readonly { readonly before: T | null; readonly after: T }[];
  /** Everything that is gone. */
  readonly dropped: readonly T[];
}

/** Joins two versions of a list by stable id. */
export function joinById<T>(before: readonly T[], after: readonly T[], idOf: (one: T) => number): Joined<T> {
  const known = new Map(before.map((one) => [idOf(one), one]));
  const kept = new Set(after.map(idOf));
  return {
    desired: after.map((one) => ({ before: known.get(idOf(one)) ?? null, after: one })),
    dropped: before.filter((one) => !kept.has(idOf(one))),
  };
}
