/** The rules of content, said plainly: what a graph may hold, whole graph by whole graph. Shares no code with the product. */
import { columnsOf, type ModelSchema, type ModelType, typeKey, type Value } from "./graph_model_schema.ts";

/** A row: every column of its type, `src` and `dst` included on edges. Never changed. */
export type Row = Readonly<Record<string, Value>>;

/** Everything at one commit: rows by id, by type name. Never changed. */
export type Image = ReadonlyMap<string, ReadonlyMap<string, Row>>;

/** A broken rule, with the words of merge conflicts. */
export interface Violation {
  readonly kind: "value_constraint_violation" | "unique_violation" | "orphan_edge" | "cardinality_violation";
  readonly type: ModelType;
  /** The entities it is about: two or more that share a value, one edge, one source. */
  readonly ids: readonly string[];
}

/** Nothing of any type. */
export function emptyImage({ types }: ModelSchema): Image {
  return new Map(types.map(({ name }) => [name, new Map()]));
}

/** A value, or a row, as text that is equal exactly when they are. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, each) => typeof each === "bigint" ? `${each}n` : each);
}

/** Whether two images of an entity are the same; null stands for absent. */
export function sameRow(a: Row | null, b: Row | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => textOf(a[name]) === textOf(b[name]));
}

/**
 * What `after` breaks that a write from `before` is asked about, in the order of the checks: values by type key, node
 * types, edge types. Both were drawn from the same schema, and `before` breaks nothing.
 */
export function violations({ types }: ModelSchema, before: Image, after: Image): Violation[] {
  const found: Violation[] = [];
  const byKey = [...types].sort((a, b) => typeKey(a) < typeKey(b) ? -1 : 1);
  for (const type of byKey) found.push(...valueViolations(type, after));
  for (const type of byKey.filter(({ ends }) => ends === null)) found.push(...uniqueViolations(type, after));
  for (const type of byKey) {
    if (type.ends === null) continue;
    found.push(...uniqueViolations(type, after));
    found.push(...orphans(type, type.ends, after));
    found.push(...cardinality(type, type.ends[0], before, after));
  }
  return found;
}

function rows(image: Image, type: string): ReadonlyMap<string, Row> {
  return image.get(type) ?? new Map();
}

function valueViolations(type: ModelType, after: Image): Violation[] {
  const found: Violation[] = [];
  for (const [id, row] of rows(after, type.name)) {
    for (const property of type.properties) {
      const value = row[property.name] ?? null;
      const isRefused = value !== null &&
        (property.type === "enum"
          ? !["x", "y", "z"].includes(value as string)
          : property.range !== undefined &&
            ((value as number) < property.range[0] || (value as number) > property.range[1]));
      if (isRefused) found.push({ kind: "value_constraint_violation", type, ids: [id] });
    }
  }
  return found;
}

function uniqueViolations(type: ModelType, after: Image): Violation[] {
  const found: Violation[] = [];
  for (const columns of type.unique) {
    const holders = new Map<string, string[]>();
    for (const [id, row] of rows(after, type.name)) {
      const tuple = columns.map((column) => row[column] ?? null);
      if (tuple.includes(null)) continue;
      const text = textOf(tuple);
      holders.set(text, [...holders.get(text) ?? [], id]);
    }
    for (const ids of holders.values()) {
      if (ids.length > 1) found.push({ kind: "unique_violation", type, ids });
    }
  }
  return found;
}

/** One for each missing end of each edge. */
function orphans(type: ModelType, [from, to]: readonly [string, string], after: Image): Violation[] {
  const found: Violation[] = [];
  for (const [id, row] of rows(after, type.name)) {
    if (!rows(after, from).has(row["src"] as string)) found.push({ kind: "orphan_edge", type, ids: [id] });
    if (!rows(after, to).has(row["dst"] as string)) found.push({ kind: "orphan_edge", type, ids: [id] });
  }
  return found;
}

/** A source that never had an edge is not asked, one that is gone neither. */
function cardinality(type: ModelType, from: string, before: Image, after: Image): Violation[] {
  const found: Violation[] = [];
  const count = (image: Image, source: string) =>
    [...rows(image, type.name).values()].filter((row) => row["src"] === source).length;
  const [min, max] = type.card;
  if (min === 0 && max === Infinity) return found;
  for (const source of rows(after, from).keys()) {
    const edges = count(after, source);
    if (edges > max || (edges < min && (edges > 0 || count(before, source) > 0))) {
      found.push({ kind: "cardinality_violation", type, ids: [source] });
    }
  }
  return found;
}

/** The image as the export of the product must spell it: one line per entity, edges first, member names sorted. */
export function exportText({ types }: ModelSchema, image: Image, only: readonly string[] = []): string {
  const byKey = [...types].sort((a, b) => typeKey(a) < typeKey(b) ? -1 : 1);
  const lines: string[] = [];
  for (const type of byKey) {
    if (only.length > 0 && !only.includes(type.name)) continue;
    const entries = [...rows(image, type.name)].sort(([a], [b]) => a < b ? -1 : 1);
    for (const [id, row] of entries) {
      const data = objectText([
        ["id", id],
        ...type.properties.map(({ name }) => [name, row[name] ?? null] as const),
      ]);
      lines.push(
        type.ends === null
          ? `{"data":${data},"type":${JSON.stringify(type.name)}}\n`
          : `{"data":${data},"edge":${JSON.stringify(type.name)},"from":${JSON.stringify(row["src"])},"to":${
            JSON.stringify(row["dst"])
          }}\n`,
      );
    }
  }
  return lines.join("");
}

/** A JSON object with sorted member names; integers with all digits. */
export function objectText(members: readonly (readonly [string, Value])[]): string {
  const sorted = [...members].sort(([a], [b]) => a < b ? -1 : 1);
  return `{${sorted.map(([name, value]) => `${JSON.stringify(name)}:${valueText(value)}`).join(",")}}`;
}

/** A value as JSON text. */
export function valueText(value: Value): string {
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

/** Rows with a value in every column. */
export function completeRow(type: ModelType, row: Row): Row {
  return Object.fromEntries(columnsOf(type).map((name) => [name, row[name] ?? null]));
}
