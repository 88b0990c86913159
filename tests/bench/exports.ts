/** Whole graphs as text: exporting everything, and reading it back. */
import assert from "node:assert/strict";
import type { EmbeddedGraph } from "../../core/graph/embedded.ts";
import { median, once, type Row } from "./measure.ts";
import type { SqliteEngine } from "./sqlite.ts";

/** Exports the graph that `open` opens, in a new process' state and again; `sqlite` holds the same data. */
export async function measureExports(
  open: () => Promise<EmbeddedGraph>,
  sqlite: SqliteEngine,
): Promise<Row[]> {
  const cold: number[] = [];
  const warm: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 3; round++) {
    const graph = await open();
    cold.push(await once(async () => bytes = await exportedBytes(graph)));
    warm.push(await once(() => exportedBytes(graph)));
    await graph.close();
  }
  let theirs = 0;
  const sqliteMs = await once(() => theirs = sqlite.exportedBytes());
  assert.ok(theirs > bytes / 2, "SQLite writes about as much");
  const note = (ms: number) =>
    `${Math.round(bytes / 1e6)} MB of sorted NDJSON, ${
      Math.round(bytes / 1e3 / ms)
    } MB/s; SQLite: rows to JSON text, by key`;
  return [
    { workload: "open, export everything", ours: median(cold), sqlite: sqliteMs, note: note(median(cold)) },
    { workload: "export everything, warm", ours: median(warm), sqlite: sqliteMs, note: note(median(warm)) },
  ];
}

async function exportedBytes(graph: EmbeddedGraph): Promise<number> {
  let bytes = 0;
  for await (const chunk of (await graph.export({})).chunks) bytes += chunk.length;
  return bytes;
}
