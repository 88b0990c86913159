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
];

for (const [title, text] of WRONG) {
  Deno.test(`report: ${title}`, async (t) => {
    const { accepted, diagnostics } = checkSchema({ path: "port.pg", text });
    assert.equal(accepted, null);
    await t.assertSnapshot([text, ...diagnostics.map(renderDiagnostic)].join("\n\n") + "\n");
  });
}
