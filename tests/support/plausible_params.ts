/** Parameters for a stored query that are likely to find something: values taken from the data it will meet. */
import type { Clause, TypedRead, ValueExpr } from "../../core/query/typed.ts";

/** Property objects of the nodes and edges of each type, as loaded. */
export type DataByType = ReadonlyMap<string, readonly Readonly<Record<string, unknown>>[]>;

/** Reads NDJSON into property objects by type name; edges keep `from` and `to` beside their properties. */
export function dataByType(ndjson: string): DataByType {
  const data = new Map<string, Record<string, unknown>[]>();
  for (const line of ndjson.split("\n").filter((line) => line.trim() !== "")) {
    const record = JSON.parse(line) as {
      type?: string;
      edge?: string;
      from?: string;
      to?: string;
      data?: object;
    };
    const name = record.type ?? record.edge!;
    const entity = {
      ...record.data,
      ...(record.edge === undefined ? {} : { from: record.from, to: record.to }),
    };
    const list = data.get(name);
    if (list === undefined) data.set(name, [entity]);
    else list.push(entity);
  }
  return data;
}

/** Up to `count` sets of parameters, spread over the values that the data holds. */
export function plausibleParams(
  query: TypedRead,
  data: DataByType,
  count: number,
): Record<string, unknown>[] {
  if (query.params.length === 0) return [{}];
  const values = new Map(query.params.map((param) => [param.name, valuesFor(query, param.name, data)]));
  const sets = Array.from({ length: count }, (_, i) =>
    Object.fromEntries(query.params.map((param) => {
      const candidates = values.get(param.name)!;
      const at = Math.floor((i * Math.max(candidates.length - 1, 0)) / Math.max(count - 1, 1));
      return [param.name, candidates[at] ?? null];
    })));
  const distinct = new Map(sets.map((set) => [JSON.stringify(set), set]));
  return [...distinct.values()];
}

/** Values of the properties that the parameter is compared with; words for full-text parameters. */
function valuesFor(query: TypedRead, param: string, data: DataByType): unknown[] {
  const isParam = (value: ValueExpr) => value.kind === "param" && value.name === param;
  const of = (variable: number, property: string) =>
    (data.get(query.variables[variable]!.typeName) ?? [])
      .map((entity) => entity[property])
      .filter((value) => value !== undefined && value !== null)
      .flatMap((value) => Array.isArray(value) ? value : [value]);
  const visit = (clause: Clause): unknown[] => {
    switch (clause.kind) {
      case "node":
        return clause.matches.filter((match) => isParam(match.value)).flatMap((match) =>
          of(clause.variable, match.property)
        );
      case "filter": {
        const property = [clause.left, clause.right].find((side) => side.kind === "property");
        const used = isParam(clause.left) || isParam(clause.right);
        return used && property?.kind === "property" ? of(property.variable, property.property) : [];
      }
      case "search": {
        if (!isParam(clause.search.query)) return [];
        const texts = of(clause.search.field.variable, clause.search.field.property);
        return texts.flatMap((text) => String(text).match(/[A-Za-z]{4,}/g) ?? []);
      }
      case "not":
        return clause.clauses.flatMap(visit);
      case "traverse":
        return [];
    }
  };
  return [...new Set(query.clauses.flatMap(visit))].sort();
}
