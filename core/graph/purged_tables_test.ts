import assert from "node:assert/strict";
import { nodeType, TEXT } from "../../tests/support/graph_fixtures.ts";
import { withTempDir } from "../../tests/support/process.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import { openObjectStore, openTableStore } from "../storage/open.ts";
import { recordsOf } from "../../tests/support/memory_tables.ts";
import { markPurged, purgedTables, tablesBesidePurges } from "./purged_tables.ts";

Deno.test("markPurged() remembers tables by their path, once each", async () => {
  const store = createMemoryStore();
  assert.deepEqual([...await purgedTables(store)], []);
  for (const table of ["nodes/12", "edges/7-01J00000000000000000000001", "nodes/12"]) {
    await markPurged(store, table, "01J00000000000000000000002");
  }
  assert.deepEqual([...await purgedTables(store)].sort(), ["edges/7-01J00000000000000000000001", "nodes/12"]);
});

Deno.test("whoever reads a table that is taken away meanwhile hears 410, whoever writes to it is outrun; a lost table is 500", async () => {
  await withTempDir(async (path) => {
    const uri = { kind: "local", path } as const;
    const store = openObjectStore(uri);
    const tables = openTableStore(uri);
    const type = nodeType("Film", [["title", TEXT], ["slug", TEXT]]);
    const rows = recordsOf(type, [{ id: "a", title: "A", slug: "a" }]);
    const write = { replaceAll: false, inserts: rows, updates: null, deletes: [] };
    const pin = await tables.write(
      { table: "nodes/1", branch: null, version: 0, rows: 0 },
      type,
      null,
      write,
    );
    const reader = tablesBesidePurges(tables, store);
    assert.equal((await reader.read(pin!, type, ["id"])).length, 1);
    // The handle is open, the files are gone.
    await store.deletePrefix("nodes/1.lance");
    await assert.rejects(reader.read(pin!, type, ["title"]), { code: "storage_error" });
    await assert.rejects(reader.write(pin!, type, null, write), { code: "storage_error" });
    await markPurged(store, "nodes/1", "01J00000000000000000000002");
    await assert.rejects(reader.read(pin!, type, ["title"]), {
      code: "historical_version_reclaimed",
      message:
        "the old table of node type 'Film' was reclaimed: a schema change dropped its data for good, read a newer commit",
    });
    assert.equal(await reader.write(pin!, type, null, write), null);
  });
});
