import { testTables } from "../../tests/suites/table_suite.ts";
import type { TablePlace } from "../../tests/suites/table_suite.ts";
import { LanceTables } from "./lance_tables.ts";
import { createLocalStore } from "./local_store.ts";

/** A graph root in a temporary folder of its own. */
async function folderPlace(): Promise<TablePlace> {
  const folder = await Deno.makeTempDir();
  const root = `${folder}/graph.omni`;
  return {
    address: root,
    variables: {},
    open: () => new LanceTables(root),
    clear: () => createLocalStore(folder).deletePrefix(""),
    another: folderPlace,
  };
}

testTables("lance tables:", folderPlace);
