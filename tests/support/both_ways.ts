/** The same work over HTTP and in storage: what a command answers must not depend on the way. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { openRemoteGraph } from "../../core/api/remote.ts";
import type { Graph } from "../../core/graph/graph.ts";
import { openGraph } from "../../core/graph/open.ts";
import { openObjectStore, openTableStore } from "../../core/storage/open.ts";
import { withTempDir } from "./process.ts";
import { applyFleet } from "./served_cluster.ts";
import { startServer } from "./server_process.ts";

/**
 * Walks through a served graph and through one like it in storage, and returns what both said, which must be equal. The
 * walk leaves out of its answers what differs by nature: ids, times and addresses.
 */
export async function answersBothWays(walk: (graph: Graph) => Promise<unknown[]>): Promise<unknown[]> {
  let answers: unknown[] = [];
  await withTempDir(async (folder) => {
    const { config, root } = await applyFleet(folder, { open: true });
    const server = await startServer(["--cluster", config, "--unauthenticated"]);
    try {
      const baseUrl = `http://127.0.0.1:${server.port}`;
      answers = await walk(openRemoteGraph({ baseUrl, token: null, graph: "fleet" }));
      const place = { kind: "local", path: join(root, "graphs/yard.omni") } as const;
      const graph = await openGraph({
        store: openObjectStore(place),
        tables: openTableStore(place),
        uri: place.path,
      });
      const embedded = await walk(graph);
      await graph.close();
      assert.deepEqual(answers, embedded);
    } finally {
      assert.equal(await server.stop(), 0);
    }
  });
  return answers;
}

/** Answers without what differs by nature: each id by its first occurrence, times as 0. */
export function comparable(answers: readonly unknown[]): unknown[] {
  const ids = new Map<string, string>();
  const text = JSON.stringify(answers).replaceAll(
    /[0-9A-Z]{26}/g,
    (id) => ids.get(id) ?? (ids.set(id, `<${ids.size}>`), ids.get(id)!),
  );
  return JSON.parse(text.replaceAll(/"created_at":\d+/g, '"created_at":0')) as unknown[];
}
