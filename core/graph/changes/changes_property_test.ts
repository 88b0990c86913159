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
import type { EmbeddedGraph } from "../embedded.ts";
import type { LoadMode } from "../graph.ts";
import type { EntityChange } from "./change.ts";

/** One random write. */
type Step =
  | {
    readonly kind: "load";
    readonly ids: readonly number[];
    readonly mode: LoadMode;
    readonly large: boolean;
  }
  | { readonly kind: "edges"; readonly ids: readonly number[] }
  | { readonly kind: "update" | "delete"; readonly id: number }
  | { readonly kind: "branch" }
  | { readonly kind: "together"; readonly ids: readonly number[] };

const id = fc.nat({ max: 9 });
const ids = fc.uniqueArray(id, { maxLength: 5 });
const step: fc.Arbitrary<{ readonly step: Step; readonly branch: number }> = fc.record({
  branch: fc.nat({ max: 3 }),
  step: fc.oneof(
    fc.record({
      kind: fc.constant("load" as const),
      ids,
      mode: fc.constantFrom<LoadMode>("merge", "merge", "overwrite"),
      large: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
    }),
    fc.record({ kind: fc.constant("edges" as const), ids }),
    fc.record({ kind: fc.constantFrom("update" as const, "delete" as const), id }),
    fc.record({ kind: fc.constant("branch" as const) }),
    fc.record({ kind: fc.constant("together" as const), ids }),
  ),
});

/** Long enough that 250 of them are no small commit. */
const LONG = "x".repeat(300);

async function run(graph: EmbeddedGraph, { kind, ...rest }: Step, branch: string, n: number): Promise<void> {
  const some = (rest as { ids?: readonly number[] }).ids ?? [];
  const films = some.map((i) => film(`f${i}`, `${i % 3}`));
  const one = { slug: `f${(rest as { id?: number }).id}` };
  switch (kind) {
    case "load": {
      const { mode, large } = rest as { mode: LoadMode; large: boolean };
      const bulk = large ? Array.from({ length: 250 }, (_, i) => film(`bulk${i}`, LONG)) : [];
      // Films that edges need stay, so that an overwrite is never refused.
      const kept = mode === "overwrite" ? Array.from({ length: 10 }, (_, i) => film(`f${i}`, `${n}`)) : [];
      await loadLines(graph, [...kept, ...(mode === "overwrite" ? [] : films), ...bulk], { mode, branch });
      return;
    }
    case "edges": {
      const edges = some.map((i) => ({
        edge: "Directed",
        from: "p",
        to: `f${i}`,
        data: { id: `e${i % 4}`, credit: i % 2 === 0 ? null : `${n}` },
      }));
      await loadLines(graph, [person("p"), ...films, ...edges], { branch });
      return;
    }
    case "update":
      await graph.mutate({ source: UPDATE_FILM, params: { ...one, title: `${n % 2}` }, branch });
      return;
    case "delete":
      await graph.mutate({ source: DELETE_FILM, params: one, branch });
      return;
    case "together":
      await Promise.all(
        some.map((i) => loadLines(graph, [film(`f${i}`, `${n}`), person(`p${i}`)], { branch })),
      );
  }
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
    fc.infiniteStream(fc.nat()),
    async (steps, limit, dice) => {
      const world = await createFilmWorld();
      const writer = await world.open();
      const branches = ["main"];
      for (const [n, { step, branch }] of steps.entries()) {
        const name = branches[branch % branches.length]!;
        if (step.kind !== "branch") await run(writer, step, name, n);
        else if (branches.length < 4) {
          await writer.createBranch({ name: `b${n}`, from: name });
          branches.push(`b${n}`);
        }
      }
      await writer.close();
      const graph = await world.open();
      const contents = new Map<string, Map<string, string>>();
      for (const branch of branches) {
        const { commits } = await graph.commits(branch);
        for (const { graph_commit_id: id } of commits) {
          if (!contents.has(id)) contents.set(id, await content(graph, id));
        }
        for (const { graph_commit_id: id, parent_commit_id: parent } of commits.slice(0, -1)) {
          const expected = differences(contents.get(parent!)!, contents.get(id)!);
          assert.deepEqual(written(await allChanges(graph, id, { limit })), expected);
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
        assert.deepEqual(written(await allDifferences(graph, { from, to, limit })), expected);
      }
      await graph.close();
    },
  );
  await fc.assert(property, { numRuns: Number(Deno.env.get("CHANGES_RUNS") ?? 25) });
});
