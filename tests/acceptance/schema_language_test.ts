/** Lines of the schema language's acceptance checklist that show only end to end. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { withGraph } from "../support/acceptance_world.ts";
import { rejection } from "../support/embedded_graphs.ts";
import { omnigraph, withTempDir } from "../support/process.ts";

const SCHEMA = "node Note { slug: String @key  at: DateTime? }\n";

Deno.test("schema-language 16: `2024-05-01 10:00:00.1239+02:00` outputs `2024-05-01T08:00:00.123Z`", async () => {
  const at = "2024-05-01 10:00:00.1239+02:00";
  await withGraph(SCHEMA, [{ type: "Note", data: { slug: "loaded", at } }], async (world) => {
    await world.change('($at: DateTime) { insert Note { slug: "given", at: $at } }', { at });
    await world.change(`{ insert Note { slug: "written", at: datetime("${at}") } }`);
    const shown = await world.rows("{ match { $n: Note } return { $n, $n.at } order { $n.slug } }");
    const instant = "2024-05-01T08:00:00.123Z";
    assert.deepEqual(shown, ["given", "loaded", "written"].map((n) => ({ n, "n.at": instant })));
    const same = `{ match { $n: Note $n.at = datetime("${instant}") } return { count($n) as n } }`;
    assert.deepEqual(await world.values(same), [3]);
  });
});

Deno.test("schema-language 31: a second branch blocks apply with 409, but not `schema plan`", async () => {
  const wanted = "node Note { slug: String @key  at: DateTime?  text: String? }\n";
  const obstacle = "requires a graph with only main; found non-main branches: draft";
  await withGraph(SCHEMA, [], async ({ graph }) => {
    await graph.createBranch({ name: "draft" });
    const error = await rejection(graph.applySchema({ source: { path: "s.pg", text: wanted } }));
    assert.deepEqual([error.code, error.facts.status], ["branch_in_use", 409]);
    assert.ok(error.message.includes(obstacle), error.message);
    assert.equal((await graph.schema()).schema_source, SCHEMA);
    assert.equal((await graph.commits()).commits.length, 1);
  });

  await withTempDir(async (folder) => {
    const run = (...args: string[]) => omnigraph(args, { cwd: folder });
    Deno.writeTextFileSync(join(folder, "now.pg"), SCHEMA);
    Deno.writeTextFileSync(join(folder, "wanted.pg"), wanted);
    Deno.writeTextFileSync(join(folder, "notes.jsonl"), '{"type":"Note","data":{"slug":"a"}}');
    assert.equal((await run("init", "notes.omni", "--schema", "now.pg")).code, 0);
    const fork = ["--mode", "merge", "--branch", "draft", "--from", "main"];
    const loaded = await run("load", "notes.omni", "--data", "notes.jsonl", ...fork);
    assert.equal(loaded.code, 0, loaded.stderr);
    const plan = await run("schema", "plan", "notes.omni", "--schema", "wanted.pg", "--json");
    assert.equal(plan.code, 0, plan.stderr);
    const { supported, step_count } = JSON.parse(plan.stdout);
    assert.deepEqual([supported, step_count], [true, 1]);
    const apply = await run("schema", "apply", "notes.omni", "--schema", "wanted.pg");
    assert.deepEqual([apply.code, apply.stderr.includes(obstacle)], [1, true], apply.stderr);
  });
});
