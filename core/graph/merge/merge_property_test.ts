import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../../errors.ts";
import { loadLines } from "../../../tests/support/embedded_graphs.ts";
import {
  contentOf,
  edge,
  type Entities,
  film,
  mutate,
  openMergeWorld,
  person,
} from "../../../tests/support/merge_world.ts";
import type { EmbeddedGraph } from "../embedded.ts";
import type { LoadMode } from "../graph.ts";

type Edit = (graph: EmbeddedGraph, branch: string) => Promise<unknown>;

const filmId = fc.constantFrom("f-1", "f-2", "f-3", "f-4");
const personId = fc.constantFrom("p-1", "p-2", "p-3");
const word = fc.option(fc.constantFrom("x", "y"), { nil: null });

function loading(lines: readonly unknown[], mode: LoadMode = "merge"): Edit {
  return (graph, branch) => loadLines(graph, lines, { branch, mode });
}

function running(body: string): Edit {
  return (graph, branch) => mutate(graph, branch, body);
}

const filmLine = fc.tuple(filmId, word, word).map(([id, title, code]) => film(id, { title, code }));
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 4, arbitrary: fc.array(filmLine, { minLength: 1, maxLength: 3 }).map(loading) },
  { weight: 2, arbitrary: fc.tuple(personId, word).map(([id, name]) => loading([person(id, { name })])) },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constantFrom("d-1", "d-2", "d-3", "d-4"), personId, filmId).map(([id, from, to]) =>
      loading([edge("Directed", id, from, to)])
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constantFrom("k-1", "k-2", "k-3"), personId, personId, word).map((
      [id, from, to, since],
    ) => loading([edge("Knows", id, from, to, { since: since === null ? null : since === "x" ? 1 : 2 })])),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.array(filmLine, { minLength: 1, maxLength: 3 }),
      fc.uniqueArray(personId, { minLength: 1 }).map((ids) => ids.map((id) => person(id))),
      fc.tuple(personId, personId).map(([from, to]) => [edge("Knows", "k-1", from, to)]),
    ).map((lines) => loading(lines, "overwrite")),
  },
  { weight: 2, arbitrary: filmId.map((id) => running(`delete Film where slug = "${id}"`)) },
  { weight: 2, arbitrary: personId.map((id) => running(`delete Person where slug = "${id}"`)) },
  { weight: 1, arbitrary: personId.map((id) => running(`delete Directed where from = "${id}"`)) },
  {
    weight: 1,
    arbitrary: filmId.map((id) => running(`update Film set { title: "z" } where slug = "${id}"`)),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom("a", "b"), fc.integer({ min: 40, max: 45 })).map((
      [letter, count],
    ) =>
      loading(Array.from({ length: count }, (_, i) => film(`bulk-${i}`, { title: letter.repeat(30_000) })))
    ),
  },
);

/** Runs an edit; one that the graph refuses changes nothing. */
async function attempt(graph: EmbeddedGraph, branch: string, run: Edit): Promise<void> {
  try {
    await run(graph, branch);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "constraint_violation") throw error;
  }
}

/** Ancestors of a commit by distance, from what the graph tells about its commits. */
async function distances(graph: EmbeddedGraph, head: string): Promise<Map<string, number>> {
  const found = new Map([[head, 0]]);
  for (const [id, distance] of found) {
    const { parent_commit_id, merged_parent_commit_id } = await graph.commit(id);
    for (const parent of [parent_commit_id, merged_parent_commit_id]) {
      if (parent !== null && !found.has(parent)) found.set(parent, distance + 1);
    }
  }
  return found;
}

async function headOf(graph: EmbeddedGraph, branch: string): Promise<string> {
  return (await graph.commits(branch)).commits[0]!.graph_commit_id;
}

async function naiveBase(graph: EmbeddedGraph, source: string, target: string): Promise<string> {
  const [a, b] = [await distances(graph, source), await distances(graph, target)];
  const common = [...a.keys()].filter((id) => b.has(id));
  const version = new Map<string, number>();
  for (const id of common) version.set(id, (await graph.commit(id)).graph_manifest_version);
  const sum = (id: string) => a.get(id)! + b.get(id)!;
  return common.sort((x, y) => sum(x) - sum(y) || version.get(y)! - version.get(x)! || (x < y ? 1 : -1))[0]!;
}

/** The merged content, or the conflicts that need no constraint to see. */
function naiveMerge(
  base: Entities,
  source: Entities,
  target: Entities,
): { merged: Entities; conflicts: string[] } {
  const merged: Record<string, Record<string, Record<string, unknown>>> = {};
  const conflicts: string[] = [];
  for (const type of ["Directed", "Knows", "Film", "Person"]) {
    merged[type] = {};
    const ids = new Set([base, source, target].flatMap((side) => Object.keys(side[type]!)));
    for (const id of [...ids].sort()) {
      const [b, s, t] = [base, source, target].map((side) =>
        side[type]![id]
      ) as (Record<string, unknown> | undefined)[];
      const same = (x: unknown, y: unknown) => JSON.stringify(x) === JSON.stringify(y);
      if (!same(s, b) && !same(t, b) && !same(s, t)) {
        const kind = b === undefined ? "divergent_insert" : s && t ? "divergent_update" : "delete_vs_update";
        conflicts.push(`${kind} ${type} ${id}`);
      }
      const image = same(s, b) ? t : s;
      if (image !== undefined) merged[type][id] = image;
    }
  }
  return { merged, conflicts };
}

