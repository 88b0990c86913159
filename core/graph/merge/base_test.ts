import assert from "node:assert/strict";
import fc from "fast-check";
import { must } from "../../base/assert.ts";
import type { Ancestor, Ancestry } from "./ancestor_search.ts";
import { findBase } from "./base.ts";

interface Node extends Ancestor {
  readonly parent: string | null;
}

/** A history from `id: parent[ + merged parent]` lines; sequences count along first parents. */
function history(text: string): Map<string, Node> {
  const nodes = new Map<string, Node>();
  for (const line of text.trim().split("\n")) {
    const [id, parents = ""] = line.trim().split(/:\s*/) as [string, string?];
    const [parent = "", merged] = parents.split(/\s*\+\s*/);
    const before = nodes.get(parent);
    const sequence = (before?.commit.sequence ?? 0) + 1;
    nodes.set(id, {
      parent: before === undefined ? null : parent,
      commit: { id, sequence, mergedParent: merged ?? null },
    });
  }
  return nodes;
}

/** Walks a history and counts the commits that are looked at. */
function ancestryOf(nodes: ReadonlyMap<string, Node>): Ancestry<Node> & { reads: number } {
  const ancestry = {
    reads: 0,
    async *firstParents(place: Node): AsyncGenerator<Node, undefined> {
      for (
        let at: Node | undefined = place;
        at !== undefined;
        at = at.parent === null ? undefined : nodes.get(at.parent)
      ) {
        ancestry.reads++;
        yield await Promise.resolve(at);
      }
    },
    mergedParent: ({ commit }: Node) => Promise.resolve(nodes.get(commit.mergedParent ?? "") ?? null),
  };
  return ancestry;
}

async function baseOf(
  nodes: ReadonlyMap<string, Node>,
  source: string,
  target: string,
): Promise<string | null> {
  const found = await findBase(
    must(nodes.get(source), source),
    must(nodes.get(target), target),
    ancestryOf(nodes),
  );
  return found?.base.commit.id ?? null;
}

Deno.test("the base of a fresh branch is its fork point, also when main has moved on", async () => {
  const nodes = history(`
    1
    2: 1
    3: 2
    a: 2
    b: a
  `);
  assert.equal(await baseOf(nodes, "b", "3"), "2");
  assert.equal(await baseOf(nodes, "3", "b"), "2");
  assert.equal(await baseOf(nodes, "2", "3"), "2");
  assert.equal(await baseOf(nodes, "3", "2"), "2");
  assert.equal(await baseOf(nodes, "b", "b"), "b");
});

Deno.test("after a merge the merged commit is the base, in both directions", async () => {
  const nodes = history(`
    1
    2: 1
    a: 1
    b: a
    3: 2 + b
    4: 3
    c: b
  `);
  assert.equal(await baseOf(nodes, "c", "4"), "b");
  assert.equal(await baseOf(nodes, "4", "c"), "b");
  assert.equal(await baseOf(nodes, "b", "4"), "b");
});

Deno.test("of two equally near ancestors the one with the higher sequence wins, then the higher id", async () => {
  const crossed = history(`
    1
    2: 1
    a: 1
    3: 2 + a
    b: a + 2
  `);
  assert.equal(await baseOf(crossed, "b", "3"), "a");
  const uneven = history(`
    1
    2: 1
    x: 2
    a: 1
    3: x + a
    b: a + x
  `);
  assert.equal(await baseOf(uneven, "b", "3"), "x");
});

Deno.test("a nearer common ancestor beats a newer one", async () => {
  const nodes = history(`
    1
    s1: 1
    s2: s1
    s3: s2
    t1: 1
    t2: t1 + s1
    t3: t2
    t4: t3
    t5: t4 + 1
  `);
  assert.equal(await baseOf(nodes, "s3", "t4"), "s1");
  assert.equal(await baseOf(nodes, "s3", "t5"), "1");
});

Deno.test("commits that are not found any more do not count, and nothing in common is null", async () => {
  const nodes = history(`
    1
    2: 1 + gone
    a: 1
    alone
  `);
  assert.equal(await baseOf(nodes, "a", "2"), "1");
  assert.equal(await baseOf(nodes, "alone", "2"), null);
});

Deno.test("what lies behind the base is read no further than the way to it", async () => {
  const lines = ["0", ...Array.from({ length: 999 }, (_, i) => `${i + 1}: ${i}`), "a: 995", "b: a"];
  const nodes = history(lines.join("\n"));
  const ancestry = ancestryOf(nodes);
  const base = await findBase(nodes.get("b")!, nodes.get("999")!, ancestry);
  assert.equal(base?.base.commit.id, "995");
  assert.deepEqual(base.way.map(({ child, link }) => `${child.commit.id} ${link}`), ["b parent", "a parent"]);
  assert.ok(ancestry.reads <= 16, `${ancestry.reads} commits were read`);
});

const graph = fc.array(fc.tuple(fc.nat(), fc.option(fc.nat(), { nil: null })), {
  minLength: 1,
  maxLength: 24,
});

Deno.test("findBase() agrees with distances computed over the whole history", async () => {
  await fc.assert(
    fc.asyncProperty(graph, fc.nat(), fc.nat(), async (steps, from, to) => {
      const lines = steps.map(([parent, merged], i) =>
        i === 0 ? "00" : `${name(i)}: ${name(parent % i)}${merged === null ? "" : ` + ${name(merged % i)}`}`
      );
      const nodes = history(lines.join("\n"));
      const source = name(from % steps.length);
      const target = name(to % steps.length);
      const [a, b] = [distances(nodes, source), distances(nodes, target)];
      const sum = (id: string) => a.get(id)! + b.get(id)!;
      const sequence = (id: string) => nodes.get(id)!.commit.sequence;
      const common = [...a.keys()].filter((id) => b.has(id)).sort((x, y) =>
        sum(x) - sum(y) || sequence(y) - sequence(x) || (x < y ? 1 : -1)
      );
      assert.equal(await baseOf(nodes, source, target), common[0]);
    }),
    { numRuns: 500 },
  );
});

function name(i: number): string {
  return String(i).padStart(2, "0");
}

function distances(nodes: ReadonlyMap<string, Node>, head: string): Map<string, number> {
  const found = new Map([[head, 0]]);
  for (const [id, distance] of found) {
    const { parent, commit: { mergedParent } } = nodes.get(id)!;
    for (const next of [parent, mergedParent]) {
      if (next !== null && !found.has(next)) found.set(next, distance + 1);
    }
  }
  return found;
}
