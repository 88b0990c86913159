import assert from "node:assert/strict";
import fc from "fast-check";
import { allChanges, allDifferences, wholeFeed } from "../../../tests/support/change_pages.ts";
import {
  createFilmWorld,
  DELETE_FILM,
  film,
  loadLines,
  person,
  UPDATE_FILM,
} from "../../../tests/support/embedded_graphs.ts";
import { parseJson } from "../../base/lossless_json.ts";
import { AppError } from "../../errors.ts";
import type { EmbeddedGraph } from "../embedded.ts";
import type { EntityChange } from "./change.ts";

/** One random step on one of the branches; most kinds use some of the members. */
interface Step {
  readonly kind: "load" | "edges" | "update" | "delete" | "together" | "branch" | "merge" | "revert";
  readonly branch: number;
  readonly id: number;
  readonly ids: readonly number[];
  readonly overwrite: boolean;
  readonly large: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("load", "load", "edges", "update", "delete", "together", "branch", "merge", "revert"),
  branch: fc.nat({ max: 3 }),
  id: fc.nat({ max: 9 }),
  ids: fc.uniqueArray(fc.nat({ max: 9 }), { maxLength: 5 }),
  overwrite: fc.nat({ max: 3 }).map((n) => n === 0),
  large: fc.nat({ max: 4 }).map((n) => n === 0),
});

/** Long enough that 250 of them are no small commit. */
const LONG = "x".repeat(300);

/** Runs a step. Merges and reverts that conflict change nothing. */
async function run(graph: EmbeddedGraph, step: Step, branches: string[], n: number): Promise<void> {
  const branch = branches[step.branch % branches.length]!;
  const films = step.ids.map((i) => film(`f${i}`, `${i % 3}`));
  const slug = `f${step.id}`;
  const { commits } = await graph.commits(branch);
  const commit = commits[step.id % commits.length]!.graph_commit_id;
  switch (step.kind) {
    case "load": {
      const bulk = step.large ? Array.from({ length: 250 }, (_, i) => film(`bulk${i}`, LONG)) : [];
      if (!step.overwrite) return void await loadLines(graph, [...films, ...bulk], { branch });
      // Films that edges need stay, so that an overwrite is never refused.
      const kept = Array.from({ length: 10 }, (_, i) => film(`f${i}`, `${n}`));
      return void await loadLines(graph, [...kept, ...bulk], { mode: "overwrite", branch });
    }
    case "edges": {
      const edges = step.ids.map((i) => ({
        edge: "Directed",
        from: "p",
        to: `f${i}`,
        data: { id: `e${i % 4}`, credit: i % 2 === 0 ? null : `${n}` },
      }));
      return void await loadLines(graph, [person("p"), ...films, ...edges], { branch });
    }
    case "update":
      return void await graph.mutate({ source: UPDATE_FILM, params: { slug, title: `${n % 2}` }, branch });
    case "delete":
      return void await graph.mutate({ source: DELETE_FILM, params: { slug }, branch });
    case "together":
      return void await Promise.all(
        step.ids.map((i) => loadLines(graph, [film(`f${i}`, `${n}`), person(`p${i}`)], { branch })),
      );
    case "branch": {
      if (branches.length === 4) return;
      const name = `b${branches.length}`;
      await graph.createBranch(step.overwrite ? { name, from: branch } : { name, fromCommit: commit });
      return void branches.push(name);
    }
    case "merge": {
      const source = branches[step.id % branches.length]!;
      return void await graph.mergeBranch({ source, target: branch }).catch(refused);
    }
    case "revert":
      return void await graph.revertCommit({ commitId: commit, branch }).catch(refused);
  }
}

function refused(error: unknown): void {
  assert.ok(error instanceof AppError && error.facts.status < 500, String(error));
}

