/** The acceptance checklist of the query language: search and ranking. */
import assert from "node:assert/strict";
import { withGraph } from "../support/acceptance_world.ts";

const SCHEMA = `
node Doc {
    slug: String @key
    kind: String?
    text: String?
    note: String? @index
    vec: Vector(2)? @embed("text", model="acme/embed-2")
}
node Shelf { slug: String @key }
edge Cites: Doc -> Doc { page: I32? }
edge On: Doc -> Shelf
`;

function doc(slug: string, more: Record<string, unknown> = {}): unknown {
  return { type: "Doc", data: { slug, ...more } };
}
function cites(id: string, from: string, to: string, page: number): unknown {
  return { edge: "Cites", from, to, data: { id, page } };
}

/** Unit vectors ever farther from `[1, 0]`. */
function turned(steps: number): [number, number] {
  return [Math.cos(steps / 10), Math.sin(steps / 10)];
}

Deno.test("query-language 22: nearest without limit is T17, rrf without limit T21, an alias in order beside nearest T18", async () => {
  await withGraph(SCHEMA, [], async (world) => {
    const read = (rest: string) => `($v: Vector(2)) { match { $d: Doc } return { $d.slug as s } ${rest} }`;
    const v = { v: [1, 0] };
    await world.refused("type_error", read("order { nearest($d.vec, $v) }"), ["T17: ", "limit"], v);
    const fused = 'rrf(nearest($d.vec, $v), bm25($d.text, "x"))';
    await world.refused("type_error", read(`order { ${fused} }`), ["T21: ", "limit"], v);
    await world.refused(
      "type_error",
      read("order { nearest($d.vec, $v), s } limit 3"),
      ["T18: ", "alias"],
      v,
    );
    assert.deepEqual(await world.values(read(`order { ${fused} } limit 3`), v), []);
  });
});

Deno.test("query-language 23: a filter or traversal comes before nearest: three matching rows, though none is in the global top three", async () => {
  const lines = [
    ...Array.from({ length: 8 }, (_, i) => doc(`d${i}`, { vec: turned(i), kind: i < 4 ? "near" : "far" })),
    { type: "Shelf", data: { slug: "s" } },
    ...[4, 5, 6, 7].map((i) => ({ edge: "On", from: `d${i}`, to: "s" })),
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    const best = (clauses: string) =>
      world.values(
        `($v: Vector(2)) { match { ${clauses} } return { $d } order { nearest($d.vec, $v) } limit 3 }`,
        { v: [1, 0] },
      );
    assert.deepEqual(await best("$d: Doc"), ["d0", "d1", "d2"]);
    assert.deepEqual(await best('$d: Doc { kind: "far" }'), ["d4", "d5", "d6"]);
    assert.deepEqual(await best('$d: Doc  $d.slug > "d4"'), ["d5", "d6", "d7"]);
    assert.deepEqual(await best('$s: Shelf { slug: "s" }  $s on $d'), ["d4", "d5", "d6"]);
    assert.deepEqual(await best('$d: Doc  not { $d on $_ }  $d.slug != "d0"'), ["d1", "d2", "d3"]);
  });
});

Deno.test("query-language 24: under edge fan-out rows keep the rank of their node, parallel edges the order of their ids", async () => {
  const lines = [
    doc("a", { vec: turned(2) }),
    doc("b", { vec: turned(1) }),
    doc("c", { vec: turned(3) }),
    cites("e3", "a", "c", 1),
    cites("e1", "a", "c", 2),
    cites("e4", "b", "c", 3),
    cites("e2", "b", "a", 4),
    cites("e0", "a", "b", 5),
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    const query = (limit: number) =>
      `{ match { $x $w:cites $y } return { $x, $y, $w.page } order { nearest($x.vec, [1.0, 0.0]) } limit ${limit} }`;
    const rows = [["b", "a", 4], ["b", "c", 3], ["a", "b", 5], ["a", "c", 2], ["a", "c", 1]];
    assert.deepEqual(await world.values(query(9)), rows);
    assert.deepEqual(await world.values(query(4)), rows.slice(0, 4));
  });
});

