import assert from "node:assert/strict";
import { GARDEN } from "../../tests/support/garden_schema.ts";
import { must } from "../base/assert.ts";
import { compileFile } from "./compile.ts";

const HEAD =
  "query q($s: String, $i: I32, $f: F64, $b: Bool, $d: Date, $t: DateTime, $blob: Blob, $list: [String], " +
  "$ints: [I32], $v: Vector(3), $wide: Vector(4))";

/** A mutation when the text starts with a statement, else a read that binds `$p: Plant` first. */
function queryOf(text: string): string {
  if (text.startsWith("query")) return text;
  if (/^(insert|update|delete)/.test(text)) return `${HEAD} { ${text} }`;
  const [match, rest = "return { $p }"] = text.split("|");
  return `${HEAD} { match { $p: Plant ${match} } ${rest} }`;
}

function expectValid(text: string): void {
  const { queries, diagnostics } = compileFile(GARDEN, { path: "t.gq", text: queryOf(text) });
  assert.deepEqual(diagnostics.map((diagnostic) => diagnostic.message), [], text);
  assert.equal(queries.length, 1);
}

/** The first failure has this code and its message holds all fragments; `""` stands for a rule without code. */
function expectFailure(code: string, text: string, ...fragments: string[]): void {
  const { diagnostics } = compileFile(GARDEN, { path: "t.gq", text: queryOf(text) });
  const found = must(diagnostics[0], `${text} should fail`);
  assert.equal(found.code, code === "" ? "type_error" : code, `${text}: ${found.message}`);
  const start = code === "" ? "type error: " : `type error: ${code}: `;
  assert.ok(found.message.startsWith(start), found.message);
  for (const fragment of fragments) {
    assert.ok(found.message.includes(fragment), `${found.message} should contain ${fragment}`);
  }
  assert.ok(found.span !== undefined && found.span.end > found.span.start);
}

Deno.test("query-language 35: T1: a binding to an unknown node type", () => {
  expectFailure("T1", "$x: Plnt", "`Plnt`");
  expectFailure("T1", "$x: Grafted", "`Grafted`");
});

Deno.test("query-language 35: T2: an unknown inline property", () => {
  expectFailure("T2", '$x: Plant { labell: "a" }', "`Plant`", "`labell`");
  expectFailure("T2", '$x: Plant { id: "a" }', "`id`");
});

Deno.test("query-language 35: T3: a literal that does not fit", () => {
  expectFailure("T3", '$x: Plant { height: "tall" }', "Plant.height", "I32", "String");
  expectFailure("T3", "insert Label { text: 3 }", "Label.text", "String", "I64");
  expectFailure("T3", '$x: Plant { planted: "2020-01-01" }', "Date", "String");
  expectFailure("T3", '$x: Plant { planted: date("2020-02-30") }', "invalid Date literal");
  expectFailure("T3", '$x: Plant { tags: ["a"] }', "list equality is not supported");
  expectFailure("T3", "$x: Plant { tags: 3 }", "[String]", "I64");
  expectFailure("T3", '$x: Plant { light: "moon" }', "expects one of half, shade, sun", "Plant.light");
  expectFailure("T3", 'insert Plant { label: "a", light: "moon" }', "expects one of");
  expectFailure("T3", '$x: Plant { photo: "a" }', "Plant.photo");
  expectFailure("T3", "$x: Plant { photo: $blob }", "Plant.photo");
  expectFailure("T3", "$x: Plant { scent: [1, 2, 3] }", "Plant.scent");
  expectFailure("T3", 'insert Plant { label: "a", scent: [1, 2] }', "expects 3 dimensions", "has 2");
  expectFailure("T3", 'insert Plant { label: "a", scent: ["x"] }', "Vector(3)", "[String]");
  expectFailure("T3", 'insert Plant { label: "a", yields: ["x"] }', "[I32]", "[String]");
  expectFailure("T3", 'insert Plant { label: "a", yields: [] }', "[I32]", "[String]");
  expectFailure("T3", 'insert Plant { label: "a", yields: 1 }', "[I32]", "I64");
  expectFailure("T3", 'insert Plant { label: "a", height: 2.5 }', "I32", "has a fraction");
  expectFailure("T3", 'insert Plant { label: "a", height: 2147483648 }', "exceeds Int32 range");
  expectFailure("T3", 'delete Plant where light = "moon"', "expects one of");
});

