/** Model steps in the languages of the product: NDJSON, mutations, reads; and answers in the forms of JSON. */
import { jsonText } from "../../core/base/lossless_json.ts";
import type { Image, Row } from "./graph_model_rules.ts";
import { objectText } from "./graph_model_rules.ts";
import type { ModelProperty, ModelScalar, ModelSchema, ModelType, Value } from "./graph_model_schema.ts";
import { type Line, matches, type Statement, typeOf, type Where } from "./graph_model_writes.ts";

/** Lines as NDJSON; about every other null is left out instead. */
export function batchText(schema: ModelSchema, lines: readonly Line[]): string {
  return lines.map(({ type: name, id, row }, n) => {
    const type = typeOf(schema, name);
    const members = type.properties
      .map((property) => [property.name, row[property.name] ?? null] as const)
      .filter(([, value]) => value !== null || n % 2 === 0);
    const data = objectText(id === null ? members : [...members, ["id", id]]);
    if (type.ends === null) return `{"type":${JSON.stringify(name)},"data":${data}}`;
    const [from, to] = [JSON.stringify(row["src"]), JSON.stringify(row["dst"])];
    return `{"edge":${JSON.stringify(name)},"from":${from},"to":${to},"data":${data}}`;
  }).join("\n");
}

/** A query text with the parameters it takes. */
export interface QueryText {
  readonly source: string;
  readonly params: Readonly<Record<string, unknown>>;
}

class Params {
  readonly declared: string[] = [];
  readonly values: Record<string, unknown> = {};

  /** Declares a parameter; returns how it is named in the text. */
  add(type: ModelScalar, value: Value): string {
    const name = `p${this.declared.length}`;
    this.declared.push(`$${name}: ${type === "enum" ? "String" : type}?`);
    this.values[name] = answerValue(type, value);
    return `$${name}`;
  }
}

/** A mutation as query text. */
export function mutationText(schema: ModelSchema, statements: readonly Statement[]): QueryText {
  const params = new Params();
  const texts = statements.map((statement) => {
    const type = typeOf(schema, statement.type);
    const block = (row: Row, keepsNulls: boolean) =>
      Object.entries(row).filter(([, value]) => keepsNulls || value !== null)
        .map(([name, value]) => `${spelled(name)}: ${params.add(scalarOf(type, name), value)}`).join(", ");
    if (statement.kind === "insert") {
      // A block is never empty.
      const keepsNulls = Object.values(statement.row).every((value) => value === null);
      return `insert ${type.name} { ${block(statement.row, keepsNulls)} }`;
    }
    const set = statement.kind === "update" ? ` set { ${block(statement.set, true)} }` : "";
    const { column, operator, value } = statement.where;
    const where = `where ${spelled(column)} ${operator} ${params.add(scalarOf(type, column), value)}`;
    return `${statement.kind} ${type.name}${set} ${where}`;
  });
  return {
    source: `query change(${params.declared.join(", ")}) { ${texts.join("\n")} }`,
    params: params.values,
  };
}

/** A read of all entities of a type that satisfy a comparison. */
export function readText(type: ModelType, where: Where | null): QueryText {
  const params = new Params();
  const columns = type.properties.map(({ name }, i) => `$x.${name} as c${i}`);
  const filter = where === null || where.column === "src" || where.column === "dst"
    ? ""
    : `$x.${where.column} ${where.operator} ${params.add(scalarOf(type, where.column), where.value)}`;
  const match = type.ends === null
    ? `$x: ${type.name} ${filter}`
    : `$f: ${type.ends[0]} $t: ${type.ends[1]} $f $x:${type.name.toLowerCase()} $t ${filter}`;
  const ids = type.ends === null ? ["$x as id"] : ["$f as src", "$t as dst"];
  const head = `query look(${params.declared.join(", ")})`;
  return {
    source: `${head} { match { ${match} } return { ${[...ids, ...columns].join(", ")} } }`,
    params: params.values,
  };
}

/** A read of the pairs of nodes that edges of a type join. */
export function pairsText(type: ModelType): QueryText {
  const match = `$f: ${type.ends![0]} $f ${type.name.toLowerCase()} $t`;
  return { source: `query look() { match { ${match} } return { $f as src, $t as dst } }`, params: {} };
}

/** The rows that {@linkcode pairsText} finds in an image, as sorted texts. */
export function pairsRows(type: ModelType, image: Image): string[] {
  const pairs = [...image.get(type.name)!.values()].map(({ src, dst }) => jsonText({ src, dst }));
  return [...new Set(pairs)].sort();
}

/** The rows that {@linkcode readText} finds in an image, as sorted texts. */
export function readRows(type: ModelType, where: Where | null, image: Image): string[] {
  const isFiltered = where !== null && where.column !== "src" && where.column !== "dst";
  return [...image.get(type.name)!].filter(([, row]) =>
    !isFiltered || matches(row[where.column] ?? null, where)
  )
    .map(([id, row]) => {
      const ids = type.ends === null ? { id } : { src: row["src"], dst: row["dst"] };
      const cells = type.properties.map((property, i) =>
        [`c${i}`, answerValue(property.type, row[property.name] ?? null)] as const
      );
      return jsonText({ ...ids, ...Object.fromEntries(cells) });
    }).sort();
}

/** A value as query results and parameters carry it. */
export function answerValue(type: ModelScalar, value: Value): unknown {
  if (value === null) return null;
  if (type === "Date") return new Date(Number(value) * 86_400_000).toISOString().slice(0, 10);
  if (type === "DateTime") return new Date(Number(value)).toISOString();
  return value;
}

function scalarOf(type: ModelType, column: string): ModelScalar {
  const property: ModelProperty | undefined = type.properties.find(({ name }) => name === column);
  return property?.type ?? "String";
}

function spelled(column: string): string {
  return column === "src" ? "from" : column === "dst" ? "to" : column;
}
