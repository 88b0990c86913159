/**
 * A model of writes: plain maps, nested loops, the rules of the specification word by word, for one small schema; and
 * random histories of loads and mutations for it.
 */
import fc from "fast-check";
import type { LoadMode } from "../../core/graph/graph.ts";
import { catalogFrom, type Content } from "./memory_view.ts";

/** The schema the model knows by heart. */
export const MODEL_CATALOG = catalogFrom(`
  node A { k: String @key  n: I32?  u: String? @unique  @range(n, 0..9) }
  node B { p: I32?  q: I32?  req: String  @unique(p, q) }
  edge X: A -> B @card(0..2) { w: I32?  @unique(src, dst) }
  edge Y: B -> B @card(1..) { tag: enum(s, t)? }
`);

type Value = string | number | null;
/** One row without its id. */
export type Row = Readonly<Record<string, Value>>;
/** Rows by id, by type name. */
export type Model = Readonly<Record<string, ReadonlyMap<string, Row>>>;

/** Columns of every type but `id`. */
export const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  A: ["k", "n", "u"],
  B: ["p", "q", "req"],
  X: ["src", "dst", "w"],
  Y: ["src", "dst", "tag"],
};
const ENDS: Readonly<Record<string, readonly [from: string, to: string, min: number, max: number]>> = {
  X: ["A", "B", 0, 2],
  Y: ["B", "B", 1, Infinity],
};
const UNIQUE: readonly (readonly [type: string, columns: readonly string[]])[] = [
  ["A", ["u"]],
  ["B", ["p", "q"]],
  ["X", ["src", "dst"]],
];

/** Thrown when the model refuses a write. */
export class Refused extends Error {}

function refuseIf(condition: boolean): void {
  if (condition) throw new Refused();
}

/** Refuses unless `after` satisfies every rule that a change from `before` is checked for. */
function checkModel(before: Model, after: Model): void {
  for (const row of after["A"]!.values()) {
    refuseIf(row["n"] !== null && ((row["n"] as number) < 0 || (row["n"] as number) > 9));
  }
  for (const row of after["B"]!.values()) refuseIf(row["req"] === null);
  for (const row of after["Y"]!.values()) refuseIf(!["s", "t", null].includes(row["tag"] as string | null));
  for (const [type, columns] of UNIQUE) {
    const seen: string[] = [];
    for (const row of after[type]!.values()) {
      const tuple = columns.map((column) => row[column] ?? null);
      if (tuple.includes(null)) continue;
      refuseIf(seen.includes(JSON.stringify(tuple)));
      seen.push(JSON.stringify(tuple));
    }
  }
  for (const [type, [from, to, min, max]] of Object.entries(ENDS)) {
    for (const row of after[type]!.values()) {
      refuseIf(!after[from]!.has(row["src"] as string) || !after[to]!.has(row["dst"] as string));
    }
    for (const source of after[from]!.keys()) {
      const edges = (model: Model) => [...model[type]!].filter(([, row]) => row["src"] === source);
      const touched = JSON.stringify(edges(before)) !== JSON.stringify(edges(after));
      const count = edges(after).length;
      refuseIf(touched && (count < min || count > max));
    }
  }
}

/** One record of a load. */
export interface Line {
  readonly type: string;
  readonly id: string | null;
  readonly row: Row;
}

/** The content after a load. */
export function modelLoad(before: Model, mode: LoadMode, lines: readonly Line[], newId: () => string): Model {
  const after: Record<string, ReadonlyMap<string, Row>> = { ...before };
  let conflict = false;
  for (const type of new Set(lines.map((line) => line.type))) {
    const rows = new Map(mode === "overwrite" ? [] : before[type]!);
    const given = new Set<string>();
    for (const line of lines) {
      if (line.type !== type) continue;
      const id = type === "A" ? String(line.row["k"]) : line.id ?? newId();
      refuseIf(type === "A" && given.has(id));
      if (mode !== "merge" && given.has(id)) conflict = true;
      if (mode === "append" && before[type]!.has(id)) conflict = true;
      given.add(id);
      rows.delete(id);
      rows.set(id, line.row);
    }
    after[type] = rows;
  }
  checkModel(before, after);
  refuseIf(conflict);
  return after;
}

