/**
 * A process that drops the notes of a graph of films for good and kills itself at a step of it:
 * `graph_purger.ts <graph root> <failpoint>`. With a failpoint that is never passed it lives, closes and prints `done`.
 */
import { openGraph } from "../../core/graph/open.ts";
import { systemPorts } from "../../core/graph/graph_ports.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { FILM_SCHEMA } from "../support/embedded_graphs.ts";

async function main(): Promise<void> {
  const [root, step] = Deno.args as [string, string];
  const uri = parseStorageUri(root, root);
  const graph = await openGraph({
    store: openObjectStore(uri),
    tables: openTableStore(uri),
    uri: root,
    ports: {
      ...systemPorts(),
      failpoint: (name) => {
        if (name === step) Deno.kill(Deno.pid, "SIGKILL");
      },
    },
  });
  await graph.schemaUpdate(FILM_SCHEMA, { allowDataLoss: true });
  await graph.close();
  console.log("done");
}

if (import.meta.main) await main();
