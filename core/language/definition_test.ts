import assert from "node:assert/strict";
import { markedQueries, markedSchema } from "../../tests/support/marked_text.ts";
import { definitionAt } from "./definition.ts";

/** Path and line of the definition, with the defined word in brackets. */
function shown({ document, offset }: ReturnType<typeof markedQueries>): string | null {
  const place = definitionAt(document, offset);
  if (place === null) return null;
  const { source: { path, text }, start, end } = place;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const lineEnd = text.indexOf("\n", end) === -1 ? text.length : text.indexOf("\n", end);
  const line = `${text.slice(lineStart, start)}[${text.slice(start, end)}]${text.slice(end, lineEnd)}`;
  return `${path}: ${line.trim()}`;
}

const inQueries = (text: string) => shown(markedQueries(text));
const inSchema = (text: string) => shown(markedSchema(text));

Deno.test("definitionAt() leads from a query into the schema", () => {
  assert.equal(inQueries("query q() { match { $p: Pl|ant } }"), "garden.pg: node [Plant] {");
  assert.equal(
    inQueries("query q() { match { $p grafted| $q } }"),
    "garden.pg: edge [Grafted]: Plant -> Plant { on: DateTime? }",
  );
  assert.equal(
    inQueries("query q() { match { $p: Plant } return { $p.|rare } }"),
    "garden.pg: [rare]: Bool?",
  );
  assert.equal(
    inQueries('query q() { delete Tends where to| = "x" }'),
    "garden.pg: edge Tends: Gardener -> [Bed] { hours: F64 }",
  );
});

Deno.test("definitionAt() finds parameters, variables and columns in their query", () => {
  assert.equal(
    inQueries("query q($h: I32) {\nmatch { $p: Plant { height: $h| } }\n}"),
    "a.gq: query q([$h]: I32) {",
  );
  assert.equal(
    inQueries("query q() {\nmatch {\n$p: Plant\nnot { $|p growsIn $b } } }"),
    "a.gq: [$p]: Plant",
  );
  assert.equal(
    inQueries("query q() { match { $p: Plant }\nreturn { count($p) as n }\norder { n| } }"),
    "a.gq: return { count($p) as [n] }",
  );
});

Deno.test("definitionAt() finds types, interfaces and properties within a schema", () => {
  assert.equal(inSchema("node A { a: I32 }\nedge E: A -> |A"), "a.pg: node [A] { a: I32 }");
  assert.equal(inSchema("interface I { a: I32 }\nnode A implements I| {}"), "a.pg: interface [I] { a: I32 }");
  assert.equal(
    inSchema("interface I { a: I32 }\nnode A implements I { @key(|a) }"),
    "a.pg: interface I { [a]: I32 }",
  );
  assert.equal(
    inSchema("node A {}\nedge E: A -> A { @unique(d|st) }"),
    "a.pg: edge E: A -> [A] { @unique(dst) }",
  );
});

Deno.test("definitionAt() works in a schema with errors and leads nowhere from unknown words", () => {
  assert.equal(inSchema("node A { a I32 }\nnode B { b: }\nedge E: A -> |B"), "a.pg: node [B] { b: }");
  assert.equal(inSchema("node A {}\nedge E: A -> |C"), null);
  assert.equal(inSchema("node A { a: |I32 }"), null);
});
