/** What a load or a mutation makes of the content of a graph. Ids that the product makes up are `new#1`, `new#2`, … here. */
import { completeRow, type Image, type Row, type Violation, violations } from "./graph_model_rules.ts";
import type { ModelSchema, ModelType, Value } from "./graph_model_schema.ts";

/** A write that the model refuses, with the words of which one must be in the product's refusal. */
export class Refused extends Error {
  readonly expected: readonly string[];

  constructor(expected: readonly string[]) {
    super(`refused: ${expected.join(" or ")}`);
    this.expected = expected;
  }
}

/** One record of a load; a keyed node needs no id. */
export interface Line {
  readonly type: string;
  readonly id: string | null;
  readonly row: Row;
}

/** How a load treats ids that exist. */
export type Mode = "append" | "merge" | "overwrite";

/** One comparison of a column with a value. */
export interface Where {
  readonly column: string;
  readonly operator: "=" | "!=" | "<" | "<=" | ">" | ">=";
  readonly value: Value;
}

/** One statement of a mutation. */
export type Statement =
  | { readonly kind: "insert"; readonly type: string; readonly row: Row }
  | { readonly kind: "update"; readonly type: string; readonly set: Row; readonly where: Where }
  | { readonly kind: "delete"; readonly type: string; readonly where: Where };

/** What a mutation does; `after` is null when it publishes nothing. */
export interface Mutated {
  readonly after: Image | null;
  readonly nodes: number;
  readonly edges: number;
}

/** The type of a name. */
export function typeOf(schema: ModelSchema, name: string): ModelType {
  const type = schema.types.find((each) => each.name === name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

/** The id that the key of a node makes. */
export function keyId(key: readonly string[], row: Row): string {
  const texts = key.map((name) => String(row[name]));
  return texts.length === 1 ? texts[0]! : JSON.stringify(texts);
}

/** Whether an id was made up by the model. */
export function isMadeUp(id: string): boolean {
  return id.startsWith("new#");
}

/** The content after a load. */
export function load(schema: ModelSchema, before: Image, mode: Mode, lines: readonly Line[]): Image {
  const after = new Map(before);
  let made = 0;
  let sameId = false;
  let sameKey = false;
  for (const name of new Set(lines.map(({ type }) => type))) {
    const type = typeOf(schema, name);
    const held = before.get(name)!;
    const rows = new Map(mode === "overwrite" ? [] : held);
    const given = new Set<string>();
    for (const line of lines.filter((each) => each.type === name)) {
      const id = type.key !== null ? keyId(type.key, line.row) : line.id ?? `new#${++made}`;
      if (given.has(id) && type.key !== null) sameKey = true;
      else if ((mode !== "merge" && given.has(id)) || (mode === "append" && held.has(id))) sameId = true;
      given.add(id);
      rows.set(id, completeRow(type, line.row));
    }
    after.set(name, rows);
  }
  const broken = violations(schema, before, after).map(({ kind }) => kind);
  // Of two records of one key, either may be looked at for other faults first.
  if (sameKey) throw new Refused(["unique_violation", ...broken]);
  // The same holds for records that meet an id twice; constraints come first otherwise.
  if (sameId) throw new Refused(["key_conflict", ...broken]);
  refuseFirst(broken);
  return after;
}

/** The content after a mutation. */
export function mutate(schema: ModelSchema, before: Image, statements: readonly Statement[]): Mutated {
  const after = new Map([...before].map(([name, rows]) => [name, new Map(rows)]));
  let isEffective = false;
  let nodes = 0;
  let edges = 0;
  let made = 0;
  for (const statement of statements) {
    const type = typeOf(schema, statement.type);
    const rows = after.get(type.name)!;
    if (statement.kind === "insert") {
      rows.set(
        type.key === null ? `new#${++made}` : keyId(type.key, statement.row),
        completeRow(type, statement.row),
      );
      if (type.ends === null) nodes++;
      else edges++;
      isEffective = true;
      continue;
    }
    for (const [id, row] of [...rows]) {
      if (!matches(row[statement.where.column] ?? null, statement.where)) continue;
      isEffective = true;
      if (statement.kind === "update") {
        rows.set(id, { ...row, ...statement.set });
        nodes++;
      } else {
        rows.delete(id);
        if (type.ends === null) {
          nodes++;
          edges += cascade(schema, after, type.name, id);
        } else edges++;
      }
    }
  }
  if (!isEffective) return { after: null, nodes, edges };
  refuseFirst(violations(schema, before, after).map(({ kind }) => kind));
  return { after, nodes, edges };
}

function refuseFirst(broken: readonly Violation["kind"][]): void {
  if (broken.length > 0) throw new Refused([broken[0]!]);
}

/** Removes the edges of a node; returns how many there were. */
function cascade(
  schema: ModelSchema,
  after: Map<string, Map<string, Row>>,
  node: string,
  id: string,
): number {
  let removed = 0;
  for (const { name, ends } of schema.types) {
    if (ends === null) continue;
    const rows = after.get(name)!;
    for (const [edgeId, row] of [...rows]) {
      if ((ends[0] === node && row["src"] === id) || (ends[1] === node && row["dst"] === id)) {
        rows.delete(edgeId);
        removed++;
      }
    }
  }
  return removed;
}

/** Whether a value satisfies a comparison; null satisfies none. */
export function matches(held: Value, { operator, value }: Where): boolean {
  if (held === null || value === null) return false;
  switch (operator) {
    case "=":
      return held === value;
    case "!=":
      return held !== value;
    case "<":
      return held < value;
    case "<=":
      return held <= value;
    case ">":
      return held > value;
    case ">=":
      return held >= value;
  }
}
