/** The acceptance checklist of the query language: what is returned, aggregated, ordered, and said by lint. */
import assert from "node:assert/strict";
import { join } from "@std/path";
import { withGraph } from "../support/acceptance_world.ts";
import { omnigraph, withTempDir } from "../support/process.ts";

const SCHEMA = `
node Person {
    name: String @key
    age: I32?
    team: String?
    born: Date?
    seen: DateTime?
    photo: Blob?
}
edge Knows: Person -> Person
`;

function person(name: string, more: Record<string, unknown> = {}): unknown {
  return { type: "Person", data: { name, ...more } };
}
function knows(from: string, to: string): unknown {
  return { edge: "Knows", from, to };
}

const AGES = [
  person("A", { age: 3 }),
  person("B", { age: 1 }),
  person("C"),
  person("D", { age: 3 }),
  person("E"),
];

Deno.test("query-language 18: row keys are `p.name`, `$p` returns the id under `p`, lint names the same column `name`", async () => {
  await withGraph(SCHEMA, [person("A")], async (world) => {
    const query = "{ match { $p: Person } return { $p.name, $p } }";
    assert.deepEqual(await world.rows(query), [{ "p.name": "A", p: "A" }]);
    const [result] = world.lint(query).results;
    assert.deepEqual(result?.operation?.result, [
      { name: "name", kind: "string", nullable: false },
      { name: "p", kind: "object", nullable: false },
    ]);
  });
});

Deno.test("query-language 19: aggregates over no rows, no values and Strings; `min` of a Date is T8", async () => {
  await withGraph(SCHEMA, [person("A"), person("B")], async (world) => {
    const nobody = "match { $p: Person { age: 9 } }";
    assert.deepEqual(await world.rows(`{ ${nobody} return { count($p) } }`), [{ p: 0 }]);
    assert.deepEqual(await world.rows(`{ ${nobody} return { $p.team, count($p) } }`), []);
    const all =
      "{ match { $p: Person } return { sum($p.age), avg($p.age) as a, min($p.name) as first, max($p.name) as last } }";
    assert.deepEqual(await world.rows(all), [{ "p.age": null, a: null, first: "A", last: "B" }]);
    await world.refused("type_error", "{ match { $p: Person } return { min($p.born) } }", [
      "T8: ",
      "min",
      "Date",
    ]);
  });
});

Deno.test("query-language 20: nulls come first ascending and last descending, ties by id, and a limit over ties repeats", async () => {
  await withGraph(SCHEMA, AGES.toReversed(), async (world) => {
    const by = (order: string) => world.values(`{ match { $p: Person } return { $p } order { ${order} }`);
    assert.deepEqual(await by("$p.age } "), ["C", "E", "B", "A", "D"]);
    assert.deepEqual(await by("$p.age desc } "), ["A", "D", "B", "C", "E"]);
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(await by("$p.age desc } limit 1 "), ["A"]);
      assert.deepEqual(await by("$p.age } limit 1 "), ["C"]);
    }
    await world.change('{ update Person set { age: 3 } where name = "C" }');
    assert.deepEqual(await by("$p.age desc } limit 2 "), ["A", "C"]);
  });
});

Deno.test("query-language 21: an aggregate query ordered by alias descending and limited is deterministic", async () => {
  const teams = ["red", "blue", "green", "red", "blue", "green", "black"];
  const lines = teams.map((team, i) => person(`p${i}`, { team }));
  for (const order of [lines, lines.toReversed()]) {
    await withGraph(SCHEMA, order, async (world) => {
      const query = "{ match { $p: Person } return { $p.team, count($p) as n } order { n desc } limit 2 }";
      for (let time = 0; time < 3; time++) {
        assert.deepEqual(await world.values(query), [["blue", 2], ["green", 2]]);
      }
    });
  }
});