/** One statement: an insert, or an update or delete of the rows whose `column` equals `value`. */
export type Statement =
  | { readonly kind: "insert"; readonly type: string; readonly row: Row }
  | {
    readonly kind: "update";
    readonly type: "A" | "B";
    readonly set: Row;
    readonly column: string;
    readonly value: Value;
  }
  | { readonly kind: "delete"; readonly type: string; readonly column: string; readonly value: Value };

/** The content after a mutation. */
export function modelMutation(before: Model, statements: readonly Statement[], newId: () => string): Model {
  const after: Record<string, Map<string, Row>> = {};
  for (const type of Object.keys(COLUMNS)) after[type] = new Map(before[type]);
  for (const statement of statements) {
    const rows = after[statement.type]!;
    if (statement.kind === "insert") {
      rows.set(statement.type === "A" ? String(statement.row["k"]) : newId(), statement.row);
      continue;
    }
    for (const [id, row] of [...rows]) {
      if (row[statement.column] !== statement.value || statement.value === null) continue;
      if (statement.kind === "update") rows.set(id, { ...row, ...statement.set });
      else removeWithEdges(after, statement.type, id);
    }
  }
  checkModel(before, after);
  return after;
}

function removeWithEdges(model: Record<string, Map<string, Row>>, type: string, id: string): void {
  model[type]!.delete(id);
  for (const [edge, [from, to]] of Object.entries(ENDS)) {
    for (const [edgeId, row] of [...model[edge]!]) {
      if ((from === type && row["src"] === id) || (to === type && row["dst"] === id)) {
        model[edge]!.delete(edgeId);
      }
    }
  }
}

/** A content as comparable text; made ids are left out, because the two sides make them separately. */
export function shown(rowsOf: (type: string) => Iterable<readonly [string, Row]>): string[] {
  return Object.keys(COLUMNS).flatMap((type) =>
    [...rowsOf(type)].map(([id, row]) =>
      `${type} ${id.startsWith("0000") ? "*" : id} ${COLUMNS[type]!.map((c) => row[c])}`
    )
  ).sort();
}

function typeKey(type: string): string {
  return `${type in ENDS ? "edge" : "node"}:${type}`;
}

/** Rows of a type of a content, as the model has them. */
export function contentRows(content: Content, type: string): (readonly [string, Row])[] {
  return [...(content.get(typeKey(type)) ?? new Map())].map((
    [id, entity],
  ) => [id, Object.fromEntries(entity) as Row]);
}

/** The NDJSON line of a record. */
export function lineText({ type, id, row }: Line): string {
  const data = Object.fromEntries(
    Object.entries({ ...row, id }).filter(([name, value]) =>
      !["src", "dst"].includes(name) && (name !== "id" || value !== null) &&
      !(name === "req" && value === null)
    ),
  );
  return JSON.stringify(
    type in ENDS ? { edge: type, from: row["src"], to: row["dst"], data } : { type, data },
  );
}

/** The statement in the query language. */
export function statementText(statement: Statement): string {
  const spelled = (name: string) => name === "src" ? "from" : name === "dst" ? "to" : name;
  const block = (row: Row) =>
    Object.entries(row).filter(([, value]) => value !== null)
      .map(([name, value]) => `${spelled(name)}: ${JSON.stringify(value)}`).join(", ");
  if (statement.kind === "insert") return `insert ${statement.type} { ${block(statement.row)} }`;
  const where = `where ${spelled(statement.column)} = ${JSON.stringify(statement.value)}`;
  if (statement.kind === "delete") return `delete ${statement.type} ${where}`;
  return `update ${statement.type} set { ${block(statement.set)} } ${where}`;
}

