import assert from "node:assert/strict";
import fc from "fast-check";
import { must } from "../../base/assert.ts";
import type { TypeKey } from "../../schema/catalog.ts";
import type { TablePin } from "../../storage/table_store.ts";
import {
  createMemoryTables,
  emptyPin,
  type MemoryTables,
  recordsOf,
} from "../../../tests/support/memory_tables.ts";
import { catalogOf, edgeType, nodeType } from "../../../tests/support/types.ts";
import type { Commit } from "../commit.ts";
import type { DecodedDelta, SnapshotState, TableSnapshot } from "../snapshot_state.ts";
import { createTableCache, type TableCache } from "./table_cache.ts";

const CITY = nodeType("City", { name: "String?", size: "I64?" });
const ROAD = edgeType("Road", "City", "City", { miles: "I32?" });
const CATALOG = catalogOf([CITY, ROAD]);
const IDS = ["a", "b", "c", "d", "e", "ü"];
const EDGE_IDS = ["r1", "r2", "r3", "r4", "r5"];

type Row = Readonly<Record<string, unknown>>;
type Model = ReadonlyMap<string, Row>;

/** A commit as the test knows it: what the engine gets, and what a reader must see. */
interface Known {
  readonly state: SnapshotState;
  readonly models: Readonly<Record<TypeKey, Model>>;
}

function stateOf(tables: ReadonlyMap<TypeKey, TableSnapshot>): SnapshotState {
  return { catalog: CATALOG, commit: {} as Commit, tables };
}

async function genesis(tables: MemoryTables, cities: Model, roads: Model): Promise<Known> {
  const rowsOf = (model: Model) => [...model.values()];
  const cityPin = cities.size === 0
    ? emptyPin("nodes/1")
    : await tables.seed("nodes/1", CITY, recordsOf(CITY, rowsOf(cities)));
  const roadPin = roads.size === 0
    ? emptyPin("edges/2")
    : await tables.seed("edges/2", ROAD, recordsOf(ROAD, rowsOf(roads)));
  const state = stateOf(
    new Map<TypeKey, TableSnapshot>([
      [CITY.key, { type: CITY, pin: cityPin, deltas: [] }],
      [ROAD.key, { type: ROAD, pin: roadPin, deltas: [] }],
    ]),
  );
  return { state, models: { [CITY.key]: cities, [ROAD.key]: roads } };
}

let commits = 0;

function committed(before: Known, key: TypeKey, upserts: readonly Row[], deletes: readonly string[]): Known {
  const snapshot = must(before.state.tables.get(key), "the table exists");
  const delta: DecodedDelta = {
    commitId: `commit-${++commits}`,
    upserts: upserts.length === 0 ? null : recordsOf(snapshot.type, upserts),
    deletes,
  };
  const model = new Map(before.models[key]);
  for (const id of deletes) model.delete(id);
  for (const row of upserts) model.set(row.id as string, row);
  const tables = new Map(before.state.tables);
  tables.set(key, { ...snapshot, deltas: [...snapshot.deltas, delta] });
  return { state: stateOf(tables), models: { ...before.models, [key]: model } };
}

async function folded(tables: MemoryTables, cache: TableCache, before: Known, key: TypeKey): Promise<Known> {
  const snapshot = must(before.state.tables.get(key), "the table exists");
  const rows = [...must(before.models[key], "modelled").values()];
  const write = { replaceAll: true, inserts: recordsOf(snapshot.type, rows), updates: null, deletes: [] };
  const after: TablePin = must(
    await tables.write(snapshot.pin, snapshot.type, null, write),
    "nobody intrudes",
  );
  await cache.rebase(key, snapshot, after);
  const states = new Map(before.state.tables);
  states.set(key, { type: snapshot.type, pin: after, deltas: [] });
  return { state: stateOf(states), models: before.models };
}

