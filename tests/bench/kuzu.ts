/**
 * Kuzu doing the same work. It is no dependency of the product: it is installed into a folder of the benchmark on demand
 * (its install script only copies a binary that the package holds, which is done here).
 */
import { createRequire } from "node:module";
import { join } from "@std/path";
import type { PersonRow, WriteEngine } from "./write_engines.ts";

const VERSION = "0.11.3";
const COLUMNS = "key: $key, name: $name, age: $age, city: $city, score: $score, joined: date($joined)";
const SET = "p.name = r.name, p.age = r.age, p.city = r.city, p.score = r.score, p.joined = date(r.joined)";
const ROW = "key: r.key, name: r.name, age: r.age, city: r.city, score: r.score, joined: date(r.joined)";

/** The part of the package that is used here. */
type Statement = object;
interface Result {
  close(): void;
}
interface Connection {
  query(text: string): Promise<Result>;
  prepare(text: string): Promise<Statement>;
  execute(statement: Statement, params: Readonly<Record<string, unknown>>): Promise<Result>;
  close(): Promise<void>;
}
interface Kuzu {
  readonly Database: new (path: string) => { close(): Promise<void> };
  readonly Connection: new (database: { close(): Promise<void> }) => Connection;
}

/** Installs the package into `folder` with the clients of the registry, without running its scripts. */
async function install(folder: string): Promise<Kuzu> {
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(
    join(folder, "package.json"),
    JSON.stringify({ private: true, dependencies: { kuzu: VERSION } }),
  );
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--node-modules-dir=auto"],
    cwd: folder,
  }).output();
  if (!success) throw new Error("kuzu could not be installed");
  const source = join(folder, "node_modules/kuzu");
  const code = join(source, "kuzu-source/tools/nodejs_api/src_js");
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  Deno.copyFileSync(
    join(source, `prebuilt/kuzujs-${Deno.build.os}-${arch}.node`),
    join(code, "kuzujs.node"),
  );
  return createRequire(import.meta.url)(join(code, "index.js")) as Kuzu;
}

/** Opens an empty database below `folder`. Kuzu allows one write at a time, so callers wait for each other. */
export async function openKuzu(folder: string): Promise<WriteEngine> {
  const kuzu = await install(join(folder, "kuzu-package"));
  const database = new kuzu.Database(join(folder, "bench.kuzu"));
  const connection = new kuzu.Connection(database);
  // A result that is still open when the database is closed ends the process.
  const created = await connection.query(
    "CREATE NODE TABLE Person(key STRING PRIMARY KEY, name STRING, age INT32, city STRING, score DOUBLE, joined DATE)",
  );
  created.close();
  const insert = await connection.prepare(`CREATE (:Person {${COLUMNS}})`);
  const append = await connection.prepare(`UNWIND $rows AS r CREATE (:Person {${ROW}})`);
  const upsert = await connection.prepare(`UNWIND $rows AS r MERGE (p:Person {key: r.key}) SET ${SET}`);
  let last: Promise<void> = Promise.resolve();
  const inTurn = (statement: Statement, params: Readonly<Record<string, unknown>>): Promise<void> => {
    last = last.then(async () => (await connection.execute(statement, params)).close());
    return last;
  };
  return {
    name: "Kuzu",
    insert: (row) => inTurn(insert, { ...row }),
    append: (rows: readonly PersonRow[]) => inTurn(append, { rows }),
    upsert: (rows: readonly PersonRow[]) => inTurn(upsert, { rows }),
    close: async () => {
      await connection.close();
      await database.close();
    },
  };
}
