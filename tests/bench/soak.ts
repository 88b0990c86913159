/**
 * One process that writes for a long time, as a server does: 16 callers publish small commits and read in between.
 *
 *   deno run -A --v8-flags=--expose-gc tests/bench/soak.ts [commits] [memory | local]
 *
 * Prints, per twentieth of the run: commits per second, log slots, folds so far, unfolded commits at the head, memory
 * after a collection, and how long opening the graph from nothing takes with its first read. Memory must level off, and
 * the rest must not grow with the number of commits.
 */
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { BranchLog } from "../../core/graph/log.ts";
import { readRef } from "../../core/graph/branches.ts";
import { must } from "../../core/base/assert.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { LanceTables } from "../../core/storage/lance_tables.ts";
import type { ObjectStore } from "../../core/storage/object_store.ts";
import type { TableStore } from "../../core/storage/table_store.ts";
import { createMemoryStore } from "../../core/storage/memory_store.ts";
import { createMemoryTables } from "../support/memory_tables.ts";

const SCHEMA = `node Account {
  key: String @key
  name: String
  balance: I64
}

node Event {
  key: String @key
  text: String
  at: I64
}

edge Caused: Account -> Event {}
`;
const ADD_EVENT = `query add($key: String, $text: String, $at: I64) {
  insert Event { key: $key, text: $text, at: $at }
}`;
const READ_ACCOUNT = `query one($key: String) {
  match { $a: Account { key: $key } } return { $a.name as name, $a.balance as balance }
}`;
const READ_EVENTS = `query caused($key: String) {
  match { $a: Account { key: $key } $a caused $e } return { count($e) as events }
}`;
const CALLERS = 16;
const ACCOUNTS = 2000;
const REPORTS = 20;

const commits = Number(Deno.args[0] ?? 200_000);
const onDisk = Deno.args[1] === "local";
const root = onDisk ? Deno.makeTempDirSync({ prefix: "omnigraph-soak-" }) : "";
const store: ObjectStore = onDisk ? createLocalStore(root) : createMemoryStore();
const makeTables = (): TableStore => new LanceTables(root);
const tables: TableStore = onDisk ? makeTables() : createMemoryTables();
const open = (own: TableStore) =>
  openGraph({ store, tables: own, uri: "soak", onBackgroundError: (error) => console.error(error) });
const encoder = new TextEncoder();

try {
  await createGraph({ store, schema: { path: "soak.pg", text: SCHEMA } });
  await soak();
} finally {
  if (onDisk) Deno.removeSync(root, { recursive: true });
}

async function soak(): Promise<void> {
  const graph = await open(tables);
  const log = new BranchLog(store, must(await readRef(store, "main"), "main exists"));
  let done = 0;
  let foldsSeen = 0;
  let slotSeen = 1;
  console.log("commits  per s  slots  folds  unfolded  heap MB  other MB  open ms");
  for (let part = 1; part <= REPORTS; part++) {
    const target = Math.round(commits * part / REPORTS);
    const before = done;
    const start = performance.now();
    await Promise.all(Array.from({ length: CALLERS }, async (_, caller) => {
      while (done < target) await act(graph, caller, done++);
    }));
    const perSecond = (done - before) / (performance.now() - start) * 1000;
    const head = await log.findHead();
    let unfolded = 0;
    for (let slot = slotSeen + 1; slot <= head; slot++) {
      const commit = must((await log.read(slot))!.commits.at(-1), "slots have commits");
      if (commit.operation === "fold") foldsSeen++;
      if (slot !== head) continue;
      unfolded = Math.max(...Object.values(commit.tables).map((table) => table.pending?.commits ?? 0));
    }
    slotSeen = head;
    (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    const openStart = performance.now();
    const cold = await open(onDisk ? makeTables() : tables);
    await cold.query({ source: READ_ACCOUNT, params: { key: "a1" } });
    const openMs = performance.now() - openStart;
    await cold.close();
    const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
    console.log(
      [done, perSecond.toFixed(0), head, foldsSeen, unfolded, mib(heapUsed), mib(external), openMs.toFixed(1)]
        .join("  ") + `  (rss ${mib(rss)})`,
    );
  }
  await graph.close();
}

/** Half new events, a third upserts of hot accounts, the rest edges; every fourth time a read as well. */
async function act(
  graph: Awaited<ReturnType<typeof open>>,
  caller: number,
  number: number,
): Promise<void> {
  const account = `a${(number * 7919) % ACCOUNTS}`;
  const kind = number % 6;
  if (kind < 3) {
    const params = { key: `e${number}`, text: `event number ${number} of caller ${caller}`, at: number };
    await graph.mutate({ source: ADD_EVENT, params });
  } else if (kind < 5) {
    const line = { type: "Account", data: { key: account, name: `account ${account}`, balance: number } };
    await graph.load({ data: encoder.encode(JSON.stringify(line)), mode: "merge" });
  } else {
    const lines = [
      { type: "Account", data: { key: account, name: `account ${account}`, balance: number } },
      { type: "Event", data: { key: `x${number}`, text: "caused", at: number } },
      { edge: "Caused", from: account, to: `x${number}` },
    ];
    await graph.load({ data: encoder.encode(lines.map((l) => JSON.stringify(l)).join("\n")), mode: "merge" });
  }
  if (number % 4 === 0) await graph.query({ source: READ_ACCOUNT, params: { key: account } });
  if (number % 64 === 0) await graph.query({ source: READ_EVENTS, params: { key: account } });
}
