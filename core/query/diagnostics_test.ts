/**
 * What people read when a query is wrong: source and rendered diagnostics side by side in the snapshot file. Refresh
 * with `deno test -A -u core/query/diagnostics_test.ts` and read the difference.
 */
import { GARDEN } from "../../tests/support/garden_schema.ts";
import { renderDiagnostic } from "../base/report.ts";
import { compileFile } from "./compile.ts";

const CASES: Readonly<Record<string, string>> = {
  "a negative literal": `query cold() {
    match { $p: Plant $p.height > -1 }
    return { $p.label }
}`,
  "a null literal": 'query q() { update Plant set { height: null } where label = "rose" }',
  "a missing closing brace": `query a() {
    match { $p: Plant }
    return { $p.label }

query b() { match { $p: Plant } return { $p } }`,
  "an empty match": "query q() { match { } return { $p } }",
  "a trailing comma in parameters": "query q($a: String,) { match { $p: Plant } return { $p } }",
  "an unterminated string": 'query q() { match { $p: Plant { label: "rose } } return { $p } }',
  "a comment with a hash": "# all plants\nquery q() { match { $p: Plant } return { $p } }",
  "an unquoted string": "query q() { match { $p: Plant { label: rose } } return { $p } }",
  "a doubled equals sign": "query q() { match { $p: Plant $p.height == 3 } return { $p } }",
  "a function that does not exist": "query q() { match { $p: Plant } return { contu($p) } }",
  "an annotation that does not exist": 'query q() @descripton("x") { match { $p: Plant } return { $p } }',
  "a direction after nearest":
    "query q($v: Vector(3)) { match { $p: Plant } return { $p } order { nearest($p.scent, $v) desc } limit 3 }",
  "a property on the right of contains":
    "query q($list: [String]) { match { $p: Plant $list contains $p.label } return { $p } }",
  "an unknown node type": "query q() { match { $p: Plnt } return { $p } }",
  "an edge type bound like a node": "query q() { match { $p: GrowsIn } return { $p } }",
  "an unknown inline property": "query q() { match { $p: Plant { hight: 3 } } return { $p } }",
  "a literal of the wrong type": 'query q() { match { $p: Plant { height: "tall" } } return { $p } }',
  "text for a date": 'query q() { match { $p: Plant { planted: "2020-01-01" } } return { $p } }',
  "a date that does not exist":
    'query q() { match { $p: Plant $p.planted > date("2023-02-29") } return { $p } }',
  "a value outside the enum": 'query q() { match { $p: Plant { light: "moon" } } return { $p } }',
  "an unknown edge": "query q() { match { $p: Plant $p grwsIn $b } return { $p } }",
  "an endpoint of the wrong type": "query q() { match { $b: Bed $b grafted $x } return { $b } }",
  "a property of a variable that is not bound":
    'query q() { match { $p: Plant $plant.label = "x" } return { $p } }',
  "the id as a property": "query q() { match { $p: Plant } return { $p.id } }",
  "a misspelled parameter": "query q($label: String) { match { $p: Plant { label: $lable } } return { $p } }",
  "an unknown parameter type": "query q($n: Integer) { match { $p: Plant { height: $n } } return { $p } }",
  "a comparison across types": "query q($n: String) { match { $p: Plant $p.height < $n } return { $p } }",
  "a list compared with equals": "query q($l: [String]) { match { $p: Plant $p.tags = $l } return { $p } }",
  "the maximum of dates": "query q() { match { $p: Plant } return { max($p.planted) } }",
  "a constant beside an aggregate": "query q() { match { $p: Plant } return { 3, count($p) } }",
  "a negation that hangs in the air": "query q() { match { $p: Plant not { $b: Bed } } return { $p } }",
  "an unbounded traversal": "query q() { match { $p: Plant $p grafted{1,} $x } return { $x } }",
  "an undirected edge between two types": "query q() { match { $p: Plant $p <growsIn> $b } return { $p } }",
  "an edge variable returned whole": "query q() { match { $p: Plant $p $g:growsIn $b } return { $g } }",
  "a Blob in return": "query q() { match { $p: Plant } return { $p.photo } }",
  "an alias for ordering that does not exist":
    "query q() { match { $p: Plant } return { $p.label as name } order { nmae } }",
  "nearest without limit":
    "query q($v: Vector(3)) { match { $p: Plant } return { $p } order { nearest($p.scent, $v) } }",
  "a vector of the wrong width":
    "query q($v: Vector(4)) { match { $p: Plant } return { $p } order { nearest($p.scent, $v) } limit 3 }",
  "an insert without a required property": "query q() { insert Bed { row: 3 } }",
  "an insert of an edge without its end": "query q($p: String) { insert GrowsIn { from: $p } }",
  "an update of the key": 'query q() { update Plant set { label: "x" } where height = 3 }',
  "an update of an edge": "query q() { update Tends set { hours: 1.5 } where hours = 2.5 }",
  "inserts and deletes in one query":
    'query q() { insert Label { text: "a" } delete Label where text = "b" }',
  "a number too large for its property": 'query q() { insert Plant { label: "a", height: 3000000000 } }',
  "two mistakes in two queries": `query a() { match { $p: Plant } return { $p.hight } }
query b() { match { $p Plant } return { $p } }
query c() { match { $p: Plant } return { $p.label } }`,
};

Deno.test("wrong queries are explained", async (t) => {
  for (const [name, text] of Object.entries(CASES)) {
    const { diagnostics } = compileFile(GARDEN, { path: "garden.gq", text });
    const rendered = diagnostics.map(renderDiagnostic).join("\n\n");
    await t.step(name, (step) => step.assertSnapshot(`${text}\n\n${rendered}\n`));
  }
});
