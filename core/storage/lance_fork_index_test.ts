/** Forks of forks whose parents have indexes, which LanceDB cannot find from there by itself. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { TablePin } from "./table_store.ts";
import { loadLance, type NativeTable } from "./lance_library.ts";
import { LanceTables } from "./lance_tables.ts";
import type { Row } from "../../tests/support/records.ts";
import {
  change,
  contentOf,
  things,
  UNWRITTEN,
  withTables,
  written,
} from "../../tests/support/thing_tables.ts";

interface NativeIndex {
  btree(): unknown;
  fts(...options: unknown[]): unknown;
}

interface Indexed extends NativeTable {
  createIndex(
    index: unknown,
    column: string,
    replace: boolean,
    waitTimeoutS: null,
    name: string,
    train: boolean,
  ): Promise<void>;
  listIndices(): Promise<readonly { readonly name: string }[]>;
}

/** Builds indexes as a later maintenance will, and returns the pin of the version that has them. */
async function indexed(root: string, pin: TablePin): Promise<TablePin> {
  const library = await loadLance();
  const main = await (await library.connect(`${root}/nodes`, {})).openTable("12", [], {}, null);
  const table =
    (pin.branch === null ? main : await (await main.branches()).checkout(pin.branch, null)) as Indexed;
  const require = createRequire(import.meta.resolve("@lancedb/lancedb"));
  const { Index } = require("./native.js") as { Index: NativeIndex };
  await table.createIndex(Index.btree(), "id", true, null, "id_idx", true);
  await table.createIndex(Index.btree(), "n", true, null, "n_idx", true);
  await table.createIndex(Index.fts(), "text", true, null, "text_idx", true);
  assert.equal((await table.listIndices()).length, 3);
  return { ...pin, version: await table.version() };
}

/** Makes a fork and writes nothing to it. */
async function forkOnly(root: string, base: TablePin, branch: string): Promise<void> {
  const library = await loadLance();
  const table = await (await library.connect(`${root}/nodes`, {})).openTable("12", [], {}, null);
  await (await table.branches()).create(branch, base.branch, base.version);
}

function many(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

/** One write of every kind: inserts, few or many updates, deletes. */
async function writeAll(
  tables: LanceTables,
  base: TablePin,
  branch: string | null,
  rows: Map<string, Row>,
  updates: number,
): Promise<TablePin> {
  const ids = [...rows.keys()];
  const gone = ids.slice(0, 7);
  const changed: Row[] = things(...ids.slice(7, 7 + updates)).map((row) => ({
    ...row,
    text: `changed on ${branch}`,
  }));
  const added = things(...many(`${branch}-${base.version}-`, 50));
  const pin = await written(
    tables,
    base,
    change({ inserts: added, updates: changed, deletes: gone }),
    branch,
  );
  for (const id of gone) rows.delete(id);
  for (const row of [...changed, ...added]) rows.set(row.id as string, row);
  return pin;
}

function byId(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows.values()].sort((a, b) => (a.id as string) < (b.id as string) ? -1 : 1);
}

for (const updates of [20, 800]) {
  Deno.test(`lance tables: forks of forks of indexed tables are read and written, ${updates} updates each`, () =>
    withTables(async (tables, root) => {
      const rows = new Map(things(...many("m", 3000)).map((row) => [row.id as string, row]));
      let pin = await indexed(
        root,
        await written(tables, UNWRITTEN, change({ inserts: [...rows.values()] })),
      );
      const pins = [{ pin, rows: byId(rows) }];
      for (const branch of ["01HA", "01HB", "01HC", "01HD"]) {
        pin = await writeAll(tables, pin, branch, rows, updates);
        pins.push({ pin, rows: byId(rows) });
        pin = await writeAll(tables, pin, branch, rows, updates);
        pin = await indexed(root, pin);
        pins.push({ pin, rows: byId(rows) });
        // Another process has no handle that was opened before.
        for (const reader of [tables, new LanceTables(root)]) {
          for (const each of pins) assert.deepEqual(await contentOf(reader, each.pin), each.rows);
        }
      }
      // Siblings, from a version below the newest one of their parent, too.
      for (const [i, { pin: base, rows }] of pins.entries()) {
        const copy = new Map(rows.map((row) => [row.id as string, row]));
        const branch = `01HSIDE${i}`;
        // Work that a dead writer left on the fork, or a fork that it came no further with.
        if (i % 3 === 1) await writeAll(tables, base, branch, new Map(copy), updates);
        if (i % 3 === 2) await forkOnly(root, base, branch);
        const forked = await writeAll(new LanceTables(root), base, branch, copy, updates);
        assert.deepEqual(await contentOf(new LanceTables(root), forked), byId(copy));
        const whole = await written(
          new LanceTables(root),
          forked,
          change({ replaceAll: true, inserts: things("only") }),
          `${branch}X`,
        );
        const next = await written(
          new LanceTables(root),
          whole,
          change({ updates: things("only"), inserts: things("x") }),
        );
        assert.deepEqual((await contentOf(new LanceTables(root), next)).map(({ id }) => id), ["only", "x"]);
      }
    }));
}
