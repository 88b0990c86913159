import assert from "node:assert/strict";
import type { Diagnostic } from "../base/diagnostic.ts";
import { acceptSchema, checkSchema } from "./accept.ts";
import type { Catalog, NodeType } from "./catalog.ts";

const TEXT_FIELDS =
  "s: String  n: I32  opt: String?  tags: [String]  vec: Vector(3)  blob: Blob  e: enum(a, b)";

Deno.test("schema-language 1: enum values are sorted and distinct", () => {
  const catalog = accepted("node A { k: enum(8mm, b-side, a) }");
  assert.deepEqual(node(catalog, "A").propertyByName.get("k")?.type, {
    kind: "scalar",
    scalar: "String",
    enumValues: ["8mm", "a", "b-side"],
  });
  expectError("node A { k: enum(a, a) }", "duplicate values");
  expectError("node A { k: enum() }", "expected an enum value");
});

Deno.test("schema-language 3: @unique and @unique(name) mean the same", () => {
  assert.equal(shape("node A { name: String @unique }"), shape("node A { name: String @unique(name) }"));
  assert.equal(
    shape("node A { a: I32 @index b: I32 @unique @index }"),
    shape("node A { b: I32 @index(b) @index(a) a: I32 @unique(b) }"),
  );
});

Deno.test("schema-language 4: a cardinality without maximum is open, a minimum above the maximum fails", () => {
  const edge = (card: string) => `node A {} edge E: A -> A ${card}`;
  assert.equal(shape(edge("@card(1..)")), shape(edge("@card(1..*)")));
  assert.equal(shape(edge("@card(0..)")), shape(edge("")));
  assert.deepEqual(accepted(edge("@card(1..)")).edges.get("E")?.cardinality, { min: 1, max: null });
  expectError(edge("@card(2..1)"), "exceeds max");
  expectError(edge("@card(0..99999999999)"), "is at most 4294967295");
});

Deno.test("schema-language 6: an interface's @key makes its nodes keyed; another nullability in the node fails", () => {
  const catalog = accepted("interface I { code: String @key  at: Date? } node A implements I { x: I32 }");
  assert.deepEqual(node(catalog, "A").keyProperties, ["code"]);
  assert.deepEqual(node(catalog, "A").properties.map((one) => one.name), ["at", "code", "x"]);
  assert.deepEqual(node(catalog, "A").interfaces, ["I"]);
  const redeclared = expectError(
    "interface I { code: String } node A implements I { code: String? }",
    "A.code",
  );
  assert.match(redeclared, /is String\?, but interface `I` declares it as String/);
  expectError("interface I { e: enum(a, b) } node A implements I { e: enum(a, c) }", "A.e");
});

Deno.test("a node's own annotations replace those of the interface", () => {
  const catalog = accepted(
    'interface I { code: String @key @description("x") } node A implements I { code: String @index }',
  );
  assert.equal(node(catalog, "A").keyProperties, null);
  assert.deepEqual(node(catalog, "A").constraints, [{ kind: "index", columns: ["code"] }]);
  assert.deepEqual(node(catalog, "A").propertyByName.get("code")?.annotations, []);
});

Deno.test("schema-language 7: interfaces that disagree fail unless the node redeclares the property", () => {
  const interfaces = "interface I { x: String @index } interface J { x: String }";
  expectError(`${interfaces} node A implements I, J { }`, "incompatible property semantics");
  accepted(`${interfaces} node A implements I, J { x: String }`);
  accepted(
    "interface I { x: String @index @a } interface J { x: String @a @index } node A implements I, J { }",
  );
  expectError(
    "interface I { x: I32 } interface J { x: I64 } node A implements J, I { }",
    "incompatible property",
  );
});

Deno.test("schema-language 8: a key is refused on nullable, list, Vector and Blob, and may not repeat", () => {
  const wrong: [string, string][] = [
    ["opt", "cannot be nullable"],
    ["tags", "not supported on list property"],
    ["vec", "not supported on vector property"],
    ["blob", "not supported on blob property"],
  ];
  for (const [name, fragment] of wrong) {
    expectError(`node A { ${TEXT_FIELDS} @key(${name}) }`, fragment);
    const field = TEXT_FIELDS.split("  ").find((one) => one.startsWith(`${name}:`));
    expectError(`node A { ${field} @key }`, fragment);
  }
  expectError("node A { a: I32 @key b: I32 @key }", "multiple @key");
  expectError("node A { a: I32 @key @key(a) }", "multiple @key");
  expectError("interface I { a: I32 @key } node A implements I { b: I32 @key }", "multiple @key");
});

