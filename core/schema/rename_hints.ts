/**
 * Which declaration of an accepted schema each desired one continues.
 *
 *   1. the same name, per kind of type and inside the type that the owner continues;
 *   2. else what `@rename_from("Old")` names, unless that is continued by something else;
 *   3. else nothing: it is new.
 *
 * A hint that names nothing, or something it cannot continue, is an error; a hint on a name that is accepted already is
 * ignored with a warning, so that hints may stay in the file after they did their work. In a new graph all are ignored.
 */
import { didYouMean } from "../base/suggest.ts";
import type { CheckedProperty, CheckedSchema, CheckedType, RenameHint } from "./checked.ts";
import type { Findings } from "./findings.ts";
import type { KnownIdentities, TypeKind } from "./identity.ts";
import type { Ir, IrEdge, IrInterface, IrNode, IrProperty } from "./ir.ts";

type IrType = IrInterface | IrNode | IrEdge;

const KINDS = ["interface", "node", "edge"] as const satisfies readonly TypeKind[];

/** Carries the identities of an accepted schema over to a desired one, and reports hints that are wrong or ignored. */
export function knownIdentities(accepted: Ir, desired: CheckedSchema, findings: Findings): KnownIdentities {
  const types = new Map<string, IrType>();
  const properties = new Map<string, IrProperty>();
  for (const kind of KINDS) {
    const matches = matchTypes(accepted, kind, typesOf(desired, kind), findings);
    for (const type of typesOf(desired, kind)) {
      const owner = matches.get(type.name);
      if (owner === undefined) {
        // A type whose own hint is wrong was meant to continue something: one error is enough.
        if (hintOf(type) === null) checkNoImports(type, findings);
        continue;
      }
      types.set(`${kind}:${type.name}`, owner);
      for (const [name, property] of matchProperties(accepted, owner, type, findings)) {
        properties.set(`${kind}:${type.name}.${name}`, property);
      }
    }
  }
  return {
    next: accepted.next_identity_id,
    typeId: (kind, name) => types.get(`${kind}:${name}`)?.type_id,
    propertyId: (kind, owner, name) => properties.get(`${kind}:${owner}.${name}`)?.property_id,
    tableId: (kind, name) => {
      const type = types.get(`${kind}:${name}`);
      return type !== undefined && "table_incarnation_id" in type ? type.table_incarnation_id : undefined;
    },
  };
}

/** Warns of the hints in the schema of a new graph, which has nothing to rename. */
export function ignoreHints(schema: CheckedSchema, findings: Findings): void {
  const ignored = (subject: string, hint: RenameHint | null) => {
    if (hint === null) return;
    const message = `${spell(hint)} on ${subject} is ignored: a new graph has nothing to rename`;
    findings.warning(hint, "rename_hint_ignored", message, "remove the hint");
  };
  for (const kind of KINDS) {
    for (const type of typesOf(schema, kind)) {
      ignored(`${kind} \`${type.name}\``, hintOf(type));
      for (const { name, renameHint, declaredDirectly } of type.properties) {
        if (declaredDirectly) ignored(`property \`${type.name}.${name}\``, renameHint);
      }
    }
  }
}

function matchTypes(
  accepted: Ir,
  kind: TypeKind,
  desired: readonly CheckedType[],
  findings: Findings,
): Map<string, IrType> {
  const candidates = irTypesOf(accepted, kind);
  const wanted = desired.map((type) => ({ name: type.name, hint: hintOf(type) }));
  return match(candidates, wanted, {
    ignored: ({ name, hint }) => warnIgnored(`${kind} \`${name}\``, hint, findings),
    missing: ({ name, hint }) => {
      const subject = `${spell(hint)} on ${kind} \`${name}\``;
      const other = KINDS.find((one) => irTypesOf(accepted, one).some((type) => type.name === hint.from));
      if (other === undefined) {
        const help = didYouMean(hint.from, candidates.map((type) => type.name));
        findings.error(hint, `${subject}: no accepted declaration has that name`, help);
      } else {
        const kindOf = article(other);
        const help = `\`${hint.from}\` is accepted as ${kindOf}; it can only become ${kindOf}`;
        findings.error(hint, `${subject} cannot rename across declaration kinds`, help);
      }
    },
    consumed: ({ hint }, by) => {
      const subject = `accepted ${kind} \`${hint.from}\``;
      findings.error(hint, consumedBy(subject, by, hint), CONSUMED_HELP);
    },
  });
}

