import assert from "node:assert/strict";
import { join } from "@std/path";
import fc from "fast-check";
import { withTempDir } from "../tests/support/process.ts";
import { installBaseline, type TakeChunk } from "./baseline_file.ts";

const END = { snapshot_commit_id: "01JZ0000000000000000000000", resume_cursor: "eyJ2Ijox" };
const LAST = `${JSON.stringify({ baseline: END })}\n`;

/** Writes a text in pieces that end at these places. */
function pieces(text: string, cuts: readonly number[]): (take: TakeChunk) => Promise<void> {
  const bytes = new TextEncoder().encode(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return async (take) => {
    let from = 0;
    for (const end of ends) {
      await take(bytes.subarray(from, end));
      from = end;
    }
  };
}

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("45: the file holds every line but the last, wherever the stream is cut", async () => {
  await withTempDir(async (folder) => {
    const lines = fc.array(fc.string({ unit: "grapheme", maxLength: 9 }).map((text) => JSON.stringify(text)));
    const cuts = fc.array(fc.nat({ max: 200 }), { maxLength: 8 });
    const property = fc.asyncProperty(lines, cuts, async (lines, cuts) => {
      const text = lines.map((line) => line + "\n").join("");
      const installed = await installBaseline(folder, "out.jsonl", pieces(text + LAST, cuts));
      assert.deepEqual(installed, { ...END, path: join(folder, "out.jsonl") });
      assert.equal(Deno.readTextFileSync(join(folder, "out.jsonl")), text);
      assert.deepEqual(names(folder), ["out.jsonl"]);
    });
    await fc.assert(property, { numRuns: 50 });
  });
});

Deno.test("45: a stream without its last line is an error; the old file stays, nothing is left behind", async () => {
  await withTempDir(async (folder) => {
    Deno.writeTextFileSync(join(folder, "out.jsonl"), "old\n");
    const broken = [
      "",
      '{"data":{}}\n',
      LAST.slice(0, -1),
      LAST.slice(0, -5),
      `${LAST}{"data":{}}\n`,
      `${LAST}\n`,
      `x${LAST}`,
    ];
    for (const text of broken) {
      await assert.rejects(
        installBaseline(folder, "out.jsonl", pieces(text, [1, 2])),
        /broke off before/,
        text,
      );
    }
    const failing = installBaseline(folder, "out.jsonl", async (take) => {
      await take(new TextEncoder().encode("half a li"));
      throw new Error("the server is gone");
    });
    await assert.rejects(failing, /^Error: the server is gone$/);
    assert.equal(Deno.readTextFileSync(join(folder, "out.jsonl")), "old\n");
    assert.deepEqual(names(folder), ["out.jsonl"]);
    const nowhere = installBaseline(folder, "missing/out.jsonl", pieces(LAST, []));
    await assert.rejects(nowhere, /missing\/out\.jsonl` cannot be written/);
  });
});

Deno.test("45: only one baseline is written to a file at a time; a lock that was left behind is no obstacle", async () => {
  await withTempDir(async (folder) => {
    Deno.writeTextFileSync(join(folder, "out.jsonl.lock"), "");
    const started = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const first = installBaseline(folder, "out.jsonl", async (take) => {
      started.resolve();
      await goOn.promise;
      await take(new TextEncoder().encode(LAST));
    });
    await started.promise;
    const second = installBaseline(folder, "out.jsonl", () => assert.fail("it was not to begin"));
    await assert.rejects(second, /is being written by another process/);
    goOn.resolve();
    await first;
    assert.deepEqual(names(folder), ["out.jsonl"]);
  });
});