Deno.test("schema-language 9: @range takes open and negative bounds, on numbers of nodes only", () => {
  const ranges = (text: string) => node(accepted(`node A { x: I64  f: F64? ${text} }`), "A").constraints;
  assert.deepEqual(ranges("@range(x, ..5)"), [{ kind: "range", property: "x", min: null, max: 5 }]);
  assert.deepEqual(ranges("@range(f, -2.50..)"), [{ kind: "range", property: "f", min: -2.5, max: null }]);
  assert.deepEqual(ranges("@range(x, -0..9007199254740993)"), [
    { kind: "range", property: "x", min: 0, max: 9007199254740993n },
  ]);
  assert.equal(shape("node A { f: F64 @range(f, 0.50..1) }"), shape("node A { f: F64 @range(f, 0.5..1.0) }"));
  for (const name of ["s", "tags", "vec", "e"]) {
    expectError(`node A { ${TEXT_FIELDS} @range(${name}, 0..1) }`, "requires a numeric type");
  }
  expectError("node A {} edge E: A -> A { x: I32 @range(x, 0..1) }", "not supported on edges");
  expectError("node A { x: I32 @range(x, 2..1) }", "exceeds maximum");
});

Deno.test("schema-language 10: @check compiles its pattern at acceptance and matches anywhere", () => {
  const regex = (pattern: string) => {
    const [check] =
      node(accepted(`node A { s: String @check(s, ${JSON.stringify(pattern)}) }`), "A").constraints;
    return check?.kind === "check" ? check.regex : assert.fail("a check");
  };
  assert.ok(regex("ab").test("xxabxx"));
  assert.ok(regex("(?i)AB").test("xxabxx"));
  assert.ok(regex("^.$").test("😀"));
  assert.ok(regex("^a\\-b\\#[\\-x]$").test("a-b#-"));
  assert.ok(regex("(?s)(?m)^a.b$").test("x\na\nb"));
  assert.ok(!regex("^ab$").test("ab\nab"));
  assert.ok(regex("(?P<year>[0-9]{4})").test("in 1999"));
  for (const pattern of ["(", "a**", "[z-a]"]) expectError(check(pattern), "invalid regex");
  for (const pattern of ["a(?=b)", "a(?!b)", "(?<=a)b", "(?<!a)b"]) {
    expectError(check(pattern), "look-around");
  }
  for (const pattern of ["(a)\\1", "(?<n>a)\\k<n>"]) expectError(check(pattern), "back-references");
  for (const pattern of ["[[:alpha:]]", "[a&&b]", "[]a]"]) expectError(check(pattern), "invalid regex");
  for (const name of ["n", "tags", "e"]) {
    expectError(`node A { ${TEXT_FIELDS} @check(${name}, "a") }`, "requires String type");
  }
  expectError('node A {} edge E: A -> A { s: String @check(s, "a") }', "not supported on edges");
});

Deno.test("schema-language 11: edge names collide after folding, nodes and edges do not", () => {
  expectError("node A {} edge Ships: A -> A edge SHIPS: A -> A", "edge name collision after case folding");
  accepted("node Port {} interface Port {} edge Port: Port -> Port");
  expectError("node A {} node A {}", "duplicate node type `A`");
  expectError("node A {} edge E: A -> A edge E: A -> A", "duplicate edge type `E`");
  expectError("interface I {} interface I {}", "duplicate interface `I`");
  expectError("node A { x: I32 x: I64 }", "duplicate property `A.x`");
});

Deno.test("schema-language 12: reserved property names are refused, their neighbours are not", () => {
  const everywhere = ["id", "_rowid", "_rowaddr", "_rowoffset", "_row_created_at_version"];
  for (const name of [...everywhere, "_row_last_updated_at_version", "_tombstone"]) {
    expectError(`node A { ${name}: I32 }`, `\`${name}\` is reserved`);
    expectError(`interface A { ${name}: I32 }`, `\`${name}\` is reserved`);
    expectError(`node A {} edge E: A -> A { ${name}: I32 }`, `\`${name}\` is reserved`);
  }
  for (const name of ["src", "dst", "from", "to"]) {
    expectError(`node A {} edge E: A -> A { ${name}: I32 }`, `\`${name}\` is reserved`);
    accepted(`node A { ${name}: I32 }`);
  }
  accepted("node A { _row_id: I32 type: I32 _ROWID: I32 constructor: I32 __proto__: I32 }");
});

