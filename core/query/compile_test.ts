import assert from "node:assert/strict";
import fc from "fast-check";
import { GARDEN } from "../../tests/support/garden_schema.ts";
import { must } from "../base/assert.ts";
import { renderDiagnostic } from "../base/report.ts";
import { AppError } from "../errors.ts";
import { acceptSchema } from "../schema/accept.ts";
import type { Cell, ValueType } from "../schema/value_type.ts";
import { compileFile, compileQuery } from "./compile.ts";
import type { Clause, Projection, TypedMutation, TypedRead } from "./typed.ts";

const PARAMS = "($s: String, $i: I32, $f: F64?, $v: Vector(3))";

function read(match: string, rest = "return { $p }"): TypedRead {
  const text = `query q${PARAMS} { match { ${match} } ${rest} }`;
  const query = compileQuery(GARDEN, { path: "t.gq", text });
  assert.equal(query.kind, "read");
  return query as TypedRead;
}

function mutation(statement: string): TypedMutation {
  const query = compileQuery(GARDEN, { path: "t.gq", text: `query q${PARAMS} { ${statement} }` });
  assert.equal(query.kind, "mutation");
  return query as TypedMutation;
}

function expectAppError(code: string, fragment: string, run: () => unknown): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, code);
    assert.ok(error.message.includes(fragment), `${error.message} should contain ${fragment}`);
    return true;
  });
}

/** The right operand of the filter `left = literal`. */
function literalBeside(left: string, literal: string): { value: Cell; type: ValueType } {
  const clause = read(`$p: Plant ${left} = ${literal}`).clauses[1]!;
  assert.ok(clause.kind === "filter" && clause.right.kind === "literal");
  return { value: clause.right.value, type: clause.right.type };
}

Deno.test("compileFile() gives the good queries, all names and every mistake", () => {
  const text = `query a() { match { $p: Plant } return { $p } }
    query b() { match { $p: } return { $p } }
    query c() { match { $p: Plnt $q: Plnt } return { $p } }
    query a() { delete Label where text = "x" }`;
  const { queries, declared, diagnostics } = compileFile(GARDEN, { path: "t.gq", text });
  assert.deepEqual(queries.map(({ name, kind }) => [name, kind]), [["a", "read"], ["a", "mutation"]]);
  assert.deepEqual(declared, ["a", "b", "c", "a"]);
  assert.deepEqual(diagnostics.map(({ code }) => code), ["Q000", "T1", "T1"]);
});

Deno.test("compileFile() reports each broken rule of a query once, and no echo of it", () => {
  const messages = (text: string) =>
    compileFile(GARDEN, { path: "t.gq", text }).diagnostics.map(({ code, span }) =>
      `${code} ${text.slice(span!.start, span!.end)}`
    );
  const head = "query q($n: Int, $s: String)";
  assert.deepEqual(
    messages(
      `${head} { match { $p: Plnt { label: $n } $p growsIn $b $b.row = $n $c: Bed { rwo: 1, side: $x } $c.row > "a" }
      return { $p.label as l, $c.hight as h, max($c.side) } order { l, h, $p.height, nowhere } }`,
    ),
    ["type_error Int", "T1 Plnt", "T2 rwo", "T6 $x", 'T7 $c.row > "a"', "T6 hight"],
  );
  assert.deepEqual(
    messages(
      `${head} { match { $p: Plant not { $p grwsIn $b $b: Bed } } return { $p.lable, $q } order { $q.x } }`,
    ),
    ["type_error Int", "T4 grwsIn", "T6 lable", "type_error $q"],
  );
  assert.deepEqual(
    messages(`${head} { insert Plant { labl: $s, height: "x" } insert Bed { row: $n } insert Blt { } }`),
    ["Q000 }"],
  );
  assert.deepEqual(
    messages(
      `${head} { insert Plant { labl: $s, height: "x" } insert Bed { row: $n } update Plnt set { a: 1 } where b = 2 }`,
    ),
    ["type_error Int", "T11 labl", 'T3 "x"', "T12 Bed", "T10 Plnt"],
  );
});

