import assert from "node:assert/strict";
import { logOwner } from "../branches.ts";
import { placeOfSlot } from "./merged_parents.ts";

Deno.test("placeOfSlot() names the log that wrote a slot, and how that log is read", () => {
  const main = { incarnation: "main", slot: 3, sequence: 3 };
  const draft = { incarnation: "draft", slot: 5, sequence: 6 };
  const child = logOwner("child", [draft, main]);
  const places = [1, 3, 4, 5, 6].map((slot) => placeOfSlot(child, slot));
  assert.deepEqual(places, [
    { incarnation: "main", slot: 1, ancestry: [] },
    { incarnation: "main", slot: 3, ancestry: [] },
    { incarnation: "draft", slot: 4, ancestry: [main] },
    { incarnation: "draft", slot: 5, ancestry: [main] },
    { incarnation: "child", slot: 6, ancestry: [draft, main] },
  ]);
});
