import assert from "node:assert/strict";
import { clusterBench } from "../../tests/support/cluster_bench.ts";
import { type FileTexts, FLEET_SCHEMA } from "../../tests/support/cluster_files.ts";
import { createMemoryStore } from "../storage/memory_store.ts";
import type { ObjectStore } from "../storage/object_store.ts";

const GRAPHS = 10;
const QUERIES = 300;

/** A configuration of this many graphs with this many stored queries each, one file per query. */
function largeFiles(): FileTexts {
  const ids = Array.from({ length: GRAPHS }, (_, i) => `g${i}`);
  const files: FileTexts = {
    "cluster.yaml": `version: 1\ngraphs:\n${
      ids.map((id) => `  ${id}: { schema: fleet.pg, queries: ${id}/ }\n`).join("")
    }`,
    "fleet.pg": FLEET_SCHEMA,
  };
  for (const id of ids) {
    for (let i = 0; i < QUERIES; i++) {
      files[`${id}/q${i}.gq`] = `query q${i}() { match { $s: Ship } return { $s.name } }\n`;
    }
  }
  return files;
}

/** A store that notes each call as `method key`. */
function noting(store: ObjectStore, calls: string[]): ObjectStore {
  return new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name !== "under") calls.push(`${String(name)} ${args[0]}`);
        return member.apply(target, args);
      };
    },
  });
}

Deno.test("10 graphs of 300 queries: a plan without changes reads three things, one changed query writes four", async () => {
  const calls: string[] = [];
  const bench = clusterBench({ files: largeFiles(), store: noting(createMemoryStore(), calls) });
  const first = await bench.apply();
  assert.deepEqual([first.exitCode, first.result.applied_count], [0, GRAPHS * (QUERIES + 2)]);
  calls.length = 0;
  assert.deepEqual((await bench.plan()).result.changes, []);
  assert.deepEqual(calls.sort(), [
    "get __cluster/lock.json",
    "get __cluster/state.json",
    "list __cluster/recoveries",
  ]);
  bench.files["g3/q7.gq"] = "// shorter names\n" + bench.files["g3/q7.gq"];
  calls.length = 0;
  const { result } = await bench.apply();
  assert.deepEqual(result.changes.map(({ resource }) => resource), ["graph.g3", "query.g3.q7"]);
  const digest = result.changes[1]!.after_digest;
  const config = result.desired_revision.config_digest;
  assert.deepEqual(calls.filter((call) => /^(put|delete)/.test(call)).sort(), [
    "deleteIfMatch __cluster/lock.json",
    `put __cluster/resources/config/${config}.json`,
    `put __cluster/resources/query/g3/q7/${digest}.gq`,
    "putIfAbsent __cluster/history/00000002.json",
    "putIfAbsent __cluster/lock.json",
    "putIfMatch __cluster/state.json",
  ]);
  // Every blob is looked at once, and nothing twice but the ledger, which is read again before it is swapped.
  const reads = calls.filter((call) => call.startsWith("get ") && call.includes("/resources/"));
  assert.deepEqual([reads.length, new Set(reads).size], [GRAPHS * (QUERIES + 1) + 1, reads.length]);
});
