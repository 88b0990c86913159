import assert from "node:assert/strict";
import { compileRead } from "../../../tests/support/answers.ts";
import { catalogFrom } from "../../../tests/support/memory_view.ts";
import { planBlock } from "./block_plan.ts";
import { QueryTypes } from "./conditions.ts";
import type { Stage } from "./stages.ts";

const CATALOG = catalogFrom(`
  node Person { key: String @key  city: String  nick: String @unique }
  node Town { name: String @key  size: I32 }
  edge Knows: Person -> Person
  edge LivesIn: Person -> Town
`);
const ROWS: Readonly<Record<string, number>> = {
  "node:Person": 100_000,
  "node:Town": 100,
  "edge:Knows": 1_000_000,
  "edge:LivesIn": 100_000,
};

/** The steps of a match block in words. */
function steps(match: string, params = ""): string[] {
  const query = compileRead(CATALOG, `query q(${params}) { match { ${match} } return { 1 as one } }`);
  const types = new QueryTypes(query, CATALOG);
  const name = (variable: number) => query.variables[variable]!.name;
  const words = (stage: Stage): string => {
    switch (stage.kind) {
      case "scan":
      case "key":
        return `${stage.kind} ${name(stage.variable)}`;
      case "index":
        return `index ${name(stage.ref.variable)}`;
      case "filter":
        return `filter ${
          stage.conditions.flatMap(({ refs }) => refs.map(({ property }) => property)).join(" ")
        }`;
      case "expand":
      case "reach":
        return `${stage.kind} ${name(stage.from)} ${name(stage.to)}`;
      case "joined":
      case "reached":
        return `${stage.kind} ${name(stage.left)} ${name(stage.right)}`;
      case "product":
      case "not":
        return `${stage.kind} (${stage.stages.map(words).join(", ")})`;
    }
  };
  return planBlock(types, { rows: (table) => ROWS[table]! }, query.clauses, []).map(words);
}

Deno.test("a given key is looked up first, wherever it is written", () => {
  assert.deepEqual(steps(`$p: Person  $p livesIn $t  $t: Town { name: "x" }`), ["key t", "expand t p"]);
});

Deno.test("two given keys are joined by a test of the edge", () => {
  const both = `$a: Person { key: "a" }  $b: Person { key: "b" }`;
  assert.deepEqual(steps(`${both}  $a knows $b`), ["key a", "key b", "joined a b"]);
  assert.deepEqual(steps(`${both}  $a knows{1,3} $b`), ["key a", "key b", "reached a b"]);
});

Deno.test("without a key the most selective variable starts, and filters run as soon as they can", () => {
  assert.deepEqual(steps(`$p: Person  $p livesIn $t  $t.size > 5`), ["scan t", "filter size", "expand t p"]);
});

Deno.test("a unique property starts through its index", () => {
  assert.deepEqual(steps(`$p: Person { nick: $n }  $p knows $q`, "$n: String"), ["index p", "expand p q"]);
});

Deno.test("the narrower traversal is walked before the wider one", () => {
  assert.deepEqual(steps(`$p: Person { key: "a" }  $p knows $q  $p livesIn $t`), [
    "key p",
    "expand p t",
    "expand p q",
  ]);
});

Deno.test("a negation runs as soon as its outer variables have rows", () => {
  assert.deepEqual(
    steps(`$p: Person { key: "a" }  $p knows $q  not { $p livesIn $t  $t.size > 5 }`),
    ["key p", "not (expand p t, filter size)", "expand p q"],
  );
});

Deno.test("what nothing connects is planned on its own and multiplied in", () => {
  assert.deepEqual(
    steps(`$p: Person  $p livesIn $t  $t.size > 5  $u: Town  $v livesIn $u`),
    ["scan t", "filter size", "expand t p", "product (scan u, expand u v)"],
  );
});
