/**
 * How fast a batch of 100,000 nodes and 1,000,000 edges becomes a change set: parsing alone, then staging into an empty
 * graph (ids, constraints). Run: `deno run -A tests/bench/load_parse_bench.ts [rounds]`.
 */
import { ulidFactory } from "../../core/base/ids.ts";
import { systemClock, systemRandom } from "../../core/base/ports.ts";
import { parseBatch } from "../../core/graph/write/batch.ts";
import { stageLoad } from "../../core/graph/write/stage_load.ts";
import { catalogFrom, memoryView } from "../support/memory_view.ts";

const NODES = 100_000;
const EDGES = 1_000_000;
const CATALOG = catalogFrom(`
  node Person { key: String @key  name: String  age: I32?  city: String?  score: F64?  joined: Date? }
  edge Knows: Person -> Person { since: I32?  weight: F64? }
`);

/** A small repeatable generator of numbers below `limit`. */
function numbers(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
}

function makeBatch(): Uint8Array {
  const random = numbers(7);
  const lines: string[] = [];
  for (let i = 0; i < NODES; i++) {
    const joined = `20${10 + random(15)}-${10 + random(3)}-${10 + random(18)}`;
    const data = { key: `person-${i}`, name: `Name ${i}`, age: random(90), city: `City ${random(100)}` };
    lines.push(
      JSON.stringify({ type: "Person", data: { ...data, score: random(1_000_000) / 1000, joined } }),
    );
  }
  for (let i = 0; i < EDGES; i++) {
    const data = { since: 1990 + random(30), weight: random(1000) / 1000 };
    lines.push(
      JSON.stringify({ edge: "Knows", from: `person-${random(NODES)}`, to: `person-${random(NODES)}`, data }),
    );
  }
  return new TextEncoder().encode(lines.join("\n") + "\n");
}

function report(what: string, ms: number, bytes: number): void {
  const megabytes = (bytes / 1e3 / ms).toFixed(0);
  const rows = ((NODES + EDGES) / 1e3 / ms).toFixed(2);
  console.log(
    `${what.padEnd(24)} ${ms.toFixed(0).padStart(6)} ms  ${megabytes.padStart(4)} MB/s  ${rows} M rows/s`,
  );
}

if (import.meta.main) {
  const data = makeBatch();
  console.log(`${NODES} nodes, ${EDGES} edges, ${(data.length / 1e6).toFixed(0)} MB of NDJSON`);
  const newId = ulidFactory(systemClock, systemRandom);
  for (let round = 0; round < Number(Deno.args[0] ?? 5); round++) {
    const start = performance.now();
    const batch = parseBatch(CATALOG, data);
    const parsed = performance.now();
    await stageLoad(memoryView(CATALOG), batch, "overwrite", newId);
    const staged = performance.now();
    report("parse", parsed - start, data.length);
    report("parse and stage", staged - start, data.length);
  }
}