Deno.test("query-language 35: T4: an unknown edge word", () => {
  expectFailure("T4", "$p graftd $x", "`graftd`");
});

Deno.test("query-language 35: T5: an endpoint of the wrong type", () => {
  expectFailure("T5", "$x: Label $x grafted $p", "`$x`", "`Label`", "Grafted: Plant -> Plant");
  expectFailure("T5", "$x: Label $p growsIn $x", "`$x`", "`Label`", "Bed", "GrowsIn: Plant -> Bed");
  expectFailure("T5", "$_ tends $p", "`$p`", "`Plant`", "Tends: Gardener -> Bed");
  expectFailure("T5", "$x growsIn $x", "`$x`");
});

Deno.test("query-language 35: T6: an unbound variable, an unknown property, a value that is no parameter", () => {
  expectFailure("T6", '$x.label = "a"', "`$x` is not bound");
  expectFailure("T6", '$p.labl = "a"', "`Plant`", "`labl`");
  expectFailure("T6", "$p $g:grafted $_ $g.hour = 3", "`Grafted`", "`hour`");
  expectFailure("T6", "$x: Plant { label: $label }", "`$label`");
  expectFailure("T6", "$x: Plant { label: $p }", "`$p`");
  expectFailure("T6", "| return { $_.label }", "`$_` is not bound");
  expectFailure("T6", "$i.label = 3", "`$i` is not bound");
});

Deno.test("query-language 17: a filter above the clause that introduces its variable is T6, below it is fine", () => {
  expectFailure("T6", "$b.row = 3 $p growsIn $b", "`$b`");
  expectValid("$p growsIn $b $b.row = 3");
});

Deno.test("query-language 35: T7: operands that cannot be compared", () => {
  expectFailure("T7", '$p.height = "3"', "I32", "String");
  expectFailure("T7", '$p.planted > "2020-01-01"', "Date", "String");
  expectFailure("T7", "$p.planted > now()", "Date", "DateTime");
  expectFailure("T7", "$p = $i", "scalar operands");
  expectFailure("T7", "$p.tags = $list", "scalar operands", "[String]");
  expectFailure("T7", "$p.scent = $v", "scalar operands", "Vector(3)");
  expectFailure("T7", "$p.height contains 3", "list property (membership) or a String");
  expectFailure("T7", "$p.tags contains $list", "scalar right operand");
  expectFailure("T7", "$p.tags contains 3", "[String]", "I64");
  expectFailure("T7", "$p.label contains 3", "String right operand");
  expectFailure("T7", '$p.height starts_with "3"', "starts_with requires a String", "I32");
  expectFailure("T7", "$p.label starts_with 3", "starts_with requires a String", "I64");
  expectFailure("T7", "$p.photo = $blob", "blob comparisons");
  expectFailure("T7", "$x: Plant { height: $s }", "Plant.height", "I32", "String");
  expectFailure("T7", "$x: Plant { tags: $list }", "list equality");
  expectFailure("T7", "$x: Plant { tags: $i }", "[String]", "I32");
  expectFailure("T7", "$x: Plant { label: $list }", "String", "[String]");
  expectFailure("T7", "$x: Plant { scent: $v }", "Plant.scent");
  expectFailure("T7", "$x: Plant { planted: now() }", "now()", "Plant.planted", "Date");
  expectFailure("T7", 'insert Plant { label: "a", height: $s }', "Plant.height", "I32", "String");
  expectFailure("T7", 'insert Plant { label: "a", scent: $wide }', "Vector(3)", "Vector(4)");
  expectFailure("T7", 'insert Plant { label: "a", planted: now() }', "now()", "Plant.planted");
  expectFailure("T7", "insert Label { text: $blob }", "String", "Blob");
  expectFailure("T7", 'delete Plant where tags = "a"', "scalar operands");
  expectFailure("T7", 'search($p.label, "a") = false', "= true");
});

Deno.test("query-language 35: T8: aggregates of what they cannot aggregate", () => {
  expectFailure("T8", "| return { sum($p.label) }", "sum", "String");
  expectFailure("T8", "| return { avg($p.planted) }", "avg", "Date");
  expectFailure("T8", "| return { min($p.planted) }", "min", "Date");
  expectFailure("T8", "| return { max($p.rare) }", "max", "Bool");
  expectFailure("T8", "| return { max($p.tags) }", "max", "[String]");
  for (const fn of ["sum", "avg", "min", "max"]) expectFailure("T8", `| return { ${fn}($p) }`, fn, "node");
});

