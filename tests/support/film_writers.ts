/** Processes that write films to a graph on disk, and what their lines say about its content. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { type Env, systemEnv } from "../../core/base/ports.ts";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import type { Edit, WriterLine } from "../crash/graph_writer.ts";
import { PROJECT } from "./process.ts";

/** A writer process and what it said so far. */
export interface Writer {
  readonly process: Deno.ChildProcess;
  readonly lines: WriterLine[];
  /** Settles when the first write was acknowledged. */
  readonly started: Promise<void>;
  /** Settles when the process is gone and everything it printed was read. */
  readonly ended: Promise<Deno.CommandStatus>;
  /** Kills it, which must still be at work: one that ended by itself is an error that tells what it said. */
  kill(): Promise<void>;
}

/** Starts `tests/crash/graph_writer.ts`, or another program with the same arguments and lines. */
export function startWriter(
  root: string,
  name: string,
  seed: number,
  writes: number,
  program = "graph_writer.ts",
  variables: Readonly<Record<string, string>> = {},
): Writer {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      "--no-check",
      join(PROJECT, "tests/crash", program),
      root,
      name,
      `${seed}`,
      `${writes}`,
    ],
    cwd: PROJECT,
    env: variables,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const complaints = new Response(process.stderr).text();
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
  const kill = async () => {
    try {
      process.kill("SIGKILL");
    } catch {
      const { code, signal } = await ended;
      throw new Error(`${program} ended by itself with ${code}, signal ${signal}: ${await complaints}`);
    }
    await ended;
  };
  return { process, lines, started: started.promise, ended, kill };
}

/** Opens the graph as a process of its own; failures of background work go to `errors`. */
export function openRoot(root: string, errors: unknown[], env: Env = systemEnv): Promise<EmbeddedGraph> {
  const uri = parseStorageUri(root, root);
  return openGraph({
    store: openObjectStore(uri, env),
    tables: openTableStore(uri, env),
    uri: root,
    onBackgroundError: (error) => void errors.push(error),
  });
}

/** Makes an edit to a content. */
export function apply(content: Map<string, string>, edit: Edit): void {
  for (const [slug, title] of Object.entries(edit)) {
    if (title === null) content.delete(slug);
    else content.set(slug, title);
  }
}

/** Acknowledged edits, and the one that was under way, of a writer that is gone. */
export function edits(lines: readonly WriterLine[]): { done: Edit[]; open: Edit | null } {
  const done = lines.filter(({ event }) => event === "done").map(({ edit }) => edit);
  const last = lines.at(-1);
  return { done, open: last?.event === "start" ? last.edit : null };
}

/** Whether the rows of an edit are all as the edit makes them. */
export function isApplied(found: Readonly<Record<string, string>>, edit: Edit): boolean {
  return Object.entries(edit).every(([slug, title]) => (found[slug] ?? null) === title);
}

/** A content in the order of queries. */
export function sorted(content: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...content].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Rows of films, however often a slug occurs. */
export async function countFilms(graph: EmbeddedGraph): Promise<number> {
  return (await graph.query({ source: "query all() { match { $f: Film } return { $f.slug } }" })).row_count;
}

/** Commits count down to genesis, each the child of the next. */
export async function assertLinear(graph: EmbeddedGraph, branch = "main"): Promise<void> {
  const { commits } = await graph.commits(branch);
  commits.forEach((commit, i) => {
    assert.equal(commit.graph_manifest_version, commits.length - i);
    assert.equal(commit.parent_commit_id, commits[i + 1]?.graph_commit_id ?? null);
  });
}
