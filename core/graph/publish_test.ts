import assert from "node:assert/strict";
import {
  bulkPeople,
  createWorld,
  linearHistory,
  peopleWrite,
  stagePeople,
} from "../../tests/support/graph_protocol.ts";
import { AppError } from "../errors.ts";

Deno.test("publish() makes a small write one log object that another process reads", async () => {
  const { open, tables, genesis } = await createWorld();
  const [writer, reader] = [await open(), await open()];
  const commit = await writer.writer.publish(peopleWrite({ put: ["ada", "bo"] }, { actor: "act-lena" }));
  assert.equal(commit!.parent, genesis.id);
  assert.equal(commit!.sequence, 2);
  assert.equal(commit!.actor, "act-lena");
  assert.deepEqual(commit!.changes, { "node:Person": { inserted: 2, updated: 0, deleted: 0 } });
  assert.deepEqual((await reader.content()).people, {
    ada: { name: "ada", age: 3 },
    bo: { name: "bo", age: 2 },
  });
  assert.equal(commit!.tables["node:Person"]!.pin.version, 0, "no table was touched");
  assert.equal(commit!.tables["node:Person"]!.rows, 2);
  assert.deepEqual(tables.reads, []);
});

Deno.test("publish() writes tables for a large commit and folds the pending deltas of these tables in", async () => {
  const { open, tables } = await createWorld();
  const peer = await open();
  await peer.writer.publish(peopleWrite({ put: ["ada", "bo", "cy"] }));
  await peer.writer.publish(peopleWrite({ put: [["bo", "bob"]], drop: ["cy"] }));
  const rows = bulkPeople("p");
  const commit = await peer.writer.publish(peopleWrite({ put: rows, drop: ["ada"] }));
  const { pin, rows: count, pending } = commit!.tables["node:Person"]!;
  assert.equal(pin.rows, rows.length + 1);
  assert.equal(count, rows.length + 1);
  assert.equal(pending, undefined);
  const type = peer.head.known.catalog.byKey.get("node:Person")!;
  assert.equal((await tables.read(pin, type, ["id"])).length, rows.length + 1);
  const { people } = await (await open()).content();
  assert.equal(Object.keys(people).length, rows.length + 1);
  assert.equal(people.bo?.name, "bob");
  assert.equal(people.ada, undefined);
});

Deno.test("publish() groups requests that wait, each as its own commit on top of the one before", async () => {
  const { open, store } = await createWorld();
  const peer = await open();
  const commits = await Promise.all(
    Array.from({ length: 50 }, (_, i) => peer.writer.publish(peopleWrite({ put: [`p${i}`] }))),
  );
  const all = await linearHistory(peer);
  assert.deepEqual(all.slice(1).map(({ id }) => id), commits.map((commit) => commit!.id));
  const objects = (await store.list(`__manifest/log/${peer.head.ref.incarnation}`)).length;
  assert.ok(objects < 25, `${objects} objects for 50 commits`);
  assert.equal(Object.keys((await (await open()).content()).people).length, 50);
});

Deno.test("publish() shows each request of a group the state after the one before it", async () => {
  const { open } = await createWorld();
  const peer = await open();
  const seen: number[] = [];
  await Promise.all(Array.from({ length: 10 }, (_, i) =>
    peer.writer.publish(peopleWrite({}, {
      stage: async (view) => {
        const changes = await stagePeople(view, [`p${i}`], []);
        seen.push(view.node("Person").rowCount);
        return changes;
      },
    }))));
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("a request of a group that fails validation fails alone", async () => {
  const { open } = await createWorld();
  const peer = await open();
  const refuse = peopleWrite({}, { stage: () => Promise.reject(new AppError("constraint_violation", "no")) });
  const results = await Promise.allSettled([
    peer.writer.publish(peopleWrite({ put: ["a"] })),
    peer.writer.publish(refuse),
    peer.writer.publish(peopleWrite({ put: ["b"] })),
  ]);
  assert.deepEqual(results.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  assert.deepEqual(Object.keys((await peer.content()).people), ["a", "b"]);
});

Deno.test("small and large requests that wait together keep their order and all land", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await Promise.all([
    peer.writer.publish(peopleWrite({ put: ["a"] })),
    peer.writer.publish(peopleWrite({ put: bulkPeople("m") })),
    peer.writer.publish(peopleWrite({ put: ["z"] })),
  ]);
  const commits = await linearHistory(peer);
  assert.deepEqual(commits.map(({ changes }) => changes["node:Person"]?.inserted ?? 0), [0, 1, 400, 1]);
});

Deno.test("an overwrite replaces the type, small or large", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await peer.writer.publish(peopleWrite({ put: bulkPeople("a") }));
  await peer.writer.publish(peopleWrite({ put: ["keep", "gone"] }));
  const overwrite = (rows: [string, string][]) =>
    peopleWrite({}, {
      operation: "load",
      retry: "fail",
      stage: async (view) => {
        const changes = await stagePeople(view, rows, []);
        const table = view.node("Person");
        const kept = new Set(rows.map(([id]) => id));
        const deletes = [...table.liveRows()].map((row) => table.idOf(row)).filter((id) => !kept.has(id));
        return new Map([["node:Person", { ...changes!.get("node:Person")!, replaceAll: true, deletes }]]);
      },
    });
  const large = await peer.writer.publish(overwrite([["keep", "kept"], ...bulkPeople("b")]));
  assert.deepEqual(large!.changes["node:Person"], { inserted: 400, updated: 1, deleted: 401 });
  assert.equal(Object.keys((await (await open()).content()).people).length, 401);
  const small = await peer.writer.publish(overwrite([["only", "one"]]));
  assert.equal(small!.tables["node:Person"]!.rows, 1);
  assert.deepEqual((await (await open()).content()).people, { only: { name: "one", age: 3 } });
});

Deno.test("11: an empty change set publishes an empty commit", async () => {
  const { open } = await createWorld();
  const peer = await open();
  const empty = { operation: "load", stage: () => Promise.resolve(new Map()) } as const;
  const commit = await peer.writer.publish(peopleWrite({}, empty));
  assert.deepEqual(commit!.changes, {});
  assert.equal(commit!.sequence, 2);
});

Deno.test("an overwrite that does not name every row it drops is written as tables", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await peer.writer.publish(peopleWrite({ put: ["gone", "kept"] }));
  const commit = await peer.writer.publish(peopleWrite({}, {
    stage: async (view) => {
      const change = (await stagePeople(view, [["kept", "new"]], []))!.get("node:Person")!;
      return new Map([["node:Person", { ...change, replaceAll: true }]]);
    },
  }));
  assert.equal(commit!.tables["node:Person"]!.pin.rows, 1);
  assert.deepEqual((await (await open()).content()).people, { kept: { name: "new", age: 3 } });
});
