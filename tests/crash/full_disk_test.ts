/**
 * A full disk, a small one of its own: nothing acknowledged is lost, no file is half written, and with room again the next
 * apply converges and the next write succeeds. Where no disk may be mounted the tests are ignored, and say so.
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { clusterApply, clusterStatus } from "../../core/cluster/commands.ts";
import { loadServingRevision } from "../../core/cluster/serving.ts";
import { AppError } from "../../core/errors.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { CREW_POLICY, FLEET_SCHEMA, SHIPS_GQ } from "../support/cluster_files.ts";
import { withTempDir } from "../support/process.ts";

const DISK_KIB = 8192;

async function run(program: string, ...args: readonly string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

/** Runs `use` with a small disk of its own; false when none may be mounted. */
async function withSmallDisk(use: (disk: string) => Promise<void>): Promise<boolean> {
  const disk = Deno.makeTempDirSync({ prefix: "omnigraph-disk-" });
  try {
    if (!await run("mount", "-t", "tmpfs", "-o", `size=${DISK_KIB}k`, "tmpfs", disk)) return false;
    try {
      await use(disk);
    } finally {
      assert.ok(await run("umount", "-l", disk));
    }
    return true;
  } finally {
    Deno.removeSync(disk);
  }
}

const canMount = await withSmallDisk(() => Promise.resolve());
if (!canMount) {
  console.error("\n!!! NO SMALL DISK CAN BE MOUNTED HERE: the tests on a full disk are ignored.\n");
}

function test(name: string, body: (disk: string) => Promise<void>): void {
  Deno.test({ name, ignore: !canMount, fn: async () => assert.ok(await withSmallDisk(body)) });
}

/** Fills the disk up to `leftBytes`. */
function fill(disk: string, leftBytes: number): void {
  const file = Deno.openSync(join(disk, "filler"), { create: true, write: true, truncate: true });
  const block = new Uint8Array(1024);
  try {
    for (;;) file.writeSync(block);
  } catch {
    // full
  }
  const { size } = file.statSync();
  file.truncateSync(Math.max(0, size - leftBytes));
  file.close();
}

function makeRoom(disk: string): void {
  Deno.removeSync(join(disk, "filler"));
}

async function writeConfig(folder: string, disk: string, mark: string): Promise<void> {
  await Deno.mkdir(join(folder, "queries"), { recursive: true });
  const yaml =
    `version: 1\nstorage: ${disk}/store\ngraphs:\n  fleet: { schema: fleet.pg, queries: queries/ }\n` +
    "policies:\n  crew: { file: crew.policy.yaml, applies_to: [fleet] }\n";
  await Deno.writeTextFile(join(folder, "cluster.yaml"), yaml);
  await Deno.writeTextFile(join(folder, "fleet.pg"), `${FLEET_SCHEMA}// ${mark}\n`);
  await Deno.writeTextFile(join(folder, "queries/ships.gq"), `${SHIPS_GQ}// ${mark}\n`);
  await Deno.writeTextFile(join(folder, "crew.policy.yaml"), `${CREW_POLICY}# ${mark}\n`);
}

test("full disk: an apply that finds no room fails whole, and the next one with room converges", (disk) =>
  withTempDir(async (folder) => {
    await writeConfig(folder, disk, "first");
    assert.equal((await clusterApply({ configDir: folder })).exitCode, 0);
    let failed = 0;
    // Every few KiB the disk is full at another step.
    for (let leftKiB = 0; leftKiB <= 64; leftKiB += 4) {
      await writeConfig(folder, disk, `with ${leftKiB} KiB left`);
      const before = (await clusterStatus({ configDir: folder })).result;
      fill(disk, leftKiB * 1024);
      const { exitCode, result, diagnostics } = await clusterApply({ configDir: folder });
      const after = await clusterStatus({ configDir: folder });
      assert.equal(after.result.state_observations.state_found, true, "the ledger reads as a whole");
      if (exitCode !== 0) {
        failed++;
        assert.ok(diagnostics.some(({ severity }) => severity === "error"), `${leftKiB}: ${exitCode}`);
        assert.equal(result.converged, false);
        if (!result.state_written) {
          assert.equal(after.result.state_observations.state_cas, before.state_observations.state_cas);
        }
      }
      makeRoom(disk);
      const next = await clusterApply({ configDir: folder });
      assert.deepEqual(
        [next.exitCode, next.result.converged],
        [0, true],
        JSON.stringify(next.result.diagnostics),
      );
      const store = openObjectStore({ kind: "local", path: join(disk, "store") });
      assert.deepEqual((await loadServingRevision(store)).quarantined, []);
      assert.deepEqual(await store.list("__cluster/recoveries"), []);
      assert.equal(await store.get("__cluster/lock.json"), null);
    }
    assert.ok(failed > 2, "the disk was full at several steps");
  }));

test("full disk: acknowledged commits stay, refused ones are not there, and writing goes on with room", async (disk) => {
  const uri = { kind: "local" as const, path: join(disk, "fleet.omni") };
  const options = () => ({ store: openObjectStore(uri), tables: openTableStore(uri), uri: uri.path });
  await createGraph({ store: options().store, schema: { path: "fleet.pg", text: FLEET_SCHEMA } });
  let graph = await openGraph(options());
  const insert = (name: string) =>
    graph.mutate({ source: `query add() { insert Ship { name: "${name}" } }` });
  const acknowledged: string[] = [];
  let refused = 0;
  for (let round = 0; round < 3; round++) {
    fill(disk, 24 * 1024);
    for (let i = 0; i < 40; i++) {
      const name = `ship-${round}-${i}`;
      try {
        await insert(name);
        acknowledged.push(name);
      } catch (error) {
        assert.ok(error instanceof AppError, String(error));
        assert.equal(error.facts.status, 500, error.message);
        refused++;
      }
    }
    makeRoom(disk);
    await insert(`room-${round}`);
    acknowledged.push(`room-${round}`);
    await graph.close();
    graph = await openGraph(options());
    const { rows } = await graph.query({ source: "query q() { match { $s: Ship } return { $s.name } }" });
    const names = Array.from({ length: rows.length }, (_, row) => rows.cell(row, 0));
    assert.deepEqual(names.toSorted(), acknowledged.toSorted());
  }
  assert.ok(refused > 0, "the disk was full");
  await graph.close();
});
