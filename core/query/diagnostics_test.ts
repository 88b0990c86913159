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
  "several mistakes in one query": `query q($n: Int, $s: String) {
  match {
    $p: Plnt { label: $s }
    $p growsIn $b
    $b.row = $n
    $c: Bed { rwo: 1, side: "middle" }
    $c.side > 3
  }
  return { $p.label as name, $c.hight as high, max($c.side) }
  order { high, nowhere }
}`,
  "several syntax errors in one query": `query q($x String, $y: Int) {
  match {
    $p Plant
    $q: Plant { label rose, height: -3 light: "sun" }
    $p growsIn $b
  }
  return { $p.label, -3, $b.row as }
  order { $p.label up }
  limit
}`,
  "several mistakes in one mutation": `query q($s: String) {
  insert Plant { labl: $s, height: "x" }
  insert Bed { row: 1.5 }
  update Plnt set { height: 3 } where label = $s
  delete Plant where tags = "x"
}`,
  "a syntax error and a type error in two queries":
    "query a() { match { $p Plant } return { $p } }\nquery b() { match { $p: Plnt } return { $p } }",
  "a query from another language": "SELECT label FROM Plant WHERE height > 3",
  "a pattern from another language": "query q() { match { (p:Plant)-[:GrowsIn]->(b) } return { p.label } }",
  "a misspelled query":
    "qurey q() { match { $p: Plant } return { $p } }\nquery r() { mtch { $p: Plant } retrun { $p } }",
  "a query without parameters": "query q { match { $p: Plant } return { $p } }",
  "a query name in capitals": "query Plants() { match { $p: Plant } return { $p } }",
  "a match block left open":
    'query q() {\n  match {\n    $p: Plant { light: "sun" }\n  return { $p }\n}\nquery r() { match { $p: Plnt } return { $p } }',
  "a return block left open":
    "query q() {\n  match { $p: Plant }\n  return { $p.label\n  order { $p.label }\n  limit 3\n}",
  "clauses joined by commas": "query q() { match { $p: Plant, $p growsIn $b, $b.row = 1 } return { $p } }",
  "clauses joined by and": "query q() { match { $p: Plant and $p.height > 3 } return { $p } }",
  "an alternative": "query q() { match { $p: Plant $p.height > 3 || $p.rare = true } return { $p } }",
  "a where behind the match": "query q() { match { $p: Plant } where $p.height > 3 return { $p } }",
  "a limit before the return": "query q() { match { $p: Plant } limit 3 return { $p } }",
  "an order before its limit": "query q() { match { $p: Plant } return { $p } limit 3 order { $p.label } }",
  "an order by": "query q() { match { $p: Plant } return { $p } order by $p.label desc }",
  "an offset": "query q() { match { $p: Plant } return { $p } limit 3 offset 10 }",
  "single quotes": "query q() { match { $p: Plant { label: 'rose' } } return { $p } }",
  "a star": "query q() { match { $p: Plant } return { * } }",
  "an arrow traversal": "query q() { match { $p: Plant $p -> $b } return { $b } }",
  "an edge in capitals": "query q() { match { $p: Plant $p GrowsIn $b } return { $b } }",
  "a traversal without its end":
    "query q() {\n  match {\n    $p: Plant\n    $p growsIn\n    $p.height > 3\n  }\n  return { $p }\n}",
  "two variables side by side": "query q() { match { $p: Plant $p $b } return { $b } }",
  "hops the wrong way round":
    "query q() { match { $p: Plant $p grafted{3,1} $x $x grafted{0,2} $y } return { $y } }",
  "a variable bound twice": "query q() { match { $p: Plant $p: Bed } return { $p } }",
  "a list of mixed values":
    'query q() { match { $p: Plant { tags: ["a", 1] } $p.height = [1] } return { $p } }',
  "an aggregate in match": "query q() { match { $p: Plant count($p) > 3 } return { $p } }",
  "a sum of texts": "query q() { match { $p: Plant } return { sum($p.label), avg($p) } }",
  "a search in a number":
    'query q() { match { $p: Plant search($p.height, "x") fuzzy($p.label, "x", "y") } return { $p } }',
  "an rrf without its arms":
    "query q($v: Vector(3)) { match { $p: Plant } return { $p } order { rrf($p.label, nearest($p.scent, $v)) } limit 3 }",
  "an insert with equals signs": 'query q() { insert Label { text = "a" } }',
  "an update without set": 'query q() { update Plant { height: 3 } where label = "a" }',
  "a delete of everything": "query q() { delete Plant }",
  "a property assigned twice":
    'query q() { insert Label { text: "a", text: "b" } insert Tends { src: "a", dst: "b", hours: 1.5 } }',
  "an unknown parameter in a mutation":
    "query q($text: String) { insert Label { text: $txt } delete Label where text = $txet }",
  "a mutation that reads": 'query q() { insert Label { text: "a" } match { $l: Label } return { $l } }',
  "an open string above another query":
    'query a() {\n  match { $p: Plant { label: "rose } }\n  return { $p }\n}\nquery b() { match { $p: Plnt } return { $p } }',
  "a missing quote that another one closes":
    'query a() { match { $p: Plant { label: "rose } } return { $p } }\nquery b() { match { $p: Plant { label: "x" } } return { $p } }',
  "a byte order mark": "\ufeffquery q() { match { $p: Plant } return { $p } }",
  "an invisible character": "query q() {\u00a0match { $p: Plant } return { $p } }",
  "a text that is empty but for a word": "plants",
};

Deno.test("wrong queries are explained", async (t) => {
  for (const [name, text] of Object.entries(CASES)) {
    const { diagnostics } = compileFile(GARDEN, { path: "garden.gq", text });
    const rendered = diagnostics.map(renderDiagnostic).join("\n\n");
    await t.step(name, (step) => step.assertSnapshot(`${text}\n\n${rendered}\n`));
  }
});