/** What a commit holds, by kind, type and id: the properties and endpoints of its export, as text. */
async function content(graph: EmbeddedGraph, snapshot: string): Promise<Map<string, string>> {
  let text = "";
  for await (const chunk of (await graph.export({ snapshot })).chunks) {
    text += new TextDecoder().decode(chunk);
  }
  const entities = new Map<string, string>();
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const record = parseJson(line) as Record<string, string> & { data: Record<string, unknown> };
    const { id, ...properties } = record.data;
    const { type, edge, from, to } = record;
    const key = type === undefined ? `edge ${edge} ${id}` : `node ${type} ${id}`;
    const endpoints = type === undefined ? { endpoints: { from, to } } : {};
    entities.set(key, JSON.stringify({ properties, ...endpoints }));
  }
  return entities;
}

/** The naive comparison of two contents, in no order. */
function differences(before: Map<string, string>, after: Map<string, string>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key))
    .map((key) => `${key}: ${before.get(key)} -> ${after.get(key)}`).sort();
}

function written(changes: readonly EntityChange[]): string[] {
  for (const { op, before, after } of changes) {
    assert.equal(op, before === undefined ? "insert" : after === undefined ? "delete" : "update");
  }
  const places = changes.map(({ kind, type, id }) => `${kind === "node" ? 0 : 1} ${type.id} ${id}`);
  assert.deepEqual(places, places.toSorted());
  return changes.map(({ kind, type, id, before, after }) =>
    `${kind} ${type.name} ${id}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`
  ).sort();
}

function applied(entities: Map<string, string>, changes: readonly EntityChange[]): void {
  for (const { kind, type, id, after } of changes) {
    const key = `${kind} ${type.name} ${id}`;
    if (after === undefined) entities.delete(key);
    else entities.set(key, JSON.stringify(after));
  }
}

Deno.test("changes, differences and feeds of random histories agree with comparing whole snapshots", async () => {
  const property = fc.asyncProperty(
    fc.array(step, { minLength: 3, maxLength: 40 }),
    fc.integer({ min: 1, max: 300 }),
    fc.boolean(),
    fc.infiniteStream(fc.nat()),
    async (steps, limit, looksUp, dice) => {
      const world = await createFilmWorld();
      const writer = await world.open();
      const branches = ["main"];
      for (const [n, step] of steps.entries()) await run(writer, step, branches, n);
      await writer.close();
      const graph = await world.open();
      // One that has read no table as a whole looks up the rows that it needs.
      const reader = looksUp ? await world.open({ wholeRowsMax: -Infinity }) : graph;
      const contents = new Map<string, Map<string, string>>();
      for (const branch of branches) {
        const { commits } = await graph.commits(branch);
        for (const { graph_commit_id: id } of commits) {
          if (!contents.has(id)) contents.set(id, await content(graph, id));
        }
        for (const { graph_commit_id: id, parent_commit_id: parent } of commits.slice(0, -1)) {
          const expected = differences(contents.get(parent!)!, contents.get(id)!);
          assert.deepEqual(written(await allChanges(reader, id, { limit })), expected);
        }
        const replayed = new Map<string, string>();
        const blocks = await wholeFeed(graph, { branch, start: "beginning", limit });
        for (const { changes } of blocks) applied(replayed, changes);
        assert.deepEqual(replayed, contents.get(commits[0]!.graph_commit_id));
        assert.equal(blocks.length, commits.length - 1);
      }
      const all = [...contents.keys()];
      for (let i = 0; i < 10; i++) {
        const [from, to] = [all[dice.next().value! % all.length]!, all[dice.next().value! % all.length]!];
        const expected = differences(contents.get(from)!, contents.get(to)!);
        assert.deepEqual(written(await allDifferences(reader, { from, to, limit })), expected);
      }
      if (reader !== graph) await reader.close();
      await graph.close();
    },
  );
  await fc.assert(property, { numRuns: Number(Deno.env.get("CHANGES_RUNS") ?? 25) });
});
