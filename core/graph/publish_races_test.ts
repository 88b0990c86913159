import assert from "node:assert/strict";
import {
  bulkPeople,
  createWorld,
  linearHistory,
  openPeer,
  type Peer,
  peopleWrite,
  stagePeople,
  testPorts,
} from "../../tests/support/graph_protocol.ts";
import { AppError } from "../errors.ts";

async function errorOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(() => null, (error) => error);
  assert.ok(error instanceof AppError, `an AppError was expected, not ${error}`);
  return error;
}

Deno.test("a refusal decided on a state that was never published is decided again", async () => {
  const { open } = await createWorld();
  let intruder: Peer | null = null;
  const peer = await open(async (name) => {
    if (name !== "publish.before_append" || intruder === null) return;
    const other = intruder;
    intruder = null;
    await other.writer.publish(peopleWrite({ put: ["first"] }));
  });
  intruder = await open();
  // `a` is staged first; while its object loses the race, the second request saw `a` and refused.
  let runs = 0;
  const picky = peopleWrite({}, {
    stage: async (view) => {
      runs++;
      const changes = await stagePeople(view, ["b"], []);
      if (view.node("Person").find("first") === -1) {
        throw new AppError("constraint_violation", "first is missing");
      }
      return changes;
    },
  });
  const results = await Promise.all([
    peer.writer.publish(peopleWrite({ put: ["a"] })),
    peer.writer.publish(picky),
  ]);
  assert.equal(runs, 2);
  assert.equal(results.length, 2);
  assert.deepEqual(Object.keys((await peer.content()).people).sort(), ["a", "b", "first"]);
});

Deno.test("22: insert-only writers of several processes all land, once each, in a linear history", async () => {
  const { open } = await createWorld();
  const peers = await Promise.all(Array.from({ length: 4 }, () => open()));
  await Promise.all(
    peers.flatMap(({ writer }, p) =>
      Array.from({ length: 25 }, (_, i) => writer.publish(peopleWrite({ put: [`${p}-${i}`] })))
    ),
  );
  const commits = await linearHistory(peers[0]!);
  assert.equal(commits.length, 101);
  for (const peer of peers) assert.equal(Object.keys((await peer.content()).people).length, 100);
});

Deno.test("23: a losing update gets 409 with read_set_conflict and manifest_conflict", async () => {
  const { open } = await createWorld();
  const peer = await open();
  const first = await peer.writer.publish(peopleWrite({ put: ["ada"] }));
  const updates = await Promise.allSettled(
    Array.from(
      { length: 8 },
      (_, i) => peer.writer.publish(peopleWrite({ put: [["ada", `ada${i}`]] }, { retry: "fail" })),
    ),
  );
  const won = updates.filter((each) => each.status === "fulfilled");
  assert.equal(won.length, 1);
  for (const each of updates) {
    if (each.status === "fulfilled") continue;
    const { code, detail } = each.reason as AppError;
    assert.equal(code, "write_conflict");
    assert.deepEqual(detail.read_set_conflict, {
      member: "graph_head:main",
      expected: first!.id,
      actual: won[0]!.value!.id,
    });
    assert.deepEqual(detail.manifest_conflict, { table_key: "node:Person", expected: 2, actual: 3 });
  }
});

Deno.test("an update that loses against another process gets 409 and leaves no trace", async () => {
  const { open } = await createWorld();
  const other = await open();
  const peer = await open(async (name) => {
    if (name === "publish.staged") await other.writer.publish(peopleWrite({ put: ["bo"] }));
  });
  const error = await errorOf(peer.writer.publish(peopleWrite({ put: ["ada"] }, { retry: "fail" })));
  assert.equal(error.code, "write_conflict");
  assert.deepEqual(Object.keys((await peer.content()).people), ["bo"]);
});

