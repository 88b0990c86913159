/** Embedded graphs over memory stores, for tests of what a caller sees. */
import { AppError } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import type { LoadMode, LoadOutput } from "../../core/graph/graph.ts";
import type { Failpoint } from "../../core/base/ports.ts";
import type { PolicyGate } from "../../core/policy/actions.ts";
import { createMemoryStore } from "../../core/storage/memory_store.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import type { TableStore } from "../../core/storage/table_store.ts";
import { testPorts } from "./graph_protocol.ts";
import { createMemoryTables } from "./memory_tables.ts";

/** Keyed films and people, edges between them. */
export const FILM_SCHEMA = {
  path: "films.pg",
  text: `node Film {
  slug: String @key
  title: String
  year: I32?
}

node Person {
  slug: String @key
  name: String?
}

edge Directed: Person -> Film {
  credit: String?
}
`,
};

/** A stored graph that several "processes" open. */
export interface GraphWorld {
  readonly store: ObjectStore;
  readonly tables: TableStore;
  /** Opens the graph as a process of its own. */
  open(
    options?: { failpoint?: Failpoint; gate?: PolicyGate; errors?: unknown[]; wholeRowsMax?: number },
  ): Promise<EmbeddedGraph>;
}

/** Creates a graph in memory, of films unless another schema is given. */
export async function createFilmWorld(text: string = FILM_SCHEMA.text): Promise<GraphWorld> {
  const store = createMemoryStore();
  const tables = createMemoryTables();
  await createGraph({ store, schema: { path: FILM_SCHEMA.path, text }, ports: testPorts() });
  return {
    store,
    tables,
    open: ({ failpoint, gate, errors, wholeRowsMax } = {}) =>
      openGraph({
        store,
        tables,
        uri: "memory:films",
        ports: testPorts(failpoint),
        ...(gate === undefined ? {} : { gate }),
        ...(wholeRowsMax === undefined ? {} : { wholeRowsMax }),
        onBackgroundError: (error) => void errors?.push(error),
      }),
  };
}

/** Loads NDJSON lines given as objects. */
export function loadLines(
  graph: EmbeddedGraph,
  lines: readonly unknown[],
  options: { mode?: LoadMode; branch?: string; from?: string; actor?: string } = {},
): Promise<LoadOutput> {
  const data = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join("\n"));
  return graph.load({ data, mode: "merge", ...options });
}

/** A film line. */
export function film(slug: string, title = slug, year: number | null = null): unknown {
  return { type: "Film", data: { slug, title, year } };
}

/** A person line. */
export function person(slug: string, name: string | null = null): unknown {
  return { type: "Person", data: { slug, name } };
}

/** An edge line. */
export function directed(from: string, to: string): unknown {
  return { edge: "Directed", from, to };
}

/** Titles of all films by slug, read with a query. */
export async function titles(
  graph: EmbeddedGraph,
  target: { branch?: string; snapshot?: string } = {},
): Promise<Record<string, string>> {
  const source =
    "query all() { match { $f: Film } return { $f.slug as slug, $f.title as title } order { $f.slug } }";
  const { rows } = await graph.query({ source, ...target });
  const list = JSON.parse(rows.toJsonText()) as { slug: string; title: string }[];
  return Object.fromEntries(list.map(({ slug, title }) => [slug, title]));
}

/** Inserts (upserts) one film with a mutation. */
export const INSERT_FILM = `query add($slug: String, $title: String) {
  insert Film { slug: $slug, title: $title }
}`;

/** Renames films with a mutation. */
export const UPDATE_FILM = `query rename($slug: String, $title: String) {
  update Film set { title: $title } where slug = $slug
}`;

/** Deletes one film with a mutation. */
export const DELETE_FILM = `query drop($slug: String) {
  delete Film where slug = $slug
}`;

/** The AppError a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(() => null, (error: unknown) => error);
  if (error instanceof AppError) return error;
  throw new Error(`an AppError was expected, not ${error}`);
}
