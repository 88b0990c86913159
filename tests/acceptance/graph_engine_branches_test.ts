/** Branches of a graph on a disk, with real tables: lines 24 to 27 and 35 of the checklist of the graph engine. */
import assert from "node:assert/strict";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import {
  directed,
  film,
  FILM_SCHEMA,
  INSERT_FILM,
  loadLines,
  person,
  rejection,
  titles,
  UPDATE_FILM,
} from "../support/embedded_graphs.ts";
import { withTempDir } from "../support/process.ts";

/** Runs a test with a graph on disk; `open` opens it as another process would. */
async function withGraph(body: (open: () => Promise<EmbeddedGraph>) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => {
    const root = { kind: "local", path: `${folder}/films.omni` } as const;
    await createGraph({ store: openObjectStore(root), schema: FILM_SCHEMA });
    const opened: EmbeddedGraph[] = [];
    const open = async () => {
      const graph = await openGraph({
        store: openObjectStore(root),
        tables: openTableStore(root),
        uri: root.path,
      });
      opened.push(graph);
      return graph;
    };
    try {
      await body(open);
    } finally {
      for (const graph of opened) await graph.close();
    }
  });
}

/** Films whose rows are too large for a log object. */
function bulk(prefix: string, count = 500): unknown[] {
  return Array.from({ length: count }, (_, i) => film(`${prefix}${i}`, `${prefix} `.repeat(60)));
}

function titlesOf(lines: readonly unknown[]): Record<string, string> {
  const rows = lines.map((line) => (line as { data: { slug: string; title: string } }).data);
  return sorted(Object.fromEntries(rows.map(({ slug, title }) => [slug, title])));
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}

const CREDITS = `query credits() { match { $p: Person $p directed $f } return { $p.slug as p, $f.slug as f }
  order { $f.slug } }`;

async function credits(
  graph: EmbeddedGraph,
  target: { branch?: string; snapshot?: string },
): Promise<string> {
  return (await graph.query({ source: CREDITS, ...target })).rows.toJsonText();
}

Deno.test("24: on a fresh branch the inherited head is the condition, also on one at an older commit", () =>
  withGraph(async (open) => {
    const graph = await open();
    for (const slug of ["a", "b", "c"]) await loadLines(graph, [film(slug)]);
    const [_, older] = (await graph.commits()).commits;
    await graph.createBranch({ name: "fresh" });
    await graph.createBranch({ name: "old", fromCommit: older!.graph_commit_id });
    const other = await open();
    for (const branch of ["fresh", "old"]) {
      const read = await other.query({
        source: "query all() { match { $f: Film } return { $f.slug } }",
        branch,
      });
      const add = (ifCommit: string) =>
        other.mutate({ source: INSERT_FILM, params: { slug: branch, title: branch }, branch, ifCommit });
      const stale = await rejection(add((await graph.commits()).commits.at(-1)!.graph_commit_id));
      assert.equal(stale.code, "precondition_failed");
      assert.equal(stale.detail.precondition_failure?.actual, read.graph_commit_id);
      const { commit } = await add(read.graph_commit_id);
      assert.equal(commit!.parent_commit_id, read.graph_commit_id);
    }
  }));

Deno.test("25: a branch lists its own commits and those inherited up to its fork, newest first", () =>
  withGraph(async (open) => {
    const graph = await open();
    await loadLines(graph, bulk("m"));
    await loadLines(graph, [film("x")]);
    const [, fork] = (await graph.commits()).commits;
    await graph.createBranch({ name: "side", fromCommit: fork!.graph_commit_id });
    await loadLines(graph, bulk("s"), { branch: "side" });
    await loadLines(graph, [film("late")]);
    const commits = (await (await open()).commits("side")).commits;
    assert.deepEqual(commits.map((each) => [each.graph_branch, each.graph_manifest_version]), [
      ["side", 3],
      [null, 2],
      [null, 1],
    ]);
    assert.equal(commits[1]!.graph_commit_id, fork!.graph_commit_id);
  }));