/** What the merged content breaks: kinds and types, orphans with their ids, once per missing end. */
function naiveViolations({ Film, Person, Directed, Knows }: Entities): string[] {
  const broken: string[] = [];
  const repeats = (values: readonly (string | null)[]) => {
    const known = values.filter((value) => value !== null);
    return new Set(known).size < known.length;
  };
  if (repeats(Object.values(Film!).map(({ code }) => code as string | null))) {
    broken.push("unique_violation Film");
  }
  if (repeats(Object.values(Knows!).map(({ src, dst }) => `${src} ${dst}`))) {
    broken.push("unique_violation Knows");
  }
  for (
    const [type, edges, targets] of [["Directed", Directed!, Film!], ["Knows", Knows!, Person!]] as const
  ) {
    for (const [id, { src, dst }] of Object.entries(edges)) {
      if (Person![src as string] === undefined) broken.push(`orphan_edge ${type} ${id}`);
      if (targets[dst as string] === undefined) broken.push(`orphan_edge ${type} ${id}`);
    }
  }
  const sources = Object.values(Directed!).map(({ src }) => src as string).filter((src) =>
    Person![src] !== undefined
  );
  for (const source of new Set(sources)) {
    if (sources.filter((src) => src === source).length > 2) broken.push("cardinality_violation Directed");
  }
  return broken.sort();
}

async function conflictsOf(merge: Promise<unknown>): Promise<string[] | null> {
  try {
    await merge;
    return null;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "merge_conflict") throw error;
    return error.detail.merge_conflicts!.map(({ kind, type_name, entity_id }) =>
      `${kind} ${type_name}${entity_id === null ? "" : ` ${entity_id}`}`
    );
  }
}

/** Merges with `merger` and compares with the naive merge; returns whether the merge was made. */
async function checkedMerge(
  graph: EmbeddedGraph,
  merger: EmbeddedGraph,
  source: string,
  target: string,
): Promise<boolean> {
  const [from, to] = [await headOf(graph, source), await headOf(graph, target)];
  const baseId = await naiveBase(graph, from, to);
  const [base, s, t] = [
    await contentOf(graph, { snapshot: baseId }),
    await contentOf(graph, { branch: source }),
    await contentOf(graph, { branch: target }),
  ];
  const { merged, conflicts } = naiveMerge(base, s, t);
  let outcome = "";
  const told = await conflictsOf(
    merger.mergeBranch({ source, target }).then((result) => outcome = result.outcome),
  );
  if (told !== null) {
    assert.deepEqual(await contentOf(graph, { branch: target }), t);
    assert.equal(await headOf(graph, target), to);
    if (conflicts.length > 0) assert.deepEqual(told, conflicts);
    else {
      const kinds = told.map((text) => text.replace(/^(unique_violation \w+).*/, "$1"));
      const isUnique = (text: string) => text.startsWith("unique");
      const once = [...new Set(kinds.filter(isUnique)), ...kinds.filter((text) => !isUnique(text))];
      assert.deepEqual(once.sort(), naiveViolations(merged));
    }
    return false;
  }
  assert.deepEqual(conflicts, []);
  assert.deepEqual(naiveViolations(merged), []);
  assert.equal(outcome, baseId === from ? "already_up_to_date" : baseId === to ? "fast_forward" : "merged");
  assert.deepEqual(await contentOf(graph, { branch: target }), merged);
  assert.deepEqual(await contentOf(graph, { branch: source }), s);
  assert.equal((await graph.mergeBranch({ source, target })).outcome, "already_up_to_date");
  return true;
}

const edits = fc.array(edit, { minLength: 1, maxLength: 4 });
/** A cold merge is made in a process that has nothing in memory, and looks up the rows it needs. */
const round = fc.record({ main: edits, draft: edits, forward: fc.boolean(), cold: fc.boolean() });

/** So large that they are written to tables; what makes them large goes at once. */
const START = [
  film("large", { title: "x".repeat(70_000) }),
  film("f-1"),
  film("f-2"),
  person("p-1"),
  person("p-2"),
  edge("Directed", "d-1", "p-1", "f-1"),
  edge("Directed", "d-2", "p-2", "f-1"),
  edge("Knows", "k-1", "p-1", "p-2"),
];

Deno.test("random edits on two branches merge as a naive model says, in both directions, again and again", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(edit, { maxLength: 8 }),
      fc.array(round, { minLength: 1, maxLength: 4 }),
      async (start, rounds) => {
        const { graph, world } = await openMergeWorld(START);
        await mutate(graph, "main", 'delete Film where slug = "large"');
        for (const run of start) await attempt(graph, "main", run);
        await graph.createBranch({ name: "draft" });
        for (const { main, draft, forward, cold } of rounds) {
          for (const run of main) await attempt(graph, "main", run);
          for (const run of draft) await attempt(graph, "draft", run);
          const [source, target] = forward ? ["draft", "main"] as const : ["main", "draft"] as const;
          const merger = cold ? await world.open({ wholeRowsMax: -Infinity }) : graph;
          if (await checkedMerge(graph, merger, source, target)) {
            await checkedMerge(graph, merger, target, source);
          }
          if (cold) await merger.close();
        }
        await graph.close();
      },
    ),
    { numRuns: 60 },
  );
});
