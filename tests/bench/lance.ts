/** LanceDB used directly, as one would without Omnigraph: one table of nodes, one of edges, BTREE indexes on the keys. */
import { createRequire } from "node:module";
import type { SocialGraph } from "./data.ts";

/** The reads of the benchmark on LanceDB tables. */
export class LanceEngine {
  readonly #people: LanceTable;
  readonly #knows: LanceTable;
  #inserted = 0;

  private constructor(people: LanceTable, knows: LanceTable) {
    this.#people = people;
    this.#knows = knows;
  }

  static async open(path: string, graph: SocialGraph): Promise<LanceEngine> {
    const { connect, Index } = await import("@lancedb/lancedb");
    const arrow = lanceArrow();
    const db = await connect(path);
    const text = (values: readonly string[]) => arrow.vectorFromArray([...values], new arrow.Utf8());
    const people = await db.createTable(
      "person",
      new arrow.Table({
        key: text(graph.keys),
        name: text(graph.names),
        age: arrow.makeVector(graph.ages),
        city: text(graph.cities),
        score: arrow.makeVector(graph.scores),
        joined: arrow.makeVector(graph.joined),
      }) as never,
    );
    const ends = (rows: Int32Array) => text(Array.from(rows, (row) => graph.keys[row]!));
    const knows = await db.createTable(
      "knows",
      new arrow.Table({ src: ends(graph.sources), dst: ends(graph.targets) }) as never,
    );
    await people.createIndex("key", { config: Index.btree() });
    await knows.createIndex("src", { config: Index.btree() });
    return new LanceEngine(people, knows);
  }

  async point(key: string): Promise<unknown[]> {
    return await this.#people.query().where(`key = '${key}'`).toArray();
  }

  async oneHop(key: string): Promise<{ key: string; name: string }[]> {
    const targets = await this.#targets([key]);
    if (targets.length === 0) return [];
    return await this.#people.query().where(`key IN (${quoted(targets)})`).select(["key", "name"]).toArray();
  }

  async twoHop(key: string): Promise<number> {
    const targets = await this.#targets([key]);
    return targets.length === 0 ? 0 : new Set(await this.#targets(targets)).size;
  }

  async insertOne(): Promise<void> {
    await this.#people.add([{
      key: `new-${this.#inserted++}`,
      name: "New",
      age: 30,
      city: "city-1",
      score: 1.5,
      joined: 19000,
    }]);
  }

  async #targets(keys: readonly string[]): Promise<string[]> {
    const rows = await this.#knows.query().where(`src IN (${quoted(keys)})`).select(["dst"]).toArray();
    return rows.map((row: { dst: string }) => row.dst);
  }
}

type LanceTable = Awaited<
  ReturnType<Awaited<ReturnType<typeof import("@lancedb/lancedb")["connect"]>>["createTable"]>
>;

/** The Arrow library instance that LanceDB itself loads. */
function lanceArrow(): typeof import("apache-arrow") {
  const here = createRequire(import.meta.url);
  return createRequire(here.resolve("@lancedb/lancedb"))("apache-arrow");
}

function quoted(keys: readonly string[]): string {
  return [...new Set(keys)].map((key) => `'${key}'`).join(",");
}
