/** The same small durable writes on several engines: one row, many new rows, many rows of which some exist. */
import { createRequire } from "node:module";
import { join } from "@std/path";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { SCHEMA } from "./data.ts";

/** A person as all engines take it. */
export interface PersonRow {
  readonly key: string;
  readonly name: string;
  readonly age: number;
  readonly city: string;
  readonly score: number;
  /** YYYY-MM-DD. */
  readonly joined: string;
}

/** An engine that is durable when a call has returned. */
export interface WriteEngine {
  readonly name: string;
  insert(row: PersonRow): Promise<void>;
  /** Rows that are all new, in one commit. */
  append(rows: readonly PersonRow[]): Promise<void>;
  /** Rows of which some exist, in one commit. */
  upsert(rows: readonly PersonRow[]): Promise<void>;
  close(): Promise<void>;
}

/** The n-th person of a series; another `version` has other values. */
export function person(series: string, n: number, version = 0): PersonRow {
  return {
    key: `${series}-${String(n).padStart(7, "0")}`,
    name: `Name ${n + version}`,
    age: 18 + (n + version) % 70,
    city: `city-${n % 200}`,
    score: n / 8 + version,
    joined: `20${String(10 + n % 14)}-01-0${1 + n % 9}`,
  };
}

/** Opens a graph of people as a new process would: nothing is in memory. */
export function openPeople(root: string): ReturnType<typeof openGraph> {
  const tables = openTableStore(parseStorageUri(root, root));
  return openGraph({ store: createLocalStore(root), tables, uri: root });
}

/** An empty graph on disk. */
export async function createPeople(root: string): ReturnType<typeof openGraph> {
  await createGraph({ store: createLocalStore(root), schema: { path: "bench.pg", text: SCHEMA } });
  return await openPeople(root);
}

const INSERT = `query add($key: String, $name: String, $age: I32, $city: String, $score: F64, $joined: Date) {
  insert Person { key: $key, name: $name, age: $age, city: $city, score: $score, joined: $joined } }`;

/** The product, with mutations for one row and loads for many. */
export async function openOmnigraph(folder: string): Promise<WriteEngine> {
  const graph = await createPeople(join(folder, "writes.omni"));
  const insert = graph.compile({ path: "<bench>", text: INSERT });
  if (insert.kind !== "mutation") throw new Error("an insert is a mutation");
  const load = async (rows: readonly PersonRow[], mode: "append" | "merge") => {
    await graph.load({ data: personLines(rows), mode });
  };
  return {
    name: "Omnigraph",
    insert: async (row) => void await graph.runMutation(insert, row, {}),
    append: (rows) => load(rows, "append"),
    upsert: (rows) => load(rows, "merge"),
    close: () => graph.close(),
  };
}

/** People as NDJSON. */
export function personLines(rows: readonly PersonRow[]): Uint8Array {
  return new TextEncoder().encode(rows.map((data) => JSON.stringify({ type: "Person", data })).join("\n"));
}

/** The part of `node:sqlite` used here; the installed Node types are older than the module. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): { run(...values: (string | number)[]): unknown };
  close(): void;
}

/** SQLite: WAL, every commit synced. Its calls block, so callers never overlap. */
export function openSqlite(folder: string): WriteEngine {
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as {
    DatabaseSync: new (path: string) => Database;
  };
  const db = new DatabaseSync(join(folder, "writes.sqlite"));
  db.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
  db.exec(
    `CREATE TABLE person (key TEXT PRIMARY KEY, name TEXT NOT NULL, age INT NOT NULL, city TEXT NOT NULL,
    score REAL NOT NULL, joined TEXT NOT NULL) WITHOUT ROWID`,
  );
  const insert = db.prepare("INSERT INTO person VALUES (?, ?, ?, ?, ?, ?)");
  const upsert = db.prepare(
    `INSERT INTO person VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET name = excluded.name,
    age = excluded.age, city = excluded.city, score = excluded.score, joined = excluded.joined`,
  );
  const all = (statement: typeof insert, rows: readonly PersonRow[]) => {
    db.exec("BEGIN");
    for (const { key, name, age, city, score, joined } of rows) {
      statement.run(key, name, age, city, score, joined);
    }
    db.exec("COMMIT");
    return Promise.resolve();
  };
  return {
    name: "SQLite",
    insert: ({ key, name, age, city, score, joined }) => {
      insert.run(key, name, age, city, score, joined);
      return Promise.resolve();
    },
    append: (rows) => all(insert, rows),
    upsert: (rows) => all(upsert, rows),
    close: () => Promise.resolve(db.close()),
  };
}
