/**
 * The read engine alone: 100,000 people and 1,000,000 acquaintances in memory, from parameters to JSON text. Prints medians.
 * Run: `deno run -A tests/bench/read_bench.ts [people] [--tail]`; with `--tail` one percent of the rows comes in deltas.
 */
import type { Commit } from "../../core/graph/commit.ts";
import { runRead } from "../../core/graph/read/execute.ts";
import { createTableCache } from "../../core/graph/read/table_cache.ts";
import type { DecodedDelta, TableSnapshot } from "../../core/graph/snapshot_state.ts";
import type { BoundParams } from "../../core/query/typed.ts";
import type { AnyType, Catalog, TypeKey } from "../../core/schema/catalog.ts";
import { newTableColumns, type RecordColumns } from "../../core/storage/columns.ts";
import { compileRead } from "../support/answers.ts";
import { createMemoryTables, emptyPin } from "../support/memory_tables.ts";
import { catalogFrom } from "../support/memory_view.ts";
import { makeSocialGraph, SCHEMA, type SocialGraph } from "./data.ts";
import { median, once } from "./measure.ts";

const QUERIES: readonly (readonly [name: string, text: string, rounds: number])[] = [
  [
    "point, 6 columns",
    `query q($key: String) { match { $p: Person { key: $key } }
    return { $p.key, $p.name, $p.age, $p.city, $p.score, $p.joined } }`,
    50,
  ],
  [
    "1 hop",
    `query q($key: String) { match { $p: Person { key: $key } $p knows $q } return { $q.key, $q.name } }`,
    50,
  ],
  [
    "2 hops",
    `query q($key: String) { match { $p: Person { key: $key } $p knows $q $q knows $r } return { $r.key } }`,
    10,
  ],
  [
    "reachability {1,3}, count",
    `query q($key: String) { match { $p: Person { key: $key } $p knows{1,3} $q } return { count($q) as n } }`,
    1,
  ],
  [
    "filter, traverse, filter, order, limit 20",
    `query q() { match { $p: Person { city: "city-7" } $p.age > 60 $p knows $q $q.score > 500.0 }
    return { $p.key, $q.key, $q.score } order { $q.score desc } limit 20 }`,
    1,
  ],
  [
    "order everything, limit 20",
    `query q() { match { $p: Person } return { $p.key, $p.score } order { $p.score desc } limit 20 }`,
    1,
  ],
  [
    "group by city over all edges",
    `query q() { match { $p knows $q } return { $q.city, count($q) as known, avg($q.score) as mean } }`,
    1,
  ],
];

/** Rows `from .. to` of both tables as columns. */
function recordsOf(
  type: AnyType,
  length: number,
  row: (at: number) => Readonly<Record<string, unknown>>,
): RecordColumns {
  const columns = newTableColumns(type);
  for (let at = 0; at < length; at++) {
    const cells = row(at);
    for (const [name, column] of columns) column.push((cells[name] ?? null) as never);
  }
  return { length, columns };
}

async function stateOf(catalog: Catalog, graph: SocialGraph, tail: boolean) {
  const tables = createMemoryTables();
  const states = new Map<TypeKey, TableSnapshot>();
  const person = (i: number) => ({
    id: graph.keys[i],
    key: graph.keys[i],
    name: graph.names[i],
    age: graph.ages[i],
    city: graph.cities[i],
    score: graph.scores[i],
    joined: graph.joined[i],
  });
  const edge = (i: number) => ({
    id: `edge-${i}`,
    src: graph.keys[graph.sources[i]!],
    dst: graph.keys[graph.targets[i]!],
  });
  for (
    const [type, count, row] of [
      [catalog.nodes.get("Person")!, graph.people, person],
      [catalog.edges.get("Knows")!, graph.sources.length, edge],
    ] as const
  ) {
    const inBase = tail ? Math.floor(count * 0.99) : count;
    const pin = count === 0
      ? emptyPin(type.key)
      : await tables.seed(type.key, type, recordsOf(type, inBase, row));
    const deltas: DecodedDelta[] = !tail ? [] : [{
      commitId: "late",
      upserts: recordsOf(type, count - inBase + 100, (i) => row(inBase - 100 + i)),
      deletes: [],
    }];
    states.set(type.key, { type, pin, deltas });
  }
  return { tables, state: { catalog, commit: {} as Commit, tables: states } };
}

if (import.meta.main) {
  const people = Number(Deno.args.find((arg) => /^\d+$/.test(arg)) ?? 100_000);
  const catalog = catalogFrom(SCHEMA);
  const graph = makeSocialGraph(people);
  const { tables, state } = await stateOf(catalog, graph, Deno.args.includes("--tail"));
  const cache = createTableCache({ tables });
  const view = cache.view(state);
  const cold = await once(() =>
    view.prepare([
      { table: "node:Person", columns: ["key", "name", "age", "city", "score", "joined"] },
      { table: "edge:Knows", columns: [], adjacency: true },
    ])
  );
  console.log(`build of ids and adjacency: ${cold.toFixed(0)} ms`);
  for (const [name, text, rounds] of QUERIES) {
    const query = compileRead(catalog, text);
    const starts = query.params.length === 0 ? [""] : graph.starts;
    const ask = async (key: string) => {
      const params: BoundParams = new Map([["key", key]]);
      return (await runRead(query, params, view, 0)).toJsonText().length;
    };
    const times: number[] = [];
    let bytes = 0;
    for (let round = 0; round < Math.max(rounds + 1, query.params.length === 0 ? 16 : 3); round++) {
      for (const start of starts) {
        const begin = performance.now();
        bytes = await ask(start);
        if (round > 0) times.push(performance.now() - begin);
      }
    }
    const ms = median(times);
    const shown = ms < 1 ? `${(ms * 1000).toFixed(1)} us` : `${ms.toFixed(2)} ms`;
    console.log(`${name.padEnd(44)} ${shown.padStart(10)}   last answer ${bytes} bytes`);
  }
}
