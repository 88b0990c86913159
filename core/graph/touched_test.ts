import assert from "node:assert/strict";
import { bulkPeople, createWorld, peopleWrite, stagePeople } from "../../tests/support/graph_protocol.ts";
import { touchedBy, touchedKey } from "./touched.ts";

const PERSON = "node:Person";

Deno.test("touchedBy() tells the ids of a small commit from its delta", async () => {
  const { open, store, genesis } = await createWorld();
  const { writer } = await open();
  await writer.publish(peopleWrite({ put: ["ada", "bo"] }));
  const commit = await writer.publish(peopleWrite({ put: ["cy", "bo"], drop: ["ada"] }));
  const slot = await (await open()).head.source.log.read(3);
  assert.deepEqual([...await touchedBy(store, slot!.commits[0]!)], [
    [PERSON, { upserts: ["cy", "bo"], deletes: ["ada"] }],
  ]);
  assert.equal(commit!.touched, undefined);
  assert.equal((await touchedBy(store, genesis)).size, 0);
});

Deno.test("touchedBy() tells the ids of a large commit, and of first loads and overwrites that all rows may differ", async () => {
  const { open, store } = await createWorld();
  const { writer } = await open();
  const first = await writer.publish(peopleWrite({ put: bulkPeople("a") }));
  assert.equal(first!.touched, undefined);
  assert.deepEqual([...await touchedBy(store, first!)], [[PERSON, "all"]]);
  const rows = bulkPeople("b");
  const second = await writer.publish(peopleWrite({ put: rows, drop: ["a0", "a7"] }));
  assert.deepEqual(second!.touched, [PERSON]);
  assert.deepEqual([...await touchedBy(store, second!)], [
    [PERSON, { upserts: rows.map(([id]) => id), deletes: ["a0", "a7"] }],
  ]);
  const third = await writer.publish(peopleWrite({}, {
    stage: async (view) => {
      const change = (await stagePeople(view, bulkPeople("c"), []))!.get(PERSON)!;
      return new Map([[PERSON, { ...change, replaceAll: true }]]);
    },
  }));
  assert.deepEqual([...await touchedBy(store, third!)], [[PERSON, "all"]]);
});

Deno.test("touchedBy() finds nothing in a fold", async () => {
  const { open, store } = await createWorld();
  const peer = await open();
  for (let i = 0; i < 32; i++) await peer.writer.publish(peopleWrite({ put: [`p${i}`] }));
  await peer.writer.settle();
  const last = await peer.head.source.log.read(peer.head.known.slot);
  assert.equal(last!.commits[0]!.operation, "fold");
  assert.equal((await touchedBy(store, last!.commits[0]!)).size, 0);
});

Deno.test("touchedBy() refuses a missing or damaged object and names it", async () => {
  const { open, store } = await createWorld();
  const { writer } = await open();
  await writer.publish(peopleWrite({ put: ["old"] }));
  const commit = await writer.publish(peopleWrite({ put: bulkPeople("a") }));
  const key = touchedKey(commit!.id);
  for (const text of ["", "[", "null", "{}", '{"node:Person":{"upserts":[1],"deletes":[]}}', null]) {
    if (text === null) await store.delete(key);
    else await store.put(key, new TextEncoder().encode(text));
    await assert.rejects(touchedBy(store, commit!), (error: Error & { code?: string }) => {
      return error.code === "integrity_error" && error.message.includes(key);
    });
  }
});
