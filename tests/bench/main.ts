/**
 * The benchmark: the same data and the same questions for Omnigraph, SQLite and LanceDB used directly, in one run on one
 * machine. Answers are compared before anything is timed. Prints Markdown; read ratios, not milliseconds.
 *
 *   deno task bench            100,000 people, 1,000,000 edges
 *   deno task bench --small    10,000 people
 *   deno task bench --kuzu     durable writes with Kuzu beside them, which is installed into a temporary folder
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { measureBranches } from "./branches.ts";
import { measureAfterWrites } from "./after_writes.ts";
import { measureClusters } from "./clusters.ts";
import { measureCommands } from "./cold.ts";
import { makeSocialGraph, SCHEMA, type SocialGraph, toNdjson } from "./data.ts";
import { measureExports } from "./exports.ts";
import { measureHttp } from "./http.ts";
import { LanceEngine } from "./lance.ts";
import { medianOver, once, report, type Row } from "./measure.ts";
import { SqliteEngine } from "./sqlite.ts";
import { measureWrites } from "./writes.ts";

const POINT = `query point($key: String) { match { $p: Person { key: $key } }
  return { $p.key, $p.name, $p.age, $p.city, $p.score, $p.joined } }`;
const ONE_HOP =
  `query one_hop($key: String) { match { $p: Person { key: $key } $p knows $q } return { $q.key, $q.name } }`;
const TWO_HOP =
  `query two_hop($key: String) { match { $p: Person { key: $key } $p knows $q $q knows $r } return { count($r) as paths } }`;
const REACH =
  `query reach($key: String) { match { $p: Person { key: $key } $p knows{1,2} $q } return { count($q) as people } }`;
const BY_CITY =
  `query by_city() { match { $p knows $q } return { $q.city, count($q) as known, avg($q.score) as mean } }`;
const INSERT = `query add($key: String) {
  insert Person { key: $key, name: "New", age: 30, city: "city-1", score: 1.5, joined: date("2022-01-01") } }`;

const people = Deno.args.includes("--small") ? 10_000 : 100_000;
const work = Deno.makeTempDirSync({ prefix: "omnigraph-bench-" });
try {
  console.log(`# ${people.toLocaleString("en")} people\n`);
  const graph = makeSocialGraph(people);
  console.log(
    report([...await compareEngines(graph), ...await measureCommands(work), ...await measureClusters(work)]),
  );
  console.log(await measureWrites(work, Deno.args.includes("--kuzu")));
  console.log(await measureAfterWrites(work, graph));
  console.log(await measureHttp(work));
  console.log(await measureBranches(work));
} finally {
  Deno.removeSync(work, { recursive: true });
}

type Opened = Awaited<ReturnType<typeof openGraph>>;

/** Opens the loaded graph as a new process would: nothing is in memory. */
function openOurs(): Promise<Opened> {
  const root = join(work, "ours.omni");
  const tables = openTableStore(parseStorageUri(root, root));
  return openGraph({ store: createLocalStore(root), tables, uri: root });
}

/** Runs a read query; returns the JSON text of its rows. */
async function ask(graph: Opened, text: string, key?: string): Promise<string> {
  const query = graph.compile({ path: "<bench>", text });
  if (query.kind !== "read") throw new Error("the benchmark asks reads");
  const result = await graph.runRead(query, key === undefined ? {} : { key }, {});
  return result.rows.toJsonText();
}

async function compareEngines(graph: SocialGraph): Promise<Row[]> {
  const data = toNdjson(graph);
  const lines = graph.people + graph.sources.length;
  let sqlite!: SqliteEngine;
  let lance!: LanceEngine;
  const sqliteLoad = await once(() => sqlite = new SqliteEngine(join(work, "bench.sqlite"), graph));
  const lanceLoad = await once(async () => lance = await LanceEngine.open(join(work, "lance"), graph));
  await createGraph({
    store: createLocalStore(join(work, "ours.omni")),
    schema: { path: "bench.pg", text: SCHEMA },
  });
  const writer = await openOurs();
  const ourLoad = await once(() => writer.load({ data, mode: "overwrite" }));
  await writer.close();
  const rows: Row[] = [{
    workload: `load ${lines.toLocaleString("en")} lines`,
    ours: ourLoad,
    sqlite: sqliteLoad,
    lance: lanceLoad,
    note:
      `${Math.round(lines / ourLoad).toLocaleString("en")} thousand lines/s from NDJSON with all checks, ` +
      "synced; peers load from memory, unchecked, with their indexes",
  }];
  const ours = await openOurs();
  await checkAnswers(graph, sqlite, lance, (key) => ask(ours, ONE_HOP, key), (key) => ask(ours, REACH, key));
  rows.push(
    ...await measureWarm(graph, ours, sqlite, lance),
    ...await measureCold(graph),
    ...await measureExports(openOurs, sqlite),
    await measureInserts(ours, sqlite, lance),
  );
  await ours.close();
  sqlite.close();
  return rows;
}

