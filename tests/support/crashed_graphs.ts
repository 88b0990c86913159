/** Running `tests/crash/graph_crasher.ts`, and judging the graphs that it left behind. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, graphExists } from "../../core/graph/open.ts";
import { openObjectStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import type { CrashedGraph, CrashLine } from "../crash/graph_crasher.ts";
import { GraphModel, type Operation, settleOpen, type ShownGraph } from "./crash_model.ts";
import { film, FILM_SCHEMA, loadLines } from "./embedded_graphs.ts";
import { assertLinear, openRoot } from "./film_writers.ts";
import { PROJECT } from "./process.ts";

/** Runs the process until it is dead; with `killAfterMs` it is killed so long after all graphs began to work. */
export async function crash(
  plans: readonly CrashedGraph[],
  killAfterMs: number | null,
): Promise<CrashLine[]> {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      join(PROJECT, "tests/crash/graph_crasher.ts"),
      JSON.stringify(plans),
    ],
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: CrashLine[] = [];
  const begun = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let rest = "";
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop()!;
    for (const part of parts) {
      const line = JSON.parse(part) as CrashLine;
      lines.push(line);
      if (line.event === "start") begun.add(line.root);
    }
    if (killAfterMs !== null && begun.size === plans.length) {
      timer ??= setTimeout(() => process.kill("SIGKILL"), killAfterMs);
    }
  }
  assert.equal((await process.status).signal, "SIGKILL");
  return lines;
}

/**
 * Checks one graph of a dead process: acknowledged operations are all there, the one under way is there as a whole or not
 * at all, nothing else is; and every kind of write goes on without repair.
 */
export async function checkCrashed(root: string, lines: readonly CrashLine[], name: string): Promise<void> {
  const store = openObjectStore(parseStorageUri(root, root));
  if (!await graphExists(store)) {
    assert.ok(lines.every(({ event }) => event !== "start"), `${name}: the graph is gone`);
    await createGraph({ store, schema: FILM_SCHEMA });
  }
  let model = new GraphModel(FILM_SCHEMA.text);
  let open: Operation | null = null;
  for (const { event, operation } of lines) {
    if (event === "start") open = operation!;
    if (event !== "done") continue;
    model.apply(open!);
    open = null;
  }
  const errors: unknown[] = [];
  const graph = await openRoot(root, errors);
  const found = await show(graph);
  model = settleOpen(model, open, found);
  assert.deepEqual(found, model.shown(), `${name}, ${open?.kind ?? "nothing"} under way`);
  await goOn(graph, model);
  assert.deepEqual(
    await show(graph),
    model.shown(),
    `${name}, ${open?.kind ?? "nothing"} under way, going on`,
  );
  for (const branch of model.branches.keys()) await assertLinear(graph, branch);
  await graph.close();
  // A reader that knows nothing of what this process has in memory sees the same.
  const fresh = await openRoot(root, errors);
  assert.deepEqual(await show(fresh), model.shown(), `${name}, opened again`);
  await fresh.close();
  assert.deepEqual(errors, [], name);
}

async function show(graph: EmbeddedGraph): Promise<ShownGraph> {
  const { schema_source } = await graph.schema();
  const branches: Record<string, Record<string, string>> = {};
  for (const branch of (await graph.branches()).branches.toSorted()) {
    const source =
      "query all() { match { $f: Film } return { $f.slug as slug, $f.title as title } order { $f.slug } }";
    const { rows } = await graph.query({ source, branch });
    const films = JSON.parse(rows.toJsonText()) as { slug: string; title: string }[];
    branches[branch] = Object.fromEntries(films.map(({ slug, title }) => [slug, title]));
    assert.equal(Object.keys(branches[branch]).length, films.length, `a slug appears twice on ${branch}`);
  }
  return { source: schema_source, branches };
}

/** Small and large writes on every branch, a new branch, merges, deletions and a schema change. */
async function goOn(graph: EmbeddedGraph, model: GraphModel): Promise<void> {
  const act = async (operation: Operation, work: () => Promise<unknown>) => {
    await work();
    model.apply(operation);
  };
  const write = (branch: string, rows: Record<string, string>) =>
    act(
      { kind: "write", branch, rows },
      () => loadLines(graph, Object.entries(rows).map(([slug, title]) => film(slug, title)), { branch }),
    );
  await act(
    { kind: "create", branch: "after", from: "main" },
    () => graph.createBranch({ name: "after" }),
  );
  for (const branch of model.branches.keys()) {
    await write(branch, { [`${branch}-after`]: "small" });
    const large = Array.from({ length: 250 }, (_, i) => [`${branch}-after-${i}`, "y".repeat(300)]);
    await write(branch, Object.fromEntries(large));
  }
  // Branches that were forked later come first: what depends on another goes before it.
  for (const branch of [...model.branches.keys()].sort().toReversed()) {
    if (branch === "main") continue;
    await act(
      { kind: "merge", branch, into: "main" },
      () => graph.mergeBranch({ source: branch, target: "main" }),
    );
    await act({ kind: "delete", branch }, () => graph.deleteBranch({ name: branch }));
  }
  const source = `${FILM_SCHEMA.text}\nnode Later {\n  slug: String @key\n}\n`;
  await act(
    { kind: "schema", source },
    () => graph.schemaUpdate({ path: FILM_SCHEMA.path, text: source }, { allowDataLoss: true }),
  );
}
