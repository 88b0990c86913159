import assert from "node:assert/strict";
import fc from "fast-check";
import type { TypeKey } from "../../schema/catalog.ts";
import { columnNames } from "../../storage/columns.ts";
import { layeredState } from "../../../tests/support/layered_graph.ts";
import { catalogFrom } from "../../../tests/support/memory_view.ts";
import { createMemoryTables } from "../../../tests/support/memory_tables.ts";
import type { NaiveEntity } from "../../../tests/support/naive_graph.ts";
import { openPartial, PartialEdges } from "./partial_table.ts";
import { createTableCache } from "./table_cache.ts";
import type { TableView } from "./view.ts";

const CATALOG = catalogFrom(`
  node A { k: String @key  n: I32?  tags: [String]? }
  edge X: A -> A { w: F64? }
`);
const A: TypeKey = "node:A";
const X: TypeKey = "edge:X";

const ids = ["a", "b", "c", "d", "e"];
const nodes = fc.subarray(ids).map((names) =>
  names.map((id, i): NaiveEntity => ({ id, from: "", to: "", values: { k: id, n: BigInt(i), tags: [id] } }))
);
const edges = fc.array(fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids)), { maxLength: 8 }).map((
  ends,
) => ends.map(([from, to], i): NaiveEntity => ({ id: `x${i}`, from, to, values: { w: i } })));

function images(table: TableView, rows: readonly number[]): string[] {
  const names = columnNames(table.type).slice(1);
  return rows.map((row) => JSON.stringify([table.idOf(row), ...names.map((name) => table.cell(row, name))]))
    .sort();
}

Deno.test("what is looked up is what the whole table shows, however rows are spread over pin and deltas", async () => {
  await fc.assert(
    fc.asyncProperty(nodes, edges, fc.infiniteStream(fc.nat()), async (a, x, stream) => {
      const tables = createMemoryTables();
      const graph = { nodes: new Map([["A", a]]), edges: new Map([["X", x]]) };
      const state = await layeredState(tables, CATALOG, graph, (choices) => stream.next().value % choices);
      const view = createTableCache({ tables }).view(state);
      await view.prepare([
        { table: A, columns: ["k", "n", "tags"] },
        { table: X, columns: ["src", "dst", "w"], adjacency: true },
      ]);
      const some = openPartial(tables, state.tables.get(A)!);
      for (const wanted of [ids.slice(0, 2), ids.slice(1)]) {
        await some.load("id", [...wanted, "missing"]);
        for (const id of wanted) {
          const [partial, whole] = [some.find(id), view.node("A").find(id)];
          assert.equal(partial === -1, whole === -1);
          if (whole !== -1) assert.deepEqual(images(some, [partial]), images(view.node("A"), [whole]));
        }
        assert.equal(some.find("missing"), -1);
      }
      const links = openPartial(tables, state.tables.get(X)!);
      assert.ok(links instanceof PartialEdges);
      await links.load("src", ["a", "b"]);
      await links.load("dst", ["b", "c"]);
      for (const id of ["a", "b"]) {
        assert.deepEqual(
          images(links, links.rowsFrom(id)),
          images(view.edge("X"), view.edge("X").rowsFrom(id)),
        );
      }
      for (const id of ["b", "c"]) {
        assert.deepEqual(images(links, links.rowsTo(id)), images(view.edge("X"), view.edge("X").rowsTo(id)));
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("a partial table answers only about what was loaded", async () => {
  const tables = createMemoryTables();
  const graph = { nodes: new Map([["A", []]]), edges: new Map() };
  const state = await layeredState(tables, CATALOG, graph, "plain");
  const some = openPartial(tables, state.tables.get(A)!);
  await some.load("id", ["a"]);
  assert.equal(some.find("a"), -1);
  assert.throws(() => some.find("b"), /id 'b' of node:A was loaded/);
  assert.throws(() => some.liveRows(), /does not know all rows/);
  assert.throws(() => some.rowCount, /does not know/);
});

Deno.test("partial() is for large tables that are not in memory", async () => {
  const tables = createMemoryTables();
  const many = Array.from(
    { length: 100 },
    (_, i) => ({ id: `a${i}`, from: "", to: "", values: { k: `a${i}` } }),
  );
  const graph = { nodes: new Map([["A", many]]), edges: new Map() };
  const state = await layeredState(tables, CATALOG, graph, "plain");
  const cache = createTableCache({ tables, wholeRowsMax: 20 });
  const table = state.tables.get(A)!;
  assert.notEqual(cache.partial(table, 2), null);
  assert.equal(cache.partial(table, 5), null);
  assert.equal(createTableCache({ tables }).partial(table, 2), null);
  await cache.view(state).prepare([{ table: A, columns: [] }]);
  assert.equal(cache.partial(table, 2), null);
});