Deno.test("schema-language 13: @embed takes a quoted or bare source and only a model", () => {
  const embed = (args: string) => `node A { x: String vec: Vector(3)? @embed${args} }`;
  assert.equal(shape(embed("(x)")), shape(embed('("x")')));
  const catalog = accepted(embed('("x", model="acme/m")'));
  assert.deepEqual(node(catalog, "A").propertyByName.get("vec")?.embed, { source: "x", model: "acme/m" });
  expectError(embed('("x", provider="p")'), "only 'model' is supported");
  expectError(embed(""), "requires a source property name");
  expectError(embed('("")'), "requires a source property name");
  expectError(embed("(1)"), "requires a source property name");
  expectError(embed("(y)"), "unknown source property");
  expectError(embed('(x, model="")'), "requires a non-empty");
  for (const name of ["n", "tags", "e", "vec"]) {
    expectError(`node A { ${TEXT_FIELDS} w: Vector(2) @embed(${name}) }`, "must be String");
  }
  expectError("node A { x: String @embed(x) }", "only supported on vector properties");
  expectError("node A { x: String y: [String] @embed(x) }", "not supported on list property");
  expectError("node A { x: String y: Blob @embed(x) }", "not supported on blob property");
  expectError("node A {} edge E: A -> A { x: String v: Vector(2) @embed(x) }", "edge properties");
  accepted("interface I { v: Vector(2)? @embed(x) } node A implements I { x: String }");
  expectError("interface I { v: Vector(2)? @embed(x) } node A implements I { }", "unknown source property");
});

Deno.test("annotations and constraints stand where they mean something", () => {
  const rows: [string, string][] = [
    ["node A @key { }", "only supported on node properties"],
    ["node A @index(x) { x: I32 }", "only supported on node properties"],
    ['node A @embed("x") { x: String }', "only supported on node properties"],
    ["node A {} edge E: A -> A @unique", "not supported on edges"],
    ["node A {} edge E: A -> A @unique(src)", "not supported on edges"],
    ["node A {} edge E: A -> A { @key(src) }", "not supported on edges"],
    ["node A {} edge E: A -> A { x: I32 @key }", "edge properties"],
    ["node A { t: [String] @unique }", "not supported on list property"],
    ["node A { t: [String] @index }", "not supported on list property"],
    ["node A { b: Blob @index }", "not supported on blob property"],
    ["node A { b: Blob @index(b) }", "not supported on blob property"],
    ["node A { v: Vector(2) @unique }", "not supported on vector property"],
    ["node A { x: I32 @index @index }", "multiple times"],
    ['node A @description("a") @description("b") { }', "multiple times"],
    ['node A { x: I32 @instruction("a") }', "only supported on node and edge types"],
    ["node A @description { }", "requires one non-empty"],
    ['node A @instruction(" ") { }', "requires one non-empty"],
    ["node A { x: I32 @rename_from }", "requires one non-empty"],
    ['node A @rename_from("B", x="y") { }', "takes no named argument"],
    ["node A { x: I32 @range }", "requires non-empty"],
    ["node A { x: I32 @unique(y) }", "references unknown property"],
    ["node A { x: I32 @unique(src) }", "references unknown property"],
    ["node A { x: I32 @unique(id) }", "references unknown property"],
    ["node A { x: I32 @unique(x, x) }", "duplicate property"],
    ["node A implements I { }", "unknown interface"],
    ["node A {} edge E: B -> A", "unknown source type"],
    ["node A {} interface B {} edge E: A -> B", "unknown target type"],
    ["node A { v: Vector(0) }", "greater than zero"],
    ["node A { v: Vector(2147483648) }", "exceeds maximum supported"],
    ["interface I {} node A implements I, I { }", "duplicate interface"],
    ["node A { x: I32 @foo(a, k=1, k=2) }", "multiple times"],
  ];
  for (const [text, fragment] of rows) expectError(text, fragment);
});

Deno.test("@unique and @index on edges may name src and dst; lists may be indexed in the body", () => {
  const catalog = accepted(
    "node A { t: [String] @index(t) } edge E: A -> A { k: I32 @unique(src, k) @index(dst) }",
  );
  assert.deepEqual(catalog.edges.get("E")?.constraints, [
    { kind: "index", columns: ["dst"] },
    { kind: "unique", columns: ["k", "src"] },
  ]);
});

