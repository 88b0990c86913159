import assert from "node:assert/strict";
import fc from "fast-check";
import { must } from "../base/assert.ts";
import type { ClauseSyntax, QuerySyntax, ReadSyntax } from "./ast.ts";
import { type ParsedFile, parseFile } from "./parser.ts";

function parse(text: string): ParsedFile {
  return parseFile({ path: "test.gq", text });
}

function parseOne(text: string): QuerySyntax {
  const { queries, diagnostics } = parse(text);
  assert.deepEqual(diagnostics.map((diagnostic) => diagnostic.message), []);
  return must(queries[0], "one query");
}

function parseRead(match: string, rest = "return { $a }"): ReadSyntax {
  const { body } = parseOne(`query q() { match { ${match} } ${rest} }`);
  assert.equal(body.kind, "read");
  return body as ReadSyntax;
}

function expectError(text: string, fragment: string): void {
  const { diagnostics } = parse(text);
  assert.equal(diagnostics.length, 1);
  assert.equal(diagnostics[0]!.code, "Q000");
  assert.ok(diagnostics[0]!.message.startsWith("parse error: "), diagnostics[0]!.message);
  assert.ok(
    diagnostics[0]!.message.includes(fragment),
    `${diagnostics[0]!.message} should contain ${fragment}`,
  );
}

function expectMatchError(match: string, fragment: string): void {
  expectError(`query q() { match { ${match} } return { $a } }`, fragment);
}

/** The tree without places. */
function bare(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, item) => {
    if (key === "start" || key === "end") return undefined;
    return typeof item === "bigint" ? Number(item) : item;
  }));
}

Deno.test("parseFile() reads the example of the language document", () => {
  const query = parseOne(`query reels_of($site: String, $since: Date?) @description("Reels kept at a site") {
    match { $v: Vault { site: $site }   $r $s:storedIn $v   $s.since >= date("1990-01-01")   not { $r <splicedWith> $_ } }
    return { $r.reel_code, $s.since as kept_since, $v }
    order { kept_since desc, $r.minutes }   limit 20
  }`);
  assert.equal(query.description, "Reels kept at a site");
  const body = query.body as ReadSyntax;
  assert.deepEqual(body.match.map((clause) => clause.kind), ["binding", "traversal", "filter", "not"]);
  assert.deepEqual(bare(body.match[1]), {
    kind: "traversal",
    left: { text: "r" },
    edgeVariable: { text: "s" },
    edge: { text: "storedIn" },
    undirected: false,
    hops: null,
    right: { text: "v" },
  });
  assert.deepEqual(body.order.map((entry) => [entry.expr.kind, entry.descending]), [
    ["alias", true],
    ["property", false],
  ]);
  assert.equal(body.limit, 20n);
});

Deno.test("parseFile() gives every node its place in the text", () => {
  const text = "query q($n: I32?) { match { $a: Person { age: $n } } return { count($a) as total } }";
  const query = parseOne(text);
  const body = query.body as ReadSyntax;
  const slice = (span: { start: number; end: number }) => text.slice(span.start, span.end);
  assert.equal(slice(query), text);
  assert.equal(slice(query.params[0]!), "$n: I32?");
  assert.equal(slice(body.match[0]!), "$a: Person { age: $n }");
  assert.equal(slice(body.returns[0]!), "count($a) as total");
  assert.equal(slice(body.returns[0]!.expr), "count($a)");
});

Deno.test("a trailing comma is allowed in inline properties, not in parameters or order", () => {
  parseRead("$a: Person { x: 1, y: 2, }");
  expectError("query q($x: String,) { match { $a: P } return { $a } }", "expected a parameter");
  expectError("query q() { match { $a: P } return { $a } order { $a.x, } }", "expected an expression");
});

Deno.test("commas between projections are optional, between order entries they are not", () => {
  assert.equal(parseRead("$a: P", "return { $a.x $a.y as z }").returns.length, 2);
  assert.equal(parseRead("$a: P", "return { $a.x, $a.y as z, }").returns.length, 2);
  expectError("query q() { match { $a: P } return { $a } order { $a.x $a.y } }", "expected `,` or `}`");
});

