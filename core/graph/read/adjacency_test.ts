import assert from "node:assert/strict";
import fc from "fast-check";
import { Utf8Column } from "../../storage/columns.ts";
import { IdIndex } from "../../storage/id_index.ts";
import { buildAdjacency, type Csr } from "./adjacency.ts";
import type { TableBase } from "./table_base.ts";

function columnOf(texts: readonly string[]): Utf8Column {
  const column = new Utf8Column();
  for (const text of texts) column.push(text);
  return column;
}

function baseOf(ids: readonly string[]): TableBase {
  const column = columnOf(ids);
  return { rows: ids.length, ids: column, idIndex: IdIndex.build(column) } as unknown as TableBase;
}

/** `slot>neighbour:row` of every entry, in order. */
function entries({ offsets, neighbours, rows }: Csr): string[] {
  return Array.from(
    offsets.subarray(1),
    (end, slot) =>
      Array.from(
        neighbours.subarray(offsets[slot]!, end),
        (neighbour, i) => `${slot}>${neighbour}:${rows[offsets[slot]! + i]}`,
      ),
  ).flat();
}

Deno.test("both directions list every resolvable edge once, by slot, then neighbour, then row", () => {
  const ids = ["a", "b", "c"];
  const end = fc.constantFrom(...ids, "elsewhere");
  fc.assert(fc.property(fc.array(fc.tuple(end, end)), (edges) => {
    const record = {
      length: edges.length,
      columns: new Map([
        ["src", columnOf(edges.map(([src]) => src))],
        ["dst", columnOf(edges.map(([, dst]) => dst))],
      ]),
    };
    const adjacency = buildAdjacency(record, baseOf(ids), baseOf(ids));
    const known = edges.flatMap(([src, dst], row) => {
      const [from, to] = [ids.indexOf(src), ids.indexOf(dst)];
      return from === -1 || to === -1 ? [] : [{ from, to, row }];
    });
    const sorted = (key: "from" | "to", other: "from" | "to") =>
      known.toSorted((x, y) => x[key] - y[key] || x[other] - y[other] || x.row - y.row)
        .map((edge) => `${edge[key]}>${edge[other]}:${edge.row}`);
    assert.deepEqual(entries(adjacency.out), sorted("from", "to"));
    assert.deepEqual(entries(adjacency.in), sorted("to", "from"));
    const pairs = new Set(known.map(({ from, to }) => `${from}>${to}`));
    assert.equal(adjacency.parallel, pairs.size < known.length);
    const loose = adjacency.loose.map(({ row }) => row);
    assert.deepEqual(
      loose,
      edges.flatMap(([src, dst], row) => src === "elsewhere" || dst === "elsewhere" ? [row] : []),
    );
  }));
});