/** Inherited properties bring the hint of their interface along; it counts where the owner has what it names. */
function matchProperties(
  accepted: Ir,
  owner: IrType,
  desired: CheckedType,
  findings: Findings,
): Map<string, IrProperty> {
  const wanted = desired.properties.map((property) => ({
    name: property.name,
    hint: effectiveHint(owner, property),
  }));
  const subjectOf = (name: string) => `\`${desired.name}.${name}\``;
  return match(owner.properties, wanted, {
    ignored: ({ name, hint }) => warnIgnored(`property ${subjectOf(name)}`, hint, findings),
    missing: ({ name, hint }) => {
      const subject = `${spell(hint)} on property ${subjectOf(name)}`;
      const other = KINDS.flatMap((kind) => irTypesOf(accepted, kind)).find((type) =>
        type.properties.some((property) => property.name === hint.from)
      );
      if (other === undefined) {
        const help = didYouMean(hint.from, owner.properties.map((property) => property.name));
        findings.error(hint, `${subject}: no accepted declaration has that name`, help);
      } else {
        const help = `\`${hint.from}\` belongs to \`${other.name}\`, not to \`${owner.name}\``;
        findings.error(hint, `${subject} cannot move a property across stable owners`, help);
      }
    },
    consumed: ({ hint }, by) => {
      const subject = `accepted property \`${owner.name}.${hint.from}\``;
      findings.error(hint, consumedBy(subject, by, hint), CONSUMED_HELP);
    },
  });
}

function hintOf(type: CheckedType): RenameHint | null {
  return type.kind === "interface" ? null : type.renameHint;
}

function effectiveHint(owner: IrType, property: CheckedProperty): RenameHint | null {
  const { renameHint: hint, declaredDirectly, name } = property;
  if (hint === null || declaredDirectly) return hint;
  const has = (wanted: string) => owner.properties.some((one) => one.name === wanted);
  return has(hint.from) && !has(name) ? hint : null;
}

/** What is new has no rows, so its properties continue nothing. */
function checkNoImports(type: CheckedType, findings: Findings): void {
  for (const { name, renameHint: hint, declaredDirectly } of type.properties) {
    if (hint === null || !declaredDirectly) continue;
    findings.error(
      hint,
      `${spell(hint)} on property \`${type.name}.${name}\`: the new ${type.kind} \`${type.name}\` ` +
        `cannot import property identity`,
      "remove the hint, or rename the type from an accepted one too",
    );
  }
}

interface Wanted {
  readonly name: string;
  readonly hint: RenameHint | null;
}

type Hinted = Wanted & { readonly hint: RenameHint };

interface MatchReports {
  ignored(one: Hinted): void;
  missing(one: Hinted): void;
  consumed(one: Hinted, by: string): void;
}

/** Accepted ones by desired name. Equal names go first, whatever hints say; then hints in source order. */
function match<Old extends { readonly name: string }>(
  accepted: readonly Old[],
  desired: readonly Wanted[],
  report: MatchReports,
): Map<string, Old> {
  const byName = new Map(accepted.map((one) => [one.name, one]));
  const matches = new Map<string, Old>();
  const consumer = new Map<string, string>();
  const consume = (old: Old, name: string) => {
    matches.set(name, old);
    consumer.set(old.name, name);
  };
  for (const { name } of desired) {
    const old = byName.get(name);
    if (old !== undefined) consume(old, name);
  }
  const hinted = desired.filter((one): one is Hinted => one.hint !== null);
  for (const one of hinted.toSorted((a, b) => a.hint.start - b.hint.start)) {
    const old = byName.get(one.hint.from);
    const by = consumer.get(one.hint.from);
    if (matches.has(one.name)) report.ignored(one);
    else if (old === undefined) report.missing(one);
    else if (by !== undefined) report.consumed(one, by);
    else consume(old, one.name);
  }
  return matches;
}

function warnIgnored(subject: string, hint: RenameHint, findings: Findings): void {
  const message = `${spell(hint)} on ${subject} is ignored: that name is accepted already`;
  findings.warning(hint, "rename_hint_ignored", message, "remove the hint");
}

const CONSUMED_HELP =
  "an accepted declaration continues as exactly one: remove a hint, or give up the old name";

function consumedBy(subject: string, by: string, hint: RenameHint): string {
  const how = by === hint.from ? "keeps its name" : "is renamed from it";
  return `${spell(hint)}: ${subject} is already consumed by \`${by}\`, which ${how}`;
}

function spell(hint: RenameHint): string {
  return `\`@rename_from("${hint.from}")\``;
}

function article(kind: TypeKind): string {
  return kind === "node" ? "a node" : `an ${kind}`;
}

function typesOf(schema: CheckedSchema, kind: TypeKind): readonly CheckedType[] {
  return { interface: schema.interfaces, node: schema.nodes, edge: schema.edges }[kind];
}

function irTypesOf(ir: Ir, kind: TypeKind): readonly IrType[] {
  return { interface: ir.interfaces, node: ir.nodes, edge: ir.edges }[kind];
}
