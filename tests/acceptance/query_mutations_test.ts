/** The acceptance checklist of the query language: mutations. */
import assert from "node:assert/strict";
import { type AcceptanceWorld, withGraph } from "../support/acceptance_world.ts";

const SCHEMA = `
node Person { name: String @key  age: I32?  motto: String? }
node Note { text: String?  rank: I32? }
node Label { text: String @key }
edge Knows: Person -> Person { since: I32? }
edge Wrote: Person -> Note
edge Label: Person -> Label
`;

function person(name: string, more: Record<string, unknown> = {}): unknown {
  return { type: "Person", data: { name, ...more } };
}
function knows(from: string, to: string): unknown {
  return { edge: "Knows", from, to };
}

const PEOPLE = "{ match { $p: Person } return { $p, $p.age, $p.motto } order { $p.name } }";

/** Id of the newest commit of main. */
async function headOf({ graph }: AcceptanceWorld): Promise<string | undefined> {
  return (await graph.commits()).commits[0]?.graph_commit_id;
}

Deno.test("query-language 29: a keyed insert done twice is one row with the second values, unassigned properties null, one affected node", async () => {
  await withGraph(SCHEMA, [], async (world) => {
    await world.change('{ insert Person { name: "A", age: 3, motto: "first" } }');
    const second = await world.change('{ insert Person { name: "A", age: 4 } }');
    assert.deepEqual([second.affected_nodes, second.affected_edges], [1, 0]);
    assert.deepEqual(await world.values(PEOPLE), [["A", 4, null]]);
  });
});

Deno.test("query-language 30: a node and an edge to it are one commit; a failing second statement leaves nothing", async () => {
  await withGraph(SCHEMA, [person("A")], async (world) => {
    const before = (await world.graph.commits()).commits.length;
    const both = await world.change('{ insert Person { name: "B" } insert Knows { from: "A", to: "B" } }');
    assert.deepEqual([both.affected_nodes, both.affected_edges], [1, 1]);
    const { commits } = await world.graph.commits();
    assert.equal(commits.length, before + 1);
    assert.ok(commits.some(({ graph_commit_id }) => graph_commit_id === both.commit?.graph_commit_id));
    assert.deepEqual(await world.values("{ match { $a knows $b } return { $a, $b } }"), [["A", "B"]]);

    const failing = '{ insert Person { name: "C" } insert Knows { from: "C", to: "nobody" } }';
    await world.refused("constraint_violation", failing, ["nobody", "not found in Person"]);
    assert.equal((await world.graph.commits()).commits.length, before + 1);
    assert.deepEqual(await world.values("{ match { $p: Person } return { $p } order { $p.name } }"), [
      "A",
      "B",
    ]);
  });
});

Deno.test("query-language 31: chained updates match the values of the first; insert and delete in one query are refused by run and lint", async () => {
  await withGraph(SCHEMA, [person("A", { age: 1 }), person("B", { age: 2 })], async (world) => {
    const chained = "{ update Person set { age: 7 } where age = 1 " +
      'update Person set { motto: "seven" } where age = 7 update Person set { motto: "one" } where age = 1 }';
    assert.equal((await world.change(chained)).affected_nodes, 2);
    assert.deepEqual(await world.values(PEOPLE), [["A", 7, "seven"], ["B", 2, null]]);

    const head = await headOf(world);
    const mixed = '{ insert Person { name: "C" } delete Person where name = "A" }';
    await world.refused("type_error", mixed, ["mutation 'q'", "mixes inserts/updates and deletes"]);
    const { status, errors, results } = world.lint(mixed);
    assert.deepEqual([status, errors, results[0]?.status], ["error", 1, "error"]);
    assert.match(results[0]!.error!, /mutation 'q'.*mixes inserts\/updates and deletes/);
    assert.equal(await headOf(world), head);
  });
});