Deno.test("compileQuery() chooses by name, or the only query", () => {
  const one = 'query a() { delete Label where text = "x" }';
  const source = (text: string) => ({ path: "t.gq", text });
  assert.equal(compileQuery(GARDEN, source(one)).name, "a");
  const twice =
    `${one} query b() { delete Label where text = "x" } query b() { match { $p: Plant } return { $p } }`;
  assert.equal(compileQuery(GARDEN, source(twice), "b").kind, "mutation");
  expectAppError("query_not_found", "query 'c' not found", () => compileQuery(GARDEN, source(twice), "c"));
  expectAppError("invalid_input", "multiple queries", () => compileQuery(GARDEN, source(twice)));
  expectAppError("invalid_input", "declares no query", () => compileQuery(GARDEN, source("")));
});

Deno.test("compileQuery() throws the first diagnostic with its place and hint", () => {
  const source = {
    path: "t.gq",
    text: "query a() { match { $p: Plnt } return { $p } }\nquery b() { match { } }",
  };
  expectAppError("parse_error", "parse error: expected at least one clause, found `}` at t.gq:2:21", () => {
    compileQuery(GARDEN, source, "a");
  });
  const good = { path: "t.gq", text: source.text.split("\n")[0]! };
  expectAppError(
    "type_error",
    "type error: T1: unknown node type `Plnt` at t.gq:1:25; did you mean `Plant`?",
    () => {
      compileQuery(GARDEN, good);
    },
  );
});

Deno.test("a query keeps its annotations and parameters", () => {
  const text = `query q($a: [I32]?, $b: Vector(2)) @instruction("how") @description("what") {
    match { $p: Plant } return { $p } }`;
  const query = compileQuery(GARDEN, { path: "t.gq", text });
  assert.deepEqual([query.description, query.instruction], ["what", "how"]);
  assert.deepEqual(query.params, [
    { name: "a", type: { kind: "list", item: "I32" }, nullable: true },
    { name: "b", type: { kind: "vector", dimensions: 2 }, nullable: false },
  ]);
});

Deno.test("traversals get their direction from the bound endpoint", () => {
  const direction = (match: string) => {
    const clause = read(match).clauses.find((one) => one.kind === "traverse");
    return clause?.kind === "traverse" ? clause.direction : undefined;
  };
  assert.equal(direction("$p: Plant $p growsIn $b"), "out");
  assert.equal(direction("$p: Plant $b growsIn $p"), "in");
  assert.equal(direction("$p: Bed $p growsIn $b"), "in");
  assert.equal(direction("$p: Bed $b growsIn $p"), "out");
  assert.equal(direction("$p growsIn $b"), "out");
  assert.equal(direction("$p: Plant $b grafted $p"), "out");
  assert.equal(direction("$p: Plant $p <grafted> $b"), "both");
  assert.equal(direction("$p: Plant $p gROWSiN $b"), "out");
});

Deno.test("the same inference holds inside not", () => {
  const clause = read("$p: Bed not { $p growsIn $_ }").clauses[1]!;
  assert.deepEqual(clause.kind === "not" && clause.clauses[0], {
    kind: "traverse",
    left: 0,
    right: 1,
    edge: "GrowsIn",
    direction: "in",
    min: 1,
    max: 1,
    edgeVariable: null,
  });
});

Deno.test("hop bounds over a cross-type edge stop at one hop", () => {
  const bounds = (match: string) => {
    const clause = read(match).clauses[1]!;
    return clause.kind === "traverse" ? [clause.min, clause.max] : [];
  };
  assert.deepEqual(bounds("$p: Plant $p growsIn{1,3} $b"), [1, 1]);
  assert.deepEqual(bounds("$p: Plant $p growsIn{2,3} $b"), [2, 1]);
  assert.deepEqual(bounds("$p: Plant $p grafted{2,3} $b"), [2, 3]);
});

Deno.test("variables are numbered once; those of not blocks are not part of the row", () => {
  const query = read(
    "$p: Plant $p $g:grafted $_ not { $p growsIn $b } $p growsIn $b $p: Plant { height: 3 }",
  );
  assert.deepEqual(query.variables.map(({ name, kind, typeName }) => [name, kind, typeName]), [
    ["p", "node", "Plant"],
    ["_#1", "node", "Plant"],
    ["g", "edge", "Grafted"],
    ["b", "node", "Bed"],
    ["b", "node", "Bed"],
  ]);
  assert.ok(query.variables.every(({ id }, index) => id === index));
  assert.deepEqual(query.outer, [0, 1, 2, 4]);
});