async function assertShows(cache: TableCache, known: Known): Promise<void> {
  const view = cache.view(known.state);
  await view.prepare([
    { table: CITY.key, columns: ["name", "size"] },
    { table: ROAD.key, columns: ["src", "dst", "miles"], adjacency: true },
  ]);
  const cities = must(known.models[CITY.key], "modelled");
  const roads = must(known.models[ROAD.key], "modelled");
  const nodes = view.node("City");
  assert.equal(nodes.rowCount, cities.size);
  for (const id of IDS) {
    const row = nodes.find(id);
    const expected = cities.get(id);
    assert.equal(row !== -1, expected !== undefined, `find ${id}`);
    if (expected === undefined) continue;
    assert.equal(nodes.idOf(row), id);
    assert.deepEqual(nodes.cell(row, "name"), expected.name ?? null);
    assert.deepEqual(nodes.cell(row, "size"), expected.size ?? null);
  }
  const live = [...nodes.liveRows()];
  assert.deepEqual(new Set(live.map((row) => nodes.idOf(row))), new Set(cities.keys()));
  assert.deepEqual(live, live.toSorted((x, y) => x - y));
  for (const name of ["x", "y"]) {
    const found = nodes.lookup(["name"], [name]).map((row) => nodes.idOf(row));
    assert.deepEqual(
      found.sort(),
      [...cities].filter(([, row]) => row.name === name).map(([id]) => id).sort(),
    );
  }
  const edges = view.edge("Road");
  assert.equal(edges.rowCount, roads.size);
  for (const id of IDS) {
    const idsAt = (rows: readonly number[]) => rows.map((row) => edges.idOf(row)).sort();
    const expected = (end: string) =>
      [...roads].filter(([, row]) => row[end] === id).map(([road]) => road).sort();
    assert.deepEqual(idsAt(edges.rowsFrom(id)), expected("src"));
    assert.deepEqual(idsAt(edges.rowsTo(id)), expected("dst"));
  }
}

const CITY_ROW = fc.record({
  id: fc.constantFrom(...IDS),
  name: fc.constantFrom("x", "y", null),
  size: fc.constantFrom(1n, 2n ** 60n, null),
});
const ROAD_ROW = fc.record({
  id: fc.constantFrom(...EDGE_IDS),
  src: fc.constantFrom(...IDS, "nowhere"),
  dst: fc.constantFrom(...IDS),
  miles: fc.constantFrom(5, -1, null),
});
const distinct = <T extends { id: string }>(row: fc.Arbitrary<T>) =>
  fc.uniqueArray(row, { selector: (one) => one.id, maxLength: 4 });
const STEP = fc.record({
  /** Which known commit it builds on: mostly the newest, sometimes an older one, which makes a branch. */
  on: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(8) }),
  action: fc.oneof(
    fc.record({ cities: distinct(CITY_ROW), gone: fc.subarray(IDS, { maxLength: 3 }) }),
    fc.record({ roads: distinct(ROAD_ROW), gone: fc.subarray(EDGE_IDS, { maxLength: 3 }) }),
    fc.record({ fold: fc.constantFrom(CITY.key, ROAD.key) }),
  ),
  /** Whether a reader looks right after this commit. */
  look: fc.boolean(),
});

Deno.test("every commit of every branch shows its own rows, whatever was applied, folded or read before", async () => {
  const scenario = fc.record({
    cities: distinct(CITY_ROW),
    roads: distinct(ROAD_ROW),
    steps: fc.array(STEP, { maxLength: 14 }),
    maxBytes: fc.constantFrom(1, 1 << 30),
  });
  await fc.assert(
    fc.asyncProperty(scenario, async ({ cities, roads, steps, maxBytes }) => {
      const tables = createMemoryTables();
      const cache = createTableCache({ tables, maxBytes });
      const byId = (rows: readonly { id: string }[]): Model => new Map(rows.map((row) => [row.id, row]));
      const known = [await genesis(tables, byId(cities), byId(roads))];
      for (const { on, action, look } of steps) {
        const before = known[Math.max(0, known.length - 1 - on)]!;
        if ("fold" in action) known.push(await folded(tables, cache, before, action.fold));
        else {
          const key = "cities" in action ? CITY.key : ROAD.key;
          const upserts: readonly Row[] = "cities" in action ? action.cities : action.roads;
          const deletes = action.gone.filter((id) => !upserts.some((row) => row.id === id));
          known.push(committed(before, key, upserts, deletes));
        }
        if (look) await assertShows(cache, known.at(-1)!);
      }
      for (const one of known.toReversed()) await assertShows(cache, one);
      for (const one of known) await assertShows(cache, one);
    }),
    { numRuns: 300 },
  );
});

