import assert from "node:assert/strict";
import fc from "fast-check";
import { AppError } from "../errors.ts";
import { sha256Hex } from "../base/digest.ts";
import { type AcceptedSchema, acceptSchema, acceptTextEdit, checkSchema } from "./accept.ts";
import { readContract, writeContract } from "./contract.ts";

const DOMAIN = "01J8ZQ4V9S3M5T6W7X8Y9Z0A1B";

const FILM = `// the archive
interface Catalogued { reel_code: String @key   shelved: Date? }
node Reel @description("One can of film") @rename_from("Can") implements Catalogued {
    gauge: enum(g8, g35, g16) @index       minutes: F64?      synopsis: String? @index
    vec: Vector(1536)? @embed("synopsis", model="acme/embed-2") @index
    @range(minutes, 0..900)   @check(reel_code, "^[A-Z]{3}-[0-9]+$")
}
node Vault { site: String  bay: I32  @key(site, bay) }
edge StoredIn: Reel -> Vault @card(0..1) { since: Date?  @unique(src) }
`;

Deno.test("acceptSchema() numbers types, then properties, then tables, each in canonical order", () => {
  const { ir } = accept(FILM).contract;
  assert.deepEqual(
    [...ir.interfaces, ...ir.nodes, ...ir.edges].map((type) => [type.name, type.type_id]),
    [["Catalogued", 1], ["Reel", 2], ["Vault", 3], ["StoredIn", 4]],
  );
  assert.deepEqual(
    [...ir.interfaces, ...ir.nodes, ...ir.edges].flatMap((type) =>
      type.properties.map((property) => [`${type.name}.${property.name}`, property.property_id])
    ),
    [
      ["Catalogued.reel_code", 5],
      ["Catalogued.shelved", 6],
      ["Reel.gauge", 7],
      ["Reel.minutes", 8],
      ["Reel.reel_code", 9],
      ["Reel.shelved", 10],
      ["Reel.synopsis", 11],
      ["Reel.vec", 12],
      ["Vault.bay", 13],
      ["Vault.site", 14],
      ["StoredIn.since", 15],
    ],
  );
  assert.deepEqual([...ir.nodes, ...ir.edges].map((type) => type.table_incarnation_id), [16, 17, 18]);
  assert.equal(ir.next_identity_id, 19);
  assert.equal(ir.schema_identity_domain, DOMAIN);
});

Deno.test("the contract has the members of the format, sorted and without spaces", () => {
  const text = writeContract(
    accept("interface I { b: [U64] } node N @x(y, k=1) implements I { a: String @key }"),
  );
  const ref = (name: string, id: number) =>
    `{"owner_type_id":2,"owner_type_name":"N","property_id":${id},"property_name":"${name}"}`;
  const property = (name: string, id: number, more: string, type: string) =>
    `{"annotations":[],"declared_directly":${more.split("|")[0]},"embed_source":null,"name":"${name}",` +
    `"prop_type":${type},"property_id":${id},"satisfies_interface_properties":[${more.split("|")[1]}]}`;
  const list = '{"enum_values":null,"list":true,"nullable":false,"scalar":"U64"}';
  const string = '{"enum_values":null,"list":false,"nullable":false,"scalar":"String"}';
  const satisfied = '{"owner_type_id":1,"owner_type_name":"I","property_id":3,"property_name":"b"}';
  assert.equal(
    text,
    `{"format_version":1,"ir":{"edges":[],"interfaces":[{"name":"I","properties":[${
      property("b", 3, "true|", list)
    }],"type_id":1}],"ir_version":2,"next_identity_id":7,"nodes":[{"annotations":[{"kwargs":{"k":"1"},"name":"x",` +
      `"value":"y"}],"constraints":[{"fields":[${ref("a", 4)}],"kind":"key"}],"implements":[{"type_id":1,` +
      `"type_name":"I"}],"name":"N","properties":[${property("a", 4, "true|", string)},${
        property("b", 5, `false|${satisfied}`, list)
      }],"table_incarnation_id":6,"type_id":2}],"schema_identity_domain":"${DOMAIN}"},` +
      `"source":"interface I { b: [U64] } node N @x(y, k=1) implements I { a: String @key }"}`,
  );
});

