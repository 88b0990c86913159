/** Values, ids and constraints of the schema language, from loaded lines to JSON rows. */
import assert from "node:assert/strict";
import { type AcceptanceWorld, withGraph } from "../support/acceptance_world.ts";
import { rejection } from "../support/embedded_graphs.ts";

const VALUES =
  "node Thing {\n  slug: String @key\n  u: U64?\n  i: I64?\n  n: I32?\n  d: Date?\n  v: Vector(3)?\n}\n";

/** A line as text, so that digits stay as they are written. */
function thing(slug: string, values: string): string {
  return `{"type":"Thing","data":{"slug":"${slug}",${values}}}`;
}

async function load({ graph }: AcceptanceWorld, lines: readonly unknown[]): Promise<void> {
  const texts = lines.map((line) => typeof line === "string" ? line : JSON.stringify(line));
  await graph.load({ data: new TextEncoder().encode(texts.join("\n")), mode: "merge" });
}

/** Asserts that a load is refused with a message that holds the fragments, and that nothing was loaded. */
async function refusedLoad(world: AcceptanceWorld, line: unknown, ...fragments: string[]): Promise<void> {
  const before = await world.graph.commits();
  const { code, message } = await rejection(load(world, [line]));
  assert.ok(["batch_error", "constraint_violation"].includes(code), code);
  for (const fragment of fragments) {
    assert.ok(message.includes(fragment), `${message} should contain ${fragment}`);
  }
  assert.deepEqual(await world.graph.commits(), before);
}

Deno.test("schema-language 14: U64 18446744073709551615 and I64 9007199254740993 come back digit by digit", async () => {
  const lines = [
    thing("most", '"u":18446744073709551615,"i":9223372036854775807'),
    thing("odd", '"u":9007199254740993,"i":9007199254740993'),
    thing("least", '"u":0,"i":-9223372036854775808'),
  ];
  await withGraph(VALUES, lines, async (world) => {
    const { rows } = await world.graph.query({
      source: "query q() { match { $t: Thing } return { $t.u as u, $t.i as i } order { $t.slug } }",
    });
    assert.deepEqual(rows.toJsonText().match(/-?\d+/g), [
      "0",
      "-9223372036854775808",
      "18446744073709551615",
      "9223372036854775807",
      "9007199254740993",
      "9007199254740993",
    ]);
    const source = "($i: I64) { match { $t: Thing { i: $i } } return { $t } }";
    assert.deepEqual(await world.values(source, { i: 9007199254740993n }), ["odd"]);
    assert.deepEqual(await world.values(source, { i: 9007199254740992n }), []);
  });
});

Deno.test('schema-language 15: I32 refuses `3.0`, `"3"` and 2147483648, naming property and type', async () => {
  await withGraph(VALUES, [thing("a", '"n":2147483647'), thing("b", '"n":-2147483648')], async (world) => {
    for (const token of ["3.0", '"3"']) {
      await refusedLoad(world, thing("c", `"n":${token}`), "property 'n' expects Int32", "line 1");
    }
    for (const token of ["2147483648", "-2147483649"]) {
      await refusedLoad(world, thing("c", `"n":${token}`), "exceeds Int32 range", "'n'");
    }
    assert.deepEqual(await world.values("{ match { $t: Thing } return { $t.n } order { $t.n } }"), [
      -2147483648,
      2147483647,
    ]);
  });
});

Deno.test("schema-language 17: a Date given as 19844 and as `2024-05-01` is the same value", async () => {
  const lines = [
    thing("days", '"d":19844'),
    thing("stamp", '"d":"2024-05-01T21:30:00-02:00"'),
    thing("text", '"d":"2024-05-01"'),
  ];
  await withGraph(VALUES, lines, async (world) => {
    const shown = await world.values("{ match { $t: Thing } return { $t.slug, $t.d } order { $t.slug } }");
    assert.deepEqual(shown, ["days", "stamp", "text"].map((slug) => [slug, "2024-05-01"]));
    const same = '{ match { $t: Thing { d: date("2024-05-01") } } return { count($t) as n } }';
    assert.deepEqual(await world.values(same), [3]);
  });
});

