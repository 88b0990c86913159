/** Random concurrent writers over a slow store, checked against what was acknowledged. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  CATALOG,
  type Content,
  createTestBranch,
  linearHistory,
  openPeer,
  type Peer,
  peopleWrite,
  testPorts,
} from "../../tests/support/graph_protocol.ts";
import { createMemoryTables, recordsOf } from "../../tests/support/memory_tables.ts";
import { slowStore } from "../../tests/support/slow_store.ts";
import { must } from "../base/assert.ts";
import { AppError } from "../errors.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { PublishRequest } from "./publish_request.ts";
import type { GraphView } from "./read/view.ts";
import type { ChangeSet } from "./write/change_set.ts";

const PERSON = must(CATALOG.byKey.get("node:Person"), "the test catalog has people");

/** Of a large write: too long for a log object. */
function nameOf(large: boolean): string {
  return large ? "x".repeat(70_000) : "x";
}

/** Adds one to the counter in `age`, deciding on what it reads; large ones carry a long name. */
async function increment(view: GraphView, id: string, large: boolean): Promise<ChangeSet> {
  await view.prepare([{ table: "node:Person", columns: ["age"] }]);
  const table = view.node("Person");
  const row = table.find(id);
  const age = row === -1 ? 1 : (table.cell(row, "age") as number) + 1;
  const name = nameOf(large);
  return new Map([["node:Person", {
    replaceAll: false,
    upserts: recordsOf(PERSON, [{ id, name, age }]),
    existing: Uint8Array.of(row === -1 ? 0 : 1),
    deletes: [],
  }]]);
}

/** One write of a script. */
interface Step {
  readonly peer: number;
  readonly kind: "insert" | "redo" | "fail" | "conditional";
  readonly large: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  peer: fc.nat(2),
  kind: fc.constantFrom("insert", "redo", "fail", "conditional"),
  large: fc.nat(9).map((dice) => dice === 0),
});

async function run(peer: Peer, { kind, large }: Step, id: string): Promise<string | null> {
  const request: Partial<PublishRequest> = kind === "insert"
    ? {}
    : { stage: (view) => increment(view, "counter", large), retry: kind === "redo" ? "redo" : "fail" };
  const put: [string, string][] = [[id, nameOf(large)]];
  const write = peopleWrite(kind === "insert" ? { put } : {}, request);
  const { commit } = await peer.head.latest();
  try {
    const done = await peer.writer.publish(
      kind === "conditional" ? { ...write, ifCommit: commit.id } : write,
    );
    return must(done, "the write changes something").id;
  } catch (error) {
    const expected = kind === "conditional" ? "precondition_failed" : "write_conflict";
    assert.ok(error instanceof AppError && error.code === expected && kind !== "insert", `${kind}: ${error}`);
    return null;
  }
}

Deno.test("concurrent writers: every acknowledged write is in history once, no update is lost, nothing else is there", async () => {
  const scripts = fc.record({
    seed: fc.array(fc.nat(3), { minLength: 64 }),
    steps: fc.array(step, { minLength: 1, maxLength: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(scripts, async ({ seed, steps }) => {
      let at = 0;
      const store = slowStore(createMemoryStore(), () => seed[at++ % seed.length]!);
      const tables = createMemoryTables();
      await createTestBranch(store, testPorts());
      const peers = await Promise.all([0, 1, 2].map(() => openPeer({ store, tables, ports: testPorts() })));
      const results = await Promise.all(steps.map((each, i) => run(peers[each.peer]!, each, `p${i}`)));
      await Promise.all(peers.map(({ writer }) => writer.settle()));
      const fresh = await openPeer({ store, tables, ports: testPorts() });
      const acknowledged = results.filter((id) => id !== null);
      const commits = (await linearHistory(fresh)).slice(1).map(({ id }) => id);
      assert.deepEqual([...commits].sort(), [...acknowledged].sort());
      const increments = steps.filter(({ kind }, i) => kind !== "insert" && results[i] !== null).length;
      for (const peer of [...peers, fresh]) {
        const { people }: Content = await peer.content();
        assert.equal(people.counter?.age ?? 0, increments);
        const { counter: _, ...others } = people;
        const inserted = steps.flatMap(({ kind, large }, i) => {
          const name = nameOf(large);
          return kind === "insert" ? [[`p${i}`, { name, age: name.length }] as const] : [];
        });
        assert.deepEqual(others, Object.fromEntries(inserted));
        assert.deepEqual(peer.errors, []);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("opening a branch with thousands of commits reads few objects and lists nothing", async () => {
  const store = createMemoryStore();
  const tables = createMemoryTables();
  await createTestBranch(store, testPorts());
  const writer = await openPeer({ store, tables, ports: testPorts() });
  for (let i = 0; i < 3000; i++) await writer.writer.publish(peopleWrite({ put: [`p${i % 50}`] }));
  await writer.writer.settle();
  let reads = 0;
  const counted: ObjectStore = new Proxy(store, {
    get(target, name) {
      if (name === "get" || name === "exists") reads++;
      if (name === "list") throw new Error("opening must not list");
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const peer = await openPeer({ store: counted, tables, ports: testPorts() });
  assert.ok(peer.head.known.slot > 3000);
  assert.ok(reads < 200, `${reads} reads`);
  assert.equal(Object.keys((await peer.content()).people).length, 50);
});
