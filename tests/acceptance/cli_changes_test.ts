/** Checklist lines of the command line on changes. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { omnigraph, withTempDir } from "../support/process.ts";

const SCHEMA = "node Ship { slug: String @key  name: String?  tons: U64? }\nedge Tows: Ship -> Ship\n";

/** Runs `use` in a folder with a graph that has two commits. */
async function withGraph(
  use: (run: (...args: string[]) => Promise<string>, folder: string) => Promise<void>,
) {
  await withTempDir(async (folder) => {
    const run = async (...args: string[]) => {
      const { code, stdout, stderr } = await omnigraph(args, { cwd: folder });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const ship = (slug: string, name: string | null) =>
      `{"type":"Ship","data":{"slug":"${slug}","name":${JSON.stringify(name)},"tons":18446744073709551615}}`;
    const tow = '{"edge":"Tows","from":"a","to":"b","data":{"id":"t"}}';
    const commits = [[ship("a", null), ship("b", 'ä\n"x"'), tow], [ship("a", ""), ship("c", "[1,\n  2]")]];
    Deno.writeTextFileSync(join(folder, "ships.pg"), SCHEMA);
    await run("init", "g.omni", "--schema", "ships.pg");
    for (const [i, lines] of commits.entries()) {
      Deno.writeTextFileSync(join(folder, `${i}.jsonl`), lines.join("\n"));
      await run("load", "g.omni", "--data", `${i}.jsonl`, "--mode", "merge", "--quiet");
    }
    await use(run, folder);
  });
}

Deno.test("44: `commit changes --limit 1 --json` equals the unpaged output byte for byte; so do diffs and feeds", async () => {
  await withGraph(async (run) => {
    const listed = JSON.parse(await run("commit", "list", "g.omni", "--json"));
    const [id, first, genesis] = listed.commits.map((commit: { graph_commit_id: string }) =>
      commit.graph_commit_id
    );
    const commands = [
      ["commit", "changes", id, "--store", "g.omni"],
      ["commit", "changes", first, "--store", "g.omni"],
      ["commit", "changes", first, "--store", "g.omni", "--op", "delete"],
      ["commit", "diff", "main", genesis, "--store", "g.omni"],
      ["changes", "poll", "--store", "g.omni", "--start", `after:${first}`],
    ];
    for (const command of commands) {
      const whole = await run(...command, "--json");
      assert.equal(await run(...command, "--json", "--limit", "1"), whole);
      const { next_page_token, ...rest } = JSON.parse(whole);
      assert.equal(next_page_token, undefined);
      // Integers beyond 2^53 come out of `JSON.parse` rounded, all with the same digits here.
      const pretty = `${JSON.stringify(rest, null, 2)}\n`.replaceAll(
        "18446744073709552000",
        "18446744073709551615",
      );
      assert.equal(whole, pretty);
      assert.equal(await run(...command, "--limit", "1"), await run(...command));
    }
    const poll = JSON.parse(
      await run("changes", "poll", "--store", "g.omni", "--start", "beginning", "--json"),
    );
    assert.deepEqual(Object.keys(poll), ["blocks", "cursor", "caught_up"]);
    assert.equal(poll.blocks.length, 2);
  });
});

Deno.test("`commit changes --page-token` prints exactly that page, with the token of the next one", async () => {
  await withGraph(async (run, folder) => {
    const { openGraph } = await import("../../core/graph/open.ts");
    const { openObjectStore, openTableStore } = await import("../../core/storage/open.ts");
    const root = { kind: "local" as const, path: join(folder, "g.omni") };
    const graph = await openGraph({
      store: openObjectStore(root),
      tables: openTableStore(root),
      uri: root.path,
    });
    const id = (await graph.commits()).commits[1]!.graph_commit_id;
    const { next_page_token } = await graph.commitChanges(id, { limit: 1 });
    await graph.close();
    const args = [
      "commit",
      "changes",
      id,
      "--store",
      "g.omni",
      "--limit",
      "1",
      "--page-token",
      next_page_token!,
    ];
    const page = JSON.parse(await run(...args, "--json"));
    assert.deepEqual(Object.keys(page), ["cause", "changes", "next_page_token"]);
    assert.deepEqual(page.changes.map((change: { id: string }) => change.id), ["b"]);
    assert.match(
      await run(...args),
      /^commit: .*\ninsert node Ship b\n[\s\S]*\n\nnext_page_token: eyJ.*\n$/s,
    );
  });
});

Deno.test("45: a baseline prints its cursor once the file is in place; a failure keeps the old file", async () => {
  await withGraph(async (run, folder) => {
    const out = await run("changes", "baseline", "--store", "g.omni", "--out", "all.jsonl", "--json");
    const { snapshot_commit_id, resume_cursor, ...rest } = JSON.parse(out);
    assert.deepEqual(rest, {});
    const exported = await run("export", "g.omni");
    assert.equal(Deno.readTextFileSync(join(folder, "all.jsonl")), exported);
    const head = JSON.parse(await run("commit", "list", "g.omni", "--json")).commits[0];
    assert.equal(snapshot_commit_id, head.graph_commit_id);
    const { blocks } = JSON.parse(
      await run("changes", "poll", "--store", "g.omni", "--cursor", resume_cursor, "--json"),
    );
    assert.deepEqual(blocks, []);
    const args = ["changes", "baseline", "--store", "g.omni", "--out", "all.jsonl", "--type", "Boat"];
    const failed = await omnigraph(args, { cwd: folder });
    assert.deepEqual([failed.code, failed.stdout], [1, ""]);
    assert.equal(Deno.readTextFileSync(join(folder, "all.jsonl")), exported);
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
      /lock|baseline/.test(name)
    );
    assert.deepEqual(left, []);
  });
});