Deno.test("query-language 35: T9: a `not` without an outer variable, a non-key beside an aggregate", () => {
  expectFailure("T9", "not { $x: Bed }", "`not`");
  expectFailure("T9", "not { $x: Bed not { $p growsIn $x } }", "`not`");
  expectFailure("T9", "| return { $p.label, $i, count($p) }", "aggregate");
  expectFailure("T9", "| return { count($p), 3 }", "aggregate");
  expectFailure("T9", "| return { $p.label as l, l, count($p) }", "aggregate");
});

Deno.test("query-language 35: T10: a mutation on an unknown type", () => {
  expectFailure("T10", "insert Plnt { label: $s }", "`Plnt`");
  expectFailure("T10", "update Plnt set { label: $s } where label = $s", "`Plnt`");
  expectFailure("T10", "delete Plnt where label = $s", "`Plnt`");
});

Deno.test("query-language 35: T11: an unknown property of a mutation, a Blob in where", () => {
  expectFailure("T11", "insert Plant { labl: $s }", "`Plant`", "`labl`");
  expectFailure("T11", "update Plant set { hight: $i } where label = $s", "`hight`");
  expectFailure("T11", "delete Plant where labl = $s", "`labl`");
  expectFailure("T11", "delete Plant where from = $s", "`from`");
  expectFailure("T11", "insert Grafted { src: $s, to: $s }", "`src`");
  expectFailure("T11", "delete Plant where photo = $blob", "Plant.photo", "Blob");
});

Deno.test("query-language 35: T12: an insert without a required property or endpoint", () => {
  expectFailure("T12", "insert Bed { row: 3 }", "`Bed`", "`side`");
  expectFailure("T12", "insert Tends { from: $s, to: $s }", "Tends", "`hours`");
  expectFailure("T12", "insert Grafted { to: $s }", "Grafted: Plant -> Plant", "`from`");
  expectFailure("T12", "insert Grafted { from: $s }", "`to`");
  expectFailure("T12", "insert Gardener { bio: $s }", "`Gardener`", "`name`");
  expectValid("insert Gardener { name: $s }");
});

Deno.test("query-language 35: T13: a property assigned twice", () => {
  expectFailure("T13", "insert Label { text: $s, text: $s }", "Label.text");
  expectFailure("T13", "update Plant set { height: 1, height: 2 } where label = $s", "Plant.height");
});

Deno.test("query-language 35: T14: a mutation value that is no parameter", () => {
  expectFailure("T14", "insert Label { text: $txt }", "`$txt`");
  expectFailure("T14", "delete Label where text = $txt", "`$txt`");
});

Deno.test("query-language 35: T15: hop bounds and nearest", () => {
  expectFailure("T15", "$p grafted{0,2} $x", "must be >= 1");
  expectFailure("T15", "$p grafted{3,2} $x", "max must be >= min");
  expectFailure("T15", "$p grafted{1,} $x", "unbounded traversal is disabled");
  const order = (field: string, query: string) =>
    `| return { $p } order { nearest(${field}, ${query}) } limit 3`;
  expectFailure("T15", order("$x.scent", "$v"), "`$x` is not bound");
  expectFailure("T15", order("$p.smell", "$v"), "`smell`");
  expectFailure("T15", order("$p.label", "$v"), "Vector", "$p.label", "String");
  expectFailure("T15", order("$p.scent", "$i"), "Vector or String", "I32");
  expectFailure("T15", order("$p.scent", "$p.scent"), "Vector or String");
  expectFailure("T15", order("$p.scent", "$wide"), "Vector(3)", "Vector(4)");
  expectFailure("T15", order("$p.scent", "[1, 2]"), "Vector(3)", "2 numbers");
  for (const query of ["$v", "$s", '"text"', "[1, 2.5, 3]"]) expectValid(order("$p.scent", query));
});

Deno.test("query-language 35: T16: an update of an edge type", () => {
  expectFailure(
    "T16",
    "update Tends set { hours: 1.5 } where hours = 2.5",
    "update is only supported for node types, not for edge `Tends: Gardener -> Bed`",
  );
});