Deno.test("descriptions and unknown annotations are kept as metadata, hints and folded ones are not", () => {
  const text =
    `node A @zeta @description("d") @rename_from("B") @alpha(1, b=true, a="x") { x: I32 @default(5) @index }`;
  const type = node(accepted(text), "A");
  assert.deepEqual(type.annotations, [
    { name: "alpha", value: "1", kwargs: { b: "true", a: "x" } },
    { name: "description", value: "d" },
    { name: "zeta", value: null },
  ]);
  assert.deepEqual(type.propertyByName.get("x")?.annotations, [{ name: "default", value: "5" }]);
});

Deno.test("all errors of a file come in source order, an inherited one once", () => {
  const text = `edge E: A -> Nowhere
interface I { bad: [String] @unique  nul: String? @key }
node A implements I { x: Vector(0) }
node B implements I { @check(x, "a") }
`;
  const { accepted, diagnostics } = checkSchema({ path: "a.pg", text });
  assert.equal(accepted, null);
  assert.deepEqual(diagnostics.map((one) => [lineOf(text, one.span?.start ?? -1), one.message]), [
    [1, "catalog error: edge `E` has unknown target type `Nowhere`"],
    [2, "catalog error: `@unique` is not supported on list property `I.bad`"],
    [2, "catalog error: `@key` property `I.nul` cannot be nullable"],
    [3, "catalog error: the dimension of vector `A.x` must be greater than zero"],
    [4, "catalog error: `@check` references unknown property `B.x`"],
  ]);
});

function check(pattern: string): string {
  return `node A { s: String @check(s, ${JSON.stringify(pattern)}) }`;
}

function accepted(text: string): Catalog {
  return acceptSchema({ path: "a.pg", text }, { domain: "test" }).catalog;
}

function shape(text: string): string {
  return acceptSchema({ path: "a.pg", text }, { domain: "test" }).digests.shape;
}

/** Asserts exactly one error, which holds the fragment; returns its message. */
function expectError(text: string, fragment: string): string {
  const { accepted, diagnostics } = checkSchema({ path: "a.pg", text });
  assert.equal(accepted, null, `${text} is refused`);
  const messages = diagnostics.map((one) => one.message);
  assert.equal(messages.length, 1, `${text}: ${messages.join(" | ")}`);
  assert.ok(messages[0]!.includes(fragment), `${text}: ${messages[0]} holds ${fragment}`);
  assert.ok(/^(parse|catalog) error: /.test(messages[0]!));
  return messages[0]!;
}

function node(catalog: Catalog, name: string): NodeType {
  return catalog.nodes.get(name) ?? assert.fail(`node ${name}`);
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

Deno.test("hints in the schema of a new graph are ignored with a warning where they stand", () => {
  const text = 'interface Named { label: String? @rename_from("name") }\n' +
    'node Port @rename_from("Harbour") implements Named {\n  code: String @key @rename_from("id_code")\n}\n' +
    'edge Feeds: Port -> Port @rename_from("Fed")\n';
  const warnings: Diagnostic[] = [];
  const { digests } = acceptSchema({ path: "a.pg", text }, {
    domain: "test",
    onWarning: (warning) => void warnings.push(warning),
  });
  assert.deepEqual(
    warnings.map(({ code, severity, message }) => [code, severity, message]),
    [
      '`@rename_from("name")` on property `Named.label`',
      '`@rename_from("Harbour")` on node `Port`',
      '`@rename_from("id_code")` on property `Port.code`',
      '`@rename_from("Fed")` on edge `Feeds`',
    ].map((subject) => [
      "rename_hint_ignored",
      "warning",
      `${subject} is ignored: a new graph has nothing to rename`,
    ]),
  );
  assert.ok(warnings.every(({ span }) => text.slice(span!.start, span!.end).startsWith("@rename_from")));
  assert.equal(digests.shape, shape(text.replace(/ @rename_from\("\w+"\)/g, "")));
});

Deno.test("an annotation that is nearly a known one warns, any other is metadata", () => {
  const text = 'node Port @desciption("x") {\n  code: String @uniqe @owner("harbour")\n  @indx(code)\n}';
  const { accepted, diagnostics } = checkSchema({ path: "a.pg", text });
  assert.notEqual(accepted, null);
  assert.deepEqual(diagnostics.map(({ severity, message, help }) => [severity, message, help]), [
    ["warning", "`@desciption` has no effect", "did you mean `@description`?"],
    ["warning", "`@uniqe` has no effect", "did you mean `@unique`?"],
    ["warning", "`@indx` has no effect", "did you mean `@index`?"],
  ]);
});
