import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonText, parseJson } from "../../base/lossless_json.ts";
import type { EdgeType } from "../../schema/catalog.ts";
import type { Cell } from "../../schema/value_type.ts";
import type { TablePin } from "../../storage/table_store.ts";
import { newTableColumns, type RecordColumns } from "../../storage/columns.ts";
import { ALL_TYPES, arbitraryRecord, recordOf, type Row } from "../../../tests/support/records.ts";
import { entityJson } from "../entity_json.ts";
import { EntityLines } from "./entity_lines.ts";
import { JsonBytes } from "./json_bytes.ts";
import { LiveTable } from "./live_table.ts";
import { TableBase } from "./table_base.ts";
import { MemoryEdgeView, MemoryTableView } from "./table_view.ts";

const PIN: TablePin = { table: "nodes/1", branch: null, version: 1, rows: 0 };

async function liveTable(type: typeof ALL_TYPES | EdgeType, record: RecordColumns): Promise<LiveTable> {
  const names = [...record.columns.keys()].filter((name) => name !== "id");
  const live = new LiveTable(
    await TableBase.open({ read: () => Promise.resolve(record) }, PIN, type, names),
  );
  await live.load(names);
  return live;
}

function lineOf(table: MemoryTableView, row: number): string {
  const json = new JsonBytes("entity");
  new EntityLines(table).write(json, row);
  return new TextDecoder().decode(json.rest());
}

async function line(row: Row): Promise<string> {
  const live = await liveTable(ALL_TYPES, recordOf(ALL_TYPES, [{ id: "x", ...row }]));
  return lineOf(new MemoryTableView(ALL_TYPES, live, 0), 0);
}

Deno.test("EntityLines writes integers exactly, times as integers, F32 widened, and nulls", async () => {
  const cases: readonly (readonly [string, Cell | null, string])[] = [
    ["oneU64", 18446744073709551615n, "18446744073709551615"],
    ["oneI64", -9223372036854775808n, "-9223372036854775808"],
    ["oneI32", -2147483648, "-2147483648"],
    ["oneU32", 4294967295, "4294967295"],
    ["oneDate", -1, "-1"],
    ["oneDateTime", 1717236000001, "1717236000001"],
    ["oneDateTime", -8640000000000000, "-8640000000000000"],
    ["oneDateTime", 1000000000, "1000000000"],
    ["oneF32", Math.fround(0.1), "0.10000000149011612"],
    ["oneF64", 0.1, "0.1"],
    ["oneF64", 1e300, "1e+300"],
    ["oneF64", -0, "-0.0"],
    ["oneF64", 0, "0"],
    ["vector", Float32Array.of(1, Math.fround(0.1), -0), "[1,0.10000000149011612,-0.0]"],
    ["manyDate", [0, 19000], "[0,19000]"],
    ["oneString", 'a"\u0001\\é\u{1F600}', '"a\\"\\u0001\\\\é\u{1F600}"'],
    ["oneBlob", "base64:AAEC", '"base64:AAEC"'],
    ["choice", "yes", '"yes"'],
    ["oneBool", true, "true"],
    ["oneI32", null, "null"],
  ];
  for (const [property, cell, text] of cases) {
    const written = await line({ [property]: cell });
    assert.ok(written.includes(`"${property}":${text}`), `${property} ${String(cell)}: ${written}`);
    assert.ok(written.endsWith(`},"type":"Thing"}\n`));
  }
});

Deno.test("EntityLines sorts member names at every level, with the id among the properties", async () => {
  const { data, ...top } = JSON.parse(await line({})) as { data: Record<string, unknown> };
  assert.deepEqual(Object.keys(top), ["type"]);
  assert.deepEqual(Object.keys(data), [...ALL_TYPES.properties.map(({ name }) => name), "id"].sort());
});

Deno.test("EntityLines writes the endpoints of edges behind their data", async () => {
  const { keyProperties: _, interfaces: __, ...entity } = ALL_TYPES;
  const type: EdgeType = {
    ...entity,
    kind: "edge",
    name: "Knows",
    key: "edge:Knows",
    properties: [],
    propertyByName: new Map(),
    from: "Thing",
    to: "Thing",
    cardinality: { min: 0, max: null },
  };
  const columns = newTableColumns(type);
  for (const [name, value] of [["id", "e-1"], ["src", "a"], ["dst", 'b"']]) columns.get(name!)!.push(value!);
  const view = new MemoryEdgeView(type, await liveTable(type, { length: 1, columns }), 0, null);
  assert.equal(lineOf(view, 0), '{"data":{"id":"e-1"},"edge":"Knows","from":"a","to":"b\\""}\n');
  assert.deepEqual({ ...entityJson(type, view, 0), properties: {} }, {
    properties: {},
    endpoints: { from: "a", to: 'b"' },
  });
});

Deno.test("entityJson() says of every row what its export line says", async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRecord(ALL_TYPES, 8), async (rows) => {
      const live = await liveTable(ALL_TYPES, recordOf(ALL_TYPES, rows));
      const view = new MemoryTableView(ALL_TYPES, live, 0);
      for (let row = 0; row < rows.length; row++) {
        const { data } = parseJson(lineOf(view, row)) as { data: Record<string, unknown> };
        const { properties } = entityJson(ALL_TYPES, view, row);
        const { id, ...members } = data;
        assert.equal(id, view.idOf(row));
        // The writers of text and of values differ in which zero they show, and in nothing else.
        assert.equal(jsonText(members), jsonText(properties));
      }
    }),
  );
});