Deno.test("negative and null literals do not exist", () => {
  expectMatchError("$p.age > -1", "unexpected character `-`");
  expectMatchError("$p: P { age: null }", "expected a value");
});

Deno.test("nearest takes no direction and mutation predicates no `contains`", () => {
  const rank = 'nearest($a.v, "x")';
  parseRead("$a: P", `return { $a } order { ${rank} } limit 3`);
  expectError(`query q() { match { $a: P } return { $a } order { ${rank} desc } }`, "found `desc`");
  expectError('query q() { delete P where tags contains "x" }', "expected a comparison");
});

Deno.test("empty blocks are syntax errors", () => {
  for (
    const text of [
      "query q() { }",
      "query q() { match { } return { $a } }",
      "query q() { match { $a: P } return { } }",
      "query q() { match { $a: P } return { $a } order { } }",
      "query q() { match { $a: P { } } return { $a } }",
      "query q() { match { $a: P not { } } return { $a } }",
      "query q() { insert P { } }",
      "query q() { update P set { } where x = 1 }",
    ]
  ) expectError(text, "expected");
});

Deno.test("clauses are told apart in the order of the grammar", () => {
  const kinds: readonly (readonly [string, ClauseSyntax["kind"]])[] = [
    ["$a: Person", "binding"],
    ["$a knows $b", "traversal"],
    ["$a contains $b", "traversal"],
    ["$a starts_with{1,2} $b", "traversal"],
    ["$a <knows> $b", "traversal"],
    ["$a $w:knows $b", "traversal"],
    ["$a knows{1,} $b", "traversal"],
    ['$a contains "x"', "filter"],
    ["$a < 5", "filter"],
    ["$a < $b.x", "filter"],
    ["$a.x contains $b", "filter"],
    ['"long text" contains $a.x', "filter"],
    ['search($a.x, "q") = true', "filter"],
    ['search($a.x, "q")', "textsearch"],
    ['fuzzy($a.x, "q", 1)', "textsearch"],
    ["not { $a knows $_ }", "not"],
    ["not = 3", "filter"],
  ];
  for (const [text, kind] of kinds) assert.equal(parseRead(text).match[0]!.kind, kind, text);
});

Deno.test("keywords end at a word boundary and are not reserved", () => {
  const body = parseRead("$match: Match  $match order $query", "return { $match.limit as return as_ as as }");
  assert.deepEqual(body.returns.map((entry) => entry.alias?.text), ["return", "as"]);
  expectError("query q() { matching { $a: P } return { $a } }", "expected `match`");
});

Deno.test("literals are read with their values", () => {
  const values = '[1, 2.5, "a\\n", true, [], date("2024-01-01"), datetime("2024-01-01")]';
  const clause = parseRead(`${values} contains $a.x`).match[0]!;
  assert.deepEqual((bare(clause) as { left: { items: unknown[] } }).left.items, [
    { kind: "int", value: 1 },
    { kind: "float", value: 2.5 },
    { kind: "string", text: "a\n" },
    { kind: "bool", value: true },
    { kind: "list", items: [] },
    { kind: "date", text: "2024-01-01" },
    { kind: "datetime", text: "2024-01-01" },
  ]);
});

Deno.test("integer literals must fit I64", () => {
  parseRead("$a.x = 9223372036854775807");
  expectMatchError("$a.x = 9223372036854775808", "does not fit I64");
  expectMatchError(`$a.x = ${"9".repeat(400)}.0`, "does not fit F64");
});

Deno.test("each annotation may stand once", () => {
  assert.equal(parseOne('query q() @instruction("i") { delete P where x = 1 }').instruction, "i");
  expectError(
    'query q() @description("a") @description("b") { delete P where x = 1 }',
    "duplicate @description",
  );
  expectError('query q() @descripton("a") { delete P where x = 1 }', "unknown query annotation");
});

Deno.test("edge words start lower-case, type names upper-case", () => {
  expectMatchError("$a Knows $b", "expected an edge word");
  expectMatchError("$a: person", "expected a node type name");
  expectMatchError("$a $b knows $c", "expected `:`");
});

