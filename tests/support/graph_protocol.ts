/** A branch over memory stores, opened by as many "processes" as a test wants, with hand-made writes. */
import { assert, must } from "../../core/base/assert.ts";
import { ulidFactory } from "../../core/base/ids.ts";
import type { Failpoint } from "../../core/base/ports.ts";
import { systemRandom } from "../../core/base/ports.ts";
import type { BranchRef } from "../../core/graph/branches.ts";
import type { Commit } from "../../core/graph/commit.ts";
import { encodeLogObject } from "../../core/graph/commit_codec.ts";
import type { Ports } from "../../core/graph/graph_ports.ts";
import { BranchHead } from "../../core/graph/head.ts";
import { BranchLog } from "../../core/graph/log.ts";
import { genesisCommit } from "../../core/graph/plan_commit.ts";
import { BranchWriter } from "../../core/graph/publish.ts";
import type { PublishRequest } from "../../core/graph/publish_request.ts";
import { createTableCache, type TableCache } from "../../core/graph/read/table_cache.ts";
import type { GraphView } from "../../core/graph/read/view.ts";
import { openSlot } from "../../core/graph/snapshot.ts";
import type { ChangeSet, TableChange } from "../../core/graph/write/change_set.ts";
import type { Cell } from "../../core/schema/value_type.ts";
import { createMemoryStore } from "../../core/storage/memory_store.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import type { TableStore } from "../../core/storage/table_store.ts";
import { catalogOf, edgeType, INT, nodeType, TEXT } from "./graph_fixtures.ts";
import { createMemoryTables, type MemoryTables, recordsOf } from "./memory_tables.ts";

const person = nodeType("Person", [["name", TEXT], ["age", INT]]);
const knows = edgeType("Knows", "Person", "Person", [["note", TEXT]]);

/** `node:Person {name: String, age: I32}` and `edge:Knows {note: String}`. */
export const CATALOG = catalogOf([person], [knows]);

/** Main of the test graph. */
export const MAIN_REF: BranchRef = {
  name: "main",
  incarnation: "01J00000000000000000000000",
  forkedFrom: null,
  ancestry: [],
  createdAt: 0,
  createdBy: null,
};

/** Ports with a counting clock and a failpoint that a test chooses. */
export function testPorts(failpoint: Failpoint = () => {}): Ports {
  let nowMs = 1_750_000_000_000;
  const clock = { nowMs: () => nowMs++ };
  return { clock, newId: ulidFactory(clock, systemRandom), random: systemRandom, failpoint };
}

/** Publishes genesis in slot 1 of main. */
export async function createTestBranch(store: ObjectStore, ports: Ports): Promise<Commit> {
  const commit = genesisCommit({
    id: ports.newId(),
    branch: "main",
    actor: null,
    createdAt: ports.clock.nowMs() * 1000,
    operation: "init",
    schemaDigest: "0".repeat(64),
    catalog: CATALOG,
  });
  const log = new BranchLog(store, MAIN_REF);
  must(await log.append(1, encodeLogObject([{ commit, deltaText: null }]), commit.id), "slot 1 is free");
  return commit;
}

/** One process that has a branch open. */
export interface Peer {
  readonly head: BranchHead;
  readonly writer: BranchWriter;
  readonly cache: TableCache;
  /** Errors of background work. */
  readonly errors: unknown[];
  /** Everything in the branch, as a new reader sees it. */
  content(): Promise<Content>;
}

/** Ids to cells, per type. */
export interface Content {
  readonly people: Readonly<Record<string, { name: Cell | null; age: Cell | null }>>;
  readonly knows: Readonly<Record<string, { src: Cell | null; dst: Cell | null; note: Cell | null }>>;
}

/** Opens a branch as another process would: with its own caches, over the same stores. */
export async function openPeer(options: {
  readonly store: ObjectStore;
  readonly tables: TableStore;
  readonly ports: Ports;
  readonly ref?: BranchRef;
}): Promise<Peer> {
  const { store, tables, ports, ref = MAIN_REF } = options;
  const log = new BranchLog(store, ref);
  const source = { log, catalogOf: () => Promise.resolve(CATALOG) };
  const head = new BranchHead(ref, source, await openSlot(source, await log.findHead()));
  const cache = createTableCache({ tables });
  const errors: unknown[] = [];
  const writer = new BranchWriter({
    head,
    cache,
    tables,
    store,
    ports,
    onBackgroundError: (error) => void errors.push(error),
  });
  return {
    head,
    writer,
    cache,
    errors,
    content: async () => await contentOf(cache.view(await head.latest())),
  };
}