Deno.test("inline scalars beside a list property mean membership", () => {
  const { clauses } = read('$p: Plant { tags: "a", yields: 3, label: $s }');
  assert.deepEqual((clauses[0] as Clause & { kind: "node" }).matches, [
    { property: "tags", op: "contains", value: { kind: "literal", value: "a", type: scalar("String") } },
    { property: "yields", op: "contains", value: { kind: "literal", value: 3, type: scalar("I32") } },
    { property: "label", op: "=", value: { kind: "param", name: "s", type: scalar("String") } },
  ]);
});

Deno.test("compared literals take the property's type where it has their value exactly", () => {
  assert.deepEqual(literalBeside("$p.height", "3"), { value: 3, type: scalar("I32") });
  assert.deepEqual(literalBeside("$p.height", "3.0"), { value: 3, type: scalar("I32") });
  assert.deepEqual(literalBeside("$p.height", "2.7"), { value: 2.7, type: scalar("F64") });
  assert.deepEqual(literalBeside("$p.height", "3000000000"), { value: 3000000000n, type: scalar("I64") });
  assert.deepEqual(literalBeside("$p.seeds", "9007199254740993"), {
    value: 9007199254740993n,
    type: scalar("I64"),
  });
  assert.deepEqual(literalBeside("$p.acidity", "7"), { value: 7, type: scalar("F64") });
  assert.deepEqual(literalBeside("$p.acidity", "9007199254740993"), {
    value: 9007199254740993n,
    type: scalar("I64"),
  });
  assert.deepEqual(literalBeside("$p.weight", "0.1"), { value: Math.fround(0.1), type: scalar("F32") });
  assert.deepEqual(literalBeside("$p.planted", 'date("2024-05-01")'), { value: 19844, type: scalar("Date") });
  assert.deepEqual(literalBeside("$p.watered", 'datetime("1970-01-01 00:00:01")'), {
    value: 1000,
    type: scalar("DateTime"),
  });
  assert.deepEqual(literalBeside("$i", "3"), { value: 3n, type: scalar("I64") });
});

Deno.test("assigned literals become cells of the property's type", () => {
  const [statement] =
    mutation(`insert Plant { label: "a", height: 3, seeds: 4, weight: 0.1, acidity: 5, rare: true,
    planted: date("2024-05-01"), watered: now(), yields: [1, 2], scent: [1, 2.5, 3], photo: "base64:AA==" }`)
      .statements;
  assert.ok(statement?.kind === "insert");
  const values = Object.fromEntries(statement.assignments.map(({ property, value }) => [
    property,
    value.kind === "literal" ? value.value : value.kind,
  ]));
  assert.deepEqual(values, {
    label: "a",
    height: 3,
    seeds: 4n,
    weight: Math.fround(0.1),
    acidity: 5,
    rare: true,
    planted: 19844,
    watered: "now",
    yields: [1, 2],
    scent: new Float32Array([1, 2.5, 3]),
    photo: "base64:AA==",
  });
});

Deno.test("columns are named by alias or expression", () => {
  const columns = (returns: string, match = "$p: Plant $p $g:growsIn $b") =>
    read(match, `return { ${returns} }`).projections.map(({ column, label }) => `${column}/${label}`);
  assert.deepEqual(columns("$p.label, $g.since, $p, $s, 3, now(), $p.height as h, h"), [
    "p.label/label",
    "g.since/since",
    "p/p",
    "s/s",
    "literal/literal",
    "now/now",
    "h/h",
    "h/h",
  ]);
  assert.deepEqual(columns('search($p.label, "a"), bm25($p.notes, "a"), nearest($p.scent, $v)'), [
    "search/search",
    "bm25/bm25",
    "nearest/nearest",
  ]);
  assert.deepEqual(columns("$p.label as l, count($b), avg($p.height)"), ["l/l", "b/count", "p.height/avg"]);
});

Deno.test("columns have types and know whether they can be null", () => {
  const typed = (returns: string) =>
    read("$p: Plant", `return { ${returns} }`).projections.map(({ type, nullable }: Projection) =>
      `${type.kind === "scalar" ? type.scalar : type.kind}${nullable ? "?" : ""}`
    );
  assert.deepEqual(typed("$p.label, $p.height, $p, $s, $f, 1, 2.5, $p.tags, $p.scent"), [
    "String",
    "I32?",
    "String",
    "String",
    "F64?",
    "I64",
    "F64",
    "list?",
    "vector?",
  ]);
  assert.deepEqual(typed("count($p), sum($p.height), min($p.weight), max($p.label)"), [
    "I64?",
    "F64?",
    "F32?",
    "String?",
  ]);
});

