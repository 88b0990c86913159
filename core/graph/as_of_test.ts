import assert from "node:assert/strict";
import { createGraph, openGraph } from "./open.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import { testPorts } from "../../tests/support/graph_protocol.ts";
import {
  film,
  FILM_SCHEMA,
  INSERT_FILM,
  loadLines,
  rejection,
  titles,
} from "../../tests/support/embedded_graphs.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { must } from "../base/assert.ts";
import { parseAsOf } from "./as_of.ts";
import { readRef } from "./branches.ts";
import type { EmbeddedGraph } from "./embedded.ts";
import { putFence } from "./fence.ts";
import type { CommitOutput } from "./graph.ts";
import { readSlot } from "./log.ts";

/** A graph whose stored log slots are counted when they are read. */
async function countedGraph() {
  const plain = createMemoryStore();
  const count = { slots: 0 };
  const get = plain.get.bind(plain);
  const store = Object.assign(plain, {
    get: (key: string) => {
      if (/\/log\/.*\/[0-9]+\.json$/.test(key)) count.slots++;
      return get(key);
    },
  });
  const tables = createMemoryTables();
  await createGraph({ store, schema: FILM_SCHEMA, ports: testPorts() });
  const open = () => openGraph({ store, tables, uri: "memory:films", ports: testPorts() });
  return { store, count, open };
}