Deno.test("query-language 35: T17: nearest in order without limit", () => {
  expectFailure("T17", "| return { $p } order { nearest($p.scent, $v) }", "nearest", "limit");
  expectFailure("T17", "| return { nearest($p.scent, $v) as d } order { d }", "limit");
});

Deno.test("query-language 35: T18: an alias beside a standalone nearest", () => {
  expectFailure(
    "T18",
    "| return { $p.label as l } order { nearest($p.scent, $v), l } limit 3",
    "alias",
    "nearest",
  );
  expectValid("| return { $p.label as l } order { nearest($p.scent, $v), $p.label } limit 3");
  expectValid('| return { $p.label as l } order { bm25($p.notes, "x"), l } limit 3');
});

Deno.test("query-language 35: T19: search and fuzzy on what is no String", () => {
  expectFailure("T19", '| return { search($p.height, "a") }', "search", "$p.height", "I32");
  expectFailure("T19", "search($p.label, $i)", "String", "I32");
  expectFailure("T19", 'search("text", "a")', "String property");
  expectFailure("T19", 'fuzzy($p.label, "a", 1.5)', "max_edits");
  expectFailure("T19", 'fuzzy($p.label, "a", $s)', "max_edits");
  expectValid('fuzzy($p.label, "a", $i)');
});

Deno.test("query-language 35: T20: match_text and bm25 on what is no String", () => {
  expectFailure("T20", 'match_text($p.tags, "a")', "match_text", "[String]");
  expectFailure("T20", "match_text($p.label, 3)", "I64");
  expectFailure("T20", '| return { $p } order { bm25($p.height, "a") }', "bm25", "I32");
});

Deno.test("query-language 35: T21: rrf without limit, with a bad k, over two variables", () => {
  const arms = 'nearest($p.scent, $v), bm25($p.notes, "x")';
  expectFailure("T21", `| return { $p } order { rrf(${arms}) }`, "rrf", "limit");
  expectFailure("T21", `| return { rrf(${arms}) as r } order { r }`, "limit");
  expectFailure("T21", `| return { $p } order { rrf(${arms}, 0) } limit 3`, "`k`", "greater than 0");
  expectFailure("T21", `| return { $p } order { rrf(${arms}, 1.5) } limit 3`, "`k`", "integer");
  const other = 'nearest($p.scent, $v), bm25($x.notes, "x")';
  expectFailure("T21", `$p grafted $x | return { $p } order { rrf(${other}) } limit 3`, "`$p` and `$x`");
  expectValid(`| return { $p } order { rrf(${arms}, $i) desc } limit 3`);
});

Deno.test("query-language 35: T22: an undirected edge between different types", () => {
  expectFailure("T22", "$p <growsIn> $b", "GrowsIn: Plant -> Bed");
  expectValid("$p <grafted>{1,3} $x");
});

Deno.test("query-language 35: T23: misused edge variables", () => {
  expectFailure("T23", "$p $g:grafted{1,1} $x", "`$g`", "hop bounds");
  expectFailure("T23", "$p $p:grafted $x", "`$p`");
  expectFailure("T23", "$p $x:grafted $x", "`$x`");
  expectFailure("T23", "$p $g:grafted $x $p $g:growsIn $b", "`$g`", "already bound");
  expectFailure("T23", "$p $g:grafted $x | return { $g }", "`$g`", "bare");
  expectFailure("T23", "$p $g:grafted $x $g = $i", "`$g`", "bare");
  expectFailure("T23", "$p $g:grafted $x | return { count($g) }", "`$g`", "bare");
  expectFailure("T23", "$p $g:grafted $x | return { $p } order { $g }", "`$g`", "bare");
  expectFailure("T23", "$p $g:grafted $x $g grafted $y", "`$g`", "endpoint");
  expectFailure("T23", "$p $g:grafted $x $g: Plant", "`$g`");
  expectFailure("T23", '$p $g:growsIn $x search($g.care, "a")', "`$g`", "search");
  expectFailure("T23", "$p $g:growsIn $x | return { $p } order { nearest($g.care, $v) } limit 1", "nearest");
  expectValid("$p $_:grafted{1,2} $x");
});

