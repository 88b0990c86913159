/** What people read when a schema is wrong: source and report side by side in the snapshot file. */
import assert from "node:assert/strict";
import { renderDiagnostic } from "../base/report.ts";
import { checkSchema } from "./accept.ts";

const WRONG: [title: string, text: string][] = [
  ["misspelled keyword", "nod Port {\n  code: String @key\n}"],
  ["lower-case type name", "node port {\n  code: String\n}"],
  ["misspelled type", "node Port {\n  code: Strng @key\n  depth: F46\n}"],
  ["type of another language", "node Port {\n  depth: float\n  berths: int\n}"],
  ["two broken lines", "node Port {\n  code String\n  depth: F64\n  name:\n  open: Bool @\n}"],
  ["body not closed", "node Port {\n  code: String\n\nnode Ship {\n  imo: String\n}"],
  ["list of vectors", "node Port {\n  vecs: [Vector(3)]?\n}"],
  ["nullable list items", "node Port {\n  names: [String?]\n}"],
  ["quoted enum values", 'node Port {\n  kind: enum("sea", "river")\n}'],
  ["quoted name in a constraint", 'node Port {\n  code: String @unique("code")\n}'],
  ["range without bounds", "node Port {\n  depth: F64\n  @range(depth, 5)\n}"],
  ["bad escape", 'node Port @description("50\\% full") {\n}'],
  ["byte order mark", "\ufeffnode Port {\n  code: String @key\n}"],
  ["hash comment", "# ports\nnode Port {\n}"],
  ["edge without arrow", "node Port {}\nedge Feeds: Port to Port"],
  ["cardinality in the wrong place", 'node Port {}\nedge Feeds: Port -> Port @description("x") @card(0..1)'],
  ["annotation behind implements", "interface Named {}\nnode Port implements Named @beta {\n}"],
  ["commas between properties", "node Port {\n  a: I32,\n  b: I32\n}"],
  ["unknown endpoints", "node Port {}\nedge Feeds: Prot -> River"],
  ["unknown column", "node Port {\n  code: String\n  @key(cod)\n}"],
  ["nullable key", "node Port {\n  code: String? @key\n}"],
  ["two keys", "node Port {\n  code: String @key\n  name: String\n  @key(name)\n}"],
  ["reserved names", "node Port {\n  id: String\n}\nedge Feeds: Port -> Port {\n  from: Date\n}"],
  ["duplicates", "node Port {\n  a: I32\n  a: I64\n  k: enum(x, y, x)\n}\nnode Port {}"],
  ["folded edge names", "node Port {}\nedge Ships: Port -> Port\nedge SHIPS: Port -> Port"],
  ["bad pattern", 'node Port {\n  code: String\n  @check(code, "[A-Z")\n}'],
  ["embed of a number", "node Port {\n  depth: F64\n  vec: Vector(3)? @embed(depth)\n}"],
  [
    "interfaces that disagree",
    "interface A { code: String }\ninterface B { code: String? }\nnode Port implements A, B {\n}\nnode Quay implements B {\n  code: String\n}",
  ],
  ["a tab before the mistake", "node Port {\n\tcode: String\t@key @key\n}"],
  ["a table of another language", "table Port {\n  code: String\n}"],
  [
    "an edge between an interface and a node",
    "interface Named { name: String }\nnode Port implements Named {}\nedge At: Named -> Port",
  ],
  ["a missing arrow head", "node Port {}\nedge Feeds: Port - Port"],
  ["a missing colon in an edge", "node Port {}\nedge Feeds Port -> Port"],
  ["an edge in brackets", "node Port {}\nedge Feeds (Port -> Port)"],
  ["a keyword in capitals", "Node Port {\n  code: String\n}\nNODE Quay {}"],
  ["a type in quotes", 'node "Port" {\n  code: String\n}'],
  ["a property in quotes", 'node Port {\n  "code": String\n  name: String\n}'],
  ["a property with an initial value", 'node Port {\n  code: String = "x"\n  name: String\n}'],
  ["the question mark behind the name", "node Port {\n  code?: String\n  name: String\n}"],
  ["an optional list of the wrong kind", "node Port {\n  codes: String[]\n  names: list<String>\n}"],
  ["a nested list", "node Port {\n  grid: [[F64]]\n  name: Strin\n}"],
  ["a list of an enum", "node Port {\n  kinds: [enum(sea, river)]\n}"],
  ["a vector without a width", "node Port {\n  a: Vector\n  b: Vector(x)\n  c: Vector(0)\n}"],
  ["a vector of no width", "node Port {\n  c: Vector(0)\n  d: Vector(99999999999)\n}"],
  ["an empty enum", "node Port {\n  kind: enum()\n  other: enum(a b)\n}"],
  ["a constraint word that is misspelled", "node Port {\n  @uniqe(code)\n  code: String\n}"],
  ["a constraint without a column", "node Port {\n  code: String\n  @key\n  @unique()\n}"],
  ["a constraint between braces", "node Port {\n  code: String\n  @key{code}\n  name: Strng\n}"],
  [
    "constraints of the wrong type",
    'node Port {\n  code: String\n  depth: F64\n  @range(code, 0..1)\n  @check(depth, "a")\n}',
  ],
  [
    "bounds in the wrong order",
    "node Port {}\nedge Feeds: Port -> Port @card(3..1) {\n  depth: F64\n}\nnode Quay {\n  depth: F64\n  @range(depth, 9..1)\n}",
  ],
  [
    "a key on an edge",
    "node Port {}\nedge Feeds: Port -> Port {\n  code: String @key\n  @key(code)\n  @unique(src, target)\n}",
  ],
  ["a constraint at a head", "node Port @key(code) {\n  code: String\n}\nedge Feeds: Port -> Port @unique"],
  [
    "keys of odd types",
    "node Port {\n  a: [String] @key\n}\nnode Quay {\n  b: Vector(2) @unique\n  c: Blob @index\n}",
  ],
  ["an unknown interface", "interface Named { name: String }\nnode Port implements Nmaed, Named, Named {}"],
  [
    "a description without a text",
    'node Port @description {\n  code: String @description("")\n  name: String @instruction("x")\n}',
  ],
  [
    "embeds that cannot be",
    'node Port {\n  bio: String\n  a: String @embed("bio")\n  b: Vector(2) @embed\n  c: Vector(2) @embed("boi")\n  d: Vector(2) @embed("bio", modl="m")\n}',
  ],
  [
    "an open string",
    'node Port @description("ships dock here) {\n  code: Strng\n}\nnode Quay { name: Strin }',
  ],
  ["an open comment", "node Port { code: Strng }\n/* ports\nnode Quay {}"],
  ["a stray brace", "node Port {\n  code: String\n}}\nnode Quay { name: Strin }"],
  [
    "everything at once",
    "nod Port {\n  code String\n  depth: Flot64\n  @ky(code)\n}\nedge feeds: Port => Port\nnode Quay implements {\n  id: String\n}",
  ],
  ["semicolons", "node Port {\n  code: String;\n  name: String;\n}"],
  ["a lexical mistake in a name", "node Port-City {\n  harbour-name: String\n}"],
  ["a text that is no schema", "SELECT * FROM ports"],
];

for (const [title, text] of WRONG) {
  Deno.test(`report: ${title}`, async (t) => {
    const { accepted, diagnostics } = checkSchema({ path: "port.pg", text });
    assert.equal(accepted, null);
    await t.assertSnapshot([text, ...diagnostics.map(renderDiagnostic)].join("\n\n") + "\n");
  });
}
