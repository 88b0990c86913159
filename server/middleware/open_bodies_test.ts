import assert from "node:assert/strict";
import { OpenBodies } from "./open_bodies.ts";

Deno.test("OpenBodies is idle when every body has arrived or was given up", async () => {
  const bodies = new OpenBodies();
  await bodies.idle();
  const [first, second] = [new Request("http://a/"), new Request("http://b/")];
  bodies.begin(first);
  bodies.begin(second);
  let idle = false;
  const waiting = bodies.idle().then(() => idle = true);
  bodies.end(first);
  bodies.end(first);
  await Promise.resolve();
  assert.equal(idle, false);
  bodies.end(second);
  await waiting;
});
