/**
 * A race of two processes that write one table on one base. As a module it starts them; as a program it is one of them:
 * `table_race.ts <options as JSON>`, waits for a line on its input, writes, prints its attempts as JSON.
 */
import { openTableStore } from "../../core/storage/open.ts";
import type { TablePin } from "../../core/storage/table_store.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { recordOf } from "../support/records.ts";
import { THING } from "../support/thing_tables.ts";
import type { TablePlace } from "./table_suite.ts";

/** One write and its outcome. */
export interface Attempt {
  readonly pin: TablePin | null;
  readonly inserted: readonly string[];
  readonly deleted: readonly string[];
}

/** What both writers do. */
export interface TableRace {
  readonly place: Pick<TablePlace, "address" | "variables">;
  readonly base: TablePin;
  readonly branch: string | null;
  /** Writes per process, all on the same base. */
  readonly writes: number;
}

/** Lets two processes write at the same time and returns all attempts. */
export async function raceOfWriters(race: TableRace): Promise<Attempt[]> {
  const writers = await Promise.all(["left", "right"].map((name) => startWriter(race, name)));
  for (const writer of writers) await writer.go();
  const reports = await Promise.all(writers.map((writer) => writer.report()));
  return reports.flatMap((report) => JSON.parse(report) as Attempt[]);
}

/** Kills a process with SIGKILL so long after it began to write. */
export async function writerKilledAfter(delayMs: number, race: TableRace): Promise<void> {
  const writer = await startWriter(race, "killed");
  await writer.go();
  await new Promise((resolve) => setTimeout(resolve, delayMs));
  await writer.kill();
}

interface Writer {
  go(): Promise<void>;
  report(): Promise<string>;
  kill(): Promise<void>;
}

async function startWriter(race: TableRace, writer: string): Promise<Writer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.url, JSON.stringify({ ...race, writer })],
    env: race.place.variables,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  // Everything is loaded and warm now.
  await output.read();
  return {
    async go() {
      const input = child.stdin.getWriter();
      await input.write(new TextEncoder().encode("go\n"));
      await input.close();
    },
    async report() {
      let report = "";
      for (let chunk = await output.read(); !chunk.done; chunk = await output.read()) report += chunk.value;
      if (!(await child.status).success) throw new Error(`writer ${writer} failed`);
      return report;
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await output.cancel();
    },
  };
}

if (import.meta.main) {
  const race = JSON.parse(Deno.args[0] ?? "") as TableRace & { writer: string };
  const tables = openTableStore(parseStorageUri(race.place.address, "/"));
  // Loads the library before the start.
  if (race.base.version > 0) await tables.read(race.base, THING, ["id"]);
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(8));
  const attempts: Attempt[] = [];
  for (let i = 0; i < race.writes; i++) {
    const inserted = [`${race.writer}-${i}-0`, `${race.writer}-${i}-1`];
    const deleted = race.base.version > 0 && i % 3 === 0 ? ["b"] : [];
    const inserts = recordOf(THING, inserted.map((id) => ({ id, n: i, text: id })));
    const write = { replaceAll: false, inserts, updates: null, deletes: deleted };
    attempts.push({ pin: await tables.write(race.base, THING, race.branch, write), inserted, deleted });
  }
  console.log(JSON.stringify(attempts));
}
