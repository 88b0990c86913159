/**
 * Storage by itself: `deno run -A tests/bench/storage_bench.ts`. Prints medians; each pair or group of rows was measured in
 * turns within this run. The folder is on the disk of the temporary directory.
 */
import type { NodeType } from "../../core/schema/catalog.ts";
import { decodeRecords } from "../../core/storage/arrow_read.ts";
import { encodeRecords } from "../../core/storage/arrow_write.ts";
import { columnNames, type RecordColumns } from "../../core/storage/columns.ts";
import { LanceTables } from "../../core/storage/lance_tables.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import type { TablePin, TableWrite } from "../../core/storage/table_store.ts";
import { recordOf, tableType } from "../support/records.ts";

const NOTHING: TableWrite = { replaceAll: false, inserts: null, updates: null, deletes: [] };
const PERSON = tableType({
  age: { kind: "scalar", scalar: "I32", enumValues: null },
  city: { kind: "scalar", scalar: "String", enumValues: null },
  joined: { kind: "scalar", scalar: "DateTime", enumValues: null },
  name: { kind: "scalar", scalar: "String", enumValues: null },
  score: { kind: "scalar", scalar: "F64", enumValues: null },
});

function people(from: number, to: number): RecordColumns {
  return recordOf(
    PERSON,
    Array.from({ length: to - from }, (_, k) => {
      const i = from + k;
      return {
        id: `person-${i}`,
        age: i % 97,
        city: `city ${i % 50}`,
        joined: i * 60_000,
        name: i % 10 === 0 ? null : `name of ${i}`,
        score: i / 3,
      };
    }),
  );
}

async function median(rounds: number, work: (round: number) => unknown): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work(round);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}

function show(what: string, ms: number, note = ""): void {
  console.log(`${what.padEnd(52)} ${ms < 1 ? ms.toFixed(4) : ms.toFixed(2)} ms  ${note}`);
}

async function benchObjects(folder: string): Promise<void> {
  const store = createLocalStore(`${folder}/objects`);
  const bytes = new Uint8Array(1024).fill(65);
  for (const round of [1, 2]) {
    console.log(`\nobjects of 1 KB, round ${round}`);
    show(
      "plain file, not synced",
      await median(300, (i) => Deno.writeFileSync(`${folder}/p${round}-${i}`, bytes)),
    );
    show(
      "plain file, synced",
      await median(300, (i) => {
        const file = Deno.openSync(`${folder}/s${round}-${i}`, { write: true, createNew: true });
        file.writeSync(bytes);
        file.syncSync();
        file.close();
      }),
    );
    show(
      "putIfAbsent",
      await median(500, (i) => store.putIfAbsent(`log${round}/${i}.json`, bytes)),
      "durable",
    );
    show("put", await median(300, (i) => store.put(`put${round}/${i}.json`, bytes)), "durable");
    let { version } = await store.put("state", bytes);
    show(
      "putIfMatch",
      await median(300, async (i) => {
        bytes[0] = i & 255;
        bytes[1] = (i >> 8) + round * 16;
        version = (await store.putIfMatch("state", bytes, version))!.version;
      }),
      "durable",
    );
    show("get, present", await median(2000, (i) => store.get(`log${round}/${i % 500}.json`)));
    show("get, missing", await median(2000, (i) => store.get(`log${round}/x${i}.json`)));
    show("list of 500", await median(20, () => store.list(`log${round}`)));
  }
}

async function benchArrow(rows: number): Promise<void> {
  console.log(`\nArrow, ${rows} rows x 6 columns`);
  const record = people(0, rows);
  let file = encodeRecords(PERSON, [record]);
  show(
    "columns to Arrow",
    await median(7, () => file = encodeRecords(PERSON, [record])),
    `${file.length >> 20} MiB`,
  );
  show(
    "Arrow to columns, one batch",
    await median(7, () => decodeRecords(PERSON, columnNames(PERSON), [file])),
  );
  const parts = Array.from(
    { length: 8 },
    (_, i) => encodeRecords(PERSON, [people(i * (rows >> 3), (i + 1) * (rows >> 3))]),
  );
  show(
    "Arrow to columns, eight batches",
    await median(7, () => decodeRecords(PERSON, columnNames(PERSON), parts)),
  );
}

async function benchTables(folder: string, rows: number): Promise<void> {
  console.log(`\ntables, base of ${rows} rows x 6 columns, writes synced`);
  const tables = new LanceTables(`${folder}/graph${rows}.omni`);
  const record = people(0, rows);
  let table = 0;
  const unwritten = (): TablePin => ({ table: `nodes/${++table}`, branch: null, version: 0, rows: 0 });
  await tables.write(unwritten(), PERSON, null, { ...NOTHING, inserts: people(0, 1) });
  let pin = unwritten();
  const write = async (type: NodeType, change: Partial<TableWrite>) => {
    pin = (await tables.write(pin, type, null, { ...NOTHING, ...change }))!;
  };
  show("first write", await median(1, () => write(PERSON, { inserts: record })));
  for (const count of [1, 100, 10_000]) {
    const fresh = Array.from(
      { length: 9 },
      (_, i) => people(rows + (count + i) * 100_000, rows + (count + i) * 100_000 + count),
    );
    show(`insert ${count}`, await median(9, (i) => write(PERSON, { inserts: fresh[i]! })));
    show(
      `update ${count}`,
      await median(5, (i) => write(PERSON, { updates: people(i * count, (i + 1) * count) })),
    );
    const ids = (i: number) =>
      Array.from({ length: count }, (_, k) => `person-${rows - 1 - (count + i * count + k)}`);
    if (count < 10_000) {
      show(
        `delete ${count}`,
        await median(3, (i) => write(PERSON, { deletes: ids(count + i) })),
      );
    }
  }
  for (const columns of [["id"], ["age"], ["name"], columnNames(PERSON)]) {
    show(
      `read ${columns.length === 1 ? columns[0] : "all columns"}`,
      await median(7, () => tables.read(pin, PERSON, columns)),
    );
  }
  const cold = () => new LanceTables(`${folder}/graph${rows}.omni`);
  show("open a pin and read one column of it", await median(7, () => cold().read(pin, PERSON, ["age"])));
}

const folder = await Deno.makeTempDir();
try {
  await benchObjects(folder);
  await benchArrow(1_000_000);
  await benchTables(folder, 100_000);
  await benchTables(folder, 1_000_000);
} finally {
  await Deno.remove(folder, { recursive: true });
}
