/**
 * What many branches and long histories cost: 1,000 branches of one graph, and a branch of 10,000 commits. Prints
 * Markdown. Runs as a part of `deno task bench`, or alone.
 */
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { median, once } from "./measure.ts";

const SCHEMA = "node Film {\n  slug: String @key\n  title: String\n}\n";
const INSERT = "query add($slug: String) { insert Film { slug: $slug, title: $slug } }";
const POINT = "query one($slug: String) { match { $f: Film { slug: $slug } } return { $f.title } }";

const BRANCHES = 1000;
const COMMITS = 10_000;
const FILMS = 10_000;
const RUNS = 7;

/** Measures branches and histories in folders below `work`. */
export async function measureBranches(work: string): Promise<string> {
  const rows = [
    ...await manyBranches(join(work, "branches.omni")),
    ...await longHistory(join(work, "history.omni")),
  ];
  return [
    `## Branches and history\n`,
    "| Work | Measured |",
    "| ---- | -------- |",
    ...rows.map(([what, value]) => `| ${what} | ${value} |`),
    "",
  ].join("\n");
}

type Line = readonly [what: string, value: string];

async function manyBranches(root: string): Promise<Line[]> {
  const graph = await newGraph(root);
  const films = Array.from(
    { length: FILMS },
    (_, i) => `{"type":"Film","data":{"slug":"f${i}","title":"Film ${i}"}}`,
  );
  await graph.load({ data: new TextEncoder().encode(films.join("\n")), mode: "overwrite" });
  for (let i = 0; i < 100; i++) await add(graph, `g${i}`);
  const openBefore = await medianOf(() => opened(root, async () => {}));
  const before = await usage(root);
  const times: number[] = [];
  for (let i = 0; i < BRANCHES; i++) times.push(await once(() => graph.createBranch({ name: nameOf(i) })));
  const after = await usage(root);
  const list = await medianOf(() => graph.branches());
  const coldList = await medianOf(() => opened(root, (other) => other.branches()));
  const openAfter = await medianOf(() => opened(root, async () => {}));
  const read = await medianOf((i) => point(graph, `f${i}`, nameOf(i + 100)));
  const write = await medianOf((i) => add(graph, "own", nameOf(i + 200)));
  const [own] = (await graph.commits(nameOf(200))).commits;
  const show = await medianOf(() => opened(root, (other) => other.commit(own!.graph_commit_id)));
  const remove = await medianOf((i) => graph.deleteBranch({ name: nameOf(i + 300) }));
  await graph.close();
  const each = (total: number) => `${Math.round(total / BRANCHES).toLocaleString("en")} bytes`;
  return [
    [
      `make a branch, first and last 100 of ${BRANCHES}`,
      `${ms(median(times.slice(0, 100)))}, ${ms(median(times.slice(-100)))}`,
    ],
    [
      "storage per branch: content, blocks on disk",
      `${each(after.bytes - before.bytes)}, ${each(after.blocks - before.blocks)}`,
    ],
    [`list ${BRANCHES} branches, graph open; with opening it`, `${ms(list)}; ${ms(coldList)}`],
    [`open the graph with 1 branch; with ${BRANCHES}`, `${ms(openBefore)}; ${ms(openAfter)}`],
    ["first read of a point on a branch", ms(read)],
    ["first write on a branch", ms(write)],
    [`open the graph and find a commit of one of ${BRANCHES} branches`, ms(show)],
    [`delete one of ${BRANCHES} branches`, ms(remove)],
  ];
}

async function longHistory(root: string): Promise<Line[]> {
  const graph = await newGraph(root);
  // One caller: every commit has a log object of its own, the most there can be.
  for (let i = 1; i < COMMITS; i++) await add(graph, `f${i % 500}`);
  await graph.close();
  const open = await medianOf(() => opened(root, async () => {}));
  const first = await medianOf(() => opened(root, (other) => point(other, "f1")));
  // The first listing stores chunks of the log for all later ones.
  const never = await once(() => opened(root, (other) => other.commits()));
  const cold = await medianOf(() => opened(root, (other) => other.commits()));
  const { again, middle } = await opened(root, async (other) => {
    const { commits } = await other.commits();
    const id = commits[COMMITS / 2]!.graph_commit_id;
    return { again: await medianOf(() => other.commits()), middle: id };
  });
  const snapshot = await medianOf(() => opened(root, (other) => point(other, "f1", undefined, middle)));
  const count = COMMITS.toLocaleString("en");
  return [
    [`open a graph with ${count} commits; with a first read`, `${ms(open)}; ${ms(first)}`],
    [
      `list ${count} commits with opening the graph: for the first time; later; and again`,
      `${ms(never)}; ${ms(cold)}; ${ms(again)}`,
    ],
    [`open it and read a snapshot in the middle of them`, ms(snapshot)],
  ];
}

async function newGraph(root: string): Promise<EmbeddedGraph> {
  await createGraph({ store: createLocalStore(root), schema: { path: "bench.pg", text: SCHEMA } });
  return await openOurs(root);
}

/** Opens the graph as a new process would: nothing is in memory. */
function openOurs(root: string): Promise<EmbeddedGraph> {
  const tables = openTableStore(parseStorageUri(root, root));
  return openGraph({ store: createLocalStore(root), tables, uri: root });
}

async function opened<T>(root: string, use: (graph: EmbeddedGraph) => Promise<T>): Promise<T> {
  const graph = await openOurs(root);
  const result = await use(graph);
  await graph.close();
  return result;
}

async function add(graph: EmbeddedGraph, slug: string, branch = "main"): Promise<void> {
  await graph.mutate({ source: INSERT, params: { slug }, branch });
}

async function point(graph: EmbeddedGraph, slug: string, branch?: string, snapshot?: string): Promise<void> {
  const target = {
    ...(branch === undefined ? {} : { branch }),
    ...(snapshot === undefined ? {} : { snapshot }),
  };
  const { rows } = await graph.query({ source: POINT, params: { slug }, ...target });
  if (rows.length !== 1) throw new Error(`${slug} is there once`);
}

function nameOf(i: number): string {
  return `team-${i % 10}/branch-${i}`;
}

async function medianOf(work: (run: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) times.push(await once(() => work(run)));
  return median(times);
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : `${Math.round(value)} ms`;
}

/** Content of all files below a folder, and the blocks they take with their folders. */
async function usage(folder: string): Promise<{ bytes: number; blocks: number }> {
  const { size, blocks } = await Deno.stat(folder);
  const total = { bytes: 0, blocks: (blocks ?? Math.ceil(size / 512)) * 512 };
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) {
      const inner = await usage(path);
      total.bytes += inner.bytes;
      total.blocks += inner.blocks;
    } else {
      const info = await Deno.stat(path);
      total.bytes += info.size;
      total.blocks += (info.blocks ?? Math.ceil(info.size / 512)) * 512;
    }
  }
  return total;
}

if (import.meta.main) {
  const work = Deno.makeTempDirSync({ prefix: "omnigraph-bench-" });
  try {
    console.log(await measureBranches(work));
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
}
