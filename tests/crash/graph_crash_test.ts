/** Whole processes against one graph on disk with real tables: killed at random moments, and side by side. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { film, FILM_SCHEMA, loadLines, titles } from "../support/embedded_graphs.ts";
import { PROJECT, withTempDir } from "../support/process.ts";
import type { Edit, WriterLine } from "./graph_writer.ts";

const KILLS = 20;

/** A writer process and what it said so far. */
interface Writer {
  readonly process: Deno.ChildProcess;
  readonly lines: WriterLine[];
  /** Settles when the first write was acknowledged. */
  readonly started: Promise<void>;
  /** Settles when the process is gone and everything it printed was read. */
  readonly ended: Promise<Deno.CommandStatus>;
}

function startWriter(root: string, name: string, seed: number, writes: number): Writer {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      join(PROJECT, "tests/crash/graph_writer.ts"),
      root,
      name,
      `${seed}`,
      `${writes}`,
    ],
    cwd: PROJECT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: WriterLine[] = [];
  const started = Promise.withResolvers<void>();
  const read = async () => {
    let rest = "";
    for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      for (const part of parts) lines.push(JSON.parse(part));
      if (lines.length > 1) started.resolve();
    }
    started.resolve();
  };
  const ended = Promise.all([process.status, read()]).then(([status]) => status);
  return { process, lines, started: started.promise, ended };
}

function openRoot(root: string, errors: unknown[]): Promise<EmbeddedGraph> {
  const uri = parseStorageUri(root, root);
  return openGraph({
    store: openObjectStore(uri),
    tables: openTableStore(uri),
    uri: root,
    onBackgroundError: (error) => void errors.push(error),
  });
}

function apply(content: Map<string, string>, edit: Edit): void {
  for (const [slug, title] of Object.entries(edit)) {
    if (title === null) content.delete(slug);
    else content.set(slug, title);
  }
}

/** Acknowledged edits, and the one that was under way, of a writer that is gone. */
function edits(lines: readonly WriterLine[]): { done: Edit[]; open: Edit | null } {
  const done = lines.filter(({ event }) => event === "done").map(({ edit }) => edit);
  const last = lines.at(-1);
  return { done, open: last?.event === "start" ? last.edit : null };
}

/** Whether the rows of an edit are all as the edit makes them. */
function isApplied(found: Readonly<Record<string, string>>, edit: Edit): boolean {
  return Object.entries(edit).every(([slug, title]) => (found[slug] ?? null) === title);
}

function sorted(content: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...content].sort(([a], [b]) => a < b ? -1 : 1));
}

async function countFilms(graph: EmbeddedGraph): Promise<number> {
  return (await graph.query({ source: "query all() { match { $f: Film } return { $f.slug } }" })).row_count;
}

async function assertLinear(graph: EmbeddedGraph): Promise<void> {
  const { commits } = await graph.commits();
  commits.forEach((commit, i) => {
    assert.equal(commit.graph_manifest_version, commits.length - i);
    assert.equal(commit.parent_commit_id, commits[i + 1]?.graph_commit_id ?? null);
  });
}

Deno.test("46: after a SIGKILL at a random moment the graph holds whole commits only and takes the next write", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: FILM_SCHEMA });
    const expected = new Map<string, string>();
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      // Every second time two writers are at work, and the second outlives the first by a moment.
      const names = kill % 2 === 0 ? ["k"] : ["k", "m"];
      const writers = names.map((name) => startWriter(root, name, kill, 100_000));
      for (const { started } of writers) await started;
      for (const { process, ended } of writers) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 400));
        process.kill("SIGKILL");
        await ended;
      }
      const errors: unknown[] = [];
      const graph = await openRoot(root, errors);
      const found = await titles(graph);
      for (const { lines } of writers) {
        const { done, open } = edits(lines);
        for (const edit of done) apply(expected, edit);
        acknowledged += done.length;
        if (open !== null && isApplied(found, open)) apply(expected, open);
      }
      assert.deepEqual(found, sorted(expected), `kill ${kill}`);
      assert.equal(await countFilms(graph), expected.size, "no slug appears twice");
      // Small, then large: both must work on whatever the dead process left in the tables.
      const rows = Array.from({ length: 300 }, (_, i) => [`after-${kill}-${i}`, "y".repeat(300)] as const);
      await loadLines(graph, [film(`small-${kill}`, "s")]);
      await loadLines(graph, rows.map(([slug, title]) => film(slug, title)));
      apply(expected, { [`small-${kill}`]: "s", ...Object.fromEntries(rows) });
      assert.equal(Object.keys(await titles(graph)).length, expected.size);
      await assertLinear(graph);
      await graph.close();
      assert.deepEqual(errors, []);
    }
    assert.ok(acknowledged > KILLS, `only ${acknowledged} writes were acknowledged`);
  });
});

Deno.test("22: writers in several processes lose no acknowledged write, duplicate no key and make one linear history", async () => {
  await withTempDir(async (folder) => {
    const root = join(folder, "films.omni");
    await createGraph({ store: openObjectStore(parseStorageUri(root, root)), schema: FILM_SCHEMA });
    const writers = ["a", "b"].map((name, i) => startWriter(root, name, i, 120));
    const errors: unknown[] = [];
    const reader = await openRoot(root, errors);
    for (const { started } of writers) await started;
    await loadLines(reader, [film("here", "too")]);
    for (const { ended } of writers) assert.ok((await ended).success);
    const expected = new Map([["here", "too"]]);
    for (const { lines } of writers) {
      const { done, open } = edits(lines);
      assert.equal(open, null);
      assert.equal(done.length, 120);
      for (const edit of done) apply(expected, edit);
    }
    const fresh = await openRoot(root, errors);
    for (const graph of [reader, fresh]) {
      assert.deepEqual(await titles(graph), sorted(expected));
      assert.equal(await countFilms(graph), expected.size, "no slug appears twice");
    }
    await assertLinear(fresh);
    await Promise.all([reader.close(), fresh.close()]);
    assert.deepEqual(errors, []);
  });
});
