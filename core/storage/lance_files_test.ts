import assert from "node:assert/strict";
import { LanceTables } from "./lance_tables.ts";
import type { TablePin } from "./table_store.ts";
import {
  change,
  contentOf,
  things,
  UNWRITTEN,
  withTables,
  written,
} from "../../tests/support/thing_tables.ts";

Deno.test("lance tables: manifests cut off by a power loss are no obstacle to reading and writing", () =>
  withTables(async (tables, root) => {
    const first = await written(tables, UNWRITTEN, change({ inserts: things("a") }));
    const forked = await written(tables, first, change({ inserts: things("b") }), "01HFEATURE");
    const versions = (lineage: string) => `${root}/nodes/12.lance/${lineage}_versions`;
    const manifest = (version: number) => `${(1n << 64n) - 1n - BigInt(version)}.manifest`;
    const cutOff = async () => {
      await Deno.writeTextFile(`${versions("")}/${manifest(7)}`, "");
      await Deno.writeTextFile(`${versions("tree/01HFEATURE/")}/${manifest(9)}`, "half of it");
      await Deno.writeTextFile(`${versions("")}/latest_version_hint.json`, "");
    };
    await cutOff();
    assert.equal((await contentOf(new LanceTables(root), first)).length, 1);
    await cutOff();
    assert.equal((await contentOf(new LanceTables(root), forked)).length, 2);
    await cutOff();
    const next = await written(new LanceTables(root), forked, change({ inserts: things("c") }));
    assert.deepEqual((await contentOf(tables, next)).map((row) => row.id), ["a", "b", "c"]);
  }));

Deno.test("lance tables: whatever a pin needs is synced when the write returns, left-overs of dead writers included", () =>
  withTables(async (tables, root) => {
    const folder = `${root}/nodes/12.lance`;
    const main = await synced(
      root,
      () => written(tables, UNWRITTEN, change({ inserts: things("a", "b", "c") })),
    );
    const table = [`${root}/nodes`, folder, `${folder}/data`, `${folder}/_versions`];
    assert.deepEqual(table.filter((path) => !main.paths.has(path)), []);
    assert.equal([...main.paths].filter((path) => path.endsWith(".manifest")).length, 1);
    assert.equal(
      [...main.paths].filter((path) => path.endsWith(".lance") && path.includes("/data/")).length,
      1,
    );

    const second = await synced(
      root,
      () => written(tables, main.pin, change({ deletes: ["a"], inserts: things("d") })),
    );
    assert.deepEqual(second.unsynced, []);
    // A dead writer made `tree/` and the first manifest of the fork; the pin needs both.
    await written(tables, second.pin, change({ inserts: things("lost") }), "01HFEATURE");
    const fork = await synced(
      root,
      () => written(tables, second.pin, change({ deletes: ["b"] }), "01HFEATURE"),
    );
    assert.deepEqual(fork.unsynced, []);
    const lineage = `${folder}/tree/01HFEATURE`;
    for (const path of [`${folder}/tree`, lineage, `${lineage}/_versions`, `${lineage}/_deletions`]) {
      assert.ok(fork.paths.has(path), path);
    }
  }));

/** Runs a write; the paths that were synced meanwhile, and the new files that were not. */
async function synced(
  root: string,
  write: () => Promise<TablePin>,
): Promise<{ pin: TablePin; paths: Set<string>; unsynced: string[] }> {
  const before = new Set(filesBelow(root));
  const paths = new Set<string>();
  const opened = new WeakMap<Deno.FsFile, string>();
  const original = { open: Deno.open, openSync: Deno.openSync };
  const methods = ["sync", "syncSync", "syncData", "syncDataSync"] as const;
  const kept = methods.map((name) => Deno.FsFile.prototype[name] as () => unknown);
  const remember = (file: Deno.FsFile, path: string | URL) => {
    opened.set(file, String(path));
    return file;
  };
  Deno.open = async (path, options) => remember(await original.open(path, options), path);
  Deno.openSync = (path, options) => remember(original.openSync(path, options), path);
  for (const [i, name] of methods.entries()) {
    Deno.FsFile.prototype[name] = function (this: Deno.FsFile) {
      paths.add(opened.get(this)!);
      return kept[i]!.call(this) as never;
    };
  }
  try {
    const pin = await write();
    const needed = filesBelow(root).filter((path) => !before.has(path) && !path.endsWith("_hint.json"));
    return { pin, paths, unsynced: needed.filter((path) => !paths.has(path)) };
  } finally {
    Object.assign(Deno, original);
    for (const [i, name] of methods.entries()) Deno.FsFile.prototype[name] = kept[i] as never;
  }
}

function filesBelow(folder: string): string[] {
  const found: string[] = [];
  try {
    for (const entry of Deno.readDirSync(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...filesBelow(path));
      else found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}
