import assert from "node:assert/strict";
import fc from "fast-check";
import { DIAGNOSTICS_MAX } from "../base/limits.ts";
import type { EdgeDecl, NodeDecl } from "./ast.ts";
import { parseSchema } from "./parser.ts";

Deno.test("parseSchema() reads the whole language", () => {
  const text = `// leading
interface Catalogued { reel_code: String @key   shelved: Date? }
/* a
   block */
node Reel @description("One \\"can\\"\\n of film") implements Catalogued, Other {
    gauge: enum(8mm, b-side, phase-1, -, 007)? @index  minutes: F64?
    tags: [Date]?   vec: Vector(1536)? @embed("synopsis", model="acme/embed-2") @index
    type: String from: I32 node: Bool @default(true) @unit(cm) @weight(1.5)
    @range(minutes, -1..900.5) @check(reel_code, "^[A-Z]{3}-[0-9]+$") @range(minutes, ..3) @range(minutes, 3..)
    @key(type, from) @unique(node)
}
edge StoredIn: Reel -> Vault @card(0..*) @instruction("x") { since: Date?  @unique(src) }
edge Bare: Reel -> Reel
edge Some: Reel -> Reel @card(1..3)
`;
  const { file, diagnostics } = parseSchema({ path: "a.pg", text });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(file.declarations.map((one) => `${one.kind} ${one.name.text}`), [
    "interface Catalogued",
    "node Reel",
    "edge StoredIn",
    "edge Bare",
    "edge Some",
  ]);
  const reel = file.declarations[1] as NodeDecl;
  assert.equal(reel.annotations[0]?.value?.text, 'One "can"\n of film');
  assert.deepEqual(reel.interfaces.map((word) => word.text), ["Catalogued", "Other"]);
  assert.deepEqual(
    reel.properties.map((property) => [property.name.text, property.type.kind, property.type.nullable]),
    [
      ["gauge", "enum", true],
      ["minutes", "scalar", true],
      ["tags", "list", true],
      ["vec", "vector", true],
      ["type", "scalar", false],
      ["from", "scalar", false],
      ["node", "scalar", false],
    ],
  );
  const [gauge] = reel.properties;
  assert.deepEqual(gauge?.type.kind === "enum" && gauge.type.values.map((value) => value.text), [
    "8mm",
    "b-side",
    "phase-1",
    "-",
    "007",
  ]);
  assert.deepEqual(reel.constraints.map((constraint) => text.slice(constraint.start, constraint.end)), [
    "@range(minutes, -1..900.5)",
    '@check(reel_code, "^[A-Z]{3}-[0-9]+$")',
    "@range(minutes, ..3)",
    "@range(minutes, 3..)",
    "@key(type, from)",
    "@unique(node)",
  ]);
  const embed = reel.properties[3]?.annotations[0];
  assert.deepEqual([embed?.value?.text, embed?.kwargs[0]?.name.text, embed?.kwargs[0]?.value.text], [
    "synopsis",
    "model",
    "acme/embed-2",
  ]);
  const stored = file.declarations[2] as EdgeDecl;
  assert.deepEqual([stored.cardinality?.min.text, stored.cardinality?.max], ["0", null]);
  assert.equal(
    text.slice(stored.start, stored.end),
    text.split("\n").find((line) => line.startsWith("edge StoredIn")),
  );
});

Deno.test("parseSchema() accepts empty files, empty bodies and edges without body", () => {
  assert.deepEqual(messages(""), []);
  assert.deepEqual(messages(" // nothing\r\n"), []);
  assert.deepEqual(messages("node A { } interface B {} edge C: A -> A {} edge D: A -> A"), []);
});

Deno.test("schema-language 2: lists of Vector, enum and Blob fail, a nullable list of dates parses", () => {
  assert.deepEqual(messages("node A { a: [Vector(3)] }"), ["parse error: list of Vector is not supported"]);
  assert.deepEqual(messages("node A { a: [enum(a)]? }"), ["parse error: list of enum is not supported"]);
  assert.deepEqual(messages("node A { a: [Blob] }"), ["parse error: list of Blob is not supported"]);
  assert.match(messages("node A { a: [[String]] }")[0]!, /nested lists are not supported/);
  assert.deepEqual(messages("node A { a: [Date]? }"), []);
});

Deno.test("schema-language 3: a constraint with a quoted property name fails on the property's own line", () => {
  assert.match(messages('node A { email: String @unique("x") }')[0]!, /expected property name in constraint/);
});

Deno.test("schema-language 5: an unknown escape in a string fails", () => {
  assert.deepEqual(messages('node A @description("a\\q") { }'), [
    "parse error: unsupported escape sequence `\\q`",
  ]);
});

Deno.test("one mistake does not hide the mistakes behind it", () => {
  const text = `node Reel {
  a: Strng
  b String
  c: I32 @range(
  d: Int
  @key()
}
node reel2 implements { x: Boolean }
edge E: A > B { y: I33 }
edge F: A -> B { z: `;
  const { diagnostics } = parseSchema({ path: "a.pg", text });
  const lines = diagnostics.map((one) => text.slice(0, one.span!.start).split("\n").length);
  assert.deepEqual([...new Set(lines)], [2, 3, 5, 6, 8, 9, 10]);
  assert.ok(
    diagnostics.every((one) => one.code === "parse_error" && one.message.startsWith("parse error: ")),
  );
});

Deno.test("a character outside the language is one error, wherever it stands", () => {
  assert.deepEqual(messages("# a comment, I thought\n node A { }"), [
    "parse error: unexpected character `#`",
  ]);
  assert.deepEqual(messages("\u{feff}node\u{a0}A { }"), [
    "parse error: unexpected byte order mark `U+FEFF`",
    "parse error: unexpected character `U+00A0`",
  ]);
  assert.deepEqual(messages("node A { a: String; b: I32 }"), ["parse error: unexpected character `;`"]);
  assert.deepEqual(messages("node A { a: String /* open"), [
    "parse error: unterminated comment",
    "parse error: expected `}`, found the end of the file",
  ]);
});

Deno.test("a file of mistakes is given up after a fixed number of them", () => {
  assert.equal(messages("node A {" + ",".repeat(10_000)).length, DIAGNOSTICS_MAX);
  assert.equal(messages("#\n".repeat(10_000)).length, DIAGNOSTICS_MAX);
});

Deno.test("parseSchema() never throws, and an error has a span inside the text", () => {
  const piece = fc.constantFrom(
    ..."node edge interface implements enum Vector String I32 Blob a B @key @unique( @range( @check( @card( @x"
      .split(" "),
    ...'{ } ( ) [ ] : , ? * - = -> .. 1 2.5 "s" " # $a // /* */ \\ é 😀 \n'.split(" "),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
      const text = pieces.join(" ");
      for (const { span, source } of parseSchema({ path: "a.pg", text }).diagnostics) {
        assert.equal(source?.text, text);
        assert.ok(span !== undefined && 0 <= span.start && span.start <= span.end && span.end <= text.length);
      }
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseSchema({ path: "a.pg", text })));
});

function messages(text: string): string[] {
  return parseSchema({ path: "a.pg", text }).diagnostics.map((one) => one.message);
}
