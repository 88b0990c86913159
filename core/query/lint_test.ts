/** Lint by its rules (checklist lines 18, 31 and 35 to 38 of the query language), and golden reports. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { GARDEN } from "../../tests/support/garden_schema.ts";
import { damages, layouts } from "../../tests/support/messy_text.ts";
import { randomMutation } from "../../tests/support/random_mutation.ts";
import { randomProgram } from "../../tests/support/random_program.ts";
import { Tape } from "../../tests/support/random_schema.ts";
import { acceptSchema } from "../schema/accept.ts";
import { compileFile } from "./compile.ts";
import { lintFile, type LintReport } from "./lint.ts";
import { formatQueries } from "./printer.ts";

const WARD = `
node Bed { number: I32 @key  ward: String  tags: [String]?  note: String?  vector: Vector(2)? @embed("note") }
node Nurse { badge: String @key  name: String?  beds: I64? }
edge Cares: Nurse -> Bed
edge Beside: Bed -> Bed
edge Trained: Nurse -> Nurse
`;

Deno.test("query-language 36: lintFile() reports reads, mutations, errors and warnings (golden)", async (t) => {
  await t.assertSnapshot(golden(`
query beds($ward: String) { match { $b: Bed { ward: $ward } } return { $b.tags } }
query wipe() { delete Bde where number = 3 }
query name($badge: String, $name: String) { update Nurse set { name: $name } where badge = $badge }
query close_all() { update Bed set { ward: "closed" } where number >= 0 }
query mixed($n: I32) { insert Nurse { badge: "a" } delete Bed where number = $n }
query late($n: I32) { match { $b: Bed { number: $n } not { $_ caers $b } } return { $b.ward } }
`));
});

Deno.test("query-language 36: lintFile() turns a syntax error into one Q000 finding and no results (golden)", async (t) => {
  await t.assertSnapshot(golden(`
query fine() { match { $b: Bed } return { $b } }
query cold() { match { $b: Bed $b.number > -1 } return { $b } }
query worse() { match { } }
`));
});

Deno.test("query-language 36: lintFile() leaves out what is empty and warns of a file without queries", () => {
  assert.deepEqual(lint("// nothing yet"), {
    status: "ok",
    schema_source: { kind: "file", path: "ward.pg" },
    query_path: "ward.gq",
    queries_processed: 0,
    errors: 0,
    warnings: 1,
    infos: 0,
    results: [],
    findings: [{ severity: "warning", code: "L101", message: "the file declares no query" }],
  });
  const [result] = lint("query q($n: I32) { delete Bed where number = $n }").results;
  assert.deepEqual(Object.keys(result!), ["name", "kind", "status", "operation"]);
});

Deno.test("the members of a report come in the order of the contract", () => {
  const report = lint("query q() { delete Bde where number = 3 }\nquery r() { delete Bed where number = 3 }");
  assert.deepEqual(report.results.map((result) => Object.keys(result)), [
    ["name", "kind", "status", "warnings", "error"],
    ["name", "kind", "status", "warnings", "operation"],
  ]);
});

Deno.test("every mutation without parameters is warned about, failed ones too, and no read is", () => {
  const { results, warnings } = lint(`
query a() { delete Bed where number = 3 }
query b() { delete Bde where number = 3 }
query c() { match { $b: Bed } return { $b } }
query d($n: I32) { delete Bed where number = $n }`);
  assert.deepEqual(results.map((result) => result.warnings?.length ?? 0), [1, 1, 0, 0]);
  assert.match(results[0]!.warnings![0]!, /^mutation declares no params/);
  assert.equal(warnings, 2);
});

Deno.test("query-language 36: L201 is sorted by type and property and names the updates of the type", () => {
  const { findings, status, warnings } = lint(`
query z($b: String) { update Nurse set { name: "x" } where badge = $b }
query y($n: I32) { update Bed set { ward: "w" } where number = $n  update Bed set { ward: "v" } where number = 1 }
query a($n: I32) { update Bed set { ward: "w" } where number = $n }`);
  assert.deepEqual(findings, [
    finding("Bed", "note", ["a", "y"]),
    finding("Bed", "tags", ["a", "y"]),
    finding("Nurse", "beds", ["z"]),
  ]);
  assert.deepEqual([status, warnings], ["ok", 3]);

  function finding(type_name: string, property: string, query_names: string[]) {
    const message = `${type_name}.${property} exists in schema but no update query sets it`;
    return { severity: "warning", code: "L201", message, type_name, property, query_names };
  }
});

Deno.test("L201 needs a valid update: inserts, and updates that fail, count for nothing", () => {
  const insert = 'query a($n: I32) { insert Bed { number: $n, ward: "w" } }';
  const failed = "query b($n: I32) { update Bed set { number: 1 } where number = $n }";
  assert.deepEqual(lint(`${insert}\n${failed}`).findings, []);
  const valid = 'query c($n: I32) { update Bed set { note: "x" } where number = $n }';
  const { findings } = lint(`${failed}\n${valid}`);
  assert.deepEqual(findings.map((one) => [one.property, one.query_names]), [["tags", ["c"]]]);
});

Deno.test("query-language 18: lint names columns without their variable, unlike row keys", () => {
  const text = `query q($n: I32, $v: Vector(2)) {
    match { $b: Bed search($b.note, "x") }
    return { $b.ward, $b, $n, $v, 7, now(), $b.number as n, n as m, search($b.note, "x"), bm25($b.note, "x"), $b as bed, bed as whole,
      nearest($b.vector, $v), $b.tags, $b.vector, [1, 2] as list, date("2024-01-01") as day }
    limit 3 }`;
  const column = (name: string, kind: string, nullable = false, more = {}) => ({
    name,
    kind,
    ...more,
    nullable,
  });
  assert.deepEqual(operationOf(text).result, [
    column("ward", "string"),
    column("b", "object"),
    column("n", "int"),
    column("v", "vector", false, { vector_dim: 2 }),
    column("literal", "bigint"),
    column("now", "datetime"),
    column("n", "int"),
    column("m", "int"),
    column("search", "bool"),
    column("bm25", "float"),
    column("bed", "object"),
    column("whole", "object"),
    column("nearest", "float", true),
    column("tags", "list", true, { item_kind: "string" }),
    column("vector", "vector", true, { vector_dim: 2 }),
    column("list", "list", false, { item_kind: "bigint" }),
    column("day", "date"),
  ]);
  const { queries } = compileFile(WARD_CATALOG, { path: "ward.gq", text });
  assert.equal(queries[0]?.kind === "read" && queries[0].projections[0]?.column, "b.ward");
});

Deno.test("lint names aggregates by their function and calls them nullable", () => {
  const text =
    "query q() { match { $n: Nurse } return { $n.badge, count($n), sum($n.beds), max($n.name) as last } }";
  assert.deepEqual(operationOf(text).result, [
    { name: "badge", kind: "string", nullable: false },
    { name: "count", kind: "bigint", nullable: true },
    { name: "sum", kind: "float", nullable: true },
    { name: "last", kind: "string", nullable: true },
  ]);
});

Deno.test("a read reads bound types and walked edges with both ends, also inside `not`, and writes nothing", () => {
  const { reads, writes } = operationOf(
    "query q() { match { $b: Bed not { $b beside{1,2} $_ not { $n cares $b  $n $t:trained $_ } } } return { $b } }",
  );
  assert.deepEqual(reads, [node("Bed"), node("Nurse"), edge("Beside"), edge("Cares"), edge("Trained")]);
  assert.deepEqual(writes, []);
  assert.deepEqual(operationOf("query q() { match { $_ cares $_ } return { 1 } }").reads, [
    node("Bed"),
    node("Nurse"),
    edge("Cares"),
  ]);
});

Deno.test("query-language 37: a node delete reads and writes every incident edge type, nodes first", () => {
  const { result, reads, writes } = operationOf("query q($n: I32) { delete Bed where number = $n }");
  assert.deepEqual(result, []);
  assert.deepEqual(reads, [node("Bed"), edge("Beside"), edge("Cares")]);
  assert.deepEqual(writes, reads);
});

Deno.test("inserts, updates and edge deletes touch their target; an edge insert also reads its end types", () => {
  const insert = operationOf(
    'query q($b: String) { insert Cares { from: $b, to: "3" } insert Nurse { badge: $b } }',
  );
  assert.deepEqual(insert.reads, [node("Bed"), node("Nurse"), edge("Cares")]);
  assert.deepEqual(insert.writes, [node("Nurse"), edge("Cares")]);
  const update = operationOf('query q($b: String) { update Nurse set { name: "x" } where badge = $b }');
  assert.deepEqual([update.reads, update.writes], [[node("Nurse")], [node("Nurse")]]);
  const remove = operationOf("query q($b: String) { delete Cares where from = $b }");
  assert.deepEqual([remove.reads, remove.writes], [[edge("Cares")], [edge("Cares")]]);
});

Deno.test("query-language 38: a mutation of a name that is node and edge touches the node", () => {
  const { results } = lintFile(GARDEN, {
    path: "g.gq",
    text: "query q($t: String) { delete Label where text = $t }",
  }, {
    kind: "graph",
    uri: "file:///g.omni",
  });
  assert.deepEqual(results[0]?.operation?.writes, [node("Label")]);
});

Deno.test("lintFile() never throws, counts what it lists, and says the same of a formatted file", () => {
  const tape = fc.array(fc.nat(0xffff), { size: "max", maxLength: 100 });
  const files = fc.tuple(randomProgram(), tape, layouts(), damages(), fc.boolean());
  fc.assert(
    fc.property(files, ([{ schema, query }, numbers, layout, damage, isDamaged]) => {
      const { catalog } = acceptSchema({ path: "a.pg", text: schema }, { domain: "test" });
      const plain = layout(`${query} ${randomMutation(new Tape(numbers), catalog, "m")}`);
      const text = isDamaged ? damage(plain) : plain;
      const report = lintText(text);
      assert.equal(report.queries_processed, report.results.length);
      assert.equal(report.status === "error", report.errors > 0);
      if (!isDamaged) assert.equal(report.errors, 0);
      if (report.findings.some(({ code }) => code === "Q000")) {
        assert.deepEqual([report.results, report.errors, report.findings.length], [[], 1, 1]);
        return;
      }
      const formatted = lintText(formatQueries({ path: "a.gq", text }));
      assert.deepEqual(withoutPlaces(formatted), withoutPlaces(report));

      function lintText(source: string): LintReport {
        return lintFile(catalog, { path: "a.gq", text: source }, { kind: "file", path: "a.pg" });
      }
    }),
    { numRuns: 300 },
  );
});

const WARD_CATALOG = acceptSchema({ path: "ward.pg", text: WARD }, { domain: "test" }).catalog;

function lint(text: string): LintReport {
  return lintFile(WARD_CATALOG, { path: "ward.gq", text }, { kind: "file", path: "ward.pg" });
}

/** A report as JSON, because the order of its members is part of the contract. */
function golden(text: string): string {
  return JSON.stringify(lint(text), null, 2);
}

function operationOf(text: string) {
  const report = lint(text);
  assert.deepEqual(report.results.map(({ error }) => error), [undefined]);
  return report.results[0]!.operation!;
}

function node(type_name: string) {
  return { kind: "node", type_name };
}

function edge(type_name: string) {
  return { kind: "edge", type_name };
}

function withoutPlaces(report: LintReport): unknown {
  return JSON.parse(JSON.stringify(report).replaceAll(/a\.gq:\d+:\d+/g, "a.gq"));
}
