/** The acceptance checklist of the query language: syntax, parameters, matching, filters and negation. */
import assert from "node:assert/strict";
import { withGraph } from "../support/acceptance_world.ts";

const SCHEMA = `
node Person {
    name: String @key
    age: I32?
    big: I64?
    huge: U64?
    ratio: F32?
    motto: String?
    tags: [String]?
}
node City { name: String @key }
edge Knows: Person -> Person { since: I32? }
edge LivesIn: Person -> City
`;

function person(name: string, more: Record<string, unknown> = {}): unknown {
  return { type: "Person", data: { name, ...more } };
}
function people(...names: string[]): unknown[] {
  return names.map((name) => person(name));
}
function city(name: string): unknown {
  return { type: "City", data: { name } };
}
/** `A>B` is an edge from A to B. */
function knows(...pairs: string[]): unknown[] {
  return pairs.map((pair, i) => {
    const [from, to] = pair.split(">");
    return { edge: "Knows", from, to, data: { id: `k${i}`, since: 2000 + i } };
  });
}
function livesIn(from: string, to: string): unknown {
  return { edge: "LivesIn", from, to };
}

/** Names reached from A, in order. */
function reached(hops: string): string {
  return `{ match { $a: Person { name: "A" } $a knows${hops} $x } return { $x } order { $x.name } }`;
}

const CHAIN = [...people("A", "B", "C", "D"), ...knows("A>B", "B>C", "C>D")];

Deno.test("query-language 1: a negative literal is Q000, a negative parameter works; a comma may trail in inline properties, not in parameters", async () => {
  await withGraph(SCHEMA, [person("A", { age: -1 }), person("B", { age: 3 })], async (world) => {
    const negative = world.lint("{ match { $p: Person $p.age > -1 } return { $p } }");
    assert.deepEqual(negative.findings.map(({ code }) => code), ["Q000"]);
    await world.refused("parse_error", "{ match { $p: Person $p.age > -1 } return { $p } }", ["`-`"]);
    const above = "($n: I32) { match { $p: Person $p.age > $n } return { $p } }";
    assert.deepEqual(await world.values(above, { n: -1 }), ["B"]);
    assert.deepEqual(
      await world.values("($n: I32) { match { $p: Person { age: $n, } } return { $p } }", { n: -1 }),
      [
        "A",
      ],
    );
    const trailing = "($n: I32,) { match { $p: Person { age: $n } } return { $p } }";
    assert.deepEqual(world.lint(trailing).findings.map(({ code }) => code), ["Q000"]);
  });
});

Deno.test("query-language 2: projections need no commas, order entries do", async () => {
  await withGraph(
    SCHEMA,
    [person("A", { age: 1 }), person("B", { age: 2 }), ...knows("A>B")],
    async (world) => {
      const match = "match { $a: Person $a knows $b }";
      assert.deepEqual(await world.rows(`{ ${match} return { $a.age $b.age as z } }`), [{
        "a.age": 1,
        z: 2,
      }]);
      const unseparated = `{ ${match} return { $a } order { $a.age $b.age } }`;
      assert.deepEqual(world.lint(unseparated).findings.map(({ code }) => code), ["Q000"]);
      assert.deepEqual(await world.values(`{ ${match} return { $a } order { $a.age, $b.age } }`), ["A"]);
    },
  );
});

Deno.test("query-language 3: `nearest … desc` and `contains` in a mutation predicate are Q000, `knows{1,}` is T15", async () => {
  await withGraph(
    "node Doc { slug: String @key  vec: Vector(2)? }\nedge Cites: Doc -> Doc",
    [],
    async (world) => {
      const codes = (query: string) => world.lint(query).findings.map(({ code }) => code);
      const ranked = "{ match { $d: Doc } return { $d } order { nearest($d.vec, [1.0, 0.0]) desc } limit 3 }";
      assert.deepEqual(codes(ranked), ["Q000"]);
      assert.deepEqual(codes('{ delete Doc where slug contains "a" }'), ["Q000"]);
      await world.refused("type_error", "{ match { $a: Doc $a cites{1,} $b } return { $b } }", [
        "T15: ",
        "unbounded traversal is disabled",
      ]);
    },
  );
});