Deno.test("order keys of aggregate queries are columns", () => {
  const query = read("$p: Plant", "return { $p.label, count($p) as n } order { n desc, $p.label } limit 3");
  assert.equal(query.aggregate, true);
  assert.deepEqual(query.order, [
    { by: { kind: "column", index: 1 }, descending: true },
    { by: { kind: "column", index: 0 }, descending: false },
  ]);
  assert.equal(query.limit, 3);
});

Deno.test("an aggregate of an alias sees the aliased expression", () => {
  const [, total] = read("$p: Plant", "return { $p.height as h, sum(h) as total }").projections;
  assert.ok(total?.expr.kind === "aggregate");
  assert.equal(total.expr.arg.kind, "property");
});

Deno.test("`search(…) = true` is the clause `search(…)`", () => {
  const short = read('$p: Plant search($p.label, "a")').clauses[1];
  assert.deepEqual(read('$p: Plant true = search($p.label, "a")').clauses[1], short);
  assert.equal(short?.kind, "search");
});

Deno.test("a name that is both a node and an edge type means the node in mutations", () => {
  const [statement] = mutation('delete Label where text = "x"').statements;
  assert.equal(statement?.kind === "delete" && statement.target, "node");
});

Deno.test("edge predicates may name an endpoint", () => {
  const [statement] = mutation("delete GrowsIn where from = $s").statements;
  assert.deepEqual(statement, {
    kind: "delete",
    target: "edge",
    typeName: "GrowsIn",
    where: { property: "from", op: "=", value: { kind: "param", name: "s", type: scalar("String") } },
  });
});

Deno.test("every query of the example repositories compiles", () => {
  const examples = new URL("../../../shared/examples/", import.meta.url);
  for (const repository of ["industry-intel", "pharma-intel"]) {
    const folder = new URL(`${repository}/`, examples);
    let files: Deno.DirEntry[];
    try {
      files = [...Deno.readDirSync(new URL("queries/", folder))];
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      console.warn(`SKIPPED: the example repository ${repository} is not here`);
      continue;
    }
    const schema = { path: "schema.pg", text: Deno.readTextFileSync(new URL("schema.pg", folder)) };
    const { catalog } = acceptSchema(schema, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B" });
    const sources = files.map(({ name }) => ({
      path: name,
      text: Deno.readTextFileSync(new URL(`queries/${name}`, folder)),
    }));
    const compiled = sources.map((source) => compileFile(catalog, source));
    assert.deepEqual(compiled.flatMap(({ diagnostics }) => diagnostics).map(renderDiagnostic), []);
    assert.ok(compiled.reduce((sum, { queries }) => sum + queries.length, 0) > 70);
  }
});

Deno.test("damaged queries end in queries or rendered diagnostics", () => {
  const valid =
    `query q($s: String, $v: Vector(3)) { match { $p: Plant { light: "sun", tags: $s } $p $g:growsIn $b
    $p <grafted>{1,2} $x not { $x growsIn $b } $g.since >= date("2020-01-01") search($p.notes, $s) }
    return { $p.label as l, count($x) as n, $b } order { n desc, $p.label } limit 3 }
    query m($s: String) { insert Plant { label: $s, yields: [1, 2] } insert GrowsIn { from: $s, to: "x" } }`;
  const words = valid.match(/\$?\w+|\S/g) ?? [];
  const damage = fc.array(fc.tuple(fc.nat(valid.length), fc.nat(6), fc.constantFrom(...words, "")), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(damage, (edits) => {
      let text = valid;
      for (const [at, width, insert] of edits) text = text.slice(0, at) + insert + text.slice(at + width);
      const { queries, declared, diagnostics } = compileFile(GARDEN, { path: "t.gq", text });
      assert.ok(queries.length + diagnostics.length >= Math.min(1, declared.length));
      for (const diagnostic of diagnostics) {
        const span = must(diagnostic.span, "has a span");
        assert.ok(span.start <= span.end && span.end <= text.length);
        assert.ok(renderDiagnostic(diagnostic).includes("t.gq:"));
      }
    }),
    { numRuns: 2000 },
  );
});

function scalar(name: "String" | "I32" | "I64" | "F32" | "F64" | "Date" | "DateTime"): ValueType {
  return { kind: "scalar", scalar: name, enumValues: null };
}
