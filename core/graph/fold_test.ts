import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bulkPeople,
  contentOf,
  createWorld,
  type Peer,
  peopleWrite,
} from "../../tests/support/graph_protocol.ts";
import { must } from "../base/assert.ts";
import { FOLD_COMMITS_MAX, FOLD_LAG_SLOTS_MAX } from "../base/limits.ts";
import type { Commit, TableState } from "./commit.ts";
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

type Step = readonly {
  readonly peer: number;
  readonly put: readonly string[];
  readonly drop: readonly string[];
}[];

Deno.test("every commit reads the same before, during and after folds, in every process", async () => {
  const id = fc.constantFrom(..."abcdefghij");
  const write = fc.record({
    peer: fc.nat(1),
    put: fc.uniqueArray(id, { maxLength: 3 }),
    drop: fc.uniqueArray(id, { maxLength: 2 }),
  });
  const script: fc.Arbitrary<Step> = fc.array(write, { minLength: 40, maxLength: 90 });
  await fc.assert(
    fc.asyncProperty(script, async (steps) => {
      const { open } = await createWorld();
      const peers = [await open(), await open()];
      const people = new Map<string, string>();
      const expected = new Map<string, string[][]>();
      for (const [turn, { peer, put, drop }] of steps.entries()) {
        const rows = put.map((id): [string, string] => [id, `${id}${turn}`]);
        const drops = drop.filter((id) => !put.includes(id));
        const commit = await peers[peer]!.writer.publish(peopleWrite({ put: rows, drop: drops }));
        for (const [id, name] of rows) people.set(id, name);
        for (const id of drops) people.delete(id);
        if (commit !== null) expected.set(commit.id, [...people].sort());
      }
      await Promise.all(peers.map(({ writer }) => writer.settle()));
      const reader = await open();
      const { source } = reader.head;
      for (const logged of await source.log.readRange(1, await source.log.findHead())) {
        for (const commit of logged.commits) {
          const content = await contentOf(reader.cache.view(await openCommit(source, logged, commit)));
          const names = Object.entries(content.people).map(([id, { name }]) => [id, name]).sort();
          assert.deepEqual(names, expected.get(commit.id) ?? []);
          assert.equal(person(commit).rows, names.length);
        }
      }
      assert.deepEqual(peers.flatMap(({ errors }) => errors), []);
      assert.ok((await operations(reader)).includes("fold") || expected.size < FOLD_COMMITS_MAX);
    }),
    { numRuns: 15 },
  );
});