Deno.test("query-language 4: a missing required parameter is 400 `not provided`, an omitted `?` parameter is null and matches nothing inline", async () => {
  await withGraph(SCHEMA, [person("A", { age: 1 }), person("B")], async (world) => {
    const required = "($n: I32) { match { $p: Person { age: $n } } return { $p } }";
    await world.refused("param_error", required, ["parameter 'n' not provided"]);
    const source = `query q${required}`;
    await assert.rejects(world.graph.query({ source }), {
      facts: { status: 400, wire: "bad_request", exit: 1 },
    });
    await world.refused("param_error", required, ["param 'n': null is not accepted"], { n: null });
    const optional = "($n: I32?) { match { $p: Person { age: $n } } return { $p } }";
    assert.deepEqual(await world.values(optional), []);
    assert.deepEqual(await world.values(optional, { n: null }), []);
    assert.deepEqual(
      await world.rows("($n: I32?) { match { $p: Person } return { $p, $n } order { $p.name } }"),
      [
        { p: "A", n: null },
        { p: "B", n: null },
      ],
    );
  });
});

Deno.test("query-language 5: an I64 parameter given as text filters exactly; U64 above 2^63−1 is refused", async () => {
  const lines = [
    '{"type":"Person","data":{"name":"A","big":9007199254740993,"huge":9223372036854775807}}',
    '{"type":"Person","data":{"name":"B","big":9007199254740992,"huge":18446744073709551615}}',
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    const exact = "($n: I64) { match { $p: Person { big: $n } } return { $p, $p.big } }";
    const row = { p: "A", "p.big": 9007199254740993n };
    assert.deepEqual(await world.rows(exact, { n: "9007199254740993" }), [row]);
    assert.deepEqual(await world.rows(exact, { n: 9007199254740993n }), [row]);
    const unsigned = "($n: U64) { match { $p: Person { huge: $n } } return { $p } }";
    assert.deepEqual(await world.values(unsigned, { n: "9223372036854775807" }), ["A"]);
    for (const n of ["9223372036854775808", 9223372036854775808n, "18446744073709551615"]) {
      await world.refused("param_error", unsigned, ["param 'n': ", "exceeds current engine range"], { n });
    }
  });
});

Deno.test("query-language 6: of two parallel edges a traversal makes one row, an edge variable two, and count follows", async () => {
  await withGraph(SCHEMA, [...people("A", "B"), ...knows("A>B", "A>B")], async (world) => {
    assert.deepEqual(await world.rows("{ match { $a knows $b } return { $a, $b } }"), [{ a: "A", b: "B" }]);
    assert.deepEqual(
      await world.rows("{ match { $a $w:knows $b } return { $a, $b, $w.since } order { $w.since } }"),
      [
        { a: "A", b: "B", "w.since": 2000 },
        { a: "A", b: "B", "w.since": 2001 },
      ],
    );
    assert.deepEqual(await world.rows("{ match { $a knows $b } return { $a, count($b) } }"), [{
      a: "A",
      b: 1,
    }]);
    assert.deepEqual(await world.rows("{ match { $a $w:knows $b } return { $a, count($b) } }"), [{
      a: "A",
      b: 2,
    }]);
  });
});

Deno.test("query-language 7: hops are shortest distances along a chain, and a way back changes none", async () => {
  for (const back of [[], [{ edge: "Knows", from: "B", to: "A", data: {} }]]) {
    await withGraph(SCHEMA, [...CHAIN, ...back], async (world) => {
      assert.deepEqual(await world.values(reached("{1,3}")), ["B", "C", "D"]);
      assert.deepEqual(await world.values(reached("{2,3}")), ["C", "D"]);
      assert.deepEqual(await world.values(reached("{2,2}")), ["C"]);
    });
  }
});

