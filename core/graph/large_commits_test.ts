import assert from "node:assert/strict";
import {
  bulkPeople,
  contentOf,
  createWorld,
  linearHistory,
  type Peer,
  peopleWrite,
  type World,
} from "../../tests/support/graph_protocol.ts";
import { AppError } from "../errors.ts";

const PERSON = "node:Person";

/** A peer beside which `intrude` runs once, right after the first tables of a large commit were written. */
async function openInterrupted(
  { open }: World,
  intrude: (other: Peer) => Promise<unknown>,
): Promise<{ peer: Peer; writes: () => number }> {
  const other = await open();
  let writes = 0;
  let isArmed = true;
  const peer = await open(async (name) => {
    if (name === "publish.table_written") writes++;
    if (name !== "publish.tables_written" || !isArmed) return;
    isArmed = false;
    await intrude(other);
  });
  return { peer, writes: () => writes };
}

Deno.test("a large commit that small ones overtake keeps what it wrote and lies under them", async () => {
  const world = await createWorld();
  await (await world.open()).writer.publish(peopleWrite({ put: ["old", "gone"] }));
  const { peer, writes } = await openInterrupted(world, async ({ writer }) => {
    for (let i = 0; i < 3; i++) await writer.publish(peopleWrite({ put: [`small${i}`] }));
    await writer.publish(peopleWrite({ put: [["old", "renamed"]], drop: ["small0"] }));
  });
  const base = peer.head.known.slot;
  const commit = await peer.writer.publish(peopleWrite({ put: bulkPeople("p"), drop: ["gone"] }));
  assert.equal(writes(), 1);
  const { foldedThrough, pending, rows, pin } = commit!.tables[PERSON]!;
  assert.deepEqual([foldedThrough, pending?.commits, rows, pin.rows], [base, 4, 403, 401]);
  const check = async (reader: Peer) => {
    const { people } = await reader.content();
    assert.equal(Object.keys(people).length, 403);
    assert.equal(people.old?.name, "renamed");
    assert.deepEqual([people.gone, people.small0, people.small1?.name], [undefined, undefined, "small1"]);
  };
  await check(peer);
  await check(await world.open());
  // What lies over the pin is folded like any other delta.
  for (let i = 0; i < 28; i++) await peer.writer.publish(peopleWrite({ put: [["old", "renamed"]] }));
  await peer.writer.settle();
  assert.deepEqual(peer.errors, []);
  assert.equal(peer.head.known.commit.tables[PERSON]!.pending, undefined);
  await check(await world.open());
  await linearHistory(peer);
});

Deno.test("a large commit is written anew when a small one in between touched its ids, or folded its table", async () => {
  for (
    const intrude of [
      ({ writer }: Peer) => writer.publish(peopleWrite({ put: [["p7", "theirs"]] })),
      ({ writer }: Peer) => writer.publish(peopleWrite({ drop: ["old"] })),
      ({ writer }: Peer) => writer.publish(peopleWrite({ put: bulkPeople("q") })),
    ]
  ) {
    const world = await createWorld();
    await (await world.open()).writer.publish(peopleWrite({ put: ["old"] }));
    const { peer, writes } = await openInterrupted(world, intrude);
    await peer.writer.publish(peopleWrite({ put: bulkPeople("p"), drop: ["old"] }));
    assert.equal(writes(), 2);
    for (const reader of [peer, await world.open()]) {
      const { people } = await reader.content();
      assert.equal(people.p7?.name, "x".repeat(200));
      assert.equal(people.old, undefined);
    }
    assert.equal((await linearHistory(peer)).length, 4);
  }
});

Deno.test("a large commit is judged anew on the head that it is published on", async () => {
  const world = await createWorld();
  const { peer } = await openInterrupted(
    world,
    ({ writer }) => writer.publish(peopleWrite({ put: ["taken"] })),
  );
  const write = peopleWrite({ put: bulkPeople("p") });
  const refusing = {
    ...write,
    stage: async (view: Parameters<typeof write.stage>[0]) => {
      const changes = await write.stage(view);
      if (view.node("Person").find("taken") >= 0) {
        throw new AppError("key_conflict", "already has id 'taken'");
      }
      return changes;
    },
  };
  await assert.rejects(peer.writer.publish(refusing), { code: "key_conflict" });
  assert.deepEqual(Object.keys((await (await world.open()).content()).people), ["taken"]);
});

Deno.test("a large update or conditional write that is overtaken conflicts as a small one does", async () => {
  for (
    const [options, code] of [[{ retry: "fail" }, "write_conflict"], [
      { ifCommit: true },
      "precondition_failed",
    ]] as const
  ) {
    const world = await createWorld();
    const { peer } = await openInterrupted(
      world,
      ({ writer }) => writer.publish(peopleWrite({ put: ["small"] })),
    );
    const condition = "ifCommit" in options ? { ifCommit: world.genesis.id } : options;
    await assert.rejects(peer.writer.publish(peopleWrite({ put: bulkPeople("p") }, condition)), { code });
    assert.deepEqual(Object.keys((await (await world.open()).content()).people), ["small"]);
  }
});

Deno.test("a large commit beside a process that never rests lands within a few attempts", async () => {
  const world = await createWorld();
  const other = await world.open();
  let isBusy = true;
  let writes = 0;
  const peer = await world.open((name) => void (name === "publish.table_written" && writes++));
  const busy = (async () => {
    for (let i = 0; isBusy; i++) {
      await other.writer.publish(peopleWrite({ put: [`s${i % 10}`] }));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let i = 0; i < 5; i++) await peer.writer.publish(peopleWrite({ put: bulkPeople(`p${i}-`) }));
  isBusy = false;
  await busy;
  const { people } = await (await world.open()).content();
  assert.equal(Object.keys(people).filter((id) => id.startsWith("p")).length, 2000);
  await linearHistory(peer);
  assert.ok(writes < 60, `${writes} table writes for 5 commits`);
});

Deno.test("what is in memory follows a large commit without being read again; older views stay right", async () => {
  const world = await createWorld();
  const peer = await world.open();
  await peer.writer.publish(peopleWrite({ put: bulkPeople("p") }));
  const before = await peer.content();
  const seen = peer.cache.view(await peer.head.latest());
  const reads = world.tables.reads.length;
  await peer.writer.publish(peopleWrite({ put: [...bulkPeople("q"), ["p1", "renamed"]], drop: ["p2"] }));
  await peer.writer.publish(peopleWrite({ put: [["q3", "small"]] }));
  const { people } = await peer.content();
  assert.equal(world.tables.reads.length, reads);
  assert.deepEqual(people, (await (await world.open()).content()).people);
  assert.deepEqual([Object.keys(people).length, people.p1?.name, people.p2, people.q3?.name], [
    799,
    "renamed",
    undefined,
    "small",
  ]);
  assert.deepEqual(await contentOf(seen), before);
});

Deno.test("a table that grew much behind what is in memory is read anew", async () => {
  const world = await createWorld();
  const peer = await world.open();
  await peer.writer.publish(peopleWrite({ put: bulkPeople("p") }));
  await peer.content();
  await peer.writer.publish(peopleWrite({ put: bulkPeople("q", 17_000) }));
  const reads = world.tables.reads.length;
  const { people } = await peer.content();
  assert.ok(world.tables.reads.length > reads);
  assert.equal(Object.keys(people).length, 17_400);
});