Deno.test("query-language 32: a node delete cascades both directions, overlapping deletes count rows once, null columns hide no rows", async () => {
  const lines = [
    person("A", { age: 1 }),
    person("B", { age: 1 }),
    person("C"),
    knows("A", "C"),
    knows("C", "A"),
    knows("A", "A"),
    knows("B", "C"),
    knows("C", "C"),
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    const overlapping =
      '{ delete Person where name = "A" delete Person where age = 1 delete Knows where from = "A" }';
    const { affected_nodes, affected_edges } = await world.change(overlapping);
    assert.deepEqual([affected_nodes, affected_edges], [2, 4]);
    assert.deepEqual(await world.values(PEOPLE), [["C", null, null]]);
    assert.deepEqual(await world.values("{ match { $a knows $b } return { $a, $b } }"), [["C", "C"]]);
  });
  await withGraph(SCHEMA, lines, async (world) => {
    const { affected_nodes, affected_edges } = await world.change(
      '{ delete Person where age = 1 delete Person where name = "C" delete Person where motto = "x" }',
    );
    assert.deepEqual([affected_nodes, affected_edges], [3, 5]);
    assert.deepEqual(await world.values(PEOPLE), []);
  });
});

Deno.test("query-language 33: an update of a key property, of an edge, or with a property assigned twice fails", async () => {
  await withGraph(SCHEMA, [person("A", { age: 1 })], async (world) => {
    const head = await headOf(world);
    const key = '{ update Person set { name: "B" } where name = "A" }';
    await world.refused("type_error", key, ["cannot update @key property 'name'"]);
    const edge = "{ update Knows set { since: 1 } where since = 2 }";
    await world.refused("type_error", edge, ["T16: ", "Knows: Person -> Person"]);
    const twice = '{ update Person set { age: 1, age: 2 } where name = "A" }';
    await world.refused("type_error", twice, ["T13: ", "Person.age"]);
    assert.equal(await headOf(world), head);
    assert.deepEqual(await world.values(PEOPLE), [["A", 1, null]]);
  });
});

Deno.test("query-language 34: an update of no row succeeds and makes no commit", async () => {
  await withGraph(SCHEMA, [person("A")], async (world) => {
    const head = await headOf(world);
    for (const where of ['name = "Z"', "age != 5"]) {
      const { affected_nodes, affected_edges, commit } = await world.change(
        `{ update Person set { age: 1 } where ${where} }`,
      );
      assert.deepEqual([affected_nodes, affected_edges, commit], [0, 0, null]);
    }
    assert.equal(await headOf(world), head);
  });
});

Deno.test("query-language 37: the operation of a node delete lists all incident edge types in reads and writes, nodes first, and the run cascades to them", async () => {
  const lines = [
    person("A"),
    person("B"),
    { type: "Note", data: { id: "n" } },
    { type: "Label", data: { text: "l" } },
    knows("B", "A"),
    { edge: "Wrote", from: "A", to: "n" },
    { edge: "Label", from: "A", to: "l" },
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    const remove = '{ delete Person where name = "A" }';
    const operation = world.lint(remove).results[0]?.operation;
    const expected = [
      { kind: "node", type_name: "Person" },
      { kind: "edge", type_name: "Knows" },
      { kind: "edge", type_name: "Label" },
      { kind: "edge", type_name: "Wrote" },
    ];
    assert.deepEqual(operation, { result: [], reads: expected, writes: expected });
    const { affected_nodes, affected_edges } = await world.change(remove);
    assert.deepEqual([affected_nodes, affected_edges], [1, 3]);
  });
});

Deno.test("query-language 38: a mutation of a name that is both node and edge type targets the node", async () => {
  await withGraph(SCHEMA, [person("A")], async (world) => {
    const inserted = await world.change('{ insert Label { text: "x" } }');
    assert.deepEqual([inserted.affected_nodes, inserted.affected_edges], [1, 0]);
    assert.deepEqual(await world.values("{ match { $l: Label } return { $l } }"), ["x"]);
    await world.refused("type_error", '{ insert Label { from: "A", to: "x" } }', ["T11: ", "`from`"]);
    const deleted = await world.change('{ delete Label where text = "x" }');
    assert.deepEqual([deleted.affected_nodes, deleted.affected_edges], [1, 0]);
  });
});