Deno.test("26: a deleted branch leaves nothing that one with its name could meet, in tables either", () =>
  withGraph(async (open) => {
    const [graph, other] = [await open(), await open()];
    const base = bulk("m");
    await loadLines(graph, base);
    for (let life = 0; life < 3; life++) {
      await graph.createBranch({ name: "a" });
      await loadLines(other, bulk(`life${life}-`), { branch: "a" });
      await graph.mutate({ source: UPDATE_FILM, params: { slug: "m0", title: `life ${life}` }, branch: "a" });
      const expected = {
        ...titlesOf([...base, ...bulk(`life${life}-`)]),
        m0: `life ${life}`,
      };
      for (const reader of [graph, other, await open()]) {
        assert.deepEqual(await titles(reader, { branch: "a" }), sorted(expected));
        assert.deepEqual(await titles(reader), titlesOf(base));
      }
      const [own] = (await other.commits("a")).commits;
      await (life % 2 === 0 ? graph : other).deleteBranch({ name: "a" });
      for (const reader of [graph, other]) {
        assert.equal((await rejection(titles(reader, { branch: "a" }))).code, "branch_not_found");
        assert.equal(
          (await rejection(titles(reader, { snapshot: own!.graph_commit_id }))).code,
          "commit_not_found",
        );
      }
    }
  }));

Deno.test("27: later commits of the source do not show on the branch, however deep it is", () =>
  withGraph(async (open) => {
    const graph = await open();
    const expected = new Map<string, Record<string, string>>();
    let rows = titlesOf(bulk("m"));
    await loadLines(graph, bulk("m"));
    expected.set("main", rows);
    let from = "main";
    for (const name of ["one", "two", "three"]) {
      await graph.createBranch({ name, from });
      await loadLines(graph, bulk(`${name}-`, 300), { branch: name });
      rows = sorted({ ...rows, ...titlesOf(bulk(`${name}-`, 300)) });
      expected.set(name, rows);
      from = name;
    }
    for (const name of ["main", "one", "two"]) {
      const late = bulk(`late-${name}-`, 300);
      await loadLines(graph, late, { branch: name });
      expected.set(name, sorted({ ...expected.get(name), ...titlesOf(late) }));
    }
    for (const reader of [graph, await open()]) {
      for (const [name, rows] of expected) assert.deepEqual(await titles(reader, { branch: name }), rows);
    }
  }));

Deno.test("35: an old commit has its old rows and traversals, on the branch that wrote it and on one that starts there", () =>
  withGraph(async (open) => {
    const graph = await open();
    await loadLines(graph, [person("ines"), ...bulk("m"), directed("ines", "m1")]);
    await graph.createBranch({ name: "side" });
    await loadLines(graph, [directed("ines", "m2")], { branch: "side" });
    await loadLines(graph, [...bulk("s"), directed("ines", "s1")], { branch: "side" });
    const { commits } = await graph.commits("side");
    const expected = ['[{"p":"ines","f":"m1"}', ',{"p":"ines","f":"m2"}', ',{"p":"ines","f":"s1"}'];
    for (const [i, each] of commits.slice(0, 3).entries()) {
      const id = each.graph_commit_id;
      const text = `${expected.slice(0, 3 - i).join("")}]`;
      await graph.createBranch({ name: `at${i}`, fromCommit: id });
      await loadLines(graph, [film("own")], { branch: `at${i}` });
      for (const reader of [graph, await open()]) {
        assert.equal(await credits(reader, { snapshot: id }), text);
        assert.equal(await credits(reader, { branch: `at${i}` }), text);
        assert.equal(Object.keys(await titles(reader, { branch: `at${i}` })).length, i === 0 ? 1001 : 501);
      }
    }
    const unknown = await rejection(credits(graph, { snapshot: "01J00000000000000000000000" }));
    assert.equal(unknown.code, "commit_not_found");
  }));
