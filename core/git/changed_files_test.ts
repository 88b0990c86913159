import assert from "node:assert/strict";
import { join } from "@std/path";
import { commitFiles } from "../../tests/support/git_checkout.ts";
import { withTempDir } from "../../tests/support/process.ts";
import { readChangedFiles } from "./changed_files.ts";

/** A checkout without symbolic links in its path. */
async function inCheckout(test: (folder: string) => Promise<void>): Promise<void> {
  await withTempDir(async (folder) => await test(await Deno.realPath(folder)));
}

async function changed(folder: string, base: string, head: string): Promise<string[] | null> {
  const found = await readChangedFiles(folder, { base, head });
  return found === null ? null : [...found].map((path) => path.slice(folder.length + 1)).sort();
}

const START = { "a.pg": "a", "deploy/b.pg": "b", "deploy/queries/c.gq": "c", "deploy/queries/d.gq": "d" };

Deno.test("readChangedFiles() names added, changed and removed files, in folders too", () =>
  inCheckout(async (folder) => {
    const base = await commitFiles(folder, START);
    await commitFiles(folder, { "deploy/queries/c.gq": "other", "deploy/new/e.gq": "e" });
    const head = await commitFiles(folder, { "a.pg": null });
    const files = ["a.pg", "deploy/new/e.gq", "deploy/queries/c.gq"];
    assert.deepEqual(await changed(folder, base, head), files);
    const below = await readChangedFiles(join(folder, "deploy"), { base, head });
    assert.deepEqual([...below!].sort(), files.map((path) => join(folder, path)));
    assert.deepEqual(await changed(folder, head, head), []);
  }));

Deno.test("readChangedFiles() compares a merge of both sides with the side merged into", () =>
  inCheckout(async (folder) => {
    const base = await commitFiles(folder, START);
    const head = await commitFiles(folder, { "a.pg": "of the pull request" });
    const ahead = await commitFiles(folder, { "a.pg": "a", "deploy/b.pg": "of others" }, [base]);
    await commitFiles(folder, { "a.pg": "of the pull request" }, [ahead, head]);
    // The event may still name an older commit of the base branch.
    assert.deepEqual(await changed(folder, base, head), ["a.pg"]);
  }));

Deno.test("readChangedFiles() leaves out what the base branch changed since the pull request began", () =>
  inCheckout(async (folder) => {
    const start = await commitFiles(folder, START);
    const base = await commitFiles(folder, { "deploy/b.pg": "of others" });
    const head = await commitFiles(folder, { "deploy/b.pg": "b", "a.pg": "of the pull request" }, [start]);
    assert.deepEqual(await changed(folder, base, head), ["a.pg"]);
  }));

Deno.test("readChangedFiles() is null where it cannot be known", () =>
  inCheckout(async (folder) => {
    const unknown = "0".repeat(40);
    assert.equal(await changed(folder, unknown, unknown), null);
    const head = await commitFiles(folder, START);
    assert.equal(await changed(folder, unknown, head), null);
    await Deno.writeTextFile(join(folder, ".git/HEAD"), "nonsense");
    assert.equal(await changed(folder, head, head), null);
  }));
