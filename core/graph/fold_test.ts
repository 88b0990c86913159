import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bulkPeople,
  type Content,
  contentOf,
  createTestBranch,
  createWorld,
  knowsWrite,
  openPeer,
  type Peer,
  peopleWrite,
  testPorts,
} from "../../tests/support/graph_protocol.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { must } from "../base/assert.ts";
import { FOLD_COMMITS_MAX, FOLD_LAG_SLOTS_MAX } from "../base/limits.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { Commit, TableState } from "./commit.ts";
import { dueTables } from "./fold.ts";
import { openCommit } from "./snapshot.ts";

function person(commit: Commit): TableState {
  return must(commit.tables["node:Person"], "people have a table");
}

async function writeMany(peer: Peer, prefix: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await peer.writer.publish(peopleWrite({ put: [`${prefix}${i}`] }));
}

async function operations(peer: Peer): Promise<string[]> {
  const { log } = peer.head.source;
  const slots = await log.readRange(1, await log.findHead());
  return slots.flatMap(({ commits }) => commits.map(({ operation }) => operation));
}

Deno.test("a fold moves the deltas of a table into its pin and restates the head", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  const before = peer.head.known.commit;
  assert.equal(person(before).pin.version, 0);
  await peer.writer.settle();
  const after = (await peer.head.latest()).commit;
  assert.equal(after.operation, "fold");
  assert.deepEqual(
    [after.id, after.parent, after.sequence, after.actor, after.createdAt, after.branch],
    [before.id, before.parent, before.sequence, before.actor, before.createdAt, before.branch],
  );
  assert.equal(person(after).pin.rows, FOLD_COMMITS_MAX);
  assert.equal(person(after).pending, undefined);
  assert.equal(person(after).changedAt, person(before).changedAt);
  assert.deepEqual(await (await open()).content(), await peer.content());
  assert.deepEqual(peer.errors, []);
});

Deno.test("a fold does not disturb a conditional write or an update that captured the head before it", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  const seen = peer.head.known.commit.id;
  const update = peer.writer.publish(peopleWrite({ put: [["p0", "updated"]] }, { retry: "fail" }));
  await update;
  await peer.writer.settle();
  assert.ok((await operations(peer)).includes("fold"));
  const conditional = peer.head.known.commit.id;
  assert.notEqual(conditional, seen);
  await peer.writer.publish(peopleWrite({ put: ["more"] }, { ifCommit: conditional }));
});

Deno.test("a fold keeps the deltas of commits that arrive while it writes tables", async () => {
  const { open } = await createWorld();
  const release = Promise.withResolvers<void>();
  const peer = await open((name) => name === "fold.table_written" ? release.promise : undefined);
  await writeMany(peer, "p", FOLD_COMMITS_MAX + 5);
  assert.ok(!(await operations(peer)).includes("fold"), "writers did not wait for the fold");
  release.resolve();
  await peer.writer.settle();
  const { commit } = await peer.head.latest();
  assert.equal(person(commit).pin.rows, FOLD_COMMITS_MAX);
  assert.deepEqual(person(commit).pending?.commits, 5);
  assert.equal(Object.keys((await (await open()).content()).people).length, FOLD_COMMITS_MAX + 5);
});

Deno.test("a large commit publishes a running fold first, then itself", async () => {
  const { open } = await createWorld();
  const release = Promise.withResolvers<void>();
  const peer = await open((name) => name === "fold.table_written" ? release.promise : undefined);
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  const publishing = peer.writer.publish(peopleWrite({ put: bulkPeople("big") }, { retry: "fail" }));
  const small = peer.writer.publish(peopleWrite({ put: ["last"] }));
  release.resolve();
  await Promise.all([publishing, small]);
  await peer.writer.settle();
  assert.deepEqual((await operations(peer)).slice(-3), ["fold", "mutation", "mutation"]);
  const { people } = await (await open()).content();
  assert.equal(Object.keys(people).length, FOLD_COMMITS_MAX + 401);
});

Deno.test("a fold is dropped for a table that another process repinned", async () => {
  const { open } = await createWorld();
  const release = Promise.withResolvers<void>();
  const peer = await open((name) => name === "fold.table_written" ? release.promise : undefined);
  const other = await open();
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  const commit = await other.writer.publish(peopleWrite({ put: bulkPeople("big") }));
  release.resolve();
  await peer.writer.settle();
  const { commit: head } = await peer.head.latest();
  assert.deepEqual(person(head).pin, person(commit!).pin);
  assert.deepEqual(peer.errors, []);
  assert.ok(!(await operations(peer)).includes("fold"));
  assert.equal(Object.keys((await peer.content()).people).length, FOLD_COMMITS_MAX + 400);
});

