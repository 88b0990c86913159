/** The rows of one query by both evaluators, in a form in which they can be compared. */
import assert from "node:assert/strict";
import { jsonText, parseJson } from "../../core/base/lossless_json.ts";
import { createGraph, openGraph, type Ports } from "../../core/graph/open.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { compileQuery } from "../../core/query/compile.ts";
import type { TypedRead } from "../../core/query/typed.ts";
import type { Catalog } from "../../core/schema/catalog.ts";
import { createMemoryStore } from "../../core/storage/memory_store.ts";
import { createMemoryTables } from "./memory_tables.ts";
import { naiveRead, type NaiveRow } from "./naive_evaluator.ts";
import { naiveGraph } from "./naive_graph.ts";

/** A query over a graph. */
export interface Question {
  readonly schema: string;
  /** NDJSON. */
  readonly data: string;
  /** One read query. */
  readonly query: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
}

/** What the product answers. */
export interface EngineAnswer {
  readonly catalog: Catalog;
  readonly query: TypedRead;
  readonly columns: readonly string[];
  readonly rows: readonly NaiveRow[];
}

/** Creates a graph in memory, loads the data and runs the query. */
export async function engineAnswer({ schema, data, query, params, nowMs }: Question): Promise<EngineAnswer> {
  const store = createMemoryStore();
  const ports: Ports = { ...systemPorts(), clock: { nowMs: () => nowMs } };
  await createGraph({ store, schema: { path: "schema.pg", text: schema }, ports });
  const graph = await openGraph({ store, tables: createMemoryTables(), uri: "memory", ports });
  try {
    if (data !== "") await graph.load({ data: new TextEncoder().encode(data), mode: "append" });
    const typed = compileRead(graph.catalog(), query);
    const output = await graph.runRead(typed, params, {});
    const rows = parseJson(output.rows.toJsonText()) as unknown as NaiveRow[];
    assert.equal(rows.length, output.row_count);
    return { catalog: graph.catalog(), query: typed, columns: output.columns, rows };
  } finally {
    await graph.close();
  }
}

/** The rows the language document asks for. `limit` null drops the query's own limit. */
export function naiveAnswer(
  question: Question,
  catalog: Catalog,
  query: TypedRead,
  limit = query.limit,
): NaiveRow[] {
  const graph = naiveGraph(catalog, question.data);
  return naiveRead(catalog, graph, { ...query, limit }, question.params, question.nowMs);
}

/** Compiles the one read query of a text. */
export function compileRead(catalog: Catalog, text: string): TypedRead {
  const query = compileQuery(catalog, { path: "query.gq", text });
  assert.ok(query.kind === "read");
  return query;
}

/**
 * Asserts that `actual` is an answer the document allows: the expected sequence when the query orders its rows, else
 * the same rows in any order, of which a limit keeps any.
 */
export function assertAnswer(
  query: TypedRead,
  actual: readonly NaiveRow[],
  expected: readonly NaiveRow[],
  unlimited: readonly NaiveRow[] = expected,
): void {
  const texts = (rows: readonly NaiveRow[]) => rows.map((row) => rowText(query, row));
  if (query.order.length > 0) return assert.deepEqual(texts(actual), texts(expected));
  if (query.limit === null) return assert.deepEqual(texts(actual).sort(), texts(expected).sort());
  assert.equal(actual.length, expected.length);
  const left = texts(unlimited);
  for (const row of texts(actual)) {
    const at = left.indexOf(row);
    assert.ok(at !== -1, `${row} is no row of the unlimited query`);
    left.splice(at, 1);
  }
}

/** A row as text, columns in projection order, F32 values rounded to what is stored. */
function rowText({ projections }: TypedRead, row: NaiveRow): string {
  const members = Object.entries(row).map(([name, value]) => {
    const type = projections.findLast(({ column }) => column === name)?.type;
    const single = type?.kind === "scalar" && type.scalar === "F32" && typeof value === "number";
    return [name, single ? Math.fround(value) : value];
  });
  return jsonText(Object.fromEntries(members));
}