async function measureWarm(
  graph: SocialGraph,
  ours: Opened,
  sqlite: SqliteEngine,
  lance: LanceEngine,
): Promise<Row[]> {
  const { starts } = graph;
  const few = starts.slice(0, 40);
  const warm = (text: string) => medianOver(starts, (key) => ask(ours, text, key));
  return [
    {
      workload: "point by key, 6 columns, JSON text",
      ours: await warm(POINT),
      sqlite: await medianOver(starts, (key) => JSON.stringify(sqlite.point(key))),
      lance: await medianOver(few, (key) => lance.point(key)),
    },
    {
      workload: "1-hop, key and name, JSON text",
      ours: await warm(ONE_HOP),
      sqlite: await medianOver(starts, (key) => JSON.stringify(sqlite.oneHop(key))),
      lance: await medianOver(few, (key) => lance.oneHop(key)),
    },
    {
      workload: "2-hop, count of paths",
      ours: await warm(TWO_HOP),
      sqlite: await medianOver(starts, (key) => sqlite.paths(key)),
    },
    {
      workload: "within 2 hops, count of people",
      ours: await warm(REACH),
      sqlite: await medianOver(starts, (key) => sqlite.twoHop(key)),
      lance: await medianOver(few, (key) => lance.twoHop(key)),
      note: "peers: distinct people at exactly two steps",
    },
    {
      workload: "group all edges by city of the target",
      ours: await medianOver([0, 1, 2, 3, 4], () => ask(ours, BY_CITY)),
      sqlite: await medianOver([0], () => sqlite.byCity(), { rounds: 2, warmUp: false }),
    },
  ];
}

/** The first question after opening; the files are in the page cache of the operating system. */
async function measureCold(graph: SocialGraph): Promise<Row[]> {
  const keys = graph.starts.slice(0, 3);
  const ours = (text: string, withKey = true) =>
    medianOver(keys, async (key) => {
      const opened = await openOurs();
      await ask(opened, text, withKey ? key : undefined);
      await opened.close();
    }, { rounds: 1, warmUp: false });
  const theirs = (use: (engine: SqliteEngine, key: string) => unknown) =>
    medianOver(keys, (key) => {
      const engine = new SqliteEngine(join(work, "bench.sqlite"));
      use(engine, key);
      engine.close();
    }, { rounds: 1, warmUp: false });
  return [
    {
      workload: "open, first point",
      ours: await ours(POINT),
      sqlite: await theirs((db, key) => db.point(key)),
    },
    {
      workload: "open, first 1-hop",
      ours: await ours(ONE_HOP),
      sqlite: await theirs((db, key) => db.oneHop(key)),
    },
    {
      workload: "open, first 2-hop",
      ours: await ours(TWO_HOP),
      sqlite: await theirs((db, key) => db.paths(key)),
    },
    {
      workload: "open, first group by",
      ours: await ours(BY_CITY, false),
      sqlite: await theirs((db) => db.byCity()),
    },
  ];
}

async function checkAnswers(
  graph: SocialGraph,
  sqlite: SqliteEngine,
  lance: LanceEngine,
  oneHop: (key: string) => Promise<string>,
  reach: (key: string) => Promise<string>,
): Promise<void> {
  const sorted = (keys: string[]) => keys.sort();
  for (const key of graph.starts.slice(0, 20)) {
    const ours = sorted((JSON.parse(await oneHop(key)) as { "q.key": string }[]).map((row) => row["q.key"]));
    assert.deepEqual(ours, sorted(sqlite.oneHop(key).map((row) => row.key)));
    assert.deepEqual(ours, sorted((await lance.oneHop(key)).map((row) => row.key)));
    const [{ people: reached }] = JSON.parse(await reach(key)) as [{ people: number }];
    assert.ok(reached >= ours.length);
  }
}

async function measureInserts(
  ours: Opened,
  sqlite: SqliteEngine,
  lance: LanceEngine,
): Promise<Row> {
  const insert = ours.compile({ path: "<bench>", text: INSERT });
  assert.equal(insert.kind, "mutation");
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const mutation = insert as typeof insert & { kind: "mutation" };
  return {
    workload: "insert one row, durable",
    ours: await medianOver(numbers, (i) => ours.runMutation(mutation, { key: `solo-${i}` }, {}), {
      rounds: 1,
      warmUp: false,
    }),
    sqlite: await medianOver(numbers, () => sqlite.insertOne(), { rounds: 1, warmUp: false }),
    lance: await medianOver(numbers.slice(0, 50), () => lance.insertOne(), { rounds: 1, warmUp: false }),
    note: "LanceDB does not sync to disk",
  };
}