Deno.test("concurrent prepare() calls for one table share one read per column", async () => {
  const tables = createMemoryTables();
  const pin = await tables.seed("nodes/1", CITY, recordsOf(CITY, [{ id: "a", name: "x", size: 1n }]));
  const cache = createTableCache({ tables });
  const state = stateOf(new Map([[CITY.key, { type: CITY, pin, deltas: [] }]]));
  const other = stateOf(new Map([[CITY.key, { type: CITY, pin, deltas: [] }]]));
  await Promise.all([
    cache.view(state).prepare([{ table: CITY.key, columns: ["name"] }]),
    cache.view(state).prepare([{ table: CITY.key, columns: ["size"] }]),
    cache.view(other).prepare([{ table: CITY.key, columns: ["name", "size"] }]),
  ]);
  assert.deepEqual(tables.reads, ["nodes/1@1: id name", "nodes/1@1: size"]);
  assert.equal(cache.view(other).node("City").cell(0, "size"), 1n);
});

Deno.test("a fold is served from memory: the new pin is not read", async () => {
  const tables = createMemoryTables();
  const cache = createTableCache({ tables });
  const start = await genesis(tables, new Map([["a", { id: "a", name: "x", size: null }]]), new Map());
  const next = committed(start, CITY.key, [{ id: "b", name: "y", size: 2n }], []);
  await assertShows(cache, next);
  const before = tables.reads.length;
  const fold = await folded(tables, cache, next, CITY.key);
  const later = committed(fold, CITY.key, [{ id: "c", name: "y", size: null }], ["a"]);
  await assertShows(cache, later);
  await assertShows(cache, fold);
  assert.equal(tables.reads.length, before);
});

Deno.test("a table that is written for long takes bounded memory, and shows every commit on the way", async () => {
  const tables = createMemoryTables();
  const cache = createTableCache({ tables });
  let known = await genesis(tables, new Map(), new Map([["r1", { id: "r1", src: "a", dst: "b", miles: 1 }]]));
  const sizes: number[] = [];
  for (let round = 0; round < 60; round++) {
    for (let commit = 0; commit < 16; commit++) {
      const upserts = Array.from({ length: 100 }, (_, i) => ({ id: `city ${i}`, name: "z", size: null }));
      known = committed(known, CITY.key, [{ id: "a", name: "x", size: 1n }, ...upserts], ["b"]);
    }
    await assertShows(cache, known);
    known = await folded(tables, cache, known, CITY.key);
    sizes.push(cache.byteLength);
  }
  await assertShows(cache, known);
  const [early, late] = [Math.max(...sizes.slice(0, 30)), Math.max(...sizes.slice(30))];
  assert.ok(late <= early * 1.05, `${late} bytes instead of ${early}`);
  assert.ok(tables.reads.length < 20, "the pins that most folds make are not read");
});

Deno.test("a failed read is reported and tried again by the next caller", async () => {
  const tables = createMemoryTables();
  const pin = await tables.seed("nodes/1", CITY, recordsOf(CITY, [{ id: "a", name: "x", size: 1n }]));
  let broken = true;
  const cache = createTableCache({
    tables: { read: (...args) => broken ? Promise.reject(new Error("disk")) : tables.read(...args) },
  });
  const view = cache.view(stateOf(new Map([[CITY.key, { type: CITY, pin, deltas: [] }]])));
  await assert.rejects(view.prepare([{ table: CITY.key, columns: ["name"] }]), /disk/);
  broken = false;
  await view.prepare([{ table: CITY.key, columns: ["name"] }]);
  assert.equal(view.node("City").cell(0, "name"), "x");
});

Deno.test("a pin with a repeated id is refused as an integrity error", async () => {
  const rows = recordsOf(CITY, [{ id: "a" }, { id: "a" }]);
  const cache = createTableCache({ tables: { read: () => Promise.resolve(rows) } });
  const pin = { table: "nodes/1", branch: null, version: 3, rows: 2 };
  const view = cache.view(stateOf(new Map([[CITY.key, { type: CITY, pin, deltas: [] }]])));
  await view.prepare([{ table: CITY.key, columns: [] }]);
  assert.throws(() => view.node("City").find("a"), { code: "integrity_error" });
});
