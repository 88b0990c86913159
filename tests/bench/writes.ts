/**
 * Small durable writes, side by side: one row by 1, 16 and 64 callers, 100 new rows, 100 rows of which half exist.
 *
 *   deno run -A tests/bench/writes.ts [--kuzu]     with Kuzu, which is installed into a temporary folder
 *
 * Engines take turns in short rounds, so that what else the machine does meets all of them.
 */
import { openKuzu } from "./kuzu.ts";
import { median } from "./measure.ts";
import { openOmnigraph, openSqlite, person, type WriteEngine } from "./write_engines.ts";

const CALLERS = [1, 16, 64];
const ROUNDS = 5;
const INSERTS = 640;
const BATCHES = 24;
const BATCH_ROWS = 100;

/** Measurements of one kind of work, per engine. */
interface Work {
  readonly name: string;
  readonly run: (engine: WriteEngine, round: number) => Promise<Measured>;
}

/** Milliseconds of one call, and calls per second over all callers. */
interface Measured {
  readonly median: number;
  readonly perSecond: number;
}

/** Prints nothing; returns a Markdown table. */
export async function measureWrites(folder: string, withKuzu: boolean): Promise<string> {
  const engines = [await openOmnigraph(folder), openSqlite(folder)];
  if (withKuzu) engines.push(await openKuzu(folder));
  const lines = [
    `| durable writes | ${engines.map(({ name }) => name).join(" | ")} |`,
    `|---|${engines.map(() => "---|").join("")}`,
  ];
  for (const { name, run } of works()) {
    const results = engines.map(() => [] as Measured[]);
    for (let round = 0; round < ROUNDS; round++) {
      for (const [i, engine] of engines.entries()) results[i]!.push(await run(engine, round));
    }
    const cells = results.map((rounds) => {
      const ms = median(rounds.map((each) => each.median));
      const perSecond = median(rounds.map((each) => each.perSecond));
      return `${ms.toFixed(2)} ms, ${Math.round(perSecond).toLocaleString("en")}/s`;
    });
    lines.push(`| ${name} | ${cells.join(" | ")} |`);
  }
  for (const engine of engines) await engine.close();
  const floor = bareFiles(folder).toFixed(2);
  return `${lines.join("\n")}\n\nA bare file of 1 KB, synced and linked into a synced folder: ${floor} ms.\n`;
}

/** What the disk takes for one commit, whoever asks: the calls of the local store and nothing else. Median milliseconds. */
function bareFiles(folder: string): number {
  const path = `${folder}/bare`;
  Deno.mkdirSync(path);
  const bytes = new Uint8Array(1024);
  const times: number[] = [];
  for (let n = 0; n < INSERTS; n++) {
    const start = performance.now();
    const file = Deno.openSync(`${path}/${n}.tmp`, { write: true, createNew: true });
    file.writeSync(bytes);
    file.syncDataSync();
    file.close();
    Deno.linkSync(`${path}/${n}.tmp`, `${path}/${n}`);
    Deno.removeSync(`${path}/${n}.tmp`);
    const directory = Deno.openSync(path, { read: true });
    directory.syncSync();
    directory.close();
    times.push(performance.now() - start);
  }
  return median(times);
}

function works(): Work[] {
  const inserts = CALLERS.map((callers): Work => ({
    name: `insert one row, ${callers === 1 ? "one caller" : `${callers} callers`}`,
    run: (engine, round) =>
      measure(callers, INSERTS, (n) => engine.insert(person(`i${callers}-${round}`, n))),
  }));
  const rows = (series: string, from: number, version: number) =>
    Array.from({ length: BATCH_ROWS }, (_, i) => person(series, from + i, version));
  return [
    ...inserts,
    {
      name: `append ${BATCH_ROWS} rows`,
      run: (engine, round) => measure(1, BATCHES, (n) => engine.append(rows(`a${round}`, n * BATCH_ROWS, 0))),
    },
    {
      // Each batch overlaps the one before it by half.
      name: `upsert ${BATCH_ROWS} rows, half exist`,
      run: (engine, round) =>
        measure(1, BATCHES, (n) => engine.upsert(rows(`u${round}`, n * BATCH_ROWS / 2, n))),
    },
  ];
}

async function measure(
  callers: number,
  calls: number,
  call: (n: number) => Promise<void>,
): Promise<Measured> {
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: callers }, async () => {
    for (let n = next++; n < calls; n = next++) {
      const start = performance.now();
      await call(n);
      times.push(performance.now() - start);
    }
  }));
  return { median: median(times), perSecond: calls / (performance.now() - started) * 1000 };
}

if (import.meta.main) {
  const folder = Deno.makeTempDirSync({ prefix: "omnigraph-writes-" });
  try {
    console.log(await measureWrites(folder, Deno.args.includes("--kuzu")));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