Deno.test("a losing update that touches no table the winner moved names only the head", async () => {
  const { open, genesis } = await createWorld();
  const peer = await open();
  const empty = peopleWrite({}, { stage: () => Promise.resolve(new Map()) });
  const update = peopleWrite({ put: ["ada"] }, { retry: "fail" });
  const [winner, loser] = await Promise.allSettled([peer.writer.publish(empty), peer.writer.publish(update)]);
  assert.equal(winner.status, "fulfilled");
  assert.ok(loser.status === "rejected");
  assert.equal(loser.reason.detail.read_set_conflict.expected, genesis.id);
  assert.equal(loser.reason.detail.manifest_conflict, undefined);
});

Deno.test("an update that changes nothing does not conflict", async () => {
  const { open } = await createWorld();
  const peer = await open();
  const [first, nothing] = await Promise.all([
    peer.writer.publish(peopleWrite({ put: ["ada"] })),
    peer.writer.publish(peopleWrite({ drop: ["nobody"] }, { retry: "fail" })),
  ]);
  assert.notEqual(first, null);
  assert.equal(nothing, null);
  assert.equal((await linearHistory(peer)).length, 2);
});

Deno.test("an update is judged by the head it captured: what it meant to change is gone, so it conflicts", async () => {
  const { open } = await createWorld();
  const peer = await open();
  await peer.writer.publish(peopleWrite({ put: ["ada"] }));
  const [_, update] = await Promise.allSettled([
    peer.writer.publish(peopleWrite({ drop: ["ada"] })),
    peer.writer.publish(peopleWrite({}, {
      retry: "fail",
      stage: async (view) => {
        await view.prepare([{ table: "node:Person", columns: [] }]);
        return view.node("Person").find("ada") === -1 ? null : await stagePeople(view, [["ada", "new"]], []);
      },
    })),
  ]);
  assert.ok(update.status === "rejected");
  assert.equal(update.reason.code, "write_conflict");
});

Deno.test("a conditional write that changes nothing looks at the head again before it passes", async () => {
  const { open, genesis } = await createWorld();
  const [peer, other] = [await open(), await open()];
  const stage = async () => {
    await other.writer.publish(peopleWrite({ put: ["ada"] }));
    return null;
  };
  const error = await errorOf(peer.writer.publish(peopleWrite({}, { ifCommit: genesis.id, stage })));
  assert.equal(error.code, "precondition_failed");
});

Deno.test("adopt() never moves a head back", async () => {
  const { open } = await createWorld();
  const peer = await open();
  const before = peer.head.known;
  await peer.writer.publish(peopleWrite({ put: ["ada"] }));
  const after = peer.head.known;
  peer.head.adopt(before);
  assert.equal(peer.head.known, after);
});

Deno.test("24: a stale conditional write gets 412 with both commits, also when it would change nothing", async () => {
  const { open, genesis } = await createWorld();
  const peer = await open();
  const first = await peer.writer.publish(peopleWrite({ put: ["ada"] }, { ifCommit: genesis.id }));
  for (const write of [{ put: ["bo"] }, { drop: ["nobody"] }]) {
    const error = await errorOf(peer.writer.publish(peopleWrite(write, { ifCommit: genesis.id })));
    assert.equal(error.code, "precondition_failed");
    assert.deepEqual(error.detail.precondition_failure, { expected: genesis.id, actual: first!.id });
  }
  assert.equal(await peer.writer.publish(peopleWrite({ drop: ["nobody"] }, { ifCommit: first!.id })), null);
  assert.equal((await linearHistory(peer)).length, 2);
});

Deno.test("of several conditional writes on one commit exactly one passes, the others get 412", async () => {
  const { open, genesis } = await createWorld();
  const peers = [await open(), await open()];
  const results = await Promise.allSettled(
    peers.flatMap(({ writer }, p) =>
      [0, 1, 2].map((i) => writer.publish(peopleWrite({ put: [`${p}${i}`] }, { ifCommit: genesis.id })))
    ),
  );
  const lost = results.filter((each) => each.status === "rejected");
  assert.equal(lost.length, 5);
  for (const { reason } of lost) assert.equal(reason.code, "precondition_failed");
});

