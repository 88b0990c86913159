import assert from "node:assert/strict";
import { Log } from "../log.ts";
import { Admission, readAdmissionLimits } from "./admission.ts";

const REFUSED = { code: "too_many_requests" };

/** Admits a request that stays until the returned function is called. */
function hold(admission: Admission, actor: string | null, bytes: number): () => Promise<void> {
  const gate = Promise.withResolvers<void>();
  const done = admission.run(actor, bytes, () => gate.promise);
  return () => {
    gate.resolve();
    return done;
  };
}

Deno.test("Admission refuses one actor over the count cap, others go on, and ended requests give their slot back", async () => {
  const admission = new Admission({ inflightMax: 2, bytesMax: 1000 });
  const first = hold(admission, "a", 1);
  const second = hold(admission, "a", 1);
  await assert.rejects(admission.run("a", 1, () => Promise.resolve()), {
    ...REFUSED,
    message: "actor in-flight count cap 2 exceeded",
  });
  assert.equal(await admission.run("b", 1, () => Promise.resolve(7)), 7);
  await first();
  assert.equal(await admission.run("a", 1, () => Promise.resolve(8)), 8);
  await second();
});

Deno.test("Admission counts bytes and gives them back when the work throws", async () => {
  const admission = new Admission({ inflightMax: 9, bytesMax: 100 });
  const held = hold(admission, "a", 60);
  await assert.rejects(admission.run("a", 41, () => Promise.resolve()), {
    ...REFUSED,
    message: "actor in-flight bytes cap 100 exceeded by an attempt at 101 bytes",
  });
  await assert.rejects(admission.run("a", 40, () => Promise.reject(new Error("boom"))), /boom/);
  assert.equal(await admission.run("a", 40, () => Promise.resolve(1)), 1);
  await held();
});

Deno.test("Admission gives requests without an actor a bucket of their own", async () => {
  const admission = new Admission({ inflightMax: 1, bytesMax: 100 });
  const held = hold(admission, null, 1);
  await assert.rejects(admission.run(null, 1, () => Promise.resolve()), REFUSED);
  assert.equal(await admission.run("anonymous", 1, () => Promise.resolve(1)), 1);
  await held();
});

Deno.test("readAdmissionLimits() warns about an invalid value and uses the default", () => {
  const lines: string[] = [];
  const log = new Log({ level: "info", clock: { nowMs: () => 0 }, sink: (line) => lines.push(line) });
  const read = (value: string) =>
    readAdmissionLimits(
      { get: (name) => name === "OMNIGRAPH_PER_ACTOR_INFLIGHT_MAX" ? value : undefined },
      log,
    );
  assert.deepEqual(read("3"), { inflightMax: 3, bytesMax: 4_294_967_296 });
  assert.equal(lines.length, 0);
  assert.equal(read("many").inflightMax, 16);
  assert.equal(read("0").inflightMax, 16);
  assert.equal(lines.length, 2);
});