Deno.test("query-language 8: a self-loop is one more hop: at the start {1,1} yields it, one step away {2,2} does", async () => {
  await withGraph(SCHEMA, [...people("A"), ...knows("A>A")], async (world) => {
    assert.deepEqual(await world.values(reached("{1,1}")), ["A"]);
  });
  await withGraph(SCHEMA, [...people("A", "B", "C"), ...knows("A>B", "B>C", "B>B")], async (world) => {
    assert.deepEqual(await world.values(reached("{2,2}")), ["B", "C"]);
  });
});

Deno.test("query-language 9: {1,3} over an edge between two types equals {1,1}, and {2,3} is empty", async () => {
  await withGraph(
    SCHEMA,
    [...people("A", "B"), city("X"), livesIn("A", "X"), livesIn("B", "X")],
    async (world) => {
      const homes = (hops: string) =>
        world.rows(`{ match { $p: Person $p livesIn${hops} $c } return { $p, $c } order { $p.name } }`);
      assert.deepEqual(await homes("{1,3}"), [{ p: "A", c: "X" }, { p: "B", c: "X" }]);
      assert.deepEqual(await homes("{1,3}"), await homes("{1,1}"));
      assert.deepEqual(await homes("{2,3}"), []);
    },
  );
});

Deno.test("query-language 10: undirected, a pair linked both ways appears once and a self-loop once, also with an edge variable", async () => {
  await withGraph(SCHEMA, [...people("A", "B"), ...knows("A>B", "B>A", "A>A")], async (world) => {
    const from = (edge: string) => `{ match { $a: Person { name: "A" } $a ${edge} $b } return { $b }`;
    assert.deepEqual(await world.values(`${from("<knows>")} order { $b.name } }`), ["A", "B"]);
    const edges =
      `{ match { $a: Person { name: "A" } $a $w:<knows> $b } return { $b, $w.since } order { $w.since } }`;
    assert.deepEqual(await world.values(edges), [["B", 2000], ["B", 2001], ["A", 2002]]);
  });
});

Deno.test("query-language 11: a traversal written from the `to` side walks backward, also inside `not`", async () => {
  await withGraph(
    SCHEMA,
    [...people("A", "B"), city("X"), city("Y"), livesIn("A", "X"), livesIn("B", "X")],
    async (world) => {
      const at =
        '{ match { $c: City { name: "X" } $c livesIn $p } return { $p, $p.name } order { $p.name } }';
      assert.deepEqual(await world.values(at), [["A", "A"], ["B", "B"]]);
      assert.deepEqual(await world.values("{ match { $c: City not { $c livesIn $_ } } return { $c } }"), [
        "Y",
      ]);
      const without = '{ match { $c: City not { $c livesIn $p  $p.name = "B" } } return { $c } }';
      assert.deepEqual(await world.values(without), ["Y"]);
    },
  );
});

Deno.test("query-language 12: unconnected bindings give a product, and `$_` in a positive traversal multiplies rows", async () => {
  await withGraph(
    SCHEMA,
    [...people("A", "B", "C"), city("X"), city("Y"), ...knows("A>B", "A>C")],
    async (world) => {
      const product = "{ match { $p: Person $c: City } return { $p, $c } order { $p.name, $c.name } }";
      assert.deepEqual(await world.values(product), [
        ["A", "X"],
        ["A", "Y"],
        ["B", "X"],
        ["B", "Y"],
        ["C", "X"],
        ["C", "Y"],
      ]);
      assert.deepEqual(await world.values("{ match { $p: Person $p knows $_ } return { $p } }"), ["A", "A"]);
    },
  );
});

Deno.test("query-language 13: negations with `$_`, several hops, a filter, or another negation inside correlate per row", async () => {
  await withGraph(SCHEMA, CHAIN, async (world) => {
    const without = (inner: string) =>
      world.values(`{ match { $p: Person not { ${inner} } } return { $p } order { $p.name } }`);
    assert.deepEqual(await without("$p knows $_"), ["D"]);
    assert.deepEqual(await without('$p knows{2,3} $x  $x.name = "D"'), ["C", "D"]);
    assert.deepEqual(await without('$p knows $x  $x.name != "C"'), ["B", "D"]);
    assert.deepEqual(await without("$p knows $x  not { $x knows $_ }"), ["A", "B", "D"]);
  });
});

