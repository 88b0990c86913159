import assert from "node:assert/strict";
import { FLEET_SCHEMA } from "../../tests/support/cluster_files.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { AppError } from "../errors.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import { createGraph, openGraph } from "./open.ts";
import { removeGraph } from "./remove.ts";

const ROOT = "graphs/fleet.omni";
const SCHEMA = { path: "fleet.pg", text: FLEET_SCHEMA };

Deno.test("removeGraph() takes away first what makes a graph: half-removed it neither opens nor is made anew in place", async () => {
  const store = createMemoryStore();
  const root = store.under(ROOT);
  await createGraph({ store: root, schema: SCHEMA });
  await root.put("nodes/1.lance/data", new Uint8Array(1));
  const dying = {
    delete: (key: string) => store.delete(key),
    deletePrefix: () => Promise.reject(new Error("killed")),
  };
  await assert.rejects(removeGraph(dying, ROOT), /killed/);
  const refused = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
  const opening = openGraph({ store: root, tables: createMemoryTables(), uri: ROOT });
  await assert.rejects(opening, refused("graph_not_found"));
  await assert.rejects(createGraph({ store: root, schema: SCHEMA }), refused("invalid_input"));
  await removeGraph(store, ROOT);
  assert.equal(await store.prefixExists(ROOT), false);
  await createGraph({ store: root, schema: SCHEMA });
});
