/**
 * A process that changes the schema of a graph of films until someone kills it: `graph_migrator.ts <graph root> <name>
 * <seed> <changes>`. Prints a line for each change that was acknowledged, in the form of `graph_writer.ts`.
 */
import { AppError } from "../../core/errors.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { dropsForGood, nextFilmSchema } from "../support/film_schemas.ts";

async function main(): Promise<void> {
  const [root, , , changes] = Deno.args as [string, string, string, string];
  const uri = parseStorageUri(root, root);
  const graph = await openGraph({
    store: openObjectStore(uri),
    tables: openTableStore(uri),
    uri: root,
    onBackgroundError: (error) => console.error("background", error),
  });
  for (let turn = 0; turn < Number(changes); turn++) {
    const next = nextFilmSchema((await graph.schema()).schema_source);
    try {
      const { applied } = await graph.schemaUpdate(next, { allowDataLoss: dropsForGood(next) });
      if (applied) console.log(JSON.stringify({ event: "done", edit: {} }));
    } catch (error) {
      // Beside a writer that never rests a change may lose every race: it is repeated, as a client would.
      if (!(error instanceof AppError) || error.code !== "write_conflict") throw error;
    }
  }
  await graph.close();
}

if (import.meta.main) await main();
