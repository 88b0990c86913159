/**
 * The read semantics of the language document as small cases, each with the rows a person expects. Every evaluator is
 * run over all of them.
 */

/** One query over one small graph. */
export interface LanguageCase {
  readonly name: string;
  /** Lines of {@linkcode people} and its edges. */
  readonly data: readonly string[];
  /** Everything after `query q`, with `()` left out when there are no parameters. */
  readonly query: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** Expected rows; compared in order exactly when the query has an `order` block. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** The schema of all cases. */
export const CASE_SCHEMA = `
node P { n: String @key  i: I32?  b: I64?  f: F32?  d: F64?  s: String?  t: [String]?  on: Date?  at: DateTime?  ok: Bool? }
node C { n: String @key }
edge E: P -> P { w: I32? }
edge L: P -> C
`;

/** The instant of `now()` in all cases. */
export const CASE_NOW_MS = Date.UTC(2024, 4, 1, 12);

const node = (n: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ type: "P", data: { n, ...more } });
const city = (n: string) => JSON.stringify({ type: "C", data: { n } });
const edge = (id: string, from: string, to: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ edge: "E", from, to, data: { id, ...more } });
const lives = (id: string, from: string, to: string) => JSON.stringify({ edge: "L", from, to, data: { id } });

const people = (...names: string[]) => names.map((name) => node(name));
const chain = [...people("A", "B", "C", "D"), edge("1", "A", "B"), edge("2", "B", "C"), edge("3", "C", "D")];
const parallel = [...people("A", "B"), edge("1", "A", "B", { w: 1 }), edge("2", "A", "B", { w: 2 })];
const looped = [...chain, edge("4", "B", "B")];
const ages = [node("A", { i: 3 }), node("B", { i: 1 }), node("C"), node("D", { i: 3 })];
const towns = [...people("A", "B", "C"), city("X"), city("Y"), lives("1", "A", "X"), lives("2", "B", "X")];

const names = (column: string, ...values: string[]) => values.map((value) => ({ [column]: value }));
const from = (start: string, hops: string) =>
  `{ match { $p: P { n: "${start}" } $p e${hops} $x } return { $x } }`;