/** Microseconds as an RFC 3339 time. */
function timeOf(micros: number): string {
  const ms = Math.floor(micros / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micros - ms * 1000).padStart(3, "0")}Z`;
}

async function insert(graph: EmbeddedGraph, slug: string, branch = "main"): Promise<void> {
  await graph.mutate({ source: INSERT_FILM, params: { slug, title: slug }, branch });
}

/** The commit that a read of a branch at a time sees. */
async function commitAt(graph: EmbeddedGraph, micros: number, branch = "main"): Promise<string> {
  const source = "query n() { match { $f: Film } return { count($f) as n } }";
  return (await graph.query({ source, branch, asOf: timeOf(micros) })).graph_commit_id;
}

/** Every commit of a branch is found by its time, and by any time before the next one. */
async function checkTimes(graph: EmbeddedGraph, branch: string): Promise<readonly CommitOutput[]> {
  const commits = (await graph.commits(branch)).commits.toReversed();
  for (const [i, commit] of commits.entries()) {
    const { graph_commit_id: id, created_at: time } = commit;
    assert.equal(await commitAt(graph, time, branch), id);
    const next = commits[i + 1];
    if (next === undefined) continue;
    assert.ok(next.created_at > time, "times grow along a branch");
    assert.equal(await commitAt(graph, next.created_at - 1, branch), id);
  }
  const born = commits[0]!.created_at;
  const error = await rejection(commitAt(graph, born - 1, branch));
  assert.equal(error.code, "commit_not_found");
  assert.match(error.message, new RegExp(`^branch '${branch}' has no commit as of `));
  return commits;
}

Deno.test("parseAsOf() reads RFC 3339 times to the microsecond, and dates as their midnight", () => {
  assert.equal(parseAsOf("2026-05-01T12:00:00Z"), 1777636800000000);
  assert.equal(parseAsOf(" 2026-05-01T14:00:00.123456789+02:00 "), 1777636800123456);
  assert.equal(
    parseAsOf("2026-05-01T14:00:00.5 02:00"),
    1777636800500000,
    "as it comes out of a careless URL",
  );
  assert.equal(parseAsOf("2026-05-01 12:00:00"), 1777636800000000);
  assert.equal(parseAsOf("2026-05-01T12:00:00.1Z"), 1777636800100000);
  assert.equal(parseAsOf("1969-12-31T23:59:59.999999Z"), -1);
  assert.equal(parseAsOf("2026-05-01"), 1777593600000000);
  for (const wrong of ["", "yesterday", "1777636800000", "2026-13-01", "2026-05-01T25:00:00Z"]) {
    assert.throws(() => parseAsOf(wrong), /is no RFC 3339 time/, wrong);
  }
});

Deno.test("every commit is found by its time: grouped ones, folded ones, inherited ones", async () => {
  const { open } = await countedGraph();
  const graph = await open();
  await loadLines(graph, [film("a"), film("b")], { mode: "overwrite" });
  for (let i = 0; i < 40; i++) await insert(graph, `one-${i}`); // more than a fold waits for
  await Promise.all(Array.from({ length: 30 }, (_, i) => insert(graph, `many-${i}`))); // in groups
  const commits = await checkTimes(graph, "main");
  assert.equal(commits.length, 72);
  await graph.createBranch({ name: "draft" });
  assert.equal(await commitAt(graph, commits[20]!.created_at, "draft"), commits[20]!.graph_commit_id);
  for (let i = 0; i < 5; i++) {
    await insert(graph, `draft-${i}`, "draft");
    await insert(graph, `main-${i}`);
  }
  assert.equal((await checkTimes(graph, "draft")).length, 77);
  assert.equal((await checkTimes(graph, "main")).length, 77);
  await graph.close();
});

Deno.test("a branch that starts in the middle of a group does not see the rest of it, at any time", async () => {
  const { open } = await countedGraph();
  const graph = await open();
  await Promise.all(Array.from({ length: 12 }, (_, i) => insert(graph, `many-${i}`)));
  const all = (await graph.commits()).commits.toReversed();
  for (const [i, at] of [4, 5, 6, 7].entries()) {
    const name = `draft-${i}`;
    await graph.createBranch({ name, fromCommit: all[at]!.graph_commit_id });
    const late = all[at + 1]!.created_at;
    assert.equal(await commitAt(graph, late, name), all[at]!.graph_commit_id);
    await insert(graph, `late-${i}`, name);
    await insert(graph, `later-${i}`, name);
    await graph.createBranch({ name: `${name}-child`, from: name });
    await checkTimes(graph, name);
    assert.equal((await checkTimes(graph, `${name}-child`)).length, at + 3);
  }
  await graph.close();
});

Deno.test("a branch that starts in the middle of a group and first restates its head does not see the rest either", async () => {
  const { store, open } = await countedGraph();
  const graph = await open();
  await Promise.all(Array.from({ length: 12 }, (_, i) => insert(graph, `many-${i}`)));
  const all = (await graph.commits()).commits.toReversed();
  await graph.createBranch({ name: "draft", fromCommit: all[6]!.graph_commit_id });
  const { incarnation, forkedFrom } = must(await readRef(store, "draft"), "the branch was made");
  const slot = must(forkedFrom, "it was forked").slot + 1;
  // As a deletion leaves it that died; the next branch made from this one fills the slot.
  await putFence(store, testPorts(), { name: "draft", incarnation, slot, purpose: "delete" });
  await graph.createBranch({ name: "child", from: "draft" });
  const [first] = must(await readSlot(store, incarnation, slot), "the slot is filled").commits;
  assert.equal(first!.operation, "fold");
  for (const name of ["draft", "child"]) {
    await insert(graph, `late-on-${name}`, name);
    assert.equal((await checkTimes(graph, name)).length, 8);
    assert.equal(await commitAt(graph, all[7]!.created_at, name), all[6]!.graph_commit_id);
  }
  await graph.close();
});

Deno.test("times grow along a branch though the clock of a writer is behind", async () => {
  const { open } = await countedGraph();
  const first = await open();
  for (let i = 0; i < 5; i++) await insert(first, `first-${i}`);
  const second = await open(); // its clock begins anew
  await insert(second, "second");
  await insert(first, "third");
  const commits = await checkTimes(second, "main");
  assert.deepEqual(commits.length, 8);
  const [before, late] = commits.slice(-3);
  assert.equal(late!.created_at, before!.created_at + 1);
  await Promise.all([first.close(), second.close()]);
});

Deno.test("a time is found with few reads of a long log", async () => {
  const { count, open } = await countedGraph();
  const writer = await open();
  for (let i = 0; i < 400; i++) await insert(writer, `f-${i}`);
  const commits = (await writer.commits()).commits;
  await writer.close();
  const graph = await open();
  await titles(graph);
  for (const at of [399, 250, 100, 3]) {
    count.slots = 0;
    assert.equal(await commitAt(graph, commits[at]!.created_at), commits[at]!.graph_commit_id);
    assert.ok(count.slots < 80, `${count.slots} slots were read`); // halving, neighbours, and deltas over the pins
  }
  await graph.close();
});

Deno.test("a time goes with a branch, not with a snapshot, and the answer says it", async () => {
  const { open } = await countedGraph();
  const graph = await open();
  await insert(graph, "a");
  const [head] = (await graph.commits()).commits;
  const asOf = timeOf(head!.created_at);
  const source = "query all() { match { $f: Film } return { $f.slug } }";
  assert.deepEqual((await graph.query({ source, asOf })).target, {
    branch: "main",
    snapshot: null,
    as_of: asOf,
  });
  assert.deepEqual((await graph.query({ source })).target, { branch: "main", snapshot: null });
  const both = await rejection(graph.query({ source, asOf, snapshot: head!.graph_commit_id }));
  assert.match(both.message, /a time or a snapshot, not both/);
  assert.equal((await rejection(graph.query({ source, asOf, branch: "nope" }))).code, "branch_not_found");
  assert.equal((await rejection(graph.query({ source, asOf: "soon" }))).code, "invalid_input");
  await graph.close();
});
