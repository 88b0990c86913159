/**
 * Small random schemas with data. All choices are read from a tape of numbers: fast-check shrinks the tape, and where
 * it ends or reads 0 the simplest choice is made.
 */
import { jsonText } from "../../core/base/lossless_json.ts";

/** Source of choices. */
export class Tape {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** A number of `0 … below - 1`. */
  upTo(below: number): number {
    return (this.#numbers[this.#next++] ?? 0) % below;
  }

  /** True once in `times`, never when the tape has ended. */
  rarely(times: number): boolean {
    return this.upTo(times) === times - 1 && times > 1;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.upTo(items.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }
}

/** Property types of random schemas, as spelled in the schema language. */
export type PropertyType =
  | "I32"
  | "I64"
  | "F32"
  | "F64"
  | "String"
  | "Bool"
  | "Date"
  | "DateTime"
  | "enum"
  | "[String]"
  | "[I32]";

/** A property of a random type. */
export interface RandomProperty {
  readonly name: string;
  readonly type: PropertyType;
}

/** A node or edge type of a random schema. */
export interface RandomType {
  readonly name: string;
  readonly properties: readonly RandomProperty[];
  /** Endpoint type names; equal to the empty string on nodes. */
  readonly from: string;
  readonly to: string;
}

/** A random schema with data. */
export interface RandomSchema {
  readonly source: string;
  readonly nodes: readonly RandomType[];
  readonly edges: readonly RandomType[];
  /** NDJSON; every edge has an id. */
  readonly data: string;
}

/** Few values of each type, so that equal ones meet; sums of the F64 values are exact. */
export const POOLS: Readonly<Record<PropertyType, readonly unknown[]>> = {
  I32: [1, 2, 3, 0, -1, 2147483647],
  I64: [1n, 2n, 0n, -5n, 9007199254740992n, 9007199254740993n],
  F32: [0.5, 0.1, 2, 2.5, 16777216],
  F64: [0.5, 1, 2, -3.5, 2.25],
  String: ["a", "b", "ab", "B", "", "é", "a b", "%", "\u{1F600}", "\uFF5E"],
  Bool: [true, false],
  Date: ["2024-05-01", "2024-05-02", "1969-12-31", "2000-02-29"],
  DateTime: ["2024-05-01T00:00:00Z", "2024-05-01T10:00:00.5Z", "1969-12-31T23:59:59.999Z"],
  enum: ["x", "y", "z"],
  "[String]": [["a"], ["a", "b"], [], ["B", "B"]],
  "[I32]": [[1], [1, 2], [], [3, 3]],
};

const NODE_PROPERTIES: readonly RandomProperty[] = [
  { name: "i", type: "I32" },
  { name: "s", type: "String" },
  { name: "d", type: "F64" },
  { name: "b", type: "I64" },
  { name: "f", type: "F32" },
  { name: "ok", type: "Bool" },
  { name: "on", type: "Date" },
  { name: "at", type: "DateTime" },
  { name: "kind", type: "enum" },
  { name: "t", type: "[String]" },
  { name: "u", type: "[I32]" },
];
const EDGE_PROPERTIES: readonly RandomProperty[] = [
  { name: "w", type: "I32" },
  { name: "note", type: "String" },
  { name: "since", type: "Date" },
];
/** How nodes get their ids: declarations, and the key members of the n-th node. */
const KEYS = [
  { declaration: "k: String @key", members: (n: number) => ({ k: `n${n}` }), id: (n: number) => `n${n}` },
  { declaration: "k: I32 @key", members: (n: number) => ({ k: n - 1 }), id: (n: number) => `${n - 1}` },
  {
    declaration: "k: String  j: I32  @key(k, j)",
    members: (n: number) => ({ k: `n${n % 2}`, j: n }),
    id: (n: number) => JSON.stringify([`${n}`, `n${n % 2}`]),
  },
  { declaration: "", members: (n: number) => ({ id: `n${n}` }), id: (n: number) => `n${n}` },
] as const;

/** Draws a schema with data. */
export function randomSchema(tape: Tape): RandomSchema {
  const sources: string[] = [];
  const lines: string[] = [];
  const nodes: RandomType[] = [];
  const ids = new Map<string, string[]>();
  for (let n = 0, count = 1 + tape.upTo(3); n < count; n++) {
    const key = tape.pick(KEYS);
    const type: RandomType = { name: `N${n}`, properties: subset(tape, NODE_PROPERTIES), from: "", to: "" };
    nodes.push(type);
    sources.push(`node ${type.name} { ${key.declaration} ${declarations(type.properties)} }`);
    ids.set(type.name, []);
    for (let row = 0, rows = tape.pick([4, 3, 5, 6, 1, 0]); row < rows; row++) {
      ids.get(type.name)!.push(key.id(row));
      lines.push(
        jsonText({ type: type.name, data: { ...key.members(row), ...values(tape, type.properties) } }),
      );
    }
  }
  const edges: RandomType[] = [];
  for (let n = 0, count = 1 + tape.upTo(3); n < count; n++) {
    const from = tape.pick(nodes).name;
    const to = tape.pick(nodes).name;
    const type: RandomType = { name: `E${n}`, properties: subset(tape, EDGE_PROPERTIES), from, to };
    edges.push(type);
    sources.push(`edge ${type.name}: ${from} -> ${to} { ${declarations(type.properties)} }`);
    if (ids.get(from)!.length === 0 || ids.get(to)!.length === 0) continue;
    for (let row = 0, rows = tape.pick([6, 3, 9, 12, 1, 0]); row < rows; row++) {
      const ends = { from: tape.pick(ids.get(from)!), to: tape.pick(ids.get(to)!) };
      lines.push(
        jsonText({ edge: type.name, ...ends, data: { id: `e${row}`, ...values(tape, type.properties) } }),
      );
    }
  }
  return { source: sources.join("\n"), nodes, edges, data: lines.join("\n") };
}

function declarations(properties: readonly RandomProperty[]): string {
  return properties.map(({ name, type }) => `${name}: ${type === "enum" ? "enum(x, y, z)" : type}?`).join(
    "  ",
  );
}

function subset(tape: Tape, properties: readonly RandomProperty[]): RandomProperty[] {
  return properties.filter(() => tape.upTo(3) !== 1);
}

/** Members of one row; about every fourth value is null or left out. */
function values(tape: Tape, properties: readonly RandomProperty[]): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const { name, type } of properties) {
    const choice = tape.upTo(8);
    if (choice === 1) members[name] = null;
    else if (choice !== 2) members[name] = tape.pick(POOLS[type]);
  }
  return members;
}
