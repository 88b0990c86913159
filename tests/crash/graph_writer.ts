/**
 * A process that writes films until someone kills it: `graph_writer.ts <graph root> <name> <seed> <writes>`.
 *
 * Prints one JSON line before each write (`start`, with what it will change) and one after its acknowledgement (`done`),
 * each with one system call, so that a reader of the pipe knows what was acknowledged at the moment of a kill.
 */
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { DELETE_FILM, film, INSERT_FILM, loadLines, UPDATE_FILM } from "../support/embedded_graphs.ts";
import { randomFrom } from "../support/random_from.ts";

/** What a write changes: slugs to titles, null deletes. */
export type Edit = Readonly<Record<string, string | null>>;

/** A line of this process. */
export interface WriterLine {
  readonly event: "start" | "done";
  readonly edit: Edit;
}

/** Films of a large load: together too much for a log object. */
const LARGE = 250;

async function main(): Promise<void> {
  const [root, name, seed, writes] = Deno.args as [string, string, string, string];
  const uri = parseStorageUri(root, root);
  const graph = await openGraph({
    store: openObjectStore(uri),
    tables: openTableStore(uri),
    uri: root,
    onBackgroundError: (error) => console.error("background", error),
  });
  const random = randomFrom(Number(seed));
  const own: string[] = [];
  for (let turn = 0; turn < Number(writes); turn++) {
    const dice = random(10);
    const slug = own[random(own.length)];
    const title = `${name}-${seed}-${turn}`;
    if (dice < 2) {
      const edit = Object.fromEntries(
        Array.from({ length: LARGE }, (_, i) => [`${name}-${seed}-${turn}-${i}`, title + "x".repeat(300)]),
      );
      await announced(
        edit,
        () => loadLines(graph, Object.entries(edit).map(([slug, title]) => film(slug, title))),
      );
      own.push(...Object.keys(edit));
    } else if (dice < 4 && slug !== undefined) {
      await announced(
        { [slug]: title },
        () => graph.mutate({ source: UPDATE_FILM, params: { slug, title } }),
      );
    } else if (dice < 5 && slug !== undefined) {
      await announced({ [slug]: null }, () => graph.mutate({ source: DELETE_FILM, params: { slug } }));
      own.splice(own.indexOf(slug), 1);
    } else {
      const params = { slug: `${name}-${seed}-${turn}`, title };
      await announced({ [params.slug]: title }, () => graph.mutate({ source: INSERT_FILM, params }));
      own.push(params.slug);
    }
  }
  await graph.close();
}

async function announced(edit: Edit, write: () => Promise<unknown>): Promise<void> {
  say({ event: "start", edit });
  while (true) {
    try {
      await write();
      break;
    } catch (error) {
      // An update that lost a race is repeated, as a client would.
      if ((error as { code?: string }).code !== "write_conflict") throw error;
    }
  }
  say({ event: "done", edit });
}

function say(line: WriterLine): void {
  const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

if (import.meta.main) await main();
