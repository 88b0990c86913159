import assert from "node:assert/strict";
import { CATALOG, testPorts } from "../../tests/support/graph_protocol.ts";
import type { Commit } from "./commit.ts";
import { decodeLogObject, encodeLogObject } from "./commit_codec.ts";
import { genesisCommit } from "./plan_commit.ts";

const KEY = "__manifest/log/01J00000000000000000000000/7.json";
const ports = testPorts();

function genesis(): Commit {
  return genesisCommit({
    id: ports.newId(),
    branch: "main",
    actor: "act-lena",
    createdAt: 1,
    operation: "init",
    schemaDigest: "d",
    catalog: CATALOG,
  });
}

function childOf(parent: Commit, change: Partial<Commit> = {}): Commit {
  return {
    ...parent,
    id: ports.newId(),
    parent: parent.id,
    sequence: parent.sequence + 1,
    operation: "load",
    ...change,
  };
}

function decodeText(text: string): readonly Commit[] {
  return decodeLogObject(new TextEncoder().encode(text), KEY);
}

Deno.test("decodeLogObject() gives back grouped commits with all their tables and rows", () => {
  const first = genesis();
  const person = first.tables["node:Person"]!;
  const delta = { "node:Person": { columns: ["id"], rows: [["a\u2028"]], deletes: ["b"] } };
  const second = childOf(first, {
    tables: {
      ...first.tables,
      "node:Person": { ...person, rows: 1, pending: { commits: 1, rows: 2, bytes: 9 }, changedAt: 2 },
    },
    changes: { "node:Person": { inserted: 1, updated: 0, deleted: 1 } },
  });
  const third = childOf(second, {
    operation: "merge",
    mergedParent: first.id,
    mergeBase: first.id,
    mergedFrom: {
      incarnation: first.id,
      slot: 3,
      ancestry: [{ incarnation: second.id, slot: 2, sequence: 2 }],
    },
  });
  const bytes = encodeLogObject([
    { commit: first, deltaText: null },
    { commit: second, deltaText: JSON.stringify(delta) },
    { commit: third, deltaText: null },
  ]);
  assert.deepEqual(decodeLogObject(bytes, KEY), [first, { ...second, delta }, third]);
});

Deno.test("encodeLogObject() repeats no table that a grouped commit left alone", () => {
  const first = genesis();
  const text = new TextDecoder().decode(
    encodeLogObject([{ commit: first, deltaText: null }, { commit: childOf(first), deltaText: null }]),
  );
  assert.equal(text.split("nodes/").length - 1, 1);
});

Deno.test("decodeLogObject() refuses damaged objects with an integrity error that names the object", () => {
  const good = JSON.parse(
    new TextDecoder().decode(encodeLogObject([{ commit: genesis(), deltaText: null }])),
  );
  const damage: readonly [string, (object: { commits: Record<string, unknown>[] }) => unknown][] = [
    ["no commits", (o) => ({ ...o, commits: [] })],
    ["commits no list", (o) => ({ ...o, commits: {} })],
    ["no format", ({ commits }) => ({ commits })],
    ...["id", "parent", "branch", "sequence", "createdAt", "operation", "schemaDigest", "changes", "tables"]
      .map(
        (name): [string, (object: { commits: Record<string, unknown>[] }) => unknown] => [
          `${name} wrong`,
          (o) => ({ ...o, commits: [{ ...o.commits[0], [name]: [true] }] }),
        ],
      ),
    [
      "pin missing",
      (o) => ({ ...o, commits: [{ ...o.commits[0], tables: { "node:Person": { rows: 0 } } }] }),
    ],
    [
      "rows wrong",
      (o) => ({
        ...o,
        commits: [{ ...o.commits[0], delta: { x: { columns: [], rows: [1], deletes: [] } } }],
      }),
    ],
    ["not following", (o) => ({ ...o, commits: [o.commits[0], o.commits[0]] })],
  ];
  assert.equal(decodeText(JSON.stringify(good)).length, 1);
  for (const [name, change] of damage) {
    assert.throws(
      () => decodeText(JSON.stringify(change(good))),
      (error: Error & { code?: string }) => error.code === "integrity_error" && error.message.includes(KEY),
      name,
    );
  }
  for (const text of ["", "{", "[]", "null", JSON.stringify(good).slice(0, -20)]) {
    assert.throws(() => decodeText(text), { code: "integrity_error" }, text);
  }
  assert.throws(() => decodeLogObject(Uint8Array.of(0xff, 0xfe), KEY), { code: "integrity_error" });
});

Deno.test("decodeLogObject() asks for an upgrade when the format is newer", () => {
  assert.throws(() => decodeText('{"format":2,"commits":[]}'), { code: "unsupported", message: /upgrade/ });
});
