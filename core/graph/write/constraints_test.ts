import assert from "node:assert/strict";
import { applied, catalogFrom, countingIds, memoryView } from "../../../tests/support/memory_view.ts";
import { parseBatch } from "./batch.ts";
import type { ChangeSet } from "./change_set.ts";
import { constraintNeeds, violations } from "./constraints.ts";
import { stageLoad } from "./stage_load.ts";

const CATALOG = catalogFrom(`
  node Film { slug: String @key  year: I32?  serial: String? @unique  @range(year, 1850..) }
  node Person { name: String }
  edge Cut: Person -> Film @card(0..1) { kind: enum(long, short)? }
`);

function batch(...lines: string[]) {
  return parseBatch(CATALOG, new TextEncoder().encode(lines.join("\n")));
}

/** A change set as a merge would make it: the parsed records are new, nothing was checked. */
function changesOf(...lines: string[]): ChangeSet {
  return new Map(
    [...batch(...lines).tables].map(([key, { records }]) => [
      key,
      { replaceAll: false, upserts: records, existing: new Uint8Array(records.length), deletes: [] },
    ]),
  );
}

Deno.test("violations() finds all of them in order, with kind, type and entity, as a merge needs", async () => {
  const changes = changesOf(
    '{"type":"Film","data":{"slug":"a","year":1,"serial":"s"}}',
    '{"type":"Film","data":{"slug":"b","serial":"s"}}',
    '{"type":"Person","data":{"id":"p"}}',
    '{"edge":"Cut","from":"p","to":"a","data":{"id":"c1","kind":"odd"}}',
    '{"edge":"Cut","from":"p","to":"z","data":{"id":"c2"}}',
  );
  const view = memoryView(CATALOG);
  await view.prepare(constraintNeeds(view, changes));
  assert.deepEqual(
    [...violations({ view, changes })].map(({ kind, typeKey, entityId }) => [kind, typeKey, entityId]),
    [
      ["value_constraint_violation", "edge:Cut", "c1"],
      ["value_constraint_violation", "node:Film", "a"],
      ["required_violation", "node:Person", "p"],
      ["unique_violation", "node:Film", "b"],
      ["orphan_edge", "edge:Cut", "c2"],
      ["cardinality_violation", "edge:Cut", "p"],
    ],
  );
});

Deno.test("violations() reports a kept edge once per endpoint that goes", async () => {
  const start = await stageLoad(
    memoryView(CATALOG),
    batch(
      '{"type":"Film","data":{"slug":"a"}}',
      '{"type":"Person","data":{"id":"p","name":"x"}}',
      '{"edge":"Cut","from":"p","to":"a","data":{"id":"c"}}',
    ),
    "overwrite",
    countingIds(),
  );
  const view = memoryView(CATALOG, applied(CATALOG, new Map(), start));
  const gone = { replaceAll: false, upserts: null, existing: new Uint8Array(0) };
  const changes: ChangeSet = new Map([
    ["node:Film", { ...gone, deletes: ["a"] }],
    ["node:Person", { ...gone, deletes: ["p"] }],
  ]);
  await view.prepare(constraintNeeds(view, changes));
  assert.deepEqual(
    [...violations({ view, changes })].map(({ kind, message }) => [kind, message.slice(0, 26)]),
    [
      ["orphan_edge", "src 'p' not found in Perso"],
      ["orphan_edge", "dst 'a' not found in Film "],
    ],
  );
});

Deno.test("violations() looks no further than it is asked", () => {
  const changes = changesOf(
    '{"type":"Film","data":{"slug":"a","year":1}}',
    '{"edge":"Cut","from":"p","to":"z","data":{"id":"c2"}}',
  );
  // Nothing is prepared: only the values of the changes may be looked at.
  const first = violations({ view: memoryView(CATALOG, new Map([["node:Person", new Map()]])), changes })
    .next();
  assert.match(first.value!.message, /@range violation on Film\.year: 1 is not in 1850\.\./);
});

Deno.test("constraintNeeds() asks for nothing of an empty graph", () => {
  const changes = changesOf(
    '{"type":"Film","data":{"slug":"a","serial":"s"}}',
    '{"edge":"Cut","from":"p","to":"a"}',
  );
  assert.deepEqual(constraintNeeds(memoryView(CATALOG), changes), []);
});
