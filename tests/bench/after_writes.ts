/**
 * What a thousand small commits cost readers: the same reads on a graph that was loaded at once and on one that came to
 * hold the same by a thousand commits, half of them a new person with an edge, half a new age of somebody known. Answers
 * are compared, the graphs take turns.
 *
 *   deno run -A tests/bench/after_writes.ts [--small]
 */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { makeSocialGraph, type SocialGraph, toNdjson } from "./data.ts";
import { median } from "./measure.ts";
import { createPeople, openPeople, person } from "./write_engines.ts";

type Opened = Awaited<ReturnType<typeof openPeople>>;

const COMMITS = 1000;
const ROUNDS = 5;
const KEYS = 100;

const READS: readonly (readonly [name: string, text: string])[] = [
  [
    "point, 6 columns",
    "query q($key: String) { match { $p: Person { key: $key } } return { $p.key, $p.name, $p.age, $p.city, $p.score, $p.joined } }",
  ],
  [
    "1 hop",
    "query q($key: String) { match { $p: Person { key: $key } $p knows $q } return { $q.key, $q.name } }",
  ],
  [
    "2 hops, count of paths",
    "query q($key: String) { match { $p: Person { key: $key } $p knows $q $q knows $r } return { count($r) as n } }",
  ],
  [
    "count of a city",
    "query q($key: String) { match { $p: Person { city: $key } } return { count($p) as n, avg($p.age) as mean } }",
  ],
  [
    "group all edges by city",
    "query q() { match { $p knows $q } return { $q.city as city, count($q) as n } order { city } }",
  ],
];
const INSERT = `query add(
  $key: String, $name: String, $age: I32, $city: String, $score: F64, $joined: Date, $friend: String
) {
  insert Person { key: $key, name: $name, age: $age, city: $city, score: $score, joined: $joined }
  insert Knows { from: $key, to: $friend }
}`;

const UPDATE = "query birthday($key: String, $age: I32) { update Person set { age: $age } where key = $key }";

/** Returns a Markdown table of ratios: reads after the commits, divided by reads of the loaded graph. */
export async function measureAfterWrites(folder: string, social: SocialGraph): Promise<string> {
  const [loadedRoot, grownRoot] = [join(folder, "loaded.omni"), join(folder, "grown.omni")];
  const loaded = await createPeople(loadedRoot);
  await loaded.load({ data: finalLines(social), mode: "overwrite" });
  let grown = await createPeople(grownRoot);
  await grown.load({ data: toNdjson(social), mode: "overwrite" });
  const keys = keysOf(social);
  await measure(loaded, grown, keys, 1); // nothing is cold
  for (let n = 0; n < COMMITS; n++) await commit(grown, social, n);
  const after = await measure(loaded, grown, keys);
  await checkAnswers(loaded, grown, keys);
  await grown.close();
  grown = await openPeople(grownRoot);
  await measure(loaded, grown, keys, 1);
  const reopened = await measure(loaded, grown, keys);
  await Promise.all([loaded.close(), grown.close()]);
  const cell = (ms: number) => ms < 0.1 ? `${(ms * 1000).toFixed(1)} µs` : `${ms.toFixed(2)} ms`;
  const rows = READS.map(([name], i) =>
    `| ${name} | ${cell(after[i]!.loaded)} | ${cell(after[i]!.grown)} (${after[i]!.ratio.toFixed(2)}×) | ` +
    `${cell(reopened[i]!.grown)} (${reopened[i]!.ratio.toFixed(2)}×) |`
  );
  return [
    `| read | loaded at once | right after ${COMMITS.toLocaleString("en")} commits | reopened |`,
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

/** Median milliseconds of a read on both graphs, and the median of the ratios of rounds. */
interface Compared {
  readonly loaded: number;
  readonly grown: number;
  readonly ratio: number;
}

async function measure(
  loaded: Opened,
  grown: Opened,
  keys: readonly string[],
  rounds = ROUNDS,
): Promise<Compared[]> {
  const results: Compared[] = [];
  for (const [name, text] of READS) {
    const asked = name.startsWith("group") ? keys.slice(0, 3) : keys;
    const medians: [number, number][] = [];
    for (let round = 0; round < rounds; round++) {
      const times: [number[], number[]] = [[], []];
      for (const key of asked) {
        for (const [i, graph] of [loaded, grown].entries()) {
          const start = performance.now();
          await ask(graph, text, name.startsWith("count") ? `city-${key.length}` : key);
          times[i]!.push(performance.now() - start);
        }
      }
      medians.push([median(times[0]), median(times[1])]);
    }
    results.push({
      loaded: median(medians.map(([ms]) => ms)),
      grown: median(medians.map(([, ms]) => ms)),
      ratio: median(medians.map(([a, b]) => b / a)),
    });
  }
  return results;
}

async function checkAnswers(loaded: Opened, grown: Opened, keys: readonly string[]): Promise<void> {
  for (const [, text] of READS) {
    for (const key of keys.slice(0, 10)) {
      const answers = await Promise.all([loaded, grown].map((graph) => ask(graph, text, key)));
      const [a, b] = answers.map((answer) =>
        (JSON.parse(answer) as unknown[]).map((row) => JSON.stringify(row)).sort()
      );
      assert.deepEqual(b, a);
    }
  }
}

async function ask(graph: Opened, text: string, key: string): Promise<string> {
  const query = graph.compile({ path: "<bench>", text });
  if (query.kind !== "read") throw new Error("the benchmark asks reads");
  return (await graph.runRead(query, { key }, {})).rows.toJsonText();
}

/** Half of the keys are of people that came last. */
function keysOf({ starts }: SocialGraph): string[] {
  return Array.from(
    { length: KEYS },
    (_, i) => i % 2 === 0 ? starts[i % starts.length]! : person("new", i * 14 % COMMITS).key,
  );
}

function friendOf({ keys }: SocialGraph, n: number): string {
  return keys[n * 7919 % keys.length]!;
}

/** Somebody known, and the age that one of the commits gives. */
function birthday({ people }: SocialGraph, n: number): { readonly at: number; readonly age: number } {
  return { at: n * 31 % people, age: 20 + n % 60 };
}

async function commit(graph: Opened, social: SocialGraph, n: number): Promise<void> {
  const text = n % 2 === 0 ? INSERT : UPDATE;
  const query = graph.compile({ path: "<bench>", text });
  if (query.kind !== "mutation") throw new Error("this is a mutation");
  const { at, age } = birthday(social, n);
  const params = n % 2 === 0
    ? { ...person("new", n), friend: friendOf(social, n) }
    : { key: social.keys[at]!, age };
  await graph.runMutation(query, params, {});
}

/** What all commits lead to, as one load. */
function finalLines(social: SocialGraph): Uint8Array {
  const ages = social.ages.slice();
  const lines: string[] = [];
  for (let n = 0; n < COMMITS; n++) {
    const { at, age } = birthday(social, n);
    if (n % 2 === 1) ages[at] = age;
    else {
      const data = person("new", n);
      lines.push(JSON.stringify({ type: "Person", data }));
      lines.push(JSON.stringify({ edge: "Knows", from: data.key, to: friendOf(social, n) }));
    }
  }
  return joined(toNdjson({ ...social, ages }), new TextEncoder().encode(lines.join("\n")));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

if (import.meta.main) {
  const folder = Deno.makeTempDirSync({ prefix: "omnigraph-after-" });
  try {
    const people = Deno.args.includes("--small") ? 10_000 : 100_000;
    console.log(await measureAfterWrites(folder, makeSocialGraph(people)));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
