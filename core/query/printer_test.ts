import assert from "node:assert/strict";
import fc from "fast-check";
import { GARDEN } from "../../tests/support/garden_schema.ts";
import { commentsOf, damages, layouts } from "../../tests/support/messy_text.ts";
import { randomMutation } from "../../tests/support/random_mutation.ts";
import { randomProgram } from "../../tests/support/random_program.ts";
import { Tape } from "../../tests/support/random_schema.ts";
import { AppError } from "../errors.ts";
import { acceptSchema } from "../schema/accept.ts";
import type { Catalog } from "../schema/catalog.ts";
import { compileFile } from "./compile.ts";
import { parseFile } from "./parser.ts";
import { formatQueries } from "./printer.ts";

/** What random programs do not use: searching, ranking, vectors, every spelling of a value. */
const SEARCHES = [
  `query a($q: String, $v: Vector(3), $k: I32) {
    match { $p: Plant search($p.notes, $q) fuzzy($p.notes, "rose", 1) match_text($p.notes, $q) = true }
    return { $p, bm25($p.notes, $q) as score, nearest($p.scent, [1, 0.50, 007]) rrf(nearest($p.scent, $v), bm25($p.notes, $q), $k), }
    order { rrf(bm25($p.notes, $q), nearest($p.scent, $v), 60), $p.label asc } limit 020 }`,
  `query b($v: Vector(3)?, $l: [String]?) @instruction("a { b } // c\\n\\"d\\"") @description("x") { match { $p: Plant { rare: true, tags: "a", } $p.watered <= now() }
    return { $p.label as label label as again again as x } order { nearest($p.scent, $v) } limit 3 }`,
  `query c() { match { $a <grafted>{1,3} $b $g $t:tends $bed $_ growsIn $bed not { $a grafted{2,5} $_ not { $b growsIn $bed } }
    "text" contains $a.label $a.tags contains "x" 2.5 >= $a.weight }
    return { count($a), sum($t.hours) as hours, $a.light } }`,
  `query e() { match { $a: Plant $a grafted{2,} $b $a.yields = [1, 2] $a.yields != [] } return { count($a), date("2024-01-01") } }`,
  'query d($x: I64) { update Plant set { label: $x, height: 1 } where label = "a" }',
];

Deno.test("formatQueries() lays out one clause per line and keeps comments, literals and short blocks", async (t) => {
  await t.assertSnapshot(format(`

// about the file


query   a ( $x:String , $y : [ I32 ]? ) @description( "d" ){ // open
match{$p:Plant{label:$x,}}
  return{$p.label $p.height as h,
    count( $p ) ,} order{h desc,$p.label   asc}limit 007 } // close
/* b
   is next */ query b() { match { $p : Plant $p growsIn  $b // behind


    // before
    not{$p grafted { 1 , 2 } $_} not { $p <grafted> $_ $p.height>=3 } /* in */ $p . notes starts_with "a
b" } return { $p } }
query c(
  $label: String) // params
  @instruction("x")
{ update Plant set { height: 3, // three
    tags: ["a" , "b"] , } where label=$label insert Label { text: "t" }

  insert GrowsIn { from : $label to: "b" care: "every single morning, before the sun is up", since: date("2024-05-01") } }
query d() @description("on the line of the name") @instruction("wide lines that cannot be broken stay, however wide they are") {
  delete Plant where label!="x"
}
// end
`));
});

Deno.test("formatQueries() keeps a block on its line up to 100 columns", () => {
  const query = (width: number) => {
    const line = "    return { $p.label as }".length;
    const name = "x".repeat(width - line);
    return `query q() {\n    match { $p: Plant }\n    return { $p.label as ${name}}\n}\n`.replace(
      "}\n}",
      " }\n}",
    );
  };
  assert.equal(format(query(99)), query(99));
  assert.deepEqual(format(query(100)).split("\n").slice(2, 5).map((line) => line.trimEnd().slice(0, 21)), [
    "    return {",
    "        $p.label as x",
    "    }",
  ]);
  const head = (width: number) =>
    `query ${"q".repeat(width - "query () {".length)}() {\n    delete Plant where label = "a"\n}\n`;
  assert.equal(format(head(100)).split("\n")[0]!.length, 100);
  const params = `query q($${"x".repeat(84)}: I64) {`;
  assert.equal(params.length, 101);
  assert.equal(format(`${params} delete Plant where label = "a" }`).split("\n")[0], "query q(");
});

