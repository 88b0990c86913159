/**
 * Making a branch, deleting one and changing the schema, by several processes at once: in every order that a slow store
 * makes of them, and with one of them dying at any step.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { film, FILM_SCHEMA, loadLines, titles } from "../../tests/support/embedded_graphs.ts";
import { testPorts } from "../../tests/support/graph_protocol.ts";
import { createMemoryTables } from "../../tests/support/memory_tables.ts";
import { randomIntegers, slowStore } from "../../tests/support/slow_store.ts";
import type { Failpoint } from "../base/ports.ts";
import { AppError } from "../errors.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";
import type { TableStore } from "../storage/table_store.ts";
import { readRefs } from "./branches.ts";
import type { EmbeddedGraph } from "./embedded.ts";
import { createGraph, openGraph } from "./open.ts";

type Action =
  | "make a"
  | "make b from a"
  | "load into b from a"
  | "load into a"
  | "write to b"
  | "delete a"
  | "change";

const ACTIONS: readonly Action[] = [
  "make a",
  "make b from a",
  "load into b from a",
  "load into a",
  "write to b",
  "delete a",
  "change",
];
const STEPS: readonly string[] = [
  "branch.stored",
  "branch.checked",
  "fork.published",
  "fork.named",
  "delete.fenced",
  "delete.before_append",
  "delete.after_append",
  "schema.saved",
  "schema.tables_written",
  "schema.before_append",
  "schema.after_append",
];

class Died extends Error {}

/** A failpoint that kills its process at one step, for good. */
function dieAt(step: string | null): Failpoint {
  let dead = false;
  return (name) => {
    dead ||= name === step;
    if (dead) throw new Died();
  };
}

let changes = 0;

async function act(graph: EmbeddedGraph, action: Action, id: string): Promise<unknown> {
  switch (action) {
    case "make a":
      return await graph.createBranch({ name: "a" });
    case "make b from a":
      return await graph.createBranch({ name: "b", from: "a" });
    case "load into b from a":
      return await loadLines(graph, [film(id)], { branch: "b", from: "a" });
    case "load into a":
      return await loadLines(graph, [film(id)], { branch: "a", from: "main" });
    case "write to b":
      return await loadLines(graph, [film(id)], { branch: "b" });
    case "delete a":
      return await graph.deleteBranch({ name: "a" });
    case "change": {
      const text = FILM_SCHEMA.text.replace("I32?", `I32?\n  note${changes++}: String?`);
      return await graph.schemaUpdate({ path: "films.pg", text });
    }
  }
}

/** What every order must leave behind. */
async function examine(
  store: ObjectStore,
  tables: TableStore,
  acknowledged: readonly { readonly action: Action; readonly id: string }[],
  mayDeleteA: boolean,
): Promise<void> {
  const graph = await openGraph({ store, tables, uri: "memory:films", ports: testPorts() });
  const { branches } = await graph.branches();
  const { digest } = graph.catalog();
  const live: string[] = [];
  for (const name of branches) {
    const found = await titles(graph, { branch: name }).then(Object.keys, (error) => error as AppError);
    // A maker that died may leave a name that nobody can open; it is gone now.
    if (found instanceof AppError) {
      assert.equal(found.code, "branch_not_found");
      continue;
    }
    live.push(name);
    const [head] = (await graph.commits(name)).commits;
    assert.ok(head, name);
  }
  const refs = await readRefs(store);
  assert.deepEqual(refs.map(({ name }) => name), live);
  const incarnations = new Set(refs.map(({ incarnation }) => incarnation));
  for (const { name, ancestry } of refs) {
    for (const each of ancestry) assert.ok(incarnations.has(each.incarnation), `${name} outlives its source`);
  }
  for (const name of live) {
    // No branch has an older schema than main: it takes a write that was made for main.
    await loadLines(graph, [film("last")], { branch: name });
    assert.equal(graph.catalog().digest, digest);
  }
  const rowsOf = async (branch: string) => live.includes(branch) ? await titles(graph, { branch }) : {};
  for (const { action, id } of acknowledged) {
    // Nobody deletes `b`, and `a` only where the script says so.
    if (["make b from a", "load into b from a", "write to b"].includes(action)) {
      assert.ok(live.includes("b"), action);
    }
    if (action === "write to b" || action === "load into b from a") {
      assert.ok(Object.hasOwn(await rowsOf("b"), id), `${id} was acknowledged`);
    }
    if (!mayDeleteA && (action === "make a" || action === "load into a")) {
      assert.ok(live.includes("a"), action);
    }
    if (!mayDeleteA && action === "load into a") {
      assert.ok(Object.hasOwn(await rowsOf("a"), id), `${id} was acknowledged`);
    }
  }
  // Nothing blocks what comes next.
  for (const name of live.toReversed()) if (name !== "main") await graph.deleteBranch({ name });
  assert.deepEqual((await graph.branches()).branches, ["main"]);
  await act(graph, "change", "");
  await graph.createBranch({ name: "a" });
  await graph.close();
}

async function race(script: {
  readonly seed: number;
  readonly withA: boolean;
  readonly withB: boolean;
  readonly actions: readonly (readonly [Action, string | null])[];
}): Promise<void> {
  const store = createMemoryStore();
  const tables = createMemoryTables();
  await createGraph({ store, schema: FILM_SCHEMA, ports: testPorts() });
  const first = await openGraph({ store, tables, uri: "memory:films", ports: testPorts() });
  await loadLines(first, [film("m")]);
  if (script.withA) await first.createBranch({ name: "a" });
  if (script.withA && script.withB) await first.createBranch({ name: "b", from: "a" });
  const next = randomIntegers(script.seed);
  const processes = await Promise.all(script.actions.map(([_, step]) =>
    openGraph({
      store: slowStore(store, next),
      tables,
      uri: "memory:films",
      ports: testPorts(dieAt(step)),
    })
  ));
  const outcomes = await Promise.allSettled(
    script.actions.map(([action], i) => act(processes[i]!, action, `id${i}`)),
  );
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled") continue;
    const [action, step] = script.actions[i]!;
    if (outcome.reason instanceof Died && step !== null) continue;
    assert.ok(outcome.reason instanceof AppError, String(outcome.reason?.stack));
    assert.ok([404, 409].includes(outcome.reason.facts.status), `${action}: ${outcome.reason.message}`);
  }
  const acknowledged = outcomes.flatMap(({ status }, i) =>
    status === "fulfilled" ? [{ action: script.actions[i]![0], id: `id${i}` }] : []
  );
  await examine(store, tables, acknowledged, script.actions.some(([action]) => action === "delete a"));
}

const ACTION = fc.oneof(
  fc.constantFrom(...ACTIONS),
  fc.constantFrom<Action>("make b from a", "load into b from a", "delete a"),
);

Deno.test("26: every order of making, deleting and changing the schema ends right", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        withA: fc.boolean(),
        withB: fc.boolean(),
        actions: fc.array(fc.tuple(ACTION, fc.constant(null)), { minLength: 2, maxLength: 4 }),
      }),
      race,
    ),
    { numRuns: 300 },
  );
});

Deno.test("a process that dies while it makes, deletes or changes leaves nothing that blocks or is half", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.nat(),
        withA: fc.boolean(),
        withB: fc.boolean(),
        actions: fc.array(
          fc.tuple(ACTION, fc.option(fc.constantFrom(...STEPS), { nil: null })),
          { minLength: 1, maxLength: 3 },
        ),
      }),
      race,
    ),
    { numRuns: 300 },
  );
});
