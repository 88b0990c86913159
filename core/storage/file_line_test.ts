import assert from "node:assert/strict";
import { join } from "@std/path";
import { withTempDir } from "../../tests/support/process.ts";
import { FileLine } from "./file_line.ts";

/** Longer than anything here takes. */
const PATIENCE_MS = 60_000;

Deno.test("FileLine lets one after another have the place", async () => {
  await withTempDir(async (folder) => {
    const lines = Array.from({ length: 4 }, () => new FileLine(folder));
    let inside = 0;
    const turns: number[] = [];
    await Promise.all(lines.map(async (line, i) => {
      for (let turn = 0; turn < 10; turn++) {
        await line.enter(PATIENCE_MS);
        assert.equal(++inside, 1);
        await new Promise((resolve) => setImmediate(resolve));
        turns.push(i);
        inside--;
        line.leave();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }));
    for (const line of lines) line.close();
    for (let i = 0; i < 4; i++) assert.equal(turns.filter((each) => each === i).length, 10);
  });
});

Deno.test("enter() tells whether somebody was there, and goes on when patience ends", async () => {
  await withTempDir(async (folder) => {
    const [holder, other] = [new FileLine(folder), new FileLine(folder)];
    assert.equal(await holder.enter(PATIENCE_MS), false);
    assert.equal(await holder.enter(PATIENCE_MS), false, "who has the place has it");
    assert.equal(await other.enter(5), true);
    // The line stands still: nobody waits for it twice.
    assert.equal(await other.enter(PATIENCE_MS), false);
    other.leave();
    holder.leave();
    // What was asked for is granted late, wanted by nobody, and given back.
    for (let tries = 0; await holder.enter(5); tries++) assert.ok(tries < 1000);
    holder.close();
    for (let tries = 0; await other.enter(5) && tries < 1000; tries++);
    other.close();
  });
});

Deno.test("the place of a process that dies is free at once", async () => {
  await withTempDir(async (folder) => {
    const source = `import { FileLine } from ${JSON.stringify(import.meta.resolve("./file_line.ts"))};
      await new FileLine(${JSON.stringify(folder)}).enter(1);
      console.log("in");
      setInterval(() => {}, 1000);`;
    await Deno.writeTextFile(join(folder, "holder.ts"), source);
    const process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-check", "--no-config", join(folder, "holder.ts")],
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = process.stdout.getReader();
    await reader.read();
    const line = new FileLine(folder);
    const entering = line.enter(PATIENCE_MS);
    process.kill("SIGKILL");
    assert.equal(await entering, true);
    line.close();
    await reader.cancel();
    await process.status;
  });
});

Deno.test("where there is no folder there is no line, until somebody makes it", async () => {
  await withTempDir(async (folder) => {
    const path = join(folder, "log");
    const [line, other] = [new FileLine(path), new FileLine(path)];
    assert.equal(await line.enter(PATIENCE_MS), false);
    Deno.mkdirSync(path);
    await line.enter(PATIENCE_MS);
    assert.equal(await other.enter(1), true);
    line.close();
    other.close();
  });
});