Deno.test("schema-language 18: vectors with null, text or another length are refused", async () => {
  await withGraph(VALUES, [thing("a", '"v":[1,0.5,-2]')], async (world) => {
    for (const items of ["1,null,3", '1,"2",3', "1,[2],3"]) {
      await refusedLoad(world, thing("b", `"v":[${items}]`), "must be numeric", "line 1");
    }
    for (const [items, count] of [["1,2", 2], ["1,2,3,4", 4], ["", 0]] as const) {
      await refusedLoad(world, thing("b", `"v":[${items}]`), `expects 3 dimensions, got ${count}`);
    }
    assert.deepEqual(await world.values("{ match { $t: Thing } return { $t.v } }"), [[1, 0.5, -2]]);
  });
});

const SHOP = `node Item {
  code: String @key
  shelf: String? @unique
  day: Date?
  @unique(day, code)
}
node Order { total: I32? }
edge Holds: Order -> Item @card(1..) { note: String? }
`;

Deno.test("schema-language 21: a keyed node refuses another id; edges get ULIDs unless an id is given", async () => {
  const item = { type: "Item", data: { code: "a" } };
  const order = { type: "Order", data: { id: "first", total: 1 } };
  const holds = { edge: "Holds", from: "first", to: "a" };
  await withGraph(SHOP, [item, order, holds, { ...holds, data: { id: "mine" } }], async (world) => {
    await refusedLoad(
      world,
      { type: "Item", data: { id: "b", code: "c" } },
      "does not match",
      "canonical @key id 'c'",
    );
    await load(world, [{ type: "Item", data: { id: "b", code: "b" } }]);
    assert.deepEqual(await world.values("{ match { $i: Item } return { $i } order { $i.code } }"), [
      "a",
      "b",
    ]);
    const { chunks } = await world.graph.export({});
    let text = "";
    for await (const part of chunks) text += new TextDecoder().decode(part);
    const lines = text.trim().split("\n").map((line) =>
      JSON.parse(line) as { edge?: string; data: { id: string } }
    );
    const ids = lines.filter(({ edge }) => edge === "Holds").map(({ data }) => data.id).sort();
    assert.deepEqual([ids.length, ids[1]], [2, "mine"]);
    assert.match(ids[0]!, /^[0-9A-HJKMNP-TV-Z]{26}$/);
  });
});

Deno.test("schema-language 22: @unique refuses duplicates of one load, lets null tuples pass, and takes values freed in the same mutation", async () => {
  const item = (code: string, shelf: string | null) => ({ type: "Item", data: { code, shelf } });
  await withGraph(SHOP, [item("a", "s1"), item("b", null), item("c", null)], async (world) => {
    const { message } = await rejection(load(world, [item("d", "s2"), item("e", "s2")]));
    assert.match(message, /@unique violation on Item\.shelf: value 's2' held by 'd' and 'e'/);
    await refusedLoad(world, item("d", "s1"), "@unique violation on Item.shelf", "'s1'", "'a'", "'d'");
    await world.change(
      '{ update Item set { shelf: "s9" } where code = "a"  update Item set { shelf: "s1" } where code = "b" }',
    );
    assert.deepEqual(
      await world.values("{ match { $i: Item } return { $i, $i.shelf } order { $i.code } }"),
      [["a", "s9"], ["b", "s1"], ["c", null]],
    );
  });
});

Deno.test("schema-language 23: under @card(1..) a node's last edge cannot go, the node can", async () => {
  const lines = [
    { type: "Item", data: { code: "a" } },
    { type: "Order", data: { id: "first", total: 1 } },
    { edge: "Holds", from: "first", to: "a" },
  ];
  await withGraph(SHOP, lines, async (world) => {
    await world.refused("constraint_violation", '{ delete Holds where to = "a" }', [
      "@card violation on edge Holds: source 'first' has 0 edges (min 1)",
    ]);
    await world.refused("constraint_violation", '{ delete Item where code = "a" }', ["(min 1)"]);
    // Nodes without edges were never asked for any.
    await load(world, [{ type: "Order", data: { id: "second", total: 2 } }]);
    const { affected_nodes, affected_edges } = await world.change("{ delete Order where total = 1 }");
    assert.deepEqual([affected_nodes, affected_edges], [1, 1]);
  });
});