/** Reads everything of a view. */
export async function contentOf(view: GraphView): Promise<Content> {
  await view.prepare([
    { table: "node:Person", columns: ["name", "age"] },
    { table: "edge:Knows", columns: ["src", "dst", "note"] },
  ]);
  const people: Record<string, { name: Cell | null; age: Cell | null }> = {};
  const table = view.node("Person");
  for (const row of table.liveRows()) {
    people[table.idOf(row)] = { name: table.cell(row, "name"), age: table.cell(row, "age") };
  }
  const edges: Record<string, { src: Cell | null; dst: Cell | null; note: Cell | null }> = {};
  const links = view.edge("Knows");
  for (const row of links.liveRows()) {
    const [src, dst, note] = ["src", "dst", "note"].map((column) => links.cell(row, column));
    edges[links.idOf(row)] = { src: src!, dst: dst!, note: note! };
  }
  return { people, knows: edges };
}

/** A write of people: rows to upsert by id, ids to delete; `age` is the length of the name unless given. */
export function peopleWrite(
  write: {
    readonly put?: readonly (string | readonly [string, string])[];
    readonly drop?: readonly string[];
  },
  options: Partial<PublishRequest> = {},
): PublishRequest {
  return {
    operation: "mutation",
    actor: null,
    retry: "redo",
    stage: (view) => stagePeople(view, write.put ?? [], write.drop ?? []),
    ...options,
  };
}

/** A write of one edge between ids that need not exist: the protocol does not ask. */
export function knowsWrite(id: string, src: string, dst: string): PublishRequest {
  return {
    operation: "mutation",
    actor: null,
    retry: "redo",
    stage: async (view) => {
      await view.prepare([{ table: "edge:Knows", columns: [] }]);
      const existing = Uint8Array.of(view.edge("Knows").find(id) >= 0 ? 1 : 0);
      const upserts = recordsOf(knows, [{ id, src, dst, note: `${src}${dst}` }]);
      return new Map([["edge:Knows", { replaceAll: false, upserts, existing, deletes: [] }]]);
    },
  };
}

/** Stages people against a view, as the write engine would. */
export async function stagePeople(
  view: GraphView,
  put: readonly (string | readonly [string, string])[],
  drop: readonly string[],
): Promise<ChangeSet | null> {
  await view.prepare([{ table: "node:Person", columns: [] }]);
  const table = view.node("Person");
  const rows = put.map((each) => typeof each === "string" ? [each, each] as const : each);
  const deletes = drop.filter((id) => table.find(id) >= 0);
  if (rows.length === 0 && deletes.length === 0) return null;
  const change: TableChange = {
    replaceAll: false,
    upserts: rows.length === 0
      ? null
      : recordsOf(person, rows.map(([id, name]) => ({ id, name, age: name.length }))),
    existing: Uint8Array.from(rows, ([id]) => table.find(id) >= 0 ? 1 : 0),
    deletes,
  };
  return new Map([["node:Person", change]]);
}

/** A test graph with one branch. */
export interface World {
  readonly store: ObjectStore;
  readonly tables: MemoryTables;
  readonly genesis: Commit;
  /** Opens main as another process would. */
  open(failpoint?: Failpoint): Promise<Peer>;
}

/** Creates a test graph in memory. */
export async function createWorld(): Promise<World> {
  const store = createMemoryStore();
  const tables = createMemoryTables();
  const genesis = await createTestBranch(store, testPorts());
  return {
    store,
    tables,
    genesis,
    open: (failpoint) => openPeer({ store, tables, ports: testPorts(failpoint) }),
  };
}

/** People whose rows together are too large for a log object. */
export function bulkPeople(prefix: string, count = 400): [string, string][] {
  return Array.from({ length: count }, (_, i) => [`${prefix}${i}`, "x".repeat(200)]);
}

/** All commits of a branch, folds left out, oldest first; asserts that each follows the one before it. */
export async function linearHistory(peer: Peer): Promise<Commit[]> {
  const { log } = peer.head.source;
  const slots = await log.readRange(1, await log.findHead());
  const commits = slots.flatMap(({ commits }) => commits).filter(({ operation }) => operation !== "fold");
  commits.forEach((commit, i) => {
    assert(commit.sequence === i + 1, `commit ${commit.id} has sequence ${i + 1}`);
    assert(commit.parent === (commits[i - 1]?.id ?? null), `commit ${commit.id} follows the one before it`);
  });
  return commits;
}