Deno.test("query-language 36: lint leaves out what is empty, counts, sorts L201, answers a syntax error with Q000, and exits 1 on errors only", async () => {
  await withTempDir(async (folder) => {
    Deno.writeTextFileSync(join(folder, "s.pg"), SCHEMA);
    const lint = async (text: string) => {
      Deno.writeTextFileSync(join(folder, "q.gq"), text);
      const args = ["lint", "--schema", "s.pg", "--query", "q.gq", "--json"];
      const { code, stdout } = await omnigraph(args, { cwd: folder });
      return { code, report: JSON.parse(stdout) };
    };
    const warned = await lint('query q() { update Person set { age: 1 } where name = "A" }');
    assert.equal(warned.code, 0);
    const { results, findings, ...head } = warned.report;
    const schema_source = { kind: "file", path: "s.pg" };
    assert.deepEqual(head, {
      status: "ok",
      schema_source,
      query_path: "q.gq",
      queries_processed: 1,
      errors: 0,
      warnings: 5,
      infos: 0,
    });
    assert.deepEqual(Object.keys(results[0]), ["name", "kind", "status", "warnings", "operation"]);
    assert.match(results[0].warnings[0], /declares no params/);
    const member = (name: string) => findings.map((finding: Record<string, unknown>) => finding[name]);
    assert.deepEqual(member("code"), ["L201", "L201", "L201", "L201"]);
    assert.deepEqual(member("property"), ["born", "photo", "seen", "team"]);
    assert.deepEqual(findings[0], {
      severity: "warning",
      code: "L201",
      message: "Person.born exists in schema but no update query sets it",
      type_name: "Person",
      property: "born",
      query_names: ["q"],
    });

    const broken = await lint("query q() { match { $p: Person } return { $p.nme } }");
    assert.deepEqual([broken.code, broken.report.status, broken.report.errors], [1, "error", 1]);
    assert.deepEqual(Object.keys(broken.report.results[0]), ["name", "kind", "status", "error"]);
    assert.match(broken.report.results[0].error, /T6/);

    const syntax = await lint(
      "query fine() { match { $p: Person } return { $p } }\nquery q() { match { } return { 1 } }",
    );
    const { message, ...finding } = syntax.report.findings[0];
    assert.deepEqual(
      [syntax.code, syntax.report.queries_processed, syntax.report.results, syntax.report.errors],
      [1, 0, [], 1],
    );
    assert.deepEqual([syntax.report.findings.length, finding], [1, { severity: "error", code: "Q000" }]);
    assert.equal(typeof message, "string");

    const fine = await lint("query q() { match { $p: Person } return { $p } }");
    assert.deepEqual([fine.code, fine.report.status, fine.report.warnings], [0, "ok", 0]);
    assert.deepEqual(Object.keys(fine.report.results[0]), ["name", "kind", "status", "operation"]);
  });
});

Deno.test("query-language 39: `now()` is one instant in all places of a request, and works in a read filter", async () => {
  await withGraph(
    SCHEMA,
    [person("old", { seen: "2001-01-01T00:00:00Z" }), person("none")],
    async (world) => {
      await world.change(
        '{ insert Person { name: "new", seen: now() } update Person set { team: "same" } where seen = now() }',
      );
      await world.change('{ insert Person { name: "late", seen: datetime("2999-01-01T00:00:00Z") } }');
      const same =
        "{ match { $p: Person $p.seen < now() } return { $p, $p.team, now() as a, now() as b } order { $p.name } }";
      const rows = await world.rows(same);
      assert.deepEqual(rows.map((row) => [row["p"], row["p.team"]]), [["new", "same"], ["old", null]]);
      for (const row of rows) {
        assert.equal(row["a"], row["b"]);
        assert.match(String(row["a"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        assert.equal(row["a"], rows[0]!["a"]);
      }
      assert.deepEqual(await world.values("{ match { $p: Person $p.seen > now() } return { $p } }"), [
        "late",
      ]);
    },
  );
});

Deno.test("query-language 40: a Blob is T24 in return, order and count, T11 in `where`, T3 in match, and can be assigned", async () => {
  await withGraph(SCHEMA, [person("A"), knows("A", "A")], async (world) => {
    const read = (rest: string) => `{ match { $p: Person } ${rest} }`;
    for (
      const query of [
        read("return { $p.photo }"),
        read("return { $p } order { $p.photo }"),
        read("return { count($p.photo) }"),
      ]
    ) await world.refused("type_error", query, ["T24: ", "Blob"]);
    await world.refused("type_error", '{ delete Person where photo = "base64:AA==" }', [
      "T11: ",
      "Person.photo",
    ]);
    const matched = '{ match { $p: Person { photo: "base64:AA==" } } return { $p } }';
    await world.refused("type_error", matched, ["T3: ", "Person.photo"]);
    const literal = await world.change('{ insert Person { name: "B", photo: "base64:AA==" } }');
    assert.deepEqual([literal.affected_nodes, literal.commit === null], [1, false]);
    for (const type of ["String", "Blob"]) {
      const query = `($b: ${type}) { update Person set { photo: $b } where name = "A" }`;
      assert.equal((await world.change(query, { b: "base64:AQID" })).affected_nodes, 1);
    }
    assert.deepEqual(await world.values(read("return { $p } order { $p.name }")), ["A", "B"]);
  });
});
