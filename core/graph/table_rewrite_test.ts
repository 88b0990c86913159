import assert from "node:assert/strict";
import fc from "fast-check";
import { CATALOG } from "../../tests/support/graph_protocol.ts";
import { createMemoryTables, emptyPin, recordsOf } from "../../tests/support/memory_tables.ts";
import { must } from "../base/assert.ts";
import { idColumn, type RecordColumns } from "../storage/columns.ts";
import type { DecodedDelta } from "./snapshot_state.ts";
import { combineWrite } from "./table_rewrite.ts";
import type { TableChange } from "./write/change_set.ts";

const TYPE = must(CATALOG.byKey.get("node:Person"), "the test catalog has people");

/** Per id: a new name, or null to delete. */
type Edit = Readonly<Record<string, string | null>>;

const id = fc.constantFrom(..."abcdefgh");
const edit = fc.dictionary(id, fc.option(fc.string({ maxLength: 3 }), { nil: null }), {
  maxKeys: 5,
  noNullPrototype: true,
});

function apply(content: Map<string, string>, edit: Edit): void {
  for (const [id, name] of Object.entries(edit)) name === null ? content.delete(id) : content.set(id, name);
}

function rowsOf(edit: Edit): RecordColumns | null {
  const rows = Object.entries(edit).filter(([_, name]) => name !== null).map(([id, name]) => ({ id, name }));
  return rows.length === 0 ? null : recordsOf(TYPE, rows);
}

function deltaOf(edit: Edit, commitId: string): DecodedDelta {
  return { commitId, upserts: rowsOf(edit), deletes: Object.keys(edit).filter((id) => edit[id] === null) };
}

function changeOf(edit: Edit, head: ReadonlyMap<string, string>): TableChange {
  const upserts = rowsOf(edit);
  return {
    replaceAll: false,
    upserts,
    existing: Uint8Array.from(
      { length: upserts?.length ?? 0 },
      (_, row) => head.has(idColumn(upserts!, "id").text(row)) ? 1 : 0,
    ),
    deletes: Object.keys(edit).filter((id) => edit[id] === null && head.has(id)),
  };
}

function contentOf(records: RecordColumns): Map<string, string> {
  const [ids, names] = [idColumn(records, "id"), must(records.columns.get("name"), "people have names")];
  return new Map(
    Array.from(
      { length: records.length },
      (_, row): [string, string] => [ids.text(row), names.get(row) as string],
    ).sort(),
  );
}

Deno.test("combineWrite() makes the table exactly pin + pending deltas ± change, with no id in two places", async () => {
  await fc.assert(
    fc.asyncProperty(edit, fc.array(edit, { maxLength: 4 }), fc.option(edit), async (base, edits, last) => {
      const tables = createMemoryTables();
      const pinned = new Map<string, string>();
      apply(pinned, base);
      const start = {
        replaceAll: false,
        inserts: rowsOf(Object.fromEntries(pinned)),
        updates: null,
        deletes: [],
      };
      const pin = must(await tables.write(emptyPin("nodes/1"), TYPE, null, start), "no other writer");
      const head = new Map(pinned);
      for (const each of edits) apply(head, each);
      const change = last === null ? null : changeOf(last, head);
      const write = combineWrite(
        TYPE,
        edits.map((each, i) => deltaOf(each, String(i))),
        change,
        (id) => pinned.has(id),
      );
      if (last !== null) apply(head, last);
      // The memory tables assert that inserts are new and updates exist.
      const after = must(await tables.write(pin, TYPE, null, write), "no other writer");
      for (const id of write.deletes) assert.ok(pinned.has(id), `${id} is deleted from a table without it`);
      const stored = contentOf(await tables.read(after, TYPE, ["id", "name"]));
      assert.deepEqual([...stored], [...head].sort());
    }),
  );
});

Deno.test("combineWrite() passes a bulk insert through without copying", () => {
  const upserts = recordsOf(TYPE, [{ id: "a" }, { id: "b" }]);
  const change = { replaceAll: false, upserts, existing: new Uint8Array(2), deletes: [] };
  assert.equal(combineWrite(TYPE, [], change, () => false).inserts, upserts);
});

Deno.test("combineWrite() drops pending deltas when everything is replaced", () => {
  const upserts = recordsOf(TYPE, [{ id: "a" }]);
  const change = { replaceAll: true, upserts, existing: Uint8Array.of(1), deletes: ["b"] };
  const write = combineWrite(TYPE, [deltaOf({ b: "b", c: null }, "1")], change, () => true);
  assert.deepEqual(write, { replaceAll: true, inserts: upserts, updates: null, deletes: [] });
});