Deno.test("a write that is always overtaken gives up with 409 after 32 attempts", async () => {
  const { open, store, tables } = await createWorld();
  const other = await open();
  let count = 0;
  const ports = testPorts(async (name) => {
    if (name === "publish.before_append") await other.writer.publish(peopleWrite({ put: [`x${count++}`] }));
  });
  const peer = await openPeer({
    store,
    tables,
    ports: { ...ports, random: { fill: (target) => void target.fill(0) } },
  });
  const error = await errorOf(peer.writer.publish(peopleWrite({ put: ["ada"] })));
  assert.equal(error.code, "write_conflict");
  assert.equal(count, 32);
});

Deno.test("a large commit starts again when another writer got in between on a table", async () => {
  const { open, tables } = await createWorld();
  const peer = await open();
  await peer.writer.publish(peopleWrite({ put: bulkPeople("a") }));
  tables.intrude(peer.head.known.commit.tables["node:Person"]!.pin.table, null);
  const commit = await peer.writer.publish(peopleWrite({ put: bulkPeople("b") }, { retry: "fail" }));
  assert.equal(commit!.tables["node:Person"]!.rows, 800);
  assert.equal(Object.keys((await (await open()).content()).people).length, 800);
});

Deno.test("large commits of several processes all land and never leak rows of attempts that lost", async () => {
  const { open } = await createWorld();
  const peers = await Promise.all([open(), open(), open()]);
  await Promise.all(peers.map(({ writer }, p) => writer.publish(peopleWrite({ put: bulkPeople(`${p}-`) }))));
  await linearHistory(peers[0]!);
  const { people } = await (await open()).content();
  assert.equal(Object.keys(people).length, 1200);
});

Deno.test("46: a failure at any step leaves the whole commit or nothing, and the next write works", async () => {
  const steps = [
    "publish.staged",
    "publish.before_append",
    "publish.after_append",
    "publish.tables_written",
    "publish.table_written",
  ];
  for (const step of steps) {
    for (const rows of [[["new", "new"] as [string, string]], bulkPeople("n")]) {
      const { open } = await createWorld();
      await (await open()).writer.publish(peopleWrite({ put: ["old"] }));
      let armed = true;
      const peer = await open((name) => {
        if (name === step && armed) throw new Error(`crashed at ${name}`);
      });
      const outcome = await peer.writer.publish(peopleWrite({ put: rows })).then(
        () => "done",
        () => "failed",
      );
      const small = rows.length === 1;
      const reached = !(small && step.includes("table"));
      assert.equal(outcome, reached ? "failed" : "done", step);
      const whole = Object.keys((await (await open()).content()).people).length;
      const isPublished = step === "publish.after_append" || !reached;
      assert.equal(whole, isPublished ? rows.length + 1 : 1, `${step} with ${rows.length} rows`);
      armed = false;
      await peer.writer.publish(peopleWrite({ put: ["next"] }));
      await (await open()).writer.publish(peopleWrite({ put: bulkPeople("other") }));
      assert.equal(Object.keys((await (await open()).content()).people).length, whole + 401);
      await linearHistory(peer);
    }
  }
});

Deno.test("latest() sees what another process committed before the call, and never goes back", async () => {
  const { open } = await createWorld();
  const [writer, reader] = [await open(), await open()];
  for (let i = 0; i < 5; i++) {
    const commit = await writer.writer.publish(peopleWrite({ put: [`p${i}`] }));
    assert.equal((await reader.head.latest()).commit.id, commit!.id);
  }
});

Deno.test("a reader far behind catches up by opening anew", async () => {
  const { open } = await createWorld();
  const [writer, reader] = [await open(), await open()];
  for (let i = 0; i < 200; i++) await writer.writer.publish(peopleWrite({ put: [`p${i}`] }));
  assert.equal(Object.keys((await reader.content()).people).length, 200);
  await writer.writer.settle();
  assert.deepEqual(writer.errors, []);
});
