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

Deno.test("schema-language 30: `--allow-data-loss` makes drops hard, and the commit before becomes unreadable for that table alone", async () => {
  const both = "node Note { slug: String @key  text: String? }\nnode Tag { slug: String @key }\n";
  const dropped = "node Note { slug: String @key }\nnode Tag { slug: String @key }\n";
  await withTempDir(async (folder) => {
    const run = (...args: string[]) => omnigraph(args, { cwd: folder });
    const query = (type: string, id: string) =>
      run(
        "query",
        "--store",
        "n.omni",
        "--snapshot",
        id,
        "-e",
        `query q() { match { $x: ${type} } return { $x.slug } }`,
      );
    Deno.writeTextFileSync(join(folder, "both.pg"), both);
    Deno.writeTextFileSync(join(folder, "dropped.pg"), dropped);
    const lines = [
      '{"type":"Note","data":{"slug":"a","text":"gone for good"}}',
      '{"type":"Tag","data":{"slug":"t"}}',
    ];
    Deno.writeTextFileSync(join(folder, "lines.jsonl"), lines.join("\n"));
    assert.equal((await run("init", "n.omni", "--schema", "both.pg")).code, 0);
    const loaded = await run("load", "n.omni", "--data", "lines.jsonl", "--mode", "merge");
    assert.equal(loaded.code, 0, loaded.stderr);
    const { commits: [before] } = JSON.parse((await run("commit", "list", "n.omni", "--json")).stdout);
    const change = ["n.omni", "--schema", "dropped.pg", "--allow-data-loss", "--json"];
    const step = {
      kind: "drop_property",
      type_kind: "node",
      type_name: "Note",
      property_name: "text",
      mode: "hard",
    };
    const plan = JSON.parse((await run("schema", "plan", ...change)).stdout);
    assert.deepEqual([plan.supported, plan.steps], [true, [step]]);
    const applied = await run("schema", "apply", ...change);
    assert.equal(applied.code, 0, applied.stderr);
    assert.deepEqual([JSON.parse(applied.stdout).applied, JSON.parse(applied.stdout).steps], [true, [step]]);

    const read = await query("Note", before.graph_commit_id);
    assert.deepEqual([read.code, read.stdout], [1, ""]);
    assert.match(read.stderr, /node type 'Note' of commit '[0-9A-Z]{26}' was reclaimed/);
    const other = await query("Tag", before.graph_commit_id);
    assert.deepEqual([other.code, other.stdout.includes("t")], [0, true], other.stderr);
    const entity = await run(
      "entity",
      "node",
      "Note",
      "a",
      "--store",
      "n.omni",
      "--snapshot",
      before.graph_commit_id,
    );
    assert.deepEqual([entity.code, entity.stdout], [1, ""]);
    assert.match(entity.stderr, /was reclaimed/);
    const shown = await run("commit", "show", before.graph_commit_id, "--store", "n.omni", "--json");
    assert.deepEqual(JSON.parse(shown.stdout), before);
    const again = JSON.parse((await run("schema", "apply", ...change)).stdout);
    assert.deepEqual([again.applied, again.step_count, again.graph_manifest_version], [false, 0, 3]);
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