Deno.test("a failing fold breaks no write, is reported once, and loses nothing", async () => {
  for (
    const step of ["fold.table_written", "fold.tables_written", "fold.before_append", "fold.after_append"]
  ) {
    const { open } = await createWorld();
    const peer = await open((name) => {
      if (name === step) throw new Error(`no ${name}`);
    });
    await writeMany(peer, "p", FOLD_COMMITS_MAX + 8);
    await peer.writer.settle();
    assert.equal(peer.errors.length, 1, step);
    assert.equal(Object.keys((await (await open()).content()).people).length, FOLD_COMMITS_MAX + 8);
    await writeMany(peer, "q", 2);
    assert.equal(Object.keys((await peer.content()).people).length, FOLD_COMMITS_MAX + 10);
  }
});

Deno.test("a table with one old delta is folded before it holds up opening the branch", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await peer.writer.publish(peopleWrite({ put: ["lonely"] }));
  const empty = { stage: () => Promise.resolve(new Map()) };
  for (let i = 0; i <= FOLD_LAG_SLOTS_MAX; i++) await peer.writer.publish(peopleWrite({}, empty));
  await peer.writer.settle();
  assert.equal(person((await peer.head.latest()).commit).pin.rows, 1);
});

Deno.test("dueTables() leaves inherited deltas of a fork alone until they hold up opening", async () => {
  const { open } = await createWorld();
  const peer = await open((name) => name === "fold.table_written" ? new Promise(() => {}) : undefined);
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  const state = peer.head.known;
  assert.deepEqual(dueTables(state, 0), ["node:Person"]);
  assert.deepEqual(dueTables(state, state.slot), []);
  assert.deepEqual(dueTables(state, state.slot - 1), ["node:Person"]);
  assert.deepEqual(dueTables({ ...state, slot: state.slot + FOLD_LAG_SLOTS_MAX }, state.slot), [
    "node:Person",
  ]);
});

/** Everything a test writes: names by person, notes by edge. */
interface Model {
  readonly people: Map<string, string>;
  readonly notes: Map<string, string>;
}

/** One turn of a script: a write of people, an edge, or several writes of people that go out as one group. */
interface Turn {
  readonly peer: number;
  readonly kind: "people" | "edge" | "group";
  readonly put: readonly string[];
  readonly drop: readonly string[];
}

async function take(
  peer: Peer,
  turn: number,
  { kind, put, drop }: Turn,
  model: Model,
): Promise<[string, unknown][]> {
  if (kind === "edge") {
    const commit = await peer.writer.publish(knowsWrite(put[0] ?? "a", "x", `${turn}`));
    model.notes.set(put[0] ?? "a", `x${turn}`);
    return [[commit!.id, shown(model)]];
  }
  const writes = kind === "people"
    ? [{
      put: put.map((id): [string, string] => [id, `${id}${turn}`]),
      drop: drop.filter((id) => !put.includes(id)),
    }]
    : [...put, ...drop].map((id, i) => ({ put: [[id, `${id}${turn}.${i}`] as [string, string]], drop: [] }));
  const commits = await Promise.all(writes.map((write) => peer.writer.publish(peopleWrite(write))));
  return writes.flatMap((write, i) => {
    for (const [id, name] of write.put) model.people.set(id, name);
    for (const id of write.drop) model.people.delete(id);
    return commits[i] === null ? [] : [[commits[i]!.id, shown(model)] as [string, unknown]];
  });
}

function shown({ people, notes }: Model): unknown {
  return { people: Object.fromEntries([...people].sort()), notes: Object.fromEntries([...notes].sort()) };
}

function shownOf({ people, knows }: Content): unknown {
  const sorted = (entries: [string, unknown][]) =>
    Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
  return {
    people: sorted(Object.entries(people).map(([id, { name }]) => [id, name])),
    notes: sorted(Object.entries(knows).map(([id, { note }]) => [id, note])),
  };
}

