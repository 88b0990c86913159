/**
 * What a graph must hold while its schema changes: rows by the uid of their type, cells by the uid of their property. No
 * name occurs in it, so a rename cannot lose anything here and a re-added name cannot find anything.
 */
import type { ModelProperty, ModelType, SchemaModel } from "./schema_edits.ts";

/** A cell as JSON carries it in and out. */
export type ModelCell = string | number | boolean | null | readonly number[];

/** A row: cells by property uid, what is absent is null. */
export interface ModelRow {
  readonly ends: readonly [src: string, dst: string] | null;
  readonly cells: ReadonlyMap<number, ModelCell>;
}

/** Rows by type uid, then by id. Never changed once it was handed out. */
export type ModelRows = ReadonlyMap<number, ReadonlyMap<string, ModelRow>>;

/** Chooses: a number below `count`. */
export type Choose = (count: number) => number;

/** Whether queries can return the property. */
export function isReadable(property: ModelProperty): boolean {
  return property.type !== "Blob";
}

/** What a schema change leaves: rows of types and cells of properties that are still there. */
export function afterSchemaChange(rows: ModelRows, schema: SchemaModel): ModelRows {
  return new Map(schema.types.map((type) => {
    const known = new Set(type.properties.map(({ uid }) => uid));
    const kept = [...rows.get(type.uid) ?? []].map(([id, { ends, cells }]) =>
      [id, { ends, cells: new Map([...cells].filter(([uid]) => known.has(uid))) }] as const
    );
    return [type.uid, new Map(kept)];
  }));
}

/** A load that replaces or adds some rows, and the rows after it. `bulky` makes it too large for a log object. */
export function randomLoad(
  rows: ModelRows,
  schema: SchemaModel,
  choose: Choose,
  bulky: boolean,
): { readonly lines: unknown[]; readonly rows: ModelRows } {
  const lines: unknown[] = [];
  const next = new Map(rows);
  const used = new Set<string>();
  const count = bulky ? 40 : 1 + choose(4);
  for (let i = 0; i < count; i++) {
    const type = bulky ? schema.types[0]! : schema.types[choose(schema.types.length)]!;
    const made = randomRow(type, next, choose, bulky ? `${i}-`.padEnd(2000, "x") : `${choose(6)}`);
    // A key twice in one load is refused.
    if (made === null || used.has(made.id)) continue;
    used.add(made.id);
    lines.push(made.line);
    // A merge replaces whole rows.
    next.set(type.uid, new Map(next.get(type.uid)).set(made.id, made.row));
  }
  return { lines, rows: next };
}

function randomRow(
  type: ModelType,
  rows: ModelRows,
  choose: Choose,
  name: string,
): { readonly id: string; readonly line: unknown; readonly row: ModelRow } | null {
  const cells = new Map<number, ModelCell>();
  const data: Record<string, ModelCell> = {};
  for (const property of type.properties) {
    if (!isReadable(property) || (property.nullable && choose(3) === 0)) continue;
    const cell = property.nullable || property.type !== "String" ? randomCell(property, choose) : name;
    cells.set(property.uid, cell);
    data[property.name] = cell;
  }
  if (type.uid === 0) {
    // The key: its parts in the order in which they were introduced.
    const id = JSON.stringify(type.properties.slice(0, 2).map(({ uid }) => String(cells.get(uid))));
    return { id, line: { type: type.name, data }, row: { ends: null, cells } };
  }
  const id = `${type.uid}-${name}`;
  if (type.ends === null) {
    return { id, line: { type: type.name, data: { ...data, id } }, row: { ends: null, cells } };
  }
  const [from, to] = type.ends.map((end) => [...rows.get(end.uid)?.keys() ?? []]);
  if (from!.length === 0 || to!.length === 0) return null;
  const ends = [from![choose(from!.length)]!, to![choose(to!.length)]!] as const;
  const line = { edge: type.name, from: ends[0], to: ends[1], data: { ...data, id } };
  return { id, line, row: { ends, cells } };
}

function randomCell(property: ModelProperty, choose: Choose): ModelCell {
  switch (property.type) {
    case "String":
      return `s${choose(9)}`;
    case "I64":
      return choose(3);
    case "F32":
      return choose(9) / 2;
    case "enum":
      return property.values[choose(property.values.length)]!;
    case "[I32]":
      return [choose(9), choose(9)].slice(0, choose(3));
    default:
      return [choose(9), choose(9)];
  }
}

/** Rows of a type as a query of all its readable properties returns them: sorted texts. */
export function expectedRows(type: ModelType, rows: ReadonlyMap<string, ModelRow>): string[] {
  return [...rows].map(([id, { ends, cells }]) => {
    const values = type.properties.filter(isReadable).map(({ uid }) => cells.get(uid) ?? null);
    return JSON.stringify([...(ends ?? [id]), ...values]);
  }).sort();
}

/** A query of all rows of a type. */
export function queryOf(type: ModelType): string {
  const columns = type.properties.filter(isReadable).map(({ name }, at) => `$x.${name} as c${at}`).join(" ");
  if (type.ends === null) return `query q() { match { $x: ${type.name} } return { $x as id ${columns} } }`;
  const [from, to] = type.ends;
  return `query q() { match { $f: ${from.name}  $t: ${to.name}  $f $x:${type.name.toLowerCase()} $t } ` +
    `return { $f as src $t as dst ${columns} } }`;
}