const key = fc.constantFrom("a1", "a2", "a3");
const nodeId = fc.constantFrom("b1", "b2", "b3");
const small = fc.option(fc.integer({ min: 0, max: 3 }));
const rowA = fc.record({
  k: key,
  n: fc.option(fc.integer({ min: 0, max: 10 })),
  u: fc.option(fc.constantFrom("u1", "u2")),
});
const rowB = fc.record({ p: small, q: small, req: fc.constantFrom("r", "s") });
const rowX = fc.record({ src: key, dst: nodeId, w: small });
const rowY = fc.record({ src: nodeId, dst: nodeId, tag: fc.option(fc.constantFrom("s", "t")) });
const edgeId = fc.option(fc.constantFrom("e1", "e2", "e3"));
const line: fc.Arbitrary<Line> = fc.oneof(
  rowA.map((row) => ({ type: "A", id: null, row })),
  fc.tuple(fc.option(nodeId, { freq: 8 }), rowB).map(([id, row]) => ({ type: "B", id, row })),
  fc.tuple(edgeId, rowX).map(([id, row]) => ({ type: "X", id, row })),
  fc.tuple(edgeId, rowY).map(([id, row]) => ({ type: "Y", id, row })),
);
/** Random loads. */
export const load = fc.record({
  mode: fc.constantFrom<LoadMode>("append", "merge", "merge", "overwrite"),
  lines: fc.array(line, { maxLength: 8 }),
});
const writing: fc.Arbitrary<Statement> = fc.oneof(
  rowA.map((row) => ({ kind: "insert" as const, type: "A", row })),
  rowB.map((row) => ({ kind: "insert" as const, type: "B", row })),
  rowX.map((row) => ({ kind: "insert" as const, type: "X", row })),
  rowY.map((row) => ({ kind: "insert" as const, type: "Y", row })),
  fc.record({
    kind: fc.constant("update" as const),
    type: fc.constant("A" as const),
    set: fc.oneof(
      fc.record({ n: fc.integer({ min: 0, max: 10 }) }),
      fc.record({ u: fc.constantFrom("u1", "u2") }),
    ),
    column: fc.constant("k"),
    value: key,
  }),
  fc.record({
    kind: fc.constant("update" as const),
    type: fc.constant("B" as const),
    set: fc.record({ p: fc.integer({ min: 0, max: 3 }) }),
    column: fc.constant("q"),
    value: fc.integer({ min: 0, max: 3 }),
  }),
);
const deleting: fc.Arbitrary<Statement> = fc.oneof(
  key.map((value) => ({ kind: "delete" as const, type: "A", column: "k", value })),
  fc.constantFrom("p", "q").chain((column) =>
    fc.integer({ min: 0, max: 3 }).map((value) => ({ kind: "delete" as const, type: "B", column, value }))
  ),
  fc.tuple(fc.constantFrom("src", "dst"), nodeId).map(([column, value]) => ({
    kind: "delete" as const,
    type: "Y",
    column,
    value,
  })),
  fc.integer({ min: 0, max: 3 }).map((value) => ({ kind: "delete" as const, type: "X", column: "w", value })),
);
/** Random mutations. */
export const body = fc.oneof(
  fc.array(writing, { minLength: 1, maxLength: 4 }),
  fc.array(deleting, { minLength: 1, maxLength: 3 }),
);

/** One write of a history. */
export type Step = { readonly load: { mode: LoadMode; lines: Line[] } } | { readonly body: Statement[] };

/** A history starts with rows to work on, so that most of its writes are accepted. */
export const START: Step = {
  load: {
    mode: "merge",
    lines: [
      ...["a1", "a2", "a3"].map((k) => ({ type: "A", id: null, row: { k, n: 1, u: null } })),
      ...["b1", "b2", "b3"].map((id, p) => ({ type: "B", id, row: { p, q: p, req: "r" } })),
    ],
  },
};
