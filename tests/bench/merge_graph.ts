/** Graphs for the merge benchmark: a social graph of a given number of rows, and seeded changes on branches of it. */
import { cpuUsage } from "node:process";
import { join } from "@std/path";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { createGraph, openGraph } from "../../core/graph/open.ts";
import { createLocalStore } from "../../core/storage/local_store.ts";
import { openTableStore } from "../../core/storage/open.ts";
import { parseStorageUri } from "../../core/storage/uri.ts";
import { makeSocialGraph, SCHEMA, toNdjson } from "./data.ts";

/** Milliseconds by the clock and of computing, all threads together: the latter does not depend on who else is at work. */
export interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** What some work costs this process. */
export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const before = cpuUsage();
  const start = performance.now();
  await work();
  const wallMs = performance.now() - start;
  const { user, system } = cpuUsage(before);
  return { wallMs, cpuMs: (user + system) / 1000 };
}

/** Rows of the benchmark's graph that come with one person: itself and its acquaintances. */
const ROWS_PER_PERSON = 11;
const ENCODER = new TextEncoder();

/** Where the graph of a size is. */
export function graphRoot(work: string, rows: number): string {
  return join(work, `merge-${rows}.omni`);
}

/** Opens a graph as a new process would. */
export function openRoot(root: string): Promise<EmbeddedGraph> {
  return openGraph({
    store: createLocalStore(root),
    tables: openTableStore(parseStorageUri(root, root)),
    uri: root,
  });
}

/** Stores a graph of about `rows` rows with a branch `draft`; returns the number of people. */
export async function makeGraph(root: string, rows: number): Promise<number> {
  const social = makeSocialGraph(Math.round(rows / ROWS_PER_PERSON));
  await createGraph({ store: createLocalStore(root), schema: { path: "bench.pg", text: SCHEMA } });
  const graph = await openRoot(root);
  await graph.load({ data: toNdjson(social), mode: "overwrite" });
  await graph.createBranch({ name: "draft" });
  await graph.close();
  return social.people;
}

/**
 * Changes `rows` rows on a branch in loads of 100 rows: six of ten update a person, two add one, two add an edge. Rounds
 * and branches touch different entities.
 */
export async function changeRows(
  graph: EmbeddedGraph,
  branch: string,
  change: { readonly people: number; readonly rows: number; readonly round: number },
): Promise<void> {
  const { people, rows, round } = change;
  const offset = branch === "main" ? 0 : 1; // main changes the even people, the branch the odd ones
  const person = (i: number) =>
    `person-${String((i % Math.floor(people / 2)) * 2 + offset).padStart(7, "0")}`;
  let lines = "";
  for (let i = 0; i < rows; i++) {
    const at = round * rows + i;
    const kind = i % 10;
    if (kind < 8) {
      const key = kind < 6 ? person(at) : `new-${branch}-${at}`;
      lines +=
        `{"type":"Person","data":{"key":"${key}","name":"Name ${at} of round ${round}","age":${
          20 + i % 50
        },` +
        `"city":"city-${i % 200}","score":${i},"joined":${13_000 + round}}}\n`;
    } else lines += `{"edge":"Knows","from":"${person(at)}","to":"${person(at * 7 + 3)}"}\n`;
    if (i % 100 === 99 || i === rows - 1) {
      await graph.load({ data: ENCODER.encode(lines), mode: "merge", branch });
      lines = "";
    }
  }
}