Deno.test("digests are what they are documented to be", () => {
  const accepted = accept(FILM);
  assert.equal(accepted.digests.source, sha256Hex(new TextEncoder().encode(FILM)));
  assert.equal(accepted.digests.contract, `sha256:${sha256Hex(writeContract(accepted))}`);
  assert.equal(accepted.catalog.digest, accepted.digests.contract);
  assert.match(accepted.digests.shape, /^sha256:[0-9a-f]{64}$/);
  const elsewhere = acceptSchema({ path: "b.pg", text: FILM }, { domain: "01J8ZQ4V9S3M5T6W7X8Y9Z0A1C" });
  assert.equal(elsewhere.digests.shape, accepted.digests.shape);
  assert.notEqual(elsewhere.digests.contract, accepted.digests.contract);
});

Deno.test("schema-language 24: the shape digest ignores comments, order and hints, the source digest does not", () => {
  const edited = `edge StoredIn: Reel -> Vault @card(0..1) { @unique(src) since: Date? } /* moved */
node Vault { bay: I32 site: String @key(bay, site) }
node Reel @description("One can of film") implements Catalogued {
  @check(reel_code, "^[A-Z]{3}-[0-9]+$") @range(minutes, 0..900.0) @index(gauge)
  vec: Vector(1536)? @index @embed(synopsis, model="acme/embed-2")
  synopsis: String? @index @rename_from("blurb") minutes: F64? gauge: enum(g16, g35, g8)
}
interface Catalogued { shelved: Date? reel_code: String @key }`;
  assert.equal(accept(edited).digests.shape, accept(FILM).digests.shape);
  assert.notEqual(accept(edited).digests.source, accept(FILM).digests.source);
});

Deno.test("the shape digest sees every change of meaning", () => {
  const changes: [string, string][] = [
    ["node Vault", 'node Vault @description("x")'],
    ["bay: I32", "bay: I64"],
    ["shelved: Date?", "shelved: Date"],
    ["g8, ", ""],
    ["@index       minutes", "minutes"],
    ["0..900", "0..901"],
    ["[A-Z]{3}", "[A-Z]{2}"],
    ["@card(0..1)", "@card(0..2)"],
    ["acme/embed-2", "acme/embed-3"],
    ["Reel -> Vault", "Vault -> Reel"],
    ["@key(site, bay)", "@unique(site, bay)"],
    ["since", "until"],
    ["implements Catalogued {", "implements Catalogued { shelved: Date?"],
  ];
  const shapes = [FILM, ...changes.map(([from, to]) => FILM.replace(from, to))].map((text) =>
    accept(text).digests.shape
  );
  assert.equal(new Set(shapes).size, shapes.length);
});

Deno.test("named arguments that are spelled like identity members belong to the shape", () => {
  const shape = (value: number) =>
    accept(`node A @x(y, type_id=${value}, __proto__=${value}) { }`).digests.shape;
  assert.notEqual(shape(1), shape(2));
});

Deno.test("acceptTextEdit() keeps all identities, and gives null when the meaning differs", () => {
  const before = accept(FILM);
  const after = acceptTextEdit(before, { path: "a.pg", text: FILM + "// more\n" });
  assert.ok(after !== null);
  assert.deepEqual(after.contract.ir, before.contract.ir);
  assert.equal(after.source, FILM + "// more\n");
  assert.equal(after.digests.shape, before.digests.shape);
  assert.notEqual(after.digests.contract, before.digests.contract);
  assert.equal(acceptTextEdit(before, { path: "a.pg", text: FILM.replace("Date?", "Date") }), null);
  assert.throws(() => acceptTextEdit(before, { path: "a.pg", text: "nod" }), AppError);
});

Deno.test("acceptSchema() refuses with every diagnostic and one message line for each", () => {
  const text = "node A { x: Vector(0) y: I32 @key @key }";
  assert.throws(() => accept(text), (error) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, "schema_error");
    assert.deepEqual(error.diagnostics, checkSchema({ path: "a.pg", text }).diagnostics);
    assert.deepEqual(error.message.split("\n"), [
      "catalog error: the dimension of vector `A.x` must be greater than zero (a.pg:1:20)",
      "catalog error: `@key` is given multiple times on `A.y` (a.pg:1:35)",
    ]);
    return true;
  });
  const many = `node A { ${"x: I32 ".repeat(50)} }`;
  assert.throws(
    () => accept(many),
    (error) => error instanceof Error && error.message.endsWith("\nand 29 more"),
  );
});

Deno.test("readContract() gives back what was accepted", () => {
  for (const text of [FILM, "", "node A { x: I64 @range(x, ..9223372036854775808) }"]) {
    const accepted = accept(text);
    assert.deepEqual(readContract(writeContract(accepted)), accepted);
  }
});

