/**
 * Random chains of schema edits on live graphs with data in between, against a model that knows no names: after every
 * step the newest content, and every older commit under the newest schema. Some steps drop for good: what they purge must
 * not be read again. A fifth of `OMNIGRAPH_CASES` is how many chains: each is long.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { EmbeddedGraph } from "../core/graph/embedded.ts";
import { createGraph, openGraph } from "../core/graph/open.ts";
import type { SchemaStep } from "../core/schema/steps.ts";
import { createMemoryStore } from "../core/storage/memory_store.ts";
import type { ObjectStore } from "../core/storage/object_store.ts";
import { openObjectStore, openTableStore } from "../core/storage/open.ts";
import type { TableStore } from "../core/storage/table_store.ts";
import { loadLines, rejection } from "./support/embedded_graphs.ts";
import { createMemoryTables } from "./support/memory_tables.ts";
import { withTempDir } from "./support/process.ts";
import {
  afterSchemaChange,
  type Choose,
  expectedRows,
  type ModelRows,
  queryOf,
  randomLoad,
} from "./support/row_model.ts";
import { type Edit, editRounds, SchemaModel } from "./support/schema_edits.ts";

const CASES = Math.ceil(Number(Deno.env.get("OMNIGRAPH_CASES") ?? 200) / 5);
const PATH = "random.pg";

/** Where the graph of one chain lives. */
interface Place {
  readonly store: ObjectStore;
  readonly tables: TableStore;
}

/** One commit and what it held. */
interface Moment {
  readonly commit: string;
  readonly rows: ModelRows;
  /** Types, by their uid, whose rows at this commit were dropped for good since, and by which process. */
  readonly gone: Map<number, EmbeddedGraph>;
}

/** Applies the rounds, with loads in between, and checks everything that can be read after each. */
async function runChain({ store, tables }: Place, rounds: readonly Edit[][], choose: Choose): Promise<void> {
  const model = new SchemaModel();
  const errors: unknown[] = [];
  const open = () =>
    openGraph({ store, tables, uri: "random", onBackgroundError: (error) => void errors.push(error) });
  await createGraph({ store, schema: { path: PATH, text: model.text(0) } });
  // Two processes take turns, so that each meets what the other did; a third one opens the graph anew each time.
  const peers = [await open(), await open()] as const;
  const peer = () => peers[choose(2)]!;
  let rows: ModelRows = new Map();
  const moments: Moment[] = [];
  for (const [turn, edits] of rounds.entries()) {
    for (let load = choose(4); load > 0; load--) {
      const { lines, rows: next } = randomLoad(rows, model, choose, choose(6) === 0);
      const { commit } = await loadLines(peer(), lines);
      rows = next;
      moments.push({ commit: commit!.graph_commit_id, rows, gone: new Map() });
    }
    model.startRound();
    for (const edit of edits) model.edit(edit);
    const changer = peer();
    const desired = { path: PATH, text: model.text(turn) };
    const { commit, steps } = await changer.schemaUpdate(desired, { allowDataLoss: choose(3) === 0 });
    const purged = purgedTypes(model, steps);
    for (const { gone } of moments) for (const uid of purged) gone.set(uid, changer);
    rows = afterSchemaChange(rows, model);
    if (commit !== null) moments.push({ commit: commit.id, rows, gone: new Map() });
    const fresh = await open();
    for (const graph of [...peers, fresh]) await assertContent(graph, model, { rows });
    for (const moment of moments) {
      await assertContent(choose(2) === 0 ? fresh : peer(), model, moment, peers);
    }
    await fresh.close();
  }
  for (const graph of peers) await graph.close();
  assert.deepEqual(errors, []);
}

/** The types of which a schema change purged older rows. */
function purgedTypes(model: SchemaModel, steps: readonly SchemaStep[]): number[] {
  const names = new Set(
    steps.map((step) =>
      step.kind === "drop_property" && step.mode === "hard" ? `${step.type_kind}:${step.type_name}` : ""
    ),
  );
  return model.types.filter(({ kind, name }) => names.has(`${kind}:${name}`)).map(({ uid }) => uid);
}

async function assertContent(
  graph: EmbeddedGraph,
  model: SchemaModel,
  { commit: snapshot, rows, gone }: Pick<Moment, "rows"> & Partial<Moment>,
  peers: readonly EmbeddedGraph[] = [],
): Promise<void> {
  const target = snapshot === undefined ? {} : { snapshot };
  for (const type of model.types) {
    const expected = rows.get(type.uid);
    const source = queryOf(type);
    // An edge is read with its ends.
    const purgers = [type, ...type.ends ?? []].flatMap(({ uid }) => gone?.get(uid) ?? []);
    if (expected === undefined && snapshot !== undefined) {
      const { code, message } = await rejection(graph.query({ source, ...target }));
      if (purgers.length > 0 && code === "historical_version_reclaimed") continue;
      assert.match(message, /^(node|edge) type '\w+' does not exist at this snapshot$/);
      continue;
    }
    const reading = graph.query({ source, ...target });
    if (purgers.length > 0) {
      // Only a process that had the commit open before another one dropped the rows may go on reading them.
      const mayFinish = peers.includes(graph) && !purgers.includes(graph);
      const code = await reading.then(() => "finished", (error) => error.code);
      assert.ok(
        code === "historical_version_reclaimed" || (mayFinish && code === "finished"),
        `${source}: ${code}`,
      );
      if (code !== "finished") continue;
    }
    const { rows: found } = await reading;
    const texts = (JSON.parse(found.toJsonText()) as object[]).map((row) =>
      JSON.stringify(Object.values(row))
    );
    assert.deepEqual(texts.sort(), expectedRows(type, expected ?? new Map()), `${source} at ${snapshot}`);
  }
}

/** Rounds of edits, and a seed for everything about the data. */
function chains(): fc.Arbitrary<readonly [Edit[][], number]> {
  return fc.tuple(editRounds(), fc.nat());
}

/** A small generator (xorshift), so that a failing chain can be repeated. */
function chooserOf(seed: number): Choose {
  let state = (seed ^ 0x9e3779b9) | 1;
  return (count) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % count;
  };
}

Deno.test("chains of schema edits keep every row by identity, today and in history", async () => {
  await fc.assert(
    fc.asyncProperty(chains(), async ([rounds, seed]) => {
      const place = { store: createMemoryStore(), tables: createMemoryTables() };
      await runChain(place, rounds, chooserOf(seed));
    }),
    { numRuns: CASES },
  );
});

Deno.test("chains of schema edits keep every row by identity on LanceDB too", async () => {
  await fc.assert(
    fc.asyncProperty(chains(), ([rounds, seed]) =>
      withTempDir(async (path) => {
        const uri = { kind: "local", path } as const;
        await runChain(
          { store: openObjectStore(uri), tables: openTableStore(uri) },
          rounds.slice(0, 3),
          chooserOf(seed),
        );
      })),
    { numRuns: Math.ceil(CASES / 10) },
  );
});
