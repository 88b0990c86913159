/**
 * What the model of a graph knows of a schema: its own description, printed as `.pg` text for the product. Values are
 * kept as exports carry them: dates as days, times as milliseconds, absent values as null.
 */
import type { Tape } from "./random_schema.ts";

/** A value as exports carry it. */
export type Value = null | string | number | bigint | boolean | readonly (string | number)[];

/** Property types of the model. */
export type ModelScalar =
  | "String"
  | "I32"
  | "I64"
  | "F64"
  | "Bool"
  | "Date"
  | "DateTime"
  | "enum"
  | "[String]"
  | "[I32]"
  | "Vector(2)";

/** A property; nullable unless it is required. */
export interface ModelProperty {
  readonly name: string;
  readonly type: ModelScalar;
  readonly required?: boolean;
  /** Inclusive bounds; on nodes only. */
  readonly range?: readonly [min: number, max: number];
}

/** A node type, or an edge type when `ends` is given. */
export interface ModelType {
  readonly name: string;
  readonly ends: readonly [from: string, to: string] | null;
  /** Properties that make the id, ascending; null when ids are given or made. */
  readonly key: readonly string[] | null;
  readonly properties: readonly ModelProperty[];
  readonly unique: readonly (readonly string[])[];
  readonly card: readonly [min: number, max: number];
}

/** A schema: types by name, nodes first. */
export interface ModelSchema {
  readonly types: readonly ModelType[];
}

/** Few values of each type, so that equal ones meet. Texts compare alike by code unit and by code point. */
const VALUES: Readonly<Record<ModelScalar, readonly Value[]>> = {
  String: ["a", "b", "", "ab", "a, b", 'say "x"\n'],
  I32: [1, 2, 3, 0, 9, 12],
  I64: [1, 2, 9007199254740993n, 9007199254740992n, -5],
  F64: [0.5, 2.25, -3.5, 2, 1e21],
  Bool: [true, false],
  Date: [19844, 19845, -1, 0],
  DateTime: [1714521600000, 1714557600500, -1],
  enum: ["x", "y", "z"],
  "[String]": [["a"], [], ["a", "b"], ["a, b"], [""]],
  "[I32]": [[1], [], [1, 2], [2, 1]],
  "Vector(2)": [[0.5, 1], [0, -2]],
};

/** Values that keys are made of; ranges and special texts are left to the others. */
const KEY_VALUES: Readonly<Partial<Record<ModelScalar, readonly Value[]>>> = {
  String: ["a", "b", "c", "d", "e/f"],
  I32: [1, 2, 3, -4],
  Date: [19844, 0, -1],
};

/** Whether values of a property can be compared in queries. */
export function isComparable({ type }: ModelProperty): boolean {
  return type !== "[String]" && type !== "[I32]" && type !== "Vector(2)";
}

/** Whether a property is a part of its type's key. */
export function isKey(type: ModelType, name: string): boolean {
  return type.key?.includes(name) ?? false;
}

/** Whether a property is a part of some `@unique`. */
export function isUnique(type: ModelType, name: string): boolean {
  return type.unique.some((columns) => columns.includes(name));
}

/** Draws a value that is not null: mostly an allowed one, of many where it must be unique. */
export function drawValue(tape: Tape, type: ModelType, { name, type: kind, range }: ModelProperty): Value {
  if (isKey(type, name)) return tape.pick(KEY_VALUES[kind]!);
  if (isUnique(type, name) && kind === "String") return `u${tape.upTo(12)}`;
  if (isUnique(type, name) && (kind === "Date" || kind === "I64")) return tape.upTo(12);
  if (isUnique(type, name) && kind === "I32" && range === undefined) return tape.upTo(30);
  const values = range === undefined
    ? VALUES[kind]
    : VALUES[kind].filter((value) => (value as number) <= range[1] || tape.rarely(12));
  return tape.pick(values);
}

/** Columns of a type as rows hold them. */
export function columnsOf(type: ModelType): readonly string[] {
  const names = type.properties.map(({ name }) => name);
  return type.ends === null ? names : ["src", "dst", ...names];
}

/** The type key of the product. */
export function typeKey(type: ModelType): string {
  return `${type.ends === null ? "node" : "edge"}:${type.name}`;
}

/** The schema as `.pg` text. */
export function schemaText({ types }: ModelSchema): string {
  return types.map((type) => {
    const lines = type.properties.map(({ name, type, required }) =>
      `${name}: ${type === "enum" ? "enum(x, y, z)" : type}${required ? "" : "?"}`
    );
    if (type.key !== null) lines.push(`@key(${type.key.join(", ")})`);
    for (const columns of type.unique) lines.push(`@unique(${columns.join(", ")})`);
    for (const { name, range } of type.properties) {
      if (range !== undefined) lines.push(`@range(${name}, ${range[0]}..${range[1]})`);
    }
    const body = `{\n${lines.map((line) => `  ${line}\n`).join("")}}`;
    if (type.ends === null) return `node ${type.name} ${body}`;
    const [min, max] = type.card;
    const card = min === 0 && max === Infinity ? "" : ` @card(${min}..${max === Infinity ? "" : max})`;
    return `edge ${type.name}: ${type.ends.join(" -> ")}${card} ${body}`;
  }).join("\n\n");
}