Deno.test("readContract() refuses every damaged contract", () => {
  const text = writeContract(accept(FILM));
  const damage: [string | RegExp, string, RegExp][] = [
    ["{", "", /is not JSON/],
    ['"format_version":1', '"format_version": 1', /not in canonical form/],
    ['"format_version":1', '"format_version":1,"extra":1', /not in canonical form/],
    [/"source":".*"/, '"source":1', /'source' .* is not a string/],
    ['"ir_version":2,', "", /'ir.ir_version' .* is missing/],
    ['"name":"Vault"', '"name":"Aault"', /'ir.nodes' .* is not in order/],
    ['"name":"bay"', '"name":"boy"', /refers to 'Vault.bay'/],
    ['"property_id":13,"s', '"property_id":12,"s', /gives one identity twice/],
    ['"property_id":13,"property_name"', '"property_id":14,"property_name"', /refers to 'Vault.bay'/],
    ['"next_identity_id":19', '"next_identity_id":18', /does not cover identity 18/],
    ['"type_name":"Catalogued"', '"type_name":"Cataloged"', /refers to 'Cataloged'/],
    ['"to_type":{"type_id":3', '"to_type":{"type_id":2', /refers to 'Vault'/],
    ['"kind":"key"', '"kind":"kex"', /unknown kind 'kex'/],
    ['"system":"src"', '"system":"id"', /refers to column 'id'/],
    ['["g16","g35","g8"]', '["g16","g16","g8"]', /is not in order/],
    ['"scalar":"I32"', '"scalar":"I33"', /'.*scalar' .* is not an object/],
    ["^[A-Z]{3}", "^[A-Z{3}", /holds an invalid pattern/],
    ['"max":900', '"max":"900"', /is not a bound/],
    ['"declared_directly":true', '"declared_directly":1', /is not true or false/],
    ['"cardinality":{"max":1', '"cardinality":{"max":1.5', /is not a whole number/],
  ];
  for (const [from, to, pattern] of damage) {
    const damaged = text.replace(from, () => to);
    assert.notEqual(damaged, text, `${from} occurs`);
    assert.throws(() => readContract(damaged), (error) => {
      assert.ok(error instanceof AppError && error.code === "integrity_error", String(error));
      assert.match(error.message, pattern);
      return true;
    });
  }
  assert.throws(
    () => readContract(text.replace('"format_version":1', '"format_version":2')),
    (error) => error instanceof AppError && error.code === "unsupported" && error.message.includes("upgrade"),
  );
});

Deno.test("readContract() never fails in another way, whatever a byte becomes", () => {
  const text = writeContract(accept(FILM));
  fc.assert(fc.property(fc.nat(text.length - 1), fc.string({ maxLength: 3 }), (at, put) => {
    const damaged = text.slice(0, at) + put + text.slice(at + 1);
    try {
      // Only the user's own words (names, texts, the domain) can change without a trace here; their digest catches them.
      assert.equal(writeContract(readContract(damaged)), damaged);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
    }
  }));
});

Deno.test("schema-language 20: composite keys list their parts by property id, at first by name", () => {
  assert.deepEqual(accept(FILM).catalog.nodes.get("Vault")?.keyProperties, ["bay", "site"]);
  // As after a rename of `bay` to `zone`: the id stays, the name moves behind `site`.
  const text = writeContract(accept(FILM.replaceAll("bay", "zone")));
  const swapped = text.replaceAll('"property_id":13', '"property_id":X').replaceAll(
    '"property_id":14',
    '"property_id":13',
  )
    .replaceAll('"property_id":X', '"property_id":14');
  assert.deepEqual(readContract(text).catalog.nodes.get("Vault")?.keyProperties, ["site", "zone"]);
  assert.deepEqual(readContract(swapped).catalog.nodes.get("Vault")?.keyProperties, ["zone", "site"]);
});

Deno.test("catalog maps ascend by name and byKey puts edges first", () => {
  const { catalog } = accept("edge B: Z -> A edge A1: A -> A node Z {} node A {}");
  assert.deepEqual([...catalog.nodes.keys()], ["A", "Z"]);
  assert.deepEqual([...catalog.edges.keys()], ["A1", "B"]);
  assert.deepEqual([...catalog.edgeByWord.keys()], ["a1", "b"]);
  assert.deepEqual([...catalog.byKey.keys()], ["edge:A1", "edge:B", "node:A", "node:Z"]);
});

function accept(text: string): AcceptedSchema {
  return acceptSchema({ path: "a.pg", text }, { domain: DOMAIN });
}
