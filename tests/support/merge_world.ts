/** Graphs with two branches whose content a test edits and compares, for merges. */
import { AppError, type MergeConflict } from "../../core/errors.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createFilmWorld, type GraphWorld, loadLines } from "./embedded_graphs.ts";

/** Nodes and edges with every kind of constraint. */
export const MERGE_SCHEMA = `node Film {
  slug: String @key
  title: String?
  tags: [String]?
  code: String? @unique
}

node Person {
  slug: String @key
  name: String?
}

edge Directed: Person -> Film @card(0..2) {
  label: String
  credit: String?
}

edge Knows: Person -> Person {
  label: String
  since: I32?
  @unique(src, dst)
}
`;

/** All entities of a branch: images by id, by `Type`. */
export type Entities = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

/** Opens a graph with {@linkcode MERGE_SCHEMA} and loads lines into main. */
export async function openMergeWorld(
  lines: readonly unknown[],
): Promise<{ readonly graph: EmbeddedGraph; readonly world: GraphWorld }> {
  const world = await createFilmWorld(MERGE_SCHEMA);
  const graph = await world.open();
  if (lines.length > 0) await loadLines(graph, lines);
  return { graph, world };
}

/** A film line. */
export function film(slug: string, data: Readonly<Record<string, unknown>> = {}): unknown {
  return { type: "Film", data: { slug, ...data } };
}

/** A person line. */
export function person(slug: string, data: Readonly<Record<string, unknown>> = {}): unknown {
  return { type: "Person", data: { slug, ...data } };
}

/** An edge line with an id, which its label repeats so that queries can tell it. */
export function edge(
  type: "Directed" | "Knows",
  id: string,
  from: string,
  to: string,
  data: Readonly<Record<string, unknown>> = {},
): unknown {
  return { edge: type, from, to, data: { id, label: id, ...data } };
}

/** Runs one mutation on a branch. */
export async function mutate(graph: EmbeddedGraph, branch: string, body: string): Promise<void> {
  await graph.mutate({ source: `query change() { ${body} }`, branch });
}

const CONTENT = {
  Film: "match { $f: Film } return { $f.slug as id, $f.title as title, $f.tags as tags, $f.code as code }",
  Person: "match { $p: Person } return { $p.slug as id, $p.name as name }",
  Directed: "match { $p: Person $f: Film $p $e:directed $f } " +
    "return { $e.label as id, $p.slug as src, $f.slug as dst, $e.credit as credit }",
  Knows: "match { $a: Person $b: Person $a $e:knows $b } " +
    "return { $e.label as id, $a.slug as src, $b.slug as dst, $e.since as since }",
};

/** Everything a branch, or a commit, holds. */
export async function contentOf(
  graph: EmbeddedGraph,
  target: { readonly branch?: string; readonly snapshot?: string },
): Promise<Entities> {
  const content: Record<string, Record<string, Record<string, unknown>>> = {};
  for (const [type, body] of Object.entries(CONTENT)) {
    const { rows } = await graph.query({ source: `query all() { ${body} }`, ...target });
    const list = JSON.parse(rows.toJsonText()) as Record<string, unknown>[];
    content[type] = Object.fromEntries(list.map(({ id, ...image }) => [id as string, image]));
  }
  return content;
}

/** The conflicts that a merge or revert was refused with. */
export async function conflictsOf(refused: Promise<unknown>): Promise<readonly MergeConflict[]> {
  try {
    await refused;
  } catch (error) {
    if (error instanceof AppError && error.code === "merge_conflict") {
      return error.detail.merge_conflicts ?? [];
    }
    throw error;
  }
  throw new Error("the merge was made");
}

/** Conflicts as short texts: kind, type and id. */
export async function conflictTexts(refused: Promise<unknown>): Promise<string[]> {
  const conflicts = await conflictsOf(refused);
  return conflicts.map(({ kind, type_name, entity_id }) => `${kind} ${type_name} ${entity_id}`);
}
