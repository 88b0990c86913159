/** SQLite doing the same work: WAL, every commit synced, covering indexes on both ends of an edge. */
import { createRequire } from "node:module";
import type { SocialGraph } from "./data.ts";

/** The part of `node:sqlite` used here; the installed Node types are older than the module. */
interface StatementSync {
  run(...values: (string | number)[]): unknown;
  all(...values: (string | number)[]): unknown[];
  get(...values: (string | number)[]): unknown;
  iterate(...values: (string | number)[]): Iterable<unknown>;
}
interface Database {
  exec(sql: string): void;
  prepare(sql: string): StatementSync;
  close(): void;
}
const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as {
  DatabaseSync: new (path: string) => Database;
};

/** The reads of the benchmark on SQLite. */
export class SqliteEngine {
  readonly #db: Database;
  readonly #point: StatementSync;
  readonly #oneHop: StatementSync;
  readonly #twoHop: StatementSync;
  readonly #paths: StatementSync;
  readonly #byCity: StatementSync;
  #inserted = 0;

  /** Opens the database; loads the graph into it when one is given. */
  constructor(path: string, graph?: SocialGraph) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-400000; PRAGMA mmap_size=2000000000",
    );
    if (graph !== undefined) this.#load(graph);
    this.#point = this.#db.prepare("SELECT key, name, age, city, score, joined FROM person WHERE key = ?");
    this.#oneHop = this.#db.prepare(
      "SELECT p.key, p.name FROM knows k JOIN person p ON p.key = k.dst WHERE k.src = ?",
    );
    this.#twoHop = this.#db.prepare(
      `SELECT count(*) AS n FROM (SELECT DISTINCT b.dst FROM knows a JOIN knows b ON b.src = a.dst WHERE a.src = ?)`,
    );
    this.#paths = this.#db.prepare(
      "SELECT count(*) AS n FROM knows a JOIN knows b ON b.src = a.dst WHERE a.src = ?",
    );
    this.#byCity = this.#db.prepare(
      "SELECT p.city AS city, count(*) AS n, avg(p.score) AS mean FROM knows k JOIN person p ON p.key = k.dst GROUP BY p.city",
    );
  }

  #load(graph: SocialGraph): void {
    this.#db.exec(
      `CREATE TABLE person (key TEXT PRIMARY KEY, name TEXT NOT NULL, age INT NOT NULL, city TEXT NOT NULL,
      score REAL NOT NULL, joined INT NOT NULL) WITHOUT ROWID;
      CREATE TABLE knows (id INTEGER PRIMARY KEY, src TEXT NOT NULL, dst TEXT NOT NULL)`,
    );
    this.#db.exec("BEGIN");
    const person = this.#db.prepare("INSERT INTO person VALUES (?, ?, ?, ?, ?, ?)");
    for (let i = 0; i < graph.people; i++) {
      person.run(
        graph.keys[i]!,
        graph.names[i]!,
        graph.ages[i]!,
        graph.cities[i]!,
        graph.scores[i]!,
        graph.joined[i]!,
      );
    }
    const knows = this.#db.prepare("INSERT INTO knows (src, dst) VALUES (?, ?)");
    for (let i = 0; i < graph.sources.length; i++) {
      knows.run(graph.keys[graph.sources[i]!]!, graph.keys[graph.targets[i]!]!);
    }
    this.#db.exec("CREATE INDEX knows_out ON knows (src, dst); CREATE INDEX knows_in ON knows (dst, src)");
    this.#db.exec("COMMIT");
  }

  point(key: string): unknown {
    return this.#point.all(key);
  }

  oneHop(key: string): { key: string; name: string }[] {
    return this.#oneHop.all(key) as { key: string; name: string }[];
  }

  twoHop(key: string): number {
    return (this.#twoHop.get(key) as { n: number }).n;
  }

  paths(key: string): number {
    return (this.#paths.get(key) as { n: number }).n;
  }

  byCity(): { city: string; n: number; mean: number }[] {
    return this.#byCity.all() as { city: string; n: number; mean: number }[];
  }

  /** Writes everything as lines of JSON; the bytes written. */
  exportedBytes(): number {
    const encoder = new TextEncoder();
    let bytes = 0;
    for (const order of ["knows ORDER BY id", "person ORDER BY key"]) {
      for (const row of this.#db.prepare(`SELECT * FROM ${order}`).iterate()) {
        bytes += encoder.encode(JSON.stringify(row) + "\n").length;
      }
    }
    return bytes;
  }

  insertOne(): void {
    this.#db.prepare("INSERT INTO person VALUES (?, 'New', 30, 'city-1', 1.5, 19000)").run(
      `new-${this.#inserted++}`,
    );
  }

  close(): void {
    this.#db.close();
  }
}
