/** The acceptance checklist of the graph engine: snapshots by commit, branch and time, and entities at a version. */
import assert from "node:assert/strict";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import type { CommitOutput, ReadTarget } from "../../core/graph/graph.ts";
import {
  createFilmWorld,
  directed,
  film,
  FILM_SCHEMA,
  loadLines,
  person,
  rejection,
} from "../support/embedded_graphs.ts";

const WHO = `query who() {
  match { $p: Person $p directed $f } return { $p.slug as person, $f.slug as film, $f.title as title } order { $f.slug }
}`;

async function rows(graph: EmbeddedGraph, source: string, target: ReadTarget): Promise<unknown> {
  return JSON.parse((await graph.query({ source, ...target })).rows.toJsonText());
}

async function head(graph: EmbeddedGraph, branch = "main"): Promise<CommitOutput> {
  return (await graph.commits(branch)).commits[0]!;
}

/** The time of a commit as a reader gives it. */
function timeOf({ created_at: micros }: CommitOutput): string {
  return `${new Date(Math.floor(micros / 1000)).toISOString().slice(0, -1)}${
    String(micros % 1000).padStart(3, "0")
  }Z`;
}

async function withFilms(use: (graph: EmbeddedGraph, old: CommitOutput) => Promise<void>): Promise<void> {
  const graph = await (await createFilmWorld(FILM_SCHEMA.text)).open();
  try {
    await loadLines(graph, [film("a", "A", 1931), film("b", "B"), person("ines"), directed("ines", "a")]);
    const old = await head(graph);
    await loadLines(graph, [film("a", "A again"), film("c", "C"), directed("ines", "c")]);
    await use(graph, old);
  } finally {
    await graph.close();
  }
}

Deno.test("35: an old commit has its old rows and traversals, by id and by time; an unknown id is 404", async () => {
  await withFilms(async (graph, old) => {
    const now = [
      { person: "ines", film: "a", title: "A again" },
      { person: "ines", film: "c", title: "C" },
    ];
    for (const target of [{ snapshot: old.graph_commit_id }, { asOf: timeOf(old) }]) {
      assert.deepEqual(await rows(graph, WHO, target), [{ person: "ines", film: "a", title: "A" }]);
      assert.equal((await graph.query({ source: WHO, ...target })).graph_commit_id, old.graph_commit_id);
    }
    assert.deepEqual(await rows(graph, WHO, {}), now);
    const snapshot = "01J00000000000000000000000";
    for (
      const read of [
        graph.query({ source: WHO, snapshot }),
        graph.snapshot({ snapshot }),
        graph.export({ snapshot }),
        graph.entity({ kind: "node", type: "Film", id: "a", snapshot }),
      ]
    ) {
      const error = await rejection(read);
      assert.deepEqual([error.code, error.message], ["commit_not_found", `commit '${snapshot}' not found`]);
    }
    const both = await rejection(graph.query({ source: WHO, branch: "main", snapshot: old.graph_commit_id }));
    assert.equal(both.code, "invalid_input");
  });
});

Deno.test("35: at an old commit a renamed type is read by its new name, a type added again is not there", async () => {
  await withFilms(async (graph, old) => {
    const edit = async (text: string) => await graph.schemaUpdate({ path: "films.pg", text });
    const people =
      "edge Directed: Person -> Movie { credit: String? }\nnode Person { slug: String @key  name: String? }";
    await edit(
      `node Movie @rename_from("Film") { slug: String @key  title: String  year: I32?  stars: I32? }\n${people}`,
    );
    const snapshot = old.graph_commit_id;
    const movies =
      "query m() { match { $m: Movie } return { $m.slug as slug, $m.year as year, $m.stars as stars } }";
    assert.deepEqual(await rows(graph, movies, { snapshot }), [
      { slug: "a", year: 1931, stars: null },
      { slug: "b", year: null, stars: null },
    ]);
    assert.deepEqual(await rows(graph, WHO, { snapshot }), [{ person: "ines", film: "a", title: "A" }]);
    const movie = { kind: "node", type: "Movie", id: "a", snapshot } as const;
    assert.deepEqual((await graph.entity(movie)).properties, {
      slug: "a",
      stars: null,
      title: "A",
      year: 1931,
    });

    await edit("node Person { slug: String @key  name: String? }");
    await edit(`node Movie { slug: String @key  title: String  year: I32?  stars: I32? }\n${people}`);
    await loadLines(graph, [{ type: "Movie", data: { slug: "a", title: "Another" } }]);
    const gone = /^node type 'Movie' does not exist at this snapshot$/;
    assert.match((await rejection(graph.query({ source: movies, snapshot }))).message, gone);
    assert.match((await rejection(graph.entity(movie))).message, gone);
    assert.equal((await graph.entity({ ...movie, snapshot: (await head(graph)).graph_commit_id })).id, "a");
  });
});