Deno.test("query-language 35: T24: Blobs as read values", () => {
  expectFailure("T24", "| return { $p.photo }", "$p.photo", "Blob");
  expectFailure("T24", "| return { $blob }", "$blob", "Blob");
  expectFailure("T24", "| return { count($p.photo) }", "Blob");
  expectFailure("T24", "| return { $p } order { $p.photo }", "Blob");
  expectFailure("T24", "$p $g:growsIn $b | return { $g.map }", "Blob");
});

Deno.test("a Blob can be assigned from text or a Blob parameter", () => {
  expectValid('insert Plant { label: "a", photo: "base64:AA==" }');
  expectValid('insert Plant { label: "a", photo: $s }');
  expectValid('insert Plant { label: "a", photo: $blob }');
});

Deno.test("query-language 35: rules without a code", () => {
  expectFailure("", "| return { $x }", "`$x` is not bound");
  expectFailure("", "$x = 3", "`$x` is not bound");
  expectFailure("", "$p: Bed", "`$p` is already bound to type `Plant`");
  expectFailure("", "$p growsIn $b $b: Plant", "already bound to type");
  expectFailure("", "query q($x: Text) { delete Label where text = $x }", "unknown parameter type `Text`");
  expectFailure("", "query q($x: [Vector]) { delete Label where text = $x }", "unknown parameter type");
  expectFailure("", "query q($x: Vector(0)) { delete Label where text = $x }", "unknown parameter type");
  expectFailure(
    "",
    "query q($x: Vector(2147483648)) { delete Label where text = $x }",
    "unknown parameter type",
  );
  expectFailure(
    "",
    "query q($__nanograph_now: DateTime) { delete Label where text = $x }",
    "reserved parameter name",
  );
  expectFailure("", "query q($x: I32, $x: I32) { delete Label where text = $x }", "duplicate parameter");
  expectFailure("", "[[1]] contains $p.height", "nested list");
  expectFailure("", '[1, "a"] contains $p.height', "list literal elements must share");
  expectFailure(
    "",
    'update Plant set { label: "a" } where height = 3',
    "cannot update @key property 'label'",
  );
  expectFailure(
    "",
    'delete Label where text = "a" insert Label { text: "a" }',
    "mutation 'q'",
    "mixes inserts/updates and deletes",
  );
});

Deno.test("order takes properties, aliases and, first, one rank", () => {
  expectFailure("", "| return { $p } order { 3 }", "unsupported ordering expression");
  expectFailure("", "| return { $p } order { $p }", "unsupported ordering expression");
  expectFailure("", "| return { $p } order { $p.tags }", "unsupported ordering expression");
  expectFailure("", "| return { $p.scent as v } order { v }", "unsupported ordering expression");
  expectFailure(
    "",
    "| return { $p.label, count($p) } order { count($p) }",
    "unsupported ordering expression",
  );
  expectFailure(
    "",
    "| return { $p.label, count($p) } order { $p.height }",
    "unsupported ordering expression",
  );
  expectFailure("", "| return { $p.label as l } order { ll }", "alias 'll' not found for ordering");
  expectFailure(
    "",
    "| return { $p } order { $p.label, nearest($p.scent, $v) } limit 3",
    "must be the first order entry",
  );
  expectValid("| return { $p, $p.label, count($p) as n } order { n desc, $p.label, $p }");
});

Deno.test("names that a query does not have get a suggestion", () => {
  const helpOf = (text: string) =>
    compileFile(GARDEN, { path: "t.gq", text: queryOf(text) }).diagnostics[0]?.help;
  assert.equal(helpOf("$x: Plnt"), "did you mean `Plant`?");
  assert.equal(helpOf('$x: Plant { labell: "a" }'), "did you mean `label`?");
  assert.equal(helpOf("$p graftd $x"), "did you mean `grafted`?");
  assert.equal(helpOf("$x: Plant { label: $bloob }"), "did you mean `$blob`?");
  assert.equal(helpOf('$plant: Plant $plat.label = "a"'), "did you mean `$plant`?");
  assert.equal(helpOf("delete Plnt where label = $s"), "did you mean `Plant`?");
  assert.equal(helpOf("| return { $p.label as name } order { nam }"), "did you mean `name`?");
  assert.equal(helpOf('$x: Plant { planted: "2020-01-01" }'), 'write `date("…")`');
});