Deno.test("query-language 25: rrf ties keep the order of the first arm, and a node beyond the top of a nearest arm gets nothing from it", async () => {
  const near = "nearest($d.vec, [1.0, 0.0])";
  const text = 'bm25($d.text, "red")';
  const fused = (first: string, second: string, limit: number) =>
    `{ match { $d: Doc } return { $d, rrf(${first}, ${second}) as score } order { rrf(${first}, ${second}) } limit ${limit} }`;

  const tied = [
    doc("a", { vec: turned(0), text: "red and much more than that" }),
    doc("b", { vec: turned(1), text: "red" }),
  ];
  await withGraph(SCHEMA, tied, async (world) => {
    const both = 1 / 61 + 1 / 62;
    assert.deepEqual(await world.values(fused(near, text, 2)), [["a", both], ["b", both]]);
    assert.deepEqual(await world.values(fused(text, near, 2)), [["b", both], ["a", both]]);
  });

  const beyond = [
    doc("a", { vec: turned(0) }),
    doc("b", { vec: turned(1) }),
    doc("c", { vec: turned(2), text: "red" }),
  ];
  await withGraph(SCHEMA, beyond, async (world) => {
    assert.deepEqual(await world.values(fused(near, text, 2)), [["a", 1 / 61], ["c", 1 / 61]]);
    assert.deepEqual(await world.values(fused(near, text, 3)), [["c", 1 / 63 + 1 / 61], ["a", 1 / 61], [
      "b",
      1 / 62,
    ]]);
  });
});

Deno.test("query-language 26: explicit vectors need no provider; text for nearest is `unsupported` in this version, so no models are compared", async () => {
  await withGraph(SCHEMA, [doc("a", { vec: [0, 1] }), doc("b", { vec: [1, 0] })], async (world) => {
    const ranked = (query: string) =>
      `{ match { $d: Doc } return { $d } order { nearest($d.vec, ${query}) } limit 2 }`;
    assert.deepEqual(await world.values(ranked("[1.0, 0.0]")), ["b", "a"]);
    assert.deepEqual(await world.values(`($v: Vector(2)) ${ranked("$v")}`, { v: [0, 1] }), ["a", "b"]);
    const remedy = ["needs an embedding provider", "pass a vector"];
    await world.refused("unsupported", ranked('"red"'), remedy);
    await world.refused("unsupported", `($s: String) ${ranked("$s")}`, remedy, { s: "red" });
  });
});

Deno.test("query-language 27: search works before any index exists and on a variable bound by traversal, and two searches intersect", async () => {
  const lines = [
    doc("a"),
    doc("b", { text: "An introduction to running", note: "shoes" }),
    doc("c", { text: "Introductions", note: "running shoes" }),
    doc("d", { text: "Cooking", note: "pots" }),
    cites("1", "a", "b", 1),
    cites("2", "a", "d", 2),
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    const found = (clauses: string) =>
      world.values(`{ match { ${clauses} } return { $d } order { $d.slug } }`);
    assert.deepEqual(await found('$d: Doc search($d.text, "introduction")'), ["b", "c"]);
    assert.deepEqual(await found('$d: Doc search($d.note, "shoe")'), ["b", "c"]);
    assert.deepEqual(await found('$x cites $d  search($d.text, "introduction")'), ["b"]);
    assert.deepEqual(await found('$d: Doc search($d.text, "introduction") search($d.text, "run")'), ["b"]);
    assert.deepEqual(await found('$d: Doc search($d.text, "introduction") search($d.note, "run") = true'), [
      "c",
    ]);
    await world.change('{ insert Doc { slug: "e", text: "introduction" } }');
    assert.deepEqual(await found('$d: Doc search($d.text, "introduction")'), ["b", "c", "e"]);
  });
});

Deno.test('query-language 28: `fuzzy($x.t, "Introductio")` finds "Introduction"', async () => {
  const lines = [doc("a", { text: "Introduction" }), doc("b", { text: "Conclusion" }), doc("c")];
  await withGraph(SCHEMA, lines, async (world) => {
    assert.deepEqual(
      await world.values('{ match { $x: Doc fuzzy($x.text, "Introductio") } return { $x } }'),
      ["a"],
    );
    assert.deepEqual(
      await world.values('{ match { $x: Doc fuzzy($x.text, "Intrdction", 0) } return { $x } }'),
      [],
    );
  });
});