/** All cases. */
export const LANGUAGE_CASES: readonly LanguageCase[] = [
  {
    name: "parallel edges are one pair",
    data: parallel,
    query: "{ match { $a e $b } return { $a, $b } }",
    rows: [{ a: "A", b: "B" }],
  },
  {
    name: "an edge variable gives a row per edge",
    data: parallel,
    query: "{ match { $a $w:e $b } return { $w.w } order { $w.w } }",
    rows: [{ "w.w": 1 }, { "w.w": 2 }],
  },
  {
    name: "count follows the pairs",
    data: parallel,
    query: "{ match { $a e $b } return { $a, count($b) } }",
    rows: [{ a: "A", b: 1 }],
  },
  {
    name: "count follows the edges of an edge variable",
    data: parallel,
    query: "{ match { $a $w:e $b } return { $a, count($b) as n } }",
    rows: [{ a: "A", n: 2 }],
  },
  {
    name: "`$_:` is no edge variable",
    data: parallel,
    query: "{ match { $a $_:e $b } return { $b } }",
    rows: [{ b: "B" }],
  },
  { name: "{1,3} along a chain", data: chain, query: from("A", "{1,3}"), rows: names("x", "B", "C", "D") },
  { name: "{2,3} along a chain", data: chain, query: from("A", "{2,3}"), rows: names("x", "C", "D") },
  { name: "{2,2} along a chain", data: chain, query: from("A", "{2,2}"), rows: names("x", "C") },
  {
    name: "a way back changes no distance",
    data: [...chain, edge("4", "B", "A")],
    query: from("A", "{2,3}"),
    rows: names("x", "C", "D"),
  },
  {
    name: "the start is not in its own cycles",
    data: [...chain, edge("4", "B", "A")],
    query: from("A", "{1,3}"),
    rows: names("x", "B", "C", "D"),
  },
  {
    name: "a self-loop on the start",
    data: [...people("A"), edge("1", "A", "A")],
    query: from("A", ""),
    rows: names("x", "A"),
  },
  {
    name: "a self-loop is one more hop",
    data: looped,
    query: from("A", "{2,2}"),
    rows: names("x", "B", "C"),
  },
  {
    name: "`$a e $a` finds self-loops",
    data: looped,
    query: "{ match { $a e $a } return { $a } }",
    rows: names("a", "B"),
  },
  {
    name: "an edge between two types does not chain",
    data: towns,
    query: "{ match { $p: P $p l{1,3} $c } return { $p, $c } order { $p.n } }",
    rows: [{ p: "A", c: "X" }, { p: "B", c: "X" }],
  },
  {
    name: "and {2,3} over it is empty",
    data: towns,
    query: "{ match { $p: P $p l{2,3} $c } return { $c } }",
    rows: [],
  },
  {
    name: "undirected: a pair linked both ways appears once from each side",
    data: [...people("A", "B"), edge("1", "A", "B"), edge("2", "B", "A")],
    query: "{ match { $a <e> $b } return { $a, $b } order { $a.n } }",
    rows: [{ a: "A", b: "B" }, { a: "B", b: "A" }],
  },
  {
    name: "undirected: a self-loop counts once, also with an edge variable",
    data: [...people("A"), edge("1", "A", "A", { w: 7 })],
    query: "{ match { $a $w:<e> $b } return { $a, $b, $w.w } }",
    rows: [{ a: "A", b: "A", "w.w": 7 }],
  },
  {
    name: "undirected reachability",
    data: chain,
    query: '{ match { $p: P { n: "C" } $p <e>{1,2} $x } return { $x } }',
    rows: names("x", "A", "B", "D"),
  },
  {
    name: "a traversal written from the target walks backward",
    data: towns,
    query: '{ match { $c: C { n: "X" } $c l $p } return { $p } }',
    rows: names("p", "A", "B"),
  },
  {
    name: "also inside not",
    data: towns,
    query: "{ match { $c: C not { $c l $_ } } return { $c } }",
    rows: names("c", "Y"),
  },
  {
    name: "not over a traversal",
    data: towns,
    query: "{ match { $p: P not { $p l $_ } } return { $p } }",
    rows: names("p", "C"),
  },
  {
    name: "not over several hops",
    data: chain,
    query: '{ match { $p: P not { $p e{1,2} $x $x.n = "D" } } return { $p } }',
    rows: names("p", "A", "D"),
  },
  {
    name: "doubly nested not",
    data: chain,
    query: "{ match { $p: P not { $p e $x not { $x e $_ } } } return { $p } }",
    rows: names("p", "A", "B", "D"),
  },
  {
    name: "a filter inside not sees the outer row",
    data: ages,
    query: "{ match { $p: P not { $q: P $q.i < $p.i } } return { $p } }",
    rows: names("p", "B", "C"),
  },
  {
    name: "unconnected bindings multiply",
    data: towns,
    query: "{ match { $p: P $c: C } return { count($p) as n } }",
    rows: [{ n: 6 }],
  },
  {
    name: "`$_` multiplies rows",
    data: [...people("A", "B", "C"), edge("1", "A", "B"), edge("2", "A", "C")],
    query: "{ match { $p: P $p e $_ } return { $p } }",
    rows: names("p", "A", "A"),
  },
  {
    name: "a traversal between unbound variables ranges over all nodes",
    data: chain,
    query: "{ match { $x e $y } return { $x, $y } order { $x.n } limit 2 }",
    rows: [{ x: "A", y: "B" }, { x: "B", y: "C" }],
  },
  {
    name: "a repeated binding adds conditions",
    data: ages,
    query: '{ match { $p: P { i: 3 } $p: P { n: "D" } } return { $p } }',
    rows: names("p", "D"),
  },
  {
    name: "`!=` drops null rows",
    data: ages,
    query: "{ match { $p: P $p.i != 3 } return { $p } }",
    rows: names("p", "B"),
  },
  {
    name: "a null parameter matches nothing",
    data: ages,
    query: "($i: I32?) { match { $p: P { i: $i } } return { $p } }",
    rows: [],
  },
  {
    name: "contains the empty string keeps non-null Strings",
    data: [node("A", { s: "x" }), node("B", { s: "" }), node("C")],
    query: '{ match { $p: P $p.s contains "" } return { $p } }',
    rows: names("p", "A", "B"),
  },
  {
    name: "case matters and `%` is a character",
    data: [node("A", { s: "50% off" }), node("B", { s: "50 OFF" })],
    query: '{ match { $p: P $p.s contains "% off" $p.s starts_with "50%" } return { $p } }',
    rows: names("p", "A"),
  },
  {
    name: "a scalar beside a list property is membership",
    data: [node("A", { t: ["x", "y"] }), node("B", { t: ["z"] }), node("C")],
    query: '($t: String) { match { $p: P { t: "x" } $p.t contains $t } return { $p } }',
    params: { t: "y" },
    rows: names("p", "A"),
  },
  {
    name: "2.7 equals no integer",
    data: ages,
    query: "{ match { $p: P $p.i = 2.7 } return { $p } }",
    rows: [],
  },
  {
    name: "2.7 is less than 3",
    data: ages,
    query: "{ match { $p: P $p.i > 2.7 } return { $p } }",
    rows: names("p", "A", "D"),
  },
  {
    name: "an F32 loaded as 0.1 equals 0.1",
    data: [node("A", { f: 0.1 }), node("B", { f: 0.25 })],
    query: "($d: F64) { match { $p: P $p.f = 0.1 $p.f = $d } return { $p } }",
    params: { d: 0.1 },
    rows: names("p", "A"),
  },
  {
    name: "64-bit integers filter exactly",
    data: [
      '{"type":"P","data":{"n":"A","b":9007199254740993}}',
      '{"type":"P","data":{"n":"B","b":9007199254740992}}',
    ],
    query: "($b: I64) { match { $p: P { b: $b } } return { $p, $p.b } }",
    params: { b: "9007199254740993" },
    rows: [{ p: "A", "p.b": 9007199254740993n }],
  },
  {
    name: "integers and floats compare by exact value",
    data: ['{"type":"P","data":{"n":"A","b":9007199254740993,"d":9007199254740992.0}}'],
    query: "{ match { $p: P $p.b > $p.d } return { $p } }",
    rows: names("p", "A"),
  },
  {
    name: "strings compare by code point",
    data: [node("A", { s: "\u{1F600}" }), node("B", { s: "\uFF5E" })],
    query: "{ match { $p: P } return { $p } order { $p.s } }",
    rows: names("p", "B", "A"),
  },
  {
    name: "dates and instants",
    data: [
      node("A", { on: "2024-05-01", at: "2024-05-01 10:00:00.1239+02:00" }),
      node("B", { on: 19845, at: "2024-05-02" }),
    ],
    query: '{ match { $p: P $p.on >= date("2024-05-01") $p.at < now() } return { $p.on, $p.at, now() } }',
    rows: [{ "p.on": "2024-05-01", "p.at": "2024-05-01T08:00:00.123Z", now: "2024-05-01T12:00:00.000Z" }],
  },
  {
    name: "row keys are by expression, aliases repeat earlier values",
    data: [node("A", { i: 3 })],
    query: "($k: I32) { match { $p: P } return { $p.n, $p, $k, 7, $p.i as age, age as again } }",
    params: { k: 5 },
    rows: [{ "p.n": "A", p: "A", k: 5, literal: 7, age: 3, again: 3 }],
  },
  {
    name: "null properties are null, keys are never left out",
    data: people("A"),
    query: "{ match { $p: P } return { $p.i, $p.t, $p.ok } }",
    rows: [{ "p.i": null, "p.t": null, "p.ok": null }],
  },
  {
    name: "count on no rows is 0, other aggregates are null",
    data: people("A"),
    query:
      "{ match { $p: P { i: 9 } } return { count($p) as n, sum($p.i) as s, avg($p.i) as a, min($p.n) as m } }",
    rows: [{ n: 0, s: null, a: null, m: null }],
  },
  {
    name: "with a group key no rows give no rows",
    data: people("A"),
    query: "{ match { $p: P { i: 9 } } return { $p.n, count($p) as n } }",
    rows: [],
  },
  {
    name: "aggregates skip nulls; null is its own group",
    data: [
      node("A", { i: 3, ok: true }),
      node("B", { i: 5, ok: true }),
      node("C", { ok: true }),
      node("D", { i: 1 }),
    ],
    query:
      "{ match { $p: P } return { $p.ok, count($p) as all, count($p.i) as some, sum($p.i) as s, avg($p.i) as a, " +
      "min($p.i) as lo, max($p.n) as hi } order { $p.ok } }",
    rows: [
      { "p.ok": null, all: 1, some: 1, s: 1, a: 1, lo: 1, hi: "D" },
      { "p.ok": true, all: 3, some: 2, s: 8, a: 4, lo: 3, hi: "C" },
    ],
  },
  {
    name: "the sum of only nulls is null",
    data: people("A", "B"),
    query: "{ match { $p: P } return { sum($p.i) as s, max($p.s) as m } }",
    rows: [{ s: null, m: null }],
  },
  {
    name: "nulls first ascending, ties by id",
    data: ages,
    query: "{ match { $p: P } return { $p } order { $p.i } }",
    rows: names("p", "C", "B", "A", "D"),
  },
  {
    name: "nulls last descending, ties still by ascending id",
    data: ages,
    query: "{ match { $p: P } return { $p } order { $p.i desc } }",
    rows: names("p", "A", "D", "B", "C"),
  },
  {
    name: "false before true",
    data: [node("A", { ok: true }), node("B", { ok: false }), node("C")],
    query: "{ match { $p: P } return { $p } order { $p.ok desc } }",
    rows: names("p", "A", "B", "C"),
  },
  {
    name: "limit over ties is repeatable",
    data: ages,
    query: "{ match { $p: P } return { $p } order { $p.i desc } limit 1 }",
    rows: names("p", "A"),
  },
  { name: "limit 0 gives no rows", data: ages, query: "{ match { $p: P } return { $p } limit 0 }", rows: [] },
  {
    name: "an aggregate query ordered by alias breaks ties by its group key",
    data: [...people("A", "B", "C"), edge("1", "C", "A"), edge("2", "B", "A"), edge("3", "C", "B")],
    query: "{ match { $p: P $p <e> $x } return { $p.n, count($x) as k } order { k desc } limit 2 }",
    rows: [{ "p.n": "A", k: 2 }, { "p.n": "B", k: 2 }],
  },
  {
    name: "edges are ordered by their own id after the nodes'",
    data: parallel,
    query: "{ match { $a $w:e $b } return { $w.w } order { $a.n } }",
    rows: [{ "w.w": 1 }, { "w.w": 2 }],
  },
];
