/** The read cases of the language document, run over every evaluator. */
import assert from "node:assert/strict";
import { compileQuery } from "../core/query/compile.ts";
import type { TypedRead } from "../core/query/typed.ts";
import { acceptSchema } from "../core/schema/accept.ts";
import { CASE_NOW_MS, CASE_SCHEMA, LANGUAGE_CASES } from "./support/language_cases.ts";
import { naiveRead } from "./support/naive_evaluator.ts";
import { naiveGraph } from "./support/naive_graph.ts";

const { catalog } = acceptSchema(
  { path: "cases.pg", text: CASE_SCHEMA },
  { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" },
);

function compile(query: string): TypedRead {
  const text = `query q${query.startsWith("(") ? "" : "()"} ${query}`;
  const typed = compileQuery(catalog, { path: "case.gq", text });
  assert.ok(typed.kind === "read");
  return typed;
}

/** Rows in a fixed order, for queries that promise none. */
function sorted(rows: readonly unknown[]): unknown[] {
  const text = (row: unknown) =>
    JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}n` : value);
  return [...rows].sort((a, b) => text(a) < text(b) ? -1 : 1);
}

for (const { name, data, query, params, rows } of LANGUAGE_CASES) {
  Deno.test(`naive evaluator: ${name}`, () => {
    const typed = compile(query);
    const graph = naiveGraph(catalog, data.join("\n"));
    const actual = naiveRead(catalog, graph, typed, params ?? {}, CASE_NOW_MS);
    if (typed.order.length > 0) assert.deepEqual(actual, rows);
    else assert.deepEqual(sorted(actual), sorted(rows));
  });
}
