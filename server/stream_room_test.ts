import assert from "node:assert/strict";
import { AppError } from "../core/errors.ts";
import { StreamRoom } from "./stream_room.ts";

async function refusal(taking: Promise<unknown>): Promise<unknown> {
  const error = await taking.then(() => assert.fail("there was room"), (error: unknown) => error);
  assert.ok(error instanceof AppError, String(error));
  assert.equal(error.facts.status, 413);
  return error.detail.resource_limit;
}

Deno.test("StreamRoom lets one stream of a graph run at a time", async () => {
  const room = new StreamRoom();
  const first = await room.take("fleet");
  assert.deepEqual(await refusal(room.take("fleet")), {
    resource: "stream_export_slots",
    limit: 1,
    actual: 2,
  });
  await room.take("reels");
  first.release();
  const second = await room.take("fleet");
  first.release(); // again: the second one keeps its room
  assert.ok(await refusal(room.take("fleet")));
  second.release();
});

Deno.test("StreamRoom has room for eight streams in a process", async () => {
  const room = new StreamRoom();
  const leases = await Promise.all(["a", "b", "c", "d", "e", "f", "g", "h"].map((id) => room.take(id)));
  assert.deepEqual(await refusal(room.take("i")), {
    resource: "stream_export_transport_bytes",
    limit: 2_097_152,
    actual: 2_359_296,
  });
  leases[3]!.release();
  (await room.take("i")).release();
});

Deno.test("StreamRoom lets who waits go on as soon as there is room, one at a time", async () => {
  const room = new StreamRoom();
  const first = await room.take("fleet");
  const order: string[] = [];
  const waiting = ["b", "c"].map(async (name) => {
    const lease = await room.take("fleet");
    order.push(`${name} in`);
    await Promise.resolve();
    order.push(`${name} out`);
    lease.release();
  });
  first.release();
  await Promise.all(waiting);
  assert.deepEqual(order, ["b in", "b out", "c in", "c out"]);
});