Deno.test('query-language 14: `!=` drops null rows, `contains ""` keeps all non-null Strings, and case matters', async () => {
  const lines = [person("A", { motto: "Carpe diem" }), person("B", { motto: "" }), person("C")];
  await withGraph(SCHEMA, lines, async (world) => {
    const where = (filter: string) =>
      world.values(`{ match { $p: Person $p.motto ${filter} } return { $p } order { $p.name } }`);
    assert.deepEqual(await where('!= "x"'), ["A", "B"]);
    assert.deepEqual(await where('contains ""'), ["A", "B"]);
    assert.deepEqual(await where('contains "carpe"'), []);
    assert.deepEqual(await where('contains "Carpe"'), ["A"]);
    assert.deepEqual(await where('= "carpe diem"'), []);
    assert.deepEqual(await where('starts_with "c"'), []);
  });
});

Deno.test("query-language 15: beside a list property an inline scalar is membership, a list literal T3, a list parameter T7", async () => {
  const lines = [
    person("A", { tags: ["x", "y"] }),
    person("B", { tags: ["z"] }),
    person("C", { tags: [] }),
    person("D"),
  ];
  await withGraph(SCHEMA, lines, async (world) => {
    assert.deepEqual(await world.values('{ match { $p: Person { tags: "y" } } return { $p } }'), ["A"]);
    const given = "($t: String) { match { $p: Person { tags: $t } } return { $p } }";
    assert.deepEqual(await world.values(given, { t: "z" }), ["B"]);
    await world.refused("type_error", '{ match { $p: Person { tags: ["x"] } } return { $p } }', [
      "T3: ",
      "list equality is not supported",
      "tags",
    ]);
    const list = "($t: [String]) { match { $p: Person { tags: $t } } return { $p } }";
    await world.refused("type_error", list, ["T7: ", "list equality"], { t: ["x"] });
  });
});

Deno.test("query-language 16: an integer equals no 2.7, and an F32 loaded as 0.1 equals 0.1", async () => {
  const lines = [person("A", { age: 2, ratio: 0.1 }), person("B", { age: 3, ratio: 0.10001 })];
  await withGraph(SCHEMA, lines, async (world) => {
    const where = (filter: string) => world.values(`{ match { $p: Person $p.${filter} } return { $p } }`);
    assert.deepEqual(await where("age = 2.7"), []);
    assert.deepEqual(await where("age = 2.0"), ["A"]);
    assert.deepEqual(await where("ratio = 0.1"), ["A"]);
    assert.deepEqual(await world.values("{ match { $p: Person { ratio: 0.1 } } return { $p.ratio } }"), [
      0.1,
    ]);
    const given = "($r: F64) { match { $p: Person $p.ratio = $r } return { $p } }";
    assert.deepEqual(await world.values(given, { r: 0.1 }), ["A"]);
  });
});

Deno.test("query-language 17: a filter above its variable is T6, any other clause order gives the same rows", async () => {
  const lines = [...CHAIN, city("X"), livesIn("B", "X"), livesIn("D", "X")];
  await withGraph(SCHEMA, lines, async (world) => {
    const early = "{ match { $p.age > 3  $p: Person } return { $p } }";
    await world.refused("type_error", early, ["T6: ", "`$p` is not bound"]);
    const clauses = ["$p: Person", "$q: Person", "$p knows $q", "$q livesIn $c"];
    const expected = [["A", "B", "X"], ["C", "D", "X"]];
    for (const order of [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 1, 0], [3, 2, 0, 1], [3, 1, 2, 0]]) {
      const match = order.map((at) => clauses[at]).join("  ");
      const query = `{ match { ${match} } return { $p, $q, $c } order { $p.name } }`;
      assert.deepEqual(await world.values(query), expected, match);
    }
    const filters = ['$q.name > "A"', "not { $p livesIn $_ }"];
    for (const last of [filters, filters.toReversed()]) {
      const query = `{ match { $p knows $q  ${last.join("  ")} } return { $p } order { $p.name } }`;
      assert.deepEqual(await world.values(query), ["A", "C"]);
    }
  });
});