Deno.test("every commit reads the same before, during and after folds, in every process", async () => {
  const id = fc.constantFrom(..."abcdefghij");
  const turn: fc.Arbitrary<Turn> = fc.record({
    peer: fc.nat(1),
    kind: fc.constantFrom("people", "people", "people", "group", "edge"),
    put: fc.uniqueArray(id, { maxLength: 3 }),
    drop: fc.uniqueArray(id, { maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 40, maxLength: 90 }), async (turns) => {
      const { open } = await createWorld();
      const peers = [await open(), await open()];
      const model: Model = { people: new Map(), notes: new Map() };
      const expected = new Map<string, unknown>();
      const empty = shown(model);
      for (const [i, each] of turns.entries()) {
        for (const [commit, content] of await take(peers[each.peer]!, i, each, model)) {
          expected.set(commit, content);
        }
      }
      await Promise.all(peers.map(({ writer }) => writer.settle()));
      const reader = await open();
      const { source } = reader.head;
      for (const logged of await source.log.readRange(1, await source.log.findHead())) {
        for (const commit of logged.commits) {
          const content = await contentOf(reader.cache.view(await openCommit(source, logged, commit)));
          assert.deepEqual(shownOf(content), expected.get(commit.id) ?? empty);
          assert.equal(person(commit).rows, Object.keys(content.people).length);
        }
      }
      for (const { head, errors } of [...peers, reader]) {
        assert.deepEqual(errors, []);
        for (const [key, { deltas }] of (await head.latest()).tables) {
          assert.equal(deltas.length, head.known.commit.tables[key]!.pending?.commits ?? 0);
        }
      }
    }),
    { numRuns: 15 },
  );
});

Deno.test("folds go on after the clock was set, forward during a fold or back after it", async () => {
  for (const jumpMs of [3_600_000, -3_600_000]) {
    const store = createMemoryStore();
    let nowMs = 1_750_000_000_000;
    let jumped = false;
    const clock = { nowMs: () => nowMs++ };
    const jump = (name: string) => {
      if (name !== (jumpMs > 0 ? "fold.table_written" : "fold.after_append") || jumped) return;
      jumped = true;
      nowMs += jumpMs;
    };
    const ports = { ...testPorts(jump), clock };
    await createTestBranch(store, ports);
    const peer = await openPeer({ store, tables: createMemoryTables(), ports });
    await writeMany(peer, "p", FOLD_COMMITS_MAX);
    await peer.writer.settle();
    assert.ok(jumped);
    nowMs += 11_000;
    await writeMany(peer, "q", FOLD_COMMITS_MAX);
    await peer.writer.settle();
    assert.equal((await operations(peer)).filter((one) => one === "fold").length, 2, `${jumpMs}`);
  }
});

Deno.test("a fold rests before the next one, but not while deltas pile up", async () => {
  const store = createMemoryStore();
  let nowMs = 1_750_000_000_000;
  let folds = 0;
  const ports = {
    ...testPorts((name) => {
      if (name !== "fold.table_written") return;
      folds++;
      nowMs += 2000; // the rest takes longer than all writes of this test
    }),
    clock: { nowMs: () => nowMs },
  };
  await createTestBranch(store, ports);
  const peer = await openPeer({ store, tables: createMemoryTables(), ports });
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  await peer.writer.settle();
  assert.equal(folds, 1);
  await writeMany(peer, "q", 4 * FOLD_LAG_SLOTS_MAX - 20);
  await peer.writer.settle();
  assert.equal(folds, 1);
  await writeMany(peer, "r", 40);
  await peer.writer.settle();
  assert.equal(folds, 2);
});

Deno.test("what a burst leaves unfolded is folded when the rest is over, without another write, unless the writer was closed", async () => {
  const store = createMemoryStore();
  let folds = 0;
  const fold = Promise.withResolvers<void>();
  const ports = {
    ...testPorts(async (name) => {
      if (name === "fold.table_written") await new Promise((resolve) => setTimeout(resolve, 10));
      if (name === "fold.after_append" && ++folds === 2) fold.resolve();
    }),
    clock: { nowMs: () => 1_750_000_000_000 + Math.floor(performance.now()) },
  };
  await createTestBranch(store, ports);
  const peer = await openPeer({ store, tables: createMemoryTables(), ports });
  await writeMany(peer, "p", FOLD_COMMITS_MAX);
  await peer.writer.settle();
  assert.equal(folds, 1);
  await writeMany(peer, "q", FOLD_COMMITS_MAX);
  await peer.writer.settle();
  const resting = setTimeout(() => {}, 10_000); // the fold's own timer keeps nothing alive
  await fold.promise;
  clearTimeout(resting);
  await peer.writer.settle();
  assert.equal(person(peer.head.known.commit).pending, undefined);
  await writeMany(peer, "r", FOLD_COMMITS_MAX);
  await peer.writer.close();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(folds, 2);
  assert.notEqual(person(peer.head.known.commit).pending, undefined);
});