function node(
  name: string,
  key: readonly string[] | null,
  properties: readonly ModelProperty[],
  unique: readonly (readonly string[])[] = [],
): ModelType {
  return { name, ends: null, key, properties, unique, card: [0, Infinity] };
}

function edge(
  name: string,
  ends: readonly [string, string],
  properties: readonly ModelProperty[],
  unique: readonly (readonly string[])[] = [],
  card: readonly [number, number] = [0, Infinity],
): ModelType {
  return { name, ends, key: null, properties, unique, card };
}

const SLUG: ModelProperty = { name: "slug", type: "String", required: true };

/** Schemas with everything that writes and merges can break. */
export const FIXED_SCHEMAS: readonly ModelSchema[] = [
  {
    types: [
      node("Film", ["slug"], [
        SLUG,
        { name: "title", type: "String" },
        { name: "year", type: "I32", range: [0, 9] },
        { name: "status", type: "enum" },
      ]),
      node("Person", ["slug"], [SLUG, { name: "name", type: "String" }], [["name"]]),
      edge("Directed", ["Person", "Film"], [{ name: "credit", type: "String" }]),
      edge("Likes", ["Person", "Person"], [{ name: "w", type: "I32" }], [["src", "dst"]], [0, 2]),
    ],
  },
  {
    types: [
      node("Note", null, [
        { name: "text", type: "String" },
        { name: "tags", type: "[String]" },
        { name: "p", type: "I32" },
        { name: "q", type: "I32" },
      ], [["p", "q"]]),
      edge("Next", ["Note", "Note"], [{ name: "kind", type: "enum" }], [], [1, 3]),
      edge("Same", ["Note", "Note"], [{ name: "n", type: "I32", required: true }], [["n"]]),
    ],
  },
  {
    types: [
      node("Slot", ["j", "k"], [
        { name: "k", type: "String", required: true },
        { name: "j", type: "I32", required: true },
        { name: "on", type: "Date" },
        { name: "at", type: "DateTime" },
        { name: "big", type: "I64" },
        { name: "f", type: "F64" },
        { name: "ok", type: "Bool" },
        { name: "v", type: "Vector(2)" },
      ], [["on"]]),
      node("Tag", ["day"], [{ name: "day", type: "Date", required: true }, { name: "us", type: "[I32]" }]),
      edge("Has", ["Slot", "Tag"], [{ name: "since", type: "Date" }], [["since"]], [0, 1]),
      edge("Over", ["Tag", "Slot"], [], [], [2, Infinity]),
    ],
  },
  {
    types: [node("Only", ["n"], [{ name: "n", type: "I32", required: true }, { name: "s", type: "String" }])],
  },
];

const NODE_PROPERTIES: readonly ModelProperty[] = [
  { name: "s", type: "String" },
  { name: "i", type: "I32", range: [0, 9] },
  { name: "b", type: "I64" },
  { name: "d", type: "F64" },
  { name: "ok", type: "Bool" },
  { name: "on", type: "Date" },
  { name: "kind", type: "enum" },
  { name: "t", type: "[String]" },
  { name: "req", type: "String", required: true },
];
const EDGE_PROPERTIES: readonly ModelProperty[] = [
  { name: "w", type: "I32" },
  { name: "note", type: "String" },
  { name: "since", type: "Date" },
];
const KEYS: readonly (readonly ModelProperty[])[] = [
  [{ name: "k", type: "String", required: true }],
  [],
  [{ name: "k", type: "I32", required: true }],
  [{ name: "a", type: "Date", required: true }, { name: "k", type: "String", required: true }],
];
const CARDS: readonly (readonly [number, number])[] = [[0, Infinity], [0, 1], [1, Infinity], [1, 2], [0, 2]];

/** Draws a schema of up to three node and three edge types. */
export function randomModelSchema(tape: Tape): ModelSchema {
  const nodes: ModelType[] = [];
  for (let n = 0, count = 1 + tape.upTo(3); n < count; n++) {
    const key = tape.pick(KEYS);
    const drawn = NODE_PROPERTIES.filter(() => tape.upTo(3) !== 1);
    // A node without properties cannot be inserted.
    const others = drawn.length === 0 ? NODE_PROPERTIES.slice(0, 1) : drawn;
    const names = key.map(({ name }) => name);
    nodes.push(node(`N${n}`, names.length === 0 ? null : names, [...key, ...others], groups(tape, others)));
  }
  const edges: ModelType[] = [];
  for (let n = 0, count = 1 + tape.upTo(3); n < count; n++) {
    const properties = EDGE_PROPERTIES.filter(() => tape.upTo(3) !== 1);
    const ends = [tape.pick(nodes).name, tape.pick(nodes).name] as const;
    const unique = tape.upTo(4) === 1 ? [["src", "dst"]] : groups(tape, properties);
    edges.push(edge(`E${n}`, ends, properties, unique, tape.pick(CARDS)));
  }
  return { types: [...nodes, ...edges] };
}

function groups(tape: Tape, properties: readonly ModelProperty[]): string[][] {
  const scalars = properties.filter(({ type }) => ["String", "I32", "I64", "Date", "enum"].includes(type));
  if (scalars.length === 0) return [];
  switch (tape.upTo(4)) {
    case 1:
      return [[tape.pick(scalars).name]];
    case 2: {
      const pair = [...new Set([tape.pick(scalars).name, tape.pick(scalars).name])];
      return [pair];
    }
    default:
      return [];
  }
}