Deno.test("formatQueries() takes an empty file and one of comments only", () => {
  assert.equal(format(" \n"), "");
  assert.equal(format("// only\r\n\n\n\n// two"), "// only\n\n// two\n");
});

Deno.test("formatQueries() refuses a file with syntax errors, all of them at once, but formats one that breaks rules", () => {
  const broken = "query a() { match { } return { $p } }\nquery b() { delete }";
  assert.throws(
    () => format(broken),
    (error) => error instanceof AppError && error.code === "parse_error" && error.diagnostics.length === 2,
  );
  assert.equal(
    format("query a(){delete Nothing where x=1}"),
    "query a() {\n    delete Nothing where x = 1\n}\n",
  );
});

Deno.test("formatQueries() keeps syntax, types and comments of random reads in any layout, and settles at once", () => {
  fc.assert(
    fc.property(randomProgram(), layouts(), ({ schema, query }, layout) => {
      const { catalog } = acceptSchema({ path: "a.pg", text: schema }, { domain: "test" });
      checkLaws(layout(query), catalog);
      assert.equal(compile(query, catalog).diagnostics.length, 0);
    }),
    { numRuns: 300 },
  );
});

Deno.test("formatQueries() keeps syntax, types and comments of random mutations in any layout, and settles at once", () => {
  const tape = fc.array(fc.nat(0xffff), { size: "max", maxLength: 150 });
  fc.assert(
    fc.property(tape, layouts(), (numbers, layout) => {
      const choices = new Tape(numbers);
      const text = [randomMutation(choices, GARDEN, "a"), randomMutation(choices, GARDEN, "b")].join(" ");
      assert.deepEqual(compile(text, GARDEN).diagnostics.map((one) => one.message), []);
      checkLaws(layout(text), GARDEN);
    }),
    { numRuns: 300 },
  );
});

Deno.test("formatQueries() keeps searches, ranks and all kinds of values in any layout", () => {
  for (const text of SEARCHES) checkLaws(text, GARDEN);
  fc.assert(
    fc.property(fc.shuffledSubarray(SEARCHES, { minLength: 1 }), layouts(), (texts, layout) => {
      checkLaws(layout(texts.join("\n")), GARDEN);
    }),
    { numRuns: 200 },
  );
});

Deno.test("formatQueries() formats or refuses damaged text, and what it formats keeps the laws", () => {
  let formatted = 0;
  fc.assert(
    fc.property(fc.constantFrom(...SEARCHES), layouts(), damages(), (text, layout, damage) => {
      const damaged = damage(layout(text));
      if (parseFile({ path: "a.gq", text: damaged }).diagnostics.length > 0) {
        assert.throws(() => format(damaged), AppError);
      } else {
        formatted++;
        checkLaws(damaged, GARDEN);
      }
    }),
    { numRuns: 1000 },
  );
  assert.ok(formatted > 0, "some damage does no harm");
});

function checkLaws(text: string, catalog: Catalog): void {
  const formatted = format(text);
  assert.equal(format(formatted), formatted);
  assert.deepEqual(commentsOf(formatted), commentsOf(text));
  assert.deepEqual(syntaxOf(formatted), syntaxOf(text));
  assert.deepEqual(compile(formatted, catalog).queries, compile(text, catalog).queries);
  // What is blank inside a comment or a string stays as it is.
  const layout = formatted.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\]|\\.)*"/g, "x");
  assert.doesNotMatch(layout, /^\s|\n\n\n|\n\n$|[({]\n\n|\n\n *[)}]/);
}

function format(text: string): string {
  return formatQueries({ path: "a.gq", text });
}

function compile(text: string, catalog: Catalog) {
  return compileFile(catalog, { path: "a.gq", text });
}

/** The syntax trees without places. */
function syntaxOf(text: string): unknown {
  const { queries } = parseFile({ path: "a.gq", text });
  return JSON.parse(JSON.stringify(queries, (key, value) => {
    if (key === "start" || key === "end") return undefined;
    return typeof value === "bigint" ? `${value}n` : value;
  }));
}