Deno.test("a snapshot lists every table at a branch, a commit or a time, by type key", async () => {
  await withFilms(async (graph, old) => {
    const counts = async (target: ReadTarget) => {
      const { graph_branch, graph_manifest_version, datasets } = await graph.snapshot(target);
      const tables = datasets.map((one) => `${one.entity_kind}:${one.type_name} ${one.entity_count}`);
      return [graph_branch, graph_manifest_version, ...tables];
    };
    const then = ["main", 2, "edge:Directed 1", "node:Film 2", "node:Person 1"];
    assert.deepEqual(await counts({}), ["main", 3, "edge:Directed 2", "node:Film 3", "node:Person 1"]);
    assert.deepEqual(await counts({ snapshot: old.graph_commit_id }), then);
    assert.deepEqual(await counts({ asOf: timeOf(old) }), then);
    const [genesis] = (await graph.commits()).commits.slice(-1);
    const empty = ["main", 1, "edge:Directed 0", "node:Film 0", "node:Person 0"];
    assert.deepEqual(await counts({ snapshot: genesis!.graph_commit_id }), empty);
    await graph.createBranch({ name: "draft" });
    assert.deepEqual(await counts({ branch: "draft", asOf: timeOf(old) }), ["draft", ...then.slice(1)]);
    await loadLines(graph, [film("d")], { branch: "draft" });
    const { graph_commit_id: snapshot } = await head(graph, "draft");
    assert.deepEqual((await counts({ snapshot })).slice(0, 2), ["draft", 4]);
  });
});

Deno.test("an entity is shown whole, at any commit, with its values as exports say them", async () => {
  const schema =
    `node Reel { n: U64 @key  shown: Date?  at: DateTime?  ratio: F32?  tags: [String]?  face: Vector(2)? }
    edge Follows: Reel -> Reel { since: Date? }`;
  const graph = await (await createFilmWorld(schema)).open();
  await loadLines(graph, [
    {
      type: "Reel",
      data: {
        n: 7,
        shown: "1970-01-11",
        at: "1970-01-01T00:00:01Z",
        ratio: 0.1,
        tags: ["x"],
        face: [1, 0.5],
      },
    },
    { type: "Reel", data: { n: 8 } },
    { edge: "Follows", from: "7", to: "8", data: { id: "f", since: "1970-01-02" } },
  ]);
  const { graph_commit_id } = await head(graph);
  const reel = { kind: "node", type: "Reel", id: "7" } as const;
  const properties = {
    at: 1000,
    face: [1, 0.5],
    n: 7n,
    ratio: Math.fround(0.1),
    shown: 10,
    tags: ["x"],
  };
  const shown = await graph.entity(reel);
  assert.deepEqual(shown, {
    graph_commit_id,
    ...reel,
    properties,
  });
  assert.deepEqual(Object.keys(shown.properties), Object.keys(properties));
  const edge = await graph.entity({ kind: "edge", type: "Follows", id: "f" });
  assert.deepEqual([edge.endpoints, edge.properties], [{ from: "7", to: "8" }, { since: 1 }]);

  await graph.mutate({ source: "query d() { delete Reel where n = 7 }" });
  for (const [gone, target] of [[reel, {}], [{ ...reel, id: "9" }, { snapshot: graph_commit_id }]] as const) {
    const error = await rejection(graph.entity({ ...gone, ...target }));
    assert.deepEqual([error.code, error.message], [
      "entity_not_found",
      `node '${gone.id}' of type 'Reel' not found`,
    ]);
  }
  assert.equal((await graph.entity({ ...reel, snapshot: graph_commit_id })).id, "7");
  const unknown = await rejection(graph.entity({ ...reel, type: "Rel" }));
  assert.match(unknown.message, /^unknown node type 'Rel': did you mean `Reel`\?$/);
  await graph.close();
});
