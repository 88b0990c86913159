import assert from "node:assert/strict";
import fc from "fast-check";
import { must } from "../../base/assert.ts";
import type { Ancestry } from "./ancestor_search.ts";
import { findBase } from "./base.ts";
import { type MergeAncestor, touchingCommits } from "./touching_commits.ts";

type State = Readonly<Record<string, number>>;

/** A commit of a simulated history with its whole content. */
interface Node extends MergeAncestor {
  readonly state: State;
  readonly touched: readonly string[];
}

/** Branches of numbers by id, merged three-way as the product merges entities. */
class History {
  readonly nodes = new Map<string, Node>();
  readonly heads = new Map<string, Node>();
  readonly ancestry: Ancestry<Node> = {
    firstParents: (place) => this.#firstParents(place),
    mergedParent: ({ commit }) => Promise.resolve(this.nodes.get(commit.mergedParent ?? "") ?? null),
  };

  constructor() {
    this.heads.set("main", this.#add(null, {}, null));
  }

  fork(name: string, from: string): void {
    this.heads.set(name, this.heads.get(from)!);
  }

  edit(branch: string, changes: State): void {
    const head = this.heads.get(branch)!;
    this.heads.set(branch, this.#add(head, { ...head.state, ...changes }, null));
  }

  /** Merges unless something diverged; returns the ids that the commits on the way name, before merging. */
  async merge(from: string, to: string): Promise<readonly string[] | null> {
    const [source, target] = [this.heads.get(from)!, this.heads.get(to)!];
    const { base, way } = must(
      await findBase(source, target, this.ancestry),
      "all descend from the first commit",
    );
    const commits = await touchingCommits(way, this.ancestry);
    const listed = commits?.flatMap(({ id }) => this.nodes.get(id)!.touched) ?? null;
    const ids = new Set([...Object.keys(base.state), ...Object.keys(source.state)]);
    const differing = [...ids].filter((id) => base.state[id] !== source.state[id]);
    if (listed !== null) { for (const id of differing) assert.ok(listed.includes(id), `${id} is listed`); }
    if (base === source) return listed;
    const merged: Record<string, number> = { ...target.state };
    for (const id of differing) {
      const [b, s, t] = [base, source, target].map(({ state }) => state[id]);
      if (t !== b && t !== s) return listed;
      merged[id] = s!;
    }
    this.heads.set(to, this.#add(target, merged, { parent: source, base }));
    return listed;
  }

  #add(parent: Node | null, state: State, merged: { parent: Node; base: Node } | null): Node {
    const before: State = parent?.state ?? {};
    const node: Node = {
      state,
      touched: Object.keys(state).filter((id) => state[id] !== before[id]),
      commit: {
        id: String(this.nodes.size).padStart(4, "0"),
        parent: parent?.commit.id ?? null,
        sequence: (parent?.commit.sequence ?? 0) + 1,
        mergedParent: merged?.parent.commit.id ?? null,
        ...(merged === null ? {} : { mergeBase: merged.base.commit.id }),
      },
    };
    this.nodes.set(node.commit.id, node);
    return node;
  }

  async *#firstParents(place: Node): AsyncGenerator<Node, undefined> {
    for (let at: Node | undefined = place; at !== undefined; at = this.nodes.get(at.commit.parent ?? "")) {
      yield await Promise.resolve(at);
    }
  }
}

const branch = fc.constantFrom("main", "a", "b");
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ edit: branch, id: fc.constantFrom("p", "q", "r", "s"), to: fc.nat(3) }),
  },
  { weight: 2, arbitrary: fc.record({ merge: branch, into: branch }) },
);

Deno.test("the commits of the way name everything that differs between base and source, in any history", async () => {
  let followed = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 40 }), async (steps) => {
      const history = new History();
      history.edit("main", { p: 0, q: 0 });
      history.fork("a", "main");
      history.fork("b", "a");
      for (const one of steps) {
        if ("edit" in one) history.edit(one.edit, { [one.id]: one.to });
        else if (one.merge !== one.into && await history.merge(one.merge, one.into) !== null) followed++;
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(followed > 500);
});

Deno.test("branches that are merged to and fro name only what came since the last time", async () => {
  const history = new History();
  for (let i = 0; i < 20; i++) history.edit("main", { [`before${i}`]: i });
  history.fork("dev", "main");
  for (let round = 0; round < 30; round++) {
    history.edit("main", { [`m${round}`]: round });
    history.edit("dev", { [`d${round}`]: round });
    const there = must(await history.merge("dev", "main"), "all merges tell their base");
    assert.deepEqual(there.filter((id) => !/[0-9]/.test(id) || Number(id.slice(1)) < round), []);
    const back = must(await history.merge("main", "dev"), "all merges tell their base");
    assert.ok(back.length <= 4, `${back}`);
    assert.deepEqual(history.heads.get("main")!.state, history.heads.get("dev")!.state);
  }
});

Deno.test("a merge that does not tell its base leaves the question open", async () => {
  const history = new History();
  history.fork("dev", "main");
  history.edit("main", { m: 1 });
  history.edit("dev", { d: 1 });
  await history.merge("main", "dev");
  for (const [id, node] of history.nodes) {
    const { mergeBase: _, ...commit } = node.commit;
    history.nodes.set(id, { ...node, commit });
  }
  history.heads.set("dev", history.nodes.get(history.heads.get("dev")!.commit.id)!);
  history.heads.set("main", history.nodes.get(history.heads.get("main")!.commit.id)!);
  history.edit("main", { m: 2 });
  assert.equal(await history.merge("dev", "main"), null);
});