Deno.test("mutations hold one or more statements", () => {
  const { body } = parseOne(`query q($x: String) {
    insert Person { name: $x, age: 3 tags: ["a"], }
    update Person set { age: 4 } where name = $x
    delete Person where age >= 3
  }`);
  assert.equal(body.kind, "mutation");
  assert.deepEqual(body.kind === "mutation" ? body.statements.map((statement) => statement.kind) : [], [
    "insert",
    "update",
    "delete",
  ]);
  expectError("query q() { insert P { x: y } }", "expected a value");
  expectError("query q() { insert P { x: 1 } match { $a: P } return { $a } }", "expected `insert`");
});

Deno.test("one mistake does not hide the mistakes and queries after it", () => {
  const { queries, declared, diagnostics } = parse(`
    query a() { match { $a: } return { $a } }
    query b() { match { $a: P } return { $a } }
    query c() { match { $a: P } return { $a }
    query d() { delete P where x ~ 1 }
    stray words
    query e() { match { $a: P } return { $a } }`);
  assert.deepEqual(queries.map((query) => query.name.text), ["b", "e"]);
  assert.deepEqual(declared, ["a", "b", "c", "d", "e"]);
  assert.deepEqual(diagnostics.map((diagnostic) => diagnostic.message), [
    "parse error: expected a node type name (it starts with a capital letter), found `}`",
    "parse error: expected `order`, `limit` or `}`, found `query`",
    "parse error: unexpected character `~`",
    "parse error: expected `query`, found `stray`",
  ]);
});

Deno.test("deep nesting is refused instead of overflowing the stack", () => {
  expectMatchError("not { ".repeat(100_000), "nesting exceeds 64 levels");
  expectMatchError(`$a.x = ${"[".repeat(100_000)}`, "nesting exceeds 64 levels");
  expectMatchError(`${"count(".repeat(100_000)} = 1`, "nesting exceeds 64 levels");
});

Deno.test("texts beyond the size limit are refused", () => {
  expectError(" ".repeat(4 * 1024 * 1024 + 1), "exceeds 4194304 characters");
});

Deno.test("an empty text declares nothing", () => {
  assert.deepEqual(parse("// only a comment\n"), { queries: [], declared: [], diagnostics: [] });
});

Deno.test("any text ends in queries or diagnostics whose spans lie inside it", () => {
  const words = [
    ...'{}()[]:,.<>=$?@-" \n',
    "query",
    "match",
    "return",
    "not",
    "$a",
    "$_",
    "P",
    "x",
    "1",
    "2.5",
  ];
  const more = [
    "order",
    "limit",
    "insert",
    "update",
    "set",
    "where",
    "delete",
    "nearest(",
    "count(",
    "as",
    "true",
  ];
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...words, ...more), { maxLength: 60 }).map((parts) => parts.join(" ")),
    fc.array(fc.constantFrom(...words, ...more), { maxLength: 60 }).map((parts) =>
      `query q() { match { ${parts.join(" ")}`
    ),
  );
  fc.assert(
    fc.property(text, (source) => {
      const { queries, diagnostics } = parse(source);
      for (
        const span of [
          ...queries,
          ...diagnostics.map((diagnostic) => must(diagnostic.span, "has a span")),
        ]
      ) {
        assert.ok(span.start >= 0 && span.start <= span.end && span.end <= source.length);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("all mistakes of one query are reported, each once", () => {
  const places = (text: string) =>
    parse(text).diagnostics.map(({ span }) => text.slice(span!.start, span!.end) || "the end");
  assert.deepEqual(
    places(`query a($x String, $y: Int) {
      match {
        $p Plant
        $q: Plant { label rose, height: -3 light: "sun" }
        not { $p growsIn }
        $p growsIn $b
      }
      return { $p.label, -3, $b.row as }
      order { $p.label up, $p.row }
      limit }`),
    ["String", "Plant", "rose", "-", "}", "-", "}", "up", "}"],
  );
  assert.deepEqual(
    places(`query b() {
      insert Plant { label = "x" }
      insert { }
      delete Plant where label contains "x" }`),
    ["=", "{", "contains"],
  );
  assert.deepEqual(places("query c() { match { $p: Plant { a: 1 return { $p } }\nqurey d() { }"), [
    "return",
    "qurey",
  ]);
  assert.deepEqual(places('query e() { match { $p: P { a: "x } } return { $p } }\nquery F() { }'), [
    '"x } } return { $p } }',
    "F",
  ]);
});
