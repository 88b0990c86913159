/**
 * Where rows are stored never changes an answer: random queries over the same content in the pins alone, and spread over
 * pins and deltas, against the naive evaluator. `OMNIGRAPH_CASES` sets how many (200 by default).
 */
import fc from "fast-check";
import { parseJson } from "../core/base/lossless_json.ts";
import { runRead } from "../core/graph/read/execute.ts";
import { createTableCache } from "../core/graph/read/table_cache.ts";
import type { SnapshotState } from "../core/graph/snapshot_state.ts";
import { bindParams } from "../core/query/params.ts";
import type { TypedRead } from "../core/query/typed.ts";
import { assertAnswer, compileRead } from "./support/answers.ts";
import { layeredState } from "./support/layered_graph.ts";
import { createMemoryTables, type MemoryTables } from "./support/memory_tables.ts";
import { catalogFrom } from "./support/memory_view.ts";
import { naiveRead, type NaiveRow } from "./support/naive_evaluator.ts";
import { naiveGraph } from "./support/naive_graph.ts";
import { randomProgram } from "./support/random_program.ts";

const CASES = Number(Deno.env.get("OMNIGRAPH_CASES") ?? 200);
const NOW_MS = Date.UTC(2024, 4, 1, 5);

async function rowsOf(
  tables: MemoryTables,
  state: SnapshotState,
  query: TypedRead,
  params: Readonly<Record<string, unknown>>,
): Promise<readonly NaiveRow[]> {
  const view = createTableCache({ tables }).view(state);
  const rows = await runRead(query, bindParams(query.params, params), view, NOW_MS);
  return parseJson(rows.toJsonText()) as unknown as readonly NaiveRow[];
}

Deno.test("answers do not depend on which rows are in pins and which in deltas", async () => {
  const tape = fc.array(fc.nat(5), { minLength: 40, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(randomProgram(), tape, async (program, choices) => {
      const catalog = catalogFrom(program.schema);
      const graph = naiveGraph(catalog, program.data);
      const query = compileRead(catalog, program.query);
      const expected = naiveRead(catalog, graph, query, program.params, NOW_MS);
      const unlimited = naiveRead(catalog, graph, { ...query, limit: null }, program.params, NOW_MS);
      let at = 0;
      const choose = (count: number) => choices[at++ % choices.length]! % count;
      for (const layout of ["plain", choose] as const) {
        const tables = createMemoryTables();
        const state = await layeredState(tables, catalog, graph, layout);
        assertAnswer(query, await rowsOf(tables, state, query, program.params), expected, unlimited);
      }
    }),
    { numRuns: CASES },
  );
});
