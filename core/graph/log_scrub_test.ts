import assert from "node:assert/strict";
import { AppError } from "../errors.ts";
import { decodeLogObject } from "./commit_codec.ts";
import { scrubLogObject } from "./log_scrub.ts";

const ID = [
  "01J00000000000000000000001",
  "01J00000000000000000000002",
  "01J00000000000000000000003",
] as const;

function pin(table: string) {
  return { pin: { table, branch: null, version: 0, rows: 0 }, rows: 1, foldedThrough: 0 };
}

function delta(id: string) {
  return { columns: ["id"], rows: [[id]], deletes: [] };
}

const COUNTS = { inserted: 1, updated: 0, deleted: 0 };
const FACTS = {
  mergedParent: null,
  branch: "main",
  actor: null,
  createdAt: 5,
  operation: "load",
  schemaDigest: "s",
};

/** Three grouped commits: rows of both tables, rows of one, and a large one beside the log. */
function logObject() {
  return {
    format: 1,
    commits: [
      {
        ...{ id: ID[0], parent: null, sequence: 1, ...FACTS },
        changes: { "node:A": COUNTS, "node:B": COUNTS },
        tables: { "node:A": pin("nodes/1"), "node:B": pin("nodes/2") },
        delta: { "node:A": delta("a1"), "node:B": delta("b1") },
        later: "a member of a newer release",
      },
      {
        ...{ id: ID[1], parent: ID[0], sequence: 2, ...FACTS },
        changes: { "node:A": COUNTS },
        tables: {},
        delta: { "node:A": delta("a2") },
      },
      {
        ...{ id: ID[2], parent: ID[1], sequence: 3, ...FACTS },
        changes: { "node:A": COUNTS, "node:B": COUNTS },
        tables: { "node:B": pin("nodes/2") },
        touched: ["node:A", "node:B"],
      },
    ],
  };
}

function encoded(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function scrubbed(bytes: Uint8Array): ReturnType<typeof logObject> {
  return JSON.parse(new TextDecoder().decode(bytes));
}

Deno.test("scrubLogObject() takes out the rows of a table and marks it, and nothing else", () => {
  const { bytes, isConcerned, touched } = scrubLogObject(encoded(logObject()), "key", new Set(["nodes/1"]));
  assert.equal(isConcerned, true);
  assert.deepEqual(touched, [{ commitId: ID[2], keys: ["node:A"] }]);
  const expected = structuredClone(logObject()) as { commits: Record<string, unknown>[] };
  const [first, second, third] = expected.commits;
  Object.assign(first!, { delta: { "node:B": delta("b1") }, purged: ["node:A"] });
  Object.assign(second!, { purged: ["node:A"] });
  delete second!.delta;
  third!.touched = ["node:B"];
  assert.deepEqual(scrubbed(bytes!), expected);
  assert.deepEqual(decodeLogObject(bytes!, "key").map(({ purged }) => purged), [
    ["node:A"],
    ["node:A"],
    undefined,
  ]);
});

Deno.test("scrubLogObject() changes nothing the second time, and goes on with other tables", () => {
  const once = scrubLogObject(encoded(logObject()), "key", new Set(["nodes/1"])).bytes!;
  const again = scrubLogObject(once, "key", new Set(["nodes/1"]));
  assert.deepEqual([again.bytes, again.isConcerned], [null, true]);
  const both = scrubbed(scrubLogObject(once, "key", new Set(["nodes/2"])).bytes!);
  assert.deepEqual(both.commits.map((commit) => (commit as { purged?: unknown }).purged), [
    ["node:A", "node:B"],
    ["node:A"],
    undefined,
  ]);
  assert.doesNotMatch(JSON.stringify(both), /"rows":\[\[|touched|delta/);
});

Deno.test("scrubLogObject() is not concerned with tables that the object does not know, and refuses damaged ones", () => {
  const { bytes, isConcerned, touched } = scrubLogObject(encoded(logObject()), "key", new Set(["nodes/1-X"]));
  assert.deepEqual([bytes, isConcerned, touched], [null, false, []]);
  assert.throws(
    () => scrubLogObject(encoded({ format: 1, commits: [] }), "log/7.json", new Set(["nodes/1"])),
    (error) =>
      error instanceof AppError && error.code === "integrity_error" && error.message.includes("log/7.json"),
  );
});
