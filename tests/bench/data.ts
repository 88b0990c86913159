/** One seeded social graph for all engines: people with a few columns, and power-law acquaintances. */

/** The generated graph, column-wise. */
export interface SocialGraph {
  readonly people: number;
  readonly keys: readonly string[];
  readonly names: readonly string[];
  readonly ages: Int32Array<ArrayBuffer>;
  readonly cities: readonly string[];
  readonly scores: Float64Array<ArrayBuffer>;
  /** Days since the epoch. */
  readonly joined: Int32Array<ArrayBuffer>;
  /** Person numbers; edge `i` runs from `sources[i]` to `targets[i]`, no pair twice. */
  readonly sources: Int32Array<ArrayBuffer>;
  readonly targets: Int32Array<ArrayBuffer>;
  /** Keys of the people that reads start from. */
  readonly starts: readonly string[];
}

/** Schema of the graph in `.pg`. */
export const SCHEMA = `node Person {
  key: String @key
  name: String
  age: I32
  city: String
  score: F64
  joined: Date
}
edge Knows: Person -> Person
`;

/** Makes the graph: `people` nodes and ten edges for each on average; the same seed gives the same graph. */
export function makeSocialGraph(people: number, seed = 11): SocialGraph {
  const random = seeded(seed);
  const below = (n: number) => Math.floor(random() * n);
  const keys = Array.from({ length: people }, (_, i) => `person-${String(i).padStart(7, "0")}`);
  const sources = new Int32Array(people * 10);
  const targets = new Int32Array(people * 10);
  let edges = 0;
  for (let from = 0; from < people; from++) {
    const seen = new Set<number>([from]);
    for (let k = 0; k < 10; k++) {
      const to = Math.floor(people * random() ** 2.2); // few people are known by very many
      if (seen.has(to)) continue;
      seen.add(to);
      sources[edges] = from;
      targets[edges++] = to;
    }
  }
  return {
    people,
    keys,
    names: keys.map((_, i) => `Name ${below(50_000)} Family ${i % 997}`),
    ages: Int32Array.from(keys, () => 18 + below(70)),
    cities: keys.map(() => `city-${below(200)}`),
    scores: Float64Array.from(keys, () => below(1_000_000) / 1000),
    joined: Int32Array.from(keys, () => 12_000 + below(8_000)),
    sources: sources.slice(0, edges),
    targets: targets.slice(0, edges),
    starts: Array.from({ length: 200 }, () => keys[below(people)]!),
  };
}

/** The graph as NDJSON, nodes first. */
export function toNdjson(graph: SocialGraph): Uint8Array {
  const parts: Uint8Array[] = [];
  const encoder = new TextEncoder();
  let text = "";
  const flush = () => {
    parts.push(encoder.encode(text));
    text = "";
  };
  for (let i = 0; i < graph.people; i++) {
    text +=
      `{"type":"Person","data":{"key":"${graph.keys[i]}","name":"${graph.names[i]}","age":${graph.ages[i]},` +
      `"city":"${graph.cities[i]}","score":${graph.scores[i]},"joined":${graph.joined[i]}}}\n`;
    if (text.length > 1 << 20) flush();
  }
  for (let i = 0; i < graph.sources.length; i++) {
    text += `{"edge":"Knows","from":"${graph.keys[graph.sources[i]!]}","to":"${
      graph.keys[graph.targets[i]!]
    }"}\n`;
    if (text.length > 1 << 20) flush();
  }
  flush();
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Small seeded generator of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4_294_967_296;
  };
}
